// Memory on large pages: for blocks of many megabytes that are written once from end to end.
//
// The first touch of a large page costs a fifth of what its small ones do (0.2 instead of 0.9 ms a
// MiB), and nothing is gained where less than half of one is filled. Where the system has none to
// give, all stays as it was.
#pragma once

#include "qice/base/array.hpp"

#include <chrono>
#include <cstdint>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace qice {

inline constexpr std::size_t kLargePage = std::size_t{2} << 20;

#if defined(__linux__)
/// Of the large pages that lie wholly within a block.
inline void advise_large_pages(void* block, std::size_t bytes, int advice) {
    const auto begin = reinterpret_cast<std::uintptr_t>(block);
    const std::uintptr_t first = (begin + kLargePage - 1) / kLargePage * kLargePage;
    const std::uintptr_t end = (begin + bytes) / kLargePage * kLargePage;
    if (first < end) ::madvise(reinterpret_cast<void*>(first), end - first, advice);
}
#endif

inline void use_large_pages([[maybe_unused]] void* block, [[maybe_unused]] std::size_t bytes) {
#if defined(__linux__)
    advise_large_pages(block, bytes, MADV_HUGEPAGE);
#endif
}

/// Takes the memory of a block now, not when it is first written to. A hint, too.
inline void take_pages([[maybe_unused]] void* block, [[maybe_unused]] std::size_t bytes) {
#if defined(MADV_POPULATE_WRITE)
    const auto begin = reinterpret_cast<std::uintptr_t>(block) & ~std::uintptr_t{4095};
    const std::uintptr_t end = reinterpret_cast<std::uintptr_t>(block) + bytes;
    if (bytes != 0) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_POPULATE_WRITE);
#endif
}

/// Large pages for block after block, as long as they come quickly. A virtual machine's host may
/// have taken back those that nobody used, and to find one anew costs ten times what its small
/// pages do, which are not taken back. So the next page to be written is taken and timed.
class LargePages {
  public:
    using Duration = std::chrono::steady_clock::duration;
    static constexpr std::chrono::microseconds kSlow{1500}; // where it is at hand, 100 to 400

    explicit LargePages(Duration slow = kSlow) : slow_from_(slow) {}

    /// Of this block the bytes [from, to) are written next.
    void use([[maybe_unused]] void* block, [[maybe_unused]] std::size_t bytes,
             [[maybe_unused]] std::size_t from, [[maybe_unused]] std::size_t to) {
#if defined(__linux__)
        if (slow_in_a_row_ < kMostSlow) {
            use_large_pages(block, bytes);
            const auto begin = reinterpret_cast<std::uintptr_t>(block);
            const std::uintptr_t next = (begin + from + kLargePage - 1) / kLargePage * kLargePage;
            if (next + kLargePage <= begin + bytes && next + kLargePage / 2 <= begin + to)
                slow_in_a_row_ = is_slow(reinterpret_cast<void*>(next)) ? slow_in_a_row_ + 1 : 0;
        }
        if (slow_in_a_row_ > 0) advise_large_pages(block, bytes, MADV_NOHUGEPAGE);
#endif
    }

  private:
    bool is_slow(void* page) const {
        const auto begin = std::chrono::steady_clock::now();
        take_pages(page, kLargePage);
        return std::chrono::steady_clock::now() - begin >= slow_from_;
    }

    static constexpr int kMostSlow = 2; // one may be slow where all others are at hand

    Duration slow_from_;
    int slow_in_a_row_ = 0;
};

/// Room for so many values, of which the first `filled` are soon to be there. Where that fills half
/// a large page, the block is made of large pages from its first byte on: that costs half of what
/// small ones would, and at most another half page that nobody uses. Blocks that realloc() moves
/// page by page are not copied for it.
template <class T>
void reserve_large(Array<T>& values, std::size_t capacity, std::size_t filled, LargePages& pages) {
    constexpr std::size_t kMovedByPage = std::size_t{32} << 20; // glibc's greatest mmap threshold
    if (capacity <= values.capacity()) return;
    if (filled * sizeof(T) < kLargePage / 2) return values.reserve(capacity);
    if (values.capacity() * sizeof(T) < kMovedByPage)
        values.reserve_aligned(capacity, kLargePage);
    else
        values.reserve(capacity);
    pages.use(values.data(), values.capacity() * sizeof(T), values.size() * sizeof(T),
              filled * sizeof(T));
}

template <class T> void reserve_large(Array<T>& values, std::size_t capacity, std::size_t filled) {
    LargePages pages;
    reserve_large(values, capacity, filled, pages);
}

} // namespace qice
