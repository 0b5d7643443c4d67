// Lint says what is certain, and nothing else.
#include "qice/rule/lint.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace qice;

namespace {

const SchemaPtr& schema() {
    static const SchemaPtr parsed = Schema::parse(R"({"id": "id", "fields": [
        {"name": "revenue", "kind": "number", "unit": "元", "decimals": 2},
        {"name": "rd", "kind": "number", "unit": "元", "decimals": 2},
        {"name": "rd_ratio", "kind": "number", "derive": {"ratio": ["rd", "revenue"]}},
        {"name": "staff", "kind": "number"},
        {"name": "established", "kind": "date"},
        {"name": "age", "kind": "number", "derive": {"months_since": "established"}},
        {"name": "listed", "kind": "flag"},
        {"name": "form", "kind": "category", "values": ["a", "b", "c"]},
        {"name": "brand", "kind": "category"},
        {"name": "region", "kind": "code", "codes": "prefix"},
        {"name": "industry", "kind": "code", "codes": "gbt4754"},
        {"name": "branch", "kind": "code", "codes": "gbt4754", "level": "section"},
        {"name": "titles", "kind": "set", "expires": true},
        {"name": "labels", "kind": "set"},
        {"name": "follows", "kind": "tags"},
        {"name": "name", "kind": "text"}]})",
                                                  "schema.json")
                                        .value();
    return parsed;
}

const Date kAsOf = *Date::parse("2026-06-15");

/// `policy: field: kind: message` of every warning.
std::vector<std::string> warnings(const std::string& policies) {
    const PolicySet set = parse_policies(policies, "p.json", schema());
    std::vector<std::string> out;
    for (const Status& error : set.errors)
        out.push_back("error " + error.to_string());
    for (const Warning& warning : lint(set, kAsOf))
        out.push_back(warning.policy + ": " + warning.field + ": " + warning.kind + ": " +
                      warning.message);
    return out;
}

/// Of one policy P with this rule and these other keys.
std::vector<std::string> of_rule(const std::string& rule, const std::string& others = "") {
    return warnings(R"({"id": "P", "title": "T", "rule": )" + rule + others + "}");
}

using Lines = std::vector<std::string>;

} // namespace

TEST_CASE("a clean policy has no warning") {
    CHECK(of_rule(R"({"all": [
        {"field": "region", "under": ["44"], "not_under": ["4403"]},
        {"not": {"field": "listed", "is": true}},
        {"field": "revenue", "ge": "2000万元", "lt": "4亿元"},
        {"any": [{"field": "titles", "has_any": ["甲", "乙"]}, {"field": "staff", "ge": 20}]},
        {"manual": "m"}]})") == Lines{});
    CHECK(of_rule(R"({"all": []})") == Lines{});
    CHECK(of_rule(R"({"always": true})") == Lines{});
}

TEST_CASE("a warning has the place of its policy") {
    const PolicySet set =
        parse_policies("[\n  {\"id\": \"P\", \"rule\": {\"all\": []}}]", "p.json", schema());
    const std::vector<Warning> found = lint(set, kAsOf);
    REQUIRE(found.size() == 1);
    CHECK(found[0].to_string() ==
          R"(p.json:2:3: policy "P": field "title": the policy has no title)");
}

TEST_CASE("a condition that no value meets makes its rule impossible") {
    CHECK(
        of_rule(R"({"field": "form", "in": ["a"], "not_in": ["a", "b"]})") ==
        Lines{"P: rule: never_true: no enterprise can ever meet the rule: field \"form\": rule can "
              "never be true: no value meets it"});
    CHECK(of_rule(R"({"all": [{"field": "industry", "under": ["C39"], "not_under": ["C"]}]})") ==
          Lines{"P: rule: never_true: no enterprise can ever meet the rule: field \"industry\": "
                "rule.all[0] can never be true: no value meets it"});
    CHECK(of_rule(R"({"field": "titles", "has_any": ["甲"], "has_none": ["甲", "乙"]})") ==
          Lines{"P: rule: never_true: no enterprise can ever meet the rule: field \"titles\": rule "
                "can never be true: no value meets it"});
    CHECK(of_rule(R"({"field": "revenue", "ge": 1, "known": false})").size() == 1);
    CHECK(of_rule(R"({"field": "follows", "known": false})").size() == 1);
    CHECK(of_rule(R"({"field": "age", "ge": 24400})").size() == 1); // before the year 1
}

