// How long does one firm wait for its policies?
//
//   build/bench/bench/qice_bench_one_firm [all | city | region | updates | FOLDER ...]
//
// city: 10,000 policies of one city, 20,000 firms. region: 100,000 policies of nine cities, each in
// a province of its own; the national ones once; a firm sees about 5,000 by its place, the others
// belong elsewhere. Each firm is asked about in several passes over all firms and its least time
// counts, so that what else runs on the machine shows little; the percentiles are over firms.
// Timed: raw values in a reused record -> coded -> rows -> checks -> best 20 of eligible and of
// review, with their ids and scores. Before anything is timed, answers are compared with the
// matcher's, and the plain scan's with both.
//
// updates: an engine over the city's 10,000; 1,500 changes of one policy, each until a new snapshot
// is there: one in three changes a policy, removes one, or adds it again. Questions go on meanwhile
// in another thread.
//
// FOLDER: schema.json, policies.jsonl and firms.csv of any workload, asked on one day.
#include "city.hpp"
#include "plain_scan.hpp"

#include "generate/generate.hpp"
#include "qice/match/engine.hpp"
#include "qice/match/firm_query.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <time.h>

namespace {

using namespace qice;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kTop = 20;

double microseconds(Clock::duration duration) {
    return std::chrono::duration<double, std::micro>(duration).count();
}

/// What the calling thread has used of a processor: a busy machine adds nothing.
double thread_microseconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

/// The least time of each firm over some passes, sorted.
template <class Ask>
std::vector<double> least_times(const std::vector<FirmView>& firms, int passes, Ask ask) {
    std::vector<double> least(firms.size(), 1e9);
    FirmRecord record(firms[0].table().schema_ptr());
    for (int pass = 0; pass < passes; ++pass) {
        for (std::size_t i = 0; i < firms.size(); ++i) {
            record.assign(firms[i]);
            const auto begin = Clock::now();
            ask(record, firms[i]);
            least[i] = std::min(least[i], microseconds(Clock::now() - begin));
        }
    }
    std::sort(least.begin(), least.end());
    return least;
}

double percentile(const std::vector<double>& sorted, double share) {
    return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

void print(const char* what, const std::vector<double>& sorted) {
    std::printf("  %-34s p50 %8.2f  p90 %8.2f  p99 %8.2f  max %8.2f us\n", what,
                percentile(sorted, 0.5), percentile(sorted, 0.9), percentile(sorted, 0.99),
                sorted.back());
}

CompileOptions options_for(Date as_of) { return {as_of, false, Urgency{}}; }

volatile std::uint64_t sink; // what is answered is read

void check(const Schema& schema, const std::vector<Policy>& policies, const FirmQuery& query,
           bench::PlainScan& scan, const std::vector<FirmView>& firms, Date as_of) {
    const Matcher matcher(schema, policies, options_for(as_of));
    FirmQuery::Scratch scratch(query);
    FirmRecord record(firms[0].table().schema_ptr());
    std::vector<const FirmTable*> tables;
    for (const FirmView& firm : firms)
        if (std::find(tables.begin(), tables.end(), &firm.table()) == tables.end())
            tables.push_back(&firm.table());
    std::size_t pushes = 0;
    for (const FirmTable* table : tables) {
        const MatchResult batch = matcher.match(*table, {.top = kTop, .statuses = kAllStatuses});
        for (std::uint32_t row = 0; row < table->size(); row += 7) {
            record.assign((*table)[row]);
            const FirmAnswer& answer = query.ask(record, {kTop, kAllStatuses}, scratch);
            for (int s = 0; s < kStatuses; ++s) {
                const auto said = answer.pushes(static_cast<Verdict>(s));
                const Pushes wanted = batch.pushes(row, static_cast<Verdict>(s));
                bool same = said.size() == wanted.size();
                for (std::size_t i = 0; same && i < said.size(); ++i)
                    same = said[i].other == wanted[i].other && said[i].score == wanted[i].score;
                if (!same) throw std::runtime_error("the answer differs from the matcher's");
                pushes += said.size();
            }
            const auto eligible = answer.pushes(Verdict::eligible);
            const std::vector<RankKey>& keys = scan.ask(record, kTop);
            bool same = keys.size() == eligible.size();
            for (std::size_t i = 0; same && i < keys.size(); ++i)
                same = scan.keys().policy(keys[i]) == eligible[i].other &&
                       scan.keys().score(keys[i]) == eligible[i].score;
            if (!same) throw std::runtime_error("the plain scan's answer differs");
        }
    }
    std::printf("  answers of a seventh of the firms equal the matcher's: %zu pushes\n", pushes);
}

void measure(const char* name, const SchemaPtr& schema, const std::vector<Policy>& policies,
             const std::vector<FirmView>& firms, Date as_of) {
    Program program = compile(*schema, policies, options_for(as_of));
    const Program for_scan = program;
    const auto begin = Clock::now();
    const FirmQuery query(schema, policies, std::move(program), as_of);
    const double built = microseconds(Clock::now() - begin) / 1000;
    std::printf("%s: %zu policies of %zu, %zu firms; index built in %.1f ms behind the compiler, "
                "%.1f MiB\n",
                name, query.program().policies.size(), policies.size(), firms.size(), built,
                static_cast<double>(query.bytes()) / (1 << 20));
    bench::PlainScan scan(*schema, policies, for_scan, as_of);
    check(*schema, policies, query, scan, firms, as_of);

    FirmRecord other(schema);
    if (const auto region = schema->find("region")) {
        double visible = 0;
        std::size_t looked_at = 0;
        for (std::size_t i = 0; i < firms.size(); i += 50, ++looked_at) {
            other.assign(firms[i]);
            visible += static_cast<double>(scan.met_in(other, *region));
        }
        std::printf("  %.0f policies hold at a firm's place, in the mean\n",
                    visible / static_cast<double>(looked_at));
    }

    FirmQuery::Scratch scratch(query);
    double eligible = 0;
    const auto ask = [&](const FirmRecord& record, const QueryOptions& options) {
        const FirmAnswer& answer = query.ask(record, options, scratch);
        std::uint64_t sum = 0;
        for (int s = 0; s < kStatuses; ++s)
            for (const Push& push : answer.pushes(static_cast<Verdict>(s)))
                sum += static_cast<std::uint64_t>(query.id(push.other).front()) +
                       static_cast<std::uint64_t>(push.score);
        eligible += answer.count(Verdict::eligible);
        sink = sum;
    };
    constexpr int kPasses = 7;
    const auto index = least_times(
        firms, kPasses, [&](const FirmRecord& record, const FirmView&) { ask(record, {kTop}); });
    print("index, eligible and review", index);
    std::printf("  %-34s %.1f eligible a firm\n", "",
                eligible / kPasses / static_cast<double>(firms.size()));
    print("  of which coding",
          least_times(firms, kPasses,
                      [&](const FirmRecord& record, const FirmView&) { scan.code(record); }));
    print("index, from a row of a table",
          least_times(firms, kPasses, [&](const FirmRecord&, const FirmView& firm) {
              other.assign(firm);
              ask(other, {kTop});
          }));
    print("index, all four statuses",
          least_times(firms, 3, [&](const FirmRecord& record, const FirmView&) {
              ask(record, {kTop, kAllStatuses});
          }));
    std::vector<FirmView> some;
    for (std::size_t i = 0; i < firms.size(); i += 10)
        some.push_back(firms[i]);
    const auto plain = least_times(some, 3, [&](const FirmRecord& record, const FirmView&) {
        sink = scan.ask(record, kTop).size();
    });
    print("plain scan, eligible", plain);
    std::printf("  %-34s p50 %.0f x\n", "index against plain scan",
                percentile(plain, 0.5) / percentile(index, 0.5));
}

std::vector<FirmView> views(const FirmTable& table, std::size_t most) {
    std::vector<FirmView> out;
    for (std::size_t row = 0; row < std::min(most, table.size()); ++row)
        out.push_back(table[row]);
    return out;
}

void city() {
    const bench::City& city = bench::city(20'000, 10'000);
    measure("city", city.schema, city.policies.policies, views(city.firms, 20'000), city.as_of);
}

void region() {
    constexpr const char* kCities[] = {"441900", "320500", "330100", "370200", "420100",
                                       "430100", "510100", "610100", "410100"};
    std::vector<Policy> policies;
    std::vector<std::unique_ptr<bench::City>> cities;
    for (const char* code : kCities) {
        cities.push_back(bench::make_city({.firms = 2'000, .policies = 11'500, .city = code}));
        for (Policy& policy : cities.back()->policies.policies)
            if (policy.level != "national" || cities.size() == 1)
                policies.push_back(std::move(policy));
    }
    std::vector<FirmView> firms;
    for (const auto& city : cities)
        for (const FirmView& firm : views(city->firms, city->firms.size()))
            firms.push_back(firm);
    measure("region", cities[0]->schema, policies, firms, cities[0]->as_of);
}

void folder(const std::string& path) {
    const Date as_of = Date::parse("2026-06-15").value();
    const SchemaPtr schema = Schema::load(path + "/schema.json").value();
    const PolicySet set = load_policies(path + "/policies.jsonl", schema).value();
    if (!set.errors.empty()) throw std::runtime_error(set.errors[0].to_string());
    const FirmsRead read =
        read_firms(path + "/firms.csv", schema, {.as_of = as_of, .unknown_cell = {}}).value();
    measure(std::filesystem::path(path).filename().c_str(), schema, set.policies,
            views(read.firms, read.firms.size()), as_of);
}

void updates() {
    const bench::City& city = bench::city(20'000, 10'000);
    const std::vector<Policy>& policies = city.policies.policies;
    Engine engine(city.schema, options_for(city.as_of));
    const auto begin = Clock::now();
    if (!engine.replace_all(policies).ok()) throw std::runtime_error("the engine refuses the city");
    std::printf("updates: %zu policies put in at once in %.1f ms\n", policies.size(),
                microseconds(Clock::now() - begin) / 1000);
    std::atomic<bool> done{false};
    std::vector<double> asked;
    std::thread reader([&] {
        Snapshot::Scratch scratch;
        FirmRecord record(city.schema);
        for (std::size_t row = 0; !done; row = (row + 1) % city.firms.size()) {
            record.assign(city.firms[row]);
            const auto start = Clock::now();
            sink = engine.snapshot()->ask(record, {kTop}, scratch).count(Verdict::eligible);
            asked.push_back(microseconds(Clock::now() - start));
        }
    });
    std::vector<double> times[3], of_thread[3];
    for (std::size_t i = 0; i < 1'500; ++i) {
        Policy policy = policies[i / 3 * 17 % policies.size()];
        const std::string id = policy.id;
        policy.priority += 1000;
        const auto start = Clock::now();
        const double used = thread_microseconds();
        const bool done_well =
            i % 3 == 1 ? engine.remove(id) : engine.upsert(std::move(policy)).ok();
        if (!done_well) throw std::runtime_error("the engine refuses a change");
        of_thread[i % 3].push_back(thread_microseconds() - used);
        times[i % 3].push_back(microseconds(Clock::now() - start));
    }
    done = true;
    reader.join();
    engine.settle();
    constexpr const char* kWhat[] = {"change one", "remove one", "add one"};
    for (int i = 0; i < 3; ++i) {
        std::sort(times[i].begin(), times[i].end());
        print(kWhat[i], times[i]);
        std::sort(of_thread[i].begin(), of_thread[i].end());
        print("  of which on the processor", of_thread[i]);
    }
    std::sort(asked.begin(), asked.end());
    print("questions meanwhile (not least of)", asked);
}

} // namespace

int main(int count, char** arguments) {
    const std::string_view what = count > 1 ? arguments[1] : "all";
    if (what == "all" || what == "city") city();
    if (what == "all" || what == "updates") updates();
    if (what == "all" || what == "region") region();
    for (int i = 1; i < count; ++i)
        if (std::filesystem::is_directory(arguments[i])) folder(arguments[i]);
    return 0;
}
