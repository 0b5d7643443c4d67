// Which firms another day changes for policies.
#include "match/day_watch.hpp"

#include "unit/world.hpp"

using namespace qice;
using world::day;

TEST_CASE("a day is seen where a condition can tell, and only there") {
    const SchemaPtr schema = world::schema(R"({"id": "id", "fields": [
        {"name": "established", "kind": "date"},
        {"name": "moved", "kind": "date"},
        {"name": "patents", "kind": "number"},
        {"name": "age", "kind": "number", "derive": {"months_since": "established"}},
        {"name": "here", "kind": "number", "derive": {"months_since": "moved"}},
        {"name": "per_month", "kind": "number", "derive": {"ratio": ["patents", "here"]}},
        {"name": "titles", "kind": "set", "expires": true}]})");
    const auto watched = [&](std::string_view rule, std::string_view later) {
        const auto compiled = [&](std::string_view text) {
            const std::vector<Policy> policies =
                world::policies(schema, "{\"id\": \"P\", \"rule\": " + std::string(text) + "}");
            return compile(*schema, policies, {day("2026-06-15"), false, {}});
        };
        const Program first = compiled(rule), other = compiled(later);
        const Program* const programs[] = {&first, &other};
        FirmTable table =
            world::firms(schema, day("2026-06-15"),
                         {{{"established", "2024-06-16"}},                          // 24 months
                          {{"established", "2023-06-16"}},                          // 36 months
                          {{"established", "2024-06-15"}, {"moved", "2026-05-16"}}, // 1 month
                          {{"titles", "hnte@2026-06-15"}},
                          {{"titles", "hnte@2026-06-16"}},
                          {{"titles", "hnte"}},
                          {{"established", "2024-06-16"}, {"titles", "hnte@2026-06-15"}}});
        const DayWatch watch(*schema, programs);
        const FirmCalendar calendar(table);
        std::string rows;
        for (const std::uint32_t row : watch.change_day(table, calendar, day("2026-06-16")))
            rows += std::to_string(row);
        return rows;
    };
    const std::string nothing = R"({"all": []})";
    const std::string aged = R"({"field": "age", "ge": 24})";
    const std::string older = R"({"field": "age", "ge": 36})";
    const std::string titled = R"({"field": "titles", "has_any": ["hnte"]})";
    const std::string new_here = R"({"field": "per_month", "gt": 2})";
    CHECK(watched(nothing, nothing).empty());
    CHECK(watched(aged, nothing) == "06");
    CHECK(watched(nothing, aged) == "06");
    CHECK(watched(aged, older) == "016");
    CHECK(watched(titled, nothing) == "36");
    CHECK(watched(aged, titled) == "036");
    CHECK(watched(new_here, nothing) == "2");
}
