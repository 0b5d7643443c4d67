// A rule numbers its nodes and counts what it says of itself.
#include "qice/rule/rule.hpp"

#include "unit/world.hpp"

using namespace qice;

TEST_CASE("nodes are numbered in preorder, those inside tables included") {
    const Rule rule = world::rule(world::schema(), R"({"all": [
        {"not": {"field": "dishonest", "is": true}},
        {"points": 10, "of": [{"tiers": [{"when": {"any": [{"field": "patents", "ge": 1}]}, "points": 5},
                                         {"when": {"always": true}, "points": 1}]},
                              {"manual": "judged", "points": 3}]},
        {"at_least": 1, "of": [{"field": "patents", "ge": 2}]}]})");
    const auto& children = rule.root.children;
    CHECK(rule.root.index == 0);
    CHECK(children[0].index == 1);
    CHECK(children[0].children[0].index == 2);
    CHECK(children[1].index == 3);
    CHECK(children[1].items[0].tiers[0].when.index == 4);
    CHECK(children[1].items[0].tiers[0].when.children[0].index == 5);
    CHECK(children[1].items[0].tiers[1].when.index == 6);
    CHECK(children[2].index == 7);
    CHECK(children[2].children[0].index == 8);
    CHECK(rule.nodes == 9);
    CHECK(rule.conditions == 3);
    CHECK(rule.has_manual); // in the table
    CHECK(children[1].items[1].is_manual());
}

TEST_CASE("a rule without manual conditions says so") {
    const SchemaPtr schema = world::schema();
    CHECK_FALSE(world::rule(schema, R"({"all": []})").has_manual);
    CHECK(world::rule(schema, R"({"all": []})").nodes == 1);
    CHECK(world::rule(schema, R"({"any": [{"all": [{"manual": "x"}]}]})").has_manual);
}

TEST_CASE("operators have the names of the language") {
    CHECK(name_of(Op::ge) == "ge");
    CHECK(name_of(Op::not_under) == "not_under");
    CHECK(name_of(Op::ever_has_none) == "ever_has_none");
    CHECK(name_of(Op::known) == "known");
}
