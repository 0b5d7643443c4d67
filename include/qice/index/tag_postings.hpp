// Of each tag, the firms that follow it: the other direction of the matrix firm × tag.
//
// All tags of the table, whether or not a policy carries them yet. Positions ascend, so that the
// firms of a block are one slice. Costs 6 bytes a (firm, tag) pair, and at most 4 to find a block's
// first: where the firms of every block begin is kept for tags that are in most blocks, of every
// second, fourth, ... block for rarer ones. Immutable.
#pragma once

#include "qice/index/firm_index.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace qice {

class TagPostings {
  public:
    TagPostings(const FirmTable& firms, const FirmIndex& index);

    struct List {
        std::span<const std::uint32_t> positions; // in the index, ascending
        const std::uint16_t* weights = nullptr;   // thousandths, 1 to 1,000
        const std::uint32_t* begins = nullptr;    // of every 2^shift-th block, and one behind all
        int shift = 0;

        /// An entry not behind begin_of(), and close to it.
        std::size_t begin_near(std::size_t block) const { return begins[block >> shift]; }
        /// The first entry whose position is in the block or behind it; also of the one behind all.
        std::size_t begin_of(std::size_t block) const {
            std::size_t at = begin_near(block);
            while (at < positions.size() && positions[at] < block * kBlockFirms)
                ++at;
            return at;
        }
    };
    /// Empty for a tag that no firm follows. `firms` must be the table it was built from.
    List of(const FirmTable& firms, std::string_view tag) const;
    std::size_t bytes() const;

  private:
    struct Place {
        std::uint32_t first, begins; // where a tag's positions are, and where its begins
        int shift;
    };
    void set_begins(std::size_t blocks);

    std::vector<Place> places_; // of each dictionary number, and the end
    std::vector<std::uint32_t> positions_;
    std::vector<std::uint16_t> weights_;
    std::vector<std::uint32_t> begins_;
};

} // namespace qice
