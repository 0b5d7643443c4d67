#include "index/code_rows.hpp"

#include <algorithm>

namespace qice {
namespace {

/// A bit's demand begins or ceases to be met at a code.
struct Turn {
    std::uint32_t code;
    std::uint32_t bit;
    std::int32_t unmet; // +1: one demand more is not met from here on
};

std::vector<Turn> turns_of(const Program& program, const std::vector<CodeRows::Demand>& demands,
                           std::uint32_t codes) {
    std::vector<Turn> turns;
    for (const CodeRows::Demand& demand : demands) {
        const Literal& literal = program.literals[demand.literal];
        turns.push_back({0, demand.bit, 1});
        for (std::uint32_t i = 0; i < literal.count; ++i) {
            const FieldCuts::Range& range = program.ranges[literal.first + i];
            turns.push_back({range.first, demand.bit, -1});
            if (range.last + 1 < codes) turns.push_back({range.last + 1, demand.bit, 1});
        }
    }
    // Codes are few: a counting sort keeps a build linear in what rules say.
    std::vector<std::uint32_t> begin(std::size_t{codes} + 1);
    for (const Turn& turn : turns)
        ++begin[turn.code + 1];
    for (std::size_t code = 1; code < begin.size(); ++code)
        begin[code] += begin[code - 1];
    std::vector<Turn> sorted(turns.size());
    for (const Turn& turn : turns)
        sorted[begin[turn.code]++] = turn;
    return sorted;
}

} // namespace

void fill_bits(std::uint64_t* words, std::size_t bits, std::size_t count) {
    std::fill_n(words, count, 0);
    std::fill_n(words, bits / 64, ~std::uint64_t{0});
    if (bits % 64 != 0) words[bits / 64] = (std::uint64_t{1} << (bits % 64)) - 1;
}

CodeRows::CodeRows(const Program& program, std::uint32_t slot, const std::vector<Demand>& demands,
                   std::size_t bits, std::size_t words, std::size_t most_bytes)
    : words_(words) {
    const std::uint32_t codes = program.fields[slot].cuts.codes();
    const std::vector<Turn> turns = turns_of(program, demands, codes);
    std::size_t rows = 3; // of code 0, and the two of an unknown value
    for (std::size_t i = 1; i < turns.size(); ++i)
        rows += turns[i].code != turns[i - 1].code;
    if (rows * words * 8 > most_bytes) return;

    row_of_.resize(std::size_t{codes} + 1);
    data_.resize(rows * words);
    std::vector<std::uint32_t> unmet(bits);
    std::vector<std::uint64_t> met(words);
    fill_bits(met.data(), bits, words);
    std::uint32_t next_row = 0;
    std::size_t next = 0;
    for (std::uint32_t code = 0; code < codes; ++code) {
        const bool turned = next < turns.size() && turns[next].code == code;
        for (; next < turns.size() && turns[next].code == code; ++next) {
            const Turn& turn = turns[next];
            unmet[turn.bit] += static_cast<std::uint32_t>(turn.unmet);
            const std::uint64_t bit = std::uint64_t{1} << (turn.bit % 64);
            std::uint64_t& word = met[turn.bit / 64];
            word = unmet[turn.bit] == 0 ? word | bit : word & ~bit;
        }
        if (turned || code == 0) std::copy(met.begin(), met.end(), row(next_row++));
        row_of_[code] = next_row - 1;
    }
    row_of_[codes] = next_row;
    fill_bits(row(next_row), bits, words);
    fill_bits(row(next_row + std::size_t{1}), bits, words);
    for (const Demand& demand : demands) {
        const Truth truth = program.literals[demand.literal].on_unknown;
        const std::uint64_t bit = std::uint64_t{1} << (demand.bit % 64);
        if (truth != Truth::yes) row(next_row)[demand.bit / 64] &= ~bit;
        if (truth == Truth::no) row(next_row + std::size_t{1})[demand.bit / 64] &= ~bit;
    }
    data_.resize((std::size_t{next_row} + 2) * words);
}

} // namespace qice
