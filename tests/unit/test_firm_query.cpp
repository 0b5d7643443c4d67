// FirmQuery: one firm against all policies. That it agrees with the matcher is for tests/agree.
#include "qice/match/firm_query.hpp"

#include "kernels/kernels.hpp"
#include "match/top_keys.hpp"
#include "unit/forced_kernels.hpp"
#include "world.hpp"

#include <rapidcheck.h>

#include <random>

using namespace qice;

namespace {

constexpr std::string_view kPolicies = R"([
 {"id": "B", "priority": 0.5, "rule": {"field": "patents", "ge": 5}},
 {"id": "A", "priority": 0.5, "rule": {"field": "patents", "ge": 1}},
 {"id": "C", "priority": 0.1, "tags": {"出口": 0.9}, "rule": {"all": []},
  "prefer": [{"when": {"field": "scale", "in": ["micro"]}, "add": 0.25}]},
 {"id": "D", "rule": {"all": [{"field": "patents", "ge": 1}, {"manual": "评审"}]}},
 {"id": "E", "rule": {"all": [{"field": "revenue", "ge": "100万元"}, {"field": "rd_ratio", "ge": "3%"}]}},
 {"id": "F", "priority": 0.2, "rule": {"field": "dishonest", "is": false}},
 {"id": "G", "rule": {"field": "patents", "ge": 100}},
 {"id": "H", "status": "draft", "rule": {"all": []}}])";

struct Asked {
    std::vector<Policy> policies = world::policies(world::schema(), kPolicies);
    FirmQuery query{world::schema(), policies, {world::day("2026-06-15"), false, {}}};
    FirmQuery::Scratch scratch{query};
    FirmRecord firm{world::schema()};

    Asked() { firm.set_number(*world::schema()->find("patents"), 7); }

    std::string ids(Verdict status, const QueryOptions& options = {20, kAllStatuses}) {
        std::string text;
        for (const Push& push : query.ask(firm, options, scratch).pushes(status))
            text += std::string(query.id(push.other)) + ' ';
        return text;
    }
};

} // namespace

TEST_CASE("policies are ranked by score, then by id") {
    Asked asked;
    CHECK(asked.ids(Verdict::eligible) == "A B C ");
    CHECK(asked.ids(Verdict::review) == "D ");
    CHECK(asked.ids(Verdict::needs_data) == "F E "); // F lacks one fact, E two
    CHECK(asked.ids(Verdict::near) == "G ");
    const FirmAnswer& answer = asked.query.ask(asked.firm, {1, kAllStatuses}, asked.scratch);
    CHECK(answer.one_fact_away() == 1);
    CHECK(answer.count(Verdict::needs_data) == 2);
    CHECK(answer.pushes(Verdict::eligible).size() == 1);
    CHECK(answer.count(Verdict::eligible) == 3);
    CHECK(asked.query.ask(asked.firm, {}, asked.scratch).pushes(Verdict::near).empty());
}

