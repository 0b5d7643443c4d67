// What a FirmQuery is made of: policies in an order of their own, and their rows.
//
// A policy's position is its bit in every row. Positions are grouped by what the policies demand of
// the two fields that settle most (a place, then an industry), so that a firm's policies lie in few
// blocks; behind the words of each row stand summary bits, one a block that has any policy at all.
#pragma once

#include "index/code_rows.hpp"
#include "index/record_truth.hpp"
#include "qice/match/firm_query.hpp"
#include "qice/model/firm.hpp"

#include <cstdint>
#include <vector>

namespace qice {

/// All that ranking a policy takes, in half a cache line.
struct alignas(32) Seat {
    static constexpr std::size_t kTags = 5;
    static constexpr std::uint16_t kLong = UINT16_MAX; // more than fits: see the program

    RankKey key; // of a firm that shares nothing
    std::uint16_t tag[kTags];
    std::int16_t weight[kTags]; // 0: no tag
    std::uint16_t preference;   // into Index::preferences; 0 is never true
};
static_assert(sizeof(Seat) == 32);

/// What a single preference adds where Index::whens[when - 1] is true.
struct SeatPreference {
    std::uint32_t when;
    Score add;

    bool operator==(const SeatPreference&) const = default;
};

/// What a policy demands beyond the rows; policies that demand the same share it.
struct CheckList {
    std::uint32_t first, count; // into Index::checks
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
    LiteralTable literals;
    TextColumn ids; // by number in the set
    std::size_t policies, blocks, stride;

    std::vector<std::uint32_t> position_of; // by number in the set, or UINT32_MAX
    std::vector<std::uint32_t> places;      // by position: in Program::policies
    std::vector<Seat> seats;                // by position
    std::vector<std::uint32_t> check_of;    // by position: into check_lists
    std::vector<CheckList> check_lists;
    std::vector<Ref> checks;
    AlignedVector<std::uint64_t> everyone; // a row
    AlignedVector<std::uint64_t> plain;    // a row: policies that the rows decide alone
    std::vector<Dimension> dimensions;     // the strongest first
    std::vector<SetRows> sets;
    AlignedVector<std::uint64_t> set_rows;

    // Who may score other than a firm that shares nothing does: a row a tag, a row a when, and one
    // for what these do not say.
    std::vector<std::uint32_t> tag_row; // by tag, or SetRows::kNone
    AlignedVector<std::uint64_t> tag_rows;
    AlignedVector<std::uint64_t> always_scored;
    std::vector<SeatPreference> preferences;
    std::vector<Ref> whens;                 // the most usual: found out first
    AlignedVector<std::uint64_t> when_rows; // who prefers each
    static constexpr std::size_t kMostWhens = 31;

  private:
    std::vector<std::uint32_t> strongest_slots() const;
    void order_policies(const std::vector<std::uint32_t>& slots);
    void choose_whens();
    /// From 1; 0: not among the most usual.
    std::uint32_t number_of(Ref when) const;
    void make_dimensions(const std::vector<std::uint32_t>& slots,
                         std::vector<std::uint8_t>& in_rows);
    void make_sets(std::vector<std::uint8_t>& in_rows);
    void make_checks(const std::vector<std::uint8_t>& in_rows);
    void make_seats();
    void make_tag_rows();
    bool set_tags(const CompiledPolicy& policy, Seat& seat) const;
    std::uint16_t preference_of(const CompiledPolicy& policy);
    void summarise(std::uint64_t* row) const;
};

} // namespace qice
