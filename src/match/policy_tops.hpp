// The first K firms of every policy, out of blocks of firms in which all policies were matched.
//
// A policy holds the least keys so far (firm_keys.hpp) and, once it has K, a bar for what comes.
// The firms of a block that share no tag with it have one score, or a few by its preferences; which
// of their ranks by id pass the bar is found for all 512 at once. Those that share a tag are scored
// one by one, unless the bar is out of their reach. Some 0.1 us a policy and block; memory: up to 16
// bytes a firm that is wanted, a policy and class.
#pragma once

#include "kernels/filters.hpp"
#include "match/firm_keys.hpp"
#include "match/pieces.hpp"
#include "match/rank.hpp"
#include "qice/index/id_order.hpp"
#include "qice/index/tags.hpp"
#include "qice/match/matcher.hpp"

#include <cstdint>
#include <vector>

namespace qice {

/// Who follows what in a block of firms.
class BlockFollowers {
  public:
    explicit BlockFollowers(const TagMatrix& firm_tags);

    /// The block's firms are [first, first + firms) of the index.
    void take(std::size_t first, std::size_t firms);

    struct Tag {
        BlockRow firms;
        std::int16_t weights[kBlockFirms]; // in thousandths, by firm; 0 where it does not follow
    };
    const Tag& operator[](std::uint32_t tag) const { return tags_[number_of_[tag]]; }

  private:
    template <class Set> void for_each(const Set& set) const;

    const TagMatrix& firm_tags_;
    std::size_t first_ = 0, firms_ = 0;
    std::vector<std::uint32_t> number_of_; // of a tag, in tags_; 0: nobody follows it
    std::vector<std::uint32_t> met_;       // tags that somebody follows
    AlignedVector<Tag> tags_;
};

template <class Key> class PolicyTops {
  public:
    PolicyTops(const Program& program, const TagMatrix& firm_tags, const IdOrder& ids,
               std::uint32_t top);

    /// What is taken from now on are matches of this block.
    void take_firms(std::uint32_t block, std::size_t firms);
    void take(RankClass rank_class, const BlockMatches& matches, const PreferenceRows& preferences);

    /// How many firms of a policy are kept in a class: no fewer than can be among its first.
    std::size_t found(RankClass rank_class, std::uint32_t place) {
        return best(rank_class, place).keys.size();
    }
    /// Takes over what another has of a policy in a class.
    void merge(PolicyTops& other, RankClass rank_class, std::uint32_t place);
    /// A policy's first firms in a class, at most so many, best first; `spare` is working memory.
    const std::vector<Key>& first(RankClass rank_class, std::uint32_t place, std::size_t most,
                                  std::vector<Key>& spare);
    /// A firm of these: its row and score.
    Push push(std::uint32_t place, Key key) const {
        return {ids_.row_at(forms_[place].rank(key)), forms_[place].score(key)};
    }

  private:
    /// A tag of the policy at hand.
    struct CarriedTag {
        const BlockFollowers::Tag* followers;
        std::int64_t weight;
    };
    /// Who of the firms at hand shares a tag with the policy at hand, or two and more.
    struct Sharing {
        BlockRow one, two;
    };
    Sharing look_at_tags(const CompiledPolicy& policy);
    void take_piece(LeastKeys<Key>& best, const FirmKeyForm<Key>& form, Score score,
                    const BlockRow& firms, const Sharing& sharing);
    void add(LeastKeys<Key>& best, Key key) {
        best.keys.push_back(key);
        if (best.keys.size() >= 2 * top_) best.keep(top_);
    }
    LeastKeys<Key>& best(RankClass rank_class, std::uint32_t place) {
        return best_[rank_class * forms_.size() + place];
    }

    const Program& program_;
    const IdOrder& ids_;
    const Filters& filters_ = filters();
    const std::size_t top_;
    std::vector<FirmKeyForm<Key>> forms_; // by place
    std::vector<LeastKeys<Key>> best_;    // by class and place
    BlockFollowers followers_;
    std::uint32_t block_ = 0;
    std::vector<CarriedTag> carried_;
    std::vector<Piece> pieces_;
    std::uint32_t ranks_[kBlockFirms];
};

} // namespace qice
