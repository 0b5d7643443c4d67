// Memory is asked for before it is read, where the processor cannot foresee it.
#pragma once

#include <cstddef>

namespace qice {

/// Asks for a stretch of memory that is read some microseconds later; it need not exist. Inlined at
/// once, as GCC takes a function that only prefetches for one without effect, and drops it.
template <class Item>
__attribute__((always_inline)) inline void fetch_ahead(const Item* first, std::size_t count) {
    constexpr std::size_t kCacheLine = 64; // bytes
    const auto* const bytes = reinterpret_cast<const char*>(first);
    for (std::size_t i = 0; i < count * sizeof(Item); i += kCacheLine)
        __builtin_prefetch(bytes + i);
}

} // namespace qice
