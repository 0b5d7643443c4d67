// What is each idea of the matcher worth? Each is switched off in turn.
//
//   build/bench/bench/qice_bench_ideas [FIRMS POLICIES [ROUNDS]]     (default: 200,000 3,000 7)
//
// A line an idea: the time of a match with it and without it, and the ratio. One thread, eligible
// and review, the 20 first of each firm. With and without take turns; the least time of the process
// on the processor counts, so that what else runs on the machine shows little. Before anything is
// timed, every count and every push of the two is compared.
#include "city.hpp"

#include "kernels/kernels.hpp"
#include "qice/match/matcher.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <time.h>

namespace {

using namespace qice;

constexpr std::uint32_t kTop = 20;
constexpr std::uint32_t kLastOfNetwork = 32; // one more, and firms are sorted one by one

double processor_milliseconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

/// One way to match, all of it.
struct Way {
    const Matcher* matcher;
    const IndexedFirms* firms;
    MatchOptions options;
    std::string kernels = {}; // the level; empty: the best

    MatchResult match() const {
        if (kernels.empty())
            ::unsetenv("QICE_KERNELS");
        else
            ::setenv("QICE_KERNELS", kernels.c_str(), 1);
        return matcher->match(*firms, options);
    }
    /// Does a block keep its keys in 32 bits?
    bool has_short_keys() const {
        const MatchResult result = match();
        for (std::uint32_t row = 0; row < firms->table->size(); ++row)
            if (const Pushes pushes = result.pushes(row, Verdict::eligible); !pushes.empty())
                if (pushes.bytes().size() < pushes.size() * sizeof(RankKey)) return true;
        return false;
    }
};

/// Throws unless all counts, and the pushes that both keep, are equal.
void compare(const Way& a, const Way& b, std::size_t policies) {
    const MatchResult one = a.match(), other = b.match();
    const std::uint32_t top = std::min(a.options.top, b.options.top);
    for (const Verdict status : {Verdict::eligible, Verdict::review}) {
        const auto s = static_cast<std::size_t>(status);
        for (std::uint32_t policy = 0; policy < policies; ++policy)
            if (one.counts(policy)[s] != other.counts(policy)[s])
                throw std::runtime_error("the counts differ");
        if (((a.options.statuses & b.options.statuses) >> s & 1) == 0) continue;
        for (std::uint32_t row = 0; row < a.firms->table->size(); ++row) {
            const Pushes mine = one.pushes(row, status), yours = other.pushes(row, status);
            const std::size_t count = std::min<std::size_t>(mine.size(), top);
            bool same = count == std::min<std::size_t>(yours.size(), top);
            for (std::size_t i = 0; same && i < count; ++i)
                same = mine[i].other == yours[i].other && mine[i].score == yours[i].score;
            if (!same) throw std::runtime_error("the pushes differ");
        }
    }
}

struct Bench {
    std::size_t policies; // of the city
    int rounds;

