// What faces stand on (live/) = a matcher over the same policies and firms, at every moment: all
// firms, one firm, one policy; and it stays whole when it is cancelled, refused or changed.
#include "fixture.hpp"

#include "base/json.hpp"
#include "qice/live/firm_set.hpp"
#include "qice/live/one_firm.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <thread>

namespace qice::agree {
namespace {

/// The policies that a book should hold, in its order.
struct Held {
    std::vector<Policy> policies;

    auto find(std::string_view id) {
        return std::find_if(policies.begin(), policies.end(),
                            [&](const Policy& policy) { return policy.id == id; });
    }
    void put(const Policy& policy) {
        if (const auto at = find(policy.id); at != policies.end())
            *at = policy;
        else
            policies.push_back(policy);
    }
    bool remove(std::string_view id) {
        const auto at = find(id);
        if (at == policies.end()) return false;
        policies.erase(at);
        return true;
    }
};

FirmSetPtr firm_set(const Fixture& fixture, const std::vector<std::uint32_t>& firms) {
    return FirmSet::make({fixture.table(firms), {}, {}, 0});
}

/// As a line of JSON Lines; every value is a string.
std::string json_of(const WorldFirm& firm, const Schema& schema) {
    std::string json = "{";
    append_json_string(json, schema.id_column());
    json += ":";
    append_json_string(json, firm.id);
    for (const auto& [name, cell] : firm.cells) {
        json += ",";
        append_json_string(json, name);
        json += ":";
        append_json_string(json, cell);
    }
    return json + "}";
}

/// Everything that a moment answers must be what a matcher over `held` answers.
void check(const Fixture& fixture, const MomentPtr& moment, const FirmSetPtr& firms,
           const std::vector<Policy>& held, std::uint32_t top) {
    REQUIRE(moment->size() == held.size());
    const Matcher matcher(fixture.schema(), held, moment->options());
    const MatchOptions options{.top = top, .statuses = kAllStatuses};
    const MatchResult expected = matcher.match(firms->table(), options);
    const auto answer = match_firms(moment, firms, options);
    REQUIRE(answer.ok());
    Snapshot::Scratch scratch;
    OneFirm one(firms->table().schema_ptr());
    FirmRecord record(firms->table().schema_ptr());
    const auto same = [&](const Pushes& wanted, const auto& said, const auto& id_of) {
        bool equal = said.size() == wanted.size();
        for (std::size_t i = 0; equal && i < wanted.size(); ++i)
            equal = said[i].score == wanted[i].score && id_of(said[i]) == held[wanted[i].other].id;
        return equal;
    };
    for (std::uint32_t row = 0; row < firms->size(); ++row) {
        record.assign(firms->table()[row]);
        const SnapshotAnswer& asked = moment->one_firm().ask(record, {top, kAllStatuses}, scratch);
        for (std::size_t s = 0; s < kStatuses; ++s) {
            const auto status = static_cast<Verdict>(s);
            const Pushes wanted = expected.pushes(row, status);
            const bool whole = same(wanted, (*answer)->result().pushes(row, status),
                                    [&](const Push& push) { return (*moment)[push.other].id; }) &&
                               same(wanted, asked.policies(status),
                                    [](const RankedPolicy& ranked) { return ranked.policy->id; });
            if (!whole) FAIL(fixture.describe() << "\nfirm " << row << ", status " << s);
        }
    }
}

/// One policy of a moment, asked of firms that may be indexed for another moment.
void check_one_policy(const Fixture& fixture, const MomentPtr& moment, const FirmSetPtr& firms,
                      std::uint32_t policy) {
    MatchOptions options{.top = kNoLimit, .statuses = kAllStatuses, .by_policy = true};
    const Matcher matcher(fixture.schema(), moment->list(), moment->options());
    const MatchResult expected = matcher.match(firms->table(), options);
    PolicyQuery::Scratch scratch;
    PolicyFirms said;
    REQUIRE(find_firms(moment, *firms, policy, {kNoLimit, kAllStatuses}, scratch, said).ok());
    for (std::size_t s = 0; s < kStatuses; ++s) {
        const auto status = static_cast<Verdict>(s);
        const Pushes wanted = expected.pushes(policy, status);
        const auto pushes = said.answer.pushes(status);
        bool equal = wanted.size() == pushes.size();
        for (std::size_t i = 0; equal && i < wanted.size(); ++i)
            equal = wanted[i].other == pushes[i].other && wanted[i].score == pushes[i].score;
        if (!equal) FAIL(fixture.describe() << "\npolicy " << policy << ", status " << s);
    }
}

/// Some changes at once, made in the book and in what it should hold.
void change(const Fixture& fixture, Random& random, PolicyBook& book, Held& held) {
    const std::vector<Policy>& all = fixture.policies();
    if (random.chance(30) && !held.policies.empty()) {
        const std::string id =
            random.chance(90) ? held.policies[random.below(held.policies.size())].id : "no such id";
        CHECK(book.remove(id).value() == held.remove(id));
        return;
    }
    std::vector<Policy> changed;
    for (std::size_t i = random.below(4); i > 0; --i) {
        changed.push_back(all[random.below(all.size())]);
        if (random.chance(40)) changed.back().id = all[random.below(all.size())].id;
        changed.back().version = static_cast<std::int64_t>(random.below(1000));
        held.put(changed.back());
    }
    REQUIRE(book.put(std::move(changed)).ok());
}

} // namespace

TEST_CASE("a book of policies answers as a matcher over them, whatever is put and removed",
          "[threads]") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        const Fixture fixture(WorldMaker(seed, seed % 2 == 0 ? Shape::many : Shape::small).make());
        Random random(seed);
        std::vector<std::uint32_t> rows = fixture.all_firms();
        if (rows.size() > 12) rows.resize(12);
        const FirmSetPtr firms = firm_set(fixture, rows);
        Held held;
        for (const Policy& policy : fixture.policies())
            if (random.chance(60)) held.put(policy);
        auto book =
            PolicyBook::open(firms->table().schema_ptr(), held.policies, fixture.compile_options());
        REQUIRE(book.ok());
        const MomentPtr first = (*book)->now();
        const Held held_first = held;
        for (int step = 0; step < 20; ++step) {
            change(fixture, random, **book, held);
            const MomentPtr now = (*book)->now();
            if (now->size() > 0 && random.chance(50))
                check_one_policy(fixture, now, firms,
                                 static_cast<std::uint32_t>(random.below(now->size())));
            if (random.chance(30))
                check(fixture, now, firms, held.policies, random.chance(50) ? kNoLimit : 3);
        }
        check(fixture, first, firms, held_first.policies, kNoLimit);
        REQUIRE((*book)->replace_all(fixture.policies()).ok());
        check(fixture, (*book)->now(), firms, fixture.policies(), 3);
    }
}

