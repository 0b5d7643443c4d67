// Rules as deep as they may be, in a thread with as small a stack as a host may give it: a thread
// of Java has 1 MiB.
#include "qice/match/explain.hpp"
#include "qice/match/firm_query.hpp"
#include "qice/match/policy_query.hpp"
#include "world.hpp"

#include <pthread.h>

#include <functional>

using namespace qice;

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t kStack = std::size_t{32} << 20; // frames are many times as large
#else
constexpr std::size_t kStack = std::size_t{1} << 20;
#endif

void run_on_small_stack(const std::function<void()>& work) {
    pthread_attr_t attributes;
    pthread_t thread;
    REQUIRE(pthread_attr_init(&attributes) == 0);
    REQUIRE(pthread_attr_setstacksize(&attributes, kStack) == 0);
    const auto start = [](void* argument) -> void* {
        (*static_cast<const std::function<void()>*>(argument))();
        return nullptr;
    };
    REQUIRE(pthread_create(&thread, &attributes, start,
                           const_cast<std::function<void()>*>(&work)) == 0);
    pthread_join(thread, nullptr);
    pthread_attr_destroy(&attributes);
}

std::string patents_from(int number) {
    return R"({"field": "patents", "ge": )" + std::to_string(number) + "}";
}

/// As deep as is allowed without being told otherwise.
std::string nested(const std::string& before, const std::string& after, int levels) {
    std::string text = patents_from(levels + 1);
    for (int level = levels; level > 0; --level)
        text = before + patents_from(level) + ", " + text + after;
    return text;
}

std::string deep_policies() {
    const std::string rules[]{
        nested(R"({"any": [{"field": "scale", "in": ["large"]}, {"all": [)", "]}]}", 31),
        nested(R"({"at_least": 2, "of": [{"field": "scale", "in": ["large"]}, )", "]}", 62),
        nested(R"({"not": {"at_least": 2, "of": [{"field": "dishonest", "is": true}, )", "]}}", 31),
        nested(R"({"points": 2, "of": [{"tiers": [{"when": {"at_least": 2, "of": [)",
               R"(]}, "points": 2}]}]})", 20),
    };
    std::string json = "[";
    for (int copy = 0; copy < 200; ++copy) // more than a few alike, so that they share no row
        for (std::size_t rule = 0; rule < std::size(rules); ++rule)
            json += (json.size() == 1 ? "" : ", ") +
                    (R"({"id": "P)" + std::to_string(copy * 10 + static_cast<int>(rule))) +
                    R"(", "rule": {"all": [)" + patents_from(copy) + ", " + rules[rule] + "]}}";
    return json + "]";
}

} // namespace

TEST_CASE("deep rules do with the stack of any thread") {
    std::vector<std::array<std::uint64_t, kStatuses>> by_block, by_policy;
    std::vector<std::pair<std::size_t, std::size_t>> by_firm; // asked, matched
    std::size_t explained = 0;
    run_on_small_stack([&] {
        const SchemaPtr schema = world::schema();
        const std::vector<Policy> policies = world::policies(schema, deep_policies());
        const CompileOptions options{world::day("2026-06-15"), false, {}};
        const FirmTable firms = world::firms(
            schema, options.as_of,
            {{{"patents", "70"}, {"scale", "micro"}}, {{"scale", "large"}}, {{"patents", "40"}}});
        const Matcher matcher(*schema, policies, options);
        const IndexedFirms indexed = matcher.index(firms);
        const MatchResult result =
            matcher.match(indexed, {.top = kNoLimit, .statuses = kAllStatuses});
        const PolicyQuery policy_query(matcher.program(), indexed.index, firms);
        PolicyQuery::Scratch policy_scratch;
        PolicyAnswer answer;
        for (std::uint32_t policy = 0; policy < policies.size(); policy += 97) {
            by_block.push_back(result.counts(policy));
            auto& asked = by_policy.emplace_back();
            policy_query.match(policy_query.bind(policies[policy], options),
                               {.top = 5, .statuses = kAllStatuses}, policy_scratch, answer);
            for (std::size_t s = 0; s < kStatuses; ++s)
                asked[s] = answer.count(static_cast<Verdict>(s));
            explained += to_json(explain(*schema, policies, policy, firms[0])).size();
        }
        const FirmQuery query(schema, policies, options);
        FirmQuery::Scratch scratch(query);
        FirmRecord record(schema);
        for (std::uint32_t firm = 0; firm < firms.size(); ++firm) {
            record.assign(firms[firm]);
            for (const StatusSet statuses : {kEligibleAndReview, kAllStatuses}) {
                const FirmAnswer& all = query.ask(record, {kNoLimit, statuses}, scratch);
                for (std::size_t s = 0; s < kStatuses; ++s) {
                    if ((statuses >> s & 1) == 0) continue;
                    const auto status = static_cast<Verdict>(s);
                    by_firm.emplace_back(all.count(status), result.pushes(firm, status).size());
                }
            }
        }
    });
    CHECK(by_policy == by_block);
    std::size_t pushes = 0;
    for (const auto& [asked, matched] : by_firm) {
        CHECK(asked == matched);
        pushes += matched;
    }
    CHECK(pushes > 1'000);
    CHECK(explained > 0);
}
