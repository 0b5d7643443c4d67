// Structures that lie: each is refused with a sentence that says where, everything is released
// once, and no byte beside a buffer is read (each is an allocation of its own size).
#include "qice/io/arrow.hpp"

#include "arrow/producer.hpp"
#include "unit/world.hpp"

#include <cerrno>
#include <functional>

using namespace qice;
using producer::below;
using producer::Books;
using producer::Cells;
using producer::Made;
using producer::Random;

namespace {

ReadOptions options() {
    ReadOptions made;
    made.as_of = world::day("2026-11-23");
    made.threads = 2;
    return made;
}

Made named(const char* name, Made made) {
    made.name = name;
    return made;
}

/// Three firms with a column of each shape, laid out plainly.
Made table() {
    Random random(7);
    Cells<std::string> ids{"a", "b", "c"},
        names{"甲公司", std::nullopt, "a name longer than twelve bytes"};
    Cells<std::vector<std::string>> titles{{{"x", "y"}}, std::nullopt, {{"z"}}};
    Made made;
    made.format = "+s";
    made.length = 3;
    made.null_count = 0;
    made.buffers.push_back(std::nullopt);
    const auto plain = [](const char* name, Made column) { // without random slices
        column.name = name;
        return column;
    };
    made.children.push_back(plain("id", producer::texts("u", ids, random)));
    made.children.push_back(
        plain("revenue", producer::numbers<std::int64_t>("l", {1, std::nullopt, 3}, random)));
    made.children.push_back(
        plain("scale", producer::dictionary("c", {"small", std::nullopt, "large"}, random)));
    made.children.push_back(plain(
        "titles", producer::list("+l", titles, random, [&](const std::vector<std::string>& items) {
            return producer::texts("u", Cells<std::string>(items.begin(), items.end()), random);
        })));
    made.children.push_back(plain("name", producer::texts("vu", names, random)));
    made.children.push_back(
        plain("dishonest", producer::flags({true, false, std::nullopt}, random)));
    return made;
}

Made& column(Made& table, std::string_view name) {
    for (Made& child : table.children)
        if (child.name == name) return child;
    throw std::logic_error("no such column");
}

Status read(Made type, std::vector<Made> batches) {
    Books books;
    ArrowArrayStream stream = producer::stream(books, std::move(type), std::move(batches));
    const Status status = read_firms_arrow(&stream, world::schema(), options()).status();
    CHECK(stream.release == nullptr);
    CHECK(books.all_released());
    return status;
}

/// What is said of a second batch after `spoil`.
std::string fault(const std::function<void(Made&)>& spoil) {
    Made second = table();
    second.children[0] = named("id", [] {
        Random random(3);
        return producer::texts("u", {"d", "e", "f"}, random);
    }());
    spoil(second);
    const Status status = read(table(), {table(), second});
    CHECK((status.ok() || status.code() == StatusCode::invalid_input));
    return status.ok() ? "none" : status.to_string();
}

std::string type_fault(const std::function<void(Made&)>& spoil) {
    Made type = table();
    spoil(type);
    return read(type, {}).to_string();
}

void set(std::optional<std::string>& buffer, std::size_t place, std::int32_t value) {
    std::memcpy(buffer->data() + 4 * place, &value, 4);
}

} // namespace

using Catch::Matchers::Contains;

TEST_CASE("a table that is whole is read") {
    CHECK(fault([](Made&) {}) == "none");
}

TEST_CASE("a batch that does not fit the type is refused") {
    CHECK(fault([](Made& made) { made.children.pop_back(); }) ==
          "Arrow stream: batch 2: the struct<id: utf8, revenue: int64, scale: dictionary<int8, "
          "utf8>, titles: "
          "list<utf8>> array has 5 children, not 6");
    CHECK(fault([](Made& made) { column(made, "revenue").buffers.pop_back(); }) ==
          "Arrow stream: batch 2: column \"revenue\": the int64 array has 1 buffers, not 2");
    CHECK_THAT(fault([](Made& made) { column(made, "scale").dictionary.clear(); }),
               Contains("has no dictionary"));
    CHECK_THAT(fault([](Made& made) { column(made, "titles").children.clear(); }),
               Contains("has 0 children, not 1"));
    CHECK_THAT(fault([](Made& made) { column(made, "name").buffers.resize(2); }),
               Contains("has 2 buffers, not 3"));
    CHECK_THAT(fault([](Made& made) { made.buffers.clear(); }), Contains("has 0 buffers, not 1"));
}

