// Hot loops over many blocks for one condition, as a single policy runs them; one table a CPU level.
//
// Where Kernels take one block and all policies, filters take one condition and all blocks that are
// still alive, so that a column is read once, from front to back.
#pragma once

#include "qice/base/bits.hpp"
#include "qice/index/cuts.hpp"

#include <cstdint>

namespace qice {

/// A condition on the codes of a field.
struct RangeFilter {
    const std::uint8_t* codes; // of the whole column, 64-byte aligned
    std::uint8_t width;        // bytes a code
    const FieldCuts::Range* ranges;
    std::uint32_t range_count;
    const std::uint64_t* asked; // a bit a block: only these are looked at, the others pass whole
};

struct Filters {
    /// rows[i] &= where the codes of block blocks[i] lie in a range. Drops what is left empty and
    /// returns how many blocks stay, in order, at the front of both arrays.
    std::uint32_t (*keep_in_ranges)(const RangeFilter& filter, std::uint32_t* blocks,
                                    BlockRow* rows, std::uint32_t count);
    /// Bits set in `count` rows.
    std::uint64_t (*count_firms)(const BlockRow* rows, std::size_t count);
    /// Writes the ranks of the firms in the rows whose rank is at most `last`; returns how many.
    /// `ranks` has one a position, 64-byte aligned; `out` has room for all firms of the rows.
    std::size_t (*ranks_up_to)(const std::uint32_t* ranks, const std::uint32_t* blocks,
                               const BlockRow* rows, std::size_t count, std::uint32_t last,
                               std::uint32_t* out);
    /// Writes which of `count` positions, all of one block, are in a row of it, ascending; returns
    /// how many. Writes up to kListedBehind more.
    std::uint32_t (*find_among)(const std::uint32_t* positions, std::uint32_t count,
                                const BlockRow& row, std::uint32_t* out);
};

struct Kernels;

/// Of the same level.
const Filters& filters_of(const Kernels& level);
/// Of the level that kernels() names.
const Filters& filters();

} // namespace qice
