// Another day for a table: what is derived, what is said to have changed.
#include "model/firm_calendar.hpp"

#include "model/firm_rows.hpp"

#include "unit/world.hpp"

#include <map>
#include <random>

using namespace qice;
using world::day;

namespace {

const SchemaPtr& schema() {
    static const SchemaPtr made = world::schema(R"({"id": "id", "fields": [
        {"name": "established", "kind": "date"},
        {"name": "moved", "kind": "date"},
        {"name": "patents", "kind": "number"},
        {"name": "age", "kind": "number", "derive": {"months_since": "established"}},
        {"name": "age_too", "kind": "number", "derive": {"months_since": "established"}},
        {"name": "here", "kind": "number", "derive": {"months_since": "moved"}},
        {"name": "before", "kind": "number", "derive": {"difference": ["age", "here"]}},
        {"name": "per_month", "kind": "number", "derive": {"ratio": ["patents", "here"]}},
        {"name": "titles", "kind": "set", "expires": true}]})");
    return made;
}

/// A day that many share, or the end of some month, or any.
std::string random_day(std::mt19937& random) {
    const char* const often[] = {"2024-02-29", "2023-12-31", "2020-06-15", "2026-06-16",
                                 "0001-01-01", "9999-12-31", "1969-12-31", "1970-01-01"};
    if (random() % 3 == 0) return often[random() % std::size(often)];
    const Date month = *Date::from_civil(1990 + static_cast<int>(random() % 40),
                                         1 + static_cast<int>(random() % 12), 1);
    if (random() % 3 == 0) return Date{month.days - 1}.to_string();
    return Date{month.days + static_cast<std::int32_t>(random() % 31)}.to_string();
}

world::Cells random_firm(std::mt19937& random) {
    world::Cells cells;
    if (random() % 10 != 0) cells.emplace_back("established", random_day(random));
    if (random() % 3 != 0) cells.emplace_back("moved", random_day(random));
    if (random() % 3 != 0) cells.emplace_back("patents", std::to_string(random() % 9));
    std::string titles;
    for (unsigned n = random() % 3; n > 0; --n)
        titles += "t" + std::to_string(n) + "@" + random_day(random) + (n > 1 ? "|" : "");
    cells.emplace_back("titles", titles);
    return cells;
}

std::vector<std::int64_t> values_of(const FirmTable& table, std::string_view name) {
    const Array<std::int64_t>& numbers = table.column(*schema()->find(name)).numbers;
    return {numbers.begin(), numbers.end()};
}

} // namespace

TEST_CASE("a table that moves to another day is the one that is derived for it") {
    std::mt19937 random(11);
    std::vector<world::Cells> cells;
    for (int i = 0; i < 2'000; ++i)
        cells.push_back(random_firm(random));
    Date on = day("2026-06-15");
    FirmTable table = world::firms(schema(), on, cells);
    const FirmCalendar calendar(table);
    const std::int32_t steps[] = {1, 1, 1, 14, 1, 31, -1, -31, 366, 40'000, -40'000, 0, 1};
    for (const std::int32_t step : steps) {
        const Date before = on;
        on.days += step;
        std::map<std::uint32_t, std::map<std::uint32_t, DayChange>> told; // by field and row
        for (const DayChange& change : FirmTableWriter::change_day(table, calendar, on))
            told[change.field].emplace(change.row, change);
        const FirmTable then = world::firms(schema(), before, cells);
        const FirmTable now = world::firms(schema(), on, cells);
        CHECK(table.as_of() == on);
        for (const char* const name : {"age", "age_too", "here", "before"}) {
            INFO(name << " from " << before.to_string() << " to " << on.to_string());
            const std::vector<std::int64_t> was = values_of(then, name), is = values_of(now, name);
            CHECK(values_of(table, name) == is);
            auto& changes = told[*schema()->find(name)];
            for (std::uint32_t row = 0; row < is.size(); ++row) {
                const auto found = changes.find(row);
                REQUIRE((found != changes.end()) == (was[row] != is[row]));
                if (found == changes.end()) continue;
                CHECK(found->second.before == was[row]);
                CHECK(found->second.after == is[row]);
            }
        }
        if (step == 1) CHECK(told[*schema()->find("age")].size() < cells.size() / 4);
    }
}
