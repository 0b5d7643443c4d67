// The hot loops, compiled once per CPU level and chosen once at run time.
//
// Each level is one file that includes block_executor.inl under its own target; nothing else in
// qice depends on the CPU. $QICE_KERNELS = plain, avx2 or avx512 forces a level the CPU has.
#pragma once

#include "qice/base/bits.hpp"
#include "qice/index/program.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace qice {

/// The codes and planes of one block of firms, as the executor reads them.
struct BlockView {
    const std::uint8_t* const* codes; // a pointer a coded field
    const std::uint8_t* widths;       // bytes a code
    const BlockRow* planes;           // of set elements
    BlockRow valid;
};

/// What a rank class holds: policies (by place in the program) and the firms of the block.
struct BlockMatches {
    std::vector<std::uint32_t> policies;
    AlignedVector<BlockRow> firms;
    std::size_t size = 0;
};

/// needs_data falls into two: one fact away, and further.
enum RankClass : int { kEligible, kReview, kNeedsFact, kNeedsMore, kNear, kRankClasses };

/// What one thread needs to run a program over blocks; reused from block to block.
struct BlockScratch {
    explicit BlockScratch(const Program& program);

    std::uint32_t block = 0; // stamp: a row is valid if its stamp equals this
    std::vector<std::uint32_t> literal_stamps, node_stamps, unknown_stamps;
    AlignedVector<BlockRow> literal_rows; // certain, possible a literal
    AlignedVector<BlockRow> node_rows;    // five planes a node
    AlignedVector<BlockRow> unknown_rows; // a row a coded field
    BlockMatches matches[kRankClasses];
    std::vector<std::uint64_t> counts; // four statuses a policy, summed over blocks
};

struct BlockTask {
    const Program* program;
    BlockView view;
    const std::uint32_t* candidates; // places in Program::policies, ascending
    std::size_t candidate_count;
    bool all_planes;      // also needs_data and near
    std::uint32_t wanted; // bit c: fill matches[c]
};

struct Kernels {
    const char* name;
    /// Fills scratch.matches and adds to scratch.counts.
    void (*run_block)(const BlockTask& task, BlockScratch& scratch);
    /// The certain row of one node or literal in the block that run_block() saw last.
    const BlockRow* (*certain)(const BlockTask& task, BlockScratch& scratch, Ref ref);
    /// out[f * words + w], bit b = *rows[w * 64 + b], bit f: firm-major bits of `count` rows.
    void (*transpose)(const BlockRow* const* rows, std::size_t count, std::uint64_t* out,
                      std::size_t words);
    /// Merges `plain` (descending) and `scored` (in any order, none twice) and keeps the first
    /// `top` in `out`, descending; returns how many. For short lists: costs plain x scored.
    std::uint32_t (*merge_top)(const std::uint64_t* plain, std::uint32_t plain_count,
                               const std::uint64_t* scored, std::uint32_t scored_count,
                               std::uint32_t top, std::uint64_t* out);
};

/// merge_top() is quick up to about this many scored keys.
inline constexpr std::uint32_t kShortMerge = 48;

/// The level in use.
const Kernels& kernels();
/// The levels this CPU can run, the plainest first.
std::vector<const Kernels*> available_kernels();
/// The name that $QICE_KERNELS asks for but this CPU or build does not have; empty if all is well.
std::string_view unknown_kernels_request();

} // namespace qice