TEST_CASE("conditions on one field that contradict each other") {
    CHECK(
        of_rule(R"({"all": [{"field": "revenue", "ge": 100}, {"field": "staff", "ge": 1},
                              {"all": [{"field": "revenue", "lt": 100}]}]})") ==
        Lines{"P: rule: never_true: no enterprise can ever meet the rule: field \"revenue\": rule "
              "can never be true: its conditions on this field leave no value"});
    CHECK(of_rule(R"({"all": [{"field": "listed", "is": true},
                              {"not": {"field": "listed", "is": true}}]})")
              .size() == 1);
    CHECK(of_rule(R"({"all": [{"field": "region", "under": ["44"]},
                              {"field": "region", "in": ["4503"]}]})")
              .size() == 1);
    CHECK(of_rule(R"({"all": [{"field": "labels", "has_all": ["甲", "乙"]},
                              {"field": "labels", "ever_has_none": ["乙"]}]})")
              .size() == 1);
    CHECK(of_rule(R"({"all": [{"field": "rd_ratio", "ge": "3%"},
                              {"field": "rd_ratio", "lt": "3%"}]})")
              .size() == 1);
    CHECK(of_rule(R"({"not": {"any": [{"field": "listed", "is": true},
                                      {"not": {"field": "listed", "is": true}}]}})")
              .size() >= 1);
}

TEST_CASE("conditions on one field that still meet are no contradiction") {
    for (
        const char* rule : {
            R"({"all": [{"field": "revenue", "ge": 100}, {"field": "revenue", "le": 100}]})",
            R"({"all": [{"field": "rd_ratio", "gt": 0.1}, {"field": "rd_ratio", "lt": 0.100000001}]})",
            R"({"any": [{"field": "revenue", "ge": 100}, {"field": "revenue", "lt": 50}]})",
            R"({"all": [{"field": "titles", "ever_has_any": ["甲"]}, {"field": "titles", "has_none": ["甲"]}]})",
            R"({"all": [{"field": "titles", "has_any": ["甲", "乙"]}, {"field": "titles", "has_none": ["甲"]}]})",
            R"({"all": [{"field": "region", "under": ["44"]}, {"field": "region", "not_under": ["4403"]}]})",
            R"({"any": [{"field": "revenue", "known": false}, {"field": "revenue", "ge": 5}]})",
            R"({"all": [{"not": {"field": "titles", "has_all": ["甲", "乙"]}}, {"field": "titles", "has_any": ["甲"]}]})",
            R"({"all": [{"field": "staff", "ge": 0}]})",
            R"({"all": [{"field": "established", "ge": "2020-01-01"}]})",
        })
        CHECK(of_rule(rule) == Lines{});
}

TEST_CASE("a part that can never be true") {
    CHECK(of_rule(R"({"any": [{"field": "staff", "ge": 1},
                              {"all": [{"field": "form", "in": ["a"]},
                                       {"field": "form", "in": ["b"]}]}]})") ==
          Lines{"P: form: dead_condition: rule.any[1] can never be true: its conditions on this "
                "field leave no value"});
    CHECK(
        of_rule(R"({"any": [{"field": "staff", "ge": 1}, {"any": [], "id": "x"}]})") ==
        Lines{"P: : dead_condition: rule.any[1] (\"x\") can never be true: it is any of nothing"});
    CHECK(of_rule(R"({"any": [{"field": "staff", "ge": 1},
                              {"at_least": 3, "of": [{"field": "listed", "is": true}, {"manual": "m"}]}]})") ==
          Lines{"P: : dead_condition: rule.any[1] can never be true: it asks for 3 of 2 nodes"});
    CHECK(of_rule(R"({"always": false})") ==
          Lines{"P: rule: never_true: no enterprise can ever meet the rule"});
    CHECK(
        of_rule(R"({"all": [{"manual": "m"}, {"not": {"all": []}}]})") ==
        Lines{"P: rule: never_true: no enterprise can ever meet the rule: rule.all[1] can never be "
              "true: what it negates is true for everybody"});
}

TEST_CASE("points that can never be reached, or always are") {
    const std::string items = R"([{"tiers": [{"when": {"field": "staff", "ge": 10}, "points": 30},
                                             {"when": {"field": "staff", "ge": 5}, "points": 20}]},
                                  {"manual": "m", "points": 20}])";
    CHECK(of_rule(R"({"points": 50, "of": )" + items + "}") == Lines{});
    CHECK(
        of_rule(R"({"points": 51, "of": )" + items + "}") ==
        Lines{"P: rule: never_true: no enterprise can ever meet the rule: rule can never be true: "
              "at most 50 points can be reached, 51 are needed"});
    CHECK(of_rule(R"({"all": [{"points": 0, "of": )" + items + "}]}") ==
          Lines{"P: : excludes_nobody: rule.all[0] keeps nobody out: everybody reaches 0 points"});
    CHECK(of_rule(
              R"({"points": 5, "of": [{"tiers": [{"when": {"field": "staff", "ge": 9}, "points": 9},
                                                     {"when": {"always": true}, "points": 5}]}]})") ==
          Lines{"P: : excludes_nobody: rule keeps nobody out: everybody reaches 5 points"});
}

