// What a FirmQuery is made of: policies in an order of their own, and their rows.
//
// A policy's position is its bit in every row. Policies whose rules are about as large stand
// together, so that a block has no more terms than most of its policies need; these then by what
// they demand of the two fields that settle most (a place, then an industry), so that a firm's
// policies lie in few blocks. Rows tell what literals demand, layers what nodes do; few policies
// demand more.
#pragma once

#include "index/record_truth.hpp"
#include "kernels/kernels.hpp"
#include "match/conjunction_rows.hpp"
#include "match/rule_layers.hpp"
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

/// What is to be judged one by one of policies that rows and layers do not tell; those that demand
/// the same share it.
struct CheckList {
    std::uint32_t first, count; // into Index::checks
};

struct FirmQuery::Index {
    Index(SchemaPtr schema, std::span<const Policy> policies, Program program, Date day);

    std::size_t bytes() const;

    const Kernels* kernels; // chosen once, as choosing reads the environment
    SchemaPtr schema;
    Program program;
    RankKeys keys;
    RecordCoder coder;
    LiteralTable literals;
    Date as_of;
    TextColumn ids; // by number in the set
    std::size_t policies;

    std::vector<std::uint32_t> position_of; // by number in the set, or UINT32_MAX
    std::vector<std::uint32_t> places;      // by position: in Program::policies
    std::vector<Seat> seats;                // by position
    ConjunctionRows rows;                   // by position
    RuleLayers layers;                      // by position
    std::vector<std::uint32_t> check_of;    // by position: into check_lists
    std::vector<CheckList> check_lists;
    std::vector<Ref> checks;

    // Who may score other than a firm that shares nothing does: a row a tag, a row a when, and one
    // for what these do not say.
    std::vector<std::uint32_t> tag_row; // by tag, or kNone
    AlignedVector<std::uint64_t> tag_rows;
    AlignedVector<std::uint64_t> always_scored;
    std::vector<SeatPreference> preferences;
    std::vector<Ref> whens;                 // the most usual: found out first
    AlignedVector<std::uint64_t> when_rows; // who prefers each
    static constexpr std::size_t kMostWhens = 31;
    static constexpr std::uint32_t kNone = UINT32_MAX;

  private:
    std::vector<std::uint32_t> strongest_slots() const;
    void order_policies(const std::vector<std::uint32_t>& slots);
    void choose_whens();
    /// From 1; 0: not among the most usual.
    std::uint32_t number_of(Ref when) const;
    void make_rows(const std::vector<std::uint32_t>& sorted_by);
    void make_checks(const std::vector<std::uint8_t>& settled);
    void make_seats();
    void make_tag_rows();
    bool set_tags(const CompiledPolicy& policy, Seat& seat) const;
    std::uint16_t preference_of(const CompiledPolicy& policy);
};

} // namespace qice
