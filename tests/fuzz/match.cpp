// Bytes as a small world: what the batch says of each pair is what the evaluator says, and the
// rank is the order of the exact scores; with every kernel this machine has.
//
// FUZZ_SHOW=1 prints the world of each input.
#include "kernels/kernels.hpp"
#include "qice/io/reader.hpp"
#include "qice/match/matcher.hpp"
#include "qice/rule/lint.hpp"
#include "qice/rule/parse.hpp"
#include "random_world.hpp"
#include "world.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <tuple>
#include <vector>

using namespace qice;

namespace {

/// What must come out for one pair, by the definitions alone.
struct Expected {
    Judgement judgement;
    Score score = 0;
};

Score expected_score(const Policy& policy, const FirmView& firm, const Urgency& urgency) {
    Score score = policy.priority + urgency.of(policy, firm.as_of());
    for (const PolicyTag& wanted : policy.tags)
        for (const Tag& tag : firm.tags()) {
            const auto field = *firm.table().schema().tags();
            if (firm.table().column(field).dictionary[tag.name] == wanted.name)
                score += wanted.weight * tag.weight;
        }
    for (const Preference& preference : policy.prefer)
        if (evaluate(preference.when, firm) == Truth::yes) score += preference.add;
    return score;
}

struct World {
    PolicySet set;
    FirmTable firms;
    CompileOptions options;
    std::vector<LifeCycle> states;
    std::vector<std::vector<Expected>> expected; // a firm, a policy

