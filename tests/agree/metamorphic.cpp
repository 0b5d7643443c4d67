// What must stay the same, or only grow, when a world is changed in a way that is understood.
//
// These tests need no reference: they compare the engine with itself. Verdicts come from the batch,
// `one fact away` from the evaluator.
#include "fixture.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

namespace qice::agree {
namespace {

constexpr std::uint64_t kSeeds = 60;

std::string policy_of(std::size_t number, const std::string& rule) {
    return "{\"id\": \"" + std::to_string(number) + "\", \"rule\": " + rule + "}";
}

/// A world's schema and firms with these rules in place of its policies.
Fixture with_rules(World world, const std::vector<std::string>& rules) {
    world.policies.clear();
    for (const std::string& rule : rules)
        world.policies.push_back(policy_of(world.policies.size(), rule));
    return Fixture(std::move(world));
}

/// [policy][firm], by the batch; policies are matched whatever their life cycle.
std::vector<std::vector<Judgement>> judgements(const Fixture& fixture) {
    CompileOptions options = fixture.compile_options();
    options.include_closed = true;
    const FirmTable table = fixture.table(fixture.all_firms());
    const Matcher matcher(fixture.schema(), fixture.policies(), options);
    const MatchResult result = matcher.match(table, {kNoLimit, kAllStatuses});
    std::vector<std::vector<Judgement>> out(fixture.policies().size(),
                                            std::vector<Judgement>(table.size()));
    for (std::uint32_t row = 0; row < table.size(); ++row)
        for (std::size_t status = 0; status < kStatuses; ++status)
            for (const Push push : result.pushes(row, static_cast<Verdict>(status)))
                out[push.other][row].verdict = static_cast<Verdict>(status);
    for (std::uint32_t policy = 0; policy < out.size(); ++policy)
        for (std::uint32_t row = 0; row < table.size(); ++row)
            out[policy][row].one_fact_away =
                judge(fixture.policies()[policy].rule, table[row]).one_fact_away;
    return out;
}

bool same(const Judgement& a, const Judgement& b) {
    return a.verdict == b.verdict && a.one_fact_away == b.one_fact_away;
}
bool is_false(const Judgement& judgement) { return judgement.verdict >= Verdict::near; }

std::string node(const std::string& kind, const std::vector<std::string>& children) {
    return "{\"" + kind + "\": [" + joined(children) + "]}";
}
std::string at_least(std::size_t k, const std::vector<std::string>& children) {
    return "{\"at_least\": " + std::to_string(k) + ", \"of\": [" + joined(children) + "]}";
}
std::string negated(const std::string& rule) { return "{\"not\": " + rule + "}"; }
std::vector<std::string> all_negated(std::vector<std::string> rules) {
    for (std::string& rule : rules)
        rule = negated(rule);
    return rules;
}

/// Rules come in groups; all of a group must judge every firm alike.
void check_groups(const World& world, const std::vector<std::vector<std::string>>& groups) {
    std::vector<std::string> rules;
    for (const auto& group : groups)
        rules.insert(rules.end(), group.begin(), group.end());
    const Fixture fixture = with_rules(world, rules);
    const auto judged = judgements(fixture);
    std::uint32_t policy = 0;
    for (const auto& group : groups) {
        const std::uint32_t first = policy;
        for (; policy < first + group.size(); ++policy)
            for (std::uint32_t firm = 0; firm < world.firms.size(); ++firm)
                if (!same(judged[policy][firm], judged[first][firm]))
                    FAIL("not alike:\n"
                         << fixture.describe(firm, first) << "\n"
                         << fixture.describe(firm, policy));
    }
}

std::vector<std::string> nodes(WorldMaker& maker, std::size_t count, int depth, bool manual) {
    std::vector<std::string> out;
    while (out.size() < count)
        out.push_back(maker.node(depth, manual));
    return out;
}

} // namespace

TEST_CASE("a rule says the same when it is written in another way") {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        WorldMaker maker(seed, Shape::small);
        const World world = maker.make();
        std::vector<std::vector<std::string>> groups;
        for (int i = 0; i < 12; ++i) {
            const std::string x = maker.node(3, false);
            groups.push_back({x, negated(negated(x)), node("all", {x}), node("any", {x}),
                              at_least(1, {x}), node("all", {x, node("all", {})}),
                              node("any", {x, node("any", {})}),
                              node("all", {x, "{\"always\": true}"})});
            const auto parts = nodes(maker, 2 + maker.random().below(5), 1, true);
            auto shuffled = parts;
            maker.random().shuffle(shuffled);
            groups.push_back({node("any", parts), at_least(1, parts), node("any", shuffled)});
            groups.push_back(
                {node("all", parts), at_least(parts.size(), parts), node("all", shuffled)});
            const std::size_t k = maker.random().below(parts.size() + 2);
            groups.push_back({at_least(k, parts), at_least(k, shuffled)});
            const auto plain = nodes(maker, 2 + maker.random().below(4), 1, false);
            const auto nots = all_negated(plain);
            groups.push_back({negated(node("all", plain)), node("any", nots)});
            groups.push_back({negated(node("any", plain)), node("all", nots)});
            for (std::size_t n = 1; n <= plain.size(); ++n)
                groups.push_back(
                    {negated(at_least(n, plain)), at_least(plain.size() - n + 1, nots)});
        }
        check_groups(world, groups);
    }
}

