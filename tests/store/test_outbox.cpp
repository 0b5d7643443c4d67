// What every outbox and every archive must do, and each of them does.
#include "store/ledger.hpp"

#include "store/audit.hpp"

#include <catch2/catch.hpp>

#include <thread>

using namespace qice;
using namespace qice::tests;

namespace {

/// A store with the small ledger, and its outbox.
struct Sender {
    StorePlace place;
    std::unique_ptr<Store> store;
    std::unique_ptr<Outbox> outbox;

    explicit Sender(const std::string& kind) : place(kind), store(place.open()) {
        put_small_ledger(*store);
        outbox = open_outbox(place.address()).value();
    }

    std::vector<std::int64_t> claim(const std::string& token, std::int64_t now, std::int64_t until,
                                    std::size_t most = 100) {
        std::vector<Offer> offers;
        REQUIRE(outbox->claim({token, now, until, most}, offers).ok());
        std::vector<std::int64_t> numbers;
        for (const Offer& offer : offers)
            numbers.push_back(offer.push);
        return numbers;
    }

    std::vector<Moved> move(const std::vector<Move>& moves) {
        std::vector<Outcome> outcomes;
        REQUIRE(outbox->move(moves, 77, outcomes).ok());
        std::vector<Moved> out;
        for (const Outcome& outcome : outcomes)
            out.push_back(outcome.moved);
        return out;
    }

    std::string pushed() {
        REQUIRE(store->begin(Access::read).ok());
        std::string out = what_was_pushed(*store);
        store->rollback();
        return out;
    }
};

using Numbers = std::vector<std::int64_t>;

} // namespace

TEST_CASE("pushes are claimed by number, by one sender, and until the claim ends") {
    Sender sender(GENERATE(from_range(kinds_of_store())));
    CHECK(sender.claim("a", 1000, 1600, 2) == Numbers{1, 2});
    CHECK(sender.claim("b", 1001, 1700, 1) == Numbers{3});
    CHECK(sender.claim("c", 1002, 1650) == Numbers{4});
    CHECK(sender.claim("d", 1600, 2000).empty()); // at its last second it is still held
    CHECK(sender.claim("d", 1601, 2000, 1) == Numbers{1});
    CHECK(sender.claim("e", 1651, 2000) == Numbers{2, 4});
    CHECK(sender.move(
              {{2, Delivery::sent, "a"}, {2, Delivery::sent, "e"}, {3, Delivery::sent, ""}}) ==
          std::vector{Moved::not_yours, Moved::done, Moved::done});
    CHECK(sender.claim("f", 9999, 9999) == Numbers{1, 4}); // what was sent never comes back
}

