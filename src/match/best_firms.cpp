#include "match/best_firms.hpp"

#include "base/fetch_ahead.hpp"

#include <algorithm>
#include <numeric>

namespace qice {
namespace {

constexpr std::size_t kAhead = 4;        // blocks
constexpr std::size_t kFetched = 32;     // followers of a tag: about as many as a block has
constexpr std::size_t kFewFirms = 4'096; // so many are gathered without ado

/// All rows together of the block that has its first at `i`.
BlockRow firms_of_block(const SelectedFirms& firms, std::size_t i) {
    BlockRow all = firms.rows[i];
    for (std::size_t next = i + 1;
         next < firms.blocks.size() && firms.blocks[next] == firms.blocks[i]; ++next)
        for (std::size_t w = 0; w < kBlockWords; ++w)
            all.words[w] |= firms.rows[next].words[w];
    return all;
}

} // namespace

// ----------------------------------------------------------------------------------- TagScores

void TagScores::take_tags(const Program& policy, const TagPostings& postings,
                          const FirmTable& firms) {
    tags_.clear();
    for (const CompiledTag& tag : policy.tags) {
        const TagPostings::List list = postings.of(firms, policy.tag_names[tag.tag]);
        if (!list.positions.empty()) tags_.push_back({list, tag.weight});
    }
}

BlockRow TagScores::followers(std::uint32_t block, const BlockRow& among, const Filters& filters) {
    BlockRow followers{};
    std::uint32_t found[kBlockFirms + kListedBehind];
    for (const auto& [list, weight] : tags_) {
        const std::size_t begin = list.begin_of(block), end = list.begin_of(block + 1);
        const std::uint32_t count = filters.find_among(
            list.positions.data() + begin, static_cast<std::uint32_t>(end - begin), among, found);
        for (std::uint32_t i = 0; i < count; ++i) {
            const std::size_t at = begin + found[i];
            const std::uint32_t bit = list.positions[at] % kBlockFirms;
            std::uint64_t& word = followers.words[bit / 64];
            const Score so_far = (word >> (bit % 64) & 1) != 0 ? affinity_[bit] : 0;
            affinity_[bit] = so_far + weight * list.weights[at];
            word |= std::uint64_t{1} << (bit % 64);
        }
    }
    return followers;
}

template <class Take>
void TagScores::take_followers(SelectedFirms& firms, const Filters& filters, const Take& take) {
    if (tags_.empty()) return;
    BlockRow followers{};
    for (std::size_t i = 0; i < firms.blocks.size(); ++i) {
        if (i + kAhead < firms.blocks.size())
            for (const auto& [list, weight] : tags_) {
                const std::size_t at = list.begin_near(firms.blocks[i + kAhead]);
                fetch_ahead(list.positions.data() + at, kFetched);
                fetch_ahead(list.weights + at, kFetched);
            }
        if (i == 0 || firms.blocks[i] != firms.blocks[i - 1])
            followers = this->followers(firms.blocks[i], firms_of_block(firms, i), filters);
        BlockRow those;
        for (std::size_t w = 0; w < kBlockWords; ++w) {
            those.words[w] = firms.rows[i].words[w] & followers.words[w];
            firms.rows[i].words[w] &= ~followers.words[w];
        }
        const auto first = static_cast<std::uint32_t>(firms.blocks[i] * kBlockFirms);
        for_each_bit(those.words, kBlockWords, [&](std::size_t bit) {
            take(first + static_cast<std::uint32_t>(bit), firms.added[i] + affinity_[bit]);
        });
    }
}

void take_all(SelectedFirms& firms, const BoundPolicy::Parts& policy, const TakeAll& how,
              TagScores& tags, std::vector<Push>& out) {
    const Score prior = policy.program.policies[0].prior;
    const auto add = [&](std::uint32_t position, Score score) {
        out.push_back({how.positions ? position : how.index.row_at(position), score});
    };
    tags.take_followers(firms, how.filters, [&](std::uint32_t position, Score more) {
        if (how.floors == nullptr || how.floors->may_reach(prior + more, position))
            add(position, prior + more);
    });
    for (std::size_t begin = 0, end; begin < firms.blocks.size(); begin = end) {
        const Score score = prior + firms.added[begin];
        for (end = begin; end < firms.blocks.size() && firms.added[end] == firms.added[begin];)
            ++end;
        auto count = static_cast<std::uint32_t>(end - begin);
        if (how.floors != nullptr)
            count = how.floors->keep(how.filters, score, firms.blocks.data() + begin,
                                     firms.rows.data() + begin, count);
        for (std::size_t i = begin; i < begin + count; ++i) {
            const auto first = static_cast<std::uint32_t>(firms.blocks[i] * kBlockFirms);
            for_each_bit(firms.rows[i].words, kBlockWords, [&](std::size_t bit) {
                add(first + static_cast<std::uint32_t>(bit), score);
            });
        }
    }
}

// ----------------------------------------------------------------------------------- BestFirms

template <class Key>
void BestFirms<Key>::select(SelectedFirms& firms, std::uint32_t top,
                            const BoundPolicy::Parts& policy, const IdOrder& ids,
                            const Filters& filters, TagScores& tags, std::vector<Push>& out) {
    const Program& program = policy.program;
    ids_ = &ids;
    filters_ = &filters;
    top_ = top;
    prior_ = program.policies[0].prior;
    form_ = firm_key_form<Key>(program, program.policies[0], ids.firms());
    best_.bar = ~Key{0};
    best_.keys.clear();
    if (top_ == 0) return;
    add_followers(firms, tags);
    add_others(firms);
    best_.keep(top_);
    best_.sort(spare_);

    out.reserve(out.size() + best_.keys.size());
    for (const Key key : best_.keys)
        out.push_back({ids_->row_at(form_.rank(key)), form_.score(key)});
}

template <class Key> void BestFirms<Key>::add_followers(SelectedFirms& firms, TagScores& tags) {
    tags.take_followers(firms, *filters_, [&](std::uint32_t position, Score more) {
        const Key base = form_.base(prior_ + more);
        if (base > best_.bar) return;
        const Key key = base | ids_->ranks()[position];
        if (key >= best_.bar) return;
        best_.keys.push_back(key);
        if (best_.keys.size() >= std::max(kFewFirms, 4 * top_)) best_.keep(top_);
    });
}

/// Adds what is left in the rows, score by score, the greatest first.
template <class Key> void BestFirms<Key>::add_others(SelectedFirms& firms) {
    order_.resize(firms.blocks.size());
    std::iota(order_.begin(), order_.end(), 0u);
    const auto more = [&](std::uint32_t a, std::uint32_t b) {
        return firms.added[a] > firms.added[b];
    };
    std::stable_sort(order_.begin(), order_.end(), more);
    best_.keep(top_);
    for (std::size_t begin = 0, end; begin < order_.size(); begin = end) {
        const Score added = firms.added[order_[begin]];
        equals_.clear();
        for (end = begin; end < order_.size() && firms.added[order_[end]] == added; ++end)
            equals_.add(firms.blocks[order_[end]], firms.rows[order_[end]], added);
        const Key base = form_.base(prior_ + added);
        std::ptrdiff_t better = 0;
        if (top_ < ids_->firms())
            better = std::count_if(best_.keys.begin(), best_.keys.end(),
                                   [&](Key key) { return key < base; });
        if (static_cast<std::size_t>(better) >= top_) return;
        add_equals(equals_, base, top_ - static_cast<std::size_t>(better));
    }
}

/// Adds at least the `wanted` first by id of firms that all have one score.
template <class Key>
void BestFirms<Key>::add_equals(const SelectedFirms& firms, Key base, std::size_t wanted) {
    const std::uint64_t count = filters_->count_firms(firms.rows.data(), firms.rows.size());
    if (count <= std::max<std::uint64_t>(kFewFirms, 2 * std::uint64_t{wanted})) {
        for (std::size_t i = 0; i < firms.blocks.size(); ++i) {
            const std::uint32_t* const ranks = ids_->ranks() + firms.blocks[i] * kBlockFirms;
            for_each_bit(firms.rows[i].words, kBlockWords,
                         [&](std::size_t bit) { best_.keys.push_back(base | ranks[bit]); });
        }
        return;
    }
    ranks_.resize(count);
    std::uint64_t bound = bound_for(firms, wanted, count);
    std::size_t found = 0;
    for (;;) {
        const auto last = static_cast<std::uint32_t>(std::min<std::uint64_t>(bound, UINT32_MAX));
        found = filters_->ranks_up_to(ids_->ranks(), firms.blocks.data(), firms.rows.data(),
                                      firms.blocks.size(), last, ranks_.data());
        if (found >= wanted || last == UINT32_MAX) break;
        bound = 2 * bound + 1;
    }
    if (found > wanted) {
        std::nth_element(ranks_.begin(), ranks_.begin() + static_cast<std::ptrdiff_t>(wanted),
                         ranks_.begin() + static_cast<std::ptrdiff_t>(found));
        found = wanted;
    }
    for (std::size_t i = 0; i < found; ++i)
        best_.keys.push_back(base | ranks_[i]);
}

/// A rank that about `wanted` of `count` firms, and some more, do not pass: from a sample of them.
template <class Key>
std::uint32_t BestFirms<Key>::bound_for(const SelectedFirms& firms, std::size_t wanted,
                                        std::uint64_t count) {
    constexpr std::size_t kSample = 1'024;
    sample_.clear();
    const std::size_t words = firms.blocks.size() * kBlockWords;
    const std::size_t step = std::max<std::size_t>(words / kSample, 1);
    for (std::size_t word = 0; word < words; word += step) {
        const std::uint64_t bits = firms.rows[word / kBlockWords].words[word % kBlockWords];
        if (bits == 0) continue;
        const std::size_t position = firms.blocks[word / kBlockWords] * kBlockFirms +
                                     word % kBlockWords * 64 +
                                     static_cast<std::size_t>(std::countr_zero(bits));
        sample_.push_back(ids_->ranks()[position]);
    }
    const std::size_t expected = wanted * sample_.size() / count;
    const std::size_t at = expected + expected / 4 + 3;
    if (at >= sample_.size()) return UINT32_MAX;
    const auto nth = sample_.begin() + static_cast<std::ptrdiff_t>(at);
    std::nth_element(sample_.begin(), nth, sample_.end());
    return *nth;
}

template class BestFirms<std::uint64_t>;
__extension__ template class BestFirms<unsigned __int128>;

} // namespace qice
