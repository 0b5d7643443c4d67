// Firms from cells: values, unknowns, bad cells, derived fields.
#include "qice/model/firm.hpp"

#include "unit/world.hpp"

using namespace qice;
using world::day;

namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

/// One firm of the world with one cell, and what the cell was refused for.
struct One {
    SchemaPtr schema = world::schema();
    std::uint32_t field;
    std::string reason;
    FirmTable table;

    One(const char* name, std::string_view text, SchemaPtr of = world::schema())
        : schema(std::move(of)), field(schema->find(name).value()), table(make(text)) {}

    FirmTable make(std::string_view text) {
        FirmTableBuilder builder(schema, day("2026-11-23"));
        builder.begin("one", 2);
        if (const char* refused = builder.set(field, text)) reason = refused;
        builder.end();
        return std::move(builder).finish();
    }
    std::optional<std::int64_t> scalar() const { return table[0].scalar(field); }
    /// `name@until|...` with `-` for an element without a last day; `unknown`.
    std::string elements() const {
        const auto found = table[0].elements(field);
        if (!found) return "unknown";
        std::string text;
        for (const SetElement& element : *found)
            text += (text.empty() ? "" : "|") + table.column(field).dictionary[element.name] + "@" +
                    (element.until == kForever ? "-" : Date{element.until}.to_string());
        return text;
    }
    std::string tags() const {
        std::string text;
        for (const Tag& tag : table[0].tags())
            text += (text.empty() ? "" : "|") + table.column(field).dictionary[tag.name] + ":" +
                    std::to_string(tag.weight);
        return text;
    }
};

/// The derived number of a firm of a schema, unknown as "?".
std::string derived(const SchemaPtr& schema, const char* field, const world::Cells& cells,
                    std::string_view as_of = "2026-11-23") {
    const FirmTable table = world::firms(schema, day(as_of), {cells});
    const auto value = table[0].scalar(schema->find(field).value());
    return value ? std::to_string(*value) : "?";
}

} // namespace

TEST_CASE("an empty cell is unknown, whatever the kind, but for sets and tags") {
    for (const char* field : {"revenue", "established", "dishonest", "scale", "industry", "park",
                              "labels", "name", "rd_ratio", "age"}) {
        INFO(field);
        if (std::string_view(field) == "rd_ratio" || std::string_view(field) == "age") {
            const One one("revenue", "");
            CHECK_FALSE(one.table[0].known(one.schema->find(field).value()));
        } else {
            const One one(field, "");
            CHECK(one.reason == "");
            CHECK_FALSE(one.table[0].known(one.field));
        }
    }
    CHECK(One("titles", "").elements() == "");
    CHECK(One("titles", "").table[0].known(One("titles", "").field));
    CHECK(One("follows", "").table[0].known(One("follows", "").field));
}

TEST_CASE("numbers, dates and flags are read from cells") {
    CHECK(One("revenue", "2000万元").scalar() == 2'000'000'000);
    CHECK(One("revenue", " 1234.5 ").scalar() == 123'450);
    CHECK(One("patents", "-3").scalar() == -3);
    CHECK(One("established", " 2026/1/5 ").scalar() == day("2026-01-05").days);
    for (const char* yes : {"1", "true", "TRUE", "True", "是", " 是 "})
        CHECK(One("dishonest", yes).scalar() == 1);
    for (const char* no : {"0", "false", "FALSE", "否"})
        CHECK(One("dishonest", no).scalar() == 0);
}

TEST_CASE("a bad cell has a reason and its value is unknown") {
    const auto refused = [](const char* field, const char* text) {
        const One one(field, text);
        INFO(field << " = " << text);
        CHECK_FALSE(one.table[0].known(one.field));
        return one.reason;
    };
    CHECK(refused("revenue", "high") == "is not a number");
    CHECK(refused("revenue", "1.2E+08") == "is not a number");
    CHECK(refused("revenue", "5件") == "is not a number");
    CHECK(refused("revenue", "5%") == "has a unit that does not fit the field's");
    CHECK(refused("revenue", "0.001") == "has more decimals than the field");
    CHECK(refused("revenue", "92233720368547758.08") == "is too large");
    CHECK(refused("established", "2026-02-30") == "is not a date; dates are written 2026-11-23");
    CHECK(refused("dishonest", "yes") == "is not a flag; flags are true/false, 1/0 or 是/否");
    CHECK(refused("dishonest", "2") == "is not a flag; flags are true/false, 1/0 or 是/否");
    CHECK(refused("scale", "huge") == "is not one of the field's values");
    CHECK(refused("industry", "9999") == "is on no list of the field's codes");
    CHECK(refused("titles", "高新技术企业@soon") ==
          "has an element whose last valid day is not a date");
    CHECK(refused("titles", "@2026-01-01") == "has an element whose last valid day is not a date");
}

TEST_CASE("a code of another level than the field asks for is a bad cell") {
    const SchemaPtr schema = world::schema(R"({"id": "id", "fields": [
        {"name": "region", "kind": "code", "codes": "regions", "level": ["town", "county"]}]})");
    CHECK(One("region", "441900119", schema).reason == "");
    CHECK(One("region", "440303", schema).reason == "");
    CHECK(One("region", "440000", schema).reason ==
          "is a code of another level than the field asks for");
}

