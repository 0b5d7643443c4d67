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
        : city_(city), keys_(city.program(), city.set.policies), scratch_(city.program()),
          ranked_(city.program(), keys_),
          ranker_(city.program(), keys_, city.firms.tags, kernels_) {
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
        for (std::vector<Slice>& slices : slices_)
            slices.assign(index.firms(), {});
        out_.clear();
        for (std::size_t block = 0; block < index.blocks(); ++block) {
            for (std::uint32_t slot = 0; slot < codes_.size(); ++slot)
                codes_[slot] = index.codes(slot, block);
            task_ = {};
            task_.program = &city_.program();
            task_.view = {codes_.data(), widths_.data(), index.planes(block), index.valid(block)};
            ++scratch_.block;
            const std::size_t first = block * kBlockFirms;
            const std::size_t firms = std::min(kBlockFirms, index.firms() - first);
            for (int status = 0; status < 2; ++status)
                rank(matches_[status][block], first, firms, slices_[status]);
        }
    }

    /// What is wrong with the last rank(); empty if nothing is.
    std::string wrong(const MatchResult& ours) const {
        for (std::uint32_t row = 0; row < city_.firms.index.firms(); ++row) {
            for (int status = 0; status < 2; ++status) {
                const Pushes pushes =
                    ours.pushes(row, status == 0 ? Verdict::eligible : Verdict::review);
                const Slice& slice = slices_[status][(*city_.firms.index.positions())[row]];
                bool equal = slice.count == pushes.size();
                for (std::size_t i = 0; equal && i < pushes.size(); ++i) {
                    const RankKey key = out_[slice.first + i];
                    equal =
                        keys_.policy(key) == pushes[i].other && keys_.score(key) == pushes[i].score;
                }
                if (!equal) return "the pushes of a firm differ";
            }
        }
        return {};
    }

  private:
    struct Slice {
        std::size_t first = 0;
        std::uint32_t count = 0;
    };

    void rank(const BlockMatches& matches, std::size_t first, std::size_t firms,
              std::vector<Slice>& slices) {
        if (matches.size == 0) return;
        ranked_.prepare(matches, preferences_, kernels_);
        const std::size_t most = std::min<std::size_t>(kTop, ranked_.entries());
        for (std::size_t bit = 0; bit < firms; ++bit) {
            const std::size_t at = out_.size();
            out_.resize(at + most);
            ranker_.begin(first + bit);
            const std::uint32_t count =
                ranker_.rank(ranked_, bit, kTop, preferences_, out_.data() + at);
            ranker_.end();
            out_.resize(at + count);
            slices[first + bit] = {at, count};
        }
    }

    const City& city_;
    const Kernels& kernels_ = kernels();
    RankKeys keys_;
    BlockScratch scratch_;
    BlockTask task_{};
    PreferenceRows preferences_{kernels_, task_, scratch_};
    RankedBlock ranked_;
    FirmRanker ranker_;
    std::vector<BlockMatches> matches_[2]; // by block
    std::vector<const std::uint8_t*> codes_;
    std::vector<std::uint8_t> widths_;
    std::vector<Slice> slices_[2]; // by position
    std::vector<RankKey> out_;
};

} // namespace qice::peer
