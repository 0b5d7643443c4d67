// Firms of one policy as numbers, the best firm's the least.
#pragma once

#include "base/digit_sort.hpp"
#include "qice/index/program.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace qice {

/// The form of a policy's keys: how far a score is from the best that the policy can give, above
/// the firm's rank by id. Key is an unsigned integer of firm_key_bits() or more.
template <class Key> struct FirmKeyForm {
    Score best;
    int rank_bits;

    /// Of the firm with rank 0.
    Key base(Score score) const {
        return static_cast<Key>(static_cast<Key>(best) - static_cast<Key>(score)) << rank_bits;
    }
    Key rank_mask() const { return (Key{1} << rank_bits) - 1; }
    std::uint32_t rank(Key key) const { return static_cast<std::uint32_t>(key & rank_mask()); }
    Score score(Key key) const { return best - static_cast<Score>(key >> rank_bits); }
};

inline int firm_rank_bits(std::size_t firms) {
    return std::max(1, static_cast<int>(std::bit_width(firms)));
}

/// Least and most that preferences and tags can add to a policy's score.
struct AddedScores {
    __int128 least = 0, most = 0;

    AddedScores(const Program& program, const CompiledPolicy& policy) {
        for (std::uint32_t i = 0; i < policy.preferences; ++i)
            add(program.preferences[policy.first_preference + i].add);
        for (std::uint32_t i = 0; i < policy.tags; ++i)
            add(__int128{program.tags[policy.first_tag + i].weight} * 1000);
    }

  private:
    void add(__int128 value) { (value < 0 ? least : most) += value; }
};

/// How wide a policy's keys are, in bits.
inline int firm_key_bits(const Program& program, const CompiledPolicy& policy, std::size_t firms) {
    const AddedScores added(program, policy);
    int bits = firm_rank_bits(firms);
    for (auto span = static_cast<unsigned __int128>(added.most - added.least); span != 0;
         span >>= 1)
        ++bits;
    return bits;
}

template <class Key>
FirmKeyForm<Key> firm_key_form(const Program& program, const CompiledPolicy& policy,
                               std::size_t firms) {
    const auto most = static_cast<Score>(AddedScores(program, policy).most);
    return {policy.prior + most, firm_rank_bits(firms)};
}

/// The least of keys that come in any order.
template <class Key> struct LeastKeys {
    std::vector<Key> keys;
    Key bar = ~Key{0}; // no key from here on is among them

    /// Of more than `count` keys keeps that many, and lowers the bar for what comes.
    void keep(std::size_t count) {
        if (keys.size() <= count) return;
        const auto end = keys.begin() + static_cast<std::ptrdiff_t>(count);
        std::nth_element(keys.begin(), end, keys.end());
        bar = *end;
        keys.erase(end, keys.end());
    }

    /// Ascending. Keys differ in few bits, so that sorting by digits beats comparing.
    void sort(std::vector<Key>& spare) {
        constexpr std::size_t kShort = 64;
        if (keys.size() <= kShort || sizeof(Key) > 8)
            std::sort(keys.begin(), keys.end());
        else
            sort_by_digits(keys, spare, [](Key key) { return key; });
    }
};

} // namespace qice
