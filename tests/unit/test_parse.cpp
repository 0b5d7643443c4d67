// Policies from JSON: what is read, and every fault with its place.
#include "qice/rule/parse.hpp"

#include "unit/world.hpp"

using namespace qice;

namespace {

/// The first fault of a rule, behind `policy "P": `.
std::string fault(const std::string& rule, const PolicyLimits& limits = {}) {
    const PolicySet set = parse_policies("{\"id\": \"P\", \"rule\": " + rule + "}", "p.json",
                                         world::schema(), limits);
    if (set.errors.empty()) return "";
    CHECK(set.policies.empty());
    return set.errors[0].message().substr(std::string_view("policy \"P\": ").size());
}

/// The first fault of a policy with these keys, likewise.
std::string fault_of_keys(const std::string& keys) {
    const PolicySet set = parse_policies("{\"id\": \"P\", \"rule\": {\"all\": []}, " + keys + "}",
                                         "p.json", world::schema());
    return set.errors.empty()
               ? ""
               : set.errors[0].message().substr(std::string_view("policy \"P\": ").size());
}

std::string first_error(std::string_view json) {
    const PolicySet set = parse_policies(json, "p.json", world::schema());
    return set.errors.empty() ? "" : set.errors[0].to_string();
}

} // namespace

TEST_CASE("a policy is read with everything it carries") {
    const Policy policy = world::policies(world::schema(), R"({
        "id": "DG-1", "version": 3, "title": "T", "issuer": "I", "document": "D", "url": "U",
        "level": "city", "status": "published", "summary": "", "note": 1, "source": [], "meta": {"a": 1},
        "x-ours": null, "effective": {"from": "2025-01-01", "to": null},
        "windows": [{"opens": "2025-03-01", "closes": "2025-04-30", "text": "round 1"}],
        "supersedes": ["DG-0"], "rule": {"all": [{"field": "patents", "ge": 1, "id": "c", "text": "t",
        "source": "s", "note": "n"}]}, "tags": {"小升规": 1, "制造业": 0.5, "x": -0.125}, "priority": 0.6,
        "prefer": [{"when": {"field": "patents", "ge": 3}, "add": -0.000001, "text": "why"}],
        "benefit": {"kind": "grant", "rate": "50%", "of": "rd", "cap": "15万元"},
        "exclusive_group": "G", "quota": 500})")[0];
    CHECK(policy.id == "DG-1");
    CHECK(policy.version == 3);
    CHECK(policy.effective.from == world::day("2025-01-01"));
    CHECK_FALSE(policy.effective.to);
    CHECK(policy.windows.size() == 1);
    CHECK(policy.supersedes == std::vector<std::string>{"DG-0"});
    CHECK(policy.rule.root.children[0].text == "t");
    CHECK(policy.rule.root.children[0].source == "s");
    CHECK(policy.rule.root.children[0].id == "c");
    CHECK(policy.tags[0].name == "小升规");
    CHECK(policy.tags[1].weight == 500);
    CHECK(policy.tags[2].weight == -125);
    CHECK(policy.priority == 600'000);
    CHECK(policy.prefer[0].add == -1);
    CHECK(policy.prefer[0].text == "why");
    CHECK(policy.benefit->amount.rate == 500'000'000);
    CHECK(policy.benefit->amount.of == 1u);
    CHECK(policy.benefit->amount.cap == 15'000'000); // 分
    CHECK(policy.quota == 500);
    CHECK(policy.place.to_string() == "policies.json:1:1");
}

