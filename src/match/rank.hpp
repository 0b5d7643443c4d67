// Ranking within one block of firms: the first K of each firm by exact keys.
//
// The block's matches are put in key order, one entry a policy or a variant of one, and the tags
// that its firms follow are laid out over the entries; the kernels do the rest.
#pragma once

#include "kernels/kernels.hpp"
#include "match/short_keys.hpp"
#include "qice/index/tags.hpp"
#include "qice/match/rank_keys.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace qice {

/// Where a preference is certain in the block at hand.
class PreferenceRows {
  public:
    PreferenceRows(const Kernels& kernels, const BlockTask& task, BlockScratch& scratch)
        : kernels_(kernels), task_(task), scratch_(scratch) {}
    const BlockRow& operator[](std::uint32_t preference) const {
        return where(task_.program->preferences[preference].when);
    }
    const BlockRow& where(Ref when) const { return *kernels_.certain(task_, scratch_, when); }

  private:
    const Kernels& kernels_;
    const BlockTask& task_;
    BlockScratch& scratch_;
};

/// The matches of a status in a block, in key order: one entry a policy, or one for each set of
/// preferences that some of its firms have. Matches of a first class come before those of a second.
class BlockEntries {
  public:
    BlockEntries(const Program& program, const RankKeys& keys, const Kernels& kernels);

    void fill(const BlockMatches& matches, const PreferenceRows& preferences);
    void fill(const BlockMatches& first, const BlockMatches& second,
              const PreferenceRows& preferences);

    std::size_t size() const { return size_; }
    std::size_t policies() const { return policies_; } // of these; one may count in both classes
    const RankKey* keys() const { return keys_.data(); }           // descending
    const std::uint32_t* orders() const { return orders_.data(); } // of their variants
    const BlockRow* const* rows() const { return rows_.data(); }

  private:
    /// A policy with preferences. These stand together, as those of all would not stay in the cache.
    struct Preferring {
        std::uint32_t first_preference, preferences;
        Ref when;                 // of the first
        std::uint32_t first_part; // of orders_of_parts_: an order a set of preferences
    };
    struct Part { // of a policy's firms: those with the same preferences
        const BlockRow* row;
        std::uint32_t subset;
    };
    struct Loose { // likewise, of a policy with too many sets of preferences for a variant each
        RankKey key;
        std::uint32_t order;
        const BlockRow* row;
    };
    struct Halves {
        const BlockRow *inside, *outside;
    };
    void clear();
    void take(const BlockMatches& matches, RankKey ahead, const PreferenceRows& preferences);
    void split(const Preferring& policy, const BlockRow* firms, const PreferenceRows& preferences);
    void split_by_score(const Preferring& policy, const BlockRow* firms,
                        const PreferenceRows& preferences);
    BlockRow* part_rows();
    Halves halve(const BlockRow& row, const BlockRow& by);
    const BlockRow* united(const BlockRow& a, const BlockRow& b);
    void make_room(std::size_t entries);
    void merge_loose(RankKey ahead, std::size_t ordered);
    void add(std::uint32_t order, const BlockRow* row) {
        row_of_[order] = row;
        ++ordered_;
        present_[order / 64] |= std::uint64_t{1} << (order % 64);
    }

    static constexpr std::uint32_t kHasPreferences = std::uint32_t{1} << 31;

    const Program& program_;
    const RankKeys& rank_keys_;
    const Kernels& kernels_;
    // By place: the order of a policy's only variant; or kHasPreferences and which of preferring_.
    std::vector<std::uint32_t> order_of_;
    std::vector<Preferring> preferring_;
    std::vector<std::uint32_t> orders_of_parts_;
    std::vector<const BlockRow*> row_of_; // by order of the variants
    std::vector<std::uint64_t> present_;  // which orders
    std::size_t ordered_ = 0;             // how many
    std::vector<Loose> loose_, spare_loose_;
    std::vector<Loose> raised_, inside_, outside_; // of one policy
    std::vector<Part> parts_;
    std::vector<std::unique_ptr<BlockRow[]>> part_rows_; // two and two
    std::size_t part_rows_used_ = 0;

    std::size_t size_ = 0, policies_ = 0; // entries; there may be room for more
    std::vector<RankKey> keys_;
    std::vector<std::uint32_t> orders_;
    std::vector<const BlockRow*> rows_;
};

/// The tags of each variant, in order of the variants: a block's entries read them in a row. Rows
/// are those of a block in which all tags are followed. Where tags are few a variant has a mask of
/// them, too.
class VariantTags {
  public:
    VariantTags(const Program& program, const RankKeys& keys);

