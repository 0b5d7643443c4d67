// How long does it take to match every firm with every policy, ranked?
//
//   ./dev bench            (or: build/bench-release/qice_bench --benchmark_filter=match)
//
// Arguments: firms, policies, statuses (3 = eligible + review, 15 = all), threads. Before anything
// is timed, a sample of the pairs is checked against the evaluator.
#include "city.hpp"

#include "qice/match/matcher.hpp"

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

void match(benchmark::State& state) {
    const bench::City& city = bench::city(static_cast<std::uint64_t>(state.range(0)),
                                          static_cast<std::uint64_t>(state.range(1)));
    const Matcher matcher(*city.schema, city.policies.policies, {.as_of = city.as_of});
    const IndexedFirms firms = matcher.index(city.firms);
    MatchOptions options{.top = 20,
                         .statuses = static_cast<StatusSet>(state.range(2)),
                         .threads = static_cast<unsigned>(state.range(3))};
    MatchOptions everything = options;
    everything.top = kNoLimit;
    everything.statuses = kEligibleAndReview;
    if (!agrees(city, matcher, matcher.match(firms, everything))) {
        state.SkipWithError("the answer differs from the evaluator's");
        return;
    }
    for (auto _ : state)
        benchmark::DoNotOptimize(matcher.match(firms, options));
    const double pairs = static_cast<double>(city.firms.size()) *
                         static_cast<double>(matcher.program().policies.size());
    state.counters["ns_per_pair"] = benchmark::Counter(
        pairs * 1e-9, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

} // namespace

BENCHMARK(match)
    ->ArgNames({"firms", "policies", "statuses", "threads"})
    ->Args({200'000, 3'000, 3, 1})
    ->Args({200'000, 3'000, 15, 1})
    ->Args({200'000, 3'000, 3, 2})
    ->Args({550'000, 10'000, 3, 1})
    ->Args({550'000, 10'000, 15, 1})
    ->Args({550'000, 10'000, 3, 2})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

BENCHMARK_MAIN();
