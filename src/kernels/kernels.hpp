// The hot loops, compiled once per CPU level and chosen once at run time.
//
// Each level is one file that includes block_executor.inl under its own target; nothing else in
// qice depends on the CPU. $QICE_KERNELS = plain, avx2 or avx512 forces a level the CPU has.
#pragma once

#include "kernels/policy_task.hpp"
#include "kernels/range_rows.hpp"
#include "kernels/rank_task.hpp"
#include "qice/base/bits.hpp"
#include "qice/index/program.hpp"

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace qice {

/// The codes and planes of one block of firms, as the executor reads them.
struct BlockView {
    const std::uint8_t* const* codes; // a pointer a coded field
    const std::uint8_t* widths;       // bytes a code
    const BlockRow* planes;           // of set elements
    BlockRow valid;
    const BlockRow* unions = nullptr; // of set elements; without them planes are united one by one
};

/// What a rank class holds: policies (by place in the program) and the firms of the block.
struct BlockMatches {
    std::vector<std::uint32_t> policies;
    AlignedVector<BlockRow> firms;
    std::size_t size = 0;
};

/// needs_data falls into two: one fact away, and further.
enum RankClass : int { kEligible, kReview, kNeedsFact, kNeedsMore, kNear, kRankClasses };

/// How many literals of a field were asked for in a block, those that are looked up apart. At the
/// `many`-th all of them are computed at once.
struct AskedOfField {
    std::uint32_t ranges = 0, many_ranges = UINT32_MAX;
    std::uint32_t lookups = 0, many_lookups = UINT32_MAX;
};

/// What one thread needs to run a program over blocks; reused from block to block, and for another
/// program after fit() to it. A bit of `wanted` is a class that matches may be asked of.
struct BlockScratch {
    static constexpr std::uint32_t kAllClasses = (1u << kRankClasses) - 1;

    BlockScratch() = default;
    explicit BlockScratch(const Program& program, std::uint32_t wanted = kAllClasses) {
        fit(program, wanted);
    }
    void fit(const Program& program, std::uint32_t wanted = kAllClasses);

    std::uint32_t block = 0; // stamp: a row is valid if its stamp equals this
    std::vector<std::uint32_t> literal_stamps, node_stamps, field_stamps;
    AlignedVector<BlockRow> certain_rows;    // of literals
    AlignedVector<BlockRow> possible_rows;   // of literals, where needs_data and near are wanted
    AlignedVector<BlockRow> node_rows;       // five planes a node; only of shared ones in use
    AlignedVector<BlockRow> unknown_rows;    // of coded fields
    std::vector<AskedOfField> asked;         // in this block
    std::vector<RangeRows> range_rows;       // of coded fields, where many literals are asked for
    std::vector<std::uint32_t> range_stamps; // the block that they are of
    AlignedVector<BlockRow> looked_up;       // in one table
    AlignedVector<BlockRow> left;            // to the policies of a shape by their lone literals
    BlockMatches matches[kRankClasses];
    std::vector<std::uint64_t> counts; // four statuses a policy, summed over blocks
};

struct BlockTask {
    const Program* program;
    BlockView view;
    const std::uint64_t* candidates; // a bit a place in Program::policies
    bool all_planes;                 // also needs_data and near
    std::uint32_t wanted;            // bit c: fill matches[c]
};

/// Kernels::list_bits() writes up to so many numbers more.
inline constexpr std::uint32_t kListedBehind = 4;

struct Kernels {
    const char* name;
    std::uint32_t most_short_key; // the greatest key of 32 bits that it can compare
    /// Fills scratch.matches and adds to scratch.counts.
    void (*run_block)(const BlockTask& task, BlockScratch& scratch);
    /// The certain row of one node or literal in the block that run_block() saw last.
    const BlockRow* (*certain)(const BlockTask& task, BlockScratch& scratch, Ref ref);
    /// Takes out of `second` the firms that `top` policies of `first` match, who need no more, and
    /// the policies that match nobody else.
    void (*take_out_full)(const BlockMatches& first, BlockMatches& second, std::uint32_t top);
    // entries.inl:
    std::size_t (*list_bits)(const std::uint64_t* words, std::size_t word_count,
                             std::uint32_t* out);
    unsigned (*split_row)(const BlockRow& row, const BlockRow& by, BlockRow& inside,
                          BlockRow& outside);
    void (*lay_out_carriers)(const std::uint64_t* masks, std::size_t mask_words,
                             std::size_t row_words, std::uint64_t* carriers);
    /// The first `top` keys of each firm: ranges tell where in `out` each firm's stand, best first.
    /// `out` has room for all and kKeySlack keys more; returns how many keys were written.
    std::size_t (*rank_narrow)(const RankTask<std::uint32_t>& task,
                               RankScratch<std::uint32_t>& scratch, std::uint32_t* out,
                               const KeyRanges& ranges);
    std::size_t (*rank_wide)(const RankTask<std::uint64_t>& task,
                             RankScratch<std::uint64_t>& scratch, std::uint64_t* out,
                             const KeyRanges& ranges);
    /// One firm: what literals say of the policies of a block that are `open`, false if nothing can
    /// come of any; and then, where blocks[block] has nodes or a person judges, the rest of them.
    bool (*meet_rows)(const PolicyTask& task, std::size_t block, const BlockRow& open,
                      PolicyPlanes& out);
    void (*meet_layers)(const PolicyTask& task, std::size_t block, PolicyPlanes& out);
};

/// The level in use.
const Kernels& kernels();
/// The levels this CPU can run, the plainest first.
std::vector<const Kernels*> available_kernels();
/// The name that $QICE_KERNELS asks for but this CPU or build does not have; empty if all is well.
std::string_view unknown_kernels_request();

} // namespace qice
