// The outbox of a PostgreSQL store: stretches of pushes that wait, and what becomes of them.
#include "store/ledger.hpp"
#include "store/postgres_schema.hpp"
#include "store/postgres_session.hpp"

#include <chrono>
#include <future>
#include <numeric>

using namespace qice;
using namespace qice::tests;

namespace {

/// One night of so many pushes, the first half of them to firm 1, the others to firm 2.
struct Night {
    StorePlace place{"postgresql"};
    std::unique_ptr<Store> store = place.open();
    std::unique_ptr<Outbox> outbox = open_outbox(place.address()).value();
    Session other;

    explicit Night(std::int64_t count) {
        REQUIRE(store->begin(Access::write).ok());
        put_firms_and_policies(*store);
        std::vector<StoredPush> pushes;
        for (std::int64_t push = 1; push <= count; ++push) {
            const std::int64_t firm = 2 * push > count ? 2 : 1;
            pushes.push_back({push, firm, firm, 1, Verdict::eligible, 1, 0, {}, 1});
        }
        REQUIRE(store->add_run(small_run(1, 1, count)).ok());
        REQUIRE(store->add_pushes(small_run(1, 1, count), pushes).ok());
        REQUIRE(store->commit().ok());
    }

    std::vector<std::int64_t> claim(const std::string& token, std::size_t most,
                                    std::int64_t now = 1000) {
        std::vector<Offer> offers;
        const Status status = outbox->claim({token, now, now + 600, most}, offers);
        INFO(status.to_string());
        REQUIRE(status.ok());
        std::vector<std::int64_t> numbers;
        for (const Offer& offer : offers)
            numbers.push_back(offer.push);
        return numbers;
    }

    std::array<std::int64_t, 5> mark(const std::vector<std::int64_t>& pushes, Delivery to,
                                     const std::string& claim = "") {
        std::vector<Move> moves;
        for (const std::int64_t push : pushes)
            moves.push_back({push, to, claim});
        std::vector<Outcome> outcomes;
        const Status status = outbox->move(moves, 77, outcomes);
        INFO(status.to_string());
        REQUIRE(status.ok());
        std::array<std::int64_t, 5> counts{};
        for (const Outcome& outcome : outcomes)
            ++counts[static_cast<std::size_t>(outcome.moved)];
        return counts;
    }

    std::int64_t stretches() { return other.number("SELECT count(*) FROM qice.waiting"); }
    std::int64_t count(Delivery state) {
        return outbox->counts().value()[static_cast<std::size_t>(state)];
    }
};

std::vector<std::int64_t> numbers(std::int64_t first, std::int64_t end) {
    std::vector<std::int64_t> out(static_cast<std::size_t>(end - first));
    std::iota(out.begin(), out.end(), first);
    return out;
}

using Counts = std::array<std::int64_t, 5>;

} // namespace

