// What does a night cost in which little has changed?
//
//   build/bench/bench/qice_bench_night [firms policies threads nights]
//
// 550,000 firms and 10,000 policies unless told otherwise. Each night one firm in a hundred has the
// cells of another (one in ten of those is new, one goes for it), and one policy in two hundred
// changes: half of them have another's rule, a quarter another priority, an eighth are new and an
// eighth go. Timed: a full night (a matcher for the new set, index, match) against the update of a
// standing answer, both from tables and policies in memory. The first half of the nights are of one
// day, the others each a day later. After each night all pushes of both are compared. At the end
// the medians of both halves.
#include "city.hpp"

#include "qice/base/text.hpp"
#include "qice/match/standing_match.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <time.h>
#include <vector>

namespace {

using namespace qice;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kTop = 20;

double milliseconds(Clock::time_point since) {
    return std::chrono::duration<double, std::milli>(Clock::now() - since).count();
}

/// What this program has used of processors: a busy machine adds little.
double used_milliseconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

/// The rows of a CSV file as text, by firm; a changed firm has another's cells.
class Rows {
  public:
    explicit Rows(const std::string& path) : text_(read_file(path).value()) {
        std::string_view rest = text_;
        const auto line = [&] {
            const std::size_t end = rest.find('\n');
            const std::string_view line = rest.substr(0, end);
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
            return line;
        };
        header_ = line();
        while (!rest.empty()) {
            const std::string_view row = line();
            const std::size_t comma = row.find(',');
            ids_.emplace_back(row.substr(0, comma));
            cells_.push_back(row.substr(comma));
        }
    }

    std::size_t size() const { return ids_.size(); }
    const std::string& id(std::size_t row) const { return ids_[row]; }
    void set(std::size_t row, std::string id, std::size_t cells_of) {
        ids_[row] = std::move(id);
        cells_[row] = cells_[cells_of];
    }

    FirmTable table(const std::vector<std::size_t>& rows, const SchemaPtr& schema, Date day) const {
        std::string text(header_);
        text += '\n';
        for (std::size_t row : rows)
            text.append(ids_[row]).append(cells_[row]) += '\n';
        return read_firms_csv(text, "night", schema, {.as_of = day}).value().firms;
    }

