// Keys give back the score and the policy of a pair, and order pairs as the ranking asks.
#include "qice/match/rank_keys.hpp"

#include "unit/world.hpp"

using namespace qice;

namespace {

struct Ranked {
    SchemaPtr schema = world::schema();
    std::vector<Policy> policies;
    Program program;
    RankKeys keys;

    explicit Ranked(std::string_view json)
        : policies(world::policies(schema, json)),
          program(
              compile(*schema, policies,
                      {.as_of = world::day("2026-11-23"), .include_closed = false, .urgency = {}})),
          keys(program, policies) {}
    const std::string& id(std::uint32_t place) const {
        return policies[program.policies[place].policy].id;
    }
};

} // namespace

TEST_CASE("a greater key is a better score, among equals the lesser id") {
    const Ranked ranked(R"([
        {"id": "b", "rule": {"all": []}, "priority": -1000000},
        {"id": "a", "rule": {"all": []}, "priority": -1000000},
        {"id": "c", "rule": {"all": []}, "priority": 1000000, "tags": {"t": -1000, "u": 1000}},
        {"id": "d", "rule": {"all": []}, "prefer": [{"when": {"field": "patents", "ge": 1}, "add": 0.5},
                                                    {"when": {"field": "patents", "ge": 2}, "add": -2}]}])");
    std::vector<std::pair<RankKey, std::pair<Score, std::string>>> pairs;
    for (std::uint32_t place = 0; place < 4; ++place) {
        const CompiledPolicy& policy = ranked.program.policies[place];
        REQUIRE(RankKeys::is_split(policy));
        for (std::uint32_t subset = 0; subset < 1u << policy.preferences; ++subset) {
            const RankKey key = ranked.keys.variant(place, subset).key;
            Score score = policy.prior;
            for (std::uint32_t i = 0; i < policy.preferences; ++i)
                if ((subset >> i & 1) != 0)
                    score += ranked.program.preferences[policy.first_preference + i].add;
            CHECK(ranked.keys.score(key) == score);
            CHECK(ranked.policies[ranked.keys.policy(key)].id == ranked.id(place));
            pairs.push_back({key, {-score, ranked.id(place)}});
        }
    }
    CHECK(pairs.size() == 7);
    for (const auto& [key, rank] : pairs)
        for (const auto& [other_key, other_rank] : pairs)
            CHECK((key > other_key) == (rank < other_rank));
}

TEST_CASE("shared tags raise a key, or lower it") {
    const Ranked ranked(R"([{"id": "a", "rule": {"all": []}, "tags": {"t": -1000, "u": 1000}},
                            {"id": "b", "rule": {"all": []}}])");
    const RankKey key = ranked.keys.variant(0, 0).key;
    for (const Score more : {-1'000 * kScoreUnit, -kScoreUnit, Score{0}, kScoreUnit,
                             1'000 * kScoreUnit}) { // the unit here is one
        const RankKey raised = ranked.keys.raised(key, more);
        CHECK(ranked.keys.score(raised) == more);
        CHECK(ranked.keys.policy(raised) == ranked.keys.policy(key));
    }
}
