// The matcher answers what judging and ranking pair by pair answers.
#include "qice/match/matcher.hpp"

#include "kernels/kernels.hpp"
#include "unit/forced_kernels.hpp"
#include "unit/world.hpp"

#include <map>
#include <random>
#include <set>

using namespace qice;
using world::day;

namespace {

const Date kAsOf = world::day("2026-11-23");

/// Every operator and node, with preferences and tags; two policies are not open.
constexpr std::string_view kPolicies = R"([
 {"id": "open", "rule": {"all": []}},
 {"id": "closed", "rule": {"all": []}, "effective": {"to": "2020-01-01"}},
 {"id": "draft", "rule": {"all": []}, "status": "draft"},
 {"id": "ge", "rule": {"field": "patents", "ge": 3}, "tags": {"t0": 0.5, "t1": -0.25}},
 {"id": "range", "rule": {"field": "patents", "gt": 1, "le": 6, "ne": 4}, "priority": 0.5},
 {"id": "ratio", "rule": {"field": "rd_ratio", "ge": "3%"}, "tags": {"t2": 1}},
 {"id": "ratios", "rule": {"all": [{"field": "rd_ratio", "gt": 0.05}, {"field": "revenue", "lt": "60"}]}},
 {"id": "old", "rule": {"field": "age", "ge": 24}, "priority": -0.5},
 {"id": "date", "rule": {"all": [{"field": "established", "ge": "2024-02-29"}, {"field": "patents", "ge": 2}]}},
 {"id": "flag", "rule": {"not": {"field": "dishonest", "is": true}}},
 {"id": "scale", "rule": {"field": "scale", "in": ["micro", "small"]}},
 {"id": "not", "rule": {"not": {"any": [{"field": "scale", "in": "large"}, {"field": "dishonest", "is": true}]}}},
 {"id": "industry", "rule": {"field": "industry", "under": ["C", "I65"], "not_under": "39"}},
 {"id": "bitmap", "rule": {"field": "industry", "in": ["0111", "1311", "2110", "3921", "5177", "6513", "A"]}},
 {"id": "park", "rule": {"all": [{"field": "park", "under": ["P1", "P2"]}, {"field": "patents", "ge": 1}]}},
 {"id": "any", "rule": {"field": "titles", "has_any": ["a", "b"]}, "tags": {"t0": 1, "t3": 0.001}},
 {"id": "sets", "rule": {"field": "titles", "has_all": ["a", "b"], "has_none": "c"}},
 {"id": "ever", "rule": {"all": [{"field": "titles", "ever_has_none": "a"}, {"field": "titles", "ever_has_any": "b"}]}},
 {"id": "labels", "rule": {"not": {"field": "labels", "has_any": ["x"], "known": true}}},
 {"id": "known", "rule": {"any": [{"field": "revenue", "known": false}, {"field": "name", "known": true}]}},
 {"id": "manual", "rule": {"all": [{"manual": "m"}, {"field": "patents", "ge": 2}]}},
 {"id": "choice", "rule": {"any": [{"manual": "m"}, {"field": "patents", "ge": 5}]}},
 {"id": "two", "rule": {"at_least": 2, "of": [{"field": "patents", "ge": 2}, {"field": "dishonest", "is": false},
   {"field": "titles", "has_any": "a"}, {"manual": "m"}, {"field": "park", "in": "P1"}]}},
 {"id": "not-two", "rule": {"not": {"at_least": 2, "of": [{"field": "patents", "ge": 2}, {"field": "dishonest", "is": true},
   {"field": "titles", "has_any": "a"}]}}},
 {"id": "twice", "rule": {"all": [{"field": "patents", "ge": 5}, {"field": "patents", "ge": 5}]}},
 {"id": "points", "rule": {"points": 50, "of": [
   {"tiers": [{"when": {"field": "patents", "ge": 6}, "points": 20}, {"when": {"field": "patents", "ge": 2}, "points": 40}]},
   {"tiers": [{"when": {"field": "dishonest", "is": false}, "points": 15}, {"when": {"field": "scale", "in": "micro"}, "points": 25}]},
   {"manual": "m", "points": 10}]}},
 {"id": "not-points", "rule": {"not": {"points": 30, "of": [{"tiers": [{"when": {"field": "patents", "ge": 4}, "points": 30}]}]}}},
 {"id": "ladder", "rule": {"points": 13, "of": [{"tiers": [
   {"when": {"field": "patents", "ge": 7}, "points": 3}, {"when": {"field": "patents", "ge": 6}, "points": 21},
   {"when": {"field": "patents", "ge": 5}, "points": 13}, {"when": {"field": "patents", "ge": 4}, "points": 40},
   {"when": {"field": "patents", "ge": 3}, "points": 8}, {"when": {"field": "patents", "ge": 2}, "points": 33},
   {"when": {"field": "patents", "ge": 1}, "points": 1}, {"when": {"field": "revenue", "ge": 100}, "points": 29},
   {"when": {"field": "scale", "in": "micro"}, "points": 5}, {"when": {"field": "dishonest", "is": false}, "points": 11},
   {"when": {"field": "labels", "has_any": "x"}, "points": 23}]}]}},
 {"id": "not-ladders", "rule": {"not": {"points": 40, "of": [{"tiers": [
   {"when": {"field": "patents", "ge": 7}, "points": 3}, {"when": {"field": "patents", "ge": 6}, "points": 21},
   {"when": {"field": "patents", "ge": 5}, "points": 13}, {"when": {"field": "patents", "ge": 4}, "points": 40},
   {"when": {"field": "patents", "ge": 3}, "points": 8}, {"when": {"field": "patents", "ge": 2}, "points": 33},
   {"when": {"field": "patents", "ge": 1}, "points": 1}, {"when": {"field": "revenue", "ge": 100}, "points": 29},
   {"when": {"field": "scale", "in": "micro"}, "points": 5}, {"when": {"field": "dishonest", "is": false}, "points": 11},
   {"when": {"field": "labels", "has_any": "x"}, "points": 23}]},
   {"tiers": [{"when": {"field": "park", "in": "P1"}, "points": 6}, {"when": {"field": "titles", "has_any": "a"}, "points": 19}]}]}}},
 {"id": "prefer", "rule": {"all": []}, "prefer": [{"when": {"field": "scale", "in": "micro"}, "add": 0.2},
   {"when": {"any": [{"field": "patents", "ge": 3}, {"manual": "m"}]}, "add": -0.3}], "tags": {"t1": 0.125}},
 {"id": "never", "rule": {"any": []}}])";

