// reference = evaluator = batch = one firm = one policy, pair by pair, over random worlds.
//
// QICE_AGREE_PAIRS=20000000 runs for longer than the usual number of (firm, policy) pairs;
// QICE_AGREE_SEED=n starts at another seed. A failure prints all that is needed to see it again.
#include "fixture.hpp"

#include "kernels/kernels.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>

namespace qice::agree {
namespace {

constexpr std::size_t kUsualPairs = 1'200'000;

/// How a batch was run, for failures.
struct Way {
    std::string name;
    MatchOptions options;
};

std::vector<Row> first_rows(std::vector<Row> rows, std::uint32_t top) {
    if (rows.size() > top) rows.resize(top);
    return rows;
}

std::vector<Row> rows_of(const Pushes& pushes) {
    std::vector<Row> rows;
    for (const Push push : pushes)
        rows.push_back({push.other, push.score});
    return rows;
}

/// The first place where two lists differ, as the number of a policy (or firm).
std::uint32_t first_difference(const std::vector<Row>& a, const std::vector<Row>& b) {
    std::size_t at = 0;
    while (at < a.size() && at < b.size() && a[at] == b[at])
        ++at;
    return at < a.size() ? a[at].other : b[at].other;
}

std::string text_of(const std::vector<Row>& rows) {
    std::string text;
    for (std::size_t i = 0; i < rows.size() && i < 12; ++i)
        text += " " + std::to_string(rows[i].other) + ":" + std::to_string(rows[i].score);
    return text + (rows.size() > 12 ? " ..." : "");
}

class Comparison {
  public:
    explicit Comparison(const Fixture& fixture) : fixture_(fixture) {
        for (std::uint32_t firm : fixture.all_firms())
            for (std::size_t status = 0; status < kStatuses; ++status)
                of_firm_[status].push_back(fixture.policies_of(firm, status));
        for (std::uint32_t policy = 0; policy < fixture.policies().size(); ++policy)
            for (std::size_t status = 0; status < kStatuses; ++status)
                of_policy_[status].push_back(fixture.firms_of(policy, status));
    }

    /// Row i of the table is firm `rows[i]`.
    void check(const MatchResult& result, const std::vector<std::uint32_t>& rows, const Way& way) {
        for (std::size_t status = 0; status < kStatuses; ++status) {
            if ((way.options.statuses >> status & 1) == 0) continue;
            if (way.options.by_policy)
                check_policies(result, rows, status, way);
            else
                check_firms(result, rows, status, way);
        }
        if (rows.size() == fixture_.all_firms().size()) check_counts(result, way);
    }

    /// Policy `policies[i]` of the world is policy i of the result; of some firms, all pushed.
    void check_part(const MatchResult& result, const std::vector<std::uint32_t>& policies,
                    const Way& way) {
        for (std::uint32_t firm : fixture_.all_firms()) {
            for (std::size_t status = 0; status < kStatuses; ++status) {
                std::vector<Row> said;
                for (const Push push : result.pushes(firm, static_cast<Verdict>(status)))
                    said.push_back({policies[push.other], push.score});
                std::vector<Row> expected;
                for (const Row& row : of_firm_[status][firm])
                    if (std::find(policies.begin(), policies.end(), row.other) != policies.end())
                        expected.push_back(row);
                if (said != expected)
                    fail(firm, first_difference(said, expected), status, way, said, expected);
            }
        }
    }

  private:
    void check_firms(const MatchResult& result, const std::vector<std::uint32_t>& rows,
                     std::size_t status, const Way& way) {
        for (std::uint32_t row = 0; row < rows.size(); ++row) {
            const auto said = rows_of(result.pushes(row, static_cast<Verdict>(status)));
            const auto expected = first_rows(of_firm_[status][rows[row]], way.options.top);
            if (said != expected)
                fail(rows[row], first_difference(said, expected), status, way, said, expected);
        }
    }

    void check_policies(const MatchResult& result, const std::vector<std::uint32_t>& rows,
                        std::size_t status, const Way& way) {
        for (std::uint32_t policy = 0; policy < fixture_.policies().size(); ++policy) {
            auto said = rows_of(result.pushes(policy, static_cast<Verdict>(status)));
            for (Row& row : said)
                row.other = rows[row.other];
            const auto expected = first_rows(of_policy_[status][policy], way.options.top);
            if (said != expected)
                fail(first_difference(said, expected), policy, status, way, said, expected);
        }
    }