TEST_CASE("constants are exact in the field's own terms") {
    const SchemaPtr schema = world::schema();
    const auto constant = [&](const char* field, const char* value) {
        return world::rule(schema,
                           std::string("{\"field\": \"") + field + "\", \"ge\": " + value + "}")
            .root.condition.tests[0]
            .numbers[0];
    };
    CHECK(constant("revenue", "\"2000万元\"") == 2'000'000'000);
    CHECK(constant("revenue", "2.5e7") == 2'500'000'000);
    CHECK(constant("revenue", "20000000") == 2'000'000'000);
    CHECK(constant("revenue", "\"92233720368547758.07\"") == INT64_MAX);
    CHECK(constant("rd_ratio", "\"3%\"") == 30'000'000);
    CHECK(constant("rd_ratio", "0.03") == 30'000'000);
    CHECK(constant("rd_ratio", "1000000000") == 1'000'000'000'000'000'000);
    CHECK(constant("established", "\"2026/1/5\"") == world::day("2026-01-05").days);
}

TEST_CASE("a ratio in percent counts hundredths") {
    const SchemaPtr schema = world::schema(R"({"id": "id", "fields": [
        {"name": "a", "kind": "number"}, {"name": "share", "kind": "number", "unit": "%"},
        {"name": "r", "kind": "number", "unit": "%", "derive": {"ratio": ["a", "a"]}}]})");
    const auto constant = [&](const char* rule) {
        return world::rule(schema, rule).root.condition.tests[0].numbers[0];
    };
    CHECK(constant(R"({"field": "r", "ge": 3})") == 30'000'000);
    CHECK(constant(R"({"field": "r", "ge": "3%"})") == 30'000'000);
    CHECK(constant(R"({"field": "share", "ge": 3})") == 3);
    CHECK(constant(R"({"field": "share", "ge": "3%"})") == 3);
}

TEST_CASE("a single value stands for a list of one, and lists may repeat themselves") {
    const SchemaPtr schema = world::schema();
    const auto test = [&](const char* json) {
        return world::rule(schema, json).root.condition.tests[0];
    };
    CHECK(test(R"({"field": "scale", "in": "micro"})").strings ==
          std::vector<std::string>{"micro"});
    CHECK(test(R"({"field": "titles", "has_any": ["a", "a"]})").strings.size() == 2);
    CHECK(test(R"({"field": "industry", "under": "C39"})").numbers ==
          test(R"({"field": "industry", "under": "39"})").numbers);
}

TEST_CASE("an error names file, line, column, policy and field") {
    CHECK(
        first_error("{\"id\": \"DG-1\",\n \"rule\": {\"field\": \"revenue\", \"ge\": \"high\"}}") ==
        "p.json:2:37: policy \"DG-1\": field \"revenue\": \"ge\" needs a number, got \"high\"");
    CHECK(first_error(
              "[{\"id\": \"A\", \"rule\": {\"all\": []}},\n {\"id\": \"A\", \"rule\": {\"all\": "
              "[]}}]") ==
          "p.json:2:2: policy \"A\": this id stands twice; the first is at p.json:1:2");
    CHECK(first_error("[1]") == "p.json:1:2: a policy is an object, got 1");
    CHECK(first_error("{\"rule\": {}}") ==
          "p.json:1:1: a policy needs an \"id\": a text that is not empty");
    CHECK(first_error("{\"id\": \"\"}") ==
          "p.json:1:8: a policy needs an \"id\": a text that is not empty, got \"\"");
    CHECK(
        first_error("{\"id\": \"A\"}") ==
        "p.json:1:1: policy \"A\": a policy needs a \"rule\"; {\"all\": []} is open to everybody");
    CHECK(first_error("{\"id\": \"A\", \"id\": \"B\"}") ==
          "p.json:1:13: key \"id\" stands twice in one object");
}

TEST_CASE("a faulty node is refused") {
    CHECK(fault("[]") == "a rule node is an object, got an empty list");
    CHECK(fault("{}") == "an empty node; expected one of all, any, not, at_least, points, manual, "
                         "always, field");
    CHECK(fault(R"({"manul": ""})") == "\"manul\" is not known here; did you mean \"manual\"?");
    CHECK(fault(R"({"everything": []})") ==
          "\"everything\" is not known here; expected one of all, any, not, at_least, points, "
          "manual, always, field");
    CHECK(fault(R"({"all": [], "any": []})") ==
          "a node has one of all, any, not, at_least, points, manual, always, field; this one has "
          "\"all\" and \"any\"");
    CHECK(fault(R"({"all": {}})") == "\"all\" needs a list of nodes, got an object");
    CHECK(fault(R"({"all": [], "txt": ""})") ==
          "\"txt\" is not known here; did you mean \"text\"?");
    CHECK(fault(R"({"all": [], "text": 1})") == "\"text\" needs a text, got 1");
    CHECK(fault(R"({"always": "true"})") == "\"always\" needs true or false, got \"true\"");
    CHECK(fault(R"({"not": []})") == "a rule node is an object, got an empty list");
    CHECK(fault(R"({"at_least": 1})") == "\"at_least\" needs \"of\": a list of nodes");
    for (const char* count : {"-1", "1.5", "\"2\"", "1000001", "null"})
        CHECK(fault(std::string(R"({"at_least": )") + count + R"(, "of": []})").substr(0, 53) ==
              "\"at_least\" needs a whole number from 0 to 1000000, go");
    CHECK(fault(R"({"at_least": 1, "of": [], "all": []})").find("one of all, any") !=
          std::string::npos);
    CHECK(fault(R"({"manual": 1})") == "\"manual\" needs a text, got 1");
    CHECK(fault(R"({"not": {"all": [{"manual": "x"}]}})") ==
          "\"manual\" may not stand under \"not\"");
    CHECK(fault(R"({"not": {"not": {"manual": "x"}}})") ==
          "\"manual\" may not stand under \"not\"");
    CHECK(fault(R"({"at_least": 9, "of": [{"manual": "x"}]})").empty());
}

TEST_CASE("a faulty points table is refused") {
    const auto item = [](const std::string& item) {
        return fault(R"({"points": 60, "of": [)" + item + "]}");
    };
    CHECK(fault(R"({"points": 60})") == "\"points\" needs \"of\": a list of items");
    CHECK(fault(R"({"points": 60, "of": {}})") == "\"of\" needs a list of items, got an object");
    CHECK(fault(R"({"points": 1000001, "of": []})") ==
          "\"points\" needs a whole number from 0 to 1000000, got 1000001");
    CHECK(item("3") == "an item of a points table is an object, got 3");
    CHECK(item("{}") ==
          "an item of a points table has either \"tiers\" or \"manual\" with \"points\"");
    CHECK(item(R"({"tiers": []})") == "\"tiers\" needs a list of tiers, got an empty list");
    CHECK(item(R"({"tiers": [{"when": {"all": []}}]})") == "a tier needs \"when\" and \"points\"");
    CHECK(item(R"({"tiers": [{"when": {"all": []}, "points": 1001}]})") ==
          "\"points\" needs a whole number from 0 to 1000, got 1001");
    CHECK(item(R"({"tiers": [{"when": {"all": []}, "points": 1000}]})").empty());
    CHECK(item(R"({"tiers": [3]})") == "a tier is an object, got 3");
    CHECK(item(R"({"tiers": [{"when": {"all": []}, "points": 1, "weight": 1}]})").substr(0, 26) ==
          "\"weight\" is not known here");
    CHECK(item(R"({"tiers": [{"when": {"all": []}, "points": 1}], "points": 1})") ==
          "an item with tiers has its points in the tiers");
    CHECK(item(R"({"manual": "x"})") == "a manual item needs \"points\"");
    CHECK(item(R"({"manual": "x", "points": 30})").empty());
    CHECK(item(R"({"tiers": [{"when": {"manual": "x"}, "points": 1}]})") ==
          "\"manual\" may not stand inside a \"when\" of a points table");
    CHECK(fault(R"({"not": {"points": 1, "of": [{"manual": "x", "points": 3}]}})") ==
          "\"manual\" may not stand under \"not\"");
}

TEST_CASE("a faulty condition is refused") {
    const auto of = [](const char* field, const std::string& ops) {
        return fault(std::string(R"({"field": ")") + field + "\"" + (ops.empty() ? "" : ", ") +
                     ops + "}");
    };
    CHECK(fault(R"({"field": 1})") == "\"field\" needs the name of a field, got 1");
    CHECK(of("revenu", R"("ge": 1)") ==
          "field \"revenu\" is not in the schema; did you mean \"revenue\"?");
    CHECK(of("turnover", R"("ge": 1)") == "field \"turnover\" is not in the schema");
    CHECK(of("patents", "") ==
          "field \"patents\": a condition needs an operator: ge, gt, le, lt, eq, ne, known");
    CHECK(
        of("patents", R"("above": 1)") ==
        "field \"patents\": \"above\" is no operator; a field of kind number takes ge, gt, le, lt, "
        "eq, ne, known");
    CHECK(of("patents", R"("is": true)") ==
          "field \"patents\": \"is\" does not fit a field of kind number; it takes "
          "ge, gt, le, lt, eq, ne, known");
    CHECK(of("scale", R"("under": "small")").substr(0, 59) ==
          "field \"scale\": \"under\" does not fit a field of kind categor");
    CHECK(of("follows", R"("has_any": "a")").find("it takes known") != std::string::npos);
    CHECK(of("patents", R"("ge": true)") == "field \"patents\": \"ge\" needs a number, got true");
    CHECK(of("patents", R"("ge": [1])") == "field \"patents\": \"ge\" needs a number, got a list");
    CHECK(of("patents", R"("ge": 1.5)") ==
          "field \"patents\": \"ge\" needs a whole number, got 1.5");
    CHECK(of("patents", R"("ge": "5件元")") ==
          "field \"patents\": \"ge\" needs a number, got \"5件元\"");
    CHECK(of("patents", R"("ge": 1e19)") ==
          "field \"patents\": \"ge\" needs a smaller number, got 1e19");
    CHECK(of("revenue", R"("ge": 0.001)") ==
          "field \"revenue\": \"ge\" needs at most 2 decimals, got 0.001");
    CHECK(of("revenue", R"("ge": "5%")") ==
          "field \"revenue\": \"ge\" needs a number in 元, got \"5%\"");
    CHECK(of("rd_ratio", R"("ge": 1000000001)") ==
          "field \"rd_ratio\": \"ge\" needs a ratio up to 1,000,000,000, got 1000000001");
    CHECK(of("rd_ratio", R"("ge": 0.0000000001)") ==
          "field \"rd_ratio\": \"ge\" needs at most 9 decimals, got 0.0000000001");
    CHECK(of("established", R"("ge": "2026-02-30")") ==
          "field \"established\": \"ge\" needs a date like 2026-11-23, got \"2026-02-30\"");
    CHECK(of("established", R"("ge": 20260101)") ==
          "field \"established\": \"ge\" needs a date like 2026-11-23, got 20260101");
    CHECK(of("dishonest", R"("is": 1)") ==
          "field \"dishonest\": \"is\" needs true or false, got 1");
    CHECK(of("patents", R"("known": 1)") ==
          "field \"patents\": \"known\" needs true or false, got 1");
    CHECK(of("scale", R"("in": [])") ==
          "field \"scale\": \"in\" needs at least one value, got an empty list");
    CHECK(of("scale", R"("in": [1])") == "field \"scale\": \"in\" needs texts, got 1");
    CHECK(of("scale", R"("in": 1)") ==
          "field \"scale\": \"in\" needs a text or a list of texts, got 1");
    CHECK(of("scale", R"("in": "")") ==
          "field \"scale\": \"in\" needs values that are not empty, got \"\"");
    CHECK(of("scale", R"("in": "huge")") ==
          "field \"scale\": \"huge\" is not one of the field's values: micro small medium large");
    CHECK(of("industry", R"("under": ["C", "9999"])") ==
          "field \"industry\": code \"9999\" is not on list \"gbt4754\"");
    CHECK(of("patents", R"("ge": 5, "le": 4)") ==
          "field \"patents\": the range is empty: \"ge\" 5 and \"le\" 4 leave no value");
    CHECK(of("patents", R"("gt": 5, "le": 5)") ==
          "field \"patents\": the range is empty: \"gt\" 5 and \"le\" 5 leave no value");
    CHECK(of("patents", R"("eq": 5, "lt": 5)") ==
          "field \"patents\": the range is empty: \"eq\" 5 and \"lt\" 5 leave no value");
    CHECK(of("established", R"("ge": "2026-01-02", "le": "2026-01-01")").find("range is empty") !=
          std::string::npos);
    CHECK(of("patents", R"("ge": 5, "le": 5)").empty());
    CHECK(of("patents", R"("gt": 4, "lt": 6, "ne": 5)").empty()); // for lint to say
}

TEST_CASE("codes of a rule are of the field's level, or above it where under is asked") {
    const SchemaPtr schema = world::schema(R"({"id": "id", "fields": [
        {"name": "region", "kind": "code", "codes": "regions", "level": "county"}]})");
    const auto fault = [&](const char* ops) {
        const PolicySet set =
            parse_policies(std::string(R"({"id": "P", "rule": {"field": "region", )") + ops + "}}",
                           "p.json", schema);
        return set.errors.empty() ? "" : set.errors[0].message();
    };
    CHECK(fault(R"("in": "440303")").empty());
    CHECK(fault(R"("under": ["440303", "440300", "440000"])").empty());
    CHECK(fault(R"("in": "440300")") ==
          "policy \"P\": field \"region\": code \"440300\" is of level \"prefecture\"; the field "
          "asks for \"county\"");
    CHECK(fault(R"("under": "440303001")").find("is of level \"town\"") != std::string::npos);
}

