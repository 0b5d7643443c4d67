// The first K of each firm of a block. Included once per CPU level, after block_executor.inl; the
// level has defined kMostShortKey, kCountsBits, kCompresses and, if it does, compress_words() and
// its like.
//
// A firm's pairs without a shared tag are in order: the first K are read off. Those with one are
// scored, and kept if they beat the K-th of the others. As many firms as a register has lanes are
// then merged at once by a sorting network, a firm a lane, so that no branch depends on a key;
// where a firm keeps more keys than the network takes, the further ones have to beat the K-th so
// far, which few do. If K is more than the network takes, it only sorts, and each firm is merged by
// itself. Firms with about as many keys fill batches of their own, as a batch is as slow as its
// slowest firm; and firms that follow as many tags are taken one after another, so that loops over
// tags end where the processor expects it. How many of all pairs match is guessed from some firms,
// for what is fast with few of them is not with many.

#include "kernels/listed_scores.inl"

/// Batcher's odd-even merge sort of a power of two of keys, as pairs to compare.
template <std::uint32_t kKeys> struct SortingNetwork {
    static constexpr std::size_t pairs(std::uint8_t* first, std::uint8_t* second) {
        std::size_t count = 0;
        for (std::uint32_t p = 1; p < kKeys; p *= 2)
            for (std::uint32_t k = p; k >= 1; k /= 2)
                for (std::uint32_t j = k % p; j + k < kKeys; j += 2 * k)
                    for (std::uint32_t i = 0; i < k && i + j + k < kKeys; ++i)
                        if ((i + j) / (2 * p) == (i + j + k) / (2 * p)) {
                            first[count] = static_cast<std::uint8_t>(i + j);
                            second[count] = static_cast<std::uint8_t>(i + j + k);
                            ++count;
                        }
        return count;
    }
    static constexpr std::size_t kMostPairs = kKeys * kKeys / 2;

    std::uint8_t first[kMostPairs] = {}, second[kMostPairs] = {};
    std::size_t size = pairs(first, second);
};
template <std::uint32_t kKeys> inline constexpr SortingNetwork<kKeys> kNetwork;

template <class Keys> QICE_FLAT void order(Keys& first, Keys& second) {
    const Keys a = first, b = second;
    first = greater(a, b); // one instruction each
    second = lesser(a, b);
}

/// Sorts the rows of every lane, descending. Unrolled, so that they live in registers.
template <std::uint32_t kKeys, class Keys, std::size_t... I>
inline void sort_lanes(Keys* rows, std::index_sequence<I...>) {
    constexpr const SortingNetwork<kKeys>& network = kNetwork<kKeys>;
    (order(rows[network.first[I]], rows[network.second[I]]), ...);
}

/// Of a descending column of 32 keys and one of `count` in every lane the first 32, into `best`:
/// one half-cleaner with the second reversed leaves a bitonic column, which log2 more put in order.
template <class Keys> inline void keep_first(Keys* best, const Keys* more, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
        Keys& least = best[kNetworkKeys - 1 - i];
        least = least > more[i] ? least : more[i];
    }
    for (std::uint32_t half = kNetworkKeys / 2; half != 0; half /= 2)
        for (std::uint32_t base = 0; base < kNetworkKeys; base += 2 * half)
            for (std::uint32_t i = base; i < base + half; ++i)
                order(best[i], best[i + half]);
}

/// Where keys are compressed: carrier_scores.inl.
template <class Key> class CarrierScores;

