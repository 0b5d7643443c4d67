// Firms as codes and planes, the demands of policies, the zone map and the tag matrix.
#include "qice/index/firm_index.hpp"

#include "qice/index/tags.hpp"
#include "qice/index/zone_map.hpp"
#include "qice/rule/evaluate.hpp"
#include "unit/world.hpp"

#include <cstring>
#include <set>

using namespace qice;
using world::day;

namespace {

const Date kAsOf = world::day("2026-11-23");

struct World {
    SchemaPtr schema = world::schema();
    std::vector<Policy> policies;
    FirmTable firms;
    Program program;

    World(std::string_view json, const std::vector<world::Cells>& rows)
        : policies(world::policies(schema, json)), firms(world::firms(schema, kAsOf, rows)),
          program(compile(*schema, policies,
                          {.as_of = kAsOf, .include_closed = false, .urgency = {}})) {}
};

std::vector<world::Cells> rows_of_patents(std::size_t count, int step) {
    std::vector<world::Cells> rows;
    for (std::size_t i = 0; i < count; ++i)
        rows.push_back(
            {{"patents", i % 7 == 0 ? "" : std::to_string(static_cast<int>(i) * step % 50)},
             {"titles", i % 3 == 0   ? "a@2026-11-22"
                        : i % 3 == 1 ? "a|b"
                                     : ""},
             {"labels", i % 5 == 0 ? "" : "x"}});
    return rows;
}

bool bit_of(const BlockRow& row, std::size_t i) { return (row.words[i / 64] >> (i % 64) & 1) != 0; }

} // namespace

TEST_CASE("every firm stands in the index once, with the code of its value") {
    for (const std::size_t count : {0u, 1u, 511u, 512u, 513u, 1'200u}) {
        const World world(R"([{"id": "P", "rule": {"field": "patents", "ge": 10, "lt": 30}},
                              {"id": "Q", "rule": {"field": "patents", "ge": 20}}])",
                          rows_of_patents(count, 17));
        const FirmIndex index(world.program, world.firms);
        REQUIRE(index.firms() == count);
        REQUIRE(index.blocks() == (count + 511) / 512);
        const FieldCuts& cuts = world.program.fields[0].cuts;
        CHECK(cuts.codes() == 4);
        CHECK(index.width(0) == 1);
        std::set<std::uint32_t> rows;
        for (std::size_t position = 0; position < count; ++position) {
            const std::uint32_t row = index.row_at(position);
            rows.insert(row);
            const auto value = world.firms[row].scalar(world.program.fields[0].field);
            const std::uint32_t code = index.codes(0, position / 512)[position % 512];
            REQUIRE(code == (value ? cuts.code_of(*value) : 0xff));
            REQUIRE(bit_of(index.valid(position / 512), position % 512));
        }
        CHECK(rows.size() == count);
        for (std::size_t position = count; position < index.blocks() * 512; ++position) {
            REQUIRE(index.codes(0, position / 512)[position % 512] == 0xff);
            REQUIRE_FALSE(bit_of(index.valid(position / 512), position % 512));
        }
    }
}

TEST_CASE("codes take the width their cuts need") {
    for (const auto& [cuts, width] : {std::pair(254, 1), {255, 2}, {65'534, 2}, {65'535, 4}}) {
        std::string policy = "{\"id\": \"P\", \"rule\": {\"any\": [";
        for (int i = 0; i < cuts; ++i)
            policy += std::string(i == 0 ? "" : ",") +
                      "{\"field\": \"patents\", \"ge\": " + std::to_string(i) + "}";
        const World world(policy + "]}}", {{{"patents", "-1"}},
                                           {{"patents", std::to_string(cuts - 1)}},
                                           {},
                                           {{"patents", std::to_string(cuts)}}});
        INFO(cuts);
        const FirmIndex index(world.program, world.firms);
        CHECK(index.width(0) == width);
        const auto unknown = static_cast<std::uint32_t>((std::uint64_t{1} << (8 * width)) - 1);
        for (std::size_t position = 0; position < 4; ++position) {
            const std::uint32_t expected[] = {0, static_cast<std::uint32_t>(cuts), unknown,
                                              static_cast<std::uint32_t>(cuts)};
            CHECK(index.code_at(0, position) == expected[index.row_at(position)]);
        }
    }
}

