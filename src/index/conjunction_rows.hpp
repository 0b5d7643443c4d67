// Rows of bits, a bit a conjunction of literals: which of many conjunctions one firm meets.
//
//   ConjunctionRows rows(schema, program, spans, settled);     once
//   rows.choose(coded, chosen);                                once a firm
//   ... rows.meets(chosen, words, block) ...                   for each block of 512 bits
//
// For each coded field there are rows by code, for each set rows by element; those that a firm
// chooses are ANDed, so that a bit stands for all its literals at once. Behind the words of each
// row stand summary bits, one a block that has any bit at all. What would take too much memory is
// left out: `settled` says which literals the rows tell.
//
// Immutable once built; any number of threads may choose, each with rows of its own. Choosing costs
// a look-up a field, and a step a block where a field's rows are packed; a block costs an AND of 64
// bytes for each field, set and element of the firm.
#pragma once

#include "index/code_rows.hpp"
#include "index/record_coder.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace qice {

/// Literals that stand side by side in Program::refs.
struct LiteralSpan {
    std::uint32_t first = 0, literals = 0;
};

class ConjunctionRows {
  public:
    static constexpr std::size_t kBlockWords = PackedRows::kBlockWords;
    static constexpr std::size_t kBlockBits = 64 * kBlockWords;
    using Words = std::array<std::uint64_t, kBlockWords>;

    ConjunctionRows() = default;
    /// `sorted_by` are the slots in whose order the bits stand: there a summary drops many blocks.
    /// `settled`, by ref of the program, is set for each literal that the rows tell.
    ConjunctionRows(const Schema& schema, const Program& program, std::span<const LiteralSpan> bits,
                    std::span<const std::uint32_t> sorted_by, std::vector<std::uint8_t>& settled);

    std::size_t blocks() const { return blocks_; }
    /// Words of a row, with its summary, which begins at blocks() * kBlockWords.
    std::size_t stride() const { return stride_; }
    /// A row of all bits.
    const AlignedVector<std::uint64_t>& everyone() const { return everyone_; }
    void summarise(std::uint64_t* row) const;
    std::size_t bytes() const;

    /// The rows of one firm; reused from firm to firm.
    class Chosen {
        friend class ConjunctionRows;
        struct Whole {
            const std::uint64_t *certain, *possible;
            bool fixed;
        };
        struct Packed {
            const PackedRows* rows;
            std::size_t first; // into row_of_block
            bool fixed;
        };
        std::vector<Whole> whole;
        std::vector<Packed> packed; // fields whose value is known
        std::vector<std::uint32_t> row_of_block;
        std::vector<std::uint8_t> known;               // by set
        std::vector<const std::uint64_t*> has, lacks;  // of all sets
        std::vector<std::uint32_t> has_end, lacks_end; // by set
    };
    void choose(const CodedRecord& firm, Chosen& chosen) const;

    /// Which of these blocks, by the summaries, can have a bit that is met.
    std::uint64_t live(const Chosen& chosen, std::uint64_t blocks, std::size_t word) const {
        for (const Chosen::Whole& field : chosen.whole)
            blocks &= field.certain[blocks_ * kBlockWords + word];
        return blocks;
    }

    /// Which of these bits of a block are met for certain.
    Words meets(const Chosen& chosen, Words bits, std::size_t block) const {
        const std::size_t first = block * kBlockWords;
        for (const Chosen::Whole& field : chosen.whole)
            keep(bits, field.certain + first);
        for (const Chosen::Packed& field : chosen.packed)
            keep(bits, field.rows->block_row(chosen.row_of_block[field.first + block]));
        for (std::size_t set = 0; set < sets_.size(); ++set)
            keep(bits, by_set(chosen, set, sets_[set].unknown_certain, first).data());
        return bits;
    }

    /// Of the bits of a block: met for certain, false in a field or set, false in two of them or
    /// for good.
    struct Failures {
        Words met, once, for_good;
    };
    Failures failures(const Chosen& chosen, const Words& bits, std::size_t block) const;

  private:
    struct FieldRows {
        std::uint32_t slot;
        bool fixed;
        CodeRows whole;
        std::optional<PackedRows> packed; // where whole rows would be too large
    };
    /// Of bits that demand one element of a set, or its absence.
    struct SetRows {
        static constexpr std::uint32_t kNone = UINT32_MAX;

        std::uint32_t set, first_plane;
        bool fixed;
        // Known: (free | has[e] | ...) & ~(lacks[e] | ...) over the firm's elements e.
        std::uint32_t free, unknown_certain, unknown_possible; // rows
        std::vector<std::uint32_t> has, lacks;                 // rows by element, or kNone
    };

    static void keep(Words& words, const std::uint64_t* row) {
        for (std::size_t w = 0; w < words.size(); ++w)
            words[w] &= row[w];
    }
    const std::uint64_t* set_row(std::uint32_t row) const {
        return set_rows_.data() + std::size_t{row} * stride_;
    }
    /// What a set's rows say of a block; `if_unknown` is the row for an unknown set.
    Words by_set(const Chosen& chosen, std::size_t set, std::uint32_t if_unknown,
                 std::size_t first) const;
    void make_fields(const Schema& schema, const Program& program,
                     std::span<const LiteralSpan> bits, std::span<const std::uint32_t> sorted_by,
                     std::vector<std::uint8_t>& settled);
    void make_sets(const Schema& schema, const Program& program, std::span<const LiteralSpan> bits,
                   std::vector<std::uint8_t>& settled);

    std::size_t blocks_ = 0, stride_ = 0;
    AlignedVector<std::uint64_t> everyone_;
    std::vector<FieldRows> fields_;
    std::vector<SetRows> sets_;
    AlignedVector<std::uint64_t> set_rows_;
};

} // namespace qice
