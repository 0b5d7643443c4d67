// Bit rows.
#include "qice/base/bits.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <set>

using namespace qice;

TEST_CASE("rows are whole words") {
    CHECK(words_for(0) == 0);
    CHECK(words_for(1) == 1);
    CHECK(words_for(64) == 1);
    CHECK(words_for(65) == 2);
    CHECK(sizeof(BlockRow) == 64);
}

TEST_CASE("a matrix holds the bits that were set and no others") {
    std::mt19937 random(21);
    for (std::size_t bits : {1u, 63u, 64u, 65u, 200u}) {
        BitMatrix matrix(5, bits);
        std::set<std::pair<std::size_t, std::size_t>> expected, found;
        for (int i = 0; i < 60; ++i) {
            const std::size_t row = random() % 5, bit = random() % bits;
            matrix.set(row, bit);
            expected.emplace(row, bit);
        }
        for (std::size_t row = 0; row < 5; ++row)
            for_each_bit(matrix[row], matrix.words(),
                         [&](std::size_t bit) { found.emplace(row, bit); });
        CHECK(found == expected);
    }
}

TEST_CASE("bits are visited in ascending order") {
    const std::uint64_t words[] = {1u | std::uint64_t{1} << 63, 0, 6};
    std::vector<std::size_t> visited;
    for_each_bit(words, 3, [&](std::size_t bit) { visited.push_back(bit); });
    CHECK(visited == std::vector<std::size_t>{0, 63, 129, 130});
}

TEST_CASE("aligned storage starts on a cache line, however it grows") {
    AlignedVector<std::uint8_t> bytes;
    for (int i = 0; i < 1000; ++i) {
        bytes.push_back(static_cast<std::uint8_t>(i));
        REQUIRE(reinterpret_cast<std::uintptr_t>(bytes.data()) % 64 == 0);
    }
    CHECK(bytes[999] == static_cast<std::uint8_t>(999));
}