TEST_CASE("a draft is asked of firms that are indexed without it") {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        const Fixture fixture(WorldMaker(seed, Shape::many).make());
        const FirmSetPtr firms = firm_set(fixture, fixture.all_firms());
        auto book = PolicyBook::open(firms->table().schema_ptr(), {}, fixture.compile_options());
        REQUIRE(book.ok());
        PolicyQuery::Scratch scratch;
        PolicyFirms said;
        for (std::uint32_t policy = 0; policy < fixture.policies().size(); ++policy) {
            if (!fixture.matched(policy)) continue;
            REQUIRE(find_firms((*book)->now(), *firms, fixture.policies()[policy],
                               {kNoLimit, kAllStatuses}, scratch, said)
                        .ok());
            for (std::size_t s = 0; s < kStatuses; ++s) {
                std::vector<Row> rows;
                for (const Push& push : said.answer.pushes(static_cast<Verdict>(s)))
                    rows.push_back({push.other, push.score});
                if (rows != fixture.firms_of(policy, s)) FAIL(fixture.describe());
            }
        }
    }
}

TEST_CASE("a firm taken value by value, and as a table of its own, is the firm of the table") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const Fixture fixture(WorldMaker(seed, Shape::many).make());
        std::vector<std::uint32_t> rows = fixture.all_firms();
        if (rows.size() > 40) rows.resize(40);
        const FirmTable table = fixture.table(rows);
        const CompileOptions compile_options = fixture.compile_options();
        const FirmQuery query(table.schema_ptr(), fixture.policies(), compile_options);
        FirmQuery::Scratch scratch(query);
        const auto said = [&](const FirmRecord& record) {
            std::vector<Row> all;
            const FirmAnswer& answer = query.ask(record, {kNoLimit, kAllStatuses}, scratch);
            for (std::size_t s = 0; s < kStatuses; ++s)
                for (const Push& push : answer.pushes(static_cast<Verdict>(s)))
                    all.push_back({push.other, push.score});
            return all;
        };
        OneFirm one(table.schema_ptr());
        FirmRecord record(table.schema_ptr());
        for (std::uint32_t row = 0; row < table.size(); ++row) {
            const WorldFirm& firm = fixture.world().firms[rows[row]];
            REQUIRE(one.assign_json(json_of(firm, *table.schema_ptr()),
                                    {.as_of = compile_options.as_of, .unknown_cell = {}})
                        .ok());
            record.assign(table[row]);
            const std::vector<Row> wanted = said(record);
            CHECK(one.id() == table.id(row));
            CHECK(said(one.record()) == wanted);
            const FirmTable alone = one.table(compile_options.as_of);
            record.assign(alone[0]);
            CHECK(said(record) == wanted);
            one.clear();
            for (const auto& [name, cell] : firm.cells)
                one.set_cell(*table.schema().find(name), cell);
            CHECK(said(one.record()) == wanted);
        }
    }
}

