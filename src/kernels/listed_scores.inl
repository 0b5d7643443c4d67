// Scores of pairs that share tags, pair by pair. Included by block_ranker.inl.
//
// The pairs of all firms stand in one list: long loops over it in place of short ones within a
// firm, whose ends the processor would guess wrong. 6 to 7 ns a pair, found, scored and kept. A key
// is dropped only where its firm has `top` better ones.

/// What a group of tags adds to the score of a firm that follows some, in units.
QICE_FLAT std::int64_t affinity(const TagGroup& group, const std::int32_t* follows) {
    std::int64_t sum = 0;
    for (const TagGroup::Item& item : group.items)
        sum += std::int64_t{item.weight} * follows[item.row];
    return sum;
}

/// Of several groups; kept small, as few entries have many.
__attribute__((noinline, cold)) std::int64_t affinity(const TagGroup* group, const TagGroup* end,
                                                      const std::int32_t* follows) {
    std::int64_t sum = 0;
    for (; group != end; ++group)
        sum += affinity(*group, follows);
    return sum;
}

/// The key of a pair of a firm that follows tags and an entry that carries some, in a group or
/// more; with kTwo in two or more.
template <bool kTwo, class Key>
QICE_FLAT std::int64_t shared_key(const RankTask<Key>& task, std::uint32_t entry,
                                  const std::int32_t* follows) {
    const GroupRange carried = task.carried[entry];
    const TagGroup* const groups = task.tag_groups + carried.first;
    std::int64_t more = affinity(groups[0], follows);
    if (kTwo || carried.count > 1) more += affinity(groups[1], follows);
    if (__builtin_expect(carried.count > 2, 0))
        more += affinity(groups + 2, groups + carried.count, follows);
    return static_cast<std::int64_t>(task.keys[entry] +
                                     (static_cast<std::uint64_t>(more) << task.tie_bits));
}

/// Writes the words of a row that are not zero, and their places, which count up from the first;
/// returns how many. Writes up to a row of each.
template <class Row>
QICE_FLAT std::uint32_t list_words(const Row& row, std::uint64_t first_place, std::uint64_t* words,
                                   std::uint64_t* places) {
    if constexpr (kCompresses) {
        return compress_words(row, first_place, words, places);
    } else {
        std::uint32_t count = 0;
        for (std::size_t w = 0; w < kBlockWords; ++w) {
            words[count] = reinterpret_cast<const Word*>(&row)[w];
            places[count] = first_place + w;
            count += words[count] != 0 ? 1 : 0;
        }
        return count;
    }
}

/// Scores of listed pairs.
template <class Key> class ListedScores {
  public:
    ListedScores(const RankTask<Key>& task, RankScratch<Key>& scratch)
        : task_(task), scratch_(scratch) {}

    /// Of the first `words` listed: keys above their firms' thresholds go to the firms' slots.
    void score(std::size_t words) {
        std::uint64_t pairs[kAtOnce + 64]; // slot << 32 | entry
        std::size_t size = 0;
        for (std::size_t i = 0; i < words; ++i) {
            const std::uint64_t place = scratch_.listed_places[i];
            const std::uint64_t first = (place >> 32 << 32) + (place << 32 >> 32) * 64;
            size += for_set_bits<4>(
                scratch_.listed_words[i], 64,
                [&](std::uint32_t bit, std::uint32_t at) { pairs[size + bit] = first + at; });
            if (size < kAtOnce && i + 1 < words) continue;
            score_pairs(pairs, size);
            size = 0;
        }
    }

  private:
    static constexpr std::size_t kAtOnce = 256;

    void score_pairs(const std::uint64_t* pairs, std::size_t size) {
        // Those whose entries have one group of tags, and more, apart.
        std::uint64_t one[kAtOnce + 64], more[kAtOnce + 64];
        std::size_t ones = 0;
        for (std::size_t pair = 0; pair < size; ++pair) {
            const auto entry = static_cast<std::uint32_t>(pairs[pair]);
            one[ones] = more[pair - ones] = pairs[pair];
            ones += task_.carried[entry].count == 1 ? 1 : 0;
        }
        score_pairs<false>(one, ones);
        score_pairs<true>(more, size - ones);
    }

    /// First all keys, as none has to wait for another; then who keeps which.
    template <bool kTwoGroups> void score_pairs(const std::uint64_t* pairs, std::size_t size) {
        Key keys[kAtOnce + 64];
        std::int64_t greatest = 0;
        const std::int32_t* const follows = scratch_.follows.data();
        for (std::size_t pair = 0; pair < size; ++pair) {
            const std::int64_t key =
                shared_key<kTwoGroups>(task_, static_cast<std::uint32_t>(pairs[pair]),
                                       follows + (pairs[pair] >> 32) * task_.rows);
            keys[pair] = static_cast<Key>(key);
            if constexpr (sizeof(Key) < sizeof(key)) greatest = greater(greatest, key);
        }
        if (greatest > kMostShortKey) scratch_.too_great = true;
        for (std::size_t pair = 0; pair < size; ++pair) {
            RankWork& work = scratch_.works[pairs[pair] >> 32];
            scratch_.shared_keys[work.first_key + work.shared_count] = keys[pair];
            work.shared_count += static_cast<std::int64_t>(keys[pair]) > work.threshold ? 1 : 0;
        }
    }

    const RankTask<Key>& task_;
    RankScratch<Key>& scratch_;
};
