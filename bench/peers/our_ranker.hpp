// qice's own ranking, for peers that only find the eligible pairs: the one file of the peers that
// knows how src/match ranks.
//
// A peer hands over each policy's row of bits over all firms (in the order of the firm index); the
// rows are cut into blocks of 512 firms, and each block is ranked as Matcher::match ranks it.
#pragma once

#include "peer.hpp"

#include "match/rank.hpp"

#include <algorithm>

namespace qice::peer {

class OurRanker {
  public:
    explicit OurRanker(const City& city)
        : city_(city), keys_(city.program(), city.set.policies),
          variant_tags_(city.program(), keys_), scratch_(city.program()),
          entries_(city.program(), keys_, kernels_),
          ranking_(keys_, variant_tags_, city.firms.tags, kernels_) {
        for (std::vector<BlockMatches>& blocks : matches_)
            blocks.resize(city.firms.index.blocks());
        for (std::uint32_t slot = 0; slot < city.program().fields.size(); ++slot)
            widths_.push_back(city.firms.index.width(slot));
        codes_.resize(widths_.size());
    }

    void clear() {
        for (std::vector<BlockMatches>& blocks : matches_)
            for (BlockMatches& block : blocks)
                block.size = 0;
    }

    /// The firms of a policy in a status (0 eligible, 1 review); policies come in ascending order
    /// of their places.
    void add(int status, std::uint32_t place, const std::uint64_t* row) {
        for (std::size_t block = 0; block < matches_[status].size(); ++block) {
            const std::uint64_t* words = row + block * kBlockWords;
            std::uint64_t any = 0;
            for (std::size_t w = 0; w < kBlockWords; ++w)
                any |= words[w];
            if (any == 0) continue;
            BlockMatches& matches = matches_[status][block];
            if (matches.size == matches.policies.size()) {
                matches.policies.resize(std::max<std::size_t>(16, 2 * matches.size));
                matches.firms.resize(matches.policies.size());
            }
            matches.policies[matches.size] = place;
            std::copy(words, words + kBlockWords, matches.firms[matches.size].words);
            ++matches.size;
        }
    }

    /// The first kTop of every firm and status.
    void rank() {
        const FirmIndex& index = city_.firms.index;
        for (Ranked& ranked : ranked_) {
            ranked.blocks.resize(index.blocks());
            ranked.keys.resize(index.blocks());
        }
        for (std::size_t block = 0; block < index.blocks(); ++block) {
            for (std::uint32_t slot = 0; slot < codes_.size(); ++slot)
                codes_[slot] = index.codes(slot, block);
            task_ = {};
            task_.program = &city_.program();
            task_.view = {codes_.data(), widths_.data(), index.planes(block), index.valid(block)};
            ++scratch_.block;
            for (int status = 0; status < 2; ++status) {
                entries_.fill(matches_[status][block], preferences_);
                rank(block, ranked_[status]);
            }
        }
    }

    /// What is wrong with the last rank(); empty if nothing is.
    std::string wrong(const MatchResult& ours) const {
        for (std::uint32_t row = 0; row < city_.firms.index.firms(); ++row) {
            for (int status = 0; status < 2; ++status) {
                const Pushes pushes =
                    ours.pushes(row, status == 0 ? Verdict::eligible : Verdict::review);
                const Ranked& ranked = ranked_[status];
                const std::uint32_t position = (*city_.firms.index.positions())[row];
                const BlockKeys& block = ranked.keys[position / kBlockFirms];
                const std::size_t place = position % kBlockFirms;
                const auto* const keys = static_cast<const std::byte*>(block.keys);
                const Pushes theirs(keys + block.begins[place] * block.form.key_bytes(), block.form,
                                    &keys_, block.counts[place]);
                bool equal = theirs.size() == pushes.size();
                for (std::size_t i = 0; equal && i < pushes.size(); ++i)
                    equal =
                        theirs[i].other == pushes[i].other && theirs[i].score == pushes[i].score;
                if (!equal) return "the pushes of a firm differ";
            }
        }
        return {};
    }

  private:
    struct Ranked { // of a status
        std::vector<std::vector<std::byte>> blocks;
        std::vector<BlockKeys> keys;
    };

    void rank(std::size_t block, Ranked& ranked) {
        const std::size_t first = block * kBlockFirms;
        ranking_.take_firms(first, std::min(kBlockFirms, city_.firms.index.firms() - first));
        ranking_.prepare(entries_, kTop);
        std::vector<std::byte>& room = ranked.blocks[block];
        if (room.size() < ranking_.room()) room.resize(ranking_.room());
        ranking_.rank(room.data(), ranked.keys[block]);
    }

    const City& city_;
    const Kernels& kernels_ = kernels();
    RankKeys keys_;
    VariantTags variant_tags_;
    BlockScratch scratch_;
    BlockTask task_{};
    PreferenceRows preferences_{kernels_, task_, scratch_};
    BlockEntries entries_;
    BlockRanking ranking_;
    std::vector<BlockMatches> matches_[2]; // by block
    std::vector<const std::uint8_t*> codes_;
    std::vector<std::uint8_t> widths_;
    Ranked ranked_[2];
};

} // namespace qice::peer
