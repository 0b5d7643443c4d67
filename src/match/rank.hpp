// Ranking within one block of firms: exact scores, the first K of each firm.
//
// Policies come in prior order. A firm's pairs that share no tag and may have no preference keep
// that order, so their first K are read off; only the others are scored one by one. A firm's row of
// policy bits comes from transposing the block's rows.
#pragma once

#include "kernels/kernels.hpp"
#include "qice/match/matcher.hpp"

#include <cstdint>
#include <functional>
#include <vector>

namespace qice {

class BlockRanker {
  public:
    BlockRanker(const Program& program, const TagMatrix& tags,
                const std::vector<std::uint32_t>& id_rank);

    /// The rows of the preferences of a policy in this block: where each is certain.
    using PreferenceRows = std::function<const BlockRow*(std::uint32_t preference)>;

    /// Ranks the pairs of one class and appends each firm's first `top` (less what `taken` says it
    /// has) to `out`, as places in Program::policies; `taken` is raised accordingly.
    void rank(const BlockMatches& matches, std::size_t first_position, std::size_t firms,
              std::uint32_t top, const PreferenceRows& preference_rows,
              std::vector<std::uint32_t>& taken, std::vector<std::vector<Push>>& out);

    /// The score of one pair; the firm's tag weights must have been spread by load_tags().
    Score score(std::uint32_t place, std::size_t bit, const PreferenceRows& preference_rows) const;
    void load_tags(std::size_t position);
    void drop_tags(std::size_t position);

  private:
    void mark_scored(const BlockMatches& matches, std::size_t words);
    void rank_firm(const std::uint64_t* pairs, const BlockMatches& matches, std::size_t position,
                   std::size_t bit, std::uint32_t top, const PreferenceRows& preference_rows,
                   std::vector<Push>& out);
    bool before(const Push& a, const Push& b) const {
        return a.score != b.score ? a.score > b.score : id_rank_[a.other] < id_rank_[b.other];
    }

    const Program& program_;
    const TagMatrix& tags_;
    const std::vector<std::uint32_t>& id_rank_;
    std::vector<std::int32_t> weights_;   // of the firm at hand, a tag
    std::vector<std::uint64_t> bits_;     // 512 firms x words
    std::vector<std::uint64_t> with_tag_; // a row of matches a tag
    std::vector<std::uint64_t> with_preference_;
    std::size_t words_ = 0;
    std::vector<std::uint64_t> scored_row_;
    std::vector<Push> scored_;
};

} // namespace qice
