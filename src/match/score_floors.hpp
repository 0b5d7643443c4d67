// Floors below which a firm does not want to hear of a score, in a byte a firm: whom of a block a
// score may still reach is found for 512 firms in a few instructions.
//
// A byte is a score rounded down, so that what it lets pass may still be below the exact floor.
#pragma once

#include "kernels/filters.hpp"
#include "qice/base/bits.hpp"
#include "qice/rule/policy.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>

namespace qice {

class ScoreFloors {
  public:
    static constexpr Score kNone = std::numeric_limits<Score>::min();

    /// A floor, or kNone, for each position of an index.
    explicit ScoreFloors(std::span<const Score> floors = {}) {
        Score most = kNone;
        least_ = std::numeric_limits<Score>::max();
        for (const Score floor : floors) {
            most = std::max(most, floor);
            if (floor != kNone) least_ = std::min(least_, floor);
        }
        while (most != kNone && least_ <= most - (kClosed - 2) * (Score{1} << shift_))
            ++shift_;
        const std::size_t blocks = (floors.size() + kBlockFirms - 1) / kBlockFirms;
        bytes_.assign(blocks * kBlockFirms, kClosed);
        every_block_.assign(words_for(blocks), ~std::uint64_t{0});
        for (std::size_t position = 0; position < floors.size(); ++position)
            set(position, floors[position]);
    }

    void set(std::size_t position, Score floor) { bytes_[position] = byte_of(floor); }
    /// Nothing reaches this firm any more.
    void close(std::size_t position) { bytes_[position] = kClosed; }

    bool may_reach(Score score, std::size_t position) const {
        return bytes_[position] <= byte_of(score);
    }
    /// Keeps in the rows of some blocks whom a score may reach, and drops blocks where it reaches
    /// nobody; returns how many are left, in order, at the front of both arrays.
    std::uint32_t keep(const Filters& filters, Score score, std::uint32_t* blocks, BlockRow* rows,
                       std::uint32_t count) const {
        const FieldCuts::Range reached{0, byte_of(score)};
        return filters.keep_in_ranges({bytes_.data(), 1, &reached, 1, every_block_.data()}, blocks,
                                      rows, count);
    }

  private:
    static constexpr std::uint8_t kClosed = 255;

    std::uint8_t byte_of(Score score) const {
        if (score < least_) return 0;
        return static_cast<std::uint8_t>(
            std::min<Score>(((score - least_) >> shift_) + 1, kClosed - 1));
    }

    AlignedVector<std::uint8_t> bytes_; // whole blocks
    std::vector<std::uint64_t> every_block_;
    Score least_ = 0;
    int shift_ = 0;
};

} // namespace qice