TEST_CASE("planes say who has an element today, ever, and whose set is unknown") {
    const World world(R"([{"id": "P", "rule": {"all": [{"field": "titles", "has_any": "a"},
                            {"field": "titles", "ever_has_any": "a"}, {"field": "labels", "has_any": "x"}]}}])",
                      rows_of_patents(700, 1));
    const FirmIndex index(world.program, world.firms);
    REQUIRE(world.program.sets.size() == 2);
    for (std::size_t position = 0; position < 700; ++position) {
        const FirmView firm = world.firms[index.row_at(position)];
        const BlockRow* planes = index.planes(position / 512);
        for (const CodedSet& set : world.program.sets) {
            const auto elements = firm.elements(set.field);
            const auto count = static_cast<std::uint32_t>(set.elements.size());
            REQUIRE(bit_of(planes[set.first_plane + count], position % 512) == !elements);
            for (std::uint32_t i = 0; elements && i < count; ++i) {
                bool has = false;
                for (const SetElement& element : *elements)
                    has |= world.firms.column(set.field).dictionary[element.name] ==
                               set.elements[i].name &&
                           (set.elements[i].ever || element.until >= kAsOf.days);
                REQUIRE(bit_of(planes[set.first_plane + i], position % 512) == has);
            }
        }
    }
}

TEST_CASE("an index is the same whatever the number of threads") {
    auto rows = rows_of_patents(9'000, 7);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        rows[i].push_back({"park", i % 2 == 0 ? "P" : i % 9 == 0 ? "Q" : ""});
        rows[i].push_back({"follows", i % 3 == 0 ? "t|s:0.5" : i % 5 == 0 ? "s" : "u|s:0.1"});
    }
    const World world(
        R"([{"id": "P", "rule": {"field": "patents", "ge": 10}, "tags": {"t": 1, "s": 0.5}},
                          {"id": "Q", "rule": {"field": "titles", "has_any": ["a"]}},
                          {"id": "R", "rule": {"field": "park", "in": "P"}}])",
        rows);
    const FirmIndex one(world.program, world.firms);
    const TagMatrix tags = firm_tags(world.program, one, world.firms);
    for (const unsigned threads : {2u, 5u}) {
        const FirmIndex other(world.program, world.firms, FirmOrder::by_strongest_fields, threads);
        for (std::size_t position = 0; position < one.firms(); ++position)
            REQUIRE(other.row_at(position) == one.row_at(position));
        for (std::size_t block = 0; block < one.blocks(); ++block) {
            for (std::uint32_t slot = 0; slot < world.program.fields.size(); ++slot)
                REQUIRE(std::memcmp(other.codes(slot, block), one.codes(slot, block),
                                    kBlockFirms * one.width(slot)) == 0);
            REQUIRE(std::memcmp(other.planes(block), one.planes(block),
                                world.program.planes * sizeof(BlockRow)) == 0);
        }
        CHECK((firm_tags(world.program, other, world.firms, threads) - tags).norm() == 0);
        CHECK(tags.nonZeros() > 9'000);
    }
}

TEST_CASE("refusals count the policies that a code turns away") {
    const World world(R"([{"id": "P", "rule": {"field": "patents", "ge": 10}},
                          {"id": "Q", "rule": {"all": [{"field": "patents", "lt": 20, "known": true}, {"manual": "m"}]}},
                          {"id": "R", "rule": {"any": [{"field": "patents", "ge": 20}, {"manual": "m"}]}}])",
                      {});
    // Codes: below 10, 10 to 19, 20 and more, unknown. R demands nothing outright.
    CHECK(refusals(world.program)[0] == std::vector<std::uint32_t>{1, 0, 1, 1});
    const PolicyRows rows = policy_rows(world.program, 0);
    CHECK_FALSE(rows.fixed);
    CHECK((*rows.possible[0] & 7) == 6); // places P, R, Q: by shape
    CHECK((*rows.possible[1] & 7) == 7);
    CHECK((*rows.possible[2] & 7) == 3);
    CHECK((*rows.possible[3] & 7) == 3);
}