TEST_CASE("faulty keys of a policy are refused") {
    CHECK(fault_of_keys(R"("titl": "x")") == "\"titl\" is not known here; did you mean \"title\"?");
    CHECK(fault_of_keys(R"("title": 5)") == "\"title\" needs a text, got 5");
    CHECK(fault_of_keys(R"("version": 1.5)") ==
          "\"version\" needs a whole number from 0 to 2147483647, got 1.5");
    CHECK(fault_of_keys(R"("status": "open")") ==
          "\"status\" needs published, draft or withdrawn, got \"open\"");
    CHECK(fault_of_keys(R"("effective": {"from": "2025-02-01", "to": "2025-01-31"})") ==
          "\"effective\" ends before it begins");
    CHECK(fault_of_keys(R"("effective": {"from": "soon"})") ==
          "\"from\" needs a date like 2026-11-23, got \"soon\"");
    CHECK(fault_of_keys(R"("effective": [])") ==
          "\"effective\" needs an object with dates, got an empty list");
    CHECK(fault_of_keys(R"("effective": {"until": null})").substr(0, 25) ==
          "\"until\" is not known here");
    CHECK(fault_of_keys(R"("windows": {})") ==
          "\"windows\" needs a list of windows, got an object");
    CHECK(fault_of_keys(R"("windows": [{}])") == "a window needs \"opens\", \"closes\" or both");
    CHECK(fault_of_keys(R"("windows": [{"opens": "2025-02-01", "closes": "2025-01-31"}])") ==
          "\"windows\" ends before it begins");
    CHECK(fault_of_keys(R"("supersedes": "Q")") == "\"supersedes\" needs a list of ids, got \"Q\"");
    CHECK(fault_of_keys(R"("supersedes": ["P"])") == "a policy cannot supersede itself");
    CHECK(fault_of_keys(R"("tags": ["a"])") == "\"tags\" needs an object of weights, got a list");
    CHECK(fault_of_keys(R"("tags": {"": 1})") == "a tag needs a name");
    CHECK(fault_of_keys(R"("tags": {"a": 0.0001})") ==
          "\"a\" needs at most 3 decimals, got 0.0001");
    CHECK(fault_of_keys(R"("tags": {"a": 1001})") ==
          "\"a\" needs a number from -1000 to 1000, got 1001");
    CHECK(fault_of_keys(R"("tags": {"a": -1000})").empty());
    CHECK(fault_of_keys(R"("priority": 1000000.000001)") ==
          "\"priority\" needs a number from -1000000 to 1000000, got 1000000.000001");
    CHECK(fault_of_keys(R"("priority": 0.0000001)") ==
          "\"priority\" needs at most 6 decimals, got 0.0000001");
    CHECK(fault_of_keys(R"("quota": -1)").substr(0, 36) ==
          "\"quota\" needs a whole number from 0 ");
    CHECK(fault_of_keys(R"("prefer": {})") ==
          "\"prefer\" needs a list of {when, add}, got an object");
    CHECK(fault_of_keys(R"("prefer": [1])") == "\"prefer\" needs {when, add}, got 1");
    CHECK(fault_of_keys(R"("prefer": [{"when": {"all": []}}])") ==
          "an entry of \"prefer\" needs \"when\" and \"add\"");
    CHECK(fault_of_keys(R"("prefer": [{"when": {"all": []}, "add": "1"}])").substr(0, 20) ==
          "\"add\" needs a number");
    CHECK(fault_of_keys(R"("prefer": [{"when": {"manual": "x"}, "add": 1}])").empty());
}

