// Scores and their order as single integers.
//
// key = first + (score - least score) / unit x 2^b + tie. The unit divides all that a score can be
// raised by; what it is beyond whole units is the policy's own, and policies are numbered by that
// and then by id: a greater key ranks first, so comparing two pairs is one instruction, and a key
// gives back its score and policy exactly. `first` is such that the bits of a key, taken as a
// floating-point number of its width, order keys the same way. Above all that stands one bit more,
// for pairs that come before others whatever their score: ahead().
//
// A policy with preferences is split into variants, one for each subset of preferences that may be
// true, each with a fixed score; only shared tags then move a pair from its place in the order.
//
// Few policies match anywhere in a block of firms. With ties numbered among these alone keys mostly
// fit 32 bits, half the room and twice as many a register: ShortForm.
#pragma once

#include "qice/index/program.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace qice {

using RankKey = std::uint64_t; // below 2^63, above 0

/// How the keys of a block of firms are kept: as they are, or short, in 32 bits.
struct ShortForm {
    const std::uint32_t* ties = nullptr; // that the keys end with, ascending; none: as they are
    int bits = 0;                        // of a number in `ties`, with which short keys end
    RankKey least = 0;                   // units, from which short keys count

    bool is_short() const { return ties != nullptr; }
    std::size_t key_bytes() const { return is_short() ? sizeof(std::uint32_t) : sizeof(RankKey); }
};

/// The keys of a block of firms, and where in them those of each firm stand.
struct BlockKeys {
    const std::uint32_t *begins = nullptr, *counts = nullptr; // by place in the block
    const void* keys = nullptr;
    ShortForm form;
};

class RankKeys {
  public:
    /// Throws std::length_error if scores and policies do not fit 62 bits together: that takes
    /// scores millions apart to the millionth and millions of policies.
    RankKeys(const Program& program, std::span<const Policy> policies);

    struct Variant {
        RankKey key;
        std::uint32_t order; // among all variants, the greatest key first
    };
    /// Policies with more preferences have one variant, without them: see raised().
    static constexpr std::uint32_t kMostSplit = 4;
    static bool is_split(const CompiledPolicy& policy) { return policy.preferences <= kMostSplit; }

    static std::uint32_t variants_of(const CompiledPolicy& policy) {
        return is_split(policy) ? 1u << policy.preferences : 1;
    }

    /// Variant s of a policy has the preferences whose bit is in s.
    const Variant& variant(std::uint32_t place, std::uint32_t subset) const {
        return variants_[first_variant_[place] + subset];
    }
    std::size_t variants() const { return variants_.size(); }
    /// The key of the variant with this order.
    RankKey key_at(std::size_t order) const { return keys_[order]; }

    /// The key of a pair whose score is higher by `more`.
    RankKey raised(RankKey key, Score more) const {
        return key + (static_cast<RankKey>(more / unit_) << tie_bits_); // `more` may be negative
    }
    /// What is added to the keys of pairs that come before all others; they give back the same
    /// score and policy.
    RankKey ahead() const { return ahead_; }
    Score score(RankKey key) const {
        return static_cast<Score>(((key - kFirst) & (ahead_ - 1)) >> tie_bits_) * unit_ +
               ties_[tie(key)].least;
    }
    /// The policy's number in the set.
    std::uint32_t policy(RankKey key) const { return ties_[tie(key)].policy; }
    /// What the key ends with: the policy's place among those of equal units.
    std::uint32_t tie(RankKey key) const {
        return static_cast<std::uint32_t>(key & ((RankKey{1} << tie_bits_) - 1));
    }
    std::size_t ties() const { return ties_.size(); }
    const std::uint32_t* all_ties() const { return all_ties_.data(); } // ascending

    /// The least units to which tags can bring keys from this one on.
    RankKey least_units(RankKey least) const {
        const RankKey units = (least - kFirst) >> tie_bits_;
        return units - std::min(units, most_lowered_);
    }
    /// Do keys up to this one fit short keys up to `most`, whatever else tags add? No single tag
    /// then adds as much as 2^32.
    bool can_be_short(RankKey greatest, const ShortForm& form, std::uint32_t most) const {
        const RankKey room = (most - kFirstShort) >> form.bits;
        return ((greatest - kFirst) >> tie_bits_) - form.least < room && most_raised_ < room;
    }
    /// The short key whose tie has this number.
    std::uint32_t shortened(RankKey key, std::uint32_t number, const ShortForm& form) const {
        const RankKey units = ((key - kFirst) >> tie_bits_) - form.least;
        return kFirstShort + (static_cast<std::uint32_t>(units) << form.bits) + number;
    }
    RankKey restored(std::uint32_t key, const ShortForm& form) const {
        const std::uint32_t above = key - kFirstShort, units = above >> form.bits;
        return kFirst + ((form.least + units) << tie_bits_) +
               form.ties[above - (units << form.bits)];
    }

    /// The weight of a policy's tag as the score it adds for each thousandth of a firm's, in units.
    std::int32_t units(const CompiledTag& tag) const {
        return static_cast<std::int32_t>(tag.weight / unit_);
    }
    int tie_bits() const { return tie_bits_; }

  private:
    // The integers whose bits are those of positive floating-point numbers that no setting of the
    // processor rounds to zero. These are ordered like their bits.
    static constexpr RankKey kFirst = RankKey{1} << 52, kRange = RankKey{2046} << 52;
    static constexpr std::uint32_t kFirstShort = 1u << 23;

    void take_bounds(const Program& program);

    struct Tie {
        Score least;          // the policy's score at 0 units
        std::uint32_t policy; // number in the set
    };

    int tie_bits_ = 0;
    Score unit_ = 1;
    RankKey ahead_ = 1; // a power of two
    // Units that a policy's tag can add or take, and all of its tags can take.
    RankKey most_raised_ = 0, most_lowered_ = 0;
    std::vector<Tie> ties_;
    std::vector<std::uint32_t> all_ties_;
    std::vector<std::uint32_t> first_variant_;
    std::vector<Variant> variants_;
    std::vector<RankKey> keys_; // by order
};

} // namespace qice
