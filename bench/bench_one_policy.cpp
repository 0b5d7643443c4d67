// How long until the firms of one new policy are known, ranked, among all firms of a city?
//
//   build/bench/bench/qice_bench_one_policy [--firms N] [--policies N] [--every N] [--from N]
//                                           [--top K] [--rounds N] [--check 0]
//
// Every eleventh policy of the city (--every) is asked as if it were new, over an index that knows
// its boundaries; and again with thresholds moved so that none is a boundary of the index. Prints
// quantiles over the policies of the time to compile (parsed rule to bound program) and to match:
// processor time of the thread, each policy's least of some rounds, so that a busy machine does not
// decide. Before anything is timed, counts and ranked firms of the same policies are compared with
// one match by policy of the batch matcher.
#include "city.hpp"

#include "kernels/kernels.hpp"
#include "qice/match/policy_query.hpp"

#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <time.h>

namespace {

using namespace qice;

/// What this thread has used of a processor, in microseconds.
double used_microseconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

std::size_t option(int argc, char** argv, std::string_view name, std::size_t usual) {
    for (int i = 1; i + 1 < argc; ++i)
        if (argv[i] == name) return std::strtoull(argv[i + 1], nullptr, 10);
    return usual;
}

// ------------------------------------------------------------------------ policies with new cuts

class Shift {
  public:
    Shift(const Schema& schema, const Program& program) : schema_(schema), cuts_(schema.size()) {
        for (const CodedField& field : program.fields)
            cuts_[field.field] = &field.cuts;
    }

    void apply(Policy& policy) const {
        apply(policy.rule.root);
        for (Preference& preference : policy.prefer)
            apply(preference.when.root);
    }

  private:
    void apply(Node& node) const {
        const Field& field = schema_[node.condition.field];
        if (node.kind == NodeKind::condition &&
            (field.kind == Kind::number || field.kind == Kind::date))
            for (Test& test : node.condition.tests)
                if (test.op <= Op::ne)
                    test.numbers[0] = moved(node.condition.field, test.numbers[0]);
        for (Node& child : node.children)
            apply(child);
        for (PointsItem& item : node.items)
            for (PointsTier& tier : item.tiers)
                apply(tier.when);
    }

    /// A tenth further, and on until neither it nor what lies just behind it is a cut.
    std::int64_t moved(std::uint32_t field, std::int64_t value) const {
        const auto is_cut = [&](std::int64_t at) {
            const std::vector<std::int64_t>& cuts = cuts_[field]->numbers();
            const std::int64_t scaled = schema_[field].is_ratio() ? 2 * at : at;
            return std::binary_search(cuts.begin(), cuts.end(), scaled) ||
                   std::binary_search(cuts.begin(), cuts.end(), scaled + 1);
        };
        value += value / 10 + 1;
        while (is_cut(value))
            ++value;
        return value;
    }