TEST_CASE("a wider condition never loses an eligible firm") {
    const std::vector<std::pair<std::string, std::string>> widenings{
        {"patents\", \"ge\": 5", "patents\", \"ge\": 4"},
        {"patents\", \"gt\": 5", "patents\", \"ge\": 5"},
        {"patents\", \"eq\": 5", "patents\", \"ge\": 5, \"le\": 10"},
        {"employees\", \"le\": 100", "employees\", \"le\": 101"},
        {"employees\", \"lt\": 300", "employees\", \"le\": 300"},
        {"revenue\", \"ge\": \"2000万元\"", "revenue\", \"ge\": \"1000万元\""},
        {"rd_ratio\", \"ge\": 0.05", "rd_ratio\", \"ge\": 0.03"},
        {"rd_ratio\", \"gt\": 0.05", "rd_ratio\", \"ge\": 0.05"},
        {"age\", \"le\": 24", "age\", \"le\": 36"},
        {"established\", \"ge\": \"2024-01-01\"", "established\", \"ge\": \"2020-01-01\""},
        {"brand\", \"in\": [\"甲\"]", "brand\", \"in\": [\"甲\", \"乙\"]"},
        {"brand\", \"not_in\": [\"甲\", \"乙\"]", "brand\", \"not_in\": [\"甲\"]"},
        {"scale\", \"in\": [\"micro\"]", "scale\", \"in\": [\"micro\", \"small\"]"},
        {"park\", \"under\": \"P12\"", "park\", \"under\": \"P1\""},
        {"industry\", \"under\": \"39\"", "industry\", \"under\": \"C\""},
        {"industry\", \"not_under\": \"C\"", "industry\", \"not_under\": \"39\""},
        {"region\", \"under\": \"441900\"", "region\", \"under\": \"440000\""},
        {"quals\", \"has_all\": [\"小巨人\", \"创新型\"]", "quals\", \"has_any\": [\"小巨人\"]"},
        {"quals\", \"has_any\": [\"小巨人\"]", "quals\", \"has_any\": [\"小巨人\", \"瞪羚\"]"},
        {"certs\", \"has_any\": [\"A级\"]", "certs\", \"ever_has_any\": [\"A级\"]"},
        {"certs\", \"ever_has_none\": [\"A级\"]", "certs\", \"has_none\": [\"A级\"]"}};
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        WorldMaker maker(seed, Shape::small);
        const World world = maker.make();
        std::vector<std::string> rules; // narrow, wide, narrow, wide, ...
        for (const auto& [narrow, wide] : widenings) {
            const std::string a = maker.node(1, true), b = maker.node(1, true),
                              c = maker.node(1, false);
            for (const std::string& test : {narrow, wide}) {
                const std::string x = "{\"field\": \"" + test + "}";
                rules.push_back(node("all", {node("any", {a, x}), at_least(2, {x, a, b})}));
            }
            for (const std::string& test : {narrow, wide}) {
                const std::string x = "{\"field\": \"" + test + "}";
                rules.push_back(negated(node("all", {negated(x), c})));
            }
            for (const std::string& test : {narrow, wide}) {
                const std::string x = "{\"field\": \"" + test + "}";
                rules.push_back("{\"points\": 30, \"of\": [{\"tiers\": [{\"when\": " + x +
                                ", \"points\": 20}]}, {\"tiers\": [{\"when\": " + c +
                                ", \"points\": 10}]}, {\"manual\": \"评\", \"points\": 5}]}");
            }
        }
        const Fixture fixture = with_rules(world, rules);
        const auto judged = judgements(fixture);
        for (std::uint32_t policy = 0; policy < judged.size(); policy += 2)
            for (std::uint32_t firm = 0; firm < world.firms.size(); ++firm)
                if (judged[policy][firm].verdict <= Verdict::needs_data &&
                    judged[policy + 1][firm].verdict > judged[policy][firm].verdict)
                    FAIL("the wider rule lost a firm:\n"
                         << fixture.describe(firm, policy) << "\n"
                         << fixture.describe(firm, policy + 1));
    }
}

