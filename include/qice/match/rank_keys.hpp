// Scores and their order as single integers.
//
// key = first + (score - least score) / unit x 2^b + (policies - 1 - place by id), where all scores
// are whole multiples of the unit apart: a greater key ranks first, so comparing two pairs is one
// instruction, and a key gives back its score and policy exactly. `first` is such that the bits of
// a key, taken as a floating-point number of its width, order keys the same way. Above all that
// stands one bit more, for pairs that come before others whatever their score: ahead().
//
// A policy with preferences is split into variants, one for each subset of preferences that may be
// true, each with a fixed score; only shared tags then move a pair from its place in the order.
#pragma once

#include "qice/index/program.hpp"

#include <cstdint>
#include <vector>

namespace qice {

using RankKey = std::uint64_t; // below 2^63, above 0

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
        return static_cast<Score>(((key - first_key_) & (ahead_ - 1)) >> tie_bits_) * unit_ +
               least_;
    }
    /// The policy's number in the set.
    std::uint32_t policy(RankKey key) const {
        const RankKey tie = (key - first_key_) & ((RankKey{1} << tie_bits_) - 1);
        return policy_by_id_[policy_by_id_.size() - 1 - tie];
    }
    /// The weight of a policy's tag as the score it adds for each thousandth of a firm's, in units.
    std::int32_t units(const CompiledTag& tag) const {
        return static_cast<std::int32_t>(tag.weight / unit_);
    }
    int tie_bits() const { return tie_bits_; }
    /// Are keys 32 bits wide?
    bool narrow() const { return narrow_; }

  private:
    int tie_bits_ = 0;
    bool narrow_ = true;
    Score unit_ = 1;
    Score least_ = 0;
    RankKey first_key_ = 0;
    RankKey ahead_ = 1;                       // a power of two
    std::vector<std::uint32_t> policy_by_id_; // numbers in the set, by id ascending
    std::vector<std::uint32_t> first_variant_;
    std::vector<Variant> variants_;
    std::vector<RankKey> keys_; // by order
};

} // namespace qice