template <class Key> class Ranker {
    using Keys = typename KeyVector<Key>::Keys;
    static constexpr std::size_t kLanes = kRegisterBytes / sizeof(Key);
    /// Scored tag by tag, the more firms together the better; else they should stay near.
    static constexpr std::size_t kMostAtOnce = kCompresses ? kBlockFirms : 64;
    static constexpr std::size_t kWrittenAhead = 2048; // bytes

  public:
    Ranker(const RankTask<Key>& task, RankScratch<Key>& scratch) : task_(task), scratch_(scratch) {}

    /// Ranks all firms. `out` has room for every key and kKeySlack more; returns how many were
    /// written.
    std::size_t rank(Key* out, const KeyRanges& ranges) {
        transpose(task_.entries, task_.entry_count, scratch_.bits.data(), task_.row_words);
        scratch_.too_great = false;
        out_ = out;
        ranges_ = ranges;
        const bool by_tag = choose_by_share();
        if constexpr (kCompresses)
            if (by_tag) CarrierScores<Key>(task_, scratch_).list();
        std::size_t place = 0;
        for (; place < task_.first_following; ++place) {
            const std::size_t firm = task_.firm_order[place];
            keep(firm, read_off(bits(firm), out_ + used_));
        }
        while (place < task_.firm_count)
            place += by_tag ? rank_followers<kCompresses>(place) : rank_followers<false>(place);
        return used_;
    }

  private:
    /// Firms that are merged together, one a lane.
    struct Batch {
        std::size_t slots[kLanes];
        std::size_t size = 0;
    };

    /// Of a firm's pairs that share a tag: how many there are, and how many words are listed.
    struct Listed {
        std::size_t pairs, words;
    };

    /// Ranks firms that follow tags, from a place on, as many as there is room for; returns how
    /// many. Pairs that share one tag alone are scored by CarrierScores or with all others.
    template <bool kByTag> std::size_t rank_followers(std::size_t first_place) {
        const std::size_t most =
            lesser(lesser(scratch_.slots, kMostAtOnce), task_.firm_count - first_place);
        std::size_t count = 0, words = 0, used = 0;
        for (; count < most && used + most_room(task_) <= scratch_.room; ++count) {
            begin(count, task_.firm_order[first_place + count], used);
            const Listed listed = split_pairs<kByTag>(count, words);
            words += listed.words;
            used += listed.pairs + kNetworkKeys;
            read_plain(count);
        }
        if constexpr (kByTag) CarrierScores<Key>(task_, scratch_).score(count);
        ListedScores<Key>(task_, scratch_).score(words);
        for (std::size_t slot = 0; slot < count; ++slot)
            put_in_batch(slot);
        for (Batch& batch : batches_)
            merge(batch);
        for (std::size_t slot = 0; slot < count; ++slot)
            end(slot);
        return count;
    }

    /// Gives a firm a slot, with what it follows by row of carriers.
    QICE_FLAT void begin(std::size_t slot, std::size_t firm, std::size_t first_key) {
        scratch_.works[slot] = {firm, first_key, 0, 0, 0};
        for (std::uint32_t i = task_.first_followed[firm]; i < task_.first_followed[firm + 1]; ++i)
            follows(slot)[task_.followed[i].row] = task_.followed[i].weight;
    }
    QICE_FLAT void end(std::size_t slot) {
        const std::size_t firm = scratch_.works[slot].firm;
        for (std::uint32_t i = task_.first_followed[firm]; i < task_.first_followed[firm + 1]; ++i)
            follows(slot)[task_.followed[i].row] = 0;
    }

    void put_in_batch(std::size_t slot) {
        const RankWork& work = scratch_.works[slot];
        if (work.shared_count == 0) {
            if (work.plain_count <= kNetworkKeys) // no branch on how many
                __builtin_memcpy(out_ + used_, plain_keys(slot), kNetworkKeys * sizeof(Key));
            else
                __builtin_memcpy(out_ + used_, plain_keys(slot), work.plain_count * sizeof(Key));
            keep(work.firm, work.plain_count);
            return;
        }
        pad(shared_keys(slot) + work.shared_count);
        Batch& batch = batches_[batch_of(work)];
        batch.slots[batch.size++] = slot;
        if (batch.size == kLanes) merge(batch);
    }

    static std::size_t batch_of(const RankWork& work) {
        if (work.shared_count > kNetworkKeys) return 2;
        return work.shared_count > kNetworkKeys / 2 ? 1 : 0;
    }

    /// The keys of the firm's plain pairs, and what others must beat to be among the first `top`.
    /// Writes behind them, where the next slot's keys will stand.
    QICE_FLAT void read_plain(std::size_t slot) {
        RankWork& work = scratch_.works[slot];
        const Key* const keys = plain_keys(slot);
        work.plain_count = read_off(scratch_.plain.data(), plain_keys(slot));
        pad(plain_keys(slot) + work.plain_count);
        if (work.plain_count == task_.top)
            work.threshold = static_cast<std::int64_t>(keys[task_.top - 1]);
    }

    std::uint64_t* bits(std::size_t firm) const {
        return scratch_.bits.data() + firm * task_.row_words;
    }
    Key* plain_keys(std::size_t slot) const {
        return scratch_.plain_keys.data() + slot * scratch_.plain_stride;
    }
    Key* shared_keys(std::size_t slot) const {
        return scratch_.shared_keys.data() + scratch_.works[slot].first_key;
    }
    std::int32_t* follows(std::size_t slot) const {
        return scratch_.follows.data() + slot * task_.rows;
    }

    /// The firm's keys are the next `count`. Asks for memory that will be written soon.
    void keep(std::size_t firm, std::uint32_t count) {
        ranges_.begins[firm] = static_cast<std::uint32_t>(used_);
        ranges_.counts[firm] = count;
        used_ += count;
        const char* const ahead = reinterpret_cast<const char*>(out_ + used_) + kWrittenAhead;
        __builtin_prefetch(ahead, 1);
        __builtin_prefetch(ahead + 64, 1);
    }

    /// The firm's pairs: those without a shared tag to scratch.plain; words of the others are
    /// listed, behind so many. With kOnceApart, for CarrierScores, those that share one tag alone
    /// are what is left in the firm's bits, and only the others are listed.
    template <bool kOnceApart> QICE_FLAT Listed split_pairs(std::size_t slot, std::size_t listed) {
        const std::size_t firm = scratch_.works[slot].firm;
        const FollowedTag* const tags = task_.followed + task_.first_followed[firm];
        const FollowedTag* const tags_end = task_.followed + task_.first_followed[firm + 1];
        Listed more{0, 0};
        for (std::size_t w = 0; w < task_.row_words; w += kBlockWords) {
            Bits carried = zeros(), carried_twice = zeros();
            for (const FollowedTag* tag = tags; tag != tags_end; ++tag) {
                const Bits carriers = read(at(task_.carriers + tag->row * task_.row_words + w));
                if constexpr (kOnceApart) carried_twice |= carried & carriers;
                carried |= carriers;
            }
            const Bits pairs = read(at(bits(firm) + w));
            write(at(scratch_.plain.data() + w), pairs & ~carried);
            more.pairs += count(pairs & carried);
            if constexpr (kOnceApart) {
                write(at(bits(firm) + w), pairs & carried & ~carried_twice);
                carried = carried_twice;
            }
            more.words += list_words(pairs & carried, std::uint64_t{slot} << 32 | w,
                                     scratch_.listed_words.data() + listed + more.words,
                                     scratch_.listed_places.data() + listed + more.words);
        }
        return more;
    }

    static Bits& at(std::uint64_t* words) { return *reinterpret_cast<Bits*>(words); }
    static const Bits& at(const std::uint64_t* words) {
        return *reinterpret_cast<const Bits*>(words);
    }

    /// Looks how many pairs some firms have, and chooses what is fast with as many. Returns whether
    /// pairs that share one tag are to be scored tag by tag.
    bool choose_by_share() {
        constexpr std::size_t kApart = kBlockFirms / 16; // firms
        std::size_t pairs = 0, words = 0;
        for (std::size_t firm = 0; firm < task_.firm_count; firm += kApart, words += task_.words)
            for (std::size_t w = 0; w < task_.words; ++w)
                pairs += popcount(bits(firm)[w]);
        steps_a_word_ = pairs < words / 2 ? 2 : pairs < words * 2 ? 4 : 8;
        const double share = static_cast<double>(pairs) / static_cast<double>(64 * words);
        if constexpr (kCompresses)
            return CarrierScores<Key>(task_, scratch_).pay(share);
        else
            return false;
    }

    /// The keys of the first `top` pairs of a row. Writes up to 63 keys beyond them.
    QICE_FLAT std::uint32_t read_off(const std::uint64_t* pairs, Key* out) const {
        if (steps_a_word_ == 2) return read_words<2>(pairs, out);
        if (steps_a_word_ == 4) return read_words<4>(pairs, out);
        return read_words<8>(pairs, out);
    }
    template <std::uint32_t kAhead>
    __attribute__((noinline)) std::uint32_t read_words(const std::uint64_t* pairs, Key* out) const {
        std::uint32_t count = 0;
        for (std::size_t w = 0; w < task_.words && count < task_.top; ++w)
            count += take<kAhead>(out + count, task_.keys + w * 64, pairs[w], task_.top - count);
        return count;
    }

    /// The keys of a word's set bits, at most so many.
    template <std::uint32_t kAhead>
    QICE_FLAT static std::uint32_t take(Key* out, const Key* keys, std::uint64_t word,
                                        std::uint32_t most) {
        if (kAhead == 8 && word == 0) return 0;
        if constexpr (kAhead == 8 && kCompresses && sizeof(Key) == sizeof(std::uint32_t)) {
            compress_keys(out, keys, word);
            return lesser(popcount(word), most);
        }
        return for_set_bits<kAhead>(
            word, most, [&](std::uint32_t i, std::uint32_t place) { out[i] = keys[place]; });
    }

    /// Zeros behind the keys, so that they fill a multiple of kNetworkKeys.
    static void pad(Key* end) {
        for (std::size_t i = 0; i < kNetworkKeys; i += kLanes)
            __builtin_memset(end + i, 0, kRegisterBytes);
    }

    std::uint32_t most_shared(const Batch& batch) const {
        std::uint32_t most = 0;
        for (std::size_t lane = 0; lane < batch.size; ++lane)
            most = greater(most, scratch_.works[batch.slots[lane]].shared_count);
        return most;
    }

    void merge(Batch& batch) {
        if (batch.size == 0) return;
        for (std::size_t lane = batch.size; lane < kLanes; ++lane)
            batch.slots[lane] = batch.slots[0]; // of no account
        if (task_.top <= kNetworkKeys)
            merge_together(batch);
        else
            merge_one_by_one(batch);
        batch.size = 0;
    }

    void merge_together(const Batch& batch) {
        Keys best[kNetworkKeys];
        const Key* from[kLanes];
        for (std::size_t lane = 0; lane < kLanes; ++lane)
            from[lane] = plain_keys(batch.slots[lane]);
        gather(from, best, kNetworkKeys);
        merge_shared(batch, best, 0, most_shared(batch));
        // What is left has to beat the last key so far; who has so many has a key there.
        for (std::size_t lane = 0; lane < batch.size; ++lane) {
            const std::size_t slot = batch.slots[lane];
            const RankWork& work = scratch_.works[slot];
            if (batch_of(work) != 2) continue;
            const auto* const last = reinterpret_cast<const Key*>(best + task_.top - 1) + lane;
            keep_above(slot, static_cast<std::int64_t>(*last));
            pad(shared_keys(slot) + work.shared_count);
        }
        const std::uint32_t most = most_shared(batch);
        for (std::uint32_t first = kNetworkKeys; first < most; first += kNetworkKeys)
            merge_shared(batch, best, first, most);
        write_out(batch, best);
    }

    /// Merges each lane's shared keys from `first` on, at most kNetworkKeys, into its best; no lane
    /// has more than `most` in all.
    void merge_shared(const Batch& batch, Keys* best, std::uint32_t first, std::uint32_t most) {
        const std::uint32_t count = most - first;
        if (count <= kNetworkKeys / 2)
            merge_sorted<kNetworkKeys / 2>(batch, best, first);
        else
            merge_sorted<kNetworkKeys>(batch, best, first);
    }

    template <std::uint32_t kCount>
    void merge_sorted(const Batch& batch, Keys* best, std::uint32_t first) {
        Keys more[kCount];
        sort_shared<kCount>(batch, more, first);
        keep_first(best, more, kCount);
    }

    /// The shared keys of every lane from `first` on, at most so many, descending.
    template <std::uint32_t kCount>
    void sort_shared(const Batch& batch, Keys* rows, std::uint32_t first) const {
        const Key* from[kLanes];
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            const std::size_t slot = batch.slots[lane];
            // Of a lane that has no more the zeros behind its keys.
            from[lane] = shared_keys(slot) + lesser(first, scratch_.works[slot].shared_count);
        }
        gather(from, rows, kCount);
        sort_lanes<kCount>(rows, std::make_index_sequence<kNetwork<kCount>.size>());
    }

    /// Of the keys behind the first kNetworkKeys those above a threshold.
    void keep_above(std::size_t slot, std::int64_t threshold) {
        RankWork& work = scratch_.works[slot];
        Key* const keys = shared_keys(slot);
        Key* out = keys + kNetworkKeys;
        if constexpr (kCompresses) {
            for (std::uint32_t i = kNetworkKeys; i < work.shared_count; i += kLanes)
                out += compress_above(out, keys + i, threshold, work.shared_count - i);
        } else {
            for (std::uint32_t i = kNetworkKeys; i < work.shared_count; ++i) {
                *out = keys[i];
                out += static_cast<std::int64_t>(keys[i]) > threshold ? 1 : 0;
            }
        }
        work.shared_count = static_cast<std::uint32_t>(out - keys);
    }

    void write_out(const Batch& batch, const Keys* best) {
        alignas(64) Key firms[kLanes][kNetworkKeys];
        scatter(best, firms);
        for (std::size_t lane = 0; lane < batch.size; ++lane) {
            const RankWork& work = scratch_.works[batch.slots[lane]];
            __builtin_memcpy(out_ + used_, firms[lane], sizeof firms[lane]);
            keep(work.firm, lesser(work.plain_count + work.shared_count, task_.top));
        }
    }

    /// For a top beyond the network: all lanes' shared keys are sorted in runs of kNetworkKeys.
    void merge_one_by_one(const Batch& batch) {
        const std::uint32_t most = most_shared(batch);
        for (std::uint32_t first = 0; first < most; first += kNetworkKeys) {
            Keys rows[kNetworkKeys];
            alignas(64) Key firms[kLanes][kNetworkKeys];
            sort_shared<kNetworkKeys>(batch, rows, first);
            scatter(rows, firms);
            for (std::size_t lane = 0; lane < batch.size; ++lane)
                if (first < scratch_.works[batch.slots[lane]].shared_count)
                    __builtin_memcpy(shared_keys(batch.slots[lane]) + first, firms[lane],
                                     sizeof firms[lane]);
        }
        for (std::size_t lane = 0; lane < batch.size; ++lane) {
            const std::size_t slot = batch.slots[lane];
            const RankWork& work = scratch_.works[slot];
            const Key* const shared = merge_runs(shared_keys(slot), work.shared_count);
            keep(work.firm, merge_two(plain_keys(slot), work.plain_count, shared, work.shared_count,
                                      out_ + used_, task_.top));
        }
    }

    /// Makes sorted runs of kNetworkKeys one; returns where it stands.
    const Key* merge_runs(Key* keys, std::uint32_t count) const {
        Key* from = keys;
        Key* to = scratch_.merged.data();
        for (std::uint32_t run = kNetworkKeys; run < count; run *= 2) {
            for (std::uint32_t first = 0; first < count; first += 2 * run) {
                const std::uint32_t left = count - first, of_first = lesser(left, run);
                merge_two(from + first, of_first, from + first + of_first,
                          lesser(left - of_first, run), to + first, left);
            }
            Key* const merged = to;
            to = from;
            from = merged;
        }
        return from;
    }

    /// The first `most` keys of two descending rows, behind each of which one more may be read;
    /// returns how many there are.
    static std::uint32_t merge_two(const Key* a, std::uint32_t a_count, const Key* b,
                                   std::uint32_t b_count, Key* out, std::uint32_t most) {
        const std::uint32_t count = lesser(a_count + b_count, most);
        std::uint32_t i = 0, j = 0;
        Key first = a[0], second = b[0]; // the next are loaded before it is known which is taken
        while (i < a_count && j < b_count && i + j < count) {
            const bool is_second = second > first;
            out[i + j] = is_second ? second : first;
            const Key next_first = a[i + 1], next_second = b[j + 1];
            first = is_second ? first : next_first;
            second = is_second ? next_second : second;
            i += is_second ? 0 : 1;
            j += is_second ? 1 : 0;
        }
        const Key* const rest = i < a_count ? a + i : b + j;
        __builtin_memcpy(out + i + j, rest, (count - (i + j)) * sizeof(Key));
        return count;
    }

    /// Key i of every lane is in row i: the keys of each lane together.
    static void scatter(const Keys* rows, Key (*lanes)[kNetworkKeys]) {
        Keys square[kLanes];
        for (std::size_t first = 0; first < kNetworkKeys; first += kLanes) {
            for (std::size_t i = 0; i < kLanes; ++i)
                square[i] = rows[first + i];
            transpose_square<Keys, kLanes>(square);
            for (std::size_t lane = 0; lane < kLanes; ++lane)
                __builtin_memcpy(lanes[lane] + first, square + lane, kRegisterBytes);
        }
    }

    /// Row i: key i of every lane.
    static void gather(const Key* const* lanes, Keys* rows, std::size_t count) {
        for (std::size_t first = 0; first < count; first += kLanes) {
            for (std::size_t lane = 0; lane < kLanes; ++lane)
                __builtin_memcpy(rows + first + lane, lanes[lane] + first, kRegisterBytes);
            transpose_square<Keys, kLanes>(rows + first);
        }
    }

    const RankTask<Key>& task_;
    RankScratch<Key>& scratch_;
    Batch batches_[kBatches] = {}; // by batch_of(): how many keys of pairs that share a tag
    Key* out_ = nullptr;
    KeyRanges ranges_{};
    std::size_t used_ = 0;
    std::uint32_t steps_a_word_ = 8; // without a branch to guess
};

template <class Key>
inline std::size_t rank(const RankTask<Key>& task, RankScratch<Key>& scratch, Key* out,
                        const KeyRanges& ranges) {
    return Ranker<Key>(task, scratch).rank(out, ranges);
}

inline void take_out_full(const BlockMatches& first, BlockMatches& second, std::uint32_t top) {
    if (first.size < top) return;
    const int levels = RowSum::levels(first.size);
    RowSum count(QICE_SUM_LEVELS(levels));
    for (std::size_t m = 0; m < first.size; ++m)
        count.add(load(first.firms.data()[m]));
    const Bits open = ~count.reaches(top);
    std::size_t left = 0;
    for (std::size_t m = 0; m < second.size; ++m) {
        const Bits firms = load(second.firms.data()[m]) & open;
        store(second.firms.data()[left], firms);
        second.policies.data()[left] = second.policies.data()[m];
        left += is_zero(firms) ? 0 : 1;
    }
    second.size = left;
}
