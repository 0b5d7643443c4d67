// Scores and their order as single integers.
//
// key = (score - least score) x 2^b + (policies - 1 - place by id): a greater key ranks first, so
// comparing two pairs is one instruction, and a key gives back its score and policy exactly.
//
// A policy with preferences is split into variants, one for each subset of preferences that may be
// true, each with a fixed score; only shared tags then move a pair from its place in the order.
#pragma once

#include "qice/index/program.hpp"

#include <cstdint>
#include <vector>

namespace qice {

using RankKey = std::uint64_t;

class RankKeys {
  public:
    /// Throws std::length_error if scores and policies do not fit 64 bits together: that takes
    /// scores millions apart to the millionth and millions of policies.
    RankKeys(const Program& program, std::span<const Policy> policies);

    struct Variant {
        RankKey key;
        std::uint32_t order; // among all variants, the greatest key first
    };
    /// Policies with more preferences have one variant, without them; each pair is scored singly.
    static constexpr std::uint32_t kMostSplit = 4;
    static bool is_split(const CompiledPolicy& policy) { return policy.preferences <= kMostSplit; }

    /// Variant s of a policy has the preferences whose bit is in s.
    const Variant& variant(std::uint32_t place, std::uint32_t subset) const {
        return variants_[first_variant_[place] + subset];
    }
    std::size_t variants() const { return variants_.size(); }

    /// The key of a pair whose score is higher by `more`.
    RankKey raised(RankKey key, Score more) const {
        return key + (static_cast<RankKey>(more) << bits_); // wraps back for a negative `more`
    }
    Score score(RankKey key) const { return static_cast<Score>(key >> bits_) + least_; }
    /// The policy's number in the set.
    std::uint32_t policy(RankKey key) const {
        return policy_by_id_[policy_by_id_.size() - 1 - (key & ((RankKey{1} << bits_) - 1))];
    }

  private:
    int bits_ = 0;
    Score least_ = 0;
    std::vector<std::uint32_t> policy_by_id_; // numbers in the set, by id ascending
    std::vector<std::uint32_t> first_variant_;
    std::vector<Variant> variants_;
};

} // namespace qice
