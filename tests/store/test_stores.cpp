// What every store must do, and each of them does.
#include "store/places.hpp"

#include "store/audit.hpp"
#include "store/sqlite.hpp"
#include "store/sqlite_schema.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

#include <cstdio>
#include <vector>

using namespace qice;
using namespace qice::tests;

namespace {

Digest digest(unsigned char byte) {
    Digest out{};
    out.fill(byte);
    return out;
}

std::vector<std::string> firms(Store& store) {
    std::vector<std::string> out;
    REQUIRE(store
                .read_firms([&](const StoredFirm& firm) {
                    out.push_back(std::string(firm.id) + " " + std::to_string(firm.version));
                    return Status();
                })
                .ok());
    return out;
}

std::string pushed(Store& store) {
    std::string out;
    REQUIRE(store
                .read_pushed([&](std::int64_t firm, std::span<const Pushed> pushed) {
                    out += std::to_string(firm) + ":";
                    for (const Pushed& push : pushed)
                        out += " " + std::to_string(push.policy_version) + "@" +
                               std::to_string(push.day) + "/" + std::string(name_of(push.status));
                    out += ";";
                    return Status();
                })
                .ok());
    return out;
}

const std::vector<FirmChange> kTwoFirms{{1, 1, "A", digest(1), 1, "1,2"},
                                        {2, 2, "乙", digest(2), 1, ""}};

} // namespace

TEST_CASE("a store keeps what was committed, and nothing else") {
    const StorePlace place(GENERATE(from_range(kinds_of_store())));
    {
        auto store = place.open();
        REQUIRE(store->begin(Access::write).ok());
        REQUIRE(store->put_firms(kTwoFirms).ok());
        REQUIRE(store->commit().ok());
        REQUIRE(store->begin(Access::write).ok());
        const std::vector<FirmChange> change{{1, 3, "A", digest(3), 1, "9"}, {2, 0, {}, {}, 0, {}}};
        REQUIRE(store->put_firms(change).ok());
        CHECK(firms(*store) == std::vector<std::string>{"A 3", "乙 0"});
    } // not committed
    auto store = place.open(OpenMode::existing);
    REQUIRE(store->begin(Access::read).ok());
    CHECK(firms(*store) == std::vector<std::string>{"A 1", "乙 2"});
    const NextNumbers next = store->next_numbers().value();
    CHECK(next.firm == 3);
    CHECK(next.firm_version == 3);
    CHECK(next.push == 1);
}

TEST_CASE("old versions of a firm's values can be read, in the order asked for") {
    const StorePlace place(GENERATE(from_range(kinds_of_store())));
    auto store = place.open();
    REQUIRE(store->begin(Access::write).ok());
    REQUIRE(store->put_firms(kTwoFirms).ok());
    const std::vector<FirmChange> change{{1, 3, "A", digest(3), 1, "9"}};
    REQUIRE(store->put_firms(change).ok());
    std::string seen;
    const std::vector<std::int64_t> asked{3, 1, 2};
    REQUIRE(store
                ->read_records(asked,
                               [&](const StoredRecord& record) {
                                   seen += std::to_string(record.version) + "=" +
                                           std::string(record.record) + ";";
                                   return Status();
                               })
                .ok());
    CHECK(seen == "3=9;1=1,2;2=;");
    const std::vector<std::int64_t> unknown{77};
    CHECK(store->read_records(unknown, [](const StoredRecord&) { return Status(); }).code() ==
          StatusCode::storage);
}