// A rule without `known` is monotone in what is known. (An empty set is a value, not an unknown,
// unless its field says so; a firm's tags only move its score.)
TEST_CASE("filling in an unknown never changes a yes or a no") {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        WorldMaker maker(seed, Shape::small, {.manual = true, .known = false});
        World world = maker.make();
        std::vector<WorldFirm> pairs; // before, after, before, after, ...
        for (const WorldFirm& before : world.firms) {
            WorldFirm after = before;
            after.id += "+";
            for (const std::string& field : maker.field_names()) {
                const bool empty_is_value = field == "quals" || field == "awards" ||
                                            field == "follows" || field == "remark";
                if (after.cells.contains(field) || empty_is_value) continue;
                const std::string cell = maker.cell(field, after);
                if (!cell.empty() && maker.random().chance(60)) after.cells[field] = cell;
            }
            pairs.push_back(before);
            pairs.push_back(after);
        }
        world.firms = std::move(pairs);
        const Fixture fixture(world);
        const auto judged = judgements(fixture);
        for (std::uint32_t policy = 0; policy < judged.size(); ++policy)
            for (std::uint32_t firm = 0; firm < world.firms.size(); firm += 2) {
                const Judgement &before = judged[policy][firm], &after = judged[policy][firm + 1];
                const bool kept =
                    before.verdict == Verdict::eligible ? after.verdict == before.verdict
                    : before.verdict == Verdict::review ? after.verdict <= Verdict::review
                    : is_false(before)                  ? is_false(after)
                                                        : true;
                if (!kept)
                    FAIL("more knowledge turned an answer:\n"
                         << fixture.describe(firm, policy) << "\n"
                         << fixture.describe(firm + 1, policy));
            }
    }
}

TEST_CASE("fields and policies that others do not name change nothing") {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        WorldMaker maker(seed, Shape::small);
        const World world = maker.make();
        World larger = world;
        larger.fields.insert(larger.fields.begin(), {"{\"name\": \"extra\", \"kind\": \"number\"}",
                                                     "{\"name\": \"other\", \"kind\": \"set\"}"});
        for (WorldFirm& firm : larger.firms) {
            if (maker.random().chance(70))
                firm.cells["extra"] = std::to_string(maker.random().below(9));
            if (maker.random().chance(70)) firm.cells["other"] = "甲|乙";
        }
        for (int i = 0; i < 70; ++i)
            larger.policies.push_back(
                "{\"id\": \"X" + std::to_string(i) + "\", \"priority\": " + std::to_string(i % 3) +
                ", \"rule\": {\"all\": [{\"field\": \"extra\", \"ge\": " + std::to_string(i % 9) +
                "}, " + maker.condition() + "]}}");
        const Fixture small(world), large(larger);
        const auto before = judgements(small), after = judgements(large);
        for (std::uint32_t policy = 0; policy < before.size(); ++policy)
            for (std::uint32_t firm = 0; firm < world.firms.size(); ++firm)
                if (!same(before[policy][firm], after[policy][firm]))
                    FAIL("something else mattered:\n"
                         << small.describe(firm, policy) << "\n"
                         << large.describe(firm, policy));
    }
}

