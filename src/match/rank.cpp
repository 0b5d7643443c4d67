#include "match/rank.hpp"

#include "base/digit_sort.hpp"
#include "base/fetch_ahead.hpp"

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
/// So many tags have a row of carriers each in every block: cheaper than to look which are
/// followed.
constexpr std::uint32_t kMostMasked = 256;
/// What fills up a group of tags.
constexpr TagGroup::Item kNobodys[kGroupItems]{{0, 0}, {1, 0}, {2, 0}, {3, 0}};
constexpr std::size_t kMaskStride = 64 * kBlockWords; // from a word of an entry's mask to the next
constexpr std::size_t kAhead = 24; // entries whose tags are on their way, and twice as many heads
constexpr std::size_t kRangeBytes = 2 * kBlockFirms * sizeof(std::uint32_t);
/// Firms that follow so many tags or more stand together.
constexpr std::uint32_t kManyTags = 16;

template <class Vector> void grow(Vector& vector, std::size_t size) {
    if (vector.size() < size) vector.resize(2 * size);
}

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

BlockEntries::BlockEntries(const Program& program, const RankKeys& keys, const Kernels& kernels)
    : program_(program), rank_keys_(keys), kernels_(kernels), row_of_(keys.variants()),
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
    grow(keys_, entries);
    grow(orders_, entries);
    grow(rows_, entries);
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

    make_room(size_ + ordered_ + loose_.size() + kListedBehind);
    std::uint32_t* const orders = orders_.data() + size_;
    const BlockRow** const rows = rows_.data() + size_;
    RankKey* const keys = keys_.data() + size_;
    kernels_.list_bits(present_.data(), present_.size(), orders);
    for (std::size_t i = 0; i < ordered_; ++i) {
        rows[i] = row_of_[orders[i]];
        keys[i] = ahead + rank_keys_.key_at(orders[i]);
    }
    std::fill(present_.begin(), present_.end(), 0);
    merge_loose(ahead, ordered_);
    size_ += ordered_ + loose_.size();
}

/// Sorts loose parts into as many entries from size_ on, from behind.
void BlockEntries::merge_loose(RankKey ahead, std::size_t ordered) {
    std::size_t from = size_ + ordered, to = from + loose_.size();
    for (auto part = loose_.rbegin(); part != loose_.rend(); ++part) {
        const RankKey key = ahead + part->key;
        for (; from > size_ && keys_[from - 1] < key; --from) {
            --to;
            keys_[to] = keys_[from - 1];
            orders_[to] = orders_[from - 1];
            rows_[to] = rows_[from - 1];
        }
        --to;
        keys_[to] = key;
        orders_[to] = part->order;
        rows_[to] = part->row;
    }
}

/// Room for two rows, until part_rows_used_ is raised.
BlockRow* BlockEntries::part_rows() {
    if (part_rows_used_ == part_rows_.size()) part_rows_.push_back(std::make_unique<BlockRow[]>(2));
    return part_rows_[part_rows_used_].get();
}

/// The firms of a row inside and outside another; none where there are none.
BlockEntries::Halves BlockEntries::halve(const BlockRow& row, const BlockRow& by) {
    BlockRow& inside = part_rows()[0];
    BlockRow& outside = part_rows()[1];
    const unsigned found = kernels_.split_row(row, by, inside, outside);
    if ((found & 1) == 0) return {nullptr, &row};
    if ((found & 2) == 0) return {&row, nullptr};
    ++part_rows_used_;
    return {&inside, &outside};
}

const BlockRow* BlockEntries::united(const BlockRow& a, const BlockRow& b) {
    BlockRow* const row = part_rows();
    ++part_rows_used_;
    for (std::size_t w = 0; w < kBlockWords; ++w)
        row->words[w] = a.words[w] | b.words[w];
    return row;
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
    if (policy.preferences > RankKeys::kMostSplit)
        return split_by_score(policy, firms, preferences);
    parts_.assign(1, {firms, 0});
    for (std::uint32_t i = 0; i < policy.preferences; ++i) {
        const BlockRow& when = preferences[policy.first_preference + i];
        for (std::size_t p = 0, parts = parts_.size(); p < parts; ++p) {
            const Halves halves = halve(*parts_[p].row, when);
            if (halves.inside == nullptr) continue;
            const Part with{halves.inside, parts_[p].subset | 1u << i};
            if (halves.outside == nullptr) {
                parts_[p] = with;
                continue;
            }
            parts_[p].row = halves.outside;
            parts_.push_back(with);
        }
    }
    for (const Part& part : parts_)
        add(orders_of_parts_[policy.first_part + part.subset], part.row);
}