TEST_CASE("a match that is cancelled says so, and the next one is whole", "[threads]") {
    const Fixture fixture(WorldMaker(8, Shape::blocks).make());
    const FirmSetPtr firms = firm_set(fixture, fixture.all_firms());
    auto book = PolicyBook::open(firms->table().schema_ptr(), fixture.policies(),
                                 fixture.compile_options());
    REQUIRE(book.ok());
    MatchControl control;
    control.cancel = true;
    const auto none = match_firms((*book)->now(), firms, {}, &control);
    CHECK(none.status().code() == StatusCode::cancelled);
    MatchControl watched;
    REQUIRE(match_firms((*book)->now(), firms, {.threads = 2}, &watched).ok());
    CHECK(watched.total == (firms->size() + kBlockFirms - 1) / kBlockFirms);
    CHECK(watched.done == watched.total);
    const std::atomic<bool> stop{true};
    const Matcher matcher(fixture.schema(), fixture.policies(), fixture.compile_options());
    CHECK(!matcher.match(firms->table(), {.cancel = &stop}).complete());
    check(fixture, (*book)->now(), firms, fixture.policies(), 3);
}

TEST_CASE("firms of another day or schema are refused with a sentence") {
    const Fixture fixture(WorldMaker(2, Shape::many).make());
    const FirmSetPtr firms = firm_set(fixture, fixture.all_firms());
    CompileOptions options = fixture.compile_options();
    auto book = PolicyBook::open(firms->table().schema_ptr(), fixture.policies(), options);
    REQUIRE(book.ok());
    options.as_of.days += 1;
    REQUIRE((*book)->set_day(options.as_of).ok());
    const auto answer = match_firms((*book)->now(), firms, {});
    CHECK(answer.status().code() == StatusCode::usage);
    CHECK(answer.status().message().find(options.as_of.to_string()) != std::string::npos);
    const Fixture other(WorldMaker(3, Shape::many).make());
    CHECK(!match_firms((*book)->now(), firm_set(other, {}), {}).ok());
}

TEST_CASE("a book refuses what an engine refuses, and is as it was") {
    const Fixture fixture(WorldMaker(2, Shape::many).make());
    const SchemaPtr schema = fixture.table({}).schema_ptr();
    const Policy& policy = fixture.policies()[0];
    CHECK(!PolicyBook::open(schema, {policy, policy}, fixture.compile_options()).ok());
    auto book = PolicyBook::open(schema, {policy}, fixture.compile_options());
    REQUIRE(book.ok());
    CHECK(!(*book)->replace_all({policy, policy}).ok());
    CHECK((*book)->now()->size() == 1);
    CHECK((*book)->put({policy, policy}).ok());
    CHECK((*book)->now()->size() == 1);
    CHECK(!(*book)->remove("no such id").value());
    const auto missing = (*book)->now()->require(policy.id + "x");
    CHECK(missing.status().message().find(policy.id) != std::string::npos);
}

} // namespace qice::agree
