// Rows of bits by code: which of many bits' demands on one field a code meets.
//
// A bit is a policy (all that it demands of the field), or a literal. Row by row, neighbouring
// codes mostly meet the same, so codes share rows. Immutable once built. Building sweeps over the
// codes once: costs the ends of all ranges plus the rows kept.
#pragma once

#include "qice/base/bits.hpp"
#include "qice/index/program.hpp"

#include <cstdint>
#include <vector>

namespace qice {

class CodeRows {
  public:
    struct Demand {
        std::uint32_t bit;
        std::uint32_t literal; // of form ranges, on the field
    };

    CodeRows() = default;
    /// Rows of `words` words, of which `bits` bits are used; a bit without a demand is always met.
    /// Without rows (see is_empty()) where they would take more than `most_bytes`.
    CodeRows(const Program& program, std::uint32_t slot, const std::vector<Demand>& demands,
             std::size_t bits, std::size_t words, std::size_t most_bytes);

    bool is_empty() const { return row_of_.empty(); }
    std::size_t rows() const { return words_ == 0 ? 0 : data_.size() / words_; }
    std::size_t bytes() const { return (data_.size() + once_.size()) * 8 + row_of_.size() * 4; }

    /// What a code meets for certain; the code after the last is for an unknown value.
    const std::uint64_t* certain(std::uint32_t code) const {
        return data_.data() + std::size_t{row_of_[code]} * words_;
    }
    /// What a code does not fail: differs for an unknown value only.
    const std::uint64_t* possible(std::uint32_t code) const {
        return code + 1 == row_of_.size() ? certain(code) + words_ : certain(code);
    }
    /// Of which bits at most one demand is not met for certain; null where no bit has two demands.
    const std::uint64_t* once(std::uint32_t code) const {
        return once_.empty() ? nullptr : once_.data() + std::size_t{row_of_[code]} * words_;
    }
    std::uint64_t* row(std::size_t number) { return data_.data() + number * words_; }

  private:
    std::size_t words_ = 0;
    std::vector<std::uint32_t> row_of_; // by code, then unknown
    AlignedVector<std::uint64_t> data_; // the last row is for what an unknown value may meet
    AlignedVector<std::uint64_t> once_;
};

/// The same for a field of many codes and many bits, in memory that grows with what is demanded and
/// not with codes times bits: each block of 512 bits keeps the rows in which it changes.
class PackedRows {
  public:
    /// Rows of `words` words, of which `bits` bits are used; a bit without a demand is always met.
    PackedRows(const Program& program, std::uint32_t slot,
               const std::vector<CodeRows::Demand>& demands, std::size_t bits, std::size_t words);

    std::uint32_t codes() const { return codes_; }
    /// Writes which row of each of these blocks a known code has, by block.
    void choose(std::uint32_t code, std::size_t first_block, std::size_t blocks,
                std::uint32_t* row_of_block) const;
    /// Rows of one block: what a known code meets, and of what at most one demand is not met, which
    /// is null where no bit has two demands.
    const std::uint64_t* block_rows() const { return data_.data(); }
    const std::uint64_t* once() const { return once_.empty() ? nullptr : once_.data(); }
    /// Of an unknown value, whole rows.
    const std::uint64_t* unknown_certain() const { return unknown_certain_.data(); }
    const std::uint64_t* unknown_possible() const { return unknown_possible_.data(); }
    const std::uint64_t* unknown_once() const {
        return once_.empty() ? nullptr : unknown_once_.data();
    }
    std::uint64_t* unknown_certain() { return unknown_certain_.data(); }
    std::uint64_t* unknown_possible() { return unknown_possible_.data(); }
    std::size_t bytes() const {
        return 8 * (data_.size() + once_.size() + 3 * unknown_certain_.size() + starts_.size()) +
               4 * before_.size();
    }

  private:
    std::uint32_t row_of(std::uint32_t code, std::size_t block) const {
        const std::size_t at = code / 64 * blocks_ + block;
        return before_[at] + count_bits(starts_[at] & (~std::uint64_t{0} >> (63 - code % 64)));
    }

    std::uint32_t codes_;
    std::size_t blocks_;
    // By 64 codes, then by block: at which of the codes another row begins, and the row before.
    AlignedVector<std::uint64_t> starts_;
    AlignedVector<std::uint32_t> before_;
    AlignedVector<std::uint64_t> data_, once_, unknown_certain_, unknown_possible_, unknown_once_;
};

/// The first `bits` bits set, the others not.
void fill_bits(std::uint64_t* words, std::size_t bits, std::size_t count);

} // namespace qice