    const TagGroup* groups() const { return groups_.data(); }
    /// Which of the groups are the variant's.
    GroupRange operator[](std::uint32_t order) const {
        const std::uint64_t range = heads_[order * head_words()];
        return {static_cast<std::uint32_t>(range), static_cast<std::uint32_t>(range >> 32)};
    }
    std::uint32_t rows() const { return rows_; }             // those to spare among them
    std::size_t most_groups() const { return most_groups_; } // of a variant
    double items_a_group() const { return items_a_group_; }  // in the mean

    bool has_masks() const { return mask_words_ != 0; }
    std::size_t mask_words() const { return mask_words_; }
    /// Bit t: does it carry tag t of the program?
    const std::uint64_t* mask(std::uint32_t order) const {
        return heads_.data() + order * head_words() + 1;
    }

    void prefetch_head(std::uint32_t order) const {
        __builtin_prefetch(heads_.data() + order * head_words());
    }
    /// Best called when the head is there.
    void prefetch_groups(std::uint32_t order) const {
        __builtin_prefetch(groups_.data() + (*this)[order].first);
    }

  private:
    bool add_to_same(std::size_t first_group, std::uint32_t row, std::int32_t units);
    std::size_t head_words() const { return 1 + mask_words_; }

    std::uint32_t rows_;
    std::vector<std::uint64_t> heads_; // of each variant: first group | groups << 32, its mask
    AlignedVector<TagGroup> groups_;
    std::size_t most_groups_ = 0;
    double items_a_group_ = 0;
    std::size_t mask_words_ = 0;
};

/// The firms of a block, those that follow fewer tags first.
class FirmsByTags {
  public:
    /// Firm f follows [first_followed[f], first_followed[f + 1]) of `followed`. The arrays are lent
    /// on and have to stay.
    void take(std::span<const FollowedTag> followed, std::span<const std::uint32_t> first_followed);
    void lend_to(RankBlock& block) const {
        block.firm_count = order_.size();
        block.followed = followed_.data();
        block.first_followed = first_followed_.data();
        block.firm_order = order_.data();
        block.first_following = first_following_;
    }

  private:
    std::span<const FollowedTag> followed_;
    std::span<const std::uint32_t> first_followed_;
    std::vector<std::uint32_t> order_;
    std::uint32_t first_following_ = 0; // a place in it
};

/// Ranks the entries of a block for each of its firms.
class BlockRanking {
  public:
    BlockRanking(const RankKeys& keys, const VariantTags& variant_tags, const TagMatrix& firm_tags,
                 const Kernels& kernels);

    /// What is ranked from now on is ranked for the firms [first, first + firms) of the index.
    void take_firms(std::size_t first, std::size_t firms);
    /// Makes entries ready for these firms.
    void prepare(const BlockEntries& entries, std::uint32_t top);
    /// Room that rank() needs, in bytes.
    std::size_t room() const;
    /// Writes each firm's first `top` keys, best first, and what is needed to find and read them, to
    /// room aligned as for keys. Returns how many bytes were used, a multiple of a key's.
    std::size_t rank(std::byte* out, BlockKeys& keys);

  private:
    void lay_out_tags(const BlockEntries& entries);
    void lay_out_all(const BlockEntries& entries);
    std::uint32_t copy_groups(const BlockEntries& entries, std::size_t first, std::size_t count,
                              std::uint32_t used, std::uint64_t* masks);
    void lay_out_followed(const BlockEntries& entries);
    std::size_t rank(std::byte* out, const KeyRanges& ranges, BlockKeys& keys);
    template <class Key>
    std::size_t rank(const RankTask<Key>& task, RankScratch<Key>& scratch, Key* out,
                     const KeyRanges& ranges);

    const RankKeys& rank_keys_;
    const VariantTags& variant_tags_;
    const TagMatrix& firm_tags_;
    const Kernels& kernels_;
    RankBlock block_;
    std::span<const RankKey> keys_; // of the entries
    ShortKeys short_keys_;
    bool short_ = false; // are these worth a try?
    AlignedVector<RankKey> long_keys_;
    RankScratch<std::uint32_t> narrow_;
    RankScratch<RankKey> wide_;

    // The firms' tags, whatever the entries.
    std::vector<std::uint32_t> row_of_tag_; // by its row in VariantTags; to spare if it has none
    std::vector<std::uint32_t> tags_met_;   // that have got a row in this block
    std::vector<FollowedTag> followed_;
    std::vector<std::uint32_t> first_followed_;
    FirmsByTags firms_;

    AlignedVector<std::uint64_t> masks_; // of entries, as Kernels::lay_out_carriers() reads them
    AlignedVector<std::uint64_t> carriers_;
    std::vector<GroupRange> carried_;
    AlignedVector<TagGroup> tag_groups_;
};

} // namespace qice
