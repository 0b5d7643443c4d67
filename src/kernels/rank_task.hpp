// What the ranking kernels read and write: the matches of one class in one block of firms.
//
// An entry is a policy (or a variant of one, see rank_keys.hpp) with the firms of the block it
// matches. Entries stand in key order, so a firm's pairs that share no tag are ranked already; only
// a shared tag moves a pair from its place.
#pragma once

#include "qice/base/bits.hpp"

#include <algorithm>
#include <cstdint>

namespace qice {

/// A tag that a firm of the block follows and some entry carries.
struct FollowedTag {
    std::uint32_t row;   // of carriers and weights
    std::int32_t weight; // the firm's, in thousandths
};

/// Key is 32 or 64 bits wide: rank_keys.hpp.
template <class Key> struct RankTask {
    const Key* keys;                // of the entries, descending; zeros behind, to row_words
    const BlockRow* const* entries; // firms of each entry
    std::size_t entry_count = 0;
    std::size_t words = 0;      // of a row of entry bits
    std::size_t row_words = 0;  // the same, to whole registers
    int tie_bits = 0;           // a key is score << tie_bits | tie
    bool great_weights = false; // tags may add more than 31 bits to a score

    const std::uint64_t* carriers; // a row a tag: the entries that carry it
    const std::int32_t* weights;   // a row a tag, weight_stride() apart: the entry's, in units
    const FollowedTag* followed;
    const std::uint32_t* first_followed; // firm f follows [first_followed[f], first_followed[f+1])

    std::size_t firm_count = 0;
    std::uint32_t top = 0; // keys wanted of each firm
};

/// Working memory of one thread, grown to the tasks it meets.
template <class Key> struct RankScratch {
    AlignedVector<std::uint64_t> bits;   // entry bits, firm-major: see firm_major()
    AlignedVector<std::uint64_t> plain;  // of the firm at hand: its pairs that share no tag
    AlignedVector<std::uint64_t> shared; // of the firms in work: those that do
    AlignedVector<Key> plain_keys, shared_keys;

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

/// One line more than the entries, as rows a power of two apart would share few cache sets.
template <class Key> constexpr std::size_t weight_stride(const RankTask<Key>& task) {
    return task.row_words * 64 + 16;
}

/// Lengths of a firm's rows in RankScratch.
inline constexpr std::size_t kPlainStride = 2 * kNetworkKeys + 64 + kKeySlack;
template <class Key> constexpr std::size_t shared_stride(const RankTask<Key>& task) {
    return task.row_words * 64 + kNetworkKeys + kKeySlack;
}

template <class Key> void RankScratch<Key>::fit(const RankTask<Key>& task) {
    constexpr std::size_t kLanes = 64 / sizeof(Key); // of the widest level
    const auto grow = [](auto& vector, std::size_t size) {
        if (vector.size() < size) vector.resize(size + size / 2);
    };
    grow(bits, kBlockFirms * task.row_words);
    grow(plain, task.row_words);
    grow(shared, kLanes * task.row_words);
    grow(plain_keys, std::max(kLanes * kPlainStride, (task.row_words + 1) * 64 + kKeySlack));
    grow(shared_keys, kLanes * shared_stride(task));
}

} // namespace qice
