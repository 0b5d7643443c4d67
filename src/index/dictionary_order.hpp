// Looking texts up in a Dictionary that is no longer added to: its numbers in the order of their
// texts, searched by halves.
#pragma once

#include "qice/model/firm.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string_view>
#include <vector>

namespace qice {

/// The numbers of a dictionary in the order of their texts.
inline std::vector<std::uint32_t> order_by_text(const Dictionary& names) {
    std::vector<std::uint32_t> order(names.size());
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(),
              [&](std::uint32_t a, std::uint32_t b) { return names[a] < names[b]; });
    return order;
}

inline constexpr std::uint32_t kNotInDictionary = UINT32_MAX;

inline std::uint32_t look_up(const Dictionary& names, const std::vector<std::uint32_t>& by_text,
                             std::string_view text) {
    const auto found = std::lower_bound(
        by_text.begin(), by_text.end(), text,
        [&](std::uint32_t number, std::string_view wanted) { return names[number] < wanted; });
    return found != by_text.end() && names[*found] == text ? *found : kNotInDictionary;
}

} // namespace qice