TEST_CASE("a claim takes whole stretches and the beginning of one, and the rest goes on waiting") {
    if (!has_server()) return;
    Night night(2'500);
    CHECK(night.stretches() == 3);
    CHECK(night.claim("a", 1'200) == numbers(1, 1'201));
    CHECK(night.stretches() == 4);
    CHECK(night.claim("b", 10) == numbers(1'201, 1'211));
    CHECK(night.claim("c", 5'000) == numbers(1'211, 2'501));
    CHECK(night.claim("d", 1).empty());
    // What was sent under an ended claim is not given out again, what was not is, in parts.
    CHECK(night.mark(numbers(1, 1'100), Delivery::sent, "a") == Counts{1'099, 0, 0, 0, 0});
    CHECK(night.count(Delivery::pending) == 1'401);
    CHECK(night.claim("e", 30, 2'000) == numbers(1'100, 1'130));
    CHECK(night.mark({1'150}, Delivery::sent, "a") == Counts{1, 0, 0, 0, 0}); // nobody's but a's
    auto left = numbers(1'130, 2'501);
    left.erase(left.begin() + 20);
    CHECK(night.claim("f", 5'000, 2'000) == left);
    CHECK(night.mark(numbers(1'100, 1'140), Delivery::sent, "a") == Counts{0, 0, 0, 0, 40});
    CHECK(night.mark(numbers(1'100, 1'140), Delivery::sent, "e") == Counts{30, 0, 0, 0, 10});
    CHECK(night.mark(left, Delivery::sent, "f") == Counts{1'370, 0, 0, 0, 0});
    CHECK(night.stretches() == 0);
    CHECK(night.count(Delivery::sent) == 2'500);
    // Who was too slow is told also afterwards.
    CHECK(night.mark({1'100, 1'130}, Delivery::sent, "a") == Counts{0, 0, 0, 0, 2});
    CHECK(night.mark({1'100, 1'130, 2'501}, Delivery::sent) == Counts{0, 2, 1, 0, 0});
}

TEST_CASE("pushes that were moved without a claim leave holes that no claim fills") {
    if (!has_server()) return;
    Night night(2'100);
    std::vector<std::int64_t> odd, even;
    for (const std::int64_t push : numbers(1, 2'101))
        (push % 2 == 0 ? even : odd).push_back(push);
    CHECK(night.mark(odd, Delivery::withdrawn) == Counts{1'050, 0, 0, 0, 0});
    CHECK(night.mark(numbers(1'001, 2'001), Delivery::sent) == Counts{500, 0, 0, 500, 0});
    CHECK(night.stretches() == 2); // all of the second is over
    even.erase(std::remove_if(even.begin(), even.end(),
                              [](std::int64_t push) { return push > 1'000 && push <= 2'000; }),
               even.end());
    CHECK(night.count(Delivery::pending) == static_cast<std::int64_t>(even.size()));
    CHECK(night.claim("a", 3) == std::vector<std::int64_t>{2, 4, 6});
    CHECK(night.claim("b", 10'000) == std::vector<std::int64_t>(even.begin() + 3, even.end()));
    REQUIRE(night.store->begin(Access::write).ok());
    REQUIRE(night.store->forget_firm({2, 2, "B", {}}, "forgotten").ok());
    REQUIRE(night.store->commit().ok());
    CHECK(night.count(Delivery::pending) == 500); // 2,002 to 2,100 are firm 2's
    const auto rest = night.claim("c", 10'000, 9'000);
    CHECK((rest.size() == 500 && rest.back() == 1'000));
    CHECK(night.mark(rest, Delivery::sent, "c") == Counts{500, 0, 0, 0, 0});
    CHECK(night.stretches() == 0);
}

TEST_CASE("of a night that was taken away nothing is claimed or moved") {
    if (!has_server()) return;
    Night night(1'500);
    CHECK(night.claim("a", 700).size() == 700);
    REQUIRE(night.other.db.execute("ALTER TABLE qice.push DETACH PARTITION qice.push_1").ok());
    CHECK(night.mark({1, 1'400}, Delivery::sent) == Counts{0, 0, 2, 0, 0});
    CHECK(night.claim("b", 10, 5'000).empty());
    CHECK(night.stretches() == 0);
}

TEST_CASE("a claim waits for the sender that has all there is, but not for ever") {
    if (!has_server()) return;
    Night night(20);
    REQUIRE(night.other.db
                .execute("BEGIN; SELECT FROM qice.waiting FOR UPDATE; "
                         "UPDATE qice.waiting SET end_push = 6, claim = 'x', claim_until = 9999; "
                         "INSERT INTO qice.waiting VALUES (6, 21, 1, NULL, NULL)")
                .ok());
    auto later = std::async(std::launch::async, [&] { return night.claim("a", 100); });
    CHECK(later.wait_for(std::chrono::milliseconds(300)) == std::future_status::timeout);
    REQUIRE(night.other.db.execute("COMMIT").ok());
    CHECK(later.get() == numbers(6, 21));
    REQUIRE(night.other.db.execute("BEGIN; SELECT FROM qice.waiting FOR UPDATE").ok());
    CHECK(night.claim("b", 100, 20'000).empty()); // after two seconds
    REQUIRE(night.other.db.execute("ROLLBACK").ok());
    CHECK(night.claim("b", 100, 20'000) == numbers(1, 21));
}

TEST_CASE("two who move the same push at once agree on who did") {
    if (!has_server()) return;
    Night night(1'000);
    CHECK(night.claim("a", 1'000).size() == 1'000);
    const auto second = open_outbox(night.place.address()).value();
    std::vector<Move> moves;
    for (const std::int64_t push : numbers(1, 1'001))
        moves.push_back({push, Delivery::sent, "a"});
    std::vector<Outcome> outcomes;
    auto other = std::async(std::launch::async, [&] { return second->move(moves, 5, outcomes); });
    const Counts mine = night.mark(numbers(1, 1'001), Delivery::sent, "a");
    REQUIRE(other.get().ok());
    const bool was_theirs = outcomes[0].moved == Moved::done;
    CHECK(mine == (was_theirs ? Counts{0, 1'000, 0, 0, 0} : Counts{1'000, 0, 0, 0, 0}));
    for (const Outcome& outcome : outcomes)
        CHECK(outcome.moved == (was_theirs ? Moved::done : Moved::already));
}

TEST_CASE("a store of version 4 keeps what became of its pushes, and who holds them") {
    if (!has_server()) return;
    const StorePlace place("postgresql");
    Session other;
    REQUIRE(other.db
                .execute("CREATE SCHEMA qice; CREATE TABLE qice.store(version integer NOT NULL); "
                         "INSERT INTO qice.store VALUES (4)")
                .ok());
    for (int step = 0; step < 4; ++step)
        REQUIRE(other.db.execute(kPostgresSteps[step]).ok());
    // Of 3,000 pushes: 1 sent and 2 opened under a claim, 3 withdrawn; 4 to 99 held by c, and every
    // third from there to 1,000 by d.
    REQUIRE(
        other.db
            .execute(
                "INSERT INTO qice.reason VALUES (1, '', 'because'); INSERT INTO qice.run VALUES "
                "(1, '2026-06-15', '{}', '', '1', now(), 1, 1, 1, 3000, 0, 0, 0, ''); "
                "INSERT INTO qice.layout VALUES (1, 'x'); INSERT INTO qice.firm VALUES (1, 'A', 1);"
                "INSERT INTO qice.firm_version VALUES (1, 1, 1, '', ''); "
                "INSERT INTO qice.policy VALUES (1, 'P', 1); "
                "INSERT INTO qice.policy_version VALUES (1, 1, 1, '', '{}'); "
                "CREATE TABLE qice.push_1 PARTITION OF qice.push FOR VALUES IN (1); "
                "INSERT INTO qice.push(push_no, run_no, firm_no, firm_version_no, "
                "policy_version_no, reason_no, score, rank, status, state, state_at, claim, "
                "claim_until) SELECT g, 1, 1, 1, 1, 1, 0, 1, 0, CASE g WHEN 1 THEN 1 WHEN 2 THEN 2 "
                "WHEN 3 THEN 7 ELSE 0 END, CASE WHEN g <= 3 THEN 50 + g END, "
                "CASE WHEN g <= 2 THEN 's' WHEN g BETWEEN 4 AND 99 THEN 'c' "
                "WHEN g BETWEEN 100 AND 1000 AND g % 3 = 0 THEN 'd' END, "
                "CASE WHEN g BETWEEN 4 AND 99 THEN 1500 WHEN g BETWEEN 100 AND 1000 AND g % 3 = 0 "
                "THEN 2500 END FROM generate_series(1, 3000) AS g")
            .ok());
    (void)other.db.execute("CREATE ROLE qice_reader");
    REQUIRE(other.db
                .execute("GRANT USAGE ON SCHEMA qice TO qice_reader; "
                         "GRANT SELECT ON qice.pushes TO qice_reader")
                .ok());
    const auto outbox = open_outbox(place.address()).value();
    CHECK(other.number("SELECT version FROM qice.store") == kPostgresVersion);
    CHECK(outbox->counts().value() == std::array<std::int64_t, 8>{2'997, 1, 1, 0, 0, 0, 0, 1});
    CHECK(other.number("SELECT count(*) FROM qice.pushes WHERE state = 'pending' AND state_at IS "
                       "NULL") == 2'997);
    CHECK(other.number("SELECT state_at FROM qice.pushes WHERE state = 'opened'") == 52);
    CHECK(other.number("SELECT has_table_privilege('qice_reader', 'qice.pushes', 'SELECT')") == 1);
    std::vector<Offer> offers;
    REQUIRE(outbox->claim({"e", 1000, 1600, 9'999}, offers).ok());
    CHECK(offers.size() == 2'997 - 96 - 300); // what nobody holds
    REQUIRE(outbox->claim({"f", 2000, 2600, 9'999}, offers).ok());
    CHECK(offers.size() == 2 * (2'997 - 300) - 96); // and what c and e held
    CHECK(offers.back().push == 3'000);
    std::vector<Outcome> outcomes;
    const std::vector<Move> moves{{1, Delivery::sent, "t"},
                                  {102, Delivery::sent, "d"},
                                  {4, Delivery::sent, "c"},
                                  {4, Delivery::sent, "f"}};
    REQUIRE(outbox->move(moves, 5, outcomes).ok());
    CHECK(outcomes[0].moved == Moved::not_yours);
    CHECK(outcomes[1].moved == Moved::done);
    CHECK(outcomes[2].moved == Moved::not_yours);
    CHECK(outcomes[3].moved == Moved::done);
}