  private:
    std::string text_;
    std::string_view header_;
    std::vector<std::string> ids_;
    std::vector<std::string_view> cells_;
};

/// A night's changes, made in the rows and policies too.
StandingChanges make_night(Rows& rows, std::map<std::string, Policy>& policies,
                           const SchemaPtr& schema, Date day, std::size_t night) {
    StandingChanges changes;
    std::vector<std::size_t> changed;
    for (std::size_t row = night * 37 % 100, n = 0; row < rows.size(); row += 100, ++n) {
        std::string id = rows.id(row);
        if (n % 10 == 9) {
            changes.removed_firms.push_back(id);
            id += "-" + std::to_string(night);
        }
        rows.set(row, id, (row * 7 + 12'345) % rows.size());
        changed.push_back(row);
    }
    changes.firms = rows.table(changed, schema, day);

    std::vector<std::string> ids;
    for (const auto& [id, policy] : policies)
        ids.push_back(id);
    for (std::size_t i = night * 53 % 200, n = 0; i < ids.size(); i += 200, ++n) {
        Policy policy = policies[ids[i]];
        ++policy.version;
        if (n % 8 == 7) {
            changes.removed_policies.push_back(ids[i]);
            policies.erase(ids[i]);
            continue;
        }
        if (n % 8 == 6) policy.id += "-" + std::to_string(night);
        if (n % 8 < 4) policy.rule = policies[ids[(i + 1) % ids.size()]].rule;
        if (n % 8 == 4 || n % 8 == 5) policy.priority += kScoreUnit;
        policies[policy.id] = policy;
        changes.policies.push_back(std::move(policy));
    }
    return changes;
}

std::size_t compare(const StandingMatch& standing, const MatchResult& full, const FirmTable& firms,
                    const std::vector<Policy>& policies) {
    std::size_t pushes = 0;
    std::vector<Push> said;
    for (std::uint32_t row = 0; row < firms.size(); ++row) {
        for (const Verdict status : {Verdict::eligible, Verdict::review}) {
            const Pushes wanted = full.pushes(row, status);
            bool same =
                standing.pushes(firms.id(row), status, said) && said.size() == wanted.size();
            for (std::size_t i = 0; same && i < said.size(); ++i)
                same = said[i].score == wanted[i].score &&
                       standing.policy(said[i].other).id == policies[wanted[i].other].id;
            if (!same) throw std::runtime_error("the standing answer differs");
            pushes += said.size();
        }
    }
    if (standing.firms() != firms.size()) throw std::runtime_error("the firms differ");
    return pushes;
}

void measure(std::size_t firm_count, std::size_t policy_count, unsigned threads, int nights) {
    const bench::City& city = bench::city(firm_count, policy_count);
    const char* chosen = std::getenv("QICE_BENCH_DIR");
    Rows rows(std::string(chosen != nullptr ? chosen : "build/bench") + "/city-" +
              std::to_string(firm_count) + "-" + std::to_string(policy_count) + "-1/firms.csv");
    std::map<std::string, Policy> policies;
    for (const Policy& policy : city.policies.policies)
        policies[policy.id] = policy;
    std::vector<std::size_t> all(rows.size());
    for (std::size_t row = 0; row < all.size(); ++row)
        all[row] = row;
    CompileOptions compile{city.as_of, false, {}};
    FirmTable first = rows.table(all, city.schema, city.as_of);
    auto begin = Clock::now();
    StandingMatch standing(city.schema, city.policies.policies, std::move(first),
                           {.compile = compile, .top = kTop, .threads = threads});
    std::printf("%zu firms, %zu policies, %u threads; the first night of the standing answer: "
                "%.1f ms\n",
                rows.size(), policies.size(), threads, milliseconds(begin));
    std::vector<double> times_less[2]; // on the same day, a day later
    for (int night = 1; night <= nights; ++night) {
        const bool is_later = night > nights / 2;
        if (is_later) ++compile.as_of.days;
        StandingChanges changes =
            make_night(rows, policies, city.schema, compile.as_of, static_cast<std::size_t>(night));
        changes.day = compile.as_of;
        const std::size_t changed_firms = changes.firms->size();
        const std::size_t changed_policies =
            changes.policies.size() + changes.removed_policies.size();
        begin = Clock::now();
        double used = used_milliseconds();
        const Status status = standing.update(std::move(changes));
        const double update = milliseconds(begin), update_used = used_milliseconds() - used;
        if (!status.ok()) throw std::runtime_error(status.to_string());

        std::vector<Policy> now;
        for (const auto& [id, policy] : policies)
            now.push_back(policy);
        const FirmTable table = rows.table(all, city.schema, compile.as_of);
        used = used_milliseconds();
        begin = Clock::now();
        const Matcher matcher(*city.schema, now, compile);
        const double compiled = milliseconds(begin);
        begin = Clock::now();
        const IndexedFirms indexed = matcher.index(table);
        const double index = milliseconds(begin);
        begin = Clock::now();
        const MatchResult full = matcher.match(indexed, {.top = kTop, .threads = threads});
        const double match = milliseconds(begin), full_used = used_milliseconds() - used;
        const double whole = compiled + index + match;
        const std::size_t pushes = compare(standing, full, table, now);

        const StandingCost& cost = standing.cost();
        std::printf("night %d: %zu firms and %zu policies changed; %zu pushes are the same\n"
                    "  full   %8.1f ms: compile %.1f, index %.1f, match %.1f\n"
                    "  update %8.1f ms: day %.1f, policies %.1f, index %.1f, match %.1f, ask %.1f, "
                    "wait %.1f, "
                    "refill %.1f; %.1f x less\n"
                    "  on the processors: %.1f ms against %.1f ms, %.1f x less\n"
                    "  pairs gone %zu, come %zu, lists refilled %zu; %zu firms moved by the day\n",
                    night, changed_firms, changed_policies, pushes, whole, compiled, index, match,
                    update, cost.day * 1e3, cost.policies * 1e3, cost.index * 1e3, cost.match * 1e3,
                    cost.ask * 1e3, cost.wait * 1e3, cost.refill * 1e3, whole / update, full_used,
                    update_used, full_used / update_used, cost.pairs_gone, cost.pairs_come,
                    cost.lists_refilled, cost.firms_moved);
        std::fflush(stdout);
        times_less[is_later ? 1 : 0].push_back(full_used / update_used);
    }
    for (const bool is_later : {false, true}) {
        std::vector<double>& times = times_less[is_later ? 1 : 0];
        if (times.empty()) continue;
        std::sort(times.begin(), times.end());
        std::printf("%zu nights %s, on the processors: %.1f x less in the median, from %.1f to "
                    "%.1f\n",
                    times.size(), is_later ? "each a day later" : "on the same day",
                    times[times.size() / 2], times.front(), times.back());
    }
}

} // namespace

int main(int count, char** arguments) {
    const auto number = [&](int i, std::size_t usual) {
        return i < count ? std::strtoull(arguments[i], nullptr, 10) : usual;
    };
    measure(number(1, 550'000), number(2, 10'000), static_cast<unsigned>(number(3, 1)),
            static_cast<int>(number(4, 6)));
    return 0;
}