TEST_CASE("what was pushed to a firm is remembered over nights, in order") {
    const StorePlace place(GENERATE(from_range(kinds_of_store())));
    auto store = place.open();
    REQUIRE(store->begin(Access::write).ok());
    StoredRun run;
    run.run = 1;
    run.as_of = Date{20'000};
    run.recorded = "2026-11-25T19:04:05Z";
    REQUIRE(store->add_run(run).ok());
    const std::vector<StoredPush> first{{1, 1, 1, 7, Verdict::eligible, 1, 500'000, 100, 1},
                                        {2, 1, 1, 300, Verdict::near, 2, -1, {}, 1},
                                        {3, 2, 2, 7, Verdict::review, 1, 0, {}, 1}};
    REQUIRE(store->add_pushes(run, first).ok());
    run.run = 2;
    run.as_of = Date{20'001};
    REQUIRE(store->add_run(run).ok());
    const std::vector<StoredPush> second{{4, 1, 1, 16'909'060, Verdict::needs_data, 1, 0, {}, 1}};
    REQUIRE(store->add_pushes(run, second).ok());
    CHECK(pushed(*store) == "1: 7@20000/eligible 300@20000/near 16909060@20001/needs_data;"
                            "2: 7@20000/review;");
    REQUIRE(store->commit().ok());
    REQUIRE(store->begin(Access::read).ok());
    CHECK(store->last_run()->value().as_of == Date{20'001});
    CHECK(store->find_run(Date{20'000}, "", {})->value().run == 1);
    CHECK_FALSE(store->find_run(Date{20'000}, "", digest(1))->has_value());
}

TEST_CASE("sentences are kept once") {
    const StorePlace place(GENERATE(from_range(kinds_of_store())));
    auto store = place.open();
    REQUIRE(store->begin(Access::write).ok());
    const std::vector<std::string_view> texts{"b", "a"}, more{"c", "a"};
    std::vector<std::int64_t> numbers(2);
    REQUIRE(store->reason_numbers(texts, numbers).ok());
    CHECK(numbers == std::vector<std::int64_t>{1, 2});
    REQUIRE(store->reason_numbers(more, numbers).ok());
    CHECK(numbers == std::vector<std::int64_t>{3, 2});
}

TEST_CASE("a second import or night is refused at once, and a reader is not") {
    const StorePlace place(GENERATE(from_range(kinds_of_store())));
    auto store = place.open(), other = place.open();
    REQUIRE(store->begin(Access::write).ok());
    const Status refused = other->begin(Access::write);
    CHECK(refused.code() == StatusCode::storage);
    CHECK(refused.message().find("another import or night") != std::string::npos);
    REQUIRE(other->begin(Access::read).ok());
    other->rollback();
    store->rollback();
    CHECK(other->begin(Access::write).ok());
}

TEST_CASE("a query gives names and cells, and must only read") {
    const StorePlace place(GENERATE(from_range(kinds_of_store())));
    auto store = place.open();
    REQUIRE(store->begin(Access::write).ok());
    std::string seen;
    const Store::Query visit{[&](std::span<const std::string_view> names) {
                                 for (std::string_view name : names)
                                     seen += std::string(name) + ",";
                                 return Status();
                             },
                             [&](std::span<const std::optional<std::string_view>> cells) {
                                 for (const auto& cell : cells)
                                     seen += std::string(cell.value_or("NULL")) + ",";
                                 return Status();
                             }};
    REQUIRE(store->query("SELECT 'A' AS uscc, 12.5 AS x, NULL AS y", visit).ok());
    CHECK(seen == "uscc,x,y,A,12.5,NULL,");
    const std::string firms = place.is_file() ? "firm" : "qice.firm";
    CHECK(store->query("DELETE FROM " + firms, visit).code() == StatusCode::usage);
    CHECK(store->query("SELECT 1; DELETE FROM " + firms, visit).code() == StatusCode::usage);
    CHECK(store->query("SELECT nothing FROM nowhere", visit).code() == StatusCode::storage);
}

TEST_CASE("the audit log's digests depend on all that came before") {
    const AuditEntry entry{1, "2026-06-15T00:00:00Z", "night", "{}"};
    AuditEntry other = entry;
    other.body = "{ }";
    const Digest first = audit_digest({}, entry);
    CHECK(first != audit_digest({}, other));
    CHECK(audit_digest(first, entry) != first);
}

TEST_CASE("what is no store is refused with a sentence") {
    const StorePlace place("sqlite");
    const auto why = [&] {
        return open_store(place.address(), OpenMode::existing).status().message();
    };
    CHECK(why() == "there is no store here; qice import makes one");
    {
        std::FILE* file = std::fopen(place.file().c_str(), "w");
        std::fputs(std::string(5000, 'x').c_str(), file);
        std::fclose(file);
    }
    CHECK(why() == "is not a SQLite database");
}

TEST_CASE("what was learnt holds from its run on, firm by firm") {
    const StorePlace place(GENERATE(from_range(kinds_of_store())));
    auto store = place.open();
    REQUIRE(store->begin(Access::write).ok());
    const std::vector<Learned> first{{1, R"({"甲": 2})"}, {7, R"({"b": -1})"}}, second{{7, "{}"}};
    REQUIRE(store->put_learned(1, first).ok());
    REQUIRE(store->put_learned(3, second).ok());
    REQUIRE(store->commit().ok());
    REQUIRE(store->begin(Access::read).ok());
    const auto known = [&](std::int64_t run) {
        std::string out;
        REQUIRE(store
                    ->read_learned(run,
                                   [&](const Learned& learned) {
                                       out += std::to_string(learned.firm) +
                                              std::string(learned.tags) + ";";
                                       return Status();
                                   })
                    .ok());
        return out;
    };
    CHECK(known(0) == "");
    CHECK(known(1) == R"(1{"甲": 2};7{"b": -1};)");
    CHECK(known(2) == known(1));
    CHECK(known(3) == R"(1{"甲": 2};7{};)");
}

TEST_CASE("a memo is bytes, and the last one put") {
    const StorePlace place(GENERATE(from_range(kinds_of_store())));
    auto store = place.open();
    REQUIRE(store->begin(Access::write).ok());
    CHECK(store->memo("m").value() == "");
    REQUIRE(store->put_memo("m", std::string_view("a\0\xff", 3)).ok());
    REQUIRE(store->put_memo("m", std::string_view("b\0\xfe", 3)).ok());
    CHECK(store->memo("m").value() == std::string_view("b\0\xfe", 3));
    std::int64_t answers = 0;
    REQUIRE(store->read_feedback([&](const Feedback&) { return ++answers, Status(); }).ok());
    CHECK(answers == 0);
}

TEST_CASE("a claim can ask for a few policies, those that supersede, and some firms' opt-outs") {
    const StorePlace place(GENERATE(from_range(kinds_of_store())));
    auto store = place.open();
    REQUIRE(store->begin(Access::write).ok());
    const std::vector<PolicyChange> changes{{1, 1, "A", 1, {}, R"({"id":"A"})"},
                                            {2, 2, "B", 1, {}, R"({"id":"B"})"},
                                            {3, 3, "C", 1, {}, R"({"supersedes":["B"]})"},
                                            {4, 4, "D", 1, {}, R"({"supersedes":["X"]})"},
                                            {5, 5, "E", 1, {}, R"({"supersedes":["B"]})"}};
    const std::vector<PolicyChange> later{{1, 6, "A", 7, {}, R"({"now":1})"},
                                          {4, 0, {}, 1, {}, {}}};
    REQUIRE(store->put_policies(changes).ok());
    REQUIRE(store->put_policies(later).ok());
    const std::vector<OptOut> opt_outs{{"F", ""}, {"G", "x"}, {"G", "y"}, {"H", "x"}};
    REQUIRE(store->add_opt_outs(opt_outs).ok());
    REQUIRE(store->commit().ok());
    REQUIRE(store->begin(Access::read).ok());
    std::string seen;
    const auto about = [&](std::vector<std::string_view> ids) {
        seen.clear();
        REQUIRE(store
                    ->read_policies_about(ids,
                                          [&](const StoredPolicy& policy) {
                                              seen += std::string(policy.id) + "/" +
                                                      std::to_string(policy.version) + "/" +
                                                      std::to_string(policy.edition) + " " +
                                                      std::string(policy.content) + ";";
                                              return Status();
                                          })
                    .ok());
        return seen;
    };
    CHECK(about({}) == R"(C/3/1 {"supersedes":["B"]};E/5/1 {"supersedes":["B"]};)");
    CHECK(about({"E", "nobody", "D", "A"}) ==
          R"(A/6/7 {"now":1};C/3/1 {"supersedes":["B"]};E/5/1 {"supersedes":["B"]};)");
    std::vector<OptOut> found;
    const std::vector<std::string_view> firms{"F", "G", "nobody"};
    REQUIRE(store
                ->read_opt_outs_of(firms,
                                   [&](const OptOut& opt_out) {
                                       found.push_back(opt_out);
                                       return Status();
                                   })
                .ok());
    std::sort(found.begin(), found.end());
    CHECK(found == std::vector<OptOut>{{"F", ""}, {"G", "x"}, {"G", "y"}});
}

TEST_CASE("the store of an older qice is brought up to date when it is opened") {
    const StorePlace place("sqlite");
    {
        Sqlite db;
        REQUIRE(db.open(place.file(), true).ok());
        REQUIRE(db.execute(kSqliteSteps[0]).ok());
        const std::string mark = "PRAGMA application_id = " + std::to_string(kSqliteApplication) +
                                 "; PRAGMA user_version = 1; INSERT INTO setting VALUES ('a', 'b')";
        REQUIRE(db.execute(mark.c_str()).ok());
    }
    {
        auto store = place.open(OpenMode::existing);
        REQUIRE(store->begin(Access::read).ok());
        CHECK(store->setting("a").value() == "b");
        CHECK(store->memo("m").value() == "");
    }
    Sqlite db;
    REQUIRE(db.open(place.file(), false).ok());
    CHECK(db.number("PRAGMA user_version").value() == kSqliteVersion);
}

TEST_CASE("a night reads while senders write, and writes after them") {
    const StorePlace place(GENERATE(from_range(kinds_of_store())));
    auto night = place.open(), sender = place.open(OpenMode::existing);
    REQUIRE(night->begin(Access::write_later).ok());
    CHECK(night->setting("a").value() == std::nullopt);
    if (place.is_file()) { // a sender writes beside it; imports and nights are kept out
        Sqlite db;
        REQUIRE(db.open(place.file(), false).ok());
        REQUIRE(db.execute("INSERT INTO setting VALUES ('a', 'b')").ok());
    }
    CHECK(sender->begin(Access::write).code() == StatusCode::storage);
    CHECK(night->setting("a").value() == std::nullopt); // one picture
    REQUIRE(night->start_writing().ok());
    REQUIRE(night->put_setting("c", "d").ok());
    REQUIRE(night->commit().ok());
    REQUIRE(sender->begin(Access::read).ok());
    CHECK(sender->setting("c").value() == "d");
    if (place.is_file()) CHECK(sender->setting("a").value() == "b");
}
