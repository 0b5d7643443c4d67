// Pairs that come to lists: many pages of them.
#include "match/standing_extras.hpp"

#include <catch2/catch.hpp>

using namespace qice;

TEST_CASE("pairs that have come keep their numbers and what they say over many pages") {
    constexpr std::uint32_t kCount = 300'000; // of 131,072 a page
    for (const std::size_t reserved : {0u, 1u, 140'000u, 400'000u}) {
        StandingExtras extras;
        extras.reserve(reserved);
        std::size_t wrong = 0;
        for (std::uint32_t i = 0; i < kCount; ++i)
            wrong += extras.add({Score{i} * 7, i + 1, i / 2}) == i ? 0 : 1;
        for (std::uint32_t i = 0; i < kCount; ++i) {
            const StandingExtra& extra = extras[i];
            wrong +=
                extra.score == Score{i} * 7 && extra.slot == i + 1 && extra.next == i / 2 ? 0 : 1;
        }
        CHECK(wrong == 0);
    }
}
