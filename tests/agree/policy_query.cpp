// One policy against an index that was built for other policies: what the reference says, pair by
// pair, rank by rank.
//
// The index knows a part of the world's policies, or none; so that boundaries fall inside its
// intervals, and elements, sets and whole fields are missing from it.
#include "fixture.hpp"

#include "kernels/kernels.hpp"
#include "qice/match/policy_query.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

namespace qice::agree {
namespace {

constexpr std::size_t kUsualPairs = 400'000;

class QueryComparison {
  public:
    QueryComparison(const Fixture& fixture, std::uint64_t seed) : fixture_(fixture), random_(seed) {
        rows_ = fixture.all_firms();
        random_.shuffle(rows_);
    }

    /// Asks every policy of an index over some of the policies.
    void check(const std::vector<std::uint32_t>& known) {
        std::vector<Policy> policies;
        for (std::uint32_t policy : known)
            policies.push_back(fixture_.policies()[policy]);
        CompileOptions options = fixture_.compile_options();
        options.include_closed = true;
        const FirmTable table = fixture_.table(rows_);
        const Program program = compile(fixture_.schema(), policies, options);
        const FirmIndex index(program, table);
        // With codes as the index has them, or cut finer where a code has several firms.
        const std::uint32_t crowd = random_.chance(50) ? FineCodes::kCrowd : 2;
        const PolicyQuery query(program, index, table, {.crowd = crowd});
        const PolicyQuery orderless(program, index, table, {.crowd = crowd, .ranked = false});
        // Other firms, whose policies are bound elsewhere.
        const FirmTable others = fixture_.table(
            std::vector<std::uint32_t>(rows_.rbegin(), rows_.rbegin() + (rows_.size() + 1) / 2));
        const FirmIndex index_of_others(program, others);
        const PolicyQuery among_others(program, index_of_others, others, {.crowd = UINT32_MAX});
        for (std::uint32_t policy = 0; policy < fixture_.policies().size(); ++policy) {
            if (!fixture_.matched(policy)) continue;
            const BoundPolicy bound =
                query.bind(fixture_.policies()[policy], fixture_.compile_options());
            asking_ += bound.asks_firms() ? 1 : 0;
            ++asked_;
            const auto subset = static_cast<StatusSet>(1 + random_.below(15));
            ask(query, bound, policy, {kNoLimit, kAllStatuses, false});
            ask(query, bound, policy, {kNoLimit, kEligibleAndReview, false});
            ask(query, bound, policy, {3, kEligibleAndReview, random_.chance(50)});
            ask(query, bound, policy, {1, subset, random_.chance(50)});
            ask(query, bound, policy, {3, subset, false});
            const PolicyQueryOptions all_of_them{1, subset, random_.chance(50)};
            take_all(query, bound, query, bound, all_of_them);
            const BoundPolicy there =
                orderless.bind(fixture_.policies()[policy], fixture_.compile_options());
            take_all(orderless, there, query, bound, all_of_them);
            const BoundPolicy among =
                among_others.bind(fixture_.policies()[policy], fixture_.compile_options());
            if (among_others.accepts(bound)) {
                take_all(among_others, bound, among_others, among, {1, kAllStatuses, false});
                ++accepted_;
            }
            if (query.accepts(among)) {
                take_all(query, among, query, bound, {1, subset, false});
                ++accepted_;
            }
            if (policy == 0) {
                CHECK_THROWS_AS(orderless.match(there, {}, scratch_, answer_), std::logic_error);
                const Program again = compile(fixture_.schema(), policies, options);
                const FirmIndex index_again(again, table);
                CHECK(!PolicyQuery(again, index_again, table).accepts(bound));
            }
        }
    }

    std::size_t asked() const { return asked_; }
    std::size_t asking() const { return asking_; }
    std::size_t accepted() const { return accepted_; } // that another query bound

  private:
    void ask(const PolicyQuery& query, const BoundPolicy& bound, std::uint32_t policy,
             const PolicyQueryOptions& options) {
        query.match(bound, options, scratch_, answer_);
        const bool all = options.count_all || (options.statuses & ~kEligibleAndReview) != 0;
        for (std::size_t s = 0; s < kStatuses; ++s) {
            const auto status = static_cast<Verdict>(s);
            std::vector<Row> expected = fixture_.firms_of(policy, s);
            if ((all || status <= Verdict::review) && answer_.count(status) != expected.size())
                FAIL("count of status " << s << " is " << answer_.count(status) << ", expected "
                                        << expected.size() << "\n"
                                        << fixture_.describe() << "\n"
                                        << fixture_.world().policies[policy]);
            if ((options.statuses >> s & 1) == 0) {
                if (!answer_.pushes(status).empty()) FAIL("a status that was not asked for");
                continue;
            }
            if (expected.size() > options.top) expected.resize(options.top);
            std::vector<Row> said;
            for (const Push& push : answer_.pushes(status))
                said.push_back({rows_[push.other], push.score});
            if (said == expected) continue;
            std::size_t at = 0;
            while (at < said.size() && at < expected.size() && said[at] == expected[at])
                ++at;
            const std::uint32_t firm = at < said.size() ? said[at].other : expected[at].other;
            FAIL("one policy differs in status " << s << " at rank " << at + 1 << " of "
                                                 << said.size() << ", expected " << expected.size()
                                                 << ", " << kernels().name << " kernels\n"
                                                 << fixture_.describe(firm, policy));
        }
    }

