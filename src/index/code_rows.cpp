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
    Sweep(std::size_t bits, std::size_t words) : unmet_(bits), met_(words), once_(words) {
        fill_bits(met_.data(), bits, words);
        fill_bits(once_.data(), bits, words);
    }

    void take(const Turn& turn) {
        unmet_[turn.bit] += static_cast<std::uint32_t>(turn.unmet);
        set(met_, turn.bit, unmet_[turn.bit] == 0);
        set(once_, turn.bit, unmet_[turn.bit] <= 1);
    }
    /// What the code that was come to meets, and of which bits it fails one demand at most.
    const std::vector<std::uint64_t>& met() const { return met_; }
    const std::vector<std::uint64_t>& once() const { return once_; }

  private:
    static void set(std::vector<std::uint64_t>& words, std::uint32_t number, bool value) {
        const std::uint64_t bit = std::uint64_t{1} << (number % 64);
        words[number / 64] = value ? words[number / 64] | bit : words[number / 64] & ~bit;
    }

    std::vector<std::uint32_t> unmet_; // demands, by bit
    std::vector<std::uint64_t> met_, once_;
};

/// What an unknown value meets for certain, what it does not fail, and of which bits at most one
/// demand is not met for certain.
void write_unknown(const Program& program, const std::vector<CodeRows::Demand>& demands,
                   std::size_t bits, std::size_t words, std::uint64_t* certain,
                   std::uint64_t* possible, std::uint64_t* once) {
    for (std::uint64_t* row : {certain, possible, once})
        fill_bits(row, bits, words);
    for (const CodeRows::Demand& demand : demands) {
        const Truth truth = program.literals[demand.literal].on_unknown;
        const std::size_t word = demand.bit / 64;
        const std::uint64_t bit = std::uint64_t{1} << (demand.bit % 64);
        if (truth != Truth::yes) {
            once[word] &= ~bit | certain[word];
            certain[word] &= ~bit;
        }
        if (truth == Truth::no) possible[word] &= ~bit;
    }
}

/// Does any bit demand two things?
bool has_pairs(const std::vector<CodeRows::Demand>& demands, std::size_t bits) {
    std::vector<bool> met(bits);
    for (const CodeRows::Demand& demand : demands) {
        if (met[demand.bit]) return true;
        met[demand.bit] = true;
    }
    return false;
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
    const bool pairs = has_pairs(demands, bits);
    if (rows * words * 8 * (pairs ? 2 : 1) > most_bytes) return;

    row_of_.resize(std::size_t{codes} + 1);
    data_.resize(rows * words);
    once_.resize(pairs ? rows * words : words); // the last is given up if there are no pairs
    Sweep sweep(bits, words);
    std::uint32_t next_row = 0;
    std::size_t next = 0;
    for (std::uint32_t code = 0; code < codes; ++code) {
        const bool turned = next < turns.size() && turns[next].code == code;
        for (; next < turns.size() && turns[next].code == code; ++next)
            sweep.take(turns[next]);
        if (turned || code == 0) {
            std::copy(sweep.met().begin(), sweep.met().end(), row(next_row));
            if (pairs)
                std::copy(sweep.once().begin(), sweep.once().end(),
                          once_.data() + std::size_t{next_row} * words);
            ++next_row;
        }
        row_of_[code] = next_row - 1;
    }
    row_of_[codes] = next_row;
    write_unknown(program, demands, bits, words, row(next_row), row(next_row + std::size_t{1}),
                  once_.data() + (pairs ? std::size_t{next_row} * words : 0));
    data_.resize((std::size_t{next_row} + 2) * words);
    once_.resize(pairs ? (std::size_t{next_row} + 1) * words : 0);
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
    if (has_pairs(demands, bits)) once_.resize(data_.size());
    Sweep sweep(bits, words);
    const auto write = [&](std::size_t block, std::uint32_t code) {
        const std::size_t at = std::size_t{row_of(code, block)} * kBlockWords;
        std::copy_n(sweep.met().data() + block * kBlockWords, kBlockWords, data_.data() + at);
        if (!once_.empty())
            std::copy_n(sweep.once().data() + block * kBlockWords, kBlockWords, once_.data() + at);
    };
    for (std::size_t block = 0; block < blocks_; ++block)
        write(block, 0);
    for (const Turn& turn : turns) {
        sweep.take(turn);
        write(block_of(turn), turn.code);
    }
    unknown_certain_.resize(words);
    unknown_possible_.resize(words);
    unknown_once_.resize(words);
    write_unknown(program, demands, bits, words, unknown_certain_.data(), unknown_possible_.data(),
                  unknown_once_.data());
}

void PackedRows::choose(std::uint32_t code, std::size_t first_block, std::size_t blocks,
                        std::uint32_t* row_of_block) const {
    for (std::size_t block = first_block; block < first_block + blocks; ++block)
        row_of_block[block] = row_of(code, block);
    for (std::size_t block = first_block; block < first_block + blocks; ++block)
        __builtin_prefetch(data_.data() + std::size_t{row_of_block[block]} * kBlockWords);
}

} // namespace qice