TEST_CASE("faulty benefits are refused") {
    const auto benefit = [](const char* json) {
        return fault_of_keys(std::string(R"("benefit": )") + json);
    };
    CHECK(benefit("1") == "\"benefit\" needs an object, got 1");
    CHECK(benefit(R"({"kind": "grant", "amount": "15万元"})").empty());
    CHECK(benefit(R"({"amount": 150000.5})").empty());
    CHECK(benefit(R"({"amount": -1})") ==
          "\"amount\" needs an amount of money like \"15万元\", got -1");
    CHECK(benefit(R"({"amount": "15人"})") ==
          "\"amount\" needs an amount of money like \"15万元\", got \"15人\"");
    CHECK(benefit(R"({"amount": []})") == "\"amount\" needs an amount of money, got an empty list");
    CHECK(benefit(R"({"amount": 1, "rate": 0.5, "of": "rd"})") ==
          "a benefit has \"amount\" or \"rate\", not both");
    for (const char* half :
         {R"({"rate": 0.5})", R"({"of": "rd"})", R"({"cap": 1})", R"({"amount": 1, "cap": 1})"})
        CHECK(benefit(half) == "\"rate\" needs \"of\": a number field; \"cap\" goes with them");
    CHECK(benefit(R"({"rate": 1.5, "of": "rd"})") ==
          "\"rate\" needs a rate from 0 to 1 like 0.5 or \"50%\", got 1.5");
    CHECK(benefit(R"({"rate": 1, "of": "rd"})").empty());
    CHECK(benefit(R"({"rate": 1, "of": "none"})") == "field \"none\" is not in the schema");
    CHECK(benefit(R"({"rate": 1, "of": "rd_ratio"})") ==
          "\"of\" needs a number field that is no ratio, got \"rd_ratio\"");
    CHECK(benefit(R"({"rate": 1, "of": "patents"})").empty()); // no unit is 元
    CHECK(benefit(R"({"tiers": []})") == "\"tiers\" needs a list of tiers, got an empty list");
    CHECK(benefit(R"({"tiers": [1]})") == "\"tiers\" needs {when, amount}, got 1");
    CHECK(benefit(R"({"tiers": [{"amount": 1}]})") == "a tier needs \"when\"");
    CHECK(benefit(R"({"tiers": [{"when": {"all": []}, "amount": 1}], "amount": 1})") ==
          "a benefit has tiers or one amount, not both");
    CHECK(benefit(R"({"sum": 1})").substr(0, 23) == "\"sum\" is not known here");
}