/// Firms with the same preferences, or others that add as much, are one part: their sets would be
/// too many, their scores mostly are not.
void BlockEntries::split_by_score(const Preferring& policy, const BlockRow* firms,
                                  const PreferenceRows& preferences) {
    const std::uint32_t order = orders_of_parts_[policy.first_part];
    const RankKey key = rank_keys_.key_at(order);
    raised_.assign(1, {key, order, firms}); // the greatest key first
    for (std::uint32_t i = 0; i < policy.preferences; ++i) {
        const BlockRow& when = preferences[policy.first_preference + i];
        const Score add = program_.preferences[policy.first_preference + i].add;
        inside_.clear();
        outside_.clear();
        for (const Loose& part : raised_) {
            const Halves halves = halve(*part.row, when);
            if (halves.inside != nullptr)
                inside_.push_back({rank_keys_.raised(part.key, add), order, halves.inside});
            if (halves.outside != nullptr) outside_.push_back({part.key, order, halves.outside});
        }
        raised_.clear();
        auto a = inside_.begin(), b = outside_.begin();
        while (a != inside_.end() || b != outside_.end()) {
            if (b == outside_.end() || (a != inside_.end() && a->key > b->key)) {
                raised_.push_back(*a++);
            } else if (a == inside_.end() || b->key > a->key) {
                raised_.push_back(*b++);
            } else {
                raised_.push_back({a->key, order, united(*a++->row, *b++->row)});
            }
        }
    }
    loose_.insert(loose_.end(), raised_.begin(), raised_.end());
}

// ------------------------------------------------------------------------------ VariantTags

VariantTags::VariantTags(const Program& program, const RankKeys& keys) {
    std::vector<std::uint32_t> place_of(keys.variants());
    for (std::uint32_t place = 0; place < program.policies.size(); ++place)
        for (std::uint32_t s = 0; s < RankKeys::variants_of(program.policies[place]); ++s)
            place_of[keys.variant(place, s).order] = place;
    const auto tags = static_cast<std::uint32_t>(program.tag_names.size());
    rows_ = kSpareRows + tags;
    if (tags <= kMostMasked) mask_words_ = words_for(tags);
    heads_.resize(place_of.size() * head_words());
    TagGroup none;
    std::copy_n(kNobodys, kGroupItems, none.items);
    for (std::size_t order = 0; order < place_of.size(); ++order) {
        const CompiledPolicy& policy = program.policies[place_of[order]];
        std::uint64_t* const head = heads_.data() + order * head_words();
        const std::size_t first_group = groups_.size();
        std::uint32_t items = 0;
        for (std::uint32_t i = 0; i < policy.tags; ++i) {
            const CompiledTag& tag = program.tags[policy.first_tag + i];
            if (add_to_same(first_group, kSpareRows + tag.tag, keys.units(tag))) continue;
            if (items % kGroupItems == 0) groups_.push_back(none);
            groups_.back().items[items++ % kGroupItems] = {kSpareRows + tag.tag, keys.units(tag)};
            items_a_group_ += 1;
            if (has_masks()) head[1 + tag.tag / 64] |= std::uint64_t{1} << (tag.tag % 64);
        }
        const std::size_t groups = groups_.size() - first_group;
        head[0] = first_group + (groups << 32);
        most_groups_ = std::max(most_groups_, groups);
    }
    items_a_group_ /= static_cast<double>(std::max<std::size_t>(groups_.size(), 1));
    groups_.push_back(none); // read and left by entries without tags
}

