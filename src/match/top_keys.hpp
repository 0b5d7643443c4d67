// The greatest few of many keys, best first.
#pragma once

#include "qice/match/rank_keys.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>

namespace qice {

/// Brings the `top` greatest of `count` keys to the front, descending; returns how many there are.
inline std::size_t keep_greatest(RankKey* keys, std::size_t count, std::size_t top) {
    constexpr std::size_t kFew = 64;
    if (top == 0 || count == 0) return 0;
    if (top > kFew || count <= 2) {
        if (count > top) std::nth_element(keys, keys + top, keys + count, std::greater<>());
        const std::size_t kept = std::min(count, top);
        std::sort(keys, keys + kept, std::greater<>());
        return kept;
    }
    // Insertion into a short sorted list: most keys of a long list fail the first comparison.
    std::size_t kept = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const RankKey key = keys[i];
        if (kept == top && key < keys[top - 1]) continue;
        std::size_t at = kept < top ? kept++ : top - 1;
        for (; at > 0 && keys[at - 1] < key; --at)
            keys[at] = keys[at - 1];
        keys[at] = key;
    }
    return kept;
}

} // namespace qice
