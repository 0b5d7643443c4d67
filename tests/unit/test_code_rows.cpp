// Rows by code, whole and packed, against the literals themselves.
#include "index/code_rows.hpp"

#include "world.hpp"

#include <random>

using namespace qice;

namespace {

/// Bit i of this many demands "patents" in a way of its own; of eight, one demands nothing and one
/// three things.
std::vector<Policy> policies_of(std::size_t count, int most, std::mt19937& random) {
    const auto some = [&] { return std::to_string(random() % static_cast<unsigned>(most)); };
    std::string json = "[";
    for (std::size_t i = 0; i < count; ++i) {
        const std::string field = R"({"field": "patents", )";
        const std::string rules[] = {
            field + R"("ge": )" + some() + "}",
            field + R"("le": )" + some() + "}",
            field + R"("ne": )" + some() + "}",
            R"({"not": )" + field + R"("eq": )" + some() + "}}",
            field + R"("known": true})",
            field + R"("ge": )" + some() + R"(, "lt": )" + std::to_string(most + 1) + "}",
            R"({"all": []})",
            R"({"all": [)" + field + R"("ge": )" + some() + "}, " + field + R"("ne": )" + some() +
                "}, " + field + R"("le": )" + some() + "}]}",
        };
        json += (i == 0 ? "" : ", ") + (R"({"id": "P)" + std::to_string(i) + R"(", "rule": )") +
                rules[i % std::size(rules)] + "}";
    }
    return world::policies(world::schema(), json + "]");
}

bool in_ranges(const Program& program, const Literal& literal, std::uint32_t code) {
    for (std::uint32_t i = 0; i < literal.count; ++i) {
        const FieldCuts::Range& range = program.ranges[literal.first + i];
        if (range.first <= code && code <= range.last) return true;
    }
    return false;
}

bool bit(const std::uint64_t* words, std::size_t number) {
    return (words[number / 64] >> (number % 64) & 1) != 0;
}

} // namespace

TEST_CASE("rows by code say what the literals say, whole and packed") {
    std::mt19937 random(7);
    for (const auto& [count, most] :
         {std::pair<std::size_t, int>{1, 5}, {60, 3}, {700, 40}, {1500, 4000}}) {
        const std::vector<Policy> policies = policies_of(count, most, random);
        const Program program =
            compile(*world::schema(), policies, {world::day("2026-06-15"), false, {}});
        REQUIRE(program.fields.size() == 1);
        std::vector<CodeRows::Demand> demands;
        for (std::uint32_t place = 0; place < program.policies.size(); ++place)
            for (const Ref ref : program.literals_of(program.policies[place].rule))
                demands.push_back({place, ref & ~kLiteralBit});
        const std::size_t words = (count + 511) / 512 * 8 + 8;
        const CodeRows whole(program, 0, demands, count, words, SIZE_MAX);
        const PackedRows packed(program, 0, demands, count, words);
        REQUIRE(packed.codes() == program.fields[0].cuts.codes());
        CHECK(CodeRows(program, 0, demands, count, words, 1).is_empty());

        std::vector<std::uint32_t> row_of_block((count + 511) / 512);
        std::size_t wrong = 0;
        for (std::uint32_t code = 0; code < packed.codes(); ++code) {
            std::vector<bool> met(count, true);
            for (const CodeRows::Demand& demand : demands)
                if (!in_ranges(program, program.literals[demand.literal], code))
                    met[demand.bit] = false;
            packed.choose(code, 0, row_of_block.size(), row_of_block.data());
            std::vector<std::uint32_t> fails(count);
            for (const CodeRows::Demand& demand : demands)
                fails[demand.bit] += !in_ranges(program, program.literals[demand.literal], code);
            for (std::size_t i = 0; i < count; ++i) {
                wrong += bit(whole.certain(code), i) != met[i];
                wrong += whole.possible(code) != whole.certain(code);
                const std::size_t at = std::size_t{row_of_block[i / 512]} * 8;
                wrong += bit(packed.block_rows() + at, i % 512) != met[i];
                wrong += whole.once(code) != nullptr && bit(whole.once(code), i) != (fails[i] <= 1);
                wrong +=
                    packed.once() != nullptr && bit(packed.once() + at, i % 512) != (fails[i] <= 1);
            }
        }
        CHECK(wrong == 0);
        CHECK((whole.once(0) != nullptr) == (count > 1)); // only then is there a pair
        CHECK((packed.once() != nullptr) == (count > 1));
        std::vector<Truth> unknown(count, Truth::yes);
        std::vector<std::uint32_t> open(count); // demands that are not met for certain
        for (const CodeRows::Demand& demand : demands) {
            const Truth truth = program.literals[demand.literal].on_unknown;
            unknown[demand.bit] = std::min(unknown[demand.bit], truth);
            open[demand.bit] += truth != Truth::yes;
        }
        for (std::size_t i = 0; i < count; ++i) {
            for (const std::uint64_t* certain :
                 {whole.certain(packed.codes()), packed.unknown_certain()})
                wrong += bit(certain, i) != (unknown[i] == Truth::yes);
            for (const std::uint64_t* possible :
                 {whole.possible(packed.codes()), packed.unknown_possible()})
                wrong += bit(possible, i) != (unknown[i] != Truth::no);
            for (const std::uint64_t* once : {whole.once(packed.codes()), packed.unknown_once()})
                wrong += once != nullptr && bit(once, i) != (open[i] <= 1);
        }
        CHECK(wrong == 0);
    }
}