/// A tag that the last variant has already: no tag stands twice, so that it has one carrier.
bool VariantTags::add_to_same(std::size_t first_group, std::uint32_t row, std::int32_t units) {
    for (std::size_t group = first_group; group < groups_.size(); ++group) {
        for (TagGroup::Item& item : groups_[group].items) {
            if (item.row != row) continue;
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
      short_keys_(keys, kernels.most_short_key), row_of_tag_(variant_tags.rows()) {
    for (std::uint32_t row = 0; row < row_of_tag_.size(); ++row)
        row_of_tag_[row] = variant_tags.has_masks() ? row : row % kSpareRows;
}

void BlockRanking::take_firms(std::size_t first, std::size_t firms) {
    for (std::uint32_t row : tags_met_)
        row_of_tag_[row] = row % kSpareRows;
    tags_met_.clear();
    const auto* const starts = firm_tags_.outerIndexPtr() + first;
    const auto* const tags = firm_tags_.innerIndexPtr() + starts[0];
    const auto* const weights = firm_tags_.valuePtr() + starts[0];
    followed_.resize(static_cast<std::size_t>(starts[firms] - starts[0]));
    for (std::size_t i = 0; i < followed_.size(); ++i) {
        const std::uint32_t its_row = kSpareRows + static_cast<std::uint32_t>(tags[i]);
        std::uint32_t& row = row_of_tag_[its_row];
        if (row < kSpareRows) {
            row = kSpareRows + static_cast<std::uint32_t>(tags_met_.size());
            tags_met_.push_back(its_row);
        }
        followed_[i] = {row, weights[i]};
    }
    first_followed_.resize(firms + 1);
    for (std::size_t firm = 0; firm <= firms; ++firm)
        first_followed_[firm] = static_cast<std::uint32_t>(starts[firm] - starts[0]);
    // The next block's are likely to stand behind these, and to be about as many.
    fetch_ahead(starts + firms, firms);
    fetch_ahead(tags + followed_.size(), followed_.size());
    fetch_ahead(weights + followed_.size(), followed_.size());
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
}

/// The tags of each entry, and the other way about: a row of entries for each tag.
void BlockRanking::lay_out_tags(const BlockEntries& entries) {
    block_.spare_rows = block_.rows = kSpareRows;
    block_.group_count = block_.item_count = 0;
    if (followed_.empty()) return; // nobody will ask
    grow(carried_, entries.size());
    if (variant_tags_.has_masks())
        lay_out_all(entries);
    else
        lay_out_followed(entries);
    block_.carriers = carriers_.data();
    block_.carried = carried_.data();
    block_.tag_groups = tag_groups_.data();
}

/// With a row for each tag of the program.
void BlockRanking::lay_out_all(const BlockEntries& entries) {
    block_.rows = variant_tags_.rows();
    const std::size_t words = variant_tags_.mask_words(), row_words = block_.row_words;
    grow(carriers_, (kSpareRows + 64 * words) * row_words);
    grow(masks_, 64 * words * row_words);
    std::fill_n(masks_.data(), 64 * words * row_words, 0);
    grow(tag_groups_, entries.size() * variant_tags_.most_groups() + 1);
    std::uint32_t used = 0; // of tag_groups_
    for (std::size_t first = 0; first < entries.size(); first += 64) {
        const std::size_t part = first / kBlockFirms, group = first / 64 % kBlockWords;
        used = copy_groups(entries, first, std::min<std::size_t>(entries.size() - first, 64), used,
                           masks_.data() + part * words * kMaskStride + group);
    }
    kernels_.lay_out_carriers(masks_.data(), words, row_words,
                              carriers_.data() + kSpareRows * row_words);
    block_.group_count = used;
    block_.item_count = static_cast<std::size_t>(used * variant_tags_.items_a_group());
}

/// The groups and masks of `count` entries; there are `used` groups already, and how many there are
/// then is returned. Together they stay in the cache, as those of all variants would not.
std::uint32_t BlockRanking::copy_groups(const BlockEntries& entries, std::size_t first,
                                        std::size_t count, std::uint32_t used,
                                        std::uint64_t* masks) {
    const std::size_t words = variant_tags_.mask_words();
    const std::size_t left = entries.size() - first;
    const std::uint32_t* const orders = entries.orders() + first;
    GroupRange* const carried = carried_.data() + first;
    TagGroup* const groups = tag_groups_.data();
    for (std::size_t i = 0; i < count; ++i) {
        if (i + 2 * kAhead < left) variant_tags_.prefetch_head(orders[i + 2 * kAhead]);
        if (i + kAhead < left) variant_tags_.prefetch_groups(orders[i + kAhead]);
        const GroupRange its = variant_tags_[orders[i]];
        const TagGroup* const from = variant_tags_.groups() + its.first;
        groups[used] = from[0]; // most have one; of no account where there is none
        for (std::uint32_t g = 1; g < its.count; ++g)
            groups[used + g] = from[g];
        carried[i] = {used, its.count};
        used += its.count;
        const std::uint64_t* const mask = variant_tags_.mask(orders[i]);
        for (std::size_t w = 0; w < words; ++w)
            masks[i * kBlockWords + w * kMaskStride] = mask[w];
    }
    return used;
}

/// With a row for each tag that a firm follows: groups are without the others.
void BlockRanking::lay_out_followed(const BlockEntries& entries) {
    block_.rows = kSpareRows + static_cast<std::uint32_t>(tags_met_.size());
    const std::size_t words = block_.row_words;
    grow(carriers_, block_.rows * words);
    std::uint64_t* const carriers = carriers_.data();
    std::fill_n(carriers, block_.rows * words, 0);
    std::uint32_t used = 0; // of tag_groups_
    std::size_t items_used = 0;
    for (std::size_t entry = 0; entry < entries.size(); ++entry) {
        if (entry + kAhead < entries.size())
            variant_tags_.prefetch_groups(entries.orders()[entry + kAhead]);
        const GroupRange groups = variant_tags_[entries.orders()[entry]];
        if (tag_groups_.size() <= used + groups.count)
            tag_groups_.resize(2 * (used + std::size_t{groups.count} + 1));
        TagGroup::Item* const items = tag_groups_[used].items;
        std::uint32_t count = 0; // of items that somebody follows
        const std::uint64_t bit = std::uint64_t{1} << (entry % 64);
        for (std::uint32_t group = 0; group < groups.count; ++group) {
            for (const TagGroup::Item& item : variant_tags_.groups()[groups.first + group].items) {
                const std::uint32_t row = row_of_tag_[item.row];
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
