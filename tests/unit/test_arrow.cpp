// Firms from Arrow and answers to Arrow, one thing at a time.
#include "qice/io/arrow.hpp"

#include "arrow/producer.hpp"
#include "unit/world.hpp"

#include <cerrno>
#include <cmath>
#include <limits>

using namespace qice;
using producer::Books;
using producer::Cells;
using producer::Made;
using producer::Random;
using world::day;

namespace {

const auto kNone = std::nullopt;

ReadOptions options(unsigned threads = 1) {
    ReadOptions made;
    made.as_of = day("2026-11-23");
    made.threads = threads;
    return made;
}

Made named(const char* name, Made made) {
    made.name = name;
    return made;
}

/// A batch of columns of equal length.
Made batch(std::vector<Made> columns) {
    Made made;
    made.format = "+s";
    made.length = columns[0].length;
    made.null_count = 0;
    made.buffers.push_back(kNone);
    made.children = std::move(columns);
    return made;
}

Made ids(std::size_t count, Random& random, std::size_t first = 0) {
    Cells<std::string> cells;
    for (std::size_t i = 0; i < count; ++i)
        cells.push_back("f" + std::to_string(first + i));
    return named("id", producer::texts("u", cells, random));
}

/// Reads the batches, all of which must come back.
Result<FirmsRead> read(std::vector<Made> batches, const ReadOptions& with = options()) {
    Books books;
    Made type = batches[0];
    ArrowArrayStream stream = producer::stream(books, std::move(type), std::move(batches));
    Result<FirmsRead> result = read_firms_arrow(&stream, world::schema(), with);
    CHECK(stream.release == nullptr);
    CHECK(books.all_released());
    return result;
}

std::string number(const FirmsRead& read, std::size_t row, const char* field) {
    const auto value = read.firms[row].scalar(read.firms.schema().find(field).value());
    return value ? std::to_string(*value) : "?";
}

/// `row|firm|field|value|reason` a line.
std::string quarantine(const FirmsRead& read) {
    std::string text;
    for (const Quarantined& entry : read.quarantine)
        text += std::to_string(entry.line) + "|" + entry.firm_id + "|" + entry.field + "|" +
                entry.value + "|" + entry.reason + "\n";
    return text;
}

} // namespace

TEST_CASE("firms are read from batches of typed columns") {
    Random random(1);
    const auto revenue = [&](Cells<std::int64_t> cells) {
        return named("revenue", producer::numbers<std::int64_t>("l", cells, random));
    };
    const FirmsRead firms = read({batch({ids(2, random), revenue({12, kNone})}),
                                  batch({ids(1, random, 2), revenue({-7})})})
                                .value();
    REQUIRE(firms.firms.size() == 3);
    CHECK(firms.firms.id(2) == "f2");
    CHECK(firms.firms.line(2) == 3);
    CHECK(number(firms, 0, "revenue") == "1200");
    CHECK(number(firms, 1, "revenue") == "?");
    CHECK(number(firms, 2, "revenue") == "-700");
    CHECK(firms.quarantine.empty());
}

TEST_CASE("a float is the number that its shortest text says") {
    Random random(2);
    const double inf = std::numeric_limits<double>::infinity(), nan = std::nan("");
    const FirmsRead firms =
        read({batch({ids(9, random),
                     named("revenue", producer::numbers<double>("g",
                                                                {0.1 + 0.2, 0.29, 1e15, nan, inf,
                                                                 1.005, -0.0, 1e300, 12345678.9},
                                                                random))})})
            .value();
    CHECK(number(firms, 0, "revenue") == "?");
    CHECK(number(firms, 1, "revenue") == "29");
    CHECK(number(firms, 2, "revenue") == "100000000000000000");
    CHECK(number(firms, 3, "revenue") == "?");
    CHECK(number(firms, 6, "revenue") == "0");
    CHECK(number(firms, 8, "revenue") == "1234567890");
    CHECK(quarantine(firms) == "1|f0|revenue|0.30000000000000004|has more decimals than the field\n"
                               "5|f4|revenue|inf|is not a number\n"
                               "6|f5|revenue|1.005|has more decimals than the field\n"
                               "8|f7|revenue|1e+300|is too large\n");
}

