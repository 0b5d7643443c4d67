// Pairs that have come to the lists of a standing answer since these were made.
//
// They are only added to, a few hundred thousand a night, and stay where they are. Memory comes by
// large pages, each 2 MiB: small ones that nobody has used yet can cost more than the rest of a
// night.
#pragma once

#include "base/large_pages.hpp"
#include "qice/rule/policy.hpp"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

namespace qice {

/// 16 bytes.
struct StandingExtra {
    Score score;
    std::uint32_t slot, next; // next: of the same list
};

class StandingExtras {
  public:
    /// Takes the memory of so many now, and no addition waits for it.
    void reserve(std::size_t count) {
        while (pages_.size() * kOfPage < count)
            add_page();
        for (const Page& page : pages_)
            take_pages(page.get(), kLargePage);
    }
    /// Its number.
    std::uint32_t add(const StandingExtra& extra) {
        if (size_ == pages_.size() * kOfPage) add_page();
        pages_[size_ / kOfPage][size_ % kOfPage] = extra;
        return size_++;
    }
    const StandingExtra& operator[](std::uint32_t number) const {
        return pages_[number / kOfPage][number % kOfPage];
    }

  private:
    static constexpr std::size_t kOfPage = kLargePage / sizeof(StandingExtra);
    struct Free {
        void operator()(StandingExtra* page) const { std::free(page); }
    };
    using Page = std::unique_ptr<StandingExtra[], Free>;

    void add_page() {
        Page page(static_cast<StandingExtra*>(std::aligned_alloc(kLargePage, kLargePage)));
        if (!page) throw std::bad_alloc();
        large_.use(page.get(), kLargePage, 0, kLargePage);
        pages_.push_back(std::move(page));
    }

    std::vector<Page> pages_;
    std::uint32_t size_ = 0;
    LargePages large_;
};

} // namespace qice
