#include "match/rank.hpp"

#include "base/digit_sort.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <stdexcept>

namespace qice {
namespace {

constexpr std::uint32_t kGroupItems = std::size(TagGroup{}.items);
/// Rows of carriers that are written, not read: what nobody follows goes there, so that there is no
/// branch to guess; several, so that one write need not wait for the last.
constexpr std::uint32_t kSpareRows = kGroupItems;
/// What fills up a group of tags.
constexpr TagGroup::Item kNobodys[kGroupItems]{{0, 0}, {1, 0}, {2, 0}, {3, 0}};
constexpr std::size_t kRangeBytes = 2 * kBlockFirms * sizeof(std::uint32_t);
constexpr std::size_t kAhead = 8; // entries whose tags are on their way
/// Firms that follow so many tags or more stand together.
constexpr std::uint32_t kManyTags = 16;

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
                               program.preferences[policy.first_preference].when,
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
    size_ = policies_ = 0;
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
    policies_ += matches.size;
    loose_.clear();
    ordered_ = 0;
    for (std::size_t m = 0; m < matches.size; ++m) {
        const std::uint32_t order = order_of_[matches.policies[m]];
        if ((order & kHasPreferences) == 0)
            add(order, &matches.firms[m]);
        else
            split(preferring_[order & ~kHasPreferences], &matches.firms[m], preferences);
    }
    sort_by_digits(loose_, spare_loose_, [](const Loose& part) { return ~part.key; });