TEST_CASE("whole numbers and decimals are exact or refused") {
    Random random(3);
    const std::int64_t most = std::numeric_limits<std::int64_t>::max();
    const FirmsRead firms =
        read(
            {batch({ids(4, random),
                    named("revenue",
                          producer::numbers<std::int64_t>(
                              "l", {most / 100, most / 100 + 1, -(most / 100), -most - 1}, random)),
                    named("patents",
                          producer::numbers<__int128>(
                              "d:38,3", {5000, 5001, __int128{most} * 1000, __int128{most} * 1001},
                              random))})})
            .value();
    CHECK(number(firms, 0, "revenue") == "9223372036854775800");
    CHECK(number(firms, 2, "revenue") == "-9223372036854775800");
    CHECK(number(firms, 0, "patents") == "5");
    CHECK(number(firms, 2, "patents") == "9223372036854775807");
    CHECK(quarantine(firms) ==
          "2|f1|revenue|92233720368547759|is too large\n"
          "2|f1|patents|5.001|has more decimals than the field\n"
          "4|f3|revenue|-9223372036854775808|is too large\n"
          "4|f3|patents|9232595408891630582.807|has more decimals than the field\n");
}

TEST_CASE("a stream is read once, and not at all if there is none") {
    CHECK(read_firms_arrow(nullptr, world::schema(), options()).status().code() ==
          StatusCode::usage);
    ArrowArrayStream stream{};
    const Status again = read_firms_arrow(&stream, world::schema(), options()).status();
    CHECK(again.code() == StatusCode::usage);
    CHECK(again.message() == "this Arrow stream was released; a stream is read once");
}

TEST_CASE("answers go out in batches and outlive what they were made from") {
    const SchemaPtr schema = world::schema();
    struct All {
        FirmTable firms;
        std::vector<Policy> policies;
        std::vector<LifeCycle> states;
        std::unique_ptr<Matcher> matcher;
        MatchResult result;
    };
    const Date today = day("2026-11-23");
    auto all = std::make_shared<All>(
        All{world::firms(schema, today, {{{"patents", "3"}}, {{"patents", "7"}}, {}}),
            world::policies(
                schema, R"([{"id": "一", "rule": {"field": "patents", "ge": 5}, "priority": 0.6},
                                    {"id": "two", "rule": {"all": []}, "priority": -1.000001}])"),
            {},
            nullptr,
            {}});
    all->states = life_cycles(all->policies, today);
    all->matcher =
        std::make_unique<Matcher>(*schema, all->policies, CompileOptions{today, false, {}});
    all->result = all->matcher->match(all->firms, {});
    ArrowArrayStream stream;
    export_pushes({.result = &all->result,
                   .firms = &all->firms,
                   .policies = all->policies,
                   .states = all->states,
                   .life_cycle = true,
                   .keep = all,
                   .batch_rows = 2},
                  &stream);
    const std::weak_ptr<All> kept = all;
    all.reset();
    ArrowSchema type;
    REQUIRE(stream.get_schema(&stream, &type) == 0);
    std::string formats;
    for (std::int64_t i = 0; i < type.n_children; ++i)
        formats += std::string(type.children[i]->name) + " " + type.children[i]->format + ", ";
    CHECK(formats == "firm_id u, status c, rank i, policy_id i, score d:19,6, life_cycle c, ");
    type.release(&type);
    CHECK(type.release == nullptr);

    std::vector<ArrowArray> batches;
    for (;;) {
        ArrowArray batch;
        REQUIRE(stream.get_next(&stream, &batch) == 0);
        if (batch.release == nullptr) break;
        batches.push_back(batch);
    }
    CHECK_FALSE(kept.expired());
    stream.release(&stream);
    CHECK(kept.expired());
    std::string rows;
    for (ArrowArray& batch : batches) {
        const auto buffer = [&](int column, int place) {
            return batch.children[column]->buffers[place];
        };
        const auto* const ends = static_cast<const std::int32_t*>(buffer(0, 1));
        const ArrowArray& names = *batch.children[3]->dictionary;
        const auto* const name_ends = static_cast<const std::int32_t*>(names.buffers[1]);
        for (std::int64_t i = 0; i < batch.length; ++i) {
            const auto policy = static_cast<const std::int32_t*>(buffer(3, 1))[i];
            rows += std::string(static_cast<const char*>(buffer(0, 2)) + ends[i],
                                ends[i + 1] - ends[i]);
            rows += " " + std::to_string(static_cast<const std::int8_t*>(buffer(1, 1))[i]);
            rows += " " + std::to_string(static_cast<const std::int32_t*>(buffer(2, 1))[i]);
            rows +=
                " " + std::string(static_cast<const char*>(names.buffers[2]) + name_ends[policy],
                                  name_ends[policy + 1] - name_ends[policy]);
            std::int64_t halves[2];
            std::memcpy(halves, static_cast<const char*>(buffer(4, 1)) + 16 * i, 16);
            CHECK(halves[1] == (halves[0] < 0 ? -1 : 0));
            rows += " " + std::to_string(halves[0]) + "\n";
        }
        // A child that moved away stays when its parent goes.
        ArrowArray moved = *batch.children[0];
        batch.children[0]->release = nullptr;
        batch.release(&batch);
        CHECK(batch.release == nullptr);
        CHECK(static_cast<const char*>(moved.buffers[2])[0] == 'f');
        moved.release(&moved);
    }
    CHECK(batches.size() == 2);
    CHECK(rows ==
          "f0 0 1 two -1000001\nf1 0 1 一 600000\nf1 0 2 two -1000001\nf2 0 1 two -1000001\n");
}

