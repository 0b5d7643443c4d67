// An engine whose policies come, change and go = a matcher over the same set, at every moment.
#include "fixture.hpp"

#include "qice/match/engine.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <map>
#include <thread>

namespace qice::agree {
namespace {

/// The policies an engine should hold, in the order of their ids.
using Held = std::map<std::string, Policy>;

std::vector<Policy> list_of(const Held& held) {
    std::vector<Policy> policies;
    for (const auto& [id, policy] : held)
        policies.push_back(policy);
    return policies;
}

/// Every firm's answer must be that of a matcher over what the engine should hold.
void check(const Fixture& fixture, const FirmTable& table, const CompileOptions& options,
           const Held& held, const Snapshot& snapshot, Snapshot::Scratch& scratch,
           std::uint32_t top) {
    CHECK(snapshot.size() == held.size());
    const std::vector<Policy> policies = list_of(held);
    const Matcher matcher(fixture.schema(), policies, options);
    const MatchResult expected = matcher.match(table, {.top = top, .statuses = kAllStatuses});
    FirmRecord record(table.schema_ptr());
    for (std::uint32_t row = 0; row < table.size(); ++row) {
        record.assign(table[row]);
        const SnapshotAnswer& answer = snapshot.ask(record, {top, kAllStatuses}, scratch);
        for (int s = 0; s < kStatuses; ++s) {
            const auto status = static_cast<Verdict>(s);
            const auto said = answer.policies(status);
            const Pushes wanted = expected.pushes(row, status);
            bool same = said.size() == wanted.size();
            for (std::size_t i = 0; same && i < said.size(); ++i)
                same = said[i].score == wanted[i].score &&
                       said[i].policy->id == policies[wanted[i].other].id &&
                       said[i].policy->version == policies[wanted[i].other].version;
            if (!same)
                FAIL("seed " << fixture.world().seed << ", firm " << row << ", status " << s << ": "
                             << said.size() << " policies, expected " << wanted.size());
        }
    }
}

/// One random change, or some at once, made in the engine and in what it should hold.
void change(const Fixture& fixture, Random& random, Engine& engine, Held& held) {
    const std::vector<Policy>& all = fixture.policies();
    if (random.chance(30) && !held.empty()) {
        const std::string id =
            random.chance(90)
                ? std::next(held.begin(), static_cast<std::ptrdiff_t>(random.below(held.size())))
                      ->first
                : "no such id";
        CHECK(engine.remove(id) == (held.erase(id) == 1));
        return;
    }
    std::vector<PolicyPtr> changed;
    for (std::uint64_t left = random.chance(70) ? 1 : random.below(6); left > 0; --left) {
        Policy policy = all[random.below(all.size())];
        if (random.chance(40)) policy.id = all[random.below(all.size())].id; // another in its place
        policy.version = static_cast<std::int64_t>(random.below(1000));
        held[policy.id] = policy;
        changed.push_back(std::make_shared<const Policy>(std::move(policy)));
    }
    REQUIRE(engine.upsert(changed).ok());
}

} // namespace

TEST_CASE("an engine answers as a matcher over the same policies, after any changes", "[threads]") {
    Snapshot::Scratch scratch; // one for all engines
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        const Fixture fixture(WorldMaker(seed, seed % 2 == 0 ? Shape::many : Shape::small).make());
        Random random(seed);
        std::vector<std::uint32_t> firms = fixture.all_firms();
        if (firms.size() > 12) firms.resize(12);
        const FirmTable table = fixture.table(firms);
        const CompileOptions options = fixture.compile_options();
        Engine engine(table.schema_ptr(), options, seed % 3 == 0 ? 0 : random.below(20));
        Held held;
        if (random.chance(70)) {
            for (const Policy& policy : fixture.policies())
                if (random.chance(60)) held[policy.id] = policy;
            REQUIRE(engine.replace_all(list_of(held)).ok());
        }
        for (int step = 0; step < 30; ++step) {
            change(fixture, random, engine, held);
            if (random.chance(10)) engine.settle();
            if (random.chance(40))
                check(fixture, table, options, held, *engine.snapshot(), scratch,
                      random.chance(50) ? kNoLimit : 3);
        }
        engine.settle();
        check(fixture, table, options, held, *engine.snapshot(), scratch, kNoLimit);
    }
}

