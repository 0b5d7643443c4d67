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

/// Goes through the demands on one field code by code.
class Sweep {
  public:
    Sweep(std::size_t bits, std::size_t words) : unmet_(bits), met_(words) {
        fill_bits(met_.data(), bits, words);
    }

    void take(const Turn& turn) {
        unmet_[turn.bit] += static_cast<std::uint32_t>(turn.unmet);
        const std::uint64_t bit = std::uint64_t{1} << (turn.bit % 64);
        std::uint64_t& word = met_[turn.bit / 64];
        word = unmet_[turn.bit] == 0 ? word | bit : word & ~bit;
    }
    /// What the code that was come to meets.
    const std::vector<std::uint64_t>& met() const { return met_; }

  private:
    std::vector<std::uint32_t> unmet_; // demands, by bit
    std::vector<std::uint64_t> met_;
};

/// What an unknown value meets for certain, and what it does not fail.
void write_unknown(const Program& program, const std::vector<CodeRows::Demand>& demands,
                   std::size_t bits, std::size_t words, std::uint64_t* certain,
                   std::uint64_t* possible) {
    fill_bits(certain, bits, words);
    fill_bits(possible, bits, words);
    for (const CodeRows::Demand& demand : demands) {
        const Truth truth = program.literals[demand.literal].on_unknown;
        const std::uint64_t bit = std::uint64_t{1} << (demand.bit % 64);
        if (truth != Truth::yes) certain[demand.bit / 64] &= ~bit;
        if (truth == Truth::no) possible[demand.bit / 64] &= ~bit;
    }
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
    Sweep sweep(bits, words);
    std::uint32_t next_row = 0;
    std::size_t next = 0;
    for (std::uint32_t code = 0; code < codes; ++code) {
        const bool turned = next < turns.size() && turns[next].code == code;
        for (; next < turns.size() && turns[next].code == code; ++next)
            sweep.take(turns[next]);
        if (turned || code == 0) std::copy(sweep.met().begin(), sweep.met().end(), row(next_row++));
        row_of_[code] = next_row - 1;
    }
    row_of_[codes] = next_row;
    write_unknown(program, demands, bits, words, row(next_row), row(next_row + std::size_t{1}));
    data_.resize((std::size_t{next_row} + 2) * words);
}

PackedRows::PackedRows(const Program& program, std::uint32_t slot,
                       const std::vector<CodeRows::Demand>& demands, std::size_t bits,
                       std::size_t words)
    : codes_(program.fields[slot].cuts.codes()),
      blocks_((bits + 64 * kBlockWords - 1) / (64 * kBlockWords)) {
    const std::vector<Turn> turns = turns_of(program, demands, codes_);
    const std::size_t groups = (std::size_t{codes_} + 63) / 64;
    const auto block_of = [](const Turn& turn) { return turn.bit / (64 * kBlockWords); };
    starts_.resize(groups * blocks_);
    before_.resize(groups * blocks_);
    for (const Turn& turn : turns)
        if (turn.code != 0) // with which every block's first row begins
            starts_[turn.code / 64 * blocks_ + block_of(turn)] |= std::uint64_t{1}
                                                                  << (turn.code % 64);
    std::uint32_t row = 0;
    for (std::size_t block = 0; block < blocks_; ++block, ++row) {
        for (std::size_t group = 0; group < groups; ++group) {
            before_[group * blocks_ + block] = row;
            row += count_bits(starts_[group * blocks_ + block]);
        }
    }

    data_.resize(std::size_t{row} * kBlockWords);
    Sweep sweep(bits, words);
    const auto write = [&](std::size_t block, std::uint32_t code) {
        std::copy_n(sweep.met().data() + block * kBlockWords, kBlockWords,
                    data_.data() + std::size_t{row_of(code, block)} * kBlockWords);
    };
    for (std::size_t block = 0; block < blocks_; ++block)
        write(block, 0);
    for (const Turn& turn : turns) {
        sweep.take(turn);
        write(block_of(turn), turn.code);
    }
    unknown_certain_.resize(words);
    unknown_possible_.resize(words);
    write_unknown(program, demands, bits, words, unknown_certain_.data(), unknown_possible_.data());
}

void PackedRows::choose(std::uint32_t code, std::uint32_t* row_of_block) const {
    for (std::size_t block = 0; block < blocks_; ++block)
        row_of_block[block] = row_of(code, block);
    for (std::size_t block = 0; block < blocks_; ++block)
        __builtin_prefetch(block_row(row_of_block[block])); // they lie apart
}

} // namespace qice
