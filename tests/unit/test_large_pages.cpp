// Room on large pages, quick ones and slow ones.
#include "base/large_pages.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <vector>

using namespace qice;

TEST_CASE("values stay where room grows, whether large pages are quick or slow") {
    for (const LargePages::Duration slow : {LargePages::Duration::max(), LargePages::Duration(0)}) {
        LargePages pages(slow);
        Array<std::uint64_t> values;
        for (const std::size_t size : {1'000u, 100'000u, 300'000u, 2'000'000u, 6'000'000u}) {
            const std::size_t before = values.size();
            reserve_large(values, size + size / 2, size, pages);
            REQUIRE(values.capacity() >= size + size / 2);
            REQUIRE(values.size() == before);
            values.resize(size);
            for (std::size_t i = before; i < size; ++i)
                values[i] = i * i;
        }
        std::size_t wrong = 0;
        for (std::size_t i = 0; i < values.size(); ++i)
            wrong += values[i] != i * i;
        CHECK(wrong == 0);
    }
}

TEST_CASE("a block is used as it is where it has no large page, or none to be written") {
    std::vector<char> block(5 * kLargePage, 7);
    LargePages pages;
    pages.use(block.data(), 100, 0, 100);
    pages.use(block.data(), block.size(), block.size(), block.size());
    pages.use(block.data(), block.size(), 0, kLargePage / 4);
    pages.use(block.data(), block.size(), 0, block.size());
    CHECK(std::count(block.begin(), block.end(), 7) == static_cast<long>(block.size()));
}