TEST_CASE("a part that keeps nobody out") {
    CHECK(of_rule(R"({"field": "form", "in": ["a", "b", "c"]})") ==
          Lines{"P: form: excludes_nobody: rule keeps nobody out: every value meets it"});
    CHECK(of_rule(R"({"field": "form", "in": ["a", "b"]})") == Lines{});
    CHECK(of_rule(R"({"field": "follows", "known": true})").size() == 1);
    CHECK(of_rule(
              R"({"any": [{"field": "listed", "is": true}, {"field": "listed", "is": false}]})") ==
          Lines{"P: listed: excludes_nobody: rule keeps nobody out: its conditions on this field "
                "leave none out"});
    CHECK(of_rule(R"({"any": [{"field": "staff", "ge": 5}, {"all": []}]})") ==
          Lines{"P: : excludes_nobody: rule keeps nobody out: one of its nodes is true for "
                "everybody"});
    CHECK(of_rule(R"({"at_least": 0, "of": [{"field": "staff", "ge": 5}]})") ==
          Lines{"P: : excludes_nobody: rule keeps nobody out: it asks for none"});
    CHECK(of_rule(R"({"any": [{"field": "staff", "ge": 5}, {"manual": "m"}]})") == Lines{});
    CHECK(
        of_rule(R"({"any": [{"field": "staff", "ge": 5}, {"field": "staff", "lt": 5}]})").size() ==
        1);
}

TEST_CASE("codes are judged by the values that the field can have") {
    // Every section of the list, and so every code the field admits.
    CHECK(of_rule(R"({"field": "branch", "not_in": ["C"]})") == Lines{});
    std::string sections;
    for (char section = 'A'; section <= 'T'; ++section)
        sections += std::string(sections.empty() ? "" : ", ") + '"' + section + '"';
    CHECK(of_rule(R"({"field": "branch", "in": [)" + sections + "]}") ==
          Lines{"P: branch: excludes_nobody: rule keeps nobody out: every value meets it"});
    CHECK(of_rule(R"({"field": "industry", "in": [)" + sections + "]}") == Lines{});
}

TEST_CASE("the same condition twice") {
    CHECK(of_rule(R"({"all": [{"field": "form", "in": ["a", "b"]}, {"field": "staff", "ge": 1},
                              {"field": "form", "in": ["b", "a", "a"], "text": "x"}]})") ==
          Lines{"P: form: duplicate_condition: rule has the same condition twice"});
    CHECK(of_rule(R"({"at_least": 2, "of": [{"field": "staff", "ge": 1},
                                            {"field": "staff", "ge": 1}]})") == Lines{});
    CHECK(of_rule(R"({"all": [{"field": "titles", "has_any": ["a b"]},
                              {"field": "titles", "has_any": ["a", "b"]}]})") == Lines{});
}

TEST_CASE("a tier behind one that is true whenever it is") {
    const auto table = [](const std::string& tiers) {
        return of_rule(R"({"points": 10, "of": [{"tiers": [)" + tiers + "]}]}");
    };
    CHECK(
        table(R"({"when": {"field": "staff", "ge": 5}, "points": 10},
                   {"when": {"field": "staff", "ge": 9}, "points": 30})") ==
        Lines{
            "P: : unreachable_tier: rule.of[0].tiers[1] is never reached: an earlier tier is true "
            "whenever this one is"});
    CHECK(table(R"({"when": {"field": "staff", "ge": 9}, "points": 10},
                   {"when": {"field": "staff", "lt": 5}, "points": 10},
                   {"when": {"field": "staff", "ge": 5}, "points": 5})") == Lines{});
    CHECK(table(R"({"when": {"field": "staff", "ge": 9}, "points": 10},
                   {"when": {"field": "staff", "lt": 5}, "points": 10},
                   {"when": {"field": "staff", "ge": 2}, "points": 5},
                   {"when": {"field": "staff", "eq": 3}, "points": 5})")
              .size() == 1);
    CHECK(table(R"({"when": {"all": [{"field": "staff", "ge": 5}]}, "points": 10},
                   {"when": {"all": [{"field": "staff", "ge": 9}, {"field": "listed", "is": true}]},
                    "points": 30})")
              .size() == 1);
    CHECK(table(R"({"when": {"all": [{"field": "staff", "ge": 5}, {"field": "listed", "is": true}]},
                    "points": 10},
                   {"when": {"field": "staff", "ge": 9}, "points": 30})") == Lines{});
    CHECK(table(R"({"when": {"field": "staff", "ge": 5}, "points": 10},
                   {"when": {"field": "staff", "known": false}, "points": 5})") == Lines{});
    CHECK(of_rule(R"({"all": []})", R"(, "benefit": {"tiers": [
              {"when": {"field": "staff", "ge": 5}, "amount": 1},
              {"when": {"always": true}, "amount": 2},
              {"when": {"field": "staff", "lt": 2}, "amount": 3}]})") ==
          Lines{"P: benefit: unreachable_tier: tiers[2] is never reached: an earlier tier is true "
                "whenever this one is"});
}

