#include "match/rank.hpp"

#include <algorithm>
#include <functional>

namespace qice {
namespace {

constexpr std::uint32_t kNotFollowed = 0; // a row that is written, not read
constexpr std::size_t kAhead = 8;         // entries whose tags are on their way

std::size_t rank_by(const Kernels& kernels, const RankTask<std::uint32_t>& task,
                    RankScratch<std::uint32_t>& scratch, std::uint32_t* out,
                    const KeyRanges& ranges) {
    return kernels.rank_narrow(task, scratch, out, ranges);
}
std::size_t rank_by(const Kernels& kernels, const RankTask<std::uint64_t>& task,
                    RankScratch<std::uint64_t>& scratch, std::uint64_t* out,
                    const KeyRanges& ranges) {
    return kernels.rank_wide(task, scratch, out, ranges);
}
void firm_major_by(const Kernels& kernels, const RankTask<std::uint32_t>& task,
                   RankScratch<std::uint32_t>& scratch) {
    kernels.firm_major_narrow(task, scratch);
}
void firm_major_by(const Kernels& kernels, const RankTask<std::uint64_t>& task,
                   RankScratch<std::uint64_t>& scratch) {
    kernels.firm_major_wide(task, scratch);
}
Selected<std::uint32_t> select_by(const Kernels& kernels, const RankTask<std::uint32_t>& task,
                                  RankScratch<std::uint32_t>& scratch, std::size_t firm) {
    return kernels.select_narrow(task, scratch, firm);
}
Selected<std::uint64_t> select_by(const Kernels& kernels, const RankTask<std::uint64_t>& task,
                                  RankScratch<std::uint64_t>& scratch, std::size_t firm) {
    return kernels.select_wide(task, scratch, firm);
}

} // namespace

// ----------------------------------------------------------------------------- BlockEntries

BlockEntries::BlockEntries(const Program& program, const RankKeys& keys)
    : program_(program), rank_keys_(keys), row_of_(keys.variants()),
      present_(words_for(keys.variants())) {
    for (std::uint32_t place = 0; place < program.policies.size(); ++place)
        order_of_.push_back(program.policies[place].preferences == 0 ? keys.variant(place, 0).order
                                                                     : kHasPreferences);
}

void BlockEntries::fill(const BlockMatches& matches, const PreferenceRows& preferences) {
    clear();
    take(matches, 0, preferences);
}

void BlockEntries::fill(const BlockMatches& first, const BlockMatches& second,
                        const PreferenceRows& preferences) {
    clear();
    take(first, rank_keys_.ahead(), preferences);
    take(second, 0, preferences);
}

void BlockEntries::clear() {
    part_rows_used_ = 0;
    keys_.clear();
    orders_.clear();
    rows_.clear();
}

/// Adds matches behind those that are there, their keys `ahead` higher.
void BlockEntries::take(const BlockMatches& matches, RankKey ahead,
                        const PreferenceRows& preferences) {
    loose_.clear();
    for (std::size_t m = 0; m < matches.size; ++m) {
        const std::uint32_t place = matches.policies[m];
        if (order_of_[place] != kHasPreferences)
            add(order_of_[place], &matches.firms[m]);
        else
            split(place, &matches.firms[m], preferences);
    }
    std::sort(loose_.begin(), loose_.end(),
              [](const Loose& a, const Loose& b) { return a.key > b.key; });

    auto loose = loose_.begin();
    for_each_bit(present_.data(), present_.size(), [&](std::size_t order) {
        const RankKey key = rank_keys_.key_at(order);
        for (; loose != loose_.end() && loose->key > key; ++loose)
            append(ahead + loose->key, loose->order, loose->row);
        append(ahead + key, static_cast<std::uint32_t>(order), row_of_[order]);
    });
    for (; loose != loose_.end(); ++loose)
        append(ahead + loose->key, loose->order, loose->row);
    std::fill(present_.begin(), present_.end(), 0);
}

BlockRow* BlockEntries::new_row() {
    if (part_rows_used_ == part_rows_.size()) part_rows_.emplace_back();
    return &part_rows_[part_rows_used_++];
}

void BlockEntries::split(std::uint32_t place, const BlockRow* firms,
                         const PreferenceRows& preferences) {
    const CompiledPolicy& policy = program_.policies[place];
    parts_.assign(1, {firms, 0, 0});
    for (std::uint32_t i = 0; i < policy.preferences; ++i) {
        const BlockRow& when = preferences[policy.first_preference + i];
        const Score add = program_.preferences[policy.first_preference + i].add;
        const std::uint32_t bit = RankKeys::is_split(policy) ? 1u << i : 0;
        for (std::size_t p = 0, parts = parts_.size(); p < parts; ++p) {
            const BlockRow* const row = parts_[p].row;
            std::uint64_t in = 0, out = 0;
            for (std::size_t w = 0; w < kBlockWords; ++w) {
                in |= row->words[w] & when.words[w];
                out |= row->words[w] & ~when.words[w];
            }
            if (in == 0) continue;
            const Part with{row, parts_[p].subset | bit, parts_[p].more + add};
            if (out == 0) {
                parts_[p] = with;
                continue;
            }
            BlockRow* const inside = new_row();
            BlockRow* const outside = new_row();
            for (std::size_t w = 0; w < kBlockWords; ++w) {
                inside->words[w] = row->words[w] & when.words[w];
                outside->words[w] = row->words[w] & ~when.words[w];
            }
            parts_[p].row = outside;
            parts_.push_back({inside, with.subset, with.more});
        }
    }
    for (const Part& part : parts_) {
        const RankKeys::Variant& variant = rank_keys_.variant(place, part.subset);
        if (RankKeys::is_split(policy))
            add(variant.order, part.row);
        else
            loose_.push_back({rank_keys_.raised(variant.key, part.more), variant.order, part.row});
    }
}

// ------------------------------------------------------------------------------ VariantTags

VariantTags::VariantTags(const Program& program, const RankKeys& keys) {
    std::vector<std::uint32_t> place_of(keys.variants());
    for (std::uint32_t place = 0; place < program.policies.size(); ++place)
        for (std::uint32_t s = 0; s < RankKeys::variants_of(program.policies[place]); ++s)
            place_of[keys.variant(place, s).order] = place;
    for (std::uint32_t place : place_of) {
        const CompiledPolicy& policy = program.policies[place];
        first_.push_back(static_cast<std::uint32_t>(groups_.size()));
        for (std::uint32_t i = 0; i < policy.tags; ++i) {
            const CompiledTag& tag = program.tags[policy.first_tag + i];
            const std::size_t at = i % std::size(TagGroup{}.items);
            if (at == 0) groups_.emplace_back();
            groups_.back().items[at] = {tag.tag, keys.units(tag)};
        }
    }
    first_.push_back(static_cast<std::uint32_t>(groups_.size()));
}

// ----------------------------------------------------------------------------- BlockRanking

template <class Key>
BlockRanking<Key>::BlockRanking(const RankKeys& keys, const VariantTags& variant_tags,
                                const TagMatrix& firm_tags, const Kernels& kernels)
    : rank_keys_(keys), variant_tags_(variant_tags), firm_tags_(firm_tags), kernels_(kernels),
      row_of_tag_(static_cast<std::size_t>(firm_tags.cols()), kNotFollowed) {}

template <class Key>
void BlockRanking<Key>::prepare(const BlockEntries& entries, std::size_t first, std::size_t firms,
                                std::uint32_t top) {
    const std::size_t words = words_for(entries.size());
    const std::size_t row_words = (words + kBlockWords - 1) / kBlockWords * kBlockWords;
    keys_.assign(row_words * 64, 0);
    for (std::size_t e = 0; e < entries.size(); ++e)
        keys_[e] = static_cast<Key>(entries.keys()[e]);
    task_.entries = entries.rows().data();
    task_.entry_count = entries.size();
    task_.words = words;
    task_.row_words = row_words;
    task_.tie_bits = rank_keys_.tie_bits();
    task_.tags = row_of_tag_.size();
    task_.firm_count = firms;
    task_.top = top;
    lay_out_tags(entries, first, firms);
    task_.keys = keys_.data();
    task_.carriers = carriers_.data();
    task_.carried = carried_.data();
    task_.tag_groups = tag_groups_.data();
    task_.followed = followed_.data();
    task_.first_followed = first_followed_.data();
    scratch_.fit(task_);
}

/// The tags of each entry, and the other way about: a row of entries for each tag that a firm
/// follows.
template <class Key>
void BlockRanking<Key>::lay_out_tags(const BlockEntries& entries, std::size_t first,
                                     std::size_t firms) {
    const auto* const starts = firm_tags_.outerIndexPtr() + first;
    const auto* const tags = firm_tags_.innerIndexPtr();
    add_row(kNotFollowed);
    for (std::uint32_t tag : tags_met_)
        row_of_tag_[tag] = kNotFollowed;
    tags_met_.clear();
    for (auto i = starts[0]; i < starts[firms]; ++i) {
        const auto tag = static_cast<std::uint32_t>(tags[i]);
        if (row_of_tag_[tag] != kNotFollowed) continue;
        tags_met_.push_back(tag);
        row_of_tag_[tag] = add_row(static_cast<std::uint32_t>(tags_met_.size()));
    }

    // What nobody follows goes to row 0, which nobody reads: no branch to guess.
    const std::size_t words = task_.row_words;
    std::uint64_t* const carriers = carriers_.data();
    carried_.clear();
    tag_groups_.clear(); // together again, as those of all variants would not stay in the cache
    const std::vector<std::uint32_t>& orders = entries.orders();
    for (std::size_t entry = 0; entry < entries.size(); ++entry) {
        if (entry + kAhead < entries.size()) variant_tags_.prefetch(orders[entry + kAhead]);
        const std::span<const TagGroup> groups = variant_tags_[orders[entry]];
        carried_.push_back({static_cast<std::uint32_t>(tag_groups_.size()),
                            static_cast<std::uint32_t>(groups.size())});
        const std::uint64_t bit = std::uint64_t{1} << (entry % 64);
        for (const TagGroup& group : groups) {
            for (const TagGroup::Item& item : group.items) {
                const std::size_t row = item.weight != 0 ? row_of_tag_[item.tag] : kNotFollowed;
                carriers[row * words + entry / 64] |= bit;
            }
            tag_groups_.push_back(group);
        }
    }
    for (std::uint32_t tag : tags_met_) {
        const std::uint64_t* const row = carriers + row_of_tag_[tag] * words;
        if (std::all_of(row, row + words, [](std::uint64_t word) { return word == 0; }))
            row_of_tag_[tag] = kNotFollowed; // nor does anybody carry it
    }

    followed_.clear();
    first_followed_.clear();
    for (std::size_t firm = 0; firm < firms; ++firm) {
        first_followed_.push_back(static_cast<std::uint32_t>(followed_.size()));
        for (auto i = starts[firm]; i < starts[firm + 1]; ++i) {
            const auto tag = static_cast<std::uint32_t>(tags[i]);
            const std::uint32_t row = row_of_tag_[tag];
            if (row != kNotFollowed) followed_.push_back({tag, row, firm_tags_.valuePtr()[i]});
        }
    }
    first_followed_.push_back(static_cast<std::uint32_t>(followed_.size()));
}

/// An empty row of carriers.
template <class Key> std::uint32_t BlockRanking<Key>::add_row(std::uint32_t row) {
    const std::size_t words = task_.row_words;
    if (carriers_.size() < (row + 1) * words) carriers_.resize(2 * (row + 1) * words);
    std::fill_n(carriers_.data() + row * words, words, 0);
    return row;
}

template <class Key> std::size_t BlockRanking<Key>::rank(Key* out, const KeyRanges& ranges) {
    if (task_.entry_count == 0) {
        std::fill_n(ranges.begins, task_.firm_count, 0u);
        std::fill_n(ranges.counts, task_.firm_count, 0u);
        return 0;
    }
    if (task_.top <= kNetworkKeys) return rank_by(kernels_, task_, scratch_, out, ranges);
    firm_major_by(kernels_, task_, scratch_);
    std::size_t used = 0;
    for (std::size_t firm = 0; firm < task_.firm_count; ++firm) {
        const std::size_t count = merge(select_by(kernels_, task_, scratch_, firm), out + used);
        ranges.begins[firm] = static_cast<std::uint32_t>(used);
        ranges.counts[firm] = static_cast<std::uint32_t>(count);
        used += count;
    }
    return used;
}

/// Merges a firm's plain and shared keys.
template <class Key> std::size_t BlockRanking<Key>::merge(const Selected<Key>& selected, Key* out) {
    shared_.assign(selected.shared, selected.shared + selected.shared_count);
    const std::size_t count =
        std::min<std::size_t>(task_.top, std::size_t{selected.plain_count} + selected.shared_count);
    std::sort(shared_.begin(), shared_.end(), std::greater<>());
    const Key* plain = selected.plain;
    const Key* const plain_end = plain + selected.plain_count;
    auto shared = shared_.begin();
    for (std::size_t i = 0; i < count; ++i) {
        const bool take_shared =
            plain == plain_end || (shared != shared_.end() && *shared > *plain);
        out[i] = take_shared ? *shared++ : *plain++;
    }
    return count;
}

template class BlockRanking<std::uint32_t>;
template class BlockRanking<std::uint64_t>;

// ------------------------------------------------------------------------------- PairScores

Score PairScores::score(std::uint32_t place, std::size_t position, std::size_t bit,
                        const PreferenceRows& preferences) {
    const CompiledPolicy& policy = program_.policies[place];
    Score sum = policy.prior;
    for (std::uint32_t i = policy.first_preference;
         i < policy.first_preference + policy.preferences; ++i)
        if ((preferences[i].words[bit / 64] >> (bit % 64) & 1) != 0)
            sum += program_.preferences[i].add;
    const auto row = static_cast<std::int64_t>(position);
    for (TagMatrix::InnerIterator tag(tags_, row); tag; ++tag)
        weights_[static_cast<std::size_t>(tag.col())] = tag.value();
    for (std::uint32_t i = policy.first_tag; i < policy.first_tag + policy.tags; ++i)
        sum += std::int64_t{program_.tags[i].weight} * weights_[program_.tags[i].tag];
    for (TagMatrix::InnerIterator tag(tags_, row); tag; ++tag)
        weights_[static_cast<std::size_t>(tag.col())] = 0;
    return sum;
}

} // namespace qice
