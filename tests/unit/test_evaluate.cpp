// What a rule says of a firm, and how far the firm is from it.
#include "qice/rule/evaluate.hpp"

#include "unit/world.hpp"

using namespace qice;
using world::day;

namespace {

const char* const kAsOf = "2026-11-23";

/// What a rule says of a firm with these cells.
std::string says(const std::string& rule, const world::Cells& cells,
                 Manual manual = Manual::unknown) {
    const SchemaPtr schema = world::schema();
    const FirmTable firms = world::firms(schema, day(kAsOf), {cells});
    return name_of(evaluate(world::rule(schema, rule), firms[0], manual));
}

/// The verdict, with `, one fact` where that is all.
std::string verdict(const std::string& rule, const world::Cells& cells) {
    const SchemaPtr schema = world::schema();
    const FirmTable firms = world::firms(schema, day(kAsOf), {cells});
    const Judgement judgement = judge(world::rule(schema, rule), firms[0]);
    return std::string(name_of(judgement.verdict)) + (judgement.one_fact_away ? ", one fact" : "");
}

std::string cost(const std::string& rule, Repair repair) {
    const SchemaPtr schema = world::schema();
    const FirmTable firms = world::firms(schema, day(kAsOf), {{}});
    const std::int64_t found = repair_cost(world::rule(schema, rule).root, firms[0], repair);
    return found == kNoRepair ? "none" : std::to_string(found);
}

std::string list(const std::string& kind, const std::vector<std::string>& nodes) {
    std::string text = "{" + kind + ": [";
    for (std::size_t i = 0; i < nodes.size(); ++i)
        text += (i == 0 ? "" : ", ") + nodes[i];
    return text + "]}";
}

// A firm without cells knows its titles (none) and nothing else: leaves of every value.
const std::string kTrue = R"({"field": "titles", "has_none": "a"})";
const std::string kFalse = R"({"field": "titles", "has_any": "a"})";
const std::string kOpen = R"({"field": "patents", "ge": 1})";
const std::string kFixed = R"({"field": "park", "known": true})";
const std::string kManual = R"({"manual": "judged"})";

} // namespace

TEST_CASE("comparisons decide at their bounds") {
    const auto patents = [](const char* ops, const char* value) {
        return says(std::string(R"({"field": "patents", )") + ops + "}", {{"patents", value}});
    };
    CHECK(patents(R"("ge": 5)", "5") == "yes");
    CHECK(patents(R"("ge": 5)", "4") == "no");
    CHECK(patents(R"("gt": 5)", "5") == "no");
    CHECK(patents(R"("le": 5)", "5") == "yes");
    CHECK(patents(R"("lt": 5)", "5") == "no");
    CHECK(patents(R"("lt": 5)", "4") == "yes");
    CHECK(patents(R"("eq": 5)", "5") == "yes");
    CHECK(patents(R"("ne": 5)", "5") == "no");
    CHECK(patents(R"("ge": 1, "lt": 5, "ne": 3)", "3") == "no");
    CHECK(patents(R"("ge": 1, "lt": 5, "ne": 3)", "4") == "yes");
    CHECK(patents(R"("ge": 1)", "") == "unknown");
    CHECK(patents(R"("ge": 9223372036854775807)", "9223372036854775807") == "yes");
    CHECK(patents(R"("lt": -9223372036854775807)", "-9223372036854775807") == "no");
}

TEST_CASE("no ratio is decided by binary floating point") {
    const std::string rule = R"({"field": "rd_ratio", "ge": "3%"})";
    CHECK(says(rule, {{"rd", "30.3万"}, {"revenue", "1010万"}}) == "yes");
    CHECK(says(rule, {{"rd", "302999.99"}, {"revenue", "1010万"}}) == "no");
    CHECK(says(rule, {{"rd", "30.3万"}, {"revenue", "10100000.01"}}) == "no");
    CHECK(says(rule, {{"rd", "1"}, {"revenue", "0"}}) == "unknown");
    CHECK(says(rule, {{"rd", "-1"}, {"revenue", "-10"}}) == "yes");
}