TEST_CASE("the quarantine goes out, and its texts come back") {
    const std::vector<Quarantined> entries{{3, "A", "revenue", "x", "is not a number"},
                                           {4, "", "", "", "the row has no id"}};
    ArrowArrayStream stream;
    export_quarantine(entries, &stream);
    const SchemaPtr schema = world::schema(R"({"id": "reason", "fields": [
        {"name": "line", "kind": "number"}, {"name": "firm_id", "kind": "text"},
        {"name": "field", "kind": "text"}, {"name": "value", "kind": "text"}]})");
    const FirmsRead back = read_firms_arrow(&stream, schema, options()).value();
    REQUIRE(back.firms.size() == 2);
    CHECK(back.firms.id(1) == "the row has no id");
    CHECK(number(back, 1, "line") == "4");
    CHECK(back.firms.column(2).texts[0] == "revenue");
    CHECK_FALSE(back.firms[1].known(2));
}

TEST_CASE("reading ends when it is cancelled, whatever the format and the threads") {
    std::atomic<bool> cancel{true};
    for (const unsigned threads : {1u, 3u}) {
        ReadOptions cancelled = options(threads);
        cancelled.cancel = &cancel;
        Random random(1);
        const std::vector<Made> batches(3, batch({ids(100, random)}));
        CHECK(read(batches, cancelled).status().code() == StatusCode::cancelled);
        for (const auto reader : {read_firms_csv, read_firms_jsonl})
            CHECK(reader("id\na\n", "firms", world::schema(), cancelled).status().code() ==
                  StatusCode::cancelled);
    }
}

TEST_CASE("counts go out, a row a policy, and come back") {
    const auto policies = world::policies(world::schema(), R"([{"id": "一", "rule": {"all": []}},
                                                               {"id": "two", "rule": {"all": []}}])");
    const std::vector<PolicyCounts> counts{{{1, 0, 3, 1'000'000'000'000}}, {{5, 6, 7, 8}}};
    const SchemaPtr schema = world::schema(R"({"id": "policy_id", "fields": [
        {"name": "near", "kind": "number"}, {"name": "eligible", "kind": "number"},
        {"name": "review", "kind": "number"}, {"name": "needs_data", "kind": "number"}]})");
    for (const std::size_t rows : {std::size_t{2}, std::size_t{0}}) {
        ArrowArrayStream stream;
        export_counts(std::span(counts).first(rows), std::span(policies).first(rows), &stream);
        const FirmsRead back = read_firms_arrow(&stream, schema, options()).value();
        CHECK(stream.release == nullptr);
        REQUIRE(back.firms.size() == rows);
        if (rows == 0) continue;
        CHECK(back.firms.id(0) == "一");
        CHECK(number(back, 0, "eligible") == "1");
        CHECK(number(back, 0, "review") == "0");
        CHECK(number(back, 0, "near") == "1000000000000");
        CHECK(number(back, 1, "needs_data") == "7");
    }
}