    void check_counts(const MatchResult& result, const Way& way) {
        for (std::uint32_t policy = 0; policy < fixture_.policies().size(); ++policy) {
            for (std::size_t status = 0; status < kStatuses; ++status) {
                const bool counted =
                    way.options.count_all || (way.options.statuses >> status & 1) != 0;
                if (!counted || result.counts(policy)[status] == of_policy_[status][policy].size())
                    continue;
                FAIL(way.name << ": count of status " << status << " is "
                              << result.counts(policy)[status] << ", expected "
                              << of_policy_[status][policy].size() << "\n"
                              << fixture_.describe() << "\n"
                              << fixture_.world().policies[policy]);
            }
        }
    }

    void fail(std::uint32_t firm, std::uint32_t policy, std::size_t status, const Way& way,
              const std::vector<Row>& said, const std::vector<Row>& expected) {
        FAIL(way.name << " differs in status " << status << "\nsaid:    " << text_of(said)
                      << "\nexpected:" << text_of(expected) << "\n"
                      << fixture_.describe(firm, policy));
    }

    const Fixture& fixture_;
    std::array<std::vector<std::vector<Row>>, kStatuses> of_firm_, of_policy_;
};

/// The evaluator, pair by pair.
void check_evaluator(const Fixture& fixture) {
    const FirmTable table = fixture.table(fixture.all_firms());
    for (std::uint32_t firm = 0; firm < table.size(); ++firm) {
        for (std::uint32_t policy = 0; policy < fixture.policies().size(); ++policy) {
            const Judgement said = judge(fixture.policies()[policy].rule, table[firm]);
            const PairAnswer& expected = fixture.answer(firm, policy);
            if (static_cast<int>(said.verdict) != static_cast<int>(expected.status) ||
                said.one_fact_away != expected.one_fact_away)
                FAIL("the evaluator differs\n" << fixture.describe(firm, policy));
        }
    }
}

/// Every way to ask for statuses and tops, on one CPU level.
void check_batches(const Fixture& fixture, Comparison& comparison, const Matcher& matcher,
                   Random& random) {
    std::vector<std::uint32_t> rows = fixture.all_firms();
    if (random.chance(50)) random.shuffle(rows);
    const FirmTable table = fixture.table(rows);
    const IndexedFirms indexed = matcher.index(table);
    for (const char* name : {"plain", "avx2", "avx512"}) {
        const ForcedKernels forced(name);
        if (std::string(name) != kernels().name) continue; // not on this CPU
        const std::string level = std::string(name) + " kernels, ";
        const unsigned threads = 1 + static_cast<unsigned>(random.below(2));
        const auto subset = static_cast<StatusSet>(1 + random.below(15));
        for (const Way& way :
             {Way{level + "everything", {kNoLimit, kAllStatuses, false, true, threads}},
              Way{level + "top 3", {3, kAllStatuses, false, false, 3 - threads}},
              Way{level + "eligible and review", {2, kEligibleAndReview, false, false, threads}},
              Way{level + "some statuses", {kNoLimit, subset, false, random.chance(50), threads}},
              Way{level + "by policy", {kNoLimit, kAllStatuses, true, true, 3 - threads}},
              Way{level + "by policy, top 3", {3, kAllStatuses, true, false, threads}},
              Way{level + "by policy, some", {1, subset, true, false, threads}}})
            comparison.check(matcher.match(indexed, way.options), rows, way);
    }
}

/// Tables of one row: nothing of another firm can help or hide.
void check_single_firms(const Fixture& fixture, Comparison& comparison, const Matcher& matcher,
                        Random& random) {
    std::vector<std::uint32_t> firms = fixture.all_firms();
    random.shuffle(firms);
    if (firms.size() > 12) firms.resize(12);
    for (std::uint32_t firm : firms) {
        const FirmTable table = fixture.table({firm});
        for (std::uint32_t top : {kNoLimit, 3u}) {
            const Way way{"one firm", {top, kAllStatuses, false, false, 1}};
            comparison.check(matcher.match(table, way.options), {firm}, way);
            const Way usual{"one firm, eligible and review", {top, kEligibleAndReview}};
            comparison.check(matcher.match(table, usual.options), {firm}, usual);
        }
    }
}

/// Single policies and halves of the set answer as they do within the set.
void check_parts(const Fixture& fixture, Comparison& comparison, Random& random) {
    const FirmTable table = fixture.table(fixture.all_firms());
    CompileOptions options = fixture.compile_options();
    options.include_closed = true; // who supersedes whom needs the whole set
    std::vector<std::vector<std::uint32_t>> parts(2);
    for (std::uint32_t policy = 0; policy < fixture.policies().size(); ++policy) {
        if (!fixture.matched(policy)) continue;
        parts[random.below(2)].push_back(policy);
        if (parts.size() < 6) parts.push_back({policy});
    }
    for (const auto& part : parts) {
        std::vector<Policy> policies;
        for (std::uint32_t policy : part)
            policies.push_back(fixture.policies()[policy]);
        const Way way{"a part of the policies", {kNoLimit, kAllStatuses, false, true, 1}};
        const Matcher matcher(fixture.schema(), policies, options);
        comparison.check_part(matcher.match(table, way.options), part, way);
    }
}

void check_world(const Fixture& fixture) {
    Random random(fixture.world().seed + 12345);
    Comparison comparison(fixture);
    check_evaluator(fixture);
    const Matcher matcher(fixture.schema(), fixture.policies(), fixture.compile_options());
    check_batches(fixture, comparison, matcher, random);
    check_single_firms(fixture, comparison, matcher, random);
    check_parts(fixture, comparison, random);
}

/// Worlds of these shapes, in turn, until there were enough pairs.
void check_worlds(const std::vector<Shape>& shapes, std::size_t pairs) {
    const char* start = std::getenv("QICE_AGREE_SEED");
    std::uint64_t seed = start == nullptr ? 1 : std::strtoull(start, nullptr, 10);
    std::size_t seen = 0, of_status[kStatuses + 1] = {};
    for (; seen < pairs; ++seed) {
        const Fixture fixture(WorldMaker(seed, shapes[seed % shapes.size()]).make());
        check_world(fixture);
        seen += fixture.pairs();
        for (std::uint32_t firm : fixture.all_firms())
            for (std::uint32_t policy = 0; policy < fixture.policies().size(); ++policy)
                ++of_status[static_cast<std::size_t>(fixture.answer(firm, policy).status)];
    }
    for (std::size_t status = 0; status <= kStatuses; ++status) {
        INFO("status " << status << " has " << of_status[status] << " of " << seen << " pairs");
        CHECK(of_status[status] * 100 > seen); // worlds where nothing happens prove nothing
    }
    WARN(seen << " pairs; by status " << of_status[0] << " " << of_status[1] << " " << of_status[2]
              << " " << of_status[3] << " " << of_status[4]);
}

} // namespace

TEST_CASE("small worlds: every way to match says what the reference says") {
    check_worlds({Shape::small}, wanted_pairs(kUsualPairs) / 10);
}

TEST_CASE("blocks of firms: every way to match says what the reference says", "[threads]") {
    check_worlds({Shape::blocks}, wanted_pairs(kUsualPairs) / 2);
}

TEST_CASE("many policies: every way to match says what the reference says") {
    check_worlds({Shape::many}, wanted_pairs(kUsualPairs) / 4);
}

TEST_CASE("wide fields and wide nodes: every way to match says what the reference says") {
    check_worlds({Shape::wide}, wanted_pairs(kUsualPairs) / 6);
}

TEST_CASE("rules that hardly share a condition: every way to match says what the reference says") {
    const Fixture fixture(WorldMaker(1, Shape::apart).make());
    const Matcher matcher(fixture.schema(), fixture.policies(), fixture.compile_options());
    CHECK(matcher.program().lone_literals.size() > 400);
    CHECK(matcher.program().lookup_tables.size() > 0);
    check_worlds({Shape::apart}, wanted_pairs(kUsualPairs) / 4);
}

TEST_CASE("over 65,535 cuts a field: every way to match says what the reference says") {
    for (std::uint64_t seed : {1, 2}) {
        const Fixture fixture(WorldMaker(seed, Shape::very_wide).make());
        const Matcher matcher(fixture.schema(), fixture.policies(), fixture.compile_options());
        const auto& fields = matcher.program().fields;
        CHECK(std::count_if(fields.begin(), fields.end(), [](const CodedField& field) {
                  return field.cuts.codes() > 65'536;
              }) == 2);
        check_world(fixture);
    }
}

} // namespace qice::agree