FirmTable random_firms(const SchemaPtr& schema, std::size_t count, unsigned seed) {
    std::mt19937 random(seed);
    const auto pick = [&](std::initializer_list<const char*> texts) {
        return std::string(texts.begin()[random() % texts.size()]);
    };
    std::vector<world::Cells> rows;
    for (std::size_t i = 0; i < count; ++i) {
        std::string tags;
        for (int t = 0; t < 5; ++t)
            if (random() % 3 == 0)
                tags += "|t" + std::to_string(t) + ":" + pick({"0", "1", "0.5", "0.333", "0.001"});
        rows.push_back({{"revenue", pick({"", "50", "60", "100"})},
                        {"rd", pick({"", "0", "1.5", "3", "3.01"})},
                        {"patents", pick({"", "0", "1", "2", "3", "4", "5", "6", "7"})},
                        {"established", pick({"", "2024-02-28", "2024-02-29", "2024-11-23",
                                              "2024-11-24", "2026-01-01"})},
                        {"dishonest", pick({"", "1", "0"})},
                        {"scale", pick({"", "micro", "small", "large"})},
                        {"industry", pick({"", "0111", "3921", "C13", "6513", "6421"})},
                        {"park", pick({"", "P1", "P12", "P3", "Q"})},
                        {"titles", pick({"", "a", "b|a@2026-11-23", "b|a@2026-11-22", "a|b|c"})},
                        {"labels", pick({"", "x", "y"})},
                        {"follows", tags},
                        {"name", pick({"", "N"})}});
    }
    return world::firms(schema, kAsOf, rows);
}