TEST_CASE("a bigger top extends a smaller one, whatever the order of rows") {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        const Fixture fixture(WorldMaker(seed, seed % 8 == 0 ? Shape::blocks : Shape::many).make());
        Random random(seed);
        std::vector<std::uint32_t> rows = fixture.all_firms();
        const FirmTable table = fixture.table(rows);
        random.shuffle(rows);
        const FirmTable shuffled = fixture.table(rows);
        const Matcher matcher(fixture.schema(), fixture.policies(), fixture.compile_options());
        const IndexedFirms indexed = matcher.index(table), other = matcher.index(shuffled);
        for (const bool by_policy : {false, true}) {
            const MatchResult whole = matcher.match(indexed, {kNoLimit, kAllStatuses, by_policy});
            for (const std::uint32_t top : {1u, 2u, 7u, 63u, 64u, 65u, 500u}) {
                const MatchResult part = matcher.match(other, {top, kAllStatuses, by_policy});
                const std::size_t size = by_policy ? fixture.policies().size() : rows.size();
                for (std::uint32_t of = 0; of < size; ++of) {
                    for (std::size_t status = 0; status < kStatuses; ++status) {
                        const auto verdict = static_cast<Verdict>(status);
                        const Pushes some = part.pushes(of, verdict);
                        const Pushes all = whole.pushes(by_policy ? of : rows[of], verdict);
                        bool prefix = some.size() == std::min<std::size_t>(top, all.size());
                        for (std::size_t i = 0; prefix && i < some.size(); ++i)
                            prefix =
                                all[i].score == some[i].score &&
                                all[i].other == (by_policy ? rows[some[i].other] : some[i].other);
                        if (!prefix)
                            FAIL("top " << top << " is no beginning of everything\n"
                                        << fixture.describe());
                    }
                }
            }
        }
    }
}

TEST_CASE("unsorted firms, a zone map left out and another table's order change nothing") {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        const Fixture fixture(WorldMaker(seed, seed % 8 == 0 ? Shape::blocks : Shape::many).make());
        const FirmTable table = fixture.table(fixture.all_firms());
        const Matcher matcher(fixture.schema(), fixture.policies(), fixture.compile_options());
        const MatchResult wanted = matcher.match(matcher.index(table), {kNoLimit, kAllStatuses});
        std::vector<std::uint32_t> few = fixture.all_firms();
        few.resize(std::min<std::size_t>(few.size(), seed % 4));
        const FirmTable of_few = fixture.table(few);
        const IndexedFirms like = matcher.index(of_few, {.zones = seed % 3 != 0});
        for (const IndexOptions options :
             {IndexOptions{false, true}, IndexOptions{true, false}, IndexOptions{false, false},
              IndexOptions{true, true, 3}, IndexOptions{.like = &like}}) {
            const IndexedFirms indexed = matcher.index(table, options);
            for (std::uint32_t row = 0; !options.sort && row < table.size(); ++row)
                REQUIRE(indexed.index.row_at(row) == row);
            if (options.like != nullptr)
                REQUIRE(indexed.index.sorted_by() == like.index.sorted_by());
            const MatchResult result = matcher.match(indexed, {kNoLimit, kAllStatuses});
            for (std::uint32_t row = 0; row < table.size(); ++row) {
                for (std::size_t status = 0; status < kStatuses; ++status) {
                    const Pushes a = wanted.pushes(row, static_cast<Verdict>(status));
                    const Pushes b = result.pushes(row, static_cast<Verdict>(status));
                    bool same = a.size() == b.size();
                    for (std::size_t i = 0; same && i < a.size(); ++i)
                        same = a[i].other == b[i].other && a[i].score == b[i].score;
                    if (!same) FAIL("row " << row << "\n" << fixture.describe());
                }
            }
        }
    }
}

} // namespace qice::agree
