// The compiled graph: shared, simplified, and as dear as the rule it came from.
#include "qice/index/program.hpp"

#include "unit/world.hpp"

using namespace qice;
using world::day;

namespace {

/// Compiles policies P0, P1, ... with these rules.
Program program(const std::vector<std::string>& rules, const CompileOptions& options = {},
                const char* keys = "") {
    std::string json = "[";
    for (std::size_t i = 0; i < rules.size(); ++i)
        json += (i == 0 ? "" : ", ") + ("{\"id\": \"P" + std::to_string(i)) +
                "\", \"rule\": " + rules[i] + keys + "}";
    const SchemaPtr schema = world::schema();
    return compile(*schema, world::policies(schema, json + "]"), options);
}

/// Nodes but the three constants.
std::size_t nodes(const Program& program) { return program.nodes.size() - 3; }

/// The first thing of a rule that is no literal.
const GraphNode& other(const Program& program, std::size_t policy = 0) {
    REQUIRE(program.policies[policy].rule.others > 0);
    return program.nodes[program.others_of(program.policies[policy].rule)[0]];
}

const std::string kA = R"({"field": "patents", "ge": 1})";
const std::string kB = R"({"field": "dishonest", "is": false})";
const std::string kC = R"({"field": "titles", "has_any": ["x", "y"]})";

std::string any(const std::string& nodes) { return R"({"any": [)" + nodes + "]}"; }
std::string all(const std::string& nodes) { return R"({"all": [)" + nodes + "]}"; }
std::string no(const std::string& node) { return R"({"not": )" + node + "}"; }
std::string at_least(int k, const std::string& nodes) {
    return R"({"at_least": )" + std::to_string(k) + R"(, "of": [)" + nodes + "]}";
}

} // namespace

TEST_CASE("the same sub-rule in two policies is one node, whatever its order") {
    const Program shared = program({all(kA + "," + any(kB + "," + kC)), any(kC + "," + kB)});
    CHECK(nodes(shared) == 1);
    CHECK(shared.literals.size() == 3);
}

TEST_CASE("a node is shared where more than one place asks for it") {
    const std::string either = any(kB + "," + kC);
    CHECK_FALSE(other(program({all(kA + "," + either)})).shared);
    CHECK(other(program({all(kA + "," + either), either})).shared);
    CHECK(other(program({all(either + "," + either)})).shared);
    // In another node, and in a preference, whose row is asked for by itself.
    const Program nested = program({any(all(kA + "," + either) + "," + kB), either});
    CHECK(nested.nodes[3].shared);
    CHECK_FALSE(nested.nodes[4].shared);
    CHECK(other(program({either}, {},
                        (R"(, "prefer": [{"when": )" + either + R"(, "add": 1}])").c_str()))
              .shared);
}

TEST_CASE("the same condition differently written is one literal") {
    CHECK(program({kA, R"({"field": "patents", "gt": 0})", no(R"({"field": "patents", "lt": 1})"),
                   no(R"({"field": "patents", "le": 0})")})
              .literals.size() == 1);
    CHECK(program({R"({"field": "industry", "under": ["C", "39"]})",
                   R"({"field": "industry", "under": "C"})"})
              .literals.size() == 1);
    CHECK(program({R"({"field": "titles", "has_any": ["y", "x", "y"]})", kC}).literals.size() == 1);
    // An unknown value tells these apart, though no value does.
    CHECK(program({kA, R"({"field": "patents", "ge": 1, "known": true})"}).literals.size() == 2);
}

TEST_CASE("sharing never merges what costs two repairs") {
    const Program twice = program({all(kA + "," + kA)});
    CHECK(twice.policies[0].rule.literals == 2);
    const Program nested = program({any(all(kA + "," + kA) + "," + kB)});
    CHECK(nodes(nested) == 2);
    CHECK(other(nested).op == GraphNode::Op::any);
    const GraphNode& inner = nested.nodes[3];
    CHECK(inner.op == GraphNode::Op::all);
    CHECK(inner.count == 2);
}

TEST_CASE("groups flatten and negations go down to the leaves") {
    const Program flat = program({all(all(kA + "," + kB) + "," + no(any(no(kC))))});
    CHECK(flat.policies[0].rule.literals == 3);
    CHECK(nodes(flat) == 0);
    const Program negated = program({no(all(kA + "," + no(any(kB + "," + kC))))});
    CHECK(other(negated).op == GraphNode::Op::any);
    CHECK(other(negated).count == 3);
}

TEST_CASE("at least one is any, at least all is all, and what cannot fail or hold is constant") {
    const std::string three = kA + "," + kB + "," + kC;
    CHECK(other(program({at_least(1, three)})).op == GraphNode::Op::any);
    const Program two = program({at_least(2, three)});
    CHECK(other(two).op == GraphNode::Op::at_least);
    CHECK(other(two).threshold == 2);
    CHECK(other(program({at_least(3, three)})).op == GraphNode::Op::all);
    CHECK(other(program({at_least(4, three)})).op == GraphNode::Op::never);
    CHECK(program({at_least(0, three)}).policies[0].rule.others == 0);
    // not(at least 2 of 3) = at least 2 of the three negated.
    CHECK(other(program({no(at_least(2, three))})).threshold == 2);
    CHECK(other(program({no(at_least(3, three))})).op == GraphNode::Op::any);
    CHECK(other(program({no(at_least(1, three))})).op == GraphNode::Op::all);
    CHECK(other(program({no(at_least(0, three))})).op == GraphNode::Op::never);
}