    make_room(size_ + ordered_ + loose_.size());
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

/// The firms of a row inside and outside another; none where there are none.
BlockEntries::Halves BlockEntries::halve(const BlockRow& row, const BlockRow& by) {
    if (part_rows_used_ == part_rows_.size()) part_rows_.push_back(std::make_unique<BlockRow[]>(2));
    BlockRow& inside = part_rows_[part_rows_used_][0];
    BlockRow& outside = part_rows_[part_rows_used_][1];
    std::uint64_t in = 0, out = 0;
    for (std::size_t w = 0; w < kBlockWords; ++w) {
        inside.words[w] = row.words[w] & by.words[w];
        outside.words[w] = row.words[w] & ~by.words[w];
        in |= inside.words[w];
        out |= outside.words[w];
    }
    if (in == 0) return {nullptr, &row};
    if (out == 0) return {&row, nullptr};
    ++part_rows_used_;
    return {&inside, &outside};
}

void BlockEntries::split(const Preferring& policy, const BlockRow* firms,
                         const PreferenceRows& preferences) {
    if (policy.preferences == 1) { // as most have
        const std::uint32_t* const orders = orders_of_parts_.data() + policy.first_part;
        const Halves halves = halve(*firms, preferences.where(policy.when));
        if (halves.outside != nullptr) add(orders[0], halves.outside);
        if (halves.inside != nullptr) add(orders[1], halves.inside);
        return;
    }
    const bool by_variants = policy.preferences <= RankKeys::kMostSplit;
    parts_.assign(1, {firms, 0, 0});
    for (std::uint32_t i = 0; i < policy.preferences; ++i) {
        const BlockRow& when = preferences[policy.first_preference + i];
        const Score add = program_.preferences[policy.first_preference + i].add;
        const std::uint32_t bit = by_variants ? 1u << i : 0;
        for (std::size_t p = 0, parts = parts_.size(); p < parts; ++p) {
            const Halves halves = halve(*parts_[p].row, when);
            if (halves.inside == nullptr) continue;
            const Part with{halves.inside, parts_[p].subset | bit, parts_[p].more + add};
            if (halves.outside == nullptr) {
                parts_[p] = with;
                continue;
            }
            parts_[p].row = halves.outside;
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
    Group none;
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
        for (Group::Item& item : groups_[group].items) {
            if (item.tag != tag) continue;
            if (__builtin_add_overflow(item.weight, units, &item.weight))
                throw std::length_error("the weights of a tag that a policy has several times are "
                                        "too great to be added");
            return true;
        }
    }
    return false;
}

// ------------------------------------------------------------------------------ FirmsByTags

/// Those that follow nothing, often most, need no counting.
void FirmsByTags::take(std::span<const FollowedTag> followed,
                       std::span<const std::uint32_t> first_followed) {
    followed_ = followed;
    first_followed_ = first_followed;
    const auto firms = static_cast<std::uint32_t>(first_followed.size()) - 1;
    const auto follows = [&](std::uint32_t firm) {
        return first_followed[firm + 1] - first_followed[firm];
    };
    order_.resize(firms);
    std::array<std::uint32_t, kBlockFirms> following;
    std::uint32_t nothing = 0; // firms so far that follow none
    for (std::uint32_t firm = 0; firm < firms; ++firm) {
        order_[nothing] = following[firm - nothing] = firm;
        nothing += follows(firm) == 0 ? 1 : 0;
    }
    first_following_ = nothing;
    std::array<std::uint32_t, kManyTags + 1> next_place{nothing};
    for (std::uint32_t i = 0; i < firms - nothing; ++i)
        ++next_place[std::min(follows(following[i]), kManyTags)];
    std::partial_sum(next_place.begin(), next_place.end(), next_place.begin());
    for (std::uint32_t i = 0; i < firms - nothing; ++i)
        order_[next_place[std::min(follows(following[i]), kManyTags) - 1]++] = following[i];
}

// ----------------------------------------------------------------------------- BlockRanking

BlockRanking::BlockRanking(const RankKeys& keys, const VariantTags& variant_tags,
                           const TagMatrix& firm_tags, const Kernels& kernels)
    : rank_keys_(keys), variant_tags_(variant_tags), firm_tags_(firm_tags), kernels_(kernels),
      short_keys_(keys, kernels.most_short_key),
      row_of_tag_(static_cast<std::size_t>(firm_tags.cols()) + kGroupItems) {
    for (std::uint32_t tag = 0; tag < row_of_tag_.size(); ++tag)
        row_of_tag_[tag] = tag % kSpareRows;
}

void BlockRanking::take_firms(std::size_t first, std::size_t firms) {
    for (std::uint32_t tag : tags_met_)
        row_of_tag_[tag] = tag % kSpareRows;
    tags_met_.clear();
    const auto* const starts = firm_tags_.outerIndexPtr() + first;
    const auto* const tags = firm_tags_.innerIndexPtr() + starts[0];
    const auto* const weights = firm_tags_.valuePtr() + starts[0];
    followed_.resize(static_cast<std::size_t>(starts[firms] - starts[0]));
    for (std::size_t i = 0; i < followed_.size(); ++i) {
        const auto tag = static_cast<std::uint32_t>(tags[i]);
        std::uint32_t& row = row_of_tag_[tag];
        if (row < kSpareRows) {
            row = kSpareRows + static_cast<std::uint32_t>(tags_met_.size());
            tags_met_.push_back(tag);
        }
        followed_[i] = {row, weights[i]};
    }
    first_followed_.resize(firms + 1);
    for (std::size_t firm = 0; firm <= firms; ++firm)
        first_followed_[firm] = static_cast<std::uint32_t>(starts[firm] - starts[0]);
    firms_.take(followed_, first_followed_);
    firms_.lend_to(block_);
}

void BlockRanking::prepare(const BlockEntries& entries, std::uint32_t top) {
    const std::size_t words = words_for(entries.size());
    block_.entries = entries.rows();
    block_.entry_count = entries.size();
    block_.words = words;
    block_.row_words = (words + kBlockWords - 1) / kBlockWords * kBlockWords;
    block_.top = top;
    keys_ = {entries.keys(), entries.size()};
    short_ = short_keys_.make(keys_, entries.policies(), block_.row_words * 64);
    lay_out_tags(entries);
    block_.carriers = carriers_.data();
    block_.rows = kSpareRows + static_cast<std::uint32_t>(tags_met_.size());
    block_.spare_rows = kSpareRows;
    block_.carried = carried_.data();
    block_.tag_groups = tag_groups_.data();
}

/// The tags of each entry, and the other way about: a row of entries for each tag that a firm
/// follows.
void BlockRanking::lay_out_tags(const BlockEntries& entries) {
    const std::size_t words = block_.row_words;
    const std::size_t size = (kSpareRows + tags_met_.size()) * words;
    if (carriers_.size() < size) carriers_.resize(2 * size);
    std::uint64_t* const carriers = carriers_.data();
    std::fill_n(carriers, size, 0);
    // Groups once more, together: those of all variants would not stay in the cache.
    if (carried_.size() < entries.size()) carried_.resize(2 * entries.size());
    std::uint32_t used = 0; // of tag_groups_
    std::size_t items_used = 0;
    for (std::size_t entry = 0; entry < entries.size(); ++entry) {
        if (entry + kAhead < entries.size())
            variant_tags_.prefetch(entries.orders()[entry + kAhead]);
        const std::span<const VariantTags::Group> groups = variant_tags_[entries.orders()[entry]];
        if (tag_groups_.size() <= used + groups.size())
            tag_groups_.resize(2 * (used + groups.size() + 1));
        TagGroup::Item* const items = tag_groups_[used].items;
        std::uint32_t count = 0; // of items that somebody follows
        const std::uint64_t bit = std::uint64_t{1} << (entry % 64);
        for (const VariantTags::Group& group : groups) {
            for (const VariantTags::Group::Item& item : group.items) {
                const std::uint32_t row = row_of_tag_[item.tag];
                carriers[row * words + entry / 64] |= bit;
                items[count] = {row, item.weight};
                count += row >= kSpareRows ? 1 : 0;
            }
        }
        std::copy_n(kNobodys, kGroupItems, items + count);
        const std::uint32_t full = (count + kGroupItems - 1) / kGroupItems;
        carried_[entry] = {used, full};
        items_used += count;
        used += full;
    }
    block_.group_count = used;
    block_.item_count = items_used;
}

std::size_t BlockRanking::room() const {
    const std::size_t keys =
        block_.firm_count * std::min<std::size_t>(block_.top, block_.entry_count) + kKeySlack;
    return kRangeBytes + keys * sizeof(RankKey) + (short_ ? short_keys_.bytes_of_form() : 0);
}

std::size_t BlockRanking::rank(std::byte* out, BlockKeys& keys) {
    const KeyRanges ranges{reinterpret_cast<std::uint32_t*>(out),
                           reinterpret_cast<std::uint32_t*>(out) + kBlockFirms};
    keys.begins = ranges.begins;
    keys.counts = ranges.counts;
    return kRangeBytes + rank(out + kRangeBytes, ranges, keys);
}

std::size_t BlockRanking::rank(std::byte* out, const KeyRanges& ranges, BlockKeys& keys) {
    if (short_) {
        const ShortForm form = short_keys_.write_form(out);
        auto* const first = reinterpret_cast<std::uint32_t*>(out + short_keys_.bytes_of_form());
        const RankTask<std::uint32_t> task{block_, short_keys_.keys(), form.bits};
        const std::size_t count = rank(task, narrow_, first, ranges);
        keys.keys = first;
        keys.form = form;
        if (!narrow_.too_great)
            return short_keys_.bytes_of_form() + (count + 1) / 2 * sizeof(RankKey);
        short_keys_.failed();
    }
    long_keys_.assign(block_.row_words * 64, 0);
    std::copy(keys_.begin(), keys_.end(), long_keys_.begin());
    auto* const first = reinterpret_cast<RankKey*>(out);
    const RankTask<RankKey> task{block_, long_keys_.data(), rank_keys_.tie_bits()};
    keys.keys = first;
    keys.form = {};
    return rank(task, wide_, first, ranges) * sizeof(RankKey);
}

template <class Key>
std::size_t BlockRanking::rank(const RankTask<Key>& task, RankScratch<Key>& scratch, Key* out,
                               const KeyRanges& ranges) {
    if (block_.entry_count == 0) {
        std::fill_n(ranges.begins, block_.firm_count, 0u);
        std::fill_n(ranges.counts, block_.firm_count, 0u);
        return 0;
    }
    scratch.fit(task);
    return rank_by(kernels_, task, scratch, out, ranges);
}

} // namespace qice