    /// Without an order: the same firms and scores as with one, all of them.
    void take_all(const PolicyQuery& query, const BoundPolicy& bound, const PolicyQuery& ranking,
                  const BoundPolicy& bound_there, PolicyQueryOptions options) {
        options.ranked = false;
        query.match(bound, options, scratch_, answer_);
        const PolicyAnswer said = answer_;
        options.ranked = true;
        options.top = kNoLimit;
        ranking.match(bound_there, options, scratch_, answer_);
        for (const Verdict status :
             {Verdict::eligible, Verdict::review, Verdict::needs_data, Verdict::near}) {
            const auto sorted = [&](const PolicyAnswer& answer) {
                std::vector<std::pair<std::uint32_t, Score>> pairs;
                for (const Push& push : answer.pushes(status))
                    pairs.emplace_back(push.other, push.score);
                std::sort(pairs.begin(), pairs.end());
                return pairs;
            };
            if (sorted(said) != sorted(answer_))
                FAIL("without an order, " << said.pushes(status).size() << " firms, expected "
                                          << answer_.pushes(status).size());
        }
    }

    const Fixture& fixture_;
    Random random_;
    std::vector<std::uint32_t> rows_;
    PolicyQuery::Scratch scratch_;
    PolicyAnswer answer_;
    std::size_t asked_ = 0, asking_ = 0, accepted_ = 0;
};

void check_worlds(const std::vector<Shape>& shapes, std::size_t pairs) {
    const char* start = std::getenv("QICE_AGREE_SEED");
    std::uint64_t seed = start == nullptr ? 1 : std::strtoull(start, nullptr, 10);
    std::size_t seen = 0, asked = 0, asking = 0, accepted = 0;
    for (; seen < pairs; ++seed) {
        const Fixture fixture(WorldMaker(seed, shapes[seed % shapes.size()]).make());
        Random random(seed);
        QueryComparison comparison(fixture, seed);
        const auto count = static_cast<std::uint32_t>(fixture.policies().size());
        std::vector<std::uint32_t> all, half, one;
        for (std::uint32_t policy = 0; policy < count; ++policy) {
            all.push_back(policy);
            if (random.chance(50)) half.push_back(policy);
        }
        if (count > 0) one.push_back(static_cast<std::uint32_t>(random.below(count)));
        const std::vector<std::vector<std::uint32_t>> indexes{all, half, one, {}};
        const char* levels[] = {"plain", "avx2", "avx512"};
        for (std::size_t i = 0; i < indexes.size(); ++i) {
            const ForcedKernels forced(levels[(seed + i) % 3]);
            comparison.check(indexes[i]);
        }
        seen += indexes.size() * fixture.pairs();
        asked += comparison.asked();
        asking += comparison.asking();
        accepted += comparison.accepted();
    }
    INFO(asking << " of " << asked << " policies asked single firms");
    CHECK(asking * 4 > asked); // else nothing was missing from any index
    CHECK(asking < asked);
    INFO(accepted << " policies were bound for other firms");
    CHECK(accepted * 4 > asked);
    CHECK(accepted < 2 * asked);
    WARN(seen << " pairs; " << asking << " of " << asked << " policies asked single firms, "
              << accepted << " bound for other firms");
}

} // namespace

TEST_CASE("one policy over an index of others, small worlds: what the reference says") {
    check_worlds({Shape::small}, wanted_pairs(kUsualPairs) / 4);
}

TEST_CASE("one policy over an index of others, blocks of firms: what the reference says") {
    check_worlds({Shape::blocks}, wanted_pairs(kUsualPairs) / 2);
}

TEST_CASE("one policy over an index of others, many and wide: what the reference says") {
    check_worlds({Shape::many, Shape::wide}, wanted_pairs(kUsualPairs) / 4);
}

TEST_CASE("one policy of ranges of its own over an index of others: what the reference says") {
    check_worlds({Shape::apart}, wanted_pairs(kUsualPairs) / 4);
}

TEST_CASE("one policy over an index of over 65,535 cuts a field: what the reference says") {
    const Fixture fixture(WorldMaker(1, Shape::very_wide).make());
    QueryComparison comparison(fixture, 1);
    std::vector<std::uint32_t> known;
    for (std::uint32_t policy = 0; policy < fixture.policies().size(); policy += 2)
        known.push_back(policy);
    comparison.check(known);
    comparison.check({});
}

} // namespace qice::agree
