// One firm against all policies = reference = batch, over random worlds.
#include "fixture.hpp"

#include "qice/match/firm_query.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

namespace qice::agree {
namespace {

constexpr std::size_t kUsualPairs = 400'000;

std::vector<Row> rows_of(std::span<const Push> pushes) {
    std::vector<Row> rows;
    for (const Push& push : pushes)
        rows.push_back({push.other, push.score});
    return rows;
}

std::string text_of(const std::vector<Row>& rows) {
    std::string text;
    for (std::size_t i = 0; i < rows.size() && i < 12; ++i)
        text += " " + std::to_string(rows[i].other) + ":" + std::to_string(rows[i].score);
    return text + (rows.size() > 12 ? " ..." : "");
}

std::uint32_t first_difference(const std::vector<Row>& a, const std::vector<Row>& b) {
    std::size_t at = 0;
    while (at < a.size() && at < b.size() && a[at] == b[at])
        ++at;
    return at < a.size() ? a[at].other : b[at].other;
}

/// Every status, order, score and count of one firm's answer.
void check_answer(const Fixture& fixture, std::uint32_t firm, const QueryOptions& options,
                  const FirmAnswer& answer) {
    for (std::size_t status = 0; status < kStatuses; ++status) {
        const auto verdict = static_cast<Verdict>(status);
        std::vector<Row> expected;
        if ((options.statuses >> status & 1) != 0) expected = fixture.policies_of(firm, status);
        const std::size_t count = expected.size();
        if (expected.size() > options.top) expected.resize(options.top);
        const std::vector<Row> said = rows_of(answer.pushes(verdict));
        if (said != expected)
            FAIL("status " << status << ", top " << options.top << ", statuses "
                           << int{options.statuses} << "\nsaid:    " << text_of(said)
                           << "\nexpected:" << text_of(expected) << "\n"
                           << fixture.describe(firm, first_difference(said, expected)));
        if (answer.count(verdict) != count)
            FAIL("status " << status << " counts " << answer.count(verdict) << ", expected "
                           << count << "\n"
                           << fixture.describe());
        if (verdict != Verdict::needs_data) continue;
        const auto facts = std::count_if(expected.begin(), expected.end(), [&](const Row& row) {
            return fixture.answer(firm, row.other).one_fact_away;
        });
        if (answer.one_fact_away() != static_cast<std::size_t>(facts))
            FAIL("one fact away: " << answer.one_fact_away() << ", expected " << facts << "\n"
                                   << fixture.describe());
    }
}

void check_world(const Fixture& fixture) {
    Random random(fixture.world().seed + 777);
    const FirmTable table = fixture.table(fixture.all_firms());
    const FirmQuery query(table.schema_ptr(), fixture.policies(), fixture.compile_options());
    FirmQuery::Scratch scratch(query);
    FirmRecord record(table.schema_ptr());
    for (std::uint32_t firm = 0; firm < table.size(); ++firm) {
        record.assign(table[firm]);
        const auto subset = static_cast<StatusSet>(1 + random.below(15));
        const auto top = static_cast<std::uint32_t>(1 + random.below(30));
        for (const QueryOptions& options :
             {QueryOptions{}, QueryOptions{kNoLimit, kAllStatuses}, QueryOptions{top, subset},
              QueryOptions{kNoLimit, status_bit(Verdict::eligible)}, QueryOptions{3, kAllStatuses}})
            check_answer(fixture, firm, options, query.ask(record, options, scratch));
    }
}

void check_worlds(const std::vector<Shape>& shapes, std::size_t pairs) {
    const char* start = std::getenv("QICE_AGREE_SEED");
    std::uint64_t seed = start == nullptr ? 1 : std::strtoull(start, nullptr, 10);
    for (std::size_t seen = 0; seen < pairs; ++seed) {
        const Fixture fixture(WorldMaker(seed, shapes[seed % shapes.size()]).make());
        check_world(fixture);
        seen += fixture.pairs();
    }
}

} // namespace

TEST_CASE("one firm at a time: every shape of world answers as the reference does") {
    check_worlds({Shape::small, Shape::many}, wanted_pairs(kUsualPairs) / 2);
    check_worlds({Shape::blocks, Shape::wide}, wanted_pairs(kUsualPairs) / 2);
}

TEST_CASE("one firm at a time: over 65,535 cuts a field") {
    check_world(Fixture(WorldMaker(1, Shape::very_wide).make()));
}

} // namespace qice::agree
