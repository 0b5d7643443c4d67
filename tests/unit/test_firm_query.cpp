// FirmQuery: one firm against all policies. That it agrees with the matcher is for tests/agree.
#include "qice/match/firm_query.hpp"

#include "match/top_keys.hpp"
#include "world.hpp"

#include <rapidcheck.h>

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

TEST_CASE("no policies, no answers") {
    const FirmQuery query(world::schema(), {}, {world::day("2026-06-15"), false, {}});
    FirmQuery::Scratch scratch(query);
    const FirmRecord firm(world::schema());
    for (int s = 0; s < kStatuses; ++s)
        CHECK(query.ask(firm, {kNoLimit, kAllStatuses}, scratch)
                  .pushes(static_cast<Verdict>(s))
                  .empty());
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
