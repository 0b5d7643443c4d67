// Civil days, without times and zones.
#include "qice/base/date.hpp"

#include <catch2/catch.hpp>

using namespace qice;

namespace {

Date day(std::string_view text) { return Date::parse(text).value(); }
std::int64_t months(std::string_view from, std::string_view to) {
    return completed_months(day(from), day(to));
}

} // namespace

TEST_CASE("days count from 1970") {
    CHECK(day("1970-01-01").days == 0);
    CHECK(day("1969-12-31").days == -1);
    CHECK(day("2000-03-01").days == 11'017);
    CHECK(day("2026-11-23").days == 20'780);
    CHECK(day("0001-01-01").days == -719'162);
    CHECK(day("9999-12-31").days == 2'932'896);
}

TEST_CASE("a date may be written in four ways") {
    for (const char* text : {"2026-01-05", "2026/01/05", "2026/1/5", "2026-1-5", "20260105"}) {
        INFO(text);
        CHECK(day(text).to_string() == "2026-01-05");
    }
}

TEST_CASE("leap days exist in leap years only") {
    CHECK(Date::parse("2024-02-29"));
    CHECK(Date::parse("2000-02-29"));
    CHECK_FALSE(Date::parse("2023-02-29"));
    CHECK_FALSE(Date::parse("1900-02-29"));
    CHECK_FALSE(Date::parse("20250229"));
    CHECK(day("2024-03-01").days - day("2024-02-28").days == 2);
}

TEST_CASE("what is no date is refused") {
    for (const char* text : {"",
                             "2026",
                             "2026-11",
                             "2026-13-01",
                             "2026-00-10",
                             "2026-01-00",
                             "2026-04-31",
                             "0000-01-01",
                             "10000-01-01",
                             "26-01-01",
                             "2026-01/05",
                             "2026.01.05",
                             "2026年1月5日",
                             "2026-01-05T00:00",
                             "2026-01-005",
                             "2026-1-",
                             "-2026-01-05",
                             "2026--1-05",
                             "202601",
                             "2026010",
                             "202601055",
                             "2026 0105",
                             "+2026105",
                             "2026-+1-05",
                             " 2026-01-05",
                             "2026-01-05 ",
                             "46000"}) {
        INFO(text);
        CHECK_FALSE(Date::parse(text));
    }
}

TEST_CASE("every day reads back as itself") {
    for (std::int32_t days = day("1896-01-01").days; days <= day("2104-12-31").days; ++days)
        REQUIRE(Date::parse(Date{days}.to_string()) == Date{days});
}

TEST_CASE("a month is complete on the same day of the next") {
    CHECK(months("2025-11-23", "2026-11-23") == 12);
    CHECK(months("2025-11-24", "2026-11-23") == 11);
    CHECK(months("2026-11-23", "2026-11-23") == 0);
    CHECK(months("2026-01-31", "2026-02-28") == 0); // the 31st has not come
    CHECK(months("2026-01-31", "2026-03-01") == 1);
    CHECK(months("2024-02-29", "2025-02-28") == 11);
    CHECK(months("2024-02-29", "2025-03-01") == 12);
    CHECK(months("2026-12-01", "2026-11-23") == -1);
    CHECK(months("2027-11-23", "2026-11-23") == -12);
    CHECK(months("0001-01-01", "9999-12-31") == 9998 * 12 + 11);
}
