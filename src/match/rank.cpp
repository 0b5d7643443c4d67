#include "match/rank.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <stdexcept>

namespace qice {
namespace {

constexpr std::uint32_t kGroupItems = std::size(TagGroup{}.items);
/// Rows of carriers that are written, not read: what nobody follows goes there, so that there is no
/// branch to guess; several, so that one write need not wait for the last.
constexpr std::uint32_t kSpareRows = kGroupItems;
constexpr std::size_t kAhead = 8; // entries whose tags are on their way

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
    for (std::uint32_t place = 0; place < program.policies.size(); ++place) {
        const CompiledPolicy& policy = program.policies[place];
        if (policy.preferences == 0) {
            order_of_.push_back(keys.variant(place, 0).order);
            continue;
        }
        order_of_.push_back(kHasPreferences | static_cast<std::uint32_t>(preferring_.size()));
        preferring_.push_back({policy.first_preference, policy.preferences,
                               static_cast<std::uint32_t>(orders_of_parts_.size())});
        for (std::uint32_t subset = 0; subset < RankKeys::variants_of(policy); ++subset)
            orders_of_parts_.push_back(keys.variant(place, subset).order);
    }
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
    size_ = 0;
}

void BlockEntries::make_room(std::size_t entries) {
    if (keys_.size() >= entries) return;
    keys_.resize(2 * entries);
    orders_.resize(2 * entries);
    rows_.resize(2 * entries);
}

/// Adds matches behind those that are there, their keys `ahead` higher.
void BlockEntries::take(const BlockMatches& matches, RankKey ahead,
                        const PreferenceRows& preferences) {
    loose_.clear();
    for (std::size_t m = 0; m < matches.size; ++m) {
        const std::uint32_t order = order_of_[matches.policies[m]];
        if ((order & kHasPreferences) == 0)
            add(order, &matches.firms[m]);
        else
            split(preferring_[order & ~kHasPreferences], &matches.firms[m], preferences);
    }
    std::sort(loose_.begin(), loose_.end(),
              [](const Loose& a, const Loose& b) { return a.key > b.key; });

    std::size_t ordered = 0;
    for (const std::uint64_t word : present_)
        ordered += static_cast<std::size_t>(std::popcount(word));
    make_room(size_ + ordered + loose_.size());
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

void BlockEntries::split(const Preferring& policy, const BlockRow* firms,
                         const PreferenceRows& preferences) {
    const bool by_variants = policy.preferences <= RankKeys::kMostSplit;
    parts_.assign(1, {firms, 0, 0});
    for (std::uint32_t i = 0; i < policy.preferences; ++i) {
        const BlockRow& when = preferences[policy.first_preference + i];
        const Score add = program_.preferences[policy.first_preference + i].add;
        const std::uint32_t bit = by_variants ? 1u << i : 0;
        for (std::size_t p = 0, parts = parts_.size(); p < parts; ++p) {
            while (part_rows_.size() < part_rows_used_ + 2)
                part_rows_.emplace_back();
            BlockRow& inside = part_rows_[part_rows_used_];
            BlockRow& outside = part_rows_[part_rows_used_ + 1];
            const BlockRow row = *parts_[p].row;
            std::uint64_t in = 0, out = 0;
            for (std::size_t w = 0; w < kBlockWords; ++w) {
                inside.words[w] = row.words[w] & when.words[w];
                outside.words[w] = row.words[w] & ~when.words[w];
                in |= inside.words[w];
                out |= outside.words[w];
            }
            if (in == 0) continue;
            const Part with{out == 0 ? parts_[p].row : &inside, parts_[p].subset | bit,
                            parts_[p].more + add};
            if (out == 0) {
                parts_[p] = with;
                continue;
            }
            part_rows_used_ += 2;
            parts_[p].row = &outside;
            parts_.push_back(with);
        }
    }
    for (const Part& part : parts_) {
        const std::uint32_t order = orders_of_parts_[policy.first_part + part.subset];
        if (by_variants)
            add(order, part.row);
        else
            loose_.push_back(
                {rank_keys_.raised(rank_keys_.key_at(order), part.more), order, part.row});
    }
}

// ------------------------------------------------------------------------------ VariantTags

VariantTags::VariantTags(const Program& program, const RankKeys& keys) {
    std::vector<std::uint32_t> place_of(keys.variants());
    for (std::uint32_t place = 0; place < program.policies.size(); ++place)
        for (std::uint32_t s = 0; s < RankKeys::variants_of(program.policies[place]); ++s)
            place_of[keys.variant(place, s).order] = place;
    TagGroup none;
    for (std::uint32_t i = 0; i < kGroupItems; ++i)
        none.items[i] = {static_cast<std::uint32_t>(program.tag_names.size()) + i, 0};
    for (std::uint32_t place : place_of) {
        const CompiledPolicy& policy = program.policies[place];
        first_.push_back(static_cast<std::uint32_t>(groups_.size()));
        std::uint32_t items = 0;
        for (std::uint32_t i = 0; i < policy.tags; ++i) {
            const CompiledTag& tag = program.tags[policy.first_tag + i];
            if (add_to_same(tag.tag, keys.units(tag))) continue;
            if (items % kGroupItems == 0) groups_.push_back(none);
            groups_.back().items[items++ % kGroupItems] = {tag.tag, keys.units(tag)};
        }
    }
    first_.push_back(static_cast<std::uint32_t>(groups_.size()));
}

/// A tag that the last variant has already: no tag stands twice, so that it has one carrier.
bool VariantTags::add_to_same(std::uint32_t tag, std::int32_t units) {
    for (std::size_t group = first_.back(); group < groups_.size(); ++group) {
        for (TagGroup::Item& item : groups_[group].items) {
            if (item.tag != tag) continue;
            if (__builtin_add_overflow(item.weight, units, &item.weight))
                throw std::length_error("the weights of a tag that a policy has several times are "
                                        "too great to be added");
            return true;
        }
    }
    return false;
}

// ----------------------------------------------------------------------------- BlockRanking

template <class Key>
BlockRanking<Key>::BlockRanking(const RankKeys& keys, const VariantTags& variant_tags,
                                const TagMatrix& firm_tags, const Kernels& kernels)
    : rank_keys_(keys), variant_tags_(variant_tags), firm_tags_(firm_tags), kernels_(kernels),
      row_of_tag_(static_cast<std::size_t>(firm_tags.cols()) + kGroupItems) {
    for (std::uint32_t tag = 0; tag < row_of_tag_.size(); ++tag)
        row_of_tag_[tag] = tag % kSpareRows;
}

template <class Key> void BlockRanking<Key>::take_firms(std::size_t first, std::size_t firms) {
    for (std::uint32_t tag : tags_met_)
        row_of_tag_[tag] = tag % kSpareRows;
    tags_met_.clear();
    const auto* const starts = firm_tags_.outerIndexPtr() + first;
    const auto* const tags = firm_tags_.innerIndexPtr() + starts[0];
    const auto* const weights = firm_tags_.valuePtr() + starts[0];
    met_.resize(static_cast<std::size_t>(starts[firms] - starts[0]));
    for (std::size_t i = 0; i < met_.size(); ++i) {
        const auto tag = static_cast<std::uint32_t>(tags[i]);
        std::uint32_t& row = row_of_tag_[tag];
        if (row < kSpareRows) {
            row = kSpareRows + static_cast<std::uint32_t>(tags_met_.size());
            tags_met_.push_back(tag);
        }
        met_[i] = {tag, row, weights[i]};
    }
    first_met_.resize(firms + 1);
    for (std::size_t firm = 0; firm <= firms; ++firm)
        first_met_[firm] = static_cast<std::uint32_t>(starts[firm] - starts[0]);
    task_.firm_count = firms;
}

template <class Key>
void BlockRanking<Key>::prepare(const BlockEntries& entries, std::uint32_t top) {
    const std::size_t words = words_for(entries.size());
    const std::size_t row_words = (words + kBlockWords - 1) / kBlockWords * kBlockWords;
    keys_.assign(row_words * 64, 0);
    for (std::size_t e = 0; e < entries.size(); ++e)
        keys_[e] = static_cast<Key>(entries.keys()[e]);
    task_.entries = entries.rows();
    task_.entry_count = entries.size();
    task_.words = words;
    task_.row_words = row_words;
    task_.tie_bits = rank_keys_.tie_bits();
    task_.tags = row_of_tag_.size();
    task_.top = top;
    lay_out_tags(entries);
    leave_out_tags_nobody_carries();
    task_.keys = keys_.data();
    task_.carriers = carriers_.data();
    task_.rows = kSpareRows + static_cast<std::uint32_t>(tags_met_.size());
    task_.spare_rows = kSpareRows;
    task_.row_of_tag = row_of_tag_.data();
    task_.group_count = tag_groups_.size();
    task_.carried = carried_.data();
    task_.tag_groups = tag_groups_.data();
    task_.followed = followed_.data();
    task_.first_followed = first_followed_.data();
    scratch_.fit(task_);
}

/// The tags of each entry, and the other way about: a row of entries for each tag that a firm
/// follows.
template <class Key> void BlockRanking<Key>::lay_out_tags(const BlockEntries& entries) {
    const std::size_t words = task_.row_words;
    const std::size_t size = (kSpareRows + tags_met_.size()) * words;
    if (carriers_.size() < size) carriers_.resize(2 * size);
    std::uint64_t* const carriers = carriers_.data();
    std::fill_n(carriers, size, 0);
    // Groups once more, together: those of all variants would not stay in the cache.
    if (carried_.size() < entries.size()) carried_.resize(2 * entries.size());
    tag_groups_.clear();
    for (std::size_t entry = 0; entry < entries.size(); ++entry) {
        if (entry + kAhead < entries.size())
            variant_tags_.prefetch(entries.orders()[entry + kAhead]);
        const std::span<const TagGroup> groups = variant_tags_[entries.orders()[entry]];
        carried_[entry] = {static_cast<std::uint32_t>(tag_groups_.size()),
                           static_cast<std::uint32_t>(groups.size())};
        const std::uint64_t bit = std::uint64_t{1} << (entry % 64);
        for (const TagGroup& group : groups) {
            for (const TagGroup::Item& item : group.items)
                carriers[row_of_tag_[item.tag] * words + entry / 64] |= bit;
            tag_groups_.push_back(group);
        }
    }
}

/// What each firm follows of what the entries carry.
template <class Key> void BlockRanking<Key>::leave_out_tags_nobody_carries() {
    const std::size_t rows = kSpareRows + tags_met_.size();
    is_carried_.resize(rows);
    for (std::size_t row = kSpareRows; row < rows; ++row) {
        const std::uint64_t* const carriers = carriers_.data() + row * task_.row_words;
        is_carried_[row] =
            std::any_of(carriers, carriers + task_.words, [](std::uint64_t w) { return w != 0; });
    }
    followed_.resize(met_.size() + 1);
    first_followed_.resize(task_.firm_count + 1);
    std::uint32_t count = 0;
    for (std::size_t firm = 0; firm < task_.firm_count; ++firm) {
        first_followed_[firm] = count;
        for (std::uint32_t i = first_met_[firm]; i < first_met_[firm + 1]; ++i) {
            followed_[count] = met_[i];
            count += is_carried_[met_[i].row];
        }
    }
    first_followed_[task_.firm_count] = count;
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