/// The score as the definition has it.
Score score(const Policy& policy, const FirmView& firm, const Urgency& urgency) {
    Score sum = policy.priority + urgency.of(policy, kAsOf);
    const auto field = firm.table().schema().tags();
    for (const Tag& tag : firm.tags())
        for (const PolicyTag& carried : policy.tags)
            if (firm.table().column(*field).dictionary[tag.name] == carried.name)
                sum += static_cast<Score>(tag.weight) * carried.weight;
    for (const Preference& preference : policy.prefer)
        if (evaluate(preference.when, firm) == Truth::yes) sum += preference.add;
    return sum;
}

struct Pair {
    std::uint32_t other;
    bool one_fact;
    Score score;
    std::string id; // of the other
};

/// Pairs of each (firm or policy, status), ranked, by judging them one by one.
struct Expected {
    std::map<std::pair<std::uint32_t, int>, std::vector<Pair>> ranked;
    std::vector<std::array<std::uint64_t, kStatuses>> counts;
};

Expected one_by_one(const FirmTable& firms, const std::vector<Policy>& policies, bool by_policy,
                    bool include_closed, const Urgency& urgency) {
    Expected expected;
    expected.counts.resize(policies.size());
    const auto states = life_cycles(policies, kAsOf);
    for (std::uint32_t p = 0; p < policies.size(); ++p) {
        if (states[p] != LifeCycle::open && !include_closed) continue;
        for (std::uint32_t row = 0; row < firms.size(); ++row) {
            const Judgement judgement = judge(policies[p].rule, firms[row]);
            if (judgement.verdict == Verdict::ineligible) continue;
            const int status = static_cast<int>(judgement.verdict);
            ++expected.counts[p][static_cast<std::size_t>(status)];
            expected.ranked[{by_policy ? p : row, status}].push_back(
                {by_policy ? row : p, judgement.one_fact_away,
                 score(policies[p], firms[row], urgency),
                 by_policy ? std::string(firms.id(row)) : policies[p].id});
        }
    }
    for (auto& [of, pairs] : expected.ranked)
        std::sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) {
            if (a.one_fact != b.one_fact) return a.one_fact;
            return a.score != b.score ? a.score > b.score : a.id < b.id;
        });
    return expected;
}

void check(const FirmTable& firms, const std::vector<Policy>& policies, const MatchOptions& options,
           const CompileOptions& compile) {
    const Matcher matcher(firms.schema(), policies, compile);
    const MatchResult result = matcher.match(firms, options);
    const Expected expected =
        one_by_one(firms, policies, options.by_policy, compile.include_closed, compile.urgency);
    std::array<std::uint64_t, kStatuses> totals{};
    const std::size_t count = options.by_policy ? policies.size() : firms.size();
    for (std::uint32_t of = 0; of < count; ++of) {
        for (int status = 0; status < kStatuses; ++status) {
            const auto verdict = static_cast<Verdict>(status);
            std::vector<Pair> pairs;
            if (const auto found = expected.ranked.find({of, status});
                found != expected.ranked.end() && (options.statuses & status_bit(verdict)) != 0)
                pairs = found->second;
            if (pairs.size() > options.top) pairs.resize(options.top);
            const auto pushes = result.pushes(of, verdict);
            REQUIRE(pushes.size() == pairs.size());
            totals[static_cast<std::size_t>(status)] += pairs.size();
            for (std::size_t i = 0; i < pairs.size(); ++i) {
                INFO("of " << of << ", " << name_of(verdict) << ", rank " << i + 1);
                REQUIRE(pushes[i].other == pairs[i].other);
                REQUIRE(pushes[i].score == pairs[i].score);
            }
        }
    }
    for (int status = 0; status < kStatuses; ++status)
        CHECK(result.total(static_cast<Verdict>(status)) ==
              totals[static_cast<std::size_t>(status)]);
    if (options.count_all)
        for (std::uint32_t p = 0; p < policies.size(); ++p)
            REQUIRE(result.counts(p) == expected.counts[p]);
}

