// How long does it take to match every firm with every policy, ranked?
//
//   ./dev bench            (or: build/bench/bench/qice_bench --benchmark_filter=match)
//
// match: the best policies of each firm. by_policy: the best firms of each policy. Arguments:
// firms, policies, top, statuses (3 = eligible + review, 15 = all), threads. Before anything is
// timed, a sample of the pairs is checked against the evaluator, or of the policies against
// PolicyQuery.
#include "city.hpp"

#include "qice/match/matcher.hpp"
#include "qice/match/policy_query.hpp"

#include <benchmark/benchmark.h>

namespace {

using namespace qice;

/// Counts of a sample of policies must equal the evaluator's over a sample of firms.
bool agrees(const bench::City& city, const Matcher& matcher, const MatchResult& result) {
    const std::size_t policy_step = std::max<std::size_t>(city.policies.policies.size() / 20, 1);
    const std::size_t firm_step = std::max<std::size_t>(city.firms.size() / 500, 1);
    std::vector<bool> matched(city.policies.policies.size());
    for (const CompiledPolicy& policy : matcher.program().policies)
        matched[policy.policy] = true;
    for (std::size_t row = 0; row < city.firms.size(); row += firm_step) {
        for (std::uint32_t p = 0; p < matched.size();
             p += static_cast<std::uint32_t>(policy_step)) {
            if (!matched[p]) continue;
            const bool eligible =
                judge(city.policies.policies[p].rule, city.firms[row]).verdict == Verdict::eligible;
            bool found = false;
            for (const Push& push :
                 result.pushes(static_cast<std::uint32_t>(row), Verdict::eligible))
                found |= push.other == p;
            if (eligible != found) return false;
        }
    }
    return true;
}

/// The firms of a sample of policies must be those that PolicyQuery gives.
bool agrees_by_policy(const bench::City& city, const Matcher& matcher, const IndexedFirms& firms,
                      const MatchResult& result, const MatchOptions& options) {
    const PolicyQuery query(matcher.program(), firms.index, city.firms);
    PolicyQuery::Scratch scratch;
    PolicyAnswer answer;
    const std::vector<CompiledPolicy>& open = matcher.program().policies;
    for (std::size_t place = 0; place < open.size(); place += open.size() / 200 + 1) {
        const std::uint32_t p = open[place].policy;
        query.match(query.bind(city.policies.policies[p], {.as_of = city.as_of}),
                    {.top = options.top, .statuses = options.statuses}, scratch, answer);
        for (int status = 0; status < kStatuses; ++status) {
            const auto verdict = static_cast<Verdict>(status);
            const Pushes said = result.pushes(p, verdict);
            const std::span<const Push> wanted = answer.pushes(verdict);
            if (said.size() != wanted.size()) return false;
            for (std::size_t i = 0; i < said.size(); ++i)
                if (said[i].other != wanted[i].other || said[i].score != wanted[i].score)
                    return false;
        }
    }
    return true;
}

struct Setting {
    explicit Setting(const benchmark::State& state)
        : city(bench::city(static_cast<std::uint64_t>(state.range(0)),
                           static_cast<std::uint64_t>(state.range(1)))),
          matcher(*city.schema, city.policies.policies, {.as_of = city.as_of}),
          firms(matcher.index(city.firms)), options{
                                                .top = static_cast<std::uint32_t>(state.range(2)),
                                                .statuses = static_cast<StatusSet>(state.range(3)),
                                                .threads = static_cast<unsigned>(state.range(4))} {}

    void time(benchmark::State& state) const {
        for (auto _ : state)
            benchmark::DoNotOptimize(matcher.match(firms, options));
        const double pairs = static_cast<double>(city.firms.size()) *
                             static_cast<double>(matcher.program().policies.size());
        state.counters["ns_per_pair"] =
            benchmark::Counter(pairs * 1e-9, benchmark::Counter::kIsIterationInvariantRate |
                                                 benchmark::Counter::kInvert);
    }

    const bench::City& city;
    Matcher matcher;
    IndexedFirms firms;
    MatchOptions options;
};

void match(benchmark::State& state) {
    const Setting setting(state);
    MatchOptions everything = setting.options;
    everything.top = kNoLimit;
    everything.statuses = kEligibleAndReview;
    if (!agrees(setting.city, setting.matcher, setting.matcher.match(setting.firms, everything)))
        state.SkipWithError("the answer differs from the evaluator's");
    else
        setting.time(state);
}

void by_policy(benchmark::State& state) {
    Setting setting(state);
    setting.options.by_policy = true;
    const MatchResult result = setting.matcher.match(setting.firms, setting.options);
    if (!agrees_by_policy(setting.city, setting.matcher, setting.firms, result, setting.options))
        state.SkipWithError("the answer differs from PolicyQuery's");
    else
        setting.time(state);
}

} // namespace

BENCHMARK(match)
    ->ArgNames({"firms", "policies", "top", "statuses", "threads"})
    ->Args({200'000, 3'000, 20, 3, 1})
    ->Args({200'000, 3'000, 20, 15, 1})
    ->Args({200'000, 3'000, 20, 3, 2})
    ->Args({550'000, 10'000, 20, 3, 1})
    ->Args({550'000, 10'000, 100, 3, 1})
    ->Args({550'000, 10'000, 20, 15, 1})
    ->Args({550'000, 10'000, 20, 3, 2})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

BENCHMARK(by_policy)
    ->ArgNames({"firms", "policies", "top", "statuses", "threads"})
    ->Args({550'000, 10'000, 20, 3, 1})
    ->Args({550'000, 10'000, 1'000, 3, 1})
    ->Args({550'000, 10'000, 20, 15, 1})
    ->Args({550'000, 10'000, 1'000, 3, 2})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

BENCHMARK_MAIN();