TEST_CASE("depth and number of conditions have limits") {
    const auto nested = [](int depth) {
        std::string rule = R"({"field": "patents", "ge": 1})";
        for (int i = 1; i < depth; ++i)
            rule = R"({"not": )" + rule + "}";
        return rule;
    };
    CHECK(fault(nested(64)).empty());
    CHECK(fault(nested(65)) == "the rule is nested deeper than the limit of 64 nodes");
    CHECK(fault(nested(3), {.depth = 2}) == "the rule is nested deeper than the limit of 2 nodes");
    const std::string two =
        R"({"all": [{"field": "patents", "ge": 1}, {"field": "patents", "ge": 2}]})";
    CHECK(fault(two, {.conditions = 2}).empty());
    CHECK(fault(two, {.conditions = 1}) == "the set has more conditions than the limit of 1");
    const PolicySet set =
        parse_policies("{\"id\": \"P\", \"rule\": " + nested(65) + "}", "p.json", world::schema());
    CHECK(set.errors[0].code() == StatusCode::limit);
}

TEST_CASE("one bad policy does not spoil the others") {
    const PolicySet set = parse_policies(R"([{"id": "A", "rule": {"all": []}}, {"id": "B"},
                                             {"id": "C", "rule": {"any": []}}])",
                                         "p.json", world::schema());
    REQUIRE(set.policies.size() == 2);
    CHECK(set.policies[1].id == "C");
    CHECK(set.errors.size() == 1);
}