TEST_CASE("a code is under itself and its ancestors") {
    const world::Cells firm{{"industry", "3921"}, {"park", "P12"}};
    CHECK(says(R"({"field": "industry", "under": ["C"]})", firm) == "yes");
    CHECK(says(R"({"field": "industry", "under": "3921"})", firm) == "yes");
    CHECK(says(R"({"field": "industry", "under": ["C"], "not_under": ["39"]})", firm) == "no");
    CHECK(says(R"({"field": "industry", "in": ["39", "C"]})", firm) == "no");
    CHECK(says(R"({"field": "industry", "not_in": ["39", "C"]})", firm) == "yes");
    CHECK(says(R"({"field": "park", "under": "P1"})", firm) == "yes");
    CHECK(says(R"({"field": "park", "under": "P12"})", firm) == "yes");
    CHECK(says(R"({"field": "park", "under": "P123"})", firm) == "no");
    CHECK(says(R"({"field": "park", "in": "P1"})", firm) == "no");
    CHECK(says(R"({"field": "park", "not_under": "P1"})", {}) == "unknown");
}

TEST_CASE("a title counts through its last day, and for ever with ever_") {
    const auto titles = [](const char* ops, const char* cell) {
        return says(std::string(R"({"field": "titles", )") + ops + "}", {{"titles", cell}});
    };
    CHECK(titles(R"("has_any": "a")", "a@2026-11-23") == "yes");
    CHECK(titles(R"("has_any": "a")", "a@2026-11-22") == "no");
    CHECK(titles(R"("has_none": "a")", "a@2026-11-22") == "yes");
    CHECK(titles(R"("ever_has_any": "a")", "a@2026-11-22") == "yes");
    CHECK(titles(R"("ever_has_none": "a")", "a@2026-11-22") == "no");
    CHECK(titles(R"("has_all": ["a", "b"])", "a|b@2026-11-23") == "yes");
    CHECK(titles(R"("has_all": ["a", "b"])", "a|b@2026-11-22") == "no");
    CHECK(titles(R"("has_any": ["a", "b"])", "c|b") == "yes");
    CHECK(titles(R"("has_any": "a", "has_none": "b")", "a|b") == "no");
    CHECK(titles(R"("has_any": "a")", "") == "no"); // empty is none
    CHECK(titles(R"("has_any": "A")", "a") == "no");
}

TEST_CASE("a set whose absence is unknown is neither with nor without") {
    CHECK(says(R"({"field": "labels", "has_any": "a"})", {}) == "unknown");
    CHECK(says(R"({"field": "labels", "has_none": "a"})", {}) == "unknown");
    CHECK(says(R"({"field": "labels", "known": false})", {}) == "yes");
    CHECK(says(R"({"field": "labels", "has_none": "a"})", {{"labels", "b"}}) == "yes");
}