TEST_CASE("the zone map never loses a pair") {
    const World world(R"([{"id": "A", "rule": {"field": "patents", "ge": 45}},
                          {"id": "B", "rule": {"all": [{"field": "patents", "lt": 3}, {"field": "park", "in": "P"}]}},
                          {"id": "C", "rule": {"all": [{"field": "patents", "eq": 7}, {"field": "dishonest", "is": true}]}},
                          {"id": "D", "rule": {"field": "patents", "known": false}},
                          {"id": "E", "rule": {"all": []}},
                          {"id": "F", "rule": {"field": "park", "in": "Q"}}])",
                      [] {
                          auto rows = rows_of_patents(2'000, 1);
                          for (std::size_t i = 0; i < rows.size(); ++i) {
                              rows[i].push_back({"park", i % 2 == 0 ? "P" : i % 9 == 0 ? "Q" : ""});
                              rows[i].push_back({"dishonest", i % 4 == 0 ? "0" : ""});
                          }
                          return rows;
                      }());
    const FirmIndex index(world.program, world.firms);
    const ZoneMap zones(world.program, index);
    ZoneMap::Scratch scratch(zones);
    std::size_t dropped = 0;
    for (const bool near : {false, true}) {
        for (std::size_t block = 0; block < index.blocks(); ++block) {
            std::set<std::size_t> found;
            for_each_bit(zones.candidates(block, near, scratch), words_for(world.policies.size()),
                         [&](std::size_t place) { found.insert(place); });
            dropped += world.policies.size() - found.size();
            for (std::size_t position = block * 512;
                 position < std::min<std::size_t>(2'000, (block + 1) * 512); ++position) {
                for (std::uint32_t place = 0; place < world.policies.size(); ++place) {
                    const Verdict verdict =
                        judge(world.policies[world.program.policies[place].policy].rule,
                              world.firms[index.row_at(position)])
                            .verdict;
                    if (verdict == Verdict::ineligible || (verdict == Verdict::near && !near))
                        continue;
                    REQUIRE(found.contains(place));
                }
            }
        }
    }
    CHECK(dropped > 0); // else it is of no use
}

TEST_CASE("the tag matrix holds the weights of tags that policies carry") {
    const World world(
        R"([{"id": "P", "rule": {"field": "patents", "ge": 1}, "tags": {"t": 1, "s": 0.5}},
                          {"id": "Q", "rule": {"all": []}, "tags": {"s": 1, "u": 1}}])",
        {{{"follows", "s:0.25|t"}, {"patents", "0"}},
         {{"follows", "nobody"}, {"patents", "5"}},
         {{"follows", "t:0|s:0.5"}}});
    const FirmIndex index(world.program, world.firms);
    const TagMatrix matrix = firm_tags(world.program, index, world.firms);
    REQUIRE(matrix.rows() == 3);
    REQUIRE(matrix.cols() == 3);
    const auto weight = [&](std::uint32_t row, const char* tag) {
        std::int64_t position = 0, column = 0;
        while (index.row_at(static_cast<std::size_t>(position)) != row)
            ++position;
        while (world.program.tag_names[static_cast<std::size_t>(column)] != tag)
            ++column;
        return matrix.coeff(position, column);
    };
    CHECK(weight(0, "s") == 250);
    CHECK(weight(0, "t") == 1000);
    CHECK(weight(0, "u") == 0);
    CHECK(weight(1, "s") == 0);
    CHECK(weight(2, "s") == 500);
    CHECK(weight(2, "t") == 0);
}
