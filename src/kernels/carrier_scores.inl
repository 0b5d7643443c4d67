// Scores of pairs that share one tag. Included once per CPU level that compresses keys, beside
// block_ranker.inl.
//
// The entries that carry a tag have their keys and weights in a row. Tag by tag, the bits of each
// follower's pairs among them are packed, 32 by permuting a register of the firm's row, so that a
// register of keys is raised and compared at once. The followers of a tag take the same steps, so
// no branch is hard to guess. Some 11 ns a firm and tag, with 40 carriers of a tag in a block:
// worth it from two of them on that a firm matches.

template <class Key> class CarrierScores {
  public:
    CarrierScores(const RankTask<Key>& task, RankScratch<Key>& scratch)
        : task_(task), scratch_(scratch) {}

    /// Is this cheaper than scoring pair by pair, if such a share of all pairs match? By costs in
    /// nanoseconds, measured at 4 GHz.
    bool pay(double share) const {
        const double tags = greater<double>(task_.rows - task_.spare_rows, 1);
        const double carriers = static_cast<double>(task_.item_count) / tags;
        const double parts = static_cast<double>(task_.row_words / kBlockWords);
        const double steps = lesser(carriers, parts + carriers / kInStep);
        return 6.5 * share * carriers > 4 + 0.7 * steps + carriers / kLanes;
    }

    /// Once for all firms: the keys and weights of each tag's carriers.
    void list() {
        std::uint32_t size = 0;
        for (std::uint32_t row = task_.spare_rows; row < task_.rows; ++row) {
            scratch_.first_carrier[row] = scratch_.next_carrier[row] = size;
            for (std::size_t w = 0; w < task_.words; ++w)
                size += popcount(carriers(row)[w]);
        }
        for (std::uint32_t row = 0; row < task_.spare_rows; ++row)
            scratch_.next_carrier[row] = size + row; // written over and over
        for (std::size_t entry = 0; entry < task_.entry_count; ++entry) {
            const GroupRange carried = task_.carried[entry];
            for (std::uint32_t group = 0; group < carried.count; ++group)
                for (const TagGroup::Item& item : task_.tag_groups[carried.first + group].items)
                    add(item.row, static_cast<std::uint32_t>(entry), item.weight);
        }
    }

    /// For the firms of the first `count` slots: the keys above their thresholds of the pairs that
    /// share one tag, which are what their bits tell.
    void score(std::size_t count) {
        list_followers(count);
        for (std::uint32_t row = task_.spare_rows; row < task_.rows; ++row) {
            const Follower* const followers = scratch_.followers.data();
            const Follower* const first = followers + scratch_.first_follower[row];
            const Follower* const last = followers + scratch_.first_follower[row + 1];
            if (first != last) score_followers(row, first, last);
        }
    }

  private:
    static constexpr std::size_t kLanes = kRegisterBytes / sizeof(Key);
    static constexpr int kFollowersAtOnce = 4;

    static constexpr std::uint32_t kPacked = 64, kInStep = 32;

    /// Up to 64 carriers, and how the bits of a firm's pairs with them make a packed word.
    struct Pack {
        PackStep steps[kPacked];
        std::uint32_t size = 0;
        std::uint32_t first_carrier;
    };

    const std::uint64_t* carriers(std::size_t row) const {
        return task_.carriers + row * task_.row_words;
    }

    /// Tag by tag.
    void list_followers(std::size_t count) {
        std::uint32_t* const first = scratch_.first_follower.data();
        std::uint32_t* const next = scratch_.next_follower.data();
        __builtin_memset(first, 0, (task_.rows + std::size_t{1}) * sizeof *first);
        for (std::size_t slot = 0; slot < count; ++slot)
            for_each_followed(slot, [&](const FollowedTag& tag) { ++first[tag.row + 1]; });
        for (std::uint32_t row = 0; row < task_.rows; ++row) {
            first[row + 1] += first[row];
            next[row] = first[row];
        }
        for (std::size_t slot = 0; slot < count; ++slot)
            for_each_followed(slot, [&](const FollowedTag& tag) {
                scratch_.followers[next[tag.row]++] = {static_cast<std::uint32_t>(slot),
                                                       tag.weight};
            });
    }
    template <class Step> QICE_FLAT void for_each_followed(std::size_t slot, const Step& step) {
        const std::size_t firm = scratch_.works[slot].firm;
        for (std::uint32_t i = task_.first_followed[firm]; i < task_.first_followed[firm + 1]; ++i)
            step(task_.followed[i]);
    }

    QICE_FLAT void add(std::uint32_t row, std::uint32_t entry, std::int32_t weight) {
        const std::uint32_t carrier = scratch_.next_carrier[row];
        scratch_.carrier_entries[carrier] = entry;
        scratch_.carrier_keys[carrier] = task_.keys[entry];
        scratch_.carrier_units[carrier] = weight;
        scratch_.next_carrier[row] = carrier + (row >= task_.spare_rows ? 1 : 0);
    }

    void score_followers(std::uint32_t row, const Follower* first, const Follower* last) const {
        Pack pack;
        const std::uint32_t end = scratch_.next_carrier[row];
        for (std::uint32_t carrier = scratch_.first_carrier[row]; carrier < end;
             carrier += kPacked) {
            pack.first_carrier = carrier;
            fill(pack, lesser(end - carrier, kPacked));
            raise_all(pack, first, last);
        }
    }

    QICE_FLAT void fill(Pack& pack, std::uint32_t count) const {
        pack.size = 0;
        const std::uint32_t* const entries = scratch_.carrier_entries.data() + pack.first_carrier;
        for (std::uint32_t i = 0; i < count;)
            i += make_step(pack.steps[pack.size++], entries + i, lesser(count - i, kInStep), i);
    }

    void raise_all(const Pack& pack, const Follower* first, const Follower* last) const {
        for (; last - first >= kFollowersAtOnce; first += kFollowersAtOnce)
            raise<kFollowersAtOnce>(pack, first);
        for (; first != last; ++first)
            raise<1>(pack, first);
    }

    template <int kFollowers>
    QICE_FLAT void raise(const Pack& pack, const Follower* followers) const {
        RankWork* works[kFollowers];
        const std::uint64_t* pairs[kFollowers];
        std::uint64_t packed[kFollowers];
        Raise raises[kFollowers];
        Key *first_key[kFollowers], *out[kFollowers];
        for (int f = 0; f < kFollowers; ++f) {
            works[f] = scratch_.works.data() + followers[f].slot;
            pairs[f] = scratch_.bits.data() + works[f]->firm * task_.row_words;
            raises[f] = {followers[f].weight, task_.tie_bits, works[f]->threshold};
            first_key[f] = scratch_.shared_keys.data() + works[f]->first_key;
            out[f] = first_key[f] + works[f]->shared_count;
            packed[f] = 0;
        }
        for (std::uint32_t i = 0; i < pack.size; ++i) {
            const PackStep& step = pack.steps[i];
            for (int f = 0; f < kFollowers; ++f)
                packed[f] |= pack_bits(pairs[f], step);
        }
        std::uint32_t too_great = 0;
        std::uint64_t any = 0;
        for (int f = 0; f < kFollowers; ++f)
            any |= packed[f];
        for (std::size_t i = 0; i < 64 && any >> i != 0; i += kLanes) {
            const std::size_t carrier = pack.first_carrier + i;
            const auto some = load_carriers(scratch_.carrier_keys.data() + carrier,
                                            scratch_.carrier_units.data() + carrier);
            for (int f = 0; f < kFollowers; ++f)
                out[f] += compress_raised(out[f], some, raises[f], packed[f] >> i, too_great);
        }
        if (too_great != 0) scratch_.too_great = true;
        for (int f = 0; f < kFollowers; ++f)
            works[f]->shared_count = static_cast<std::uint32_t>(out[f] - first_key[f]);
    }

    const RankTask<Key>& task_;
    RankScratch<Key>& scratch_;
};