TEST_CASE("known is never unknown") {
    for (const char* field : {"revenue", "rd_ratio", "age", "established", "dishonest", "scale",
                              "industry", "park", "labels", "name"}) {
        INFO(field);
        const std::string known = std::string(R"({"field": ")") + field + R"(", "known": )";
        CHECK(says(known + "true}", {}) == "no");
        CHECK(says(known + "false}", {}) == "yes");
    }
    CHECK(says(R"({"field": "titles", "known": true})", {}) == "yes");
    CHECK(says(R"({"field": "follows", "known": true})", {}) == "yes");
    CHECK(says(R"({"field": "name", "known": true})", {{"name", "A"}}) == "yes");
    CHECK(says(R"({"field": "patents", "known": true, "ge": 1})", {}) == "no");
    CHECK(says(R"({"field": "patents", "known": false, "ge": 1})", {}) == "unknown");
    CHECK(says(R"({"field": "patents", "known": false, "ge": 1})", {{"patents", "1"}}) == "no");
}

TEST_CASE("nodes follow strong Kleene logic") {
    CHECK(says(list("\"all\"", {}), {}) == "yes");
    CHECK(says(list("\"any\"", {}), {}) == "no");
    CHECK(says(list("\"all\"", {kTrue, kOpen}), {}) == "unknown");
    CHECK(says(list("\"all\"", {kFalse, kOpen}), {}) == "no");
    CHECK(says(list("\"any\"", {kTrue, kOpen}), {}) == "yes");
    CHECK(says(list("\"any\"", {kFalse, kOpen}), {}) == "unknown");
    CHECK(says("{\"not\": " + kOpen + "}", {}) == "unknown");
    CHECK(says("{\"not\": " + kFalse + "}", {}) == "yes");
    CHECK(says(list("\"at_least\": 2, \"of\"", {kTrue, kOpen, kFalse}), {}) == "unknown");
    CHECK(says(list("\"at_least\": 2, \"of\"", {kTrue, kTrue, kOpen}), {}) == "yes");
    CHECK(says(list("\"at_least\": 2, \"of\"", {kOpen, kFalse, kFalse}), {}) == "no");
    CHECK(says(list("\"at_least\": 0, \"of\"", {}), {}) == "yes");
    CHECK(says(list("\"at_least\": 3, \"of\"", {kTrue, kTrue}), {}) == "no");
    CHECK(says(kManual, {}) == "unknown");
    CHECK(says(kManual, {}, Manual::taken_as_true) == "yes");
    CHECK(says(R"({"always": false})", {}) == "no");
}

TEST_CASE("a table adds the points of the first true tiers") {
    const auto table = [](int threshold, const world::Cells& cells,
                          Manual manual = Manual::unknown) {
        return says(R"({"points": )" + std::to_string(threshold) + R"(, "of": [
            {"tiers": [{"when": {"field": "patents", "ge": 10}, "points": 20},
                       {"when": {"field": "patents", "ge": 5}, "points": 40},
                       {"when": {"field": "revenue", "ge": 100}, "points": 30}]},
            {"manual": "experts", "points": 10}]})",
                    cells, manual);
    };
    CHECK(table(20, {{"patents", "10"}}) == "yes"); // the first, though another gives more
    CHECK(table(21, {{"patents", "10"}}) == "unknown");
    CHECK(table(30, {{"patents", "10"}}) == "unknown"); // 20 and up to 10 by hand
    CHECK(table(31, {{"patents", "10"}}) == "no");
    CHECK(table(30, {{"patents", "10"}}, Manual::taken_as_true) == "yes");
    CHECK(table(40, {{"patents", "5"}}) == "yes");
    CHECK(table(30, {{"patents", "0"}, {"revenue", "100"}}) == "yes");
    CHECK(table(0, {}) == "yes");
    CHECK(table(1, {{"patents", "0"}, {"revenue", "0"}}) == "unknown"); // by hand
    CHECK(table(11, {{"patents", "0"}, {"revenue", "0"}}) == "no");
    // Unknown patents: 20, 40, 30 if the revenue is there.
    CHECK(table(20, {{"revenue", "100"}}) == "yes");
    CHECK(table(21, {{"revenue", "100"}}) == "unknown");
    CHECK(table(50, {{"revenue", "100"}}) == "unknown");
    CHECK(table(51, {{"revenue", "100"}}) == "no");
    CHECK(table(1, {{"revenue", "0"}}) == "unknown"); // 0 is possible
}

TEST_CASE("verdicts come in their order") {
    CHECK(verdict(kTrue, {}) == "eligible");
    CHECK(verdict(list("\"all\"", {kTrue, kManual}), {}) == "review");
    CHECK(verdict(list("\"all\"", {kManual, kOpen}), {}) == "needs_data, one fact");
    CHECK(verdict(list("\"any\"", {kManual, kOpen}), {}) == "review");
    CHECK(verdict(list("\"any\"", {kManual, kTrue}), {}) == "eligible");
    CHECK(verdict(list("\"all\"", {kTrue, kOpen}), {}) == "needs_data, one fact");
    CHECK(verdict(list("\"all\"", {kOpen, kOpen}), {}) == "needs_data"); // the same twice is two
    CHECK(verdict(list("\"any\"", {kOpen, kOpen}), {}) == "needs_data, one fact");
    CHECK(verdict(list("\"all\"", {kTrue, kFalse}), {}) == "near");
    CHECK(verdict(list("\"all\"", {kFalse, kFalse}), {}) == "ineligible");
    CHECK(verdict(list("\"all\"", {kManual, kFalse}), {}) == "near");
    CHECK(verdict(list("\"all\"", {kOpen, kFalse}), {}) == "ineligible"); // an unknown never mends
    CHECK(verdict(list("\"all\"", {kFixed}), {}) == "ineligible");
    CHECK(verdict(list("\"any\"", {kFixed, kFalse}), {}) == "near");
    CHECK(verdict(R"({"always": false})", {}) == "ineligible");
    CHECK(verdict("{\"not\": " + kTrue + "}", {}) == "near");
    CHECK(verdict(R"({"not": {"all": []}})", {}) == "ineligible");
    CHECK(verdict(R"({"field": "titles", "has_any": "a", "has_all": ["b", "c"]})", {}) ==
          "near"); // one condition, whatever its operators
}

