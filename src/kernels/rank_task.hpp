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

/// A tag that a firm of the block follows, by its row of carriers.
struct FollowedTag {
    std::uint32_t row;
    std::int32_t weight; // the firm's, in thousandths
};
/// The same, seen from the tag.
struct Follower {
    std::uint32_t slot;
    std::int32_t weight;
};

/// Tags that an entry carries, and its weights in units of scores; filled up with weights of 0.
struct TagGroup {
    struct Item {
        std::uint32_t row; // of carriers
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

/// Who is matched by what, whatever the width of keys.
struct RankBlock {
    const BlockRow* const* entries; // firms of each entry
    std::size_t entry_count = 0;
    std::size_t words = 0;     // of a row of entry bits
    std::size_t row_words = 0; // the same, to whole registers

    std::size_t group_count = 0; // of tag_groups
    std::size_t item_count = 0;  // in these, that are not there to fill up
    const GroupRange* carried;   // by entry: which of the groups
    const TagGroup* tag_groups;
    const std::uint64_t* carriers; // a row a tag that is followed: the entries that carry it
    std::uint32_t rows = 0, spare_rows = 0; // of carriers; the first, of other tags, mean nothing

    std::size_t firm_count = 0;
    const FollowedTag* followed;
    const std::uint32_t* first_followed; // firm f follows [first_followed[f], first_followed[f+1])
    const std::uint32_t* firm_order;     // those that follow fewer tags first
    std::size_t first_following = 0;     // place of the first that follows any

    std::uint32_t top = 0; // keys wanted of each firm
};

/// Key is 32 or 64 bits wide: rank_keys.hpp.
template <class Key> struct RankTask : RankBlock {
    const Key* keys;  // of the entries, descending; zeros behind, to row_words
    int tie_bits = 0; // a key is score << tie_bits | tie
};

/// A firm that follows tags, on its way through the ranker.
struct RankWork {
    std::size_t firm;
    std::size_t first_key;                   // of its part of RankScratch::shared_keys
    std::int64_t threshold;                  // what a key that counts is above; no key is 0
    std::uint32_t plain_count, shared_count; // keys
};

/// Working memory of one thread, grown to the tasks it meets.
template <class Key> struct RankScratch {
    AlignedVector<std::uint64_t> bits;  // entry bits, firm-major
    AlignedVector<std::uint64_t> plain; // of the firm at hand: pairs without a shared tag
    std::size_t slots = 0, room = 0;    // for firms that are ranked together, and their shared keys
    std::size_t plain_stride = 0;       // a firm's part of plain_keys
    std::vector<RankWork> works;        // by slot, as what follows
    AlignedVector<Key> plain_keys, shared_keys;
    AlignedVector<Key> merged;           // shared keys of the firm at hand
    AlignedVector<std::int32_t> follows; // by row of carriers; all 0 between calls
    // Of all slots: words of pairs to be scored one by one, and slot << 32 | word of each.
    AlignedVector<std::uint64_t> listed_words, listed_places;
    std::vector<std::uint32_t> first_carrier, next_carrier; // by row of carriers
    // Of those that carry a tag, tag by tag, some to spare behind: entries, their keys, what it
    // adds.
    std::vector<std::uint32_t> carrier_entries;
    AlignedVector<Key> carrier_keys;
    AlignedVector<std::int32_t> carrier_units;
    std::vector<Follower> followers;                          // tag by tag
    std::vector<std::uint32_t> first_follower, next_follower; // by row of carriers, one more
    bool too_great = false; // did a raised key not fit 32 bits? Then the keys mean nothing

    void fit(const RankTask<Key>& task);
};

/// Of each firm, where in the keys of its block its own stand.
struct KeyRanges {
    std::uint32_t* begins;
    std::uint32_t* counts;
};

/// So many keys of a firm are sorted by a network, one firm a vector lane.
inline constexpr std::uint32_t kNetworkKeys = 32;
/// Keys are stored by the register, or all that a word of pairs may have: so many may be written
/// behind those that count.
inline constexpr std::size_t kKeySlack = 96;

/// Batches of firms, a lane a firm, that are filled side by side.
inline constexpr std::size_t kBatches = 3;

/// The most that a firm takes of RankScratch::shared_keys: its shared pairs, and zeros to pad.
template <class Key> constexpr std::size_t most_room(const RankTask<Key>& task) {
    return task.row_words * 64 + kKeySlack;
}

template <class Key> void RankScratch<Key>::fit(const RankTask<Key>& task) {
    const auto grow = [](auto& vector, std::size_t size) {
        if (vector.size() < size) vector.resize(size + size / 2);
    };
    // All firms of a block together, unless their keys or what they follow would take megabytes.
    constexpr std::size_t kRoom = std::size_t{1} << 16, kFollows = std::size_t{1} << 19;
    constexpr std::size_t kFewestSlots = 64;
    const std::size_t following = task.firm_count - task.first_following;
    slots = std::clamp(kFollows / std::max<std::size_t>(task.rows, 1), kFewestSlots,
                       std::max(following, kFewestSlots));
    const std::size_t most_plain = std::min<std::size_t>(task.top, task.row_words * 64);
    plain_stride = (most_plain + kNetworkKeys - 1) / kNetworkKeys * kNetworkKeys;
    slots = std::clamp<std::size_t>(kRoom / plain_stride, 1, slots);
    room =
        std::clamp(slots * most_room(task), most_room(task), std::max(kRoom, 16 * most_room(task)));
    grow(bits, kBlockFirms * task.row_words);
    grow(plain, task.row_words);
    grow(works, slots);
    grow(plain_keys, slots * plain_stride + kKeySlack);
    grow(shared_keys, room);
    grow(merged, most_room(task));
    grow(follows, slots * task.rows);
    grow(listed_words, slots * task.row_words + kBlockWords);
    grow(listed_places, slots * task.row_words + kBlockWords);
    grow(first_carrier, task.rows);
    grow(next_carrier, task.rows);
    grow(followers, task.first_followed[task.firm_count]);
    grow(first_follower, task.rows + std::size_t{1});
    grow(next_follower, task.rows + std::size_t{1});
    const std::size_t items = task.group_count * std::size(TagGroup{}.items);
    grow(carrier_keys, items + kKeySlack);
    grow(carrier_entries, items + kKeySlack);
    grow(carrier_units, items + kKeySlack);
}

} // namespace qice
