// One firm from JSON is the row that a line of JSON Lines makes, whatever stands in it.
#include "qice/live/one_firm.hpp"

#include "unit/world.hpp"

#include <map>
#include <random>

using namespace qice;

namespace {

const SchemaPtr& schema() {
    static const SchemaPtr made = world::schema(R"({"id": "id", "fields": [
        {"name": "name", "kind": "text"},
        {"name": "a", "kind": "number", "unit": "元", "decimals": 2},
        {"name": "b", "kind": "number", "unit": "元"},
        {"name": "sum", "kind": "number", "derive": {"sum": ["a", "b"]}},
        {"name": "more", "kind": "number", "derive": {"difference": ["sum", "b"]}},
        {"name": "born", "kind": "date"},
        {"name": "age", "kind": "number", "derive": {"months_since": "born"}},
        {"name": "flag", "kind": "flag"},
        {"name": "grade", "kind": "category", "values": ["A", " B"]},
        {"name": "brand", "kind": "category"},
        {"name": "region", "kind": "code", "codes": "prefix"},
        {"name": "branch", "kind": "code", "codes": "gbt4754"},
        {"name": "titles", "kind": "set", "expires": true},
        {"name": "clusters", "kind": "set", "missing": "unknown"},
        {"name": "follows", "kind": "tags"}]})");
    return made;
}

std::string many_tags(bool twice) {
    std::string text;
    for (int i = 0; i < 40; ++i)
        text += "t" + std::to_string(i) + "|";
    return "\"" + text + (twice ? "t35" : "last") + "\"";
}

/// Values that somebody may hand over for any field.
const std::vector<std::string>& values() {
    static const std::vector<std::string> made{
        "null",
        "true",
        "false",
        "0",
        "1",
        "2",
        "-0.5",
        "1.25e2",
        "1e400",
        "0.001",
        "9223372036854775807",
        "92233720368547758.07",
        "-92233720368547758.07",
        "20260615",
        "[]",
        "{}",
        "\"\"",
        "\"  \"",
        "\"?\"",
        "\" 1,200.5万元 \"",
        "\"300\"",
        "\"lots\"",
        "\"TRUE\"",
        "\"是\"",
        "\"2020-02-30\"",
        "\"2020-02-29\"",
        "\" 2020/1/2\"",
        "\"A\"",
        "\" B\"",
        "\"B\"",
        "\"C3911\"",
        "\" C39 \"",
        "\"|\"",
        "\"x|y|x\"",
        "\"x:0.5|y\"",
        "\"x:2\"",
        "\":1\"",
        "\"x|x\"",
        "\"x@2027-01-01|y|x@2028-01-01\"",
        "\"x@\"",
        "\"@2027-01-01\"",
        "[\"x\",\"y\"]",
        "[\"x\",1]",
        "[{\"value\":\"x\",\"until\":\"2027-01-01\"}]",
        "[{\"value\":\"x\",\"until\":null},{\"value\":\"y\"}]",
        "[{\"value\":\"x\",\"more\":1}]",
        "{\"x\":0.5,\"y\":1e-1}",
        "{\"x\":2}",
        "{\"x\":\"1\"}",
        "{\"x\":0.0001}",
        "[\"x\",\"x\"]",
        many_tags(false),
        many_tags(true)};
    return made;
}

/// Everything that a record says, for comparison.
std::string told(const FirmRecord& record) {
    std::string text;
    std::map<std::pair<std::uint32_t, std::string>, std::int64_t> named;
    for (std::uint32_t field = 0; field < schema()->size(); ++field) {
        if ((*schema())[field].derived()) continue;
        text += (*schema())[field].name + "=" + std::to_string(record.scalars()[field]) + " " +
                record.text(field) + "\n";
    }
    for (const FirmRecord::Element& element : record.elements()) {
        const auto [at, is_new] = named.emplace(
            std::pair(element.field, std::string(record.name(element))), element.until);
        if (!is_new) at->second = std::max<std::int64_t>(at->second, element.until);
    }
    for (const FirmRecord::TagWeight& tag : record.tags())
        named[{UINT32_MAX, std::string(record.name(tag))}] = tag.weight;
    for (const auto& [name, value] : named)
        text += std::to_string(name.first) + "." + name.second + "=" + std::to_string(value) + "\n";
    return text;
}

std::string told(const std::vector<Quarantined>& entries) {
    std::string text;
    for (const Quarantined& entry : entries)
        text += entry.firm_id + "," + entry.field + "," + entry.value + "," + entry.reason + "\n";
    return text;
}

ReadOptions options(bool strict) {
    ReadOptions made;
    made.as_of = world::day("2026-06-15");
    made.strict = strict;
    made.unknown_cell = "?";
    return made;
}

/// The firm that is used again, and a table of the same line.
void check(OneFirm& firm, const std::string& json) {
    INFO(json);
    for (const bool strict : {false, true}) {
        const FirmsRead read =
            read_firms_jsonl(json, "firms.jsonl", schema(), options(strict)).value();
        const Status status = firm.assign_json(json, options(strict));
        FirmRecord wanted(schema());
        if (!status.ok()) {
            CHECK(read.firms.size() == 0);
            CHECK(told(firm.record()) == told(wanted));
            continue;
        }
        REQUIRE(read.firms.size() == 1);
        wanted.assign(read.firms[0]);
        CHECK(told(firm.record()) == told(wanted));
        CHECK(told(firm.bad_values()) == told(read.quarantine));
        CHECK(firm.id() == "f");
        const FirmTable table = firm.table(options(strict).as_of);
        FirmRecord again(schema());
        again.assign(table[0]);
        CHECK(told(again) == told(wanted));
    }
}

} // namespace

TEST_CASE("any value in any field of one firm's JSON is what a line of a file makes of it") {
    OneFirm firm(schema());
    for (const Field& field : schema()->fields()) {
        if (field.derived()) continue;
        for (const std::string& value : values())
            check(firm, R"({"id": "f", ")" + field.name + R"(": )" + value + "}");
    }
}

TEST_CASE("so are many values at once") {
    OneFirm firm(schema());
    std::mt19937_64 random(11);
    for (int round = 0; round < 2000; ++round) {
        std::string json = R"({"id": "f")";
        for (const Field& field : schema()->fields())
            if (!field.derived() && random() % 3 != 0)
                json += ", \"" + field.name + "\": " + values()[random() % values().size()];
        check(firm, json + "}");
    }
}

TEST_CASE("a firm that cannot be taken leaves nothing behind") {
    OneFirm firm(schema());
    const std::string empty = told(firm.record());
    for (const char* json : {R"({"id": "f", "b": 1, "c": 2})", R"({"b": 1, "sum": 2})", "[1]",
                             R"({"b": 1, "b": 2})", "", "{", R"({"b": 1} {})"}) {
        INFO(json);
        REQUIRE(firm.assign_json(R"({"id": "f", "b": 1, "name": "n"})", options(false)).ok());
        const Status status = firm.assign_json(json, options(false));
        CHECK(status.code() == StatusCode::invalid_input);
        CHECK(told(firm.record()) == empty);
        CHECK(firm.id().empty());
    }
    ReadOptions ignoring = options(false);
    ignoring.ignore_unknown_columns = true;
    REQUIRE(firm.assign_json(R"({"b": 1, "c": 2})", ignoring).ok());
    CHECK(firm.record().scalars()[*schema()->find("b")] == 1);
    CHECK(firm.id().empty());
}