    void line(const std::string& idea, const Way& with, const Way& without) const {
        compare(with, without, policies);
        double least[2] = {1e18, 1e18};
        for (int round = 0; round < rounds; ++round) {
            for (int i = 0; i < 2; ++i) {
                const Way& way = i == 0 ? with : without;
                const double begin = processor_milliseconds();
                const MatchResult result = way.match();
                least[i] = std::min(least[i], processor_milliseconds() - begin);
            }
        }
        std::printf("%-52s %8.1f ms %8.1f ms %6.2f x\n", idea.c_str(), least[0], least[1],
                    least[1] / least[0]);
        std::fflush(stdout);
    }
};

/// The policies with weights of one decimal, as most authors write them: their keys fit 32 bits.
std::vector<Policy> with_coarse_weights(std::vector<Policy> policies) {
    const auto round = [](std::int64_t& weight, std::int64_t tenth) {
        weight = weight / tenth * tenth;
    };
    for (Policy& policy : policies) {
        round(policy.priority, 100'000);
        for (PolicyTag& tag : policy.tags)
            round(tag.weight, 100);
        for (Preference& preference : policy.prefer)
            round(preference.add, 100'000);
    }
    return policies;
}

/// One more, which nobody can meet and whose tag weighs so much that no block tries short keys.
std::vector<Policy> with_a_great_weight(std::vector<Policy> policies, const SchemaPtr& schema) {
    PolicySet nobody = parse_policies(
        R"({"id": "nobody", "tags": {"nothing": 999.999}, "rule": {"always": false}})",
        "nobody.json", schema);
    policies.push_back(std::move(nobody.policies.at(0)));
    return policies;
}

CompileOptions options_for(const bench::City& city) { return {city.as_of, false, Urgency{}}; }

/// A policy set with firms indexed for it.
struct Indexed {
    Indexed(const bench::City& city, std::vector<Policy> set)
        : policies(std::move(set)), matcher(*city.schema, policies, options_for(city)),
          firms(matcher.index(city.firms)) {}

    std::vector<Policy> policies;
    Matcher matcher;
    IndexedFirms firms;
};

} // namespace

int main(int count, char** arguments) {
    const auto number = [&](int i, unsigned long otherwise) {
        return count > i ? std::strtoul(arguments[i], nullptr, 10) : otherwise;
    };
    const bench::City& city = bench::city(number(1, 200'000), number(2, 3'000));
    const std::vector<Policy>& policies = city.policies.policies;
    const Matcher matcher(*city.schema, policies, options_for(city));
    const IndexedFirms firms = matcher.index(city.firms);
    const Bench bench{policies.size(), static_cast<int>(number(3, 7))};
    const Way all{&matcher, &firms, {.top = kTop}};

    std::printf("%zu firms, %zu open policies of %zu, kernels %s\n", city.firms.size(),
                matcher.program().policies.size(), policies.size(), kernels().name);
    std::printf("%-52s %11s %11s %8s\n", "idea", "with", "without", "worth");
    const auto against = [&](const std::string& idea, const IndexOptions& options) {
        const IndexedFirms other = matcher.index(city.firms, options);
        Way with = all, without = all;
        without.firms = &other;
        bench.line(idea, with, without);
        with.options.statuses = without.options.statuses = 0;
        bench.line("  the same, counting only", with, without);
    };
    against("firms sorted, so that a block is alike", {.sort = false});
    against("zone map", {.zones = false});
    against("sorted firms and zone map", {.sort = false, .zones = false});
    Way with = all, without = all;
    for (const Kernels* level : available_kernels()) {
        if (level == available_kernels().back()) continue;
        without = all;
        without.kernels = level->name;
        bench.line(std::string(available_kernels().back()->name) + " in place of " + level->name,
                   all, without);
    }
    const auto short_keys = [&](const std::string& idea, const std::vector<Policy>& set) {
        const Indexed may(city, set), may_not(city, with_a_great_weight(set, city.schema));
        with = all;
        with.matcher = &may.matcher;
        with.firms = &may.firms;
        without = all;
        without.matcher = &may_not.matcher;
        without.firms = &may_not.firms;
        if (!with.has_short_keys() || without.has_short_keys())
            throw std::runtime_error("keys of another width");
        bench.line(idea, with, without);
    };
    short_keys("keys of 32 bits where they fit", policies);
    short_keys("  the same, weights of one decimal", with_coarse_weights(policies));
    with = all;
    without = all;
    with.options.top = kLastOfNetwork;
    without.options.top = kLastOfNetwork + 1;
    bench.line("firms merged a lane each (top 32; 33: one by one)", with, without);
    without = all;
    without.options.count_all = true;
    bench.line("only the planes asked for (all: count four statuses)", all, without);
    with = all;
    with.options.statuses = 0;
    bench.line("(not an idea: counting only, beside ranking)", with, all);
    return 0;
}
