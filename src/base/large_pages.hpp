// Memory on large pages: for blocks of many megabytes that are written once from end to end.
//
// The first touch of a large page costs a fifth of what its small ones do (0.2 instead of 0.9 ms a
// MiB), and nothing is gained below a few of them. Where the system has none to give, all stays as
// it was.
#pragma once

#include "qice/base/array.hpp"

#include <cstdint>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace qice {

/// The large pages that lie wholly within a block.
inline void use_large_pages([[maybe_unused]] void* block, [[maybe_unused]] std::size_t bytes) {
#if defined(__linux__)
    constexpr std::uintptr_t kLargePage = std::uintptr_t{2} << 20;
    const auto begin = reinterpret_cast<std::uintptr_t>(block);
    const std::uintptr_t first = (begin + kLargePage - 1) / kLargePage * kLargePage;
    const std::uintptr_t end = (begin + bytes) / kLargePage * kLargePage;
    if (first < end) ::madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
#endif
}

/// Room for so many values, on large pages where it has to be made.
template <class T> void reserve_large(Array<T>& values, std::size_t capacity) {
    if (capacity <= values.capacity()) return;
    values.reserve(capacity);
    use_large_pages(values.data(), values.capacity() * sizeof(T));
}

} // namespace qice
