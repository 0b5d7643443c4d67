// What only a PostgreSQL store can get wrong: servers, roles, addresses, partitions.
#include "store/ledger.hpp"
#include "store/postgres_session.hpp"

#include "store/packed.hpp"
#include "store/postgres_copy.hpp"
#include "store/postgres_schema.hpp"

using namespace qice;
using namespace qice::tests;

namespace {

std::string address_as(const std::string& role) {
    std::string address = postgres_address();
    return address.replace(address.find("//") + 2, 4, role); // instead of qice
}

StoredRun run_of(std::int64_t number) {
    StoredRun run;
    run.run = number;
    run.as_of = Date{20'000 + static_cast<std::int32_t>(number)};
    run.recorded = "2026-11-25T19:04:05Z";
    run.options = "{}";
    return run;
}

/// `each` pushes for each of `firms` firms, in one run.
std::vector<StoredPush> pushes_for(std::int64_t firms, int each, std::int64_t first_push) {
    std::vector<StoredPush> out;
    for (std::int64_t firm = 1; firm <= firms; ++firm)
        for (int i = 0; i < each; ++i) {
            out.push_back({first_push + static_cast<std::int64_t>(out.size()), firm, firm, 1 + i,
                           Verdict::eligible, static_cast<std::uint32_t>(i + 1), 12'500'000,
                           std::nullopt, 1});
        }
    return out;
}

std::int64_t count_pushed(Store& store) {
    std::int64_t count = 0, last = 0;
    REQUIRE(store
                .read_pushed([&](std::int64_t firm, std::span<const Pushed> pushed) {
                    CHECK(firm > last);
                    last = firm;
                    count += static_cast<std::int64_t>(pushed.size());
                    return Status();
                })
                .ok());
    return count;
}

} // namespace

TEST_CASE("a password in an address is refused, and never repeated") {
    for (const char* address :
         {"postgresql://me:sEcret1@localhost/x", "postgresql://localhost/x?password=sEcret1",
          "postgresql://localhost/x?sslpassword=sEcret1"}) {
        const Status status = open_store(address, OpenMode::existing).status();
        CHECK(status.code() == StatusCode::usage);
        CHECK(status.message().find("holds a password") != std::string::npos);
        CHECK(status.message().find("PGPASSWORD") != std::string::npos);
        CHECK(status.to_string().find("sEcret1") == std::string::npos);
    }
    const Status status =
        open_store("postgresql://me:sEcret1@local host:x/y?z", OpenMode::existing).status();
    CHECK(status.code() == StatusCode::usage);
    CHECK(status.to_string().find("sEcret1") == std::string::npos);
}

TEST_CASE("a server that is not there is a failure of storage, said with its place") {
    const Status status =
        open_store("postgresql:///x?host=%2Ftmp%2Fno-such-folder", OpenMode::existing).status();
    CHECK(status.code() == StatusCode::storage);
    CHECK(status.to_string().find("cannot be reached") != std::string::npos);
    CHECK(status.to_string().find("/tmp/no-such-folder") != std::string::npos);
    CHECK(status.to_string().find('\n') == std::string::npos);
}

TEST_CASE("a database without a store, and a store of another version, are told apart") {
    if (!has_server()) return;
    const StorePlace place("postgresql");
    const auto why = [&](OpenMode mode) {
        return open_store(place.address(), mode).status().message();
    };
    CHECK(why(OpenMode::existing) == "there is no store in this database; qice import makes one");
    Session other;
    REQUIRE(other.db.execute("CREATE SCHEMA qice").ok());
    CHECK(why(OpenMode::create) == ""); // made for us, and empty
    CHECK(other.number("SELECT version FROM qice.store") == kPostgresVersion);
    REQUIRE(other.db.execute("UPDATE qice.store SET version = 1000").ok());
    CHECK(why(OpenMode::create).starts_with("this store was written by a newer qice: "));
    REQUIRE(other.db
                .execute("DROP SCHEMA qice CASCADE; CREATE SCHEMA qice; "
                         "CREATE TABLE qice.other(x int)")
                .ok());
    CHECK(why(OpenMode::create) == "the schema qice of this database belongs to another program");
}

TEST_CASE("a half-made store is never seen: making it is one transaction") {
    if (!has_server()) return;
    const StorePlace place("postgresql");
    Session other;
    // The steps fail at the end of them, where the version is written.
    REQUIRE(other.db
                .execute("CREATE OR REPLACE FUNCTION public.refuse() RETURNS event_trigger "
                         "LANGUAGE plpgsql AS $$ BEGIN RAISE 'not today'; END $$; "
                         "CREATE EVENT TRIGGER refuse ON ddl_command_end "
                         "WHEN TAG IN ('CREATE VIEW') EXECUTE FUNCTION public.refuse()")
                .ok());
    const Status status = open_store(place.address(), OpenMode::create).status();
    REQUIRE(other.db.execute("DROP EVENT TRIGGER refuse; DROP FUNCTION public.refuse()").ok());
    CHECK(status.code() == StatusCode::storage);
    CHECK(status.message().find("not today") != std::string::npos);
    CHECK(other.number("SELECT count(*) FROM pg_namespace WHERE nspname = 'qice'") == 0);
    CHECK(open_store(place.address(), OpenMode::create).ok());
}

TEST_CASE("a role that only reads may read, and is told early that it may not write") {
    if (!has_server()) return;
    const StorePlace place("postgresql");
    (void)place.open();
    Session owner;
    (void)owner.db.execute("CREATE ROLE qice_reader LOGIN");
    CHECK(open_store(address_as("qice_reader"), OpenMode::existing)
              .status()
              .message()
              .find("may not do that") != std::string::npos);
    REQUIRE(owner.db
                .execute("GRANT USAGE ON SCHEMA qice TO qice_reader; "
                         "GRANT SELECT ON ALL TABLES IN SCHEMA qice TO qice_reader")
                .ok());
    auto store = open_store(address_as("qice_reader"), OpenMode::existing).value();
    REQUIRE(store->begin(Access::read).ok());
    CHECK(count_pushed(*store) == 0);
    store->rollback();
    const Status refused = store->begin(Access::write);
    CHECK(refused.code() == StatusCode::storage);
    CHECK(refused.message() == "role \"qice_reader\" may not write to this store; imports and "
                               "nights are run by its owner \"qice\" or a member of that role");
}

TEST_CASE("large changes keep every row, whatever its bytes") {
    if (!has_server()) return;
    const StorePlace place("postgresql");
    auto store = place.open();
    constexpr std::int64_t kFirms = 25'001;
    std::vector<std::string> ids, records;
    for (std::int64_t firm = 0; firm <= kFirms; ++firm) {
        ids.push_back("企" + std::to_string(firm) + "'\"\\;--");
        records.push_back(std::to_string(firm) + ",\"a\nb\",\\N,\x1a," +
                          std::string(firm % 1'000 == 0 ? 100'000 : 0, 'x'));
    }
    std::vector<FirmChange> changes;
    std::vector<std::int64_t> versions;
    for (std::int64_t firm = kFirms; firm > 0; --firm) {
        const auto at = static_cast<std::size_t>(firm);
        changes.push_back({firm, firm, ids[at], {}, 1, records[at]});
        versions.push_back(firm);
    }
    REQUIRE(store->begin(Access::write).ok());
    REQUIRE(store->put_firms(changes).ok());
    std::int64_t next = 1;
    REQUIRE(store
                ->read_firms([&](const StoredFirm& firm) {
                    REQUIRE(firm.firm == next);
                    REQUIRE((firm.id == ids[static_cast<std::size_t>(next++)]));
                    return Status();
                })
                .ok());
    CHECK(next == kFirms + 1);
    REQUIRE(store
                ->read_records(versions,
                               [&](const StoredRecord& record) {
                                   REQUIRE(record.version == --next);
                                   REQUIRE(
                                       (record.record == records[static_cast<std::size_t>(next)]));
                                   return Status();
                               })
                .ok());
    CHECK(next == 1);
    // A visitor that has seen enough leaves the transaction whole.
    const Status enough(StatusCode::limit, "enough");
    CHECK(store->read_firms([&](const StoredFirm&) { return enough; }).message() == "enough");
    REQUIRE(store->commit().ok());
    CHECK(Session().number("SELECT next_number.firm FROM qice.next_number") == kFirms + 1);
}

TEST_CASE("a number is not given out again when its row has gone") {
    if (!has_server()) return;
    const StorePlace place("postgresql");
    auto store = place.open();
    REQUIRE(store->begin(Access::write).ok());
    const std::vector<FirmChange> change{{1, 1, "A", {}, 1, "1"}};
    REQUIRE(store->put_firms(change).ok());
    REQUIRE(store->commit().ok());
    REQUIRE(Session().db.execute("DELETE FROM qice.firm; DELETE FROM qice.firm_version").ok());
    REQUIRE(store->begin(Access::read).ok());
    CHECK(store->next_numbers()->firm == 2);
    CHECK(store->next_numbers()->firm_version == 2);
}

TEST_CASE("a night's pushes become a partition with the commit, and nobody sees them before") {
    if (!has_server()) return;
    const StorePlace place("postgresql");
    auto store = place.open();
    Session reader;
    const auto seen = [&] { return reader.number("SELECT count(*) FROM qice.push"); };
    const auto parts = [&] {
        return reader.number(
            "SELECT count(*) FROM pg_inherits WHERE inhparent = 'qice.push'::regclass");
    };
    const auto night = [&](std::int64_t number, std::int64_t firms, int each) {
        const StoredRun run = run_of(number);
        REQUIRE(store->begin(Access::write).ok());
        REQUIRE(store->add_run(run).ok());
        const auto pushes = pushes_for(firms, each, store->next_numbers()->push);
        // Parts that end in the middle of a firm.
        for (std::span<const StoredPush> rest = pushes; !rest.empty();
             rest = rest.subspan(std::min<std::size_t>(rest.size(), 4'001)))
            REQUIRE(
                store->add_pushes(run, rest.first(std::min<std::size_t>(rest.size(), 4'001))).ok());
    };
    night(1, 12'000, 3);
    CHECK(seen() == 0);
    store->rollback();
    CHECK(seen() == 0);
    night(1, 12'000, 3);
    REQUIRE(store->commit().ok());
    CHECK(seen() == 36'000);
    CHECK(parts() == 1);
    night(2, 13'000, 1);
    CHECK(count_pushed(*store) == 49'000); // also before the commit
    REQUIRE(store->commit().ok());
    CHECK(seen() == 49'000);
    CHECK(parts() == 2);
    night(3, 0, 0);
    REQUIRE(store->commit().ok());
    CHECK(parts() == 2); // nothing, no partition
    REQUIRE(store->begin(Access::read).ok());
    CHECK(count_pushed(*store) == 49'000);
    CHECK(store->next_numbers()->push == 49'001);
    std::int64_t counted = 0;
    REQUIRE(store
                ->read_run_counts(run_of(1),
                                  [&](const RunCount& count) {
                                      CHECK(count.pushes == 12'000);
                                      counted += count.pushes;
                                      return Status();
                                  })
                .ok());
    CHECK(counted == 36'000);
    // Every index of the whole is there on each part, and the check is no longer needed.
    CHECK(reader.number("SELECT count(*) FROM pg_index WHERE indrelid = 'qice.push_2'::regclass") ==
          2);
    CHECK(reader.number("SELECT count(*) FROM pg_constraint WHERE conname = 'of_one_run'") == 0);
}

TEST_CASE("a sentence may be longer than an index takes") {
    if (!has_server()) return;
    const StorePlace place("postgresql");
    auto store = place.open();
    REQUIRE(store->begin(Access::write).ok());
    const std::string text(50'000, 'x'), other = text + "y";
    const std::vector<std::string_view> texts{text, other};
    std::vector<std::int64_t> numbers(2);
    for (int again = 0; again < 2; ++again) {
        REQUIRE(store->reason_numbers(texts, numbers).ok());
        CHECK(numbers == std::vector<std::int64_t>{1, 2});
    }
}

TEST_CASE("a query cannot change anything, and its failure does not spoil the night") {
    if (!has_server()) return;
    const StorePlace place("postgresql");
    auto store = place.open();
    Session other;
    REQUIRE(other.db
                .execute("CREATE OR REPLACE FUNCTION public.meddle() RETURNS int LANGUAGE sql "
                         "VOLATILE AS 'DELETE FROM qice.setting RETURNING 1'")
                .ok());
    REQUIRE(store->begin(Access::write).ok());
    int rows = 0;
    std::string last;
    const Store::Query visit{[](std::span<const std::string_view>) { return Status(); },
                             [&](std::span<const std::optional<std::string_view>> cells) {
                                 ++rows;
                                 last = cells[0].value_or("NULL");
                                 return Status();
                             }};
    CHECK(store->query("SELECT public.meddle()", visit).code() == StatusCode::storage);
    CHECK(store->query("SELECT 1 / 0", visit).code() == StatusCode::storage);
    const Status wrong = store->query("SELECT\n '企', nothing FROM qice.firm", visit);
    CHECK(wrong.message().find("the query, line 2, column 7: ") == 0);
    CHECK(store->query("WITH d AS (DELETE FROM qice.firm RETURNING 1) SELECT * FROM d", visit)
              .code() != StatusCode::ok);
    CHECK(rows == 0);
    REQUIRE(store->query("SELECT n FROM generate_series(1, 10000) n -- so many", visit).ok());
    CHECK(rows == 10'000);
    CHECK(last == "10000");
    REQUIRE(store->query("TABLE qice.layout;", visit).ok());
    REQUIRE(store->query("SELECT true", visit).ok());
    CHECK(last == "true");
    REQUIRE(store->put_layout(1, "a,b").ok()); // still a transaction that may write
    REQUIRE(store->commit().ok());
    REQUIRE(other.db.execute("DROP FUNCTION public.meddle()").ok());
    CHECK(other.number("SELECT count(*) FROM qice.layout") == 1);
}

TEST_CASE(
    "a connection that breaks is a failure with a sentence, and everything before it is undone") {
    if (!has_server()) return;
    const StorePlace place("postgresql");
    Session killer;
    const auto kill = [&] {
        REQUIRE(killer.number("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
                              "datname = current_database() AND pid <> pg_backend_pid() AND "
                              "application_name = 'qice'") == 1);
    };
    for (const bool at_commit : {false, true}) {
        auto store = place.open();
        REQUIRE(store->begin(Access::write).ok());
        const StoredRun run = run_of(1);
        REQUIRE(store->add_run(run).ok());
        const auto pushes = pushes_for(100, 2, 1);
        REQUIRE(store->add_pushes(run, pushes).ok());
        kill();
        const Status status = at_commit ? store->commit() : store->add_pushes(run, pushes);
        CHECK(status.code() == StatusCode::storage);
        CHECK(status.message().find("run it again") != std::string::npos);
        store->rollback();
        CHECK(store->begin(Access::read).code() == StatusCode::storage);
    }
    CHECK(killer.number("SELECT count(*) FROM qice.run") == 0);
    CHECK(place.open()->begin(Access::write).ok());
}

TEST_CASE("a COPY that is refused, or left in the middle, is told and leaves no rows") {
    if (!has_server()) return;
    const StorePlace place("postgresql");
    (void)place.open();
    Session session;
    constexpr const char* kInto = "COPY qice.layout(layout_no, header) FROM STDIN (FORMAT binary)";
    {
        CopyIn copy(session.db, kInto);
        copy.row(2).number(1).text("a");
    }
    CHECK(session.number("SELECT count(*) FROM qice.layout") == 0);
    CopyIn twice(session.db, kInto);
    for (int i = 0; i < 100'000 && twice.end_row().ok(); ++i)
        twice.row(2).number(1).text("the same number again");
    const Status status = twice.finish();
    CHECK(status.code() == StatusCode::storage);
    CHECK(status.message().find("23505") != std::string::npos);
    CHECK(status.message().find("(layout_no)") == std::string::npos); // no values of rows
    CopyIn nowhere(session.db, "COPY qice.nowhere FROM STDIN (FORMAT binary)");
    CHECK(nowhere.finish().message().find("42P01") != std::string::npos);
    CHECK(session.number("SELECT count(*) FROM qice.layout") == 0);
}

TEST_CASE("neither a sender that withdraws nor a night waits for the other") {
    if (!has_server()) return;
    const StorePlace place("postgresql");
    auto store = place.open();
    put_small_ledger(*store);
    const auto outbox = open_outbox(place.address()).value();
    REQUIRE(store->begin(Access::write).ok());
    const std::string before = what_was_pushed(*store);
    // In the middle of a night that pushes to firm 2, too.
    std::vector<Outcome> outcomes;
    const std::vector<Move> moves{{3, Delivery::withdrawn, ""}, {1, Delivery::sent, ""}};
    REQUIRE(outbox->move(moves, 5, outcomes).ok());
    CHECK((outcomes[0].moved == Moved::done && outcomes[1].moved == Moved::done));
    CHECK(what_was_pushed(*store) == before);
    REQUIRE(store->add_run(small_run(4, 5, 1)).ok());
    const std::vector<StoredPush> pushes{{5, 2, 2, 1, Verdict::near, 1, 0, {}, 1}};
    REQUIRE(store->add_pushes(small_run(4, 5, 1), pushes).ok());
    const Status committed = store->commit();
    CHECK(committed.to_string() == Status().to_string());
    REQUIRE(store->begin(Access::write).ok());
    const std::string after = "1: 1@20001/eligible 2@20001/review;2: 2@20003/near 1@20004/near;";
    CHECK(what_was_pushed(*store) == after);
    Session other;
    const auto waiting = [&] { return other.number("SELECT count(*) FROM qice.unpushed"); };
    CHECK(waiting() == 1);
    REQUIRE(store->add_run(small_run(5, 6, 0)).ok());
    CHECK(what_was_pushed(*store) == after);
    REQUIRE(store->commit().ok());
    CHECK(waiting() == 0);
}

TEST_CASE("a store of version 1 is brought up to date, with the schema it has") {
    if (!has_server()) return;
    const StorePlace place("postgresql");
    Session other;
    REQUIRE(other.db
                .execute("CREATE SCHEMA qice; CREATE TABLE qice.store(version integer NOT NULL); "
                         "INSERT INTO qice.store VALUES (1)")
                .ok());
    REQUIRE(other.db.execute(kPostgresSteps[0]).ok());
    REQUIRE(other.db
                .execute("INSERT INTO qice.setting VALUES ('schema', '{old}'), ('schema_file', "
                         "'s.json'), ('pseudonym_key', 'k'); INSERT INTO qice.code_list VALUES "
                         "('a.csv', 'A')")
                .ok());
    auto store = place.open(OpenMode::existing);
    CHECK(other.number("SELECT version FROM qice.store") == kPostgresVersion);
    REQUIRE(store->begin(Access::read).ok());
    const StoredSchema schema = store->schema()->value();
    CHECK((schema.file == "s.json" && schema.json == "{old}"));
    REQUIRE(schema.code_lists.size() == 1);
    CHECK((schema.code_lists[0].name == "a.csv" && schema.code_lists[0].content == "A"));
    CHECK(store->setting("pseudonym_key")->value() == "k");
    CHECK_FALSE(store->setting("schema")->has_value());
    CHECK(open_archive(place.address()).value()->begin().ok());
}

TEST_CASE("a sender's role needs no more than docs/postgresql.md grants it") {
    if (!has_server()) return;
    const StorePlace place("postgresql");
    auto store = place.open();
    Session owner;
    (void)owner.db.execute("CREATE ROLE qice_sender LOGIN");
    REQUIRE(owner.db
                .execute("GRANT USAGE ON SCHEMA qice TO qice_sender; "
                         "GRANT SELECT ON ALL TABLES IN SCHEMA qice TO qice_sender; "
                         "GRANT INSERT, UPDATE, DELETE ON qice.waiting TO qice_sender; "
                         "GRANT INSERT, UPDATE ON qice.delivery TO qice_sender; "
                         "GRANT INSERT ON qice.unpushed TO qice_sender")
                .ok());
    put_small_ledger(*store); // its partitions are made after the grants
    const auto outbox = open_outbox(address_as("qice_sender")).value();
    std::vector<Offer> offers;
    const Status claimed = outbox->claim({"a", 1, 2, 10}, offers);
    CHECK(claimed.to_string() == Status().to_string());
    CHECK(offers.size() == 4);
    std::vector<Outcome> outcomes;
    const std::vector<Move> moves{{3, Delivery::withdrawn, "a"}, {1, Delivery::sent, "a"}};
    const Status moved = outbox->move(moves, 5, outcomes);
    CHECK(moved.to_string() == Status().to_string());
    (void)owner.db.execute("REVOKE INSERT ON qice.unpushed FROM qice_sender");
    const std::vector<Move> more{{2, Delivery::withdrawn, "a"}};
    CHECK(outbox->move(more, 5, outcomes).message().find("docs/postgresql.md") !=
          std::string::npos);
    CHECK(outbox->counts().value()[7] == 1);
}
