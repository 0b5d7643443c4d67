// Rows of bits, a bit a conjunction of literals: which of many conjunctions one firm meets.
//
//   ConjunctionRows rows(schema, program, spans, settled);     once
//   rows.choose(coded, chosen);                                once a firm
//   rows.choose_blocks(chosen, block, 1);                      for each block of 512 bits
//   ... kernels().meet_rows(...) of rows.view(chosen) ...
//
// For each coded field there are rows by code, for each set rows by element; those that a firm
// chooses are ANDed, so that a bit stands for all its literals at once. Behind the words of each
// row stand summary bits, one a block that has any bit at all. What would take too much memory is
// left out: `settled` says which literals the rows tell.
//
// Immutable once built; any number of threads may choose, each with rows of its own. Choosing costs
// a look-up a field, and a step a block where a field's rows are packed; a block costs an AND of 64
// bytes for each field, set and element of the firm that it asks about.
#pragma once

#include "index/code_rows.hpp"
#include "index/record_coder.hpp"
#include "kernels/policy_task.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace qice {

/// Literals that stand side by side in an array of refs.
struct LiteralSpan {
    std::uint32_t first = 0, literals = 0;
};

/// A conjunction of literals for each bit.
struct Conjunctions {
    std::span<const Ref> refs;
    std::span<const LiteralSpan> of_bit; // in refs

    std::size_t size() const { return of_bit.size(); }
};

class ConjunctionRows {
  public:
    ConjunctionRows() = default;
    /// `sorted_by` are the slots in whose order the bits stand: there a summary drops many blocks.
    /// `settled`, by place in `bits.refs`, is set for each literal that the rows tell.
    ConjunctionRows(const Schema& schema, const Program& program, const Conjunctions& bits,
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
        struct Packed {
            const PackedRows* rows;
            std::uint32_t code;
            std::size_t first; // into row_of_block
        };
        std::vector<ChosenRows::Part> parts;         // fields, then sets
        std::vector<Packed> packed;                  // fields whose value is known
        std::vector<std::uint32_t> row_of_block;     // of these
        std::vector<ChosenRows::Elements> sets;      // that are known
        std::vector<ChosenRows::Demand> demands;     // of these
        std::vector<const std::uint64_t*> elements;  // rows of the firm's, for each of these
        std::vector<const std::uint64_t*> summaries; // of fields
    };
    void choose(const CodedRecord& firm, Chosen& chosen) const;
    /// Before these blocks are asked about.
    void choose_blocks(Chosen& chosen, std::size_t first, std::size_t blocks) const {
        for (const Chosen::Packed& field : chosen.packed)
            field.rows->choose(field.code, first, blocks, chosen.row_of_block.data() + field.first);
    }
    ChosenRows view(const Chosen& chosen) const {
        return {chosen.parts.data(), asked_.data(), first_asked_.data()};
    }

    /// Which of these blocks, by the summaries, can have a bit that is met.
    std::uint64_t live(const Chosen& chosen, std::uint64_t blocks, std::size_t word) const {
        for (const std::uint64_t* summary : chosen.summaries)
            blocks &= summary[word];
        return blocks;
    }

  private:
    struct FieldRows {
        std::uint32_t slot;
        bool fixed;
        CodeRows whole;
        std::optional<PackedRows> packed; // where whole rows would be too large
    };
    /// What one literal of each bit demands of a set.
    struct SetRows {
        static constexpr std::uint32_t kNone = UINT32_MAX;
        /// The n-th "has one of" of each bit: who is free of it, or has one of the firm's elements.
        struct Demand {
            std::uint32_t free;             // row of those that have none
            std::vector<std::uint32_t> has; // rows by element, or kNone
        };

        std::uint32_t set, first_plane;
        bool fixed;
        std::uint32_t unknown_certain, unknown_possible; // rows
        std::vector<Demand> demands;                     // all of them are to be met
        std::vector<std::uint32_t> lacks; // rows by element, or kNone: not with this one
    };

    const std::uint64_t* set_row(std::uint32_t row) const {
        return set_rows_.data() + std::size_t{row} * stride_;
    }
    ChosenRows::Part part_of(const FieldRows& rows, const CodedRecord& firm, Chosen& chosen) const;
    struct Room { // in a Chosen, as far as it is free
        ChosenRows::Elements* sets;
        ChosenRows::Demand* demands;
        const std::uint64_t** elements;
    };
    ChosenRows::Part part_of(const SetRows& rows, const CodedRecord& firm, Room& room) const;
    /// Notes that a bit asks about the part that is made next.
    void ask(std::size_t bit);
    void list_asked();
    void make_fields(const Schema& schema, const Program& program, const Conjunctions& bits,
                     std::span<const std::uint32_t> sorted_by, std::vector<std::uint8_t>& settled);
    void make_sets(const Schema& schema, const Program& program, const Conjunctions& bits,
                   std::vector<std::uint8_t>& settled);
    struct NthLiteral {
        std::uint32_t set;
        std::size_t n; // of a bit's literals on it that rows can tell
    };
    bool make_set(const Schema& schema, const Program& program, const Conjunctions& bits,
                  const NthLiteral& wanted, std::size_t most_rows,
                  std::vector<std::uint8_t>& settled);
    std::uint32_t add_set_row(bool filled);
    void add_demand(SetRows& rows, std::size_t demand, std::size_t bit,
                    std::span<const std::uint32_t> planes);
    void mark(std::vector<std::uint32_t>& row_of_element, std::uint32_t first_plane,
              std::span<const std::uint32_t> planes, std::size_t bit);
    void add_literal(SetRows& rows, const Program& program, const Literal& literal,
                     std::size_t bit);
    std::uint64_t& set_word(std::uint32_t row, std::size_t bit) {
        return set_rows_[std::size_t{row} * stride_ + bit / 64];
    }

    std::size_t blocks_ = 0, stride_ = 0;
    AlignedVector<std::uint64_t> everyone_;
    std::vector<std::vector<std::uint16_t>> asked_of_block_; // while it is made
    std::vector<std::uint16_t> asked_;                       // parts, block by block
    std::vector<std::uint32_t> first_asked_;                 // by block
    std::vector<FieldRows> fields_;
    std::vector<SetRows> sets_;
    AlignedVector<std::uint64_t> set_rows_;
    std::size_t demands_ = 0; // of all sets
};

} // namespace qice
