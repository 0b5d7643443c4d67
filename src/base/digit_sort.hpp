// Sorting by the digits of unsigned numbers, the last digit first: stable, and without comparing.
// Costs two passes over the items for each byte in which their numbers differ.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

namespace qice {

/// Sorts ascending by key_of(item), an unsigned number of up to 64 bits. Digits are bytes; one that
/// is the same in all items costs nothing. `spare` is memory that can be used again.
template <class Item, class KeyOf>
void sort_by_digits(std::vector<Item>& items, std::vector<Item>& spare, const KeyOf& key_of) {
    if (items.size() < 2) return;
    using Key = decltype(key_of(items[0]));
    const Key first = key_of(items[0]);
    Key differing = 0;
    for (const Item& item : items)
        differing |= key_of(item) ^ first;
    spare.resize(items.size());
    for (std::size_t shift = 0; shift < 8 * sizeof(Key); shift += 8) {
        const auto digit = [&](const Item& item) {
            return static_cast<std::size_t>(key_of(item) >> shift & 0xff);
        };
        if ((differing >> shift & 0xff) == 0) continue;
        std::array<std::size_t, 257> begins{};
        for (const Item& item : items)
            ++begins[digit(item) + 1];
        std::partial_sum(begins.begin(), begins.end(), begins.begin());
        for (const Item& item : items)
            spare[begins[digit(item)]++] = item;
        items.swap(spare);
    }
}

} // namespace qice