    const Schema& schema_;
    std::vector<const FieldCuts*> cuts_;
};

// ------------------------------------------------------------------------------------- answers

/// The same counts, the same firms in the same order with the same scores.
bool agrees(const bench::City& city, const std::vector<Policy>& some, const PolicyQuery& query,
            std::uint32_t top) {
    const CompileOptions options{.as_of = city.as_of, .include_closed = true, .urgency = {}};
    const Matcher matcher(*city.schema, some, options);
    const MatchResult batch =
        matcher.match(city.firms, {.top = top, .statuses = kAllStatuses, .by_policy = true});
    PolicyQuery::Scratch scratch;
    PolicyAnswer answer;
    for (std::uint32_t i = 0; i < some.size(); ++i) {
        const BoundPolicy bound = query.bind(some[i], options);
        for (const StatusSet statuses : {kEligibleAndReview, kAllStatuses}) {
            query.match(bound, {.top = top, .statuses = statuses}, scratch, answer);
            for (std::size_t s = 0; s < kStatuses; ++s) {
                if ((statuses >> s & 1) == 0) continue;
                const auto status = static_cast<Verdict>(s);
                const Pushes expected = batch.pushes(i, status);
                const auto said = answer.pushes(status);
                bool same =
                    answer.count(status) == batch.counts(i)[s] && said.size() == expected.size();
                for (std::size_t k = 0; same && k < said.size(); ++k)
                    same = said[k].other == expected[k].other && said[k].score == expected[k].score;
                if (same) continue;
                std::printf("policy %s differs in status %zu: count %llu, expected %llu\n",
                            some[i].id.c_str(), s,
                            static_cast<unsigned long long>(answer.count(status)),
                            static_cast<unsigned long long>(batch.counts(i)[s]));
                return false;
            }
        }
    }
    return true;
}

// --------------------------------------------------------------------------------------- times

void print(const char* name, std::vector<double> times) {
    std::sort(times.begin(), times.end());
    const auto at = [&](double share) {
        return times[std::min(times.size() - 1,
                              static_cast<std::size_t>(share * static_cast<double>(times.size())))];
    };
    std::printf("  %-34s p50 %8.1f  p90 %8.1f  p99 %8.1f  max %8.1f us\n", name, at(.5), at(.9),
                at(.99), times.back());
}

void measure(const char* name, const bench::City& city, const std::vector<Policy>& policies,
             const PolicyQuery& query, std::uint32_t top, std::size_t rounds) {
    const CompileOptions options{.as_of = city.as_of, .include_closed = true, .urgency = {}};
    struct Mode {
        const char* name;
        PolicyQueryOptions options;
    };
    const Mode modes[] = {
        {"match, ranked", {.top = top}},
        {"match, counted only", {.top = 0}},
        {"match, all firms in no order", {.top = kNoLimit, .ranked = false, .positions = true}},
        {"four statuses, counted only", {.top = 0, .statuses = 0, .count_all = true}},
        {"four statuses, ranked", {.top = top, .statuses = kAllStatuses}},
    };
    constexpr std::size_t kModes = std::size(modes);
    std::vector<double> compile_times(policies.size(), 1e9);
    std::vector<std::vector<double>> times(kModes, compile_times);
    PolicyQuery::Scratch scratch;
    PolicyAnswer answer;
    std::size_t asking = 0;
    for (std::size_t round = 0; round < rounds; ++round) {
        for (std::size_t i = 0; i < policies.size(); ++i) {
            const double start = used_microseconds();
            const BoundPolicy bound = query.bind(policies[i], options);
            compile_times[i] = std::min(compile_times[i], used_microseconds() - start);
            if (round == 0 && bound.asks_firms()) ++asking;
        }
        for (std::size_t mode = 0; mode < kModes; ++mode) {
            for (std::size_t i = 0; i < policies.size(); ++i) {
                const BoundPolicy bound = query.bind(policies[i], options);
                const double start = used_microseconds();
                query.match(bound, modes[mode].options, scratch, answer);
                times[mode][i] = std::min(times[mode][i], used_microseconds() - start);
            }
        }
    }
    std::printf("%s: %zu policies, %zu of them ask single firms, top %u\n", name, policies.size(),
                asking, top);
    print("compile and bind", compile_times);
    for (std::size_t mode = 0; mode < kModes; ++mode)
        print(modes[mode].name, times[mode]);
    std::vector<std::pair<double, std::size_t>> slowest;
    for (std::size_t i = 0; i < policies.size(); ++i)
        slowest.emplace_back(times[0][i], i);
    std::sort(slowest.rbegin(), slowest.rend());
    for (std::size_t i = 0; i < std::min<std::size_t>(3, slowest.size()); ++i) {
        query.match(query.bind(policies[slowest[i].second], options), {.top = top}, scratch,
                    answer);
        std::printf("  slowest: %s, %.1f us, eligible %llu, review %llu, blocks %zu\n",
                    policies[slowest[i].second].id.c_str(), slowest[i].first,
                    static_cast<unsigned long long>(answer.count(Verdict::eligible)),
                    static_cast<unsigned long long>(answer.count(Verdict::review)),
                    answer.blocks());
    }
}

} // namespace

int main(int argc, char** argv) {
    const std::size_t rounds = option(argc, argv, "--rounds", 3);
    const auto top = static_cast<std::uint32_t>(option(argc, argv, "--top", 1'000));
    const bench::City& city = bench::city(option(argc, argv, "--firms", 550'000),
                                          option(argc, argv, "--policies", 10'000));
    const std::vector<Policy>& all = city.policies.policies;
    const Program program =
        compile(*city.schema, all, {.as_of = city.as_of, .include_closed = true, .urgency = {}});
    const FirmIndex index(program, city.firms);
    const double start = used_microseconds();
    const PolicyQuery query(program, index, city.firms);
    std::printf("%zu firms, %s kernels; built in %.0f ms; %.1f bytes a firm beside %.1f of the "
                "index\n",
                city.firms.size(), kernels().name, (used_microseconds() - start) / 1000,
                static_cast<double>(query.bytes()) / static_cast<double>(city.firms.size()),
                static_cast<double>(index.bytes()) / static_cast<double>(city.firms.size()));
    std::vector<Policy> policies;
    const std::size_t every = option(argc, argv, "--every", 11);
    for (std::size_t i = option(argc, argv, "--from", 0); i < all.size(); i += every)
        policies.push_back(all[i]);
    std::vector<Policy> shifted = policies;
    const Shift shift(*city.schema, program);
    for (Policy& policy : shifted)
        shift.apply(policy);
    const bool check = option(argc, argv, "--check", 1) != 0;
    if (check && (!agrees(city, policies, query, top) || !agrees(city, shifted, query, top))) {
        std::printf("the answers differ from the batch matcher's: nothing is timed\n");
        return 1;
    }
    measure("boundaries that the index knows", city, policies, query, top, rounds);
    measure("boundaries that it does not", city, shifted, query, top, rounds);
    return 0;
}