TEST_CASE("codes are trimmed, categories and texts are taken as they are") {
    CHECK(One("industry", " C3921 ").scalar() == One("industry", "3921").scalar());
    CHECK(One("park", " P1 ").table[0].string(One("park", "").field) == "P1");
    CHECK(One("scale", " micro").reason == "is not one of the field's values");
    CHECK(One("name", " A ").table.column(One("name", "").field).texts[0] == " A ");
}

TEST_CASE("set elements have last valid days") {
    CHECK(One("titles", "高新技术企业@2027-12-05| 专精特新 ").elements() ==
          "高新技术企业@2027-12-05|专精特新@-");
    CHECK(One("titles", "||a||").elements() == "a@-");
    CHECK(One("titles", "a@2026-01-01|a@2027-01-01|a@2026-06-01").elements() == "a@2027-01-01");
    CHECK(One("titles", "a@2026-01-01|a").elements() == "a@-"); // no last day is the latest
    CHECK(One("titles", "x@y@2026-01-01").elements() == "x@y@2026-01-01");
    CHECK(One("labels", "a@2026-01-01").elements() == "a@2026-01-01@-"); // @ is part of the name
    CHECK(One("labels", "").elements() == "unknown");
    CHECK(One("labels", "|").elements() == "");
    CHECK(One("titles", "a|b@never").elements() == "unknown");
}

TEST_CASE("tags have weights of at most three decimals") {
    CHECK(One("follows", "智能制造:0.8|出口").tags() == "智能制造:800|出口:1000");
    CHECK(One("follows", "a:0|b:1|c:0.001| d : 0.5 ").tags() == "a:0|b:1000|c:1|d:500");
    CHECK(One("follows", "a:b:0.5").tags() == "a:b:500");
    const std::string weight =
        "has a tag whose weight is not a number from 0 to 1 with at most 3 decimals";
    for (const char* bad : {"a:1.001", "a:-0.1", "a:0.0001", "a:", "a:x"}) {
        INFO(bad);
        CHECK(One("follows", bad).reason == weight);
        CHECK(One("follows", bad).tags() == "");
    }
    CHECK(One("follows", "a|b|a:0.5").reason == "names a tag twice");
    CHECK(One("follows", ":0.5").reason == "has a tag without a name");
}