TEST_CASE("the cost of a change goes through any, at_least and negations") {
    const auto change = [](const std::string& rule) { return cost(rule, Repair::change_values); };
    CHECK(change(list("\"all\"", {kFalse, kTrue, kFalse, kFalse})) == "3");
    CHECK(change(list("\"any\"", {list("\"all\"", {kFalse, kFalse}), kFalse})) == "1");
    CHECK(change(list("\"any\"", {})) == "none");
    CHECK(change(list("\"all\"", {kFalse, kOpen})) == "none");
    CHECK(change(list("\"at_least\": 2, \"of\"", {kFalse, kTrue, kFixed})) == "1");
    CHECK(change(list("\"at_least\": 2, \"of\"", {kFalse, kFalse, kFalse})) == "2");
    CHECK(change(list("\"at_least\": 3, \"of\"", {kFalse, kTrue})) == "none");
    CHECK(change(list("\"at_least\": 0, \"of\"", {})) == "0");
    CHECK(change("{\"not\": " + list("\"all\"", {kTrue, kTrue}) + "}") == "1");
    CHECK(change("{\"not\": " + list("\"any\"", {kTrue, kTrue}) + "}") == "2");
    CHECK(change("{\"not\": " + list("\"at_least\": 2, \"of\"", {kTrue, kTrue, kTrue}) + "}") ==
          "2"); // two of the three must fall
    CHECK(change("{\"not\": " + list("\"at_least\": 0, \"of\"", {kTrue}) + "}") == "none");
    CHECK(change("{\"not\": " + list("\"at_least\": 2, \"of\"", {kTrue}) + "}") == "0");
    CHECK(change("{\"not\": {\"not\": " + kFalse + "}}") == "1");
    CHECK(change(kManual) == "0");
    CHECK(change(R"({"points": 5, "of": [{"tiers": [{"when": )" + kFalse +
                 R"(, "points": 9}]}, {"tiers": [{"when": )" + kFalse + R"(, "points": 1}]}]})") ==
          "1"); // a table is one condition
    CHECK(change(R"({"points": 5, "of": [{"tiers": [{"when": )" + kFixed +
                 R"(, "points": 9}]}]})") == "1"); // whatever stands in it
}

TEST_CASE("the cost of learning counts unknown conditions") {
    const auto learn = [](const std::string& rule) { return cost(rule, Repair::learn_facts); };
    CHECK(learn(list("\"all\"", {kOpen, kTrue, kManual, kOpen})) == "2");
    CHECK(learn(list("\"all\"", {kOpen, kFalse})) == "none");
    CHECK(learn(list("\"any\"", {list("\"all\"", {kOpen, kOpen}), kOpen, kFalse})) == "1");
    CHECK(learn(R"({"field": "established", "le": "2020-01-01"})") == "1"); // fixed plays no part
    CHECK(learn(R"({"points": 5, "of": [{"tiers": [{"when": )" + kOpen + R"(, "points": 9}]}]})") ==
          "1");
    CHECK(learn("{\"not\": " + list("\"all\"", {kOpen, kOpen}) + "}") == "1");
}

TEST_CASE("a trace hears of every node, with its value") {
    struct Recorder {
        std::vector<std::string> heard;
        std::vector<std::pair<std::int64_t, std::int64_t>> ranges;
        void node(const Node& node, Truth truth) {
            heard.push_back(std::to_string(node.index) + " " + name_of(truth));
        }
        void item(const Node&, std::size_t, const PointsRange& range) {
            ranges.emplace_back(range.least, range.most);
        }
    } recorder;
    const SchemaPtr schema = world::schema();
    const FirmTable firms = world::firms(schema, day(kAsOf), {{}});
    const Rule rule = world::rule(schema, list("\"any\"", {kTrue, kOpen, R"({"points": 5, "of": [
        {"tiers": [{"when": )" + kOpen + R"(, "points": 7}]}, {"manual": "x", "points": 3}]})"}));
    CHECK(evaluate(rule.root, firms[0], Manual::unknown, recorder) == Truth::yes);
    CHECK(recorder.heard ==
          std::vector<std::string>{"1 yes", "2 unknown", "4 unknown", "3 unknown", "0 yes"});
    CHECK(recorder.ranges == std::vector<std::pair<std::int64_t, std::int64_t>>{{0, 7}, {0, 3}});
}

TEST_CASE("verdicts have the names of the answer") {
    CHECK(name_of(Verdict::eligible) == "eligible");
    CHECK(name_of(Verdict::needs_data) == "needs_data");
    CHECK(name_of(Verdict::ineligible) == "ineligible");
}