/// Runs on every level of the CPU.
template <class Run> void on_every_level(Run run) {
    for (const Kernels* level : available_kernels()) {
        INFO(level->name);
        const ForcedKernels forced(level->name);
        run();
    }
}

} // namespace

TEST_CASE("the batch answers what judging pair by pair answers, on every level") {
    const SchemaPtr schema = world::schema();
    const std::vector<Policy> policies = world::policies(schema, kPolicies);
    const FirmTable firms = random_firms(schema, 1'300, 71);
    on_every_level([&] {
        for (const std::uint32_t top : {1u, 5u, kNoLimit})
            for (const bool by_policy : {false, true})
                check(firms, policies,
                      {.top = top,
                       .statuses = kAllStatuses,
                       .by_policy = by_policy,
                       .count_all = true,
                       .threads = top == 5 ? 3u : 1u,
                       .done_blocks = nullptr},
                      {.as_of = kAsOf, .include_closed = top == 1, .urgency = {}});
    });
}

TEST_CASE("each choice of statuses gives the same rows as all of them") {
    const SchemaPtr schema = world::schema();
    const std::vector<Policy> policies = world::policies(schema, kPolicies);
    const FirmTable firms = random_firms(schema, 600, 72);
    for (StatusSet statuses = 1; statuses <= kAllStatuses; ++statuses)
        for (const bool count_all : {false, true})
            check(firms, policies,
                  {.top = 3,
                   .statuses = statuses,
                   .by_policy = false,
                   .count_all = count_all,
                   .threads = 1,
                   .done_blocks = nullptr},
                  {.as_of = kAsOf, .include_closed = false, .urgency = {kScoreUnit / 3, 400}});
}

TEST_CASE("no firms and no policies are no trouble") {
    const SchemaPtr schema = world::schema();
    const std::vector<Policy> policies = world::policies(schema, kPolicies);
    const MatchOptions options{.top = 20,
                               .statuses = kAllStatuses,
                               .by_policy = false,
                               .count_all = true,
                               .threads = 4,
                               .done_blocks = nullptr};
    const CompileOptions compile{.as_of = kAsOf, .include_closed = false, .urgency = {}};
    check(random_firms(schema, 0, 1), policies, options, compile);
    check(random_firms(schema, 3, 1), {}, options, compile);
    for (const std::size_t firms : {1u, 511u, 512u, 513u})
        check(random_firms(schema, firms, 1), policies, options, compile);
}

namespace {

void check_all_statuses(const FirmTable& firms, const std::vector<Policy>& policies,
                        std::uint32_t top) {
    check(firms, policies,
          {.top = top,
           .statuses = kAllStatuses,
           .by_policy = false,
           .count_all = true,
           .threads = 1,
           .done_blocks = nullptr},
          {.as_of = kAsOf, .include_closed = false, .urgency = {}});
}

} // namespace

TEST_CASE("a tag that a policy has several times adds as often") {
    const SchemaPtr schema = world::schema();
    std::vector<Policy> policies = world::policies(schema, kPolicies);
    for (Policy& policy : policies)
        for (const char* const tag : {"t0", "t2", "t0", "t1"})
            policy.tags.push_back({tag, 250});
    const FirmTable firms = random_firms(schema, 600, 73);
    on_every_level([&] {
        for (const std::uint32_t top : {3u, kNoLimit})
            check_all_statuses(firms, policies, top);
    });
}

TEST_CASE("more tags than have a row each in every block are ranked like few") {
    const SchemaPtr schema = world::schema();
    std::mt19937 random(74);
    std::string json;
    for (int i = 0; i < 700; ++i) // more than a row of 512 entries
        json += std::string(i == 0 ? "[" : ",") + R"({"id": "p)" + std::to_string(i) +
                R"(", "rule": {"field": "patents", "ge": )" + std::to_string(i % 5) +
                R"(}, "priority": 0.)" + std::to_string(random() % 100) + "}";
    std::vector<Policy> policies = world::policies(schema, json + "]");
    std::vector<world::Cells> rows(120);
    const auto tag = [&](unsigned tags) { return "t" + std::to_string(random() % tags); };
    for (const unsigned tags : {64u, 256u, 257u, 600u}) {
        for (Policy& policy : policies) {
            policy.tags.clear();
            for (std::size_t i = random() % 40; i > 0; --i)
                policy.tags.push_back({tag(tags), static_cast<std::int32_t>(random() % 900) - 300});
        }
        for (unsigned t = 0; t < tags; ++t) // all are carried
            policies[t % policies.size()].tags.push_back({"t" + std::to_string(t), 125});
        for (world::Cells& row : rows) {
            std::set<std::string> follows; // no tag twice
            for (std::size_t i = random() % 12; i > 0; --i)
                follows.insert(tag(tags));
            std::string cell;
            for (const std::string& followed : follows)
                cell += "|" + followed + ":0." + std::to_string(1 + random() % 9);
            row = {{"follows", cell}, {"patents", std::to_string(random() % 5)}};
        }
        const FirmTable firms = world::firms(schema, kAsOf, rows);
        on_every_level([&] {
            for (const std::uint32_t top : {3u, kNoLimit})
                check_all_statuses(firms, policies, top);
        });
    }
}