    bool matched(std::size_t policy) const {
        return options.include_closed || states[policy] == LifeCycle::open;
    }
};

/// Ranks by the definition: one fact away first (needs_data), score, then id.
std::vector<std::uint32_t> ranking(const World& world, std::size_t firm, Verdict status) {
    std::vector<std::uint32_t> policies;
    for (std::uint32_t policy = 0; policy < world.set.policies.size(); ++policy)
        if (world.matched(policy) && world.expected[firm][policy].judgement.verdict == status)
            policies.push_back(policy);
    const auto key = [&](std::uint32_t policy) {
        const Expected& pair = world.expected[firm][policy];
        return std::tuple(!pair.judgement.one_fact_away, -pair.score,
                          world.set.policies[policy].id);
    };
    std::sort(policies.begin(), policies.end(),
              [&](std::uint32_t a, std::uint32_t b) { return key(a) < key(b); });
    return policies;
}

std::string pair_name(const World& world, std::size_t firm, Verdict status) {
    return "firm " + std::string(world.firms.id(firm)) + ", " + std::string(name_of(status)) +
           ", kernels " + kernels().name;
}

void check_by_firm(const World& world, const Matcher& matcher, const IndexedFirms& indexed,
                   std::uint32_t top) {
    MatchOptions options;
    options.top = top;
    options.statuses = kAllStatuses;
    options.count_all = true;
    const MatchResult result = matcher.match(indexed, options);
    std::vector<std::array<std::uint64_t, kStatuses>> counts(world.set.policies.size());
    for (std::size_t firm = 0; firm < world.firms.size(); ++firm)
        for (std::size_t s = 0; s < kStatuses; ++s) {
            const auto status = static_cast<Verdict>(s);
            const std::vector<std::uint32_t> wanted = ranking(world, firm, status);
            for (std::uint32_t policy : wanted)
                ++counts[policy][s];
            const auto pushes = result.pushes(static_cast<std::uint32_t>(firm), status);
            const std::string name = pair_name(world, firm, status);
            fuzz::require(pushes.size() == std::min<std::size_t>(wanted.size(), top),
                          name + ": " + std::to_string(pushes.size()) + " pushes of " +
                              std::to_string(wanted.size()));
            for (std::size_t i = 0; i < pushes.size(); ++i) {
                fuzz::require(pushes[i].other == wanted[i],
                              name + ": another policy in place " + std::to_string(i + 1));
                fuzz::require(pushes[i].score == world.expected[firm][wanted[i]].score,
                              name + ": another score in place " + std::to_string(i + 1));
            }
        }
    for (std::uint32_t policy = 0; policy < counts.size(); ++policy)
        fuzz::require(result.counts(policy) == counts[policy],
                      "the counts of policy " + world.set.policies[policy].id);
}

void check_by_policy(const World& world, const Matcher& matcher, const IndexedFirms& indexed) {
    MatchOptions options;
    options.top = kNoLimit;
    options.statuses = kAllStatuses;
    options.by_policy = true;
    const MatchResult result = matcher.match(indexed, options);
    for (std::uint32_t policy = 0; policy < world.set.policies.size(); ++policy)
        for (std::size_t s = 0; s < kStatuses; ++s) {
            const auto status = static_cast<Verdict>(s);
            std::size_t wanted = 0;
            for (std::size_t firm = 0; firm < world.firms.size(); ++firm)
                wanted += world.matched(policy) &&
                          world.expected[firm][policy].judgement.verdict == status;
            const auto pushes = result.pushes(policy, status);
            fuzz::require(pushes.size() == wanted, "by policy: pushes of " +
                                                       world.set.policies[policy].id + ", " +
                                                       std::string(name_of(status)));
            for (const Push& push : pushes)
                fuzz::require(world.expected[push.other][policy].judgement.verdict == status &&
                                  world.expected[push.other][policy].score == push.score,
                              "by policy: " + std::string(world.firms.id(push.other)) + " of " +
                                  world.set.policies[policy].id);
        }
}

/// A rule that lint holds for impossible is met by nobody.
void check_lint(const World& world) {
    for (const Warning& warning : lint(world.set, world.options.as_of)) {
        if (warning.kind != "never_true" || warning.field != "rule") continue;
        for (std::size_t policy = 0; policy < world.set.policies.size(); ++policy) {
            if (world.set.policies[policy].id != warning.policy) continue;
            for (std::size_t firm = 0; firm < world.firms.size(); ++firm) {
                const Verdict verdict = world.expected[firm][policy].judgement.verdict;
                fuzz::require(verdict != Verdict::eligible && verdict != Verdict::review,
                              "a rule that can never be true is met: " + warning.policy);
            }
        }
    }
}

void judge_all(World& world) {
    world.states = life_cycles(world.set.policies, world.options.as_of);
    for (std::size_t firm = 0; firm < world.firms.size(); ++firm) {
        auto& row = world.expected.emplace_back();
        for (const Policy& policy : world.set.policies)
            row.push_back({judge(policy.rule, world.firms[firm]),
                           expected_score(policy, world.firms[firm], world.options.urgency)});
    }
}

void choose_kernels(fuzz::Bytes& bytes) {
    const std::vector<const Kernels*> levels = available_kernels();
    setenv("QICE_KERNELS", levels[bytes.pick(levels.size())]->name, 1);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const bool shown = std::getenv("FUZZ_SHOW") != nullptr;
    fuzz::WorldWriter writer(data, size);
    choose_kernels(writer.bytes());
    CompileOptions compile_options{*Date::from_civil(2026, 6, 15), writer.bytes().coin(), {}};
    if (writer.bytes().coin()) compile_options.urgency = {200'000, 30};
    const auto top = static_cast<std::uint32_t>(1 + writer.bytes().pick(3));
    const std::string policies = writer.policies(), firms = writer.firms();
    if (shown) std::fprintf(stderr, "%s\n%s", policies.c_str(), firms.c_str());

    PolicySet set = parse_policies(policies, "world.json", fuzz::schema());
    if (shown)
        for (const Status& error : set.errors)
            std::fprintf(stderr, "%s\n", error.to_string().c_str());
    ReadOptions read_options;
    read_options.as_of = compile_options.as_of;
    Result<FirmsRead> read = read_firms_csv(firms, "world.csv", fuzz::schema(), read_options);
    fuzz::require(read.ok(), read.ok() ? "" : read.status().to_string());

    World world{std::move(set), std::move(read->firms), compile_options, {}, {}};
    judge_all(world);
    const Matcher matcher(*fuzz::schema(), world.set.policies, world.options);
    const IndexedFirms indexed = matcher.index(world.firms);
    check_by_firm(world, matcher, indexed, kNoLimit);
    check_by_firm(world, matcher, indexed, top);
    check_by_policy(world, matcher, indexed);
    check_lint(world);
    return 0;
}