TEST_CASE("a number of JSON may have an exponent, a cell may not") {
    const SchemaPtr schema = world::schema();
    FirmTableBuilder builder(schema, day("2026-11-23"));
    builder.begin("a", 1);
    const std::uint32_t revenue = schema->find("revenue").value();
    CHECK(builder.set_json_number(revenue, "1.5e3") == nullptr);
    builder.end();
    CHECK(std::move(builder).finish()[0].scalar(revenue) == 150'000);
}

TEST_CASE("a row that is taken back leaves nothing behind") {
    const SchemaPtr schema = world::schema();
    FirmTableBuilder builder(schema, day("2026-11-23"));
    const auto fill = [&](const char* id, const world::Cells& cells) {
        builder.begin(id, 1);
        for (const auto& [field, text] : cells)
            REQUIRE(builder.set(schema->find(field).value(), text) == nullptr);
    };
    const world::Cells full{{"revenue", "5"},   {"established", "2020-01-01"}, {"dishonest", "1"},
                            {"scale", "micro"}, {"industry", "3921"},          {"titles", "a|b"},
                            {"labels", "x"},    {"follows", "t:0.5"},          {"name", "N"}};
    fill("a", full);
    builder.abandon();
    fill("b", {});
    builder.end();
    fill("c", full);
    builder.abandon();
    fill("d", full);
    builder.end();
    const FirmTable table = std::move(builder).finish();
    REQUIRE(table.size() == 2);
    CHECK(table.id(0) == "b");
    for (const auto& [field, text] : full) {
        INFO(field);
        const std::uint32_t index = schema->find(field).value();
        CHECK(table[0].known(index) == (field == "titles" || field == "follows"));
        CHECK(table[1].known(index));
    }
    CHECK(table[0].elements(schema->find("titles").value())->empty());
    CHECK(table[1].elements(schema->find("titles").value())->size() == 2);
    CHECK(table[0].tags().empty());
    CHECK(table[1].tags()[0].weight == 500);
    CHECK(table.find("d") == std::size_t{1});
    CHECK_FALSE(table.find("a"));
}

TEST_CASE("a ratio is held unrounded and is unknown without a denominator") {
    const SchemaPtr schema = world::schema();
    const std::uint32_t ratio = schema->find("rd_ratio").value();
    const FirmTable table = world::firms(schema, day("2026-11-23"),
                                         {{{"rd", "30.3万元"}, {"revenue", "1010万元"}},
                                          {{"rd", "1"}, {"revenue", "0"}},
                                          {{"rd", "1"}},
                                          {{"revenue", "1"}}});
    CHECK(compare(table[0].ratio(ratio).value(), 30'000'000) == 0);
    for (std::size_t row : {1u, 2u, 3u})
        CHECK_FALSE(table[row].ratio(ratio));
}

TEST_CASE("the decimals of a ratio's two fields may differ") {
    const SchemaPtr schema = world::schema(R"({"id": "id", "fields": [
        {"name": "money", "kind": "number", "unit": "元", "decimals": 2},
        {"name": "heads", "kind": "number", "unit": "人"},
        {"name": "per_head", "kind": "number", "derive": {"ratio": ["money", "heads"]}},
        {"name": "per_money", "kind": "number", "derive": {"ratio": ["heads", "money"]}}]})");
    const FirmTable table =
        world::firms(schema, day("2026-11-23"), {{{"money", "1.50"}, {"heads", "3"}}});
    CHECK(compare(table[0].ratio(2).value(), 500'000'000) == 0);
    CHECK(compare(table[0].ratio(3).value(), 2'000'000'000) == 0);
}

TEST_CASE("sums and differences are exact across decimals") {
    const SchemaPtr schema = world::schema(R"({"id": "id", "fields": [
        {"name": "a", "kind": "number", "decimals": 1}, {"name": "b", "kind": "number", "decimals": 3},
        {"name": "sum", "kind": "number", "derive": {"sum": ["a", "b", "a"]}},
        {"name": "less", "kind": "number", "derive": {"difference": ["a", "b"]}},
        {"name": "both", "kind": "number", "derive": {"sum": ["sum", "less"]}, "decimals": 4}]})");
    const world::Cells cells{{"a", "1.5"}, {"b", "0.125"}};
    CHECK(derived(schema, "sum", cells) == "3125");
    CHECK(derived(schema, "less", cells) == "1375");
    CHECK(derived(schema, "both", cells) == "45000");
    CHECK(derived(schema, "sum", {{"a", "1.5"}}) == "?");
    CHECK(derived(schema, "both", {{"b", "1"}}) == "?");
}

TEST_CASE("a sum that overflows is unknown and is named") {
    const SchemaPtr schema = world::schema(R"({"id": "id", "fields": [
        {"name": "a", "kind": "number"}, {"name": "b", "kind": "number"},
        {"name": "sum", "kind": "number", "derive": {"sum": ["a", "b"]}},
        {"name": "more", "kind": "number", "derive": {"sum": ["sum", "a"]}},
        {"name": "less", "kind": "number", "derive": {"difference": ["a", "b"]}}]})");
    const std::string most = std::to_string(kMost);
    CHECK(derived(schema, "sum", {{"a", most}, {"b", "0"}}) == most);
    CHECK(derived(schema, "sum", {{"a", most}, {"b", "1"}}) == "?");
    CHECK(derived(schema, "less", {{"a", "-" + most}, {"b", "0"}}) == "-" + most);
    CHECK(derived(schema, "less", {{"a", "-" + most}, {"b", "1"}}) == "?"); // stands for unknown
    FirmTableBuilder builder(schema, day("2026-11-23"));
    builder.begin("a", 1);
    REQUIRE(builder.set(0, most) == nullptr);
    REQUIRE(builder.set(1, "0") == nullptr);
    CHECK(builder.overflows() == std::vector<std::uint32_t>{3}); // sum fits, more does not
    builder.end();
    builder.begin("b", 2);
    CHECK(builder.overflows().empty());
    builder.end();
}