TEST_CASE("lengths, offsets and counts that cannot be are refused") {
    CHECK(fault([](Made& made) { column(made, "revenue").length = 2; }) ==
          "Arrow stream: batch 2: column \"revenue\": the int64 array has 2 values where 3 are "
          "needed");
    CHECK_THAT(fault([](Made& made) { made.length = -1; }), Contains("a length of -1"));
    CHECK_THAT(fault([](Made& made) { made.offset = 1; }), Contains("where 4 are needed"));
    CHECK_THAT(fault([](Made& made) { made.length = INT64_MAX; }), Contains("a length of"));
    CHECK_THAT(fault([](Made& made) { made.offset = INT64_MAX; }), Contains("an offset of"));
    CHECK_THAT(fault([](Made& made) { column(made, "revenue").offset = -1; }),
               Contains("an offset of -1"));
    CHECK_THAT(fault([](Made& made) { column(made, "revenue").null_count = 4; }),
               Contains("has 4 nulls in 3 values"));
    CHECK_THAT(fault([](Made& made) {
                   column(made, "revenue").null_count = 1;
                   column(made, "revenue").buffers[0] = std::nullopt;
               }),
               Contains("no buffer that says where"));
    CHECK_THAT(fault([](Made& made) { column(made, "revenue").buffers[1] = std::nullopt; }),
               Contains("has no buffer of values"));
    CHECK_THAT(fault([](Made& made) { column(made, "id").buffers[2] = std::nullopt; }),
               Contains("has no buffer of bytes"));
}

TEST_CASE("buffers that point elsewhere are refused") {
    const auto at = [](Made& made, const char* name) {
        return static_cast<std::size_t>(column(made, name).offset);
    };
    CHECK_THAT(
        fault([&](Made& made) { set(column(made, "id").buffers[1], at(made, "id") + 1, -5); }),
        Contains("batch 2, which begins at row 4, column \"id\": the utf8 array has the offsets"));
    CHECK_THAT(
        fault([&](Made& made) { set(column(made, "id").buffers[1], at(made, "id") + 1, 1 << 30); }),
        Contains("in its row 2"));
    CHECK_THAT(fault([&](Made& made) {
                   set(column(made, "titles").buffers[1], at(made, "titles") + 3, 1 << 30);
               }),
               Contains("but only"));
    CHECK_THAT(
        fault([&](Made& made) { (*column(made, "scale").buffers[1])[at(made, "scale")] = 100; }),
        Contains("has the number 100 in its row 1, but only"));
    CHECK_THAT(
        fault([&](Made& made) { (*column(made, "scale").buffers[1])[at(made, "scale")] = -1; }),
        Contains("has the number -1"));
    CHECK_THAT(fault([&](Made& made) {
                   set(column(made, "name").buffers[1], 4 * (at(made, "name") + 2) + 2, 7);
               }),
               Contains("points beyond its buffers in its row 3"));
    CHECK_THAT(fault([&](Made& made) {
                   set(column(made, "name").buffers[1], 4 * (at(made, "name") + 2) + 3, 1 << 20);
               }),
               Contains("points beyond its buffers"));
    CHECK_THAT(
        fault([&](Made& made) { set(column(made, "name").buffers[1], 4 * at(made, "name"), -1); }),
        Contains("points beyond its buffers"));
}

TEST_CASE("a type that is broken or fits no field is refused") {
    CHECK(type_fault([](Made& made) { made.format = "l"; }) ==
          "Arrow stream: this stream holds arrays of type int64; a table is a struct with a child "
          "a column");
    CHECK(type_fault([](Made& made) {
              column(made, "revenue") = named("revenue", [] {
                  Random random(1);
                  return producer::flags({}, random);
              }());
          }) == "Arrow stream: column \"revenue\" is of the Arrow type bool; a field of kind "
                "number is read from "
                "integers, decimals, floats and texts");
    CHECK_THAT(type_fault([](Made& made) { column(made, "revenue").format = "tsn:Asia/Shanghai"; }),
               Contains("with the time zone \"Asia/Shanghai\""));
    CHECK_THAT(type_fault([](Made& made) { column(made, "revenue").format = "d:"; }),
               Contains("\"d:\""));
    CHECK_THAT(type_fault([](Made& made) { column(made, "revenue").format = ""; }),
               Contains("Arrow type"));
    CHECK_THAT(type_fault([](Made& made) { column(made, "revenue").name = "revenu"; }),
               Contains("did you mean \"revenue\"?"));
    CHECK_THAT(type_fault([](Made& made) { column(made, "revenue").name = "id"; }),
               Contains("stands twice"));
    CHECK_THAT(type_fault([](Made& made) { column(made, "revenue").name = ""; }),
               Contains("has no name"));
    CHECK_THAT(type_fault([](Made& made) { column(made, "revenue").name = "age"; }),
               Contains("is derived"));
    CHECK_THAT(type_fault([](Made& made) { column(made, "id").name = "name2"; }),
               Contains("name2"));
    CHECK_THAT(type_fault([](Made& made) { made.children.erase(made.children.begin()); }),
               Contains("there is no column \"id\""));
    CHECK_THAT(type_fault([](Made& made) { column(made, "id").format = "g"; }),
               Contains("ids are texts or integers"));
}

