// What a FirmQuery is made of: policies in an order of their own, and their rows.
//
// A policy's position is its bit in every row. Positions are grouped by what the policies demand of
// the two fields that settle most (a place, then an industry), so that a firm's policies lie in few
// blocks; behind the words of each row stand summary bits, one a block that has any policy at all.
#pragma once

#include "index/code_rows.hpp"
#include "index/record_coder.hpp"
#include "qice/match/firm_query.hpp"
#include "qice/model/firm.hpp"

#include <cstdint>
#include <vector>

namespace qice {

/// Where a literal's truth stands: a bit of the literal row of its slot.
struct LiteralPlace {
    std::uint32_t slot;
    std::uint32_t bit;
};

/// All that ranking a policy takes, in one cache line. Policies with more tags or preferences, or
/// with preferences that are no plain condition, are `is_long` and looked up in the program.
struct alignas(64) Seat {
    static constexpr std::size_t kTags = 4;

    RankKey key; // of a firm that shares nothing
    Score add;   // if `preference` is true
    std::uint32_t tag[kTags];
    std::int32_t weight[kTags];
    std::uint32_t preference; // a literal that has a place
    std::uint32_t first_check, checks;
    std::uint32_t place : 31;
    std::uint32_t is_long : 1;
};

/// Rows of policies that demand one element of a set, or its absence.
struct SetRows {
    static constexpr std::uint32_t kNone = UINT32_MAX;

    std::uint32_t set;
    bool fixed;
    // Known: (free | has[e] | ...) & ~(lacks[e] | ...) over the firm's elements e.
    std::uint32_t free, unknown_certain, unknown_possible; // rows
    std::vector<std::uint32_t> has, lacks;                 // rows by element, or kNone
};

struct FirmQuery::Index {
    Index(SchemaPtr schema, std::span<const Policy> policies, Program program, Date as_of);

    struct Dimension {
        std::uint32_t slot;
        bool fixed;
        CodeRows rows;
    };

    const std::uint64_t* set_row(std::uint32_t row) const {
        return set_rows.data() + std::size_t{row} * stride;
    }
    std::size_t bytes() const;

    SchemaPtr schema;
    Program program;
    RankKeys keys;
    RecordCoder coder;
    TextColumn ids; // by number in the set
    std::size_t policies, blocks, stride;

    std::vector<std::uint32_t> position_of; // by number in the set, or UINT32_MAX
    std::vector<Seat> seats;                // by position
    std::vector<Ref> checks;                // what a policy demands beyond the rows
    AlignedVector<std::uint64_t> everyone;  // a row
    AlignedVector<std::uint64_t> plain;     // a row: policies that the rows decide alone
    std::vector<Dimension> dimensions;      // the strongest first
    std::vector<SetRows> sets;
    AlignedVector<std::uint64_t> set_rows;

    std::vector<LiteralPlace> literals; // and one more that is never true
    std::vector<CodeRows> literal_rows; // by slot; empty where too large
    std::vector<std::uint8_t> literal_false; // by slot: what a false literal is worth

  private:
    std::vector<std::uint32_t> strongest_slots() const;
    std::vector<std::uint32_t> order_policies(const std::vector<std::uint32_t>& slots) const;
    void place_literals();
    void make_dimensions(const std::vector<std::uint32_t>& slots,
                         const std::vector<std::uint32_t>& places,
                         std::vector<std::uint8_t>& in_rows);
    void make_sets(const std::vector<std::uint32_t>& places, std::vector<std::uint8_t>& in_rows);
    void make_seats(const std::vector<std::uint32_t>& places,
                    const std::vector<std::uint8_t>& in_rows);
    Seat seat_of(std::uint32_t place) const;
    void summarise(std::uint64_t* row) const;
};

/// A literal's or node's five planes as bits of one byte.
inline constexpr std::uint8_t kCertain = 1, kConfirmed = 2, kPossible = 4, kNearly = 8, kFact = 16,
                              kTrue = 31;

} // namespace qice
