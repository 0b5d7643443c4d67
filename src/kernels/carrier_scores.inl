// Scores of pairs that share a tag, for levels that compress keys; included before
// block_ranker.inl.
//
// The entries that carry a tag have their keys and weights in a row. For a firm that follows it,
// the bits of its pairs among them are packed, so that a register of keys is raised and compared at
// once. Pairs that share several tags are left to the ranker.

template <class Key> class CarrierScores {
  public:
    CarrierScores(const RankTask<Key>& task, RankScratch<Key>& scratch)
        : task_(task), scratch_(scratch) {}

    /// Once for all firms: the keys and weights of each tag's carriers.
    void list() {
        std::uint32_t size = 0;
        for (std::uint32_t row = task_.spare_rows; row < task_.rows; ++row) {
            scratch_.first_carrier[row] = scratch_.next_carrier[row] = size;
            for (std::size_t w = 0; w < task_.words; ++w)
                size += static_cast<std::uint32_t>(__builtin_popcountll(carriers(row)[w]));
        }
        for (std::uint32_t row = 0; row < task_.spare_rows; ++row)
            scratch_.next_carrier[row] = size + row; // written over and over
        for (std::size_t entry = 0; entry < task_.entry_count; ++entry) {
            const GroupRange carried = task_.carried[entry];
            for (std::uint32_t group = 0; group < carried.count; ++group)
                for (const TagGroup::Item& item : task_.tag_groups[carried.first + group].items)
                    add(task_.row_of_tag[item.tag], task_.keys[entry], item.weight);
        }
    }

    /// For the firm whose pairs are split: keys above a threshold of the pairs that share this tag
    /// alone; returns where they end.
    QICE_FLAT Key* score(const FollowedTag& tag, std::int64_t threshold, Key* out) const {
        const std::uint64_t* const mask = carriers(tag.row);
        const Raise raise{tag.weight, task_.tie_bits, threshold};
        std::size_t carrier = scratch_.first_carrier[tag.row];
        std::uint64_t packed = 0; // pairs of the next `count` carriers
        std::uint32_t count = 0;
        for (std::size_t w = 0; w < task_.words; ++w) {
            const std::uint64_t more = pack(scratch_.shared_once[w], mask[w]);
            const auto carried = static_cast<std::uint32_t>(__builtin_popcountll(mask[w]));
            packed |= more << count;
            count += carried;
            if (count < 64) continue;
            out = raise_pairs(packed, carrier, raise, out);
            carrier += 64;
            count -= 64;
            packed = count == 0 ? 0 : more >> (carried - count);
        }
        return raise_pairs(packed, carrier, raise, out);
    }

  private:
    const std::uint64_t* carriers(std::size_t row) const {
        return task_.carriers + row * task_.row_words;
    }

    QICE_FLAT void add(std::uint32_t row, Key key, std::int32_t weight) {
        const std::uint32_t carrier = scratch_.next_carrier[row];
        scratch_.carrier_keys[carrier] = key;
        scratch_.carrier_units[carrier] = weight;
        scratch_.next_carrier[row] = carrier + (row >= task_.spare_rows ? 1 : 0);
    }

    QICE_FLAT Key* raise_pairs(std::uint64_t packed, std::size_t carrier, const Raise& raise,
                               Key* out) const {
        constexpr std::size_t kLanes = kRegisterBytes / sizeof(Key);
        const Key* keys = scratch_.carrier_keys.data() + carrier;
        const std::int32_t* units = scratch_.carrier_units.data() + carrier;
        for (; packed != 0; packed >>= kLanes, keys += kLanes, units += kLanes)
            out += compress_raised(out, keys, units, raise, packed);
        return out;
    }

    const RankTask<Key>& task_;
    RankScratch<Key>& scratch_;
};