TEST_CASE("a sum over months looks at the row's own date") {
    const SchemaPtr schema = world::schema(R"({"id": "id", "fields": [
        {"name": "since", "kind": "date"},
        {"name": "months", "kind": "number", "derive": {"months_since": "since"}},
        {"name": "grace", "kind": "number"},
        {"name": "total", "kind": "number", "derive": {"sum": ["months", "grace"]}}]})");
    FirmTableBuilder builder(schema, day("2026-11-23"));
    builder.begin("a", 1);
    REQUIRE(builder.set(0, "2025-11-23") == nullptr);
    REQUIRE(builder.set(2, std::to_string(kMost)) == nullptr);
    CHECK(builder.overflows() == std::vector<std::uint32_t>{3});
    builder.end();
    builder.begin("b", 2); // no date: nothing overflows
    REQUIRE(builder.set(2, std::to_string(kMost)) == nullptr);
    CHECK(builder.overflows().empty());
    builder.end();
    const FirmTable table = std::move(builder).finish();
    CHECK(table[0].scalar(1) == 12);
    CHECK_FALSE(table[1].scalar(1));
}

TEST_CASE("completed months are counted at the as-of date") {
    const SchemaPtr schema = world::schema();
    CHECK(derived(schema, "age", {{"established", "2024-02-29"}}, "2025-02-28") == "11");
    CHECK(derived(schema, "age", {{"established", "2024-02-29"}}, "2025-03-01") == "12");
    CHECK(derived(schema, "age", {{"established", "2027-01-01"}}) == "-2");
    FirmTable table = world::firms(schema, day("2026-01-01"), {{{"established", "2025-01-01"}}});
    table.derive(day("2026-07-01"));
    CHECK(table[0].scalar(schema->find("age").value()) == 18);
    CHECK(table.as_of() == day("2026-07-01"));
}

TEST_CASE("the size class is derived from cells in whatever unit") {
    const auto size = [](const char* unit, const char* codes, const world::Cells& cells) {
        const SchemaPtr schema = world::schema(
            std::string(
                R"({"id": "id", "fields": [{"name": "industry", "kind": "code", "codes": ")") +
            codes +
            R"("}, {"name": "x", "kind": "number"}, {"name": "y", "kind": "number", "unit": ")" +
            unit + R"(", "decimals": 4}, {"name": "z", "kind": "number", "unit": ")" + unit +
            R"(", "decimals": 1},
            {"name": "size", "kind": "category", "derive": {"sme_size": ["industry", "x", "y", "z"]}}]})");
        const FirmTable table = world::firms(schema, day("2026-11-23"), {cells});
        return std::string(table[0].string(4).value_or("unknown"));
    };
    for (const char* unit : {"元", "万元", "亿元", ""}) {
        INFO(unit);
        CHECK(size(unit, "gbt4754", {{"industry", "3921"}, {"x", "1000"}, {"y", "4亿元"}}) ==
              "large");
        CHECK(size(unit, "gbt4754", {{"industry", "3921"}, {"x", "1000"}, {"y", "39999万元"}}) ==
              "medium");
        CHECK(size(unit, "gbt4754", {{"industry", "7212"}, {"x", "350"}, {"z", "1亿元"}}) ==
              "medium");
    }
    CHECK(size("万元", "gbt4754", {{"industry", "0111"}, {"y", "49.99"}}) == "micro");
    CHECK(size("元", "gbt4754", {{"industry", "0111"}, {"y", "499999.9999"}}) == "micro");
    CHECK(size("元", "gbt4754", {{"industry", "3921"}, {"x", "25"}}) == "unknown");
    CHECK(size("元", "gbt4754", {{"x", "2500"}, {"y", "1亿"}}) == "unknown");
    CHECK(size("元", "gbt4754", {{"industry", "F"}, {"x", "2"}, {"y", "1"}}) == "unknown");
    CHECK(size("元", "prefix", {{"industry", "C3921"}, {"x", "19"}}) == "micro");
    CHECK(size("元", "prefix", {{"industry", "none"}, {"x", "19"}}) == "unknown");
}

TEST_CASE("a dictionary numbers texts in order of first appearance") {
    Dictionary dictionary;
    for (int i = 0; i < 1'000; ++i)
        CHECK(dictionary.add("text " + std::to_string(i)) == static_cast<std::uint32_t>(i));
    CHECK(dictionary.add("text 7") == 7);
    CHECK(dictionary.size() == 1'000);
    const Dictionary moved = std::move(dictionary);
    CHECK(moved[999] == "text 999");
}

TEST_CASE("a column of texts gives each row its own") {
    TextColumn column;
    for (const char* text : {"a", "", "企业"})
        column.append(text);
    CHECK(column.size() == 3);
    CHECK(column[1] == "");
    CHECK(column[2] == "企业");
    column.clear();
    CHECK(column.size() == 0);
    column.append("b");
    CHECK(column[0] == "b");
}
