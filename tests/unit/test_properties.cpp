// Laws that must hold for whatever values rapidcheck thinks of.
#include "qice/base/date.hpp"
#include "qice/base/decimal.hpp"
#include "qice/base/truth.hpp"
#include "qice/rule/value_set.hpp"

#include <catch2/catch.hpp>
#include <rapidcheck.h>

using namespace qice;

namespace {

/// A set of small numbers with any toggles.
NumberSet any_set() {
    auto toggles = *rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<int>(-20, 21));
    std::sort(toggles.begin(), toggles.end());
    toggles.erase(std::unique(toggles.begin(), toggles.end()), toggles.end());
    return {*rc::gen::arbitrary<bool>(), toggles};
}

Truth any_truth() { return static_cast<Truth>(*rc::gen::inRange(0, 3)); }

} // namespace

TEST_CASE("union, intersection and complement of value sets are those of their members") {
    CHECK(rc::check([] {
        const NumberSet a = any_set(), b = any_set();
        for (std::int64_t value = -22; value <= 22; ++value) {
            RC_ASSERT((a & b).contains(value) == (a.contains(value) && b.contains(value)));
            RC_ASSERT((a | b).contains(value) == (a.contains(value) || b.contains(value)));
            RC_ASSERT(a.complement().contains(value) == !a.contains(value));
        }
    }));
}

TEST_CASE("a number that is printed reads back as itself") {
    CHECK(rc::check([](std::int64_t value) {
        const int decimals = *rc::gen::inRange(0, kMaxDecimals + 1);
        std::int64_t back = 0;
        RC_PRE(value != INT64_MIN);
        RC_ASSERT(parse_number(format_decimal(value, decimals), {}, decimals, back) ==
                  NumberError::none);
        RC_ASSERT(back == value);
    }));
}

TEST_CASE("a date that is printed reads back as itself, and months count up with days") {
    CHECK(rc::check([] {
        const Date day{*rc::gen::inRange(-700'000, 2'900'000)};
        RC_ASSERT(Date::parse(day.to_string()) == day);
        const Date later{day.days + *rc::gen::inRange(0, 20'000)};
        RC_ASSERT(completed_months(day, later) >= 0);
        RC_ASSERT(completed_months(day, later) <= (later.days - day.days) / 28);
    }));
}

TEST_CASE("De Morgan holds with unknowns") {
    CHECK(rc::check([] {
        const Truth a = any_truth(), b = any_truth();
        RC_ASSERT((!(a & b)) == ((!a) | (!b)));
        RC_ASSERT((!(a | b)) == ((!a) & (!b)));
    }));
}

TEST_CASE("ratios are ordered by their slots as by comparing them") {
    CHECK(rc::check([](std::int64_t numerator, std::int64_t denominator) {
        RC_PRE(denominator != 0);
        const Ratio ratio{numerator, denominator, *rc::gen::inRange(-9, 10)};
        const std::int64_t constant =
            *rc::gen::inRange<std::int64_t>(-1'000'000'000, 1'000'000'000);
        const std::int64_t slot = ratio_slot(ratio);
        const int by_slot = slot < 2 * constant ? -1 : slot > 2 * constant ? 1 : 0;
        RC_ASSERT(compare(ratio, constant) == by_slot);
    }));
}
