#include "match/policy_tops.hpp"

#include <algorithm>

namespace qice {

// ------------------------------------------------------------------------------ BlockFollowers

BlockFollowers::BlockFollowers(const TagMatrix& firm_tags)
    : firm_tags_(firm_tags), number_of_(static_cast<std::size_t>(firm_tags.cols())), tags_(1) {}

/// set(tag, firm of the block, weight) for all of the block.
template <class Set> void BlockFollowers::for_each(const Set& set) const {
    const auto* const starts = firm_tags_.outerIndexPtr() + first_;
    for (std::size_t firm = 0; firm < firms_; ++firm)
        for (std::int64_t i = starts[firm]; i < starts[firm + 1]; ++i)
            set(static_cast<std::uint32_t>(firm_tags_.innerIndexPtr()[i]), firm,
                static_cast<std::int16_t>(firm_tags_.valuePtr()[i]));
}

void BlockFollowers::take(std::size_t first, std::size_t firms) {
    for_each([&](std::uint32_t tag, std::size_t firm, std::int16_t) {
        tags_[number_of_[tag]].weights[firm] = 0;
    });
    for (const std::uint32_t tag : met_) {
        tags_[number_of_[tag]].firms = {};
        number_of_[tag] = 0;
    }
    met_.clear();
    first_ = first;
    firms_ = firms;
    for_each([&](std::uint32_t tag, std::size_t firm, std::int16_t weight) {
        if (number_of_[tag] == 0) {
            met_.push_back(tag);
            number_of_[tag] = static_cast<std::uint32_t>(met_.size());
            if (tags_.size() <= met_.size()) tags_.emplace_back();
        }
        Tag& followers = tags_[number_of_[tag]];
        followers.firms.words[firm / 64] |= std::uint64_t{1} << (firm % 64);
        followers.weights[firm] = weight;
    });
}

// ---------------------------------------------------------------------------------- PolicyTops

template <class Key>
PolicyTops<Key>::PolicyTops(const Program& program, const TagMatrix& firm_tags, const IdOrder& ids,
                            std::uint32_t top)
    : program_(program), ids_(ids), top_(top), best_(kRankClasses * program.policies.size()),
      followers_(firm_tags) {
    for (const CompiledPolicy& policy : program.policies)
        forms_.push_back(firm_key_form<Key>(program, policy, ids.firms()));
}

template <class Key> void PolicyTops<Key>::take_firms(std::uint32_t block, std::size_t firms) {
    block_ = block;
    followers_.take(block * kBlockFirms, firms);
}

template <class Key>
void PolicyTops<Key>::take(RankClass rank_class, const BlockMatches& matches,
                           const PreferenceRows& preferences) {
    for (std::size_t m = 0; m < matches.size; ++m) {
        const std::uint32_t place = matches.policies[m];
        const BlockRow& firms = matches.firms[m];
        const CompiledPolicy& policy = program_.policies[place];
        const Sharing sharing = look_at_tags(policy);
        LeastKeys<Key>& best = this->best(rank_class, place);
        if (policy.preferences == 0) {
            take_piece(best, forms_[place], policy.prior, firms, sharing);
        } else {
            pieces_.assign(1, {firms, 0});
            cut_up(pieces_, program_, policy, [&](Ref when) { return preferences.where(when); });
            for (const Piece& piece : pieces_)
                take_piece(best, forms_[place], policy.prior + piece.added, piece.firms, sharing);
        }
    }
}

template <class Key>
typename PolicyTops<Key>::Sharing PolicyTops<Key>::look_at_tags(const CompiledPolicy& policy) {
    Sharing sharing{};
    carried_.clear();
    for (std::uint32_t i = policy.first_tag; i < policy.first_tag + policy.tags; ++i) {
        const CompiledTag& tag = program_.tags[i];
        const BlockFollowers::Tag& followers = followers_[tag.tag];
        carried_.push_back({&followers, tag.weight});
        for (std::size_t w = 0; w < kBlockWords; ++w) {
            sharing.two.words[w] |= sharing.one.words[w] & followers.firms.words[w];
            sharing.one.words[w] |= followers.firms.words[w];
        }
    }
    return sharing;
}

/// Takes firms that score alike but for the tags that some of them share. Who shares one tag alone
/// is scored only where that tag can reach the bar.
template <class Key>
void PolicyTops<Key>::take_piece(LeastKeys<Key>& best, const FirmKeyForm<Key>& form, Score score,
                                 const BlockRow& firms, const Sharing& sharing) {
    BlockRow scored = sharing.two;
    for (const CarriedTag& tag : carried_)
        if (form.base(score + std::max<Score>(tag.weight * 1000, 0)) < best.bar)
            for (std::size_t w = 0; w < kBlockWords; ++w)
                scored.words[w] |= tag.followers->firms.words[w];
    BlockRow with, without;
    std::uint64_t any_without = 0;
    for (std::size_t w = 0; w < kBlockWords; ++w) {
        with.words[w] = firms.words[w] & scored.words[w];
        any_without |= without.words[w] = firms.words[w] & ~sharing.one.words[w];
    }
    const std::uint32_t* const ranks = ids_.ranks() + block_ * kBlockFirms;
    for_each_bit(with.words, kBlockWords, [&](std::size_t firm) {
        Score affinity = 0;
        for (const CarriedTag& tag : carried_)
            affinity += tag.weight * tag.followers->weights[firm];
        const Key key = form.base(score + affinity) | ranks[firm];
        if (key < best.bar) add(best, key);
    });
    const Key base = form.base(score);
    if (any_without == 0 || base >= best.bar) return;
    const Key last = std::min<Key>(best.bar - base - 1, form.rank_mask());
    std::size_t count = filters_.ranks_up_to(ids_.ranks(), &block_, &without, 1,
                                             static_cast<std::uint32_t>(last), ranks_);
    if (count > top_) {
        std::nth_element(ranks_, ranks_ + top_, ranks_ + count);
        count = top_;
    }
    for (std::size_t i = 0; i < count; ++i)
        add(best, base | ranks_[i]);
}

template <class Key>
void PolicyTops<Key>::merge(PolicyTops& other, RankClass rank_class, std::uint32_t place) {
    std::vector<Key>& keys = best(rank_class, place).keys;
    std::vector<Key>& more = other.best(rank_class, place).keys;
    keys.insert(keys.end(), more.begin(), more.end());
    more = {};
}

template <class Key>
const std::vector<Key>& PolicyTops<Key>::first(RankClass rank_class, std::uint32_t place,
                                               std::size_t most, std::vector<Key>& spare) {
    LeastKeys<Key>& best = this->best(rank_class, place);
    best.keep(most);
    best.sort(spare);
    return best.keys;
}

template class PolicyTops<std::uint64_t>;
__extension__ template class PolicyTops<unsigned __int128>;

} // namespace qice
