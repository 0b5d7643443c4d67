// Ranking within one block of firms: the first K of each firm by exact keys.
//
// The block's matches are put in key order and transposed, so that a firm has one row of bits, best
// first. Pairs that share no tag keep that order: the first K are read off. Only pairs that share a
// tag are scored, and merged in. No heap, no pair looked at twice.
#pragma once

#include "kernels/kernels.hpp"
#include "qice/index/tags.hpp"
#include "qice/match/rank_keys.hpp"

#include <cstdint>
#include <vector>

namespace qice {

/// Where a preference is certain in the block at hand.
class PreferenceRows {
  public:
    PreferenceRows(const Kernels& kernels, const BlockTask& task, BlockScratch& scratch)
        : kernels_(kernels), task_(task), scratch_(scratch) {}
    const BlockRow& operator[](std::uint32_t preference) const {
        return *kernels_.certain(task_, scratch_, task_.program->preferences[preference].when);
    }

  private:
    const Kernels& kernels_;
    const BlockTask& task_;
    BlockScratch& scratch_;
};

/// The matches of one class in a block, in key order and firm-major.
class RankedBlock {
  public:
    RankedBlock(const Program& program, const RankKeys& keys);

    void prepare(const BlockMatches& matches, const PreferenceRows& preferences,
                 const Kernels& kernels);
    std::size_t entries() const { return keys_.size(); }

  private:
    friend class FirmRanker;

    void split(const BlockMatches& matches, const PreferenceRows& preferences);
    void add_entry(std::uint32_t place, const RankKeys::Variant& variant, const BlockRow* row);
    void sort_entries();
    void mark_tags();

    const Program& program_;
    const RankKeys& rank_keys_;

    struct Slot { // of a variant, while the entries are put in order
        std::uint32_t place;
        const BlockRow* row;
        RankKey key;
    };
    std::vector<Slot> slots_;            // by order
    std::vector<std::uint64_t> present_; // which orders
    AlignedVector<BlockRow> split_rows_; // rows that a preference cut in two
    std::size_t split_count_ = 0;

    std::vector<RankKey> keys_; // of the entries, descending
    std::vector<std::uint32_t> places_;
    std::vector<const BlockRow*> rows_;
    std::size_t words_ = 0;
    std::vector<std::uint64_t> bits_;   // 512 firms x words
    std::vector<std::uint64_t> singly_; // entries whose preferences are scored pair by pair
    bool any_singly_ = false;
    std::vector<std::uint32_t> tag_row_; // of each tag: its row in tag_bits_, or kNoRow
    std::vector<std::uint32_t> tags_marked_;
    std::vector<std::uint64_t> tag_bits_;  // entries that carry a tag
    std::vector<std::uint32_t> first_tag_; // of each entry, into entry_tags_
    std::vector<CompiledTag> entry_tags_;  // side by side, as scoring walks over them
    static constexpr std::uint32_t kNoRow = UINT32_MAX;
};

/// Ranks firm after firm.
class FirmRanker {
  public:
    FirmRanker(const Program& program, const RankKeys& keys, const TagMatrix& tags,
               const Kernels& kernels)
        : program_(program), keys_(keys), tags_(tags), kernels_(kernels),
          weights_(program.tag_names.size()) {}

    /// Makes the firm at a position the one at hand.
    void begin(std::size_t position);
    void end();

    /// Writes the first `top` keys of the firm at hand (bit of the block), best first; returns how
    /// many. `out` has room for min(top, entries).
    std::uint32_t rank(const RankedBlock& block, std::size_t bit, std::uint32_t top,
                       const PreferenceRows& preferences, RankKey* out);

    /// What shared tags add to the score of a policy for the firm at hand.
    Score affinity(std::uint32_t place) const {
        const CompiledPolicy& policy = program_.policies[place];
        const CompiledTag* const tags = program_.tags.data() + policy.first_tag;
        return affinity(tags, tags + policy.tags);
    }
    /// What its true preferences add.
    Score preferred(std::uint32_t place, std::size_t bit, const PreferenceRows& preferences) const;

  private:
    /// Thousandths times thousandths: millionths.
    Score affinity(const CompiledTag* tag, const CompiledTag* end) const {
        Score sum = 0;
        for (; tag != end; ++tag)
            sum += std::int64_t{tag->weight} * weights_[tag->tag];
        return sum;
    }
    static std::uint32_t read_off(const RankedBlock& block, const std::uint64_t* pairs,
                                  const std::uint64_t* left_out, std::uint32_t top, RankKey* out);
    std::uint32_t merge(std::uint32_t plain, std::uint32_t top, RankKey* out);

    const Program& program_;
    const RankKeys& keys_;
    const TagMatrix& tags_;
    const Kernels& kernels_;
    std::vector<std::int32_t> weights_; // of the firm at hand, by tag
    std::vector<std::uint32_t> firm_tags_;
    std::vector<std::uint64_t> scored_bits_;
    std::vector<RankKey> scored_, plain_;
};

} // namespace qice