TEST_CASE("a producer that fails is quoted") {
    Books books;
    producer::Stream plan;
    plan.books = &books;
    plan.type = table();
    plan.batches = {table()};
    plan.end_error = EIO;
    plan.last_error = "the disk is gone";
    ArrowArrayStream stream = producer::stream(plan);
    Status status = read_firms_arrow(&stream, world::schema(), options()).status();
    CHECK(status.code() == StatusCode::io);
    CHECK(status.to_string() ==
          "Arrow stream: the producer gave no batch: Input/output error: the disk is gone");
    plan.type_error = ENOMEM;
    plan.last_error = nullptr;
    stream = producer::stream(plan);
    status = read_firms_arrow(&stream, world::schema(), options()).status();
    CHECK(status.to_string() ==
          "Arrow stream: the producer gave no schema: Cannot allocate memory");
    CHECK(books.all_released());
}

TEST_CASE("a part that was released is refused, and only what is left is released") {
    for (const bool of_type : {true, false}) {
        Books books;
        ArrowSchema type;
        ArrowArray batch;
        producer::give_type(books, table(), &type);
        producer::give_array(books, table(), &batch);
        if (of_type)
            type.children[1]->release(type.children[1]);
        else
            batch.children[1]->release(batch.children[1]);
        const Status status = read_firms_arrow(&type, &batch, world::schema(), options()).status();
        CHECK_THAT(status.to_string(), Contains("was released"));
        CHECK(type.release == nullptr);
        CHECK(batch.release == nullptr);
        CHECK(books.all_released());
    }
    ArrowSchema type{};
    ArrowArray batch{};
    CHECK(read_firms_arrow(&type, &batch, world::schema(), options()).status().code() ==
          StatusCode::usage);
    CHECK(read_firms_arrow(nullptr, nullptr, world::schema(), options()).status().code() ==
          StatusCode::usage);
}

TEST_CASE("an ignored column may be of any type, and firms of no rows are none") {
    Made made = table();
    made.children.push_back(named("blob", producer::nulls(3)));
    made.children.back().format = "+ud:1,2";
    Books books;
    ReadOptions with = options();
    with.ignore_unknown_columns = true;
    ArrowArrayStream stream = producer::stream(books, made, {made});
    const FirmsRead firms = read_firms_arrow(&stream, world::schema(), with).value();
    CHECK(firms.firms.size() == 3);
    CHECK(firms.ignored_columns == std::vector<std::string>{"blob"});
    stream = producer::stream(books, made, {});
    CHECK(read_firms_arrow(&stream, world::schema(), with).value().firms.size() == 0);
    CHECK(books.all_released());
}

TEST_CASE("null is unknown or missing, an empty list is known to be empty") {
    Random random(5);
    Made made;
    made.format = "+s";
    made.length = 3;
    made.buffers.push_back(std::nullopt);
    Cells<std::vector<std::string>> cells{std::nullopt, std::vector<std::string>{}, {{"x"}}};
    made.children.push_back(named("id", producer::texts("u", {"a", "b", "c"}, random)));
    made.children.push_back(named(
        "labels", producer::list("+L", cells, random, [&](const std::vector<std::string>& items) {
            return producer::texts("U", Cells<std::string>(items.begin(), items.end()), random);
        })));
    Books books;
    ArrowArrayStream stream = producer::stream(books, made, {made});
    const FirmsRead firms = read_firms_arrow(&stream, world::schema(), options()).value();
    const std::uint32_t labels = *world::schema()->find("labels");
    CHECK_FALSE(firms.firms[0].elements(labels).has_value());
    CHECK(firms.firms[1].elements(labels)->empty());
    CHECK(firms.firms[2].elements(labels)->size() == 1);
}

TEST_CASE("a day has no time, and a date is of the years 1 to 9999") {
    Random random(6);
    Made made;
    made.format = "+s";
    made.length = 3;
    made.buffers.push_back(std::nullopt);
    made.children.push_back(named("id", producer::texts("u", {"a", "b", "c"}, random)));
    made.children.push_back(
        named("established", producer::numbers<std::int64_t>(
                                 "tsm:", {86'400'000, 86'400'000 + 5'430'250, INT64_MAX}, random)));
    Books books;
    ArrowArrayStream stream = producer::stream(books, made, {made});
    const FirmsRead firms = read_firms_arrow(&stream, world::schema(), options()).value();
    CHECK(firms.firms[0].scalar(*world::schema()->find("established")) == 1);
    REQUIRE(firms.quarantine.size() == 2);
    CHECK(firms.quarantine[0].value == "1970-01-02 01:30:30.25");
    CHECK(firms.quarantine[0].reason == "has a time of day; dates are whole days");
    CHECK(firms.quarantine[1].line == 3);
}