TEST_CASE("constants swallow their groups") {
    CHECK(program({all("")}).policies[0].rule.others == 0);
    CHECK(other(program({any("")})).op == GraphNode::Op::never);
    CHECK(other(program({all(kA + R"(, {"always": false})")})).op == GraphNode::Op::never);
    CHECK(program({any(kA + R"(, {"always": true})")}).policies[0].rule.others == 0);
    CHECK(other(program({R"({"manual": "x"})"})).op == GraphNode::Op::manual);
    CHECK(program({R"({"manual": "x"})"}).policies[0].rule.manual);
}

TEST_CASE("a table is shared, and its negation is another node") {
    const std::string table = R"({"points": 5, "of": [{"tiers": [{"when": )" + kA +
                              R"(, "points": 9}]}, {"tiers": [{"when": )" + kB +
                              R"(, "points": 1}]}]})";
    const Program shared = program({table, all(table), no(table)});
    CHECK(nodes(shared) == 2);
    CHECK(shared.tiers.size() == 4);
    CHECK(other(shared, 0).threshold == 5);
}

TEST_CASE("only policies that are open are compiled, unless the closed ones are asked for") {
    const char* const keys = R"(, "effective": {"to": "2025-12-31"})";
    CHECK(program({kA, kB}, {.as_of = day("2025-12-31"), .urgency = {}}, keys).policies.size() ==
          2);
    const Program closed = program({kA, kB}, {.as_of = day("2026-01-01"), .urgency = {}}, keys);
    CHECK(closed.policies.empty());
    CHECK(closed.fields.empty());
    CHECK(
        program({kA, kB}, {.as_of = day("2026-01-01"), .include_closed = true, .urgency = {}}, keys)
            .policies.size() == 2);
}

TEST_CASE("policies of one shape stand side by side, and so do their refs") {
    const SchemaPtr schema = world::schema();
    const std::vector<Policy> policies = world::policies(schema, R"([
        {"id": "b", "rule": {"all": []}},
        {"id": "a", "rule": {"all": [{"field": "patents", "ge": 1}, {"field": "revenue", "ge": 1}]}},
        {"id": "B", "rule": {"all": []}},
        {"id": "z", "rule": {"all": [{"field": "patents", "ge": 1}, {"manual": "m"}]}},
        {"id": "u", "rule": {"all": [{"field": "revenue", "ge": 1}, {"field": "patents", "ge": 1}]}},
        {"id": "n", "rule": {"all": [{"field": "patents", "ge": 2},
                                     {"any": [{"field": "patents", "ge": 3}, {"field": "revenue", "ge": 2}]}]}}])");
    const Program compiled = compile(
        *schema, policies, {.as_of = day("2025-01-05"), .include_closed = false, .urgency = {}});
    std::uint32_t place = 0;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> numbers;
    for (const Shape& shape : compiled.shapes) {
        CHECK(shape.first == place);
        REQUIRE(shape.first < shape.last);
        numbers.emplace_back(shape.literals, shape.others);
        for (; place < shape.last; ++place) {
            const Conjunction& rule = compiled.policies[place].rule;
            CHECK(rule.literals == shape.literals);
            CHECK(rule.others == shape.others);
            CHECK(rule.manual == shape.manual);
            CHECK(rule.first ==
                  shape.first_ref + (place - shape.first) * (shape.literals + shape.others));
        }
    }
    CHECK(place == policies.size());
    CHECK(numbers == std::vector<std::pair<std::uint32_t, std::uint32_t>>{
                         {0, 0}, {2, 0}, {1, 1}, {1, 1}}); // with and without a manual condition
}

TEST_CASE("tags and preferences are numbered") {
    const Program tagged = program({kA, kB}, {}, R"(, "tags": {"t": 0.5, "s": -1},
        "prefer": [{"when": {"field": "patents", "ge": 1}, "add": 0.25}])");
    CHECK(tagged.tag_names == std::vector<std::string>{"t", "s"});
    CHECK(tagged.tags[1].weight == -1000);
    CHECK(tagged.policies[1].tags == 2);
    CHECK(tagged.preferences[0].add == 250'000);
    CHECK(tagged.preferences[0].when == tagged.preferences[1].when); // the rule's own literal
    CHECK(tagged.literals_of(tagged.policies[0].rule)[0] == tagged.preferences[0].when);
}

TEST_CASE("a literal of many ranges has a bitmap") {
    const Program few = program({R"({"field": "industry", "in": ["0111", "3921", "9700"]})"});
    CHECK(few.literals[0].bitmap == Literal::kNoBitmap);
    const Program many = program(
        {R"({"field": "industry", "in": ["0111", "1311", "2110", "3921", "5177", "6513", "A"]})"});
    CHECK(many.literals[0].count > kMostRanges);
    CHECK(many.literals[0].bitmap != Literal::kNoBitmap);
}

TEST_CASE("the literals of a field have numbers in a row") {
    const std::string more = R"({"field": "patents", "ge": 2})",
                      most = R"({"field": "patents", "ge": 3})";
    const Program compiled =
        program({all(kA + "," + kB), any(kC + "," + more), all(kB + "," + most)}, {},
                R"(, "prefer": [{"when": {"field": "patents", "lt": 2}, "add": 0.1}])");
    std::size_t over_codes = 0;
    for (const CodedField& field : compiled.fields) {
        over_codes += field.literals;
        for (std::uint32_t i = 0; i < field.literals; ++i) {
            const Literal& literal = compiled.literals[field.first_literal + i];
            CHECK(literal.form == Literal::Form::ranges);
            CHECK(&compiled.fields[literal.slot] == &field);
        }
    }
    CHECK(compiled.literals.size() == 6);
    CHECK(over_codes == 5);
}