TEST_CASE("tags and preferences of one firm are forgotten with the next") {
    Asked asked;
    asked.firm.add_tag("出口", 1000);
    asked.firm.set_text(*world::schema()->find("scale"), "micro");
    CHECK(asked.ids(Verdict::eligible) == "C A B ");
    CHECK(asked.query.ask(asked.firm, {}, asked.scratch).pushes(Verdict::eligible)[0].score ==
          100'000 + 900'000 + 250'000);
    asked.firm.clear();
    CHECK(asked.ids(Verdict::eligible) == "C ");
    CHECK(asked.query.ask(asked.firm, {}, asked.scratch).pushes(Verdict::eligible)[0].score ==
          100'000);
}

TEST_CASE("policies can be left out and taken in again") {
    Asked asked;
    FirmQuery::Open open = asked.query.all_open();
    const auto eligible = [&] {
        return asked.query.ask(asked.firm, {}, open, asked.scratch).count(Verdict::eligible);
    };
    CHECK(eligible() == 3);
    asked.query.set_open(open, 0, false);
    asked.query.set_open(open, 7, true); // a draft was not compiled
    CHECK(eligible() == 2);
    asked.query.set_open(open, 0, true);
    CHECK(eligible() == 3);
}

TEST_CASE("a firm is judged on the day that a question names") {
    const std::vector<Policy> policies = world::policies(world::schema(), R"([
        {"id": "aged", "rule": {"field": "age", "ge": 24}},
        {"id": "titled", "rule": {"field": "titles", "has_any": ["hnte"]}},
        {"id": "once", "rule": {"field": "titles", "ever_has_any": ["hnte"]}}])");
    const FirmQuery query(world::schema(), policies, {world::day("2026-06-15"), false, {}});
    FirmQuery::Scratch scratch(query);
    FirmRecord firm(world::schema());
    firm.set_date(*world::schema()->find("established"), world::day("2024-06-16"));
    firm.add_element(*world::schema()->find("titles"), "hnte", world::day("2026-06-15").days);
    const auto eligible = [&](std::optional<Date> on) {
        std::string ids;
        for (const Push& push :
             query.ask(firm, {20, kEligibleAndReview, on}, scratch).pushes(Verdict::eligible))
            ids += std::string(query.id(push.other)) + ' ';
        return ids;
    };
    CHECK(eligible({}) == "once titled ");
    CHECK(eligible(world::day("2026-06-15")) == "once titled ");
    CHECK(eligible(world::day("2026-06-16")) == "aged once ");
    CHECK(eligible({}) == "once titled ");
}

TEST_CASE("alternatives beyond those that a block has room for are judged, too") {
    // Of 60 bounds each, half have to be reached: 30 patents, then 90, ... then 690.
    std::string json;
    for (int node = 0; node < 12; ++node) {
        json += node == 0 ? R"([{"id": "P", "rule": {"all": [)" : ", ";
        for (int i = 0; i < 60; ++i)
            json += (i == 0 ? R"({"at_least": 30, "of": [)" : ", ") +
                    (R"({"field": "patents", "ge": )" + std::to_string(60 * node + i + 1)) + "}";
        json += "]}";
    }
    const std::vector<Policy> policies = world::policies(world::schema(), json + "]}}]");
    const CompileOptions options{world::day("2026-06-15"), false, {}};
    const FirmQuery query(world::schema(), policies, options);
    FirmQuery::Scratch scratch(query);
    const FirmTable firms =
        world::firms(world::schema(), options.as_of, {{{"patents", "689"}}, {{"patents", "690"}}});
    FirmRecord record(world::schema());
    for (std::uint32_t firm = 0; firm < firms.size(); ++firm) {
        record.assign(firms[firm]);
        for (const StatusSet statuses : {kEligibleAndReview, kAllStatuses})
            CHECK(
                query.ask(record, {kNoLimit, statuses}, scratch).pushes(Verdict::eligible).size() ==
                firm);
    }
}

TEST_CASE("no policies, no answers") {
    const FirmQuery query(world::schema(), {}, {world::day("2026-06-15"), false, {}});
    FirmQuery::Scratch scratch(query);
    const FirmRecord firm(world::schema());
    for (int s = 0; s < kStatuses; ++s)
        CHECK(query.ask(firm, {kNoLimit, kAllStatuses}, scratch)
                  .pushes(static_cast<Verdict>(s))
                  .empty());
}

namespace {

/// Rules that hardly share a condition: flat ones, alternatives, k of n, tables of points. Of some
/// alternatives the rows can tell only a part: a person judges, there are alternatives inside, or
/// lists of which not all may be there.
class OwnRules {
  public:
    std::string rule() {
        switch (below(10)) {
        case 0: return list("any", 4, 1, [&] { return alternative(); });
        case 1:
            return list("all", 3, 1,
                        [&] { return list("any", 3, 2, [&] { return alternative(); }); });
        case 2: return k_of_n(3 + below(4));
        case 3:
            return R"({"all": [)" + condition() + ", " + k_of_n(60 + below(8)) + ", " +
                   alternative() + "]}";
        case 4: return table(true);
        case 5:
            return R"({"any": [)" + condition() + R"(, {"not": )" + table(false) +
                   R"(}, {"all": [)" + condition() + ", " + table(true) + "]}]}";
        default: return list("all", 4, 1, [&] { return condition(); });
        }
    }
    std::size_t below(unsigned most) { return random_() % most; }

  private:
    std::string condition() {
        switch (below(10)) {
        case 9:
            if (below(4) != 0) break;
            return R"({"not": {"field": "titles", "has_all": ["T0", "T)" +
                   std::to_string(1 + below(3)) + R"("]}})";
        case 0: return R"({"field": "scale", "in": ["micro", "small"]})";
        case 1:
            return R"({"field": "titles", "has_any": ["T)" + std::to_string(below(4)) + R"("]})";
        case 2:
            return R"({"field": "labels", "has_none": ["T)" + std::to_string(below(4)) + R"("]})";
        case 3:
            return R"({"field": "titles", "has_all": ["T0", "T)" + std::to_string(below(4)) +
                   R"("]})";
        case 4: return R"({"field": "park", "under": "P)" + std::to_string(below(3)) + R"("})";
        default: break;
        }
        const std::string name[] = {"patents", "patents", "revenue"},
                          ops[] = {"ge", "le", "ge", "ne"};
        return R"({"field": ")" + name[below(3)] + R"(", ")" + ops[below(4)] + R"(": )" +
               std::to_string(below(30'000)) + "}";
    }
    std::string alternative() {
        switch (below(12)) {
        case 0: return R"({"manual": "m"})";
        case 1: return R"({"all": [)" + condition() + R"(, {"manual": "m"}]})";
        case 2:
            return R"({"all": [)" + condition() + ", " +
                   list("any", 2, 2, [&] { return condition(); }) + "]}";
        case 3: return R"({"always": false})";
        case 4:
        case 5: return condition();
        default: return list("all", 3, 2, [&] { return condition(); });
        }
    }
    std::string k_of_n(std::size_t n) {
        std::string children = alternative();
        for (std::size_t i = 1; i < n; ++i)
            children += ", " + alternative();
        return R"({"at_least": )" + std::to_string(1 + below(static_cast<unsigned>(n))) +
               R"(, "of": [)" + children + "]}";
    }
    std::string table(bool manual) {
        const auto points = [&] { return std::to_string(1 + below(25)); };
        const auto when = [&] { return condition(); };
        std::string items;
        for (std::size_t i = 1 + below(4); i > 0; --i) {
            std::string tiers;
            for (std::size_t t = 1 + below(3); t > 0; --t)
                tiers += R"({"when": )" + list(below(3) == 0 ? "any" : "all", 3, 1, when) +
                         R"(, "points": )" + points() + (t == 1 ? "}" : "}, ");
            items += (R"({"tiers": [)" + tiers) + "]}" + (i == 1 ? "" : ", ");
        }
        if (manual && below(3) == 0) items += R"(, {"manual": "m", "points": )" + points() + "}";
        return R"({"points": )" + std::to_string(1 + below(40)) + R"(, "of": [)" + items + "]}";
    }
    template <class Child>
    std::string list(const char* name, unsigned more, std::size_t least, Child child) {
        std::string text = std::string("{\"") + name + "\": [" + child();
        for (std::size_t i = least - 1 + below(more); i > 0; --i)
            text += ", " + child();
        return text + "]}";
    }

    std::mt19937 random_{11};
};

} // namespace