namespace {

/// Policies that hold for everyone, with priorities up to 20 and tags of these weights.
std::vector<Policy> weighty_policies(const SchemaPtr& schema, std::vector<const char*> weights) {
    std::mt19937 random(75);
    std::string json;
    for (int i = 0; i < 40; ++i) {
        json += std::string(i == 0 ? "[" : ",") + R"({"id": "p)" + std::to_string(i) +
                R"(", "rule": {"all": []}, "priority": )" + std::to_string(random() % 20) + "." +
                std::to_string(random() % 1000) + R"(, "tags": {)";
        const int first = static_cast<int>(random() % 4);
        for (int tag = first; tag < 4; ++tag)
            json += std::string(tag == first ? "" : ",") + "\"t" + std::to_string(tag) +
                    "\": " + weights[random() % weights.size()];
        json += "}}";
    }
    return world::policies(schema, json + "]");
}

/// Firms that follow some of four tags, each up to so many thousandths.
FirmTable followers(const SchemaPtr& schema, std::size_t count, unsigned most) {
    std::mt19937 random(76);
    std::vector<world::Cells> rows(count);
    for (world::Cells& row : rows) {
        std::string follows;
        for (int tag = 0; tag < 4; ++tag)
            if (random() % 2 == 0)
                follows += std::string(follows.empty() ? "t" : "|t") + std::to_string(tag) + ":0." +
                           std::to_string(1000 + 1 + random() % most).substr(1);
        row = {{"follows", follows}};
    }
    return world::firms(schema, kAsOf, rows);
}

} // namespace

