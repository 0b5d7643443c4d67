#include "match/rank.hpp"

#include <algorithm>
#include <bit>
#include <functional>

namespace qice {

// ----------------------------------------------------------------------------- RankedBlock

RankedBlock::RankedBlock(const Program& program, const RankKeys& keys)
    : program_(program), rank_keys_(keys), slots_(keys.variants()),
      present_(words_for(keys.variants())), tag_row_(program.tag_names.size(), kNoRow) {}

void RankedBlock::prepare(const BlockMatches& matches, const PreferenceRows& preferences,
                          const Kernels& kernels) {
    split(matches, preferences);
    sort_entries();
    words_ = words_for(keys_.size());
    bits_.resize(kBlockFirms * words_);
    kernels.transpose(rows_.data(), rows_.size(), bits_.data(), words_);
    mark_tags();
}

void RankedBlock::add_entry(std::uint32_t place, const RankKeys::Variant& variant,
                            const BlockRow* row) {
    slots_[variant.order] = {place, row, variant.key};
    present_[variant.order / 64] |= std::uint64_t{1} << (variant.order % 64);
}

/// One entry a policy, or one for each set of preferences that some firm has.
void RankedBlock::split(const BlockMatches& matches, const PreferenceRows& preferences) {
    constexpr std::size_t kMostVariants = std::size_t{1} << RankKeys::kMostSplit;
    split_rows_.resize(matches.size * kMostVariants);
    split_count_ = 0;
    for (std::size_t m = 0; m < matches.size; ++m) {
        const std::uint32_t place = matches.policies[m];
        const CompiledPolicy& policy = program_.policies[place];
        if (policy.preferences == 0 || !RankKeys::is_split(policy)) {
            add_entry(place, rank_keys_.variant(place, 0), &matches.firms[m]);
            continue;
        }
        BlockRow* const rows = &split_rows_[split_count_]; // rows[s]: firms with preferences s
        rows[0] = matches.firms[m];
        for (std::uint32_t i = 0; i < policy.preferences; ++i) {
            const BlockRow& when = preferences[policy.first_preference + i];
            for (std::uint32_t s = 0; s < 1u << i; ++s) {
                for (std::size_t w = 0; w < kBlockWords; ++w) {
                    rows[s + (1u << i)].words[w] = rows[s].words[w] & when.words[w];
                    rows[s].words[w] &= ~when.words[w];
                }
            }
        }
        for (std::uint32_t s = 0; s < 1u << policy.preferences; ++s) {
            std::uint64_t any = 0;
            for (std::uint64_t word : rows[s].words)
                any |= word;
            if (any != 0) add_entry(place, rank_keys_.variant(place, s), &rows[s]);
        }
        split_count_ += std::size_t{1} << policy.preferences;
    }
}

void RankedBlock::sort_entries() {
    keys_.clear();
    places_.clear();
    rows_.clear();
    for_each_bit(present_.data(), present_.size(), [&](std::size_t order) {
        keys_.push_back(slots_[order].key);
        places_.push_back(slots_[order].place);
        rows_.push_back(slots_[order].row);
    });
    std::fill(present_.begin(), present_.end(), 0);
}

/// Which entries carry each tag, and which are scored pair by pair.
void RankedBlock::mark_tags() {
    for (std::uint32_t tag : tags_marked_)
        tag_row_[tag] = kNoRow;
    tags_marked_.clear();
    tag_bits_.clear();
    entry_tags_.clear();
    first_tag_.clear();
    singly_.assign(words_, 0);
    any_singly_ = false;
    for (std::size_t entry = 0; entry < places_.size(); ++entry) {
        const CompiledPolicy& policy = program_.policies[places_[entry]];
        const std::uint64_t bit = std::uint64_t{1} << (entry % 64);
        const CompiledTag* const tags = program_.tags.data() + policy.first_tag;
        first_tag_.push_back(static_cast<std::uint32_t>(entry_tags_.size()));
        entry_tags_.insert(entry_tags_.end(), tags, tags + policy.tags);
        for (std::uint32_t i = 0; i < policy.tags; ++i) {
            std::uint32_t& row = tag_row_[tags[i].tag];
            if (row == kNoRow) {
                row = static_cast<std::uint32_t>(tags_marked_.size());
                tags_marked_.push_back(tags[i].tag);
                tag_bits_.resize(tag_bits_.size() + words_);
            }
            tag_bits_[row * words_ + entry / 64] |= bit;
        }
        if (!RankKeys::is_split(policy)) {
            singly_[entry / 64] |= bit;
            any_singly_ = true;
        }
    }
    first_tag_.push_back(static_cast<std::uint32_t>(entry_tags_.size()));
}

// ------------------------------------------------------------------------------ FirmRanker

void FirmRanker::begin(std::size_t position) {
    firm_tags_.clear();
    for (TagMatrix::InnerIterator tag(tags_, static_cast<std::int64_t>(position)); tag; ++tag) {
        const auto number = static_cast<std::uint32_t>(tag.col());
        weights_[number] = tag.value();
        firm_tags_.push_back(number);
    }
}

void FirmRanker::end() {
    for (std::uint32_t tag : firm_tags_)
        weights_[tag] = 0;
}

Score FirmRanker::preferred(std::uint32_t place, std::size_t bit,
                            const PreferenceRows& preferences) const {
    const CompiledPolicy& policy = program_.policies[place];
    Score sum = 0;
    for (std::uint32_t i = 0; i < policy.preferences; ++i)
        if ((preferences[policy.first_preference + i].words[bit / 64] >> (bit % 64) & 1) != 0)
            sum += program_.preferences[policy.first_preference + i].add;
    return sum;
}

std::uint32_t FirmRanker::rank(const RankedBlock& block, std::size_t bit, std::uint32_t top,
                               const PreferenceRows& preferences, RankKey* out) {
    const std::size_t words = block.words_;
    const std::uint64_t* const pairs = block.bits_.data() + bit * words;
    if (!block.any_singly_ && firm_tags_.empty()) return read_off(block, pairs, nullptr, top, out);

    std::uint64_t any = 0;
    for (std::size_t w = 0; w < words; ++w)
        any |= pairs[w];
    if (any == 0) return 0;
    scored_bits_.assign(block.singly_.begin(), block.singly_.end());
    for (std::uint32_t tag : firm_tags_) {
        const std::uint32_t row = block.tag_row_[tag];
        if (row == RankedBlock::kNoRow) continue;
        const std::uint64_t* const carriers = block.tag_bits_.data() + row * words;
        for (std::size_t w = 0; w < words; ++w)
            scored_bits_[w] |= carriers[w];
    }
    scored_.clear();
    for (std::size_t w = 0; w < words; ++w) {
        for (std::uint64_t b = pairs[w] & scored_bits_[w]; b != 0; b &= b - 1) {
            const std::size_t entry = w * 64 + static_cast<std::size_t>(std::countr_zero(b));
            const CompiledTag* const tags = block.entry_tags_.data();
            Score more =
                affinity(tags + block.first_tag_[entry], tags + block.first_tag_[entry + 1]);
            if (block.any_singly_ && (block.singly_[w] & b & -b) != 0)
                more += preferred(block.places_[entry], bit, preferences);
            scored_.push_back(keys_.raised(block.keys_[entry], more));
        }
    }
    if (scored_.empty()) return read_off(block, pairs, nullptr, top, out);
    plain_.resize(std::min<std::size_t>(top, block.entries()));
    const std::uint32_t plain = read_off(block, pairs, scored_bits_.data(), top, plain_.data());
    return merge(plain, top, out);
}

/// The first `top` of the firm's entries (without those in `left_out`), which are in key order.
std::uint32_t FirmRanker::read_off(const RankedBlock& block, const std::uint64_t* pairs,
                                   const std::uint64_t* left_out, std::uint32_t top, RankKey* out) {
    std::uint32_t count = 0;
    for (std::size_t w = 0; w < block.words_; ++w) {
        const RankKey* const keys = block.keys_.data() + w * 64;
        for (std::uint64_t b = left_out ? pairs[w] & ~left_out[w] : pairs[w]; b != 0; b &= b - 1) {
            if (count == top) return count;
            out[count++] = keys[std::countr_zero(b)];
        }
    }
    return count;
}

/// Merges the scored keys with the first `plain` of plain_.
std::uint32_t FirmRanker::merge(std::uint32_t plain, std::uint32_t top, RankKey* out) {
    if (scored_.size() > std::max(top, kShortMerge)) {
        std::nth_element(scored_.begin(), scored_.begin() + top, scored_.end(), std::greater<>());
        scored_.resize(top);
    }
    const auto scored = static_cast<std::uint32_t>(scored_.size());
    if (scored <= kShortMerge && plain <= 2 * kShortMerge)
        return kernels_.merge_top(plain_.data(), plain, scored_.data(), scored, top, out);
    std::sort(scored_.begin(), scored_.end(), std::greater<>());
    std::uint32_t next_plain = 0, next_scored = 0, count = 0;
    while (count < top && (next_plain < plain || next_scored < scored)) {
        const bool take_scored = next_plain == plain || (next_scored < scored &&
                                                         scored_[next_scored] > plain_[next_plain]);
        out[count++] = take_scored ? scored_[next_scored++] : plain_[next_plain++];
    }
    return count;
}

} // namespace qice