TEST_CASE("a new day opens and closes an engine's policies") {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        const Fixture fixture(WorldMaker(seed, Shape::many).make());
        CompileOptions options = fixture.compile_options();
        Held held;
        for (const Policy& policy : fixture.policies())
            held[policy.id] = policy;
        FirmTable table = fixture.table({0, 1, 2, 3});
        Engine engine(table.schema_ptr(), options);
        REQUIRE(engine.replace_all(list_of(held)).ok());
        const auto before = engine.snapshot();
        Snapshot::Scratch scratch;
        for (int days : {40, 400, -800}) {
            options.as_of.days += days;
            table.derive(options.as_of);
            REQUIRE(engine.set_day(options.as_of).ok());
            check(fixture, table, options, held, *engine.snapshot(), scratch, kNoLimit);
        }
        table.derive(fixture.compile_options().as_of);
        check(fixture, table, fixture.compile_options(), held, *before, scratch, kNoLimit);
    }
}

TEST_CASE("readers of an engine see whole sets while it changes", "[threads]") {
    const Fixture fixture(WorldMaker(8, Shape::many).make());
    const FirmTable table = fixture.table(fixture.all_firms());
    Engine engine(table.schema_ptr(), fixture.compile_options(), 5);
    REQUIRE(engine.replace_all(fixture.policies()).ok());
    std::atomic<bool> done{false};
    std::atomic<int> wrong{0};
    std::vector<std::thread> readers;
    for (int reader = 0; reader < 2; ++reader) {
        readers.emplace_back([&, reader] {
            Snapshot::Scratch scratch;
            FirmRecord record(table.schema_ptr());
            std::uint32_t row = static_cast<std::uint32_t>(reader);
            while (!done) {
                const auto snapshot = engine.snapshot();
                record.assign(table[row++ % table.size()]);
                // The same moment twice is the same answer, whatever comes between.
                const auto ids = [&] {
                    std::string text;
                    const SnapshotAnswer& answer =
                        snapshot->ask(record, {kNoLimit, kAllStatuses}, scratch);
                    for (int s = 0; s < kStatuses; ++s)
                        for (const RankedPolicy& ranked : answer.policies(static_cast<Verdict>(s)))
                            text += ranked.policy->id + ' ';
                    return text;
                };
                const std::string first = ids();
                std::this_thread::yield();
                if (ids() != first) ++wrong;
            }
        });
    }
    Random random(8);
    Held held;
    for (const Policy& policy : fixture.policies())
        held[policy.id] = policy;
    for (int step = 0; step < 200; ++step)
        change(fixture, random, engine, held);
    done = true;
    for (std::thread& reader : readers)
        reader.join();
    CHECK(wrong == 0);
    Snapshot::Scratch scratch;
    check(fixture, table, fixture.compile_options(), held, *engine.snapshot(), scratch, kNoLimit);
}

TEST_CASE("an engine refuses an id that stands twice and keeps what it has") {
    const Fixture fixture(WorldMaker(2, Shape::many).make());
    Engine engine(fixture.table({}).schema_ptr(), fixture.compile_options());
    REQUIRE(engine.replace_all({fixture.policies()[0]}).ok());
    const Status status = engine.replace_all({fixture.policies()[1], fixture.policies()[1]});
    CHECK(!status.ok());
    CHECK(status.to_string().find(fixture.policies()[1].id) != std::string::npos);
    CHECK(engine.snapshot()->size() == 1);
}

} // namespace qice::agree