TEST_CASE("an offer says what was pushed, and whether it is as it was") {
    Sender sender(GENERATE(from_range(kinds_of_store())));
    REQUIRE(sender.store->begin(Access::write).ok());
    const std::vector<FirmChange> firms{{1, 3, "A", {}, 1, "9"}, {2, 0, {}, {}, 0, {}}};
    const std::vector<PolicyChange> policies{{1, 3, "P", 2, {}, "{}"}, {2, 0, {}, 1, {}, {}}};
    REQUIRE(sender.store->put_firms(firms).ok());
    REQUIRE(sender.store->put_policies(policies).ok());
    REQUIRE(sender.store->commit().ok());
    std::vector<Offer> offers;
    REQUIRE(sender.outbox->claim({"a", 1, 2, 10}, offers).ok());
    REQUIRE(offers.size() == 4);
    const Offer& first = offers[0];
    CHECK(first.run == 1);
    CHECK(first.as_of == Date{20'001});
    CHECK((first.firm == 1 && first.firm_version == 1 && first.firm_version_now == 3));
    CHECK((first.policy_version == 1 && first.policy_version_now == 3 && first.edition == 1));
    CHECK((first.firm_id == "A" && first.policy_id == "P" && first.reason == "because"));
    CHECK((first.status == Verdict::eligible && first.rank == 1 && first.score == 500'000));
    CHECK(first.benefit == 100);
    const Offer& last = offers[3];
    CHECK((last.run == 3 && last.firm_version_now == 0 && last.policy_version_now == 0));
    CHECK((last.edition == 3 && last.status == Verdict::near && last.score == 7));
    CHECK_FALSE(last.benefit.has_value());
}

TEST_CASE("each move has its outcome, in order, and none keeps another from it") {
    Sender sender(GENERATE(from_range(kinds_of_store())));
    CHECK(sender.move({{4, Delivery::sent, ""},
                       {99, Delivery::sent, ""},
                       {0, Delivery::sent, ""},
                       {1, Delivery::opened, ""},
                       {4, Delivery::sent, ""},
                       {4, Delivery::applied, ""},
                       {1, Delivery::sent, ""}}) ==
          std::vector{Moved::done, Moved::unknown, Moved::unknown, Moved::refused, Moved::already,
                      Moved::done, Moved::done});
    CHECK(sender.outbox->counts().value() ==
          std::array<std::int64_t, kDeliveryStates>{2, 1, 0, 0, 1, 0, 0, 0});
    CHECK(sender.move({}).empty());
    const auto archive = open_archive(sender.place.address()).value();
    REQUIRE(archive->begin().ok());
    CHECK(archive->find_push(4)->value().state == Delivery::applied);
}

TEST_CASE("what is withdrawn counts as never pushed, for readers and for the nights to come") {
    Sender sender(GENERATE(from_range(kinds_of_store())));
    CHECK(sender.pushed() ==
          "1: 1@20001/eligible 2@20001/review;2: 1@20001/eligible 2@20003/near;");
    CHECK(sender.move({{3, Delivery::withdrawn, ""},
                       {1, Delivery::withdrawn, ""},
                       {1, Delivery::sent, ""}}) ==
          std::vector{Moved::done, Moved::done, Moved::refused});
    CHECK(sender.pushed() == "1: 2@20001/review;2: 2@20003/near;");
    CHECK(sender.move({{4, Delivery::withdrawn, ""}}) == std::vector{Moved::done});
    CHECK(sender.pushed() == "1: 2@20001/review;");
    REQUIRE(sender.store->begin(Access::write).ok());
    REQUIRE(sender.store->add_run(small_run(4, 5, 1)).ok());
    const std::vector<StoredPush> again{{5, 2, 2, 1, Verdict::eligible, 1, 0, {}, 1}};
    REQUIRE(sender.store->add_pushes(small_run(4, 5, 1), again).ok());
    CHECK(what_was_pushed(*sender.store) == "1: 2@20001/review;2: 1@20004/eligible;");
    REQUIRE(sender.store->commit().ok());
    CHECK(sender.pushed() == "1: 2@20001/review;2: 1@20004/eligible;");
    CHECK(sender.claim("a", 1, 2) == Numbers{2, 5});
}

TEST_CASE("a forgotten firm is known by a pseudonym, and its pending pushes are withdrawn") {
    Sender sender(GENERATE(from_range(kinds_of_store())));
    CHECK(sender.move({{1, Delivery::sent, ""}, {2, Delivery::withdrawn, ""}}) ==
          std::vector{Moved::done, Moved::done});
    REQUIRE(sender.store->begin(Access::write).ok());
    const std::vector<OptOut> opt_outs{{"A", "x"}, {"B", ""}};
    REQUIRE(sender.store->add_opt_outs(opt_outs).ok());
    const std::vector<Learned> learnt{{1, R"({"x": 2})"}, {2, R"({"x": -1})"}};
    REQUIRE(sender.store->put_learned(3, learnt).ok());
    StoredFirm firm;
    firm.firm = 2;
    firm.id = "B";
    REQUIRE(sender.store->forget_firm(firm, "forgotten-b").ok());
    firm.firm = 1;
    firm.id = "A";
    REQUIRE(sender.store->forget_firm(firm, "forgotten-a").ok());
    REQUIRE(sender.store->commit().ok());
    CHECK(sender.pushed() == "");
    CHECK(sender.outbox->counts().value() ==
          std::array<std::int64_t, kDeliveryStates>{0, 1, 0, 0, 0, 0, 0, 3});
    REQUIRE(sender.store->begin(Access::read).ok());
    std::string seen;
    REQUIRE(sender.store
                ->read_firms([&](const StoredFirm& known) {
                    seen += std::string(known.id) + "/" + std::to_string(known.version) + ";";
                    return Status();
                })
                .ok());
    CHECK(seen == "forgotten-a/0;forgotten-b/0;");
    const std::vector<std::int64_t> versions{1, 2};
    REQUIRE(sender.store
                ->read_records(versions,
                               [&](const StoredRecord& record) {
                                   CHECK(record.record.empty());
                                   return Status();
                               })
                .ok());
    const auto none = [](const auto&) { return Status(StatusCode::limit, "one"); };
    REQUIRE(sender.store->read_opt_outs(none).ok());
    REQUIRE(sender.store->read_learned(INT64_MAX, none).ok());
}

TEST_CASE("feedback is what firms answered, by firm, contents and state, of all nights") {
    Sender sender(GENERATE(from_range(kinds_of_store())));
    const auto feedback = [&] {
        std::string out;
        REQUIRE(sender.store->begin(Access::read).ok());
        REQUIRE(sender.store
                    ->read_feedback([&](const Feedback& of) {
                        out += std::to_string(of.firm) + "/" + std::to_string(of.policy_version) +
                               " " + std::string(name_of(static_cast<Delivery>(of.state))) + " " +
                               std::to_string(of.pushes) + ";";
                        return Status();
                    })
                    .ok());
        sender.store->rollback();
        return out;
    };
    CHECK(feedback() == "");
    CHECK(sender.move({{1, Delivery::sent, ""}, {2, Delivery::withdrawn, ""}}).size() == 2);
    CHECK(feedback() == ""); // neither is an answer
    CHECK(sender.move({{1, Delivery::opened, ""},
                       {3, Delivery::sent, ""},
                       {3, Delivery::dismissed, ""},
                       {4, Delivery::sent, ""},
                       {4, Delivery::applied, ""}}) == std::vector(5, Moved::done));
    CHECK(feedback() == "1/1 opened 1;2/1 dismissed 1;2/2 applied 1;");
    // The same firm is told of the same contents again, and answers alike.
    REQUIRE(sender.store->begin(Access::write).ok());
    const std::vector<StoredPush> again{{5, 2, 2, 2, Verdict::review, 1, 0, {}, 1}};
    REQUIRE(sender.store->add_run(small_run(4, 5, 1)).ok());
    REQUIRE(sender.store->add_pushes(small_run(4, 5, 1), again).ok());
    REQUIRE(sender.store->commit().ok());
    CHECK(sender.move({{5, Delivery::sent, ""}, {5, Delivery::applied, ""}}) ==
          std::vector(2, Moved::done));
    CHECK(feedback() == "1/1 opened 1;2/1 dismissed 1;2/2 applied 2;");
    CHECK(sender.move({{5, Delivery::returned, ""}}) == std::vector{Moved::done});
    CHECK(feedback() == "1/1 opened 1;2/1 dismissed 1;2/2 applied 1;2/2 returned 1;");
}

TEST_CASE("a claim that a wrong clock made ends when the clock is right again") {
    Sender sender(GENERATE(from_range(kinds_of_store())));
    constexpr std::int64_t kFuture = 4'000'000'000;
    CHECK(sender.claim("a", kFuture, kFuture + 600, 2) == Numbers{1, 2});
    CHECK(sender.claim("b", 1000, 1600, 1) == Numbers{3});
    CHECK(sender.claim("c", 1000, 1000 + kMostLease) == Numbers{1, 2, 4});
    CHECK(sender.claim("d", 1000, 1600).empty()); // the longest lease holds
    CHECK(sender.move({{1, Delivery::sent, "a"}, {1, Delivery::sent, "c"}}) ==
          std::vector{Moved::not_yours, Moved::done});
}

TEST_CASE("four senders at once get every push once") {
    const StorePlace place(GENERATE(from_range(kinds_of_store())));
    constexpr std::int64_t kPushes = 4'000;
    {
        auto store = place.open();
        REQUIRE(store->begin(Access::write).ok());
        put_firms_and_policies(*store);
        std::vector<StoredPush> pushes;
        for (std::int64_t push = 1; push <= kPushes; ++push)
            pushes.push_back({push, 1, 1, 1, Verdict::eligible, 1, 0, {}, 1});
        REQUIRE(store->add_run(small_run(1, 1, kPushes)).ok());
        REQUIRE(store->add_pushes(small_run(1, 1, kPushes), pushes).ok());
        REQUIRE(store->commit().ok());
    }
    std::array<Numbers, 4> sent;
    std::array<Status, 4> ends;
    std::vector<std::thread> senders;
    for (std::size_t i = 0; i < sent.size(); ++i) {
        senders.emplace_back([&, i] {
            const auto outbox = open_outbox(place.address()).value();
            std::vector<Offer> offers;
            std::vector<Outcome> outcomes;
            do {
                offers.clear();
                ends[i] = outbox->claim({"s" + std::to_string(i), 1, 1000, 150}, offers);
                std::vector<Move> moves;
                for (const Offer& offer : offers) {
                    sent[i].push_back(offer.push);
                    moves.push_back({offer.push, Delivery::sent, "s" + std::to_string(i)});
                }
                if (ends[i].ok()) ends[i] = outbox->move(moves, 2, outcomes);
                for (const Outcome& outcome : outcomes)
                    if (outcome.moved != Moved::done) ends[i] = {StatusCode::storage, "not done"};
            } while (ends[i].ok() && !offers.empty());
        });
    }
    Numbers all;
    for (std::size_t i = 0; i < sent.size(); ++i) {
        senders[i].join();
        CHECK(ends[i].to_string() == Status().to_string());
        all.insert(all.end(), sent[i].begin(), sent[i].end());
    }
    std::sort(all.begin(), all.end());
    CHECK(all.size() == static_cast<std::size_t>(kPushes));
    CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
    CHECK(open_outbox(place.address()).value()->counts().value()[1] == kPushes);
}

TEST_CASE("an archive shows the picture of its beginning, and what was pushed is part of it") {
    Sender sender(GENERATE(from_range(kinds_of_store())));
    const auto archive = open_archive(sender.place.address()).value();
    const auto pushed = [&] {
        std::string out;
        REQUIRE(archive
                    ->read_pushed([&](std::int64_t firm, std::span<const Pushed> pairs) {
                        out += std::to_string(firm) + ":" + std::to_string(pairs.size()) + ";";
                        return Status();
                    })
                    .ok());
        return out + std::string(name_of(archive->find_push(3)->value().state));
    };
    REQUIRE(archive->begin().ok());
    CHECK(sender.move({{3, Delivery::withdrawn, ""}, {4, Delivery::withdrawn, ""}}) ==
          std::vector{Moved::done, Moved::done});
    CHECK(pushed() == "1:2;2:2;pending");
    archive->end();
    REQUIRE(archive->begin().ok());
    CHECK(pushed() == "1:2;withdrawn");
}

TEST_CASE("the archive has runs, their schemas and pushes, and the audit log") {
    Sender sender(GENERATE(from_range(kinds_of_store())));
    const auto archive = open_archive(sender.place.address()).value();
    REQUIRE(archive->begin().ok());
    std::string runs, pushes;
    std::vector<StoredRun> kept;
    REQUIRE(archive
                ->read_runs([&](const StoredRun& run) {
                    runs += std::to_string(run.run) + "@" + run.as_of.to_string() + "+" +
                            std::to_string(run.total()) + " " + run.recorded + ";";
                    kept.push_back(run);
                    return Status();
                })
                .ok());
    CHECK(runs == "1@2024-10-05+3 2026-11-25T19:04:05Z;2@2024-10-06+0 2026-11-25T19:04:05Z;"
                  "3@2024-10-07+1 2026-11-25T19:04:05Z;");
    for (const StoredRun& run : kept)
        REQUIRE(archive
                    ->read_pushes(run,
                                  [&](const RecordedPush& push) {
                                      pushes += std::to_string(push.push.push) + " of " +
                                                std::to_string(push.run) + ";";
                                      return Status();
                                  })
                    .ok());
    CHECK(pushes == "1 of 1;2 of 1;3 of 1;4 of 3;");
    const RecordedPush found = archive->find_push(2)->value();
    CHECK((found.run == 1 && found.push.firm == 1 && found.push.firm_version == 1));
    CHECK((found.push.policy_version == 2 && found.push.status == Verdict::review));
    CHECK((found.push.score == -1 && found.push.rank == 1 && found.push.reason == 1));
    CHECK_FALSE(found.push.benefit.has_value());
    CHECK(archive->find_push(1)->value().push.benefit == 100);
    CHECK_FALSE(archive->find_push(5)->has_value());

    const StoredSchema first = archive->schema_of(2).value();
    CHECK((first.file == "one.json" && first.json == "{1}" && first.code_lists.size() == 2));
    CHECK((first.code_lists[0].name == "a.csv" && first.code_lists[1].content == "B"));
    const StoredSchema second = archive->schema_of(3).value();
    CHECK((second.file == "two.json" && second.code_lists.empty()));
    REQUIRE(sender.store->begin(Access::read).ok());
    CHECK(sender.store->schema()->value().json == "{2}");

    std::string log;
    Digest previous{};
    REQUIRE(archive
                ->read_audit([&](const StoredAudit& entry) {
                    previous = audit_digest(previous,
                                            {entry.entry, entry.recorded, entry.kind, entry.body});
                    CHECK(previous == entry.digest);
                    log += std::to_string(entry.entry) + std::string(entry.kind) +
                           std::string(entry.body) + ";";
                    return Status();
                })
                .ok());
    CHECK(log == "1night{};2night{2};");
    archive->end();
}