TEST_CASE("policies come from a file, from lines, from a folder") {
    world::Folder folder;
    const SchemaPtr schema = world::schema();
    const auto ids = [&](const std::string& path) {
        const Result<PolicySet> set = load_policies(path, schema);
        if (!set.ok()) return set.status().message();
        std::string text;
        for (const Policy& policy : set->policies)
            text += policy.id;
        return text + (set->errors.empty() ? "" : " " + set->errors[0].to_string());
    };
    const auto policy = [](const char* id) {
        return std::string("{\"id\": \"") + id + "\", \"rule\": {\"all\": []}}";
    };
    folder.write("b.json", "[" + policy("B") + ", " + policy("C") + "]");
    const std::string lines = folder.write(
        "a/z.jsonl", "\xef\xbb\xbf" + policy("Z") + "\r\n\n  \n" + policy("Y") + "\n{\"id\": 1}");
    folder.write("notes.txt", "no policy");
    CHECK(ids(folder.path + "/b.json") == "BC");
    CHECK(ids(lines) ==
          "ZY " + lines + ":5:8: a policy needs an \"id\": a text that is not empty, got 1");
    CHECK(ids(folder.path).substr(0, 4) == "ZYBC"); // by path
    CHECK(ids(folder.path + "/none.json") == "cannot read this file: No such file or directory");
    world::Folder empty;
    CHECK(ids(empty.path) == "this folder has no .json or .jsonl file");
}