TEST_CASE("scores that outgrow keys of 32 bits are ranked like others") {
    const SchemaPtr schema = world::schema();
    const auto policies = weighty_policies(schema, {"5.001", "15", "30.001"});
    std::vector<Policy> single = weighty_policies(schema, {"50.001", "50.002"});
    for (Policy& policy : single)
        policy.tags.resize(1);
    const auto lowering = weighty_policies(schema, {"5.001", "-15.003", "30.001", "-30"});
    const FirmTable fit = followers(schema, 1'100, 100), outgrow = followers(schema, 1'100, 999);
    on_every_level([&] {
        for (const std::uint32_t top : {3u, 20u, kNoLimit}) {
            const MatchOptions options{.top = top,
                                       .statuses = kEligibleAndReview,
                                       .by_policy = false,
                                       .count_all = false,
                                       .threads = 1,
                                       .done_blocks = nullptr};
            const CompileOptions compile{.as_of = kAsOf, .include_closed = false, .urgency = {}};
            const auto bytes_a_push = [&](const FirmTable& firms) {
                const Matcher matcher(firms.schema(), policies, compile);
                const MatchResult result = matcher.match(firms, options);
                const Pushes pushes = result.pushes(0, Verdict::eligible);
                return pushes.bytes().size() / pushes.size();
            };
            CHECK(bytes_a_push(fit) == sizeof(std::uint32_t));
            CHECK(bytes_a_push(outgrow) == sizeof(RankKey));
            check(fit, policies, options, compile);
            check(outgrow, policies, options, compile);
            check(outgrow, single, options, compile);
            check(fit, lowering, options, compile);
            check(outgrow, lowering, options, compile);
        }
    });
}

namespace {

MatchOptions first_firms(std::uint32_t top, StatusSet statuses, unsigned threads) {
    MatchOptions options;
    options.top = top;
    options.statuses = statuses;
    options.by_policy = true;
    options.threads = threads;
    return options;
}

} // namespace

