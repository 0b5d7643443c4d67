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
        {"id": "f", "rule": {"all": []}, "priority": 0.25},
        {"id": "e", "rule": {"all": []}, "priority": 0.125},
        {"id": "g", "rule": {"all": []}, "priority": 0.25},
        {"id": "c", "rule": {"all": []}, "priority": 1000000, "tags": {"t": -1000, "u": 1000}},
        {"id": "d", "rule": {"all": []}, "prefer": [{"when": {"field": "patents", "ge": 1}, "add": 0.5},
                                                    {"when": {"field": "patents", "ge": 2}, "add": -2}]}])");
    std::vector<std::pair<RankKey, std::pair<Score, std::string>>> pairs;
    for (std::uint32_t place = 0; place < 7; ++place) {
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
    CHECK(pairs.size() == 10);
    for (const auto& [key, rank] : pairs)
        for (const auto& [other_key, other_rank] : pairs)
            CHECK((key > other_key) == (rank < other_rank));
}

TEST_CASE("a short key is restored, and ordered like the key it stands for") {
    const Ranked ranked(R"([{"id": "a", "rule": {"all": []}, "priority": 0.000003},
                            {"id": "b", "rule": {"all": []}, "tags": {"t": 0.125}},
                            {"id": "c", "rule": {"all": []}, "priority": 2, "tags": {"t": -0.5}},
                            {"id": "d", "rule": {"all": []}, "priority": 0.000003},
                            {"id": "e", "rule": {"all": []}, "priority": 2.00025}])");
    const RankKeys& keys = ranked.keys;
    REQUIRE(keys.ties() == 5);
    std::vector<RankKey> all; // of all policies but the second, descending
    for (std::size_t order = 0; order < keys.variants(); ++order)
        if (ranked.policies[keys.policy(keys.key_at(order))].id != "b")
            all.push_back(keys.key_at(order));
    std::vector<std::uint32_t> ties;
    for (const RankKey key : all)
        ties.push_back(keys.tie(key));
    std::sort(ties.begin(), ties.end());
    const ShortForm form{ties.data(), 2, keys.least_units(all.back())};
    REQUIRE(keys.can_be_short(all.front(), form, ~0u));
    std::uint32_t last = ~0u;
    for (const RankKey key : all) {
        const auto number = std::find(ties.begin(), ties.end(), keys.tie(key)) - ties.begin();
        const std::uint32_t short_key =
            keys.shortened(key, static_cast<std::uint32_t>(number), form);
        CHECK(short_key < last);
        CHECK(keys.restored(short_key, form) == key);
        if (ranked.policies[keys.policy(key)].id == "c") { // units of 0.000125
            const std::uint32_t lowered = short_key - (4'000u << form.bits);
            CHECK(keys.score(keys.restored(lowered, form)) == 1'500'000);
        }
        last = short_key;
    }
    // 0 to 2.00025 in these units, and two bits of a tie.
    const std::uint32_t enough = (1u << 23) + (16'003u << 2);
    CHECK(keys.can_be_short(all.front(), form, enough));
    CHECK_FALSE(keys.can_be_short(all.front(), form, enough - 4));
    CHECK_FALSE(keys.can_be_short(all.front() + keys.ahead(), form, enough));
}

TEST_CASE("scores too far apart for keys of 64 bits are refused with a sentence") {
    for (const char* const tags : {R"({"t": 0.001})", "{}"}) {
        Ranked ranked(R"([{"id": "a", "rule": {"all": []}, "tags": )" + std::string(tags) +
                      R"(}, {"id": "b", "rule": {"all": []}}])");
        // No priority reaches as far; policies by the million would.
        ranked.program.policies[0].prior = Score{1} << 62;
        ranked.program.policies[1].prior = -(Score{1} << 62);
        try {
            (void)RankKeys(ranked.program, ranked.policies);
            FAIL("they were taken");
        } catch (const std::length_error& error) {
            CHECK(std::string(error.what()).find("lie too far apart to be ranked") !=
                  std::string::npos);
        }
    }
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
