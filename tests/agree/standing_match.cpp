// A standing answer after any nights = a matcher over the same policies and firms, push by push.
#include "fixture.hpp"

#include "qice/match/standing_match.hpp"

#include <catch2/catch.hpp>

#include <map>

namespace qice::agree {
namespace {

/// What a standing answer should be of.
struct Held {
    std::map<std::string, Policy> policies;
    std::map<std::string, std::uint32_t> firms; // id: whose cells it has
    Date day{};
};

/// Rows with the cells of some firms under the ids of others.
FirmTable table_of(const Fixture& fixture, const SchemaPtr& schema,
                   const std::map<std::string, std::uint32_t>& firms, Date day) {
    FirmTableBuilder builder(schema, day);
    std::uint64_t line = 1;
    for (const auto& [id, cells_of] : firms) {
        builder.begin(id, ++line);
        for (const auto& [name, cell] : fixture.world().firms[cells_of].cells)
            builder.set(*schema->find(name), cell);
        builder.overflows();
        builder.end();
    }
    return std::move(builder).finish();
}

void check(const Fixture& fixture, const SchemaPtr& schema, const Held& held,
           const StandingMatch& standing, StandingOptions options) {
    CHECK(standing.firms() == held.firms.size());
    CHECK(standing.as_of() == held.day);
    options.compile.as_of = held.day;
    std::vector<Policy> policies;
    for (const auto& [id, policy] : held.policies)
        policies.push_back(policy);
    const FirmTable table = table_of(fixture, schema, held.firms, held.day);
    const Matcher matcher(*schema, policies, options.compile);
    const MatchResult expected =
        matcher.match(table, {.top = options.top, .statuses = kAllStatuses});
    std::vector<Push> said;
    for (std::uint32_t row = 0; row < table.size(); ++row) {
        for (const Verdict status :
             {Verdict::eligible, Verdict::review, Verdict::needs_data, Verdict::near}) {
            // What is asked afresh goes one way: for some firms.
            if (status > Verdict::review && row % 5 != 0) continue;
            REQUIRE(standing.pushes(table.id(row), status, said));
            const Pushes wanted = expected.pushes(row, status);
            bool same = said.size() == wanted.size();
            for (std::size_t i = 0; same && i < said.size(); ++i) {
                const Policy& policy = standing.policy(said[i].other);
                same = said[i].score == wanted[i].score &&
                       policy.id == policies[wanted[i].other].id &&
                       policy.version == policies[wanted[i].other].version;
            }
            if (!same)
                FAIL("seed " << fixture.world().seed << ", firm " << table.id(row) << ", status "
                             << static_cast<int>(status) << ": " << said.size()
                             << " policies, expected " << wanted.size());
        }
    }
}

/// One night's random changes, also made in what there should be.
StandingChanges random_night(const Fixture& fixture, const SchemaPtr& schema, Random& random,
                             Held& held) {
    StandingChanges night;
    if (random.chance(50)) { // a day later, or a month, or years, or back
        const std::int32_t far[] = {1, 1, 31, 400, 3'000};
        const std::int32_t days = far[random.below(std::size(far))];
        held.day.days += random.chance(75) ? days : -days;
        night.day = held.day;
    } else if (random.chance(20)) {
        night.day = held.day; // the same
    }
    std::map<std::string, bool> used;
    const std::vector<Policy>& all = fixture.policies();
    for (std::size_t n = random.below(1 + all.size() / 3 + 1); n > 0; --n) {
        Policy policy = all[random.below(all.size())];
        if (random.chance(40)) policy.id = all[random.below(all.size())].id;
        if (random.chance(10)) policy.id += "-new";
        if (random.chance(30)) policy.priority += random.between(-2, 2) * kScoreUnit;
        policy.version = static_cast<std::int64_t>(random.below(1000));
        if (!used.emplace(policy.id, true).second) continue;
        if (held.policies.contains(policy.id) && random.chance(35)) {
            night.removed_policies.push_back(policy.id);
            held.policies.erase(policy.id);
        } else {
            night.policies.push_back(policy);
            held.policies[policy.id] = policy;
        }
    }
    const auto firms = static_cast<std::uint32_t>(fixture.world().firms.size());
    std::map<std::string, std::uint32_t> rows;
    used.clear();
    for (std::size_t n = random.below(1 + firms / 4 + 1); n > 0; --n) {
        std::string id = fixture.world().firms[random.below(firms)].id;
        if (random.chance(10)) id += "-new";
        if (!used.emplace(id, true).second) continue;
        if (held.firms.contains(id) && random.chance(25)) {
            night.removed_firms.push_back(id);
            held.firms.erase(id);
        } else {
            rows[id] = held.firms[id] = static_cast<std::uint32_t>(random.below(firms));
        }
    }
    if (!rows.empty() || random.chance(30)) night.firms = table_of(fixture, schema, rows, held.day);
    return night;
}

void check_nights(Shape shape, std::uint64_t seeds, int nights, bool refills = true) {
    std::size_t gone = 0, come = 0, refilled = 0, moved = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        const Fixture fixture(WorldMaker(seed, shape).make());
        const SchemaPtr schema = fixture.table({}).schema_ptr();
        Random random(seed);
        Held held;
        for (const Policy& policy : fixture.policies())
            if (random.chance(70)) held.policies[policy.id] = policy;
        for (std::uint32_t firm = 0; firm < fixture.world().firms.size(); ++firm)
            if (random.chance(80)) held.firms[fixture.world().firms[firm].id] = firm;
        StandingOptions options;
        options.compile = fixture.compile_options();
        held.day = options.compile.as_of;
        options.top =
            random.chance(20) ? kNoLimit : static_cast<std::uint32_t>(1 + random.below(8));
        options.reserve = static_cast<std::uint32_t>(random.below(4));
        options.threads = static_cast<unsigned>(1 + random.below(3));
        std::vector<Policy> policies;
        for (const auto& [id, policy] : held.policies)
            policies.push_back(policy);
        random.shuffle(policies);
        StandingMatch standing(schema, std::move(policies),
                               table_of(fixture, schema, held.firms, held.day), options);
        check(fixture, schema, held, standing, options);
        for (int night = 0; night < nights; ++night) {
            const Status status = standing.update(random_night(fixture, schema, random, held));
            if (!status.ok()) FAIL(status.to_string());
            check(fixture, schema, held, standing, options);
            gone += standing.cost().pairs_gone;
            come += standing.cost().pairs_come;
            refilled += standing.cost().lists_refilled;
            moved += standing.cost().firms_moved;
        }
    }
    WARN(gone << " pairs went, " << come << " came, " << refilled << " lists were refilled, "
              << moved << " firms moved");
    CHECK(gone > 0);
    CHECK(come > 0);
    CHECK(moved > 0);
    CHECK((refilled > 0) == refills);
}

} // namespace

TEST_CASE("a standing answer is a fresh one after any nights, small worlds") {
    check_nights(Shape::small, 60, 8);
}

TEST_CASE("a standing answer is a fresh one after any nights, many policies") {
    check_nights(Shape::many, 25, 8);
}

TEST_CASE("a standing answer is a fresh one after any nights, blocks of firms", "[threads]") {
    check_nights(Shape::blocks, 4, 4, false);
}

TEST_CASE("a standing answer refuses what does not fit, and stays as it is") {
    const Fixture fixture(WorldMaker(8, Shape::many).make());
    const SchemaPtr schema = fixture.table({}).schema_ptr();
    Held held;
    for (const Policy& policy : fixture.policies())
        held.policies[policy.id] = policy;
    for (std::uint32_t firm = 0; firm < fixture.world().firms.size(); ++firm)
        held.firms[fixture.world().firms[firm].id] = firm;
    StandingOptions options;
    options.compile = fixture.compile_options();
    held.day = options.compile.as_of;
    StandingMatch standing(schema, fixture.policies(),
                           table_of(fixture, schema, held.firms, held.day), options);
    const Policy& policy = fixture.policies()[0];
    const std::string firm = fixture.world().firms[0].id;
    const auto refuses = [&](StandingChanges changes) {
        CHECK(!standing.update(std::move(changes)).ok());
        check(fixture, schema, held, standing, options);
    };
    refuses({.policies = {policy, policy}});
    refuses({.policies = {policy}, .removed_policies = {policy.id}});
    refuses({.removed_policies = {"no such policy"}});
    refuses({.removed_firms = {"no such firm"}});
    refuses({.removed_firms = {firm, firm}});
    FirmTable tomorrow = table_of(fixture, schema, {{firm, 0}}, held.day);
    tomorrow.derive(Date{options.compile.as_of.days + 1});
    StandingChanges another_day;
    another_day.firms = std::move(tomorrow);
    refuses(std::move(another_day));
    StandingChanges todays_firms;
    todays_firms.firms = table_of(fixture, schema, {{firm, 0}}, held.day);
    todays_firms.day = Date{held.day.days + 1};
    refuses(std::move(todays_firms));
    const Fixture other(WorldMaker(9, Shape::many).make());
    StandingChanges another_schema;
    another_schema.firms = other.table({0});
    refuses(std::move(another_schema));
    std::vector<Push> out{{0, 0}};
    CHECK(!standing.pushes("no such firm", Verdict::eligible, out));
    CHECK(out.empty());
}

} // namespace qice::agree