TEST_CASE("rules that hardly share a condition: one firm is told what the matcher says, on every "
          "CPU level") {
    constexpr std::size_t kPolicies = 5'000, kFirms = 200;
    OwnRules rules;
    std::string json = "[";
    for (std::size_t i = 0; i < kPolicies; ++i)
        json += (i == 0 ? "" : ", ") +
                (R"({"id": "P)" + std::to_string(i) + R"(", "priority": 0.)") +
                std::to_string(rules.below(10)) + R"(, "rule": )" + rules.rule() + "}";
    const std::vector<Policy> policies = world::policies(world::schema(), json + "]");
    std::vector<world::Cells> rows;
    for (std::size_t i = 0; i < kFirms; ++i) {
        world::Cells& cells = rows.emplace_back();
        const auto add = [&](const char* field, const std::string& text) {
            if (rules.below(8) != 0) cells.emplace_back(field, text);
        };
        for (const char* field : {"patents", "revenue", "rd"})
            add(field, std::to_string(rules.below(30'000)));
        add("scale", std::array{"micro", "small", "large"}[rules.below(3)]);
        add("park", "P" + std::to_string(rules.below(3)));
        for (const char* field : {"titles", "labels"})
            add(field,
                "T" + std::to_string(rules.below(4)) + "|T" + std::to_string(rules.below(4)));
    }
    const CompileOptions options{world::day("2026-06-15"), false, {}};
    const FirmTable firms = world::firms(world::schema(), options.as_of, rows);
    const Matcher matcher(*world::schema(), policies, options);
    const IndexedFirms indexed = matcher.index(firms);
    const MatchResult expected =
        matcher.match(indexed, {.top = kNoLimit, .statuses = kAllStatuses});
    FirmRecord record(world::schema());
    std::size_t pushes = 0, wrong = 0;
    for (const Kernels* level : available_kernels()) {
        const ForcedKernels forced(level->name);
        const FirmQuery query(world::schema(), policies, options);
        FirmQuery::Scratch scratch(query);
        for (std::uint32_t firm = 0; firm < firms.size(); ++firm) {
            record.assign(firms[firm]);
            for (const StatusSet statuses : {kEligibleAndReview, kAllStatuses}) {
                const FirmAnswer& answer = query.ask(record, {kNoLimit, statuses}, scratch);
                for (std::size_t s = 0; s < kStatuses; ++s) {
                    if ((statuses >> s & 1) == 0) continue;
                    const Pushes& all = expected.pushes(firm, static_cast<Verdict>(s));
                    const auto said = answer.pushes(static_cast<Verdict>(s));
                    wrong += said.size() != all.size();
                    for (std::size_t i = 0; i < all.size() && i < said.size(); ++i)
                        wrong += said[i].other != all[i].other || said[i].score != all[i].score;
                    pushes += all.size();
                }
            }
        }
    }
    CHECK(wrong == 0);
    CHECK(pushes > 100'000);
}

TEST_CASE("the greatest keys come first, whatever their number") {
    CHECK(rc::check("keep_greatest = sort and cut", [](const std::vector<RankKey>& some) {
        std::vector<RankKey> keys = some;
        if (*rc::gen::arbitrary<bool>()) // close together, too
            for (RankKey& key : keys)
                key %= 1000;
        std::sort(keys.begin(), keys.end());
        keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
        std::vector<RankKey> expected(keys.rbegin(), keys.rend());
        const auto top = *rc::gen::inRange<std::size_t>(0, 80);
        expected.resize(std::min(expected.size(), top));
        KeySpan span;
        for (std::size_t i = 0; i < keys.size(); ++i) {
            std::swap(keys[i], keys[(i * 7919 + 13) % keys.size()]);
        }
        for (RankKey key : keys)
            span.add(key);
        keys.resize(keep_greatest(keys.data(), keys.size(), top, span));
        RC_ASSERT(keys == expected);
    }));
}
