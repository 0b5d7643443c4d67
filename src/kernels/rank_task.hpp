// What the ranking kernels read and write: the matches of one class in one block of firms.
//
// An entry is a policy (or a variant of one, see rank_keys.hpp) with the firms of the block it
// matches. Entries stand in key order, so a firm's pairs that share no tag are ranked already; only
// a shared tag moves a pair from its place.
#pragma once

#include "qice/base/bits.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <vector>

namespace qice {

/// A tag that a firm of the block follows and some entry carries.
struct FollowedTag {
    std::uint32_t tag;
    std::uint32_t row;   // of carriers
    std::int32_t weight; // the firm's, in thousandths
};

/// Tags that an entry carries, and its weights in units of scores; filled up with weights of 0.
struct TagGroup {
    struct Item {
        std::uint32_t tag;
        std::int32_t weight;
    } items[4];
};
struct GroupRange {
    std::uint32_t first, count;
};

/// What a tag that is followed adds to keys, and what these must beat.
struct Raise {
    std::int32_t weight; // the firm's, in thousandths
    int tie_bits;
    std::int64_t threshold;
};

/// Key is 32 or 64 bits wide: rank_keys.hpp.
template <class Key> struct RankTask {
    const Key* keys;                // of the entries, descending; zeros behind, to row_words
    const BlockRow* const* entries; // firms of each entry
    std::size_t entry_count = 0;
    std::size_t words = 0;     // of a row of entry bits
    std::size_t row_words = 0; // the same, to whole registers
    int tie_bits = 0;          // a key is score << tie_bits | tie

    std::size_t tags = 0;        // all there are
    std::size_t group_count = 0; // of tag_groups
    const GroupRange* carried;   // by entry: which of the groups
    const TagGroup* tag_groups;
    const std::uint64_t* carriers; // a row a tag that is followed: the entries that carry it
    std::uint32_t rows = 0, spare_rows = 0; // of carriers; the first, of other tags, mean nothing
    const std::uint32_t* row_of_tag;
    const FollowedTag* followed;
    const std::uint32_t* first_followed; // firm f follows [first_followed[f], first_followed[f+1])

    std::size_t firm_count = 0;
    std::uint32_t top = 0; // keys wanted of each firm
};

/// Working memory of one thread, grown to the tasks it meets.
template <class Key> struct RankScratch {
    AlignedVector<std::uint64_t> bits;          // entry bits, firm-major: see firm_major()
    AlignedVector<std::uint64_t> plain, shared; // of the firm at hand: pairs without a shared tag,
    AlignedVector<std::uint64_t> shared_once, shared_twice; // with one; with one alone; with more
    AlignedVector<std::uint32_t> listed; // of the firms in work, a slot each: entries of the latter
    AlignedVector<std::int32_t> follows; // a weight a tag: the firm's at hand; 0 between firms
    AlignedVector<Key> plain_keys, shared_keys;
    std::vector<std::uint32_t> first_carrier, next_carrier; // by row of carriers
    AlignedVector<Key> carrier_keys; // of those that carry a tag, tag by tag; some to spare behind
    AlignedVector<std::int32_t> carrier_units; // what it adds to each

    void fit(const RankTask<Key>& task);
};

/// Of each firm, where in the keys of its block its own stand.
struct KeyRanges {
    std::uint32_t* begins;
    std::uint32_t* counts;
};

/// The keys of one firm before they are merged.
template <class Key> struct Selected {
    const Key* plain;  // descending, the first `top`
    const Key* shared; // in no order, all that can be among the first `top`
    std::uint32_t plain_count, shared_count;
};

/// Up to so many keys of a firm are ranked by a sorting network, one firm a vector lane.
inline constexpr std::uint32_t kNetworkKeys = 32;
/// Keys are stored by the register: so many may be written behind those that count.
inline constexpr std::size_t kKeySlack = 96;

/// Batches of firms, a lane a firm, that are filled side by side.
inline constexpr std::size_t kBatches = 3;
/// Lengths of a firm's rows in RankScratch.
inline constexpr std::size_t kPlainStride = 2 * kNetworkKeys + 64 + kKeySlack;
template <class Key> constexpr std::size_t listed_stride(const RankTask<Key>& task) {
    return task.row_words * 64 + 8;
}
template <class Key> constexpr std::size_t shared_stride(const RankTask<Key>& task) {
    return task.row_words * 64 + kNetworkKeys + kKeySlack;
}

template <class Key> void RankScratch<Key>::fit(const RankTask<Key>& task) {
    constexpr std::size_t kSlots = kBatches * 64 / sizeof(Key); // of the widest level
    const auto grow = [](auto& vector, std::size_t size) {
        if (vector.size() < size) vector.resize(size + size / 2);
    };
    grow(bits, kBlockFirms * task.row_words);
    grow(plain, task.row_words);
    grow(shared, task.row_words);
    grow(shared_once, task.row_words);
    grow(shared_twice, task.row_words);
    grow(listed, kSlots * listed_stride(task));
    grow(follows, task.tags + 1);
    grow(plain_keys, std::max(kSlots * kPlainStride, (task.row_words + 1) * 64 + kKeySlack));
    grow(shared_keys, kSlots * shared_stride(task));
    grow(first_carrier, task.rows);
    grow(next_carrier, task.rows);
    const std::size_t items = task.group_count * std::size(TagGroup{}.items);
    grow(carrier_keys, items + kKeySlack);
    grow(carrier_units, items + kKeySlack);
}

} // namespace qice
