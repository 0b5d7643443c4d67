// Keys of 32 bits for the entries of one block. Made for some 1 ns an entry; read back they are the
// long keys that they stand for, so that no answer depends on which a block has.
#pragma once

#include "qice/base/bits.hpp"
#include "qice/match/rank_keys.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace qice {

/// Makes a block's keys short where that is likely to go well. Whether it does shows when tags have
/// raised them: a bound of what tags can add would forbid it to most blocks, as no firm shares all
/// tags of the policy that carries most.
class ShortKeys {
  public:
    /// `most` is the greatest key that can be compared.
    ShortKeys(const RankKeys& keys, std::uint32_t most)
        : rank_keys_(keys), most_(most), present_(words_for(keys.ties())), number_of_(keys.ties()) {
    }

    /// Of `keys`, descending, of at most so many policies; zeros behind, up to `size`. False if they
    /// cannot be short, or keys like these failed of late.
    bool make(std::span<const RankKey> keys, std::size_t policies, std::size_t size);
    /// A key that was made last has been raised beyond `most`.
    void failed();

    const std::uint32_t* keys() const { return keys_.data(); }
    /// What the form takes: a multiple of a long key's bytes.
    std::size_t bytes_of_form() const;
    /// How the keys are read, from ties that are written to `out` if they are the block's own.
    ShortForm write_form(std::byte* out) const;

  private:
    void number_ties(std::span<const RankKey> keys);

    static constexpr int kBlocksToWait = 32;

    const RankKeys& rank_keys_;
    const std::uint32_t most_;
    ShortForm form_;
    AlignedVector<std::uint32_t> keys_;
    std::vector<std::uint32_t> ties_;      // by number; empty if they are those of all keys
    std::vector<std::uint64_t> present_;   // which ties; all 0 between calls
    std::vector<std::uint32_t> number_of_; // by tie
    // Blocks whose ties take as many bits are left alone until one more is tried.
    int failed_bits_ = 32, blocks_to_wait_ = 0;
};

} // namespace qice
