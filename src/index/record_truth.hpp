// What one coded firm makes true: literals and nodes of a program, five planes each.
//
//   LiteralTable literals(program);          once
//   RecordTruth truth(program, literals);    one a thread
//   truth.begin(coded); if (truth.planes(ref) & kCertain) ...
//
// Most literals are one bit of a row that (field, code) chooses; nodes and the other literals are
// worked out on first use and remembered for the firm at hand.
#pragma once

#include "index/code_rows.hpp"
#include "index/record_coder.hpp"

#include <cstdint>
#include <vector>

namespace qice {

/// The planes of a literal or node, see program.hpp, as bits of one byte.
inline constexpr std::uint8_t kCertain = 1, kConfirmed = 2, kPossible = 4, kNearly = 8, kFact = 16,
                              kTrue = 31;

/// The literals of each field as bits of rows by code.
class LiteralTable {
  public:
    explicit LiteralTable(const Program& program);

    /// Where a literal's truth stands; without a place it is tested when asked for.
    struct Place {
        std::uint32_t slot = UINT32_MAX;
        std::uint32_t bit = 0;

        bool exists() const { return slot != UINT32_MAX; }
    };
    const Place& place(std::uint32_t literal) const { return places_[literal]; }
    /// Of a field; empty where rows would be too large.
    const CodeRows& rows(std::uint32_t slot) const { return rows_[slot]; }
    std::uint32_t slots() const { return static_cast<std::uint32_t>(rows_.size()); }
    /// The planes of a false literal of a field.
    std::uint8_t if_false(std::uint32_t slot) const { return if_false_[slot]; }
    std::size_t bytes() const;

  private:
    std::vector<Place> places_;
    std::vector<CodeRows> rows_;
    std::vector<std::uint8_t> if_false_;
};

class RecordTruth {
  public:
    RecordTruth(const Program& program, const LiteralTable& literals);

    /// Takes a firm, which must stay as it is while it is asked about. With `near_too` all planes
    /// are asked for; else certain and confirmed ones, and in tables of points what is possible:
    /// then the others mean nothing. True where memos that others keep by stamp() must be cleared:
    /// that is once in 16 million times.
    bool begin(const CodedRecord& coded, bool near_too);
    /// Of the firm at hand; below 2^24, never 0.
    std::uint32_t stamp() const { return stamp_; }

    std::uint8_t planes(Ref ref) {
        return (ref & kLiteralBit) != 0 ? literal(ref & ~kLiteralBit) : node(ref);
    }
    /// The planes of a conjunction; stops where none of the needed ones can come of it.
    std::uint8_t judge(const Ref* refs, std::size_t count, std::uint8_t needed);

  private:
    std::uint8_t literal(std::uint32_t number) {
        const LiteralTable::Place place = literals_.place(number);
        if (!place.exists()) return literal_without_place(number);
        const auto bit = [&](const std::uint64_t* row) {
            return row[place.bit / 64] >> (place.bit % 64) & 1;
        };
        if (bit(certain_[place.slot])) return kTrue;
        if (bit(possible_[place.slot])) return kPossible | kFact;
        return literals_.if_false(place.slot);
    }
    std::uint8_t literal_without_place(std::uint32_t number);
    std::uint8_t test_ranges(const Literal& literal) const;
    std::uint8_t test_elements(const Literal& literal) const;
    bool passes(const ElementTest& test) const;
    std::uint8_t worth(const Literal& literal, bool known, bool holds) const;
    std::uint8_t node(Ref ref) {
        if (node_memo_[ref] >> 8 != stamp_) {
            const std::uint32_t value = compute(program_.nodes[ref]);
            node_memo_[ref] = stamp_ << 8 | value;
        }
        return static_cast<std::uint8_t>(node_memo_[ref]);
    }
    std::uint8_t compute(const GraphNode& node);
    /// Which planes of a node are asked for: the least one of those that imply one another.
    std::uint8_t needed_of(const GraphNode& node) const;
    std::uint8_t at_least(const GraphNode& node);
    std::uint8_t points(const GraphNode& node);

    const Program& program_;
    const LiteralTable& literals_;
    const CodedRecord* coded_ = nullptr;
    bool near_too_ = true;
    std::uint32_t stamp_ = 0;
    std::vector<std::uint32_t> literal_memo_, node_memo_;  // stamp x 256 + planes
    std::vector<const std::uint64_t*> certain_, possible_; // by slot: rows of literals
};

} // namespace qice