TEST_CASE("a set is the same however many threads read it", "[threads]") {
    world::Folder folder;
    std::string lines;
    for (int i = 0; i < 1'000; ++i) {
        const std::string id = std::to_string(i % 7 == 3 ? i / 2 : i);    // some stand twice
        lines += i % 11 == 5 ? "{\"id\": \"" + id + "\", \"rule\": {}}\n" // some are wrong
                             : "{\"id\": \"" + id +
                                   "\", \"rule\": {\"field\": \"patents\", \"ge\": " + id + "}}\n";
    }
    folder.write("many.jsonl", lines);
    folder.write("one.json", R"([{"id": "A", "rule": {"all": []}}, {"id": "0"}])");
    const auto read = [&](unsigned threads) {
        return load_policies(folder.path, world::schema(),
                             {.conditions = 700, .keep_contents = true, .threads = threads})
            .value();
    };
    const PolicySet alone = read(1);
    CHECK(alone.policies.size() == 700);
    CHECK(alone.errors.size() > 200);
    for (const unsigned threads : {2u, 5u}) {
        const PolicySet shared = read(threads);
        CHECK(shared.contents == alone.contents);
        REQUIRE(shared.policies.size() == alone.policies.size());
        for (std::size_t i = 0; i < alone.policies.size(); ++i)
            CHECK(shared.policies[i].place.to_string() == alone.policies[i].place.to_string());
        REQUIRE(shared.errors.size() == alone.errors.size());
        for (std::size_t i = 0; i < alone.errors.size(); ++i)
            CHECK(shared.errors[i].to_string() == alone.errors[i].to_string());
    }
}
