// Cuts turn values into codes without losing an answer.
#include "qice/index/cuts.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace qice;

namespace {

bool inside(const std::vector<FieldCuts::Range>& ranges, std::uint32_t code) {
    return std::any_of(ranges.begin(), ranges.end(), [&](const FieldCuts::Range& range) {
        return range.first <= code && code <= range.last;
    });
}

} // namespace

TEST_CASE("a value is in a set exactly where its code is in the set's ranges") {
    std::mt19937 random(51);
    for (int round = 0; round < 500; ++round) {
        FieldCuts cuts;
        std::vector<NumberSet> sets{NumberSet::everything(), NumberSet::nothing()};
        for (int i = 0; i < 4; ++i) {
            NumberSet set{random() % 2 == 0, {}};
            for (std::int64_t value = 0; value < 12; ++value)
                if (random() % 4 == 0) set.toggles.push_back(value);
            sets.push_back(set);
        }
        for (const NumberSet& set : sets)
            cuts.add(set);
        cuts.finish();
        for (const NumberSet& set : sets) {
            const auto ranges = cuts.ranges_of(set);
            for (std::size_t i = 0; i < ranges.size(); ++i) {
                REQUIRE(ranges[i].first <= ranges[i].last);
                REQUIRE(ranges[i].last < cuts.codes());
                if (i > 0) REQUIRE(ranges[i - 1].last + 1 < ranges[i].first);
            }
            for (std::int64_t value = -2; value <= 13; ++value)
                REQUIRE(inside(ranges, cuts.code_of(value)) == set.contains(value));
        }
    }
}

TEST_CASE("texts are cut by bytes") {
    FieldCuts cuts;
    const StringRangeSet a{false, {"A", "B"}}, b{true, {"A1", "企"}};
    cuts.add(a);
    cuts.add(b);
    cuts.finish();
    CHECK(cuts.codes() == 5);
    for (const char* text : {"", "A", "A0", "A1", "A1x", "Az", "B", "~", "企", "企业"}) {
        INFO(text);
        const std::uint32_t code = cuts.code_of(std::string(text));
        CHECK(inside(cuts.ranges_of(a), code) == a.contains(text));
        CHECK(inside(cuts.ranges_of(b), code) == b.contains(text));
    }
}

TEST_CASE("a field that nothing cuts has one code") {
    FieldCuts cuts;
    cuts.add(NumberSet::everything());
    cuts.finish();
    CHECK(cuts.codes() == 1);
    CHECK(cuts.code_of(INT64_MAX) == 0);
    CHECK(cuts.ranges_of(NumberSet::everything()) == std::vector<FieldCuts::Range>{{0, 0}});
    CHECK(cuts.ranges_of(NumberSet::nothing()).empty());
}
