// The firms of one policy and class out of rows of bits: the first K, score descending, then id
// (BestFirms); or all of them in no order (take_all).
//
// Only firms that follow a tag of the policy are scored one by one, off the tags' postings. All
// others of a row have one score, and of these only the least ids matter: their ranks are compared
// in bulk to a bound that a sample gives. A firm is one integer: firm_keys.hpp.
#pragma once

#include "kernels/filters.hpp"
#include "match/bound_policy.hpp"
#include "match/firm_keys.hpp"
#include "match/score_floors.hpp"
#include "qice/index/id_order.hpp"
#include "qice/index/tag_postings.hpp"

#include <cstdint>
#include <vector>

namespace qice {

/// Firms of one class: rows of blocks, ascending, each with what preferences add to the score. A
/// block may stand several times, with disjoint rows.
struct SelectedFirms {
    std::vector<std::uint32_t> blocks;
    AlignedVector<BlockRow> rows;
    std::vector<Score> added;

    void clear() {
        blocks.clear();
        rows.clear();
        added.clear();
    }
    void add(std::uint32_t block, const BlockRow& row, Score more) {
        blocks.push_back(block);
        rows.push_back(row);
        added.push_back(more);
    }
};

/// What a policy's tags add to the scores of those who follow them.
class TagScores {
  public:
    /// From now on those of this policy; `postings` are of `firms`.
    void take_tags(const Program& policy, const TagPostings& postings, const FirmTable& firms);
    /// Takes the firms that follow a tag out of the rows:
    /// take(position, more), `more` being what preferences and tags add to the score.
    template <class Take>
    void take_followers(SelectedFirms& firms, const Filters& filters, const Take& take);

  private:
    /// Into `affinity_`; who of `among` follows any tag.
    BlockRow followers(std::uint32_t block, const BlockRow& among, const Filters& filters);

    struct Tag {
        TagPostings::List firms;
        Score weight; // thousandths
    };
    std::vector<Tag> tags_;       // that somebody follows
    Score affinity_[kBlockFirms]; // of the followers
};

/// How take_all() tells firms.
struct TakeAll {
    const FirmIndex& index;
    bool positions;            // of the index, in place of rows of the table
    const ScoreFloors* floors; // null: of every firm
    const Filters& filters;
};
/// Appends all of `firms`, in no order, but for most of those that their floor excludes; the rows
/// of `firms` are used up.
void take_all(SelectedFirms& firms, const BoundPolicy::Parts& policy, const TakeAll& how,
              TagScores& tags, std::vector<Push>& out);

template <class Key> class BestFirms {
  public:
    /// Appends the first `top` of `firms` to `out`; the rows of `firms` are used up.
    void select(SelectedFirms& firms, std::uint32_t top, const BoundPolicy::Parts& policy,
                const IdOrder& ids, const Filters& filters, TagScores& tags,
                std::vector<Push>& out);

  private:
    void add_followers(SelectedFirms& firms, TagScores& tags);
    void add_others(SelectedFirms& firms);
    void add_equals(const SelectedFirms& firms, Key base, std::size_t wanted);
    std::uint32_t bound_for(const SelectedFirms& firms, std::size_t wanted, std::uint64_t count);

    const IdOrder* ids_ = nullptr;
    const Filters* filters_ = nullptr;
    std::size_t top_ = 0;
    Score prior_ = 0;
    FirmKeyForm<Key> form_{};
    LeastKeys<Key> best_;
    std::vector<Key> spare_;
    std::vector<std::uint32_t> ranks_, order_, sample_;
    SelectedFirms equals_; // those of one score
};

} // namespace qice
