// The greatest few of many keys, best first.
#pragma once

#include "qice/match/rank_keys.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace qice {

/// The least and the greatest of some keys.
struct KeySpan {
    RankKey least = ~RankKey{0}, most = 0;

    void add(RankKey key) {
        least = std::min(least, key);
        most = std::max(most, key);
    }
};

/// Of `count` keys keeps `top` or a few more, the greatest among them, in any order; returns how
/// many. Counts keys by their leading bits, so that nothing branches on a key.
inline std::size_t drop_least(RankKey* keys, std::size_t count, std::size_t top,
                              const KeySpan& span) {
    constexpr int kBits = 7;
    const RankKey least = span.least;
    const int drop = std::max(static_cast<int>(std::bit_width(span.most - least)) - kBits, 0);
    std::uint32_t counts[std::size_t{1} << kBits] = {};
    for (std::size_t i = 0; i < count; ++i)
        ++counts[(keys[i] - least) >> drop];
    std::size_t bucket = std::size_t{1} << kBits, above = 0;
    while (above < top)
        above += counts[--bucket];
    const RankKey bound = least + (RankKey{bucket} << drop);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const RankKey key = keys[i];
        keys[kept] = key;
        kept += key >= bound;
    }
    return kept;
}

/// Brings the `top` greatest of `count` keys (none twice; `span` is theirs) to the front,
/// descending; returns how many there are.
inline std::size_t keep_greatest(RankKey* keys, std::size_t count, std::size_t top,
                                 const KeySpan& span) {
    constexpr std::size_t kFew = 48;
    if (top == 0 || count == 0) return 0;
    if (count > top) count = drop_least(keys, count, top, span);
    if (count > kFew) {
        if (count > top) std::nth_element(keys, keys + top, keys + count, std::greater<>());
        count = std::min(count, top);
        std::sort(keys, keys + count, std::greater<>());
        return count;
    }
    // A key's place is the number of greater ones: no branch to guess wrong.
    RankKey sorted[kFew];
    for (std::size_t i = 0; i < count; ++i) {
        std::size_t greater = 0;
        for (std::size_t j = 0; j < count; ++j)
            greater += keys[j] > keys[i];
        sorted[greater] = keys[i];
    }
    count = std::min(count, top);
    std::copy_n(sorted, count, keys);
    return count;
}

} // namespace qice