TEST_CASE("dates that are past") {
    const std::string open = R"({"all": []})";
    CHECK(of_rule(open, R"(, "effective": {"to": "2026-06-14"})") ==
          Lines{"P: effective: not_in_force_any_more: the policy is not in force any more since "
                "2026-06-14"});
    CHECK(of_rule(open, R"(, "effective": {"to": "2026-06-15"})") == Lines{});
    CHECK(of_rule(open, R"(, "windows": [{"closes": "2026-06-14"}, {"closes": "2025-01-01"}])") ==
          Lines{"P: windows: windows_past: every window is past"});
    CHECK(of_rule(open, R"(, "windows": [{"closes": "2026-06-15"}, {"closes": "2025-01-01"}])") ==
          Lines{});
    CHECK(
        of_rule(open,
                R"(, "windows": [{"opens": "2027-01-01"}], "effective": {"to": "2026-12-31"})") ==
        Lines{"P: windows: window_not_in_force: a window lies outside the time in which the policy "
              "is in force"});
    CHECK(
        of_rule(open,
                R"(, "windows": [{"opens": "2026-01-01"}], "effective": {"from": "2026-02-01"})") ==
        Lines{});
    CHECK(of_rule(open, R"(, "status": "withdrawn", "windows": [{"closes": "2025-01-01"}])") ==
          Lines{});
}

TEST_CASE("small slips in a policy") {
    const std::string open = R"({"all": []})";
    CHECK(of_rule(open, R"(, "tags": {"出口": 0, "制造": 0.001})") ==
          Lines{"P: tags: zero_tag: tag \"出口\" has the weight 0"});
    CHECK(of_rule(open, R"(, "quota": 0)") ==
          Lines{"P: quota: zero_quota: with the quota 0 the policy is pushed to nobody"});
    CHECK(of_rule(open, R"(, "prefer": [{"when": {"field": "staff", "ge": 1}, "add": 0}])") ==
          Lines{"P: prefer: zero_preference: prefer[0] adds nothing"});
    CHECK(of_rule(open, R"(, "prefer": [{"when": {"manual": "m"}, "add": 1}])") ==
          Lines{"P: prefer: dead_preference: prefer[0] can never be true"});
    CHECK(of_rule(open, R"(, "prefer": [{"when": {"field": "staff", "ge": 1}, "add": 1}])") ==
          Lines{});
    CHECK(of_rule(open, R"(, "supersedes": ["Q"])") ==
          Lines{"P: supersedes: unknown_id: \"Q\" is not in the set"});
}

TEST_CASE("a superseded policy that may be among the wrong ones is not missed") {
    const Lines found =
        warnings(R"([{"id": "P", "title": "T", "rule": {"all": []}, "supersedes": ["Q"]},
                                     {"id": "Q", "title": "T", "rule": 1}])");
    REQUIRE(found.size() == 1);
    CHECK(found[0].substr(0, 6) == "error ");
}

TEST_CASE("policies against each other") {
    const auto policy = [](const std::string& id, const std::string& others) {
        return R"({"id": ")" + id + R"(", "title": "T", "rule": {"field": "staff", "ge": 1})" +
               others + "}";
    };
    CHECK(warnings('[' + policy("P", "") + ',' + policy("Q", "") + ']') ==
          Lines{"Q: rule: duplicate_policy: title, issuer and rule are those of policy \"P\""});
    CHECK(warnings('[' + policy("P", R"(, "effective": {"to": "2026-12-31"})") + ',' +
                   policy("Q", R"(, "effective": {"from": "2027-01-01"})") + ']') == Lines{});
    CHECK(warnings('[' + policy("P", "") + ',' + policy("Q", R"(, "issuer": "I")") + ']') ==
          Lines{});
    CHECK(warnings('[' + policy("P", "") + ',' + policy("Q", R"(, "supersedes": ["P"])") + ']') ==
          Lines{});
    CHECK(warnings('[' + policy("P", R"(, "supersedes": ["Q"])") + ',' +
                   policy("Q", R"(, "supersedes": ["P"])") + ']') ==
          Lines{"P: supersedes: mutual_supersedes: this policy and \"Q\" supersede each other"});
}