TEST_CASE("the first firms of each policy are those of judging pair by pair, however scores lie") {
    const SchemaPtr schema = world::schema();
    const FirmTable firms = random_firms(schema, 2'600, 77),
                    many_tags = followers(schema, 2'600, 999);
    const auto weighty = weighty_policies(schema, {"5.001", "0", "30.001"});
    const auto lowering = weighty_policies(schema, {"5.001", "-15.003", "30.001", "-30"});
    const auto negative = weighty_policies(schema, {"-1", "-15.003"});
    const auto preferring = world::policies(schema, R"([
        {"id": "one", "rule": {"all": []}, "tags": {"t0": 1}, "prefer": [
          {"when": {"field": "scale", "in": "micro"}, "add": 1}]},
        {"id": "down", "rule": {"all": []}, "tags": {"t0": 1, "t1": 1}, "prefer": [
          {"when": {"field": "scale", "in": "micro"}, "add": -0.5}]},
        {"id": "six", "rule": {"field": "patents", "ge": 1}, "tags": {"t0": 0.5, "t4": 0.5}, "prefer": [
          {"when": {"field": "scale", "in": "micro"}, "add": 0.5},
          {"when": {"field": "scale", "in": "small"}, "add": 0.25},
          {"when": {"field": "dishonest", "is": false}, "add": 0.125},
          {"when": {"field": "patents", "ge": 3}, "add": -0.5},
          {"when": {"field": "titles", "has_any": "a"}, "add": 0.001},
          {"when": {"manual": "m"}, "add": 7}]}])");
    on_every_level([&] {
        for (const std::uint32_t top : {1u, 3u, 20u, 300u, kNoLimit}) {
            for (const unsigned threads : {1u, 3u}) {
                const MatchOptions options = first_firms(top, kAllStatuses, threads);
                const CompileOptions compile{
                    .as_of = kAsOf, .include_closed = false, .urgency = {}};
                check(many_tags, weighty, options, compile);
                check(many_tags, lowering, options, compile);
                check(many_tags, negative, options, compile);
                check(firms, preferring, options, compile);
            }
        }
    });
}

TEST_CASE("scores of one policy that lie too far apart for 64 bits with a rank by id are ranked") {
    const SchemaPtr schema = world::schema();
    const FirmTable firms = random_firms(schema, 2'600, 78);
    std::string prefer = R"({"when": {"field": "scale", "in": "micro"}, "add": -1000000},
                            {"when": {"field": "patents", "ge": 3}, "add": 1000000})";
    for (int i = 0; i < 9'000; ++i)
        prefer += R"(,{"when": {"field": "scale", "in": "small"}, "add": 1000000})";
    const auto policies = world::policies(
        schema, R"([{"id": "far", "rule": {"all": []}, "tags": {"t0": 1}, "prefer": [)" + prefer +
                    R"(]}, {"id": "near", "rule": {"field": "revenue", "ge": 60}}])");
    for (const std::uint32_t top : {3u, kNoLimit})
        check(firms, policies, first_firms(top, kEligibleAndReview, top == 3 ? 1 : 2),
              {.as_of = kAsOf, .include_closed = false, .urgency = {}});
}

TEST_CASE("results that are alive keep their answers while others are made in what is let go") {
    constexpr std::size_t kFirms = 14'000, kPolicies = 40; // their keys fill chunks that are kept
    std::string json;
    for (std::size_t i = 0; i < kPolicies; ++i)
        json += (i == 0 ? "[" : ", ") + (R"({"id": "P)" + std::to_string(100 + i)) +
                R"(", "rule": {"field": "patents", "le": )" + std::to_string(i % 8) + "}}";
    const std::vector<Policy> policies = world::policies(world::schema(), json + "]");
    std::vector<world::Cells> rows(kFirms);
    for (std::size_t i = 0; i < kFirms; ++i)
        rows[i] = {{"patents", std::to_string(i % 8)}};
    const FirmTable firms = world::firms(world::schema(), kAsOf, rows);
    const Matcher matcher(*world::schema(), policies, {kAsOf, false, {}});
    const IndexedFirms indexed = matcher.index(firms);
    const auto match = [&](std::uint32_t top) {
        return matcher.match(indexed, {.top = top, .statuses = kAllStatuses});
    };
    const auto wrong = [&](const MatchResult& result, std::size_t top) {
        std::size_t count = 0;
        for (std::uint32_t row = 0; row < kFirms; ++row) {
            const std::size_t met = kPolicies / 8 * (8 - row % 8);
            const Pushes eligible = result.pushes(row, Verdict::eligible);
            const Pushes near = result.pushes(row, Verdict::near);
            count += eligible.size() != std::min(met, top);
            count += near.size() != std::min(kPolicies - met, top);
            for (const Push& push : eligible)
                count += push.other % 8 < row % 8;
            for (const Push& push : near)
                count += push.other % 8 >= row % 8;
        }
        return count;
    };
    const MatchResult kept = match(kNoLimit);
    CHECK(wrong(match(kNoLimit), kNoLimit) == 0); // and lets its memory go
    const MatchResult third = match(kNoLimit);
    CHECK(wrong(match(3), 3) == 0);
    CHECK(wrong(third, kNoLimit) == 0);
    CHECK(wrong(kept, kNoLimit) == 0);
}

TEST_CASE("progress counts the blocks") {
    const SchemaPtr schema = world::schema();
    const std::vector<Policy> policies = world::policies(schema, kPolicies);
    const FirmTable firms = random_firms(schema, 1'025, 1);
    std::atomic<std::size_t> done{0};
    const Matcher matcher(*schema, policies,
                          {.as_of = kAsOf, .include_closed = false, .urgency = {}});
    (void)matcher.match(firms, {.top = 20,
                                .statuses = kEligibleAndReview,
                                .by_policy = false,
                                .count_all = false,
                                .threads = 2,
                                .done_blocks = &done});
    CHECK(done == 3);
}

TEST_CASE("a table of very many items is added up without a fault") {
    const SchemaPtr schema = world::schema();
    std::string items;
    for (int i = 0; i < 20'000; ++i)
        items += std::string(i == 0 ? "" : ",") +
                 R"({"tiers": [{"when": {"always": true}, "points": 1000}]})";
    const std::vector<Policy> policies = world::policies(
        schema, R"({"id": "P", "rule": {"points": 1000000, "of": [)" + items + "]}}");
    check_all_statuses(random_firms(schema, 2, 1), policies, 1);
}
