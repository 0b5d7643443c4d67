// The first K of each firm of a block. Included once per CPU level, after bits.inl; the level has
// defined kCountsBits, kCompresses and, if it does, compress() and its like.
//
// A firm's pairs without a shared tag are in order: the first K are read off. Those with one are
// listed and scored. As many firms as a register has lanes are then merged at once by a
// sorting network, a firm a lane, so that no branch depends on a key: first with the pairs of the
// greatest priors, then with those of the others that beat the K-th so far, which are few. Firms
// with about as many such pairs fill batches of their own, as a batch is as slow as its slowest
// firm.

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

template <class Keys> QICE_FLAT void order(Keys& greater, Keys& lesser) {
    const Keys a = greater, b = lesser;
    greater = a > b ? a : b; // one instruction each
    lesser = a < b ? a : b;
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

/// The places of a word's set bits, in order. What follows a call's places is written up to kAhead
/// times: a fixed number of steps a word, whatever it holds, leaves no branch to guess.
class SetBits {
  public:
    explicit SetBits(std::uint64_t word) : left_(word) {}
    QICE_FLAT std::uint32_t next() {
        const int place = __builtin_ctzll(left_ | std::uint64_t{1} << 63);
        left_ &= left_ - 1;
        return static_cast<std::uint32_t>(place);
    }
    bool empty() const { return left_ == 0; }

  private:
    std::uint64_t left_;
};

/// Calls step(i, place) for each set bit, and up to kAhead - 1 times more; returns how many are
/// set.
template <std::uint32_t kAhead, class Step>
QICE_FLAT std::uint32_t for_set_bits(std::uint64_t word, std::uint32_t most, const Step& step) {
    SetBits bits(word);
    std::uint32_t i = 0;
    if constexpr (!kCountsBits) {
        for (; !bits.empty() && i < most; ++i)
            step(i, bits.next());
        return i;
    }
    const auto all = static_cast<std::uint32_t>(__builtin_popcountll(word));
    const std::uint32_t count = all < most ? all : most;
    do {
        for (std::uint32_t ahead = 0; ahead < kAhead; ++ahead)
            step(i + ahead, bits.next());
        i += kAhead;
    } while (__builtin_expect(i < count, 0));
    return count;
}

/// Where keys are compressed: carrier_scores.inl.
template <class Key> class CarrierScores;

template <class Key> class Ranker {
    using Keys = typename KeyVector<Key>::Keys;
    static constexpr std::size_t kLanes = kRegisterBytes / sizeof(Key);
    static constexpr std::size_t kSlots = kBatches * kLanes;

  public:
    Ranker(const RankTask<Key>& task, RankScratch<Key>& scratch)
        : task_(task), scratch_(scratch), stride_(shared_stride(task)) {
        for (std::size_t slot = 0; slot < kSlots; ++slot)
            free_slots_[slot] = slot;
    }

    /// Ranks all firms, for a top of at most kNetworkKeys. `out` has room for every key and
    /// kKeySlack more; returns how many were written.
    std::size_t rank(Key* out, const KeyRanges& ranges) {
        transpose(task_.entries, task_.entry_count, scratch_.bits.data(), task_.row_words);
        if constexpr (kCompresses) CarrierScores<Key>(task_, scratch_).list();
        out_ = out;
        ranges_ = ranges;
        for (std::size_t firm = 0; firm < task_.firm_count; ++firm)
            rank_firm(firm);
        for (Batch& batch : batches_)
            merge(batch);
        return used_;
    }

    /// After firm_major(): one firm's keys, whatever the top.
    Selected<Key> select(std::size_t firm) {
        Selected<Key> out{scratch_.plain_keys.data(), scratch_.shared_keys.data(), 0, 0};
        if (!split_pairs(firm)) return out;
        out.plain_count = read_off(scratch_.plain.data(), scratch_.plain_keys.data());
        Work work{firm, 0, out.plain_count, 0, list(scratch_.shared.data(), 0), 0};
        score(work, threshold(work, out.plain), UINT32_MAX);
        out.shared_count = work.shared_count;
        return out;
    }

  private:
    /// What is to be done and is done for one firm.
    struct Work {
        std::size_t firm;
        std::size_t slot;                        // where its keys stand
        std::uint32_t plain_count, shared_count; // keys
        std::uint32_t listed, scored;            // pairs that share a tag
    };
    /// Firms that are merged together, one a lane.
    struct Batch {
        Work works[kLanes];
        std::size_t size = 0;

        std::uint32_t most_shared() const {
            std::uint32_t most = 0;
            for (std::size_t lane = 0; lane < size; ++lane)
                if (works[lane].shared_count > most) most = works[lane].shared_count;
            return most;
        }
    };

    void rank_firm(std::size_t firm) {
        if (task_.first_followed[firm] == task_.first_followed[firm + 1]) {
            keep(firm, read_off(scratch_.bits.data() + firm * task_.row_words, out_ + used_));
            return;
        }
        const bool any = split_pairs(firm);
        if (!any || !any_shared_) {
            keep(firm, any ? read_off(scratch_.plain.data(), out_ + used_) : 0);
            return;
        }
        const std::size_t slot = free_slots_[--free_count_];
        Key* const plain = plain_keys(slot);
        Work work{firm, slot, read_off(scratch_.plain.data(), plain), 0, 0, 0};
        pad(plain + work.plain_count);
        score_shared(work, threshold(work, plain));
        pad(shared_keys(slot) + work.shared_count);
        Batch& batch = batches_[batch_of(work)];
        batch.works[batch.size++] = work;
        if (batch.size == kLanes) merge(batch);
    }

    static std::size_t batch_of(const Work& work) {
        if (work.scored != work.listed || work.shared_count > kNetworkKeys) return 2;
        return work.shared_count > kNetworkKeys / 2 ? 1 : 0;
    }

    /// Keys above a threshold of the pairs that share a tag: of all where keys are compressed,
    /// otherwise of those with the greatest priors.
    void score_shared(Work& work, std::int64_t threshold) {
        if constexpr (kCompresses) {
            const FollowedTag* const followed = task_.followed + task_.first_followed[work.firm];
            const FollowedTag* const end = task_.followed + task_.first_followed[work.firm + 1];
            const CarrierScores<Key> carriers(task_, scratch_);
            Key* out = shared_keys(work.slot);
            for (const FollowedTag* tag = followed; tag != end; ++tag)
                out = carriers.score(*tag, threshold, out);
            work.shared_count = static_cast<std::uint32_t>(out - shared_keys(work.slot));
            work.listed = list(scratch_.shared_twice.data(), work.slot);
            if (work.listed != 0) score(work, threshold, UINT32_MAX);
        } else {
            work.listed = list(scratch_.shared.data(), work.slot);
            score(work, threshold, kNetworkKeys);
        }
    }

    /// What a key must beat to be among the first `top`.
    std::int64_t threshold(const Work& work, const Key* plain) const {
        return work.plain_count < task_.top ? -1 : static_cast<std::int64_t>(plain[task_.top - 1]);
    }

    Key* plain_keys(std::size_t slot) { return scratch_.plain_keys.data() + slot * kPlainStride; }
    Key* shared_keys(std::size_t slot) { return scratch_.shared_keys.data() + slot * stride_; }
    std::uint32_t* listed(std::size_t slot) {
        return scratch_.listed.data() + slot * listed_stride(task_);
    }

    /// The firm's keys are the next `count`.
    void keep(std::size_t firm, std::uint32_t count) {
        ranges_.begins[firm] = static_cast<std::uint32_t>(used_);
        ranges_.counts[firm] = count;
        used_ += count;
    }

    /// The firm's pairs, those that share a tag apart, and among them those that share several.
    /// False if it has none.
    QICE_FLAT bool split_pairs(std::size_t firm) {
        const std::uint64_t* const bits = scratch_.bits.data() + firm * task_.row_words;
        std::uint64_t* const plain = scratch_.plain.data();
        std::uint64_t* const shared = scratch_.shared.data();
        std::uint64_t* const once = scratch_.shared_once.data();
        std::uint64_t* const twice = scratch_.shared_twice.data();
        const FollowedTag* const tags = task_.followed + task_.first_followed[firm];
        const FollowedTag* const tags_end = task_.followed + task_.first_followed[firm + 1];
        Bits any = zeros(), any_shared = zeros();
        for (std::size_t w = 0; w < task_.row_words; w += kBlockWords) {
            Bits carried = zeros(), carried_twice = zeros();
            for (const FollowedTag* tag = tags; tag != tags_end; ++tag) {
                const Bits carriers = read(at(task_.carriers + tag->row * task_.row_words + w));
                if constexpr (kCompresses) carried_twice |= carried & carriers;
                carried |= carriers;
            }
            const Bits pairs = read(at(bits + w));
            write(at(shared + w), pairs & carried);
            if constexpr (kCompresses) {
                write(at(once + w), pairs & carried & ~carried_twice);
                write(at(twice + w), pairs & carried_twice);
            }
            write(at(plain + w), pairs & ~carried);
            any |= pairs;
            any_shared |= pairs & carried;
        }
        any_shared_ = !is_zero(any_shared);
        return !is_zero(any);
    }

    static Bits& at(std::uint64_t* words) { return *reinterpret_cast<Bits*>(words); }
    static const Bits& at(const std::uint64_t* words) {
        return *reinterpret_cast<const Bits*>(words);
    }

    /// The keys of the first `top` pairs of a row. Writes up to a word of entries beyond them.
    QICE_FLAT std::uint32_t read_off(const std::uint64_t* pairs, Key* out) const {
        std::uint32_t count = 0;
        for (std::size_t w = 0; w < task_.words && count < task_.top; ++w)
            count += take(out + count, task_.keys + w * 64, pairs[w], task_.top - count);
        return count;
    }

    /// The keys of a word's set bits, at most so many.
    QICE_FLAT static std::uint32_t take(Key* out, const Key* keys, std::uint64_t word,
                                        std::uint32_t most) {
        if (word == 0) return 0;
        if constexpr (kCompresses) {
            std::uint32_t count = 0;
            for (std::size_t i = 0; i < 64 / kLanes; ++i)
                count += compress(out + count, keys + i * kLanes, word >> i * kLanes);
            return count < most ? count : most;
        } else {
            return for_set_bits<8>(
                word, most, [&](std::uint32_t i, std::uint32_t place) { out[i] = keys[place]; });
        }
    }

    /// The entries of a row of pairs, into a slot; returns how many.
    QICE_FLAT std::uint32_t list(const std::uint64_t* pairs, std::size_t slot) {
        std::uint32_t* const out = listed(slot);
        std::uint32_t count = 0;
        for (std::uint32_t row = 0; row < task_.row_words; row += kBlockWords) {
            std::uint32_t left = nonzero_words(read(at(pairs + row)));
            for (; left != 0; left &= left - 1) {
                const std::uint32_t w = row + static_cast<std::uint32_t>(__builtin_ctz(left));
                count += for_set_bits<4>(pairs[w], 64, [&](std::uint32_t i, std::uint32_t place) {
                    out[count + i] = w * 64 + place;
                });
            }
        }
        return count;
    }

    /// Scores listed pairs, in order of their priors, and keeps keys above a threshold, until
    /// `enough` are kept.
    void score(Work& work, std::int64_t threshold, std::uint32_t enough) {
        const FollowedTag* const followed = task_.followed + task_.first_followed[work.firm];
        const FollowedTag* const followed_end =
            task_.followed + task_.first_followed[work.firm + 1];
        std::int32_t* const follows = scratch_.follows.data();
        for (const FollowedTag* tag = followed; tag != followed_end; ++tag)
            follows[tag->tag] = tag->weight;
        const std::uint32_t* const entries = listed(work.slot);
        Key* const out = shared_keys(work.slot);
        std::uint32_t i = work.scored, count = work.shared_count;
        for (; i < work.listed && count < enough; ++i) {
            const GroupRange carried = task_.carried[entries[i]];
            const TagGroup* const groups = task_.tag_groups + carried.first;
            std::int64_t more = affinity(groups[0], follows); // most have one
            for (std::uint32_t group = 1; group < carried.count; ++group)
                more += affinity(groups[group], follows);
            const Key key = task_.keys[entries[i]] + (static_cast<Key>(more) << task_.tie_bits);
            out[count] = key;
            count += static_cast<std::int64_t>(key) > threshold ? 1 : 0;
        }
        work.scored = i;
        work.shared_count = count;
        for (const FollowedTag* tag = followed; tag != followed_end; ++tag)
            follows[tag->tag] = 0;
    }

    /// What a group of tags adds to a score, in units.
    QICE_FLAT static std::int64_t affinity(const TagGroup& group, const std::int32_t* follows) {
        std::int64_t sum = 0;
        for (const TagGroup::Item& item : group.items)
            sum += std::int64_t{item.weight} * follows[item.tag];
        return sum;
    }

    /// Zeros behind the keys, so that they fill a multiple of kNetworkKeys.
    static void pad(Key* end) {
        for (std::size_t i = 0; i < kNetworkKeys; i += kLanes)
            __builtin_memset(end + i, 0, kRegisterBytes);
    }

    void merge(Batch& batch) {
        if (batch.size == 0) return;
        Keys best[kNetworkKeys];
        gather(batch, scratch_.plain_keys.data(), kPlainStride, best, kNetworkKeys);
        merge_shared(batch, best, 0, batch.most_shared());
        // What is left has to beat the last key so far.
        for (std::size_t lane = 0; lane < batch.size; ++lane) {
            Work& work = batch.works[lane];
            if (batch_of(work) != 2) continue;
            const auto* const last = reinterpret_cast<const Key*>(best + task_.top - 1) + lane;
            const bool full = work.plain_count + work.shared_count >= task_.top;
            const std::int64_t threshold = full ? static_cast<std::int64_t>(*last) : -1;
            if constexpr (kCompresses)
                keep_above(work, threshold);
            else
                score(work, threshold, UINT32_MAX);
            pad(shared_keys(work.slot) + work.shared_count);
        }
        const std::uint32_t most = batch.most_shared();
        for (std::uint32_t first = kNetworkKeys; first < most; first += kNetworkKeys) {
            for (std::size_t lane = 0; lane < batch.size; ++lane)
                if (const Work& work = batch.works[lane]; work.shared_count < first)
                    pad(shared_keys(work.slot) + first);
            merge_shared(batch, best, first, most);
        }
        write_out(batch, best);
        for (std::size_t lane = 0; lane < batch.size; ++lane)
            free_slots_[free_count_++] = batch.works[lane].slot;
        batch.size = 0;
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
        gather(batch, scratch_.shared_keys.data() + first, stride_, more, kCount);
        sort_lanes<kCount>(more, std::make_index_sequence<kNetwork<kCount>.size>());
        keep_first(best, more, kCount);
    }

    /// Of the keys behind the first kNetworkKeys those above a threshold.
    void keep_above(Work& work, std::int64_t threshold) {
        Key* const keys = shared_keys(work.slot);
        Key* out = keys + kNetworkKeys;
        for (std::uint32_t i = kNetworkKeys; i < work.shared_count; i += kLanes)
            out += compress_above(out, keys + i, threshold, work.shared_count - i);
        work.shared_count = static_cast<std::uint32_t>(out - keys);
    }

    void write_out(const Batch& batch, const Keys* best) {
        Keys square[kLanes];
        alignas(64) Key firms[kLanes][kNetworkKeys];
        for (std::size_t first = 0; first < kNetworkKeys; first += kLanes) {
            for (std::size_t i = 0; i < kLanes; ++i)
                square[i] = best[first + i];
            transpose_square<Keys, kLanes>(square);
            for (std::size_t lane = 0; lane < kLanes; ++lane)
                __builtin_memcpy(firms[lane] + first, square + lane, kRegisterBytes);
        }
        for (std::size_t lane = 0; lane < batch.size; ++lane) {
            const Work& work = batch.works[lane];
            const std::uint32_t all = work.plain_count + work.shared_count;
            __builtin_memcpy(out_ + used_, firms[lane], sizeof firms[lane]);
            keep(work.firm, all < task_.top ? all : task_.top);
        }
    }

    /// Row i: key i of every lane. A lane without a firm is one of no account.
    static void gather(const Batch& batch, const Key* keys, std::size_t stride, Keys* rows,
                       std::size_t count) {
        for (std::size_t first = 0; first < count; first += kLanes) {
            for (std::size_t lane = 0; lane < kLanes; ++lane)
                __builtin_memcpy(rows + first + lane,
                                 keys + batch.works[lane].slot * stride + first, kRegisterBytes);
            transpose_square<Keys, kLanes>(rows + first);
        }
    }

    const RankTask<Key>& task_;
    RankScratch<Key>& scratch_;
    const std::size_t stride_;
    bool any_shared_ = false;
    Batch batches_[kBatches] = {}; // by batch_of(): how many keys of pairs that share a tag
    std::size_t free_slots_[kSlots];
    std::size_t free_count_ = kSlots;
    Key* out_ = nullptr;
    KeyRanges ranges_{};
    std::size_t used_ = 0;
};

template <class Key>
inline std::size_t rank(const RankTask<Key>& task, RankScratch<Key>& scratch, Key* out,
                        const KeyRanges& ranges) {
    return Ranker<Key>(task, scratch).rank(out, ranges);
}

template <class Key> inline void firm_major(const RankTask<Key>& task, RankScratch<Key>& scratch) {
    transpose(task.entries, task.entry_count, scratch.bits.data(), task.row_words);
}

template <class Key>
inline Selected<Key> select(const RankTask<Key>& task, RankScratch<Key>& scratch,
                            std::size_t firm) {
    return Ranker<Key>(task, scratch).select(firm);
}
