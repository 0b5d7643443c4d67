// Which blocks of firms hold which codes: what a single policy asks before it looks at a firm.
//
// Of each field and code a row with a bit a block; of each set element too. A field of very many
// codes shares rows between neighbouring codes. ORed over the codes that a condition accepts, rows
// say where a firm could pass; over those it refuses, where one could fail. Costs blocks / 8 bytes a
// code: 2 to 4 bytes a firm for a city's policies. Immutable.
#pragma once

#include "qice/index/fine_codes.hpp"

#include <cstdint>
#include <vector>

namespace qice {

class BlockPresence {
  public:
    BlockPresence(const Program& program, const FirmIndex& index, const FineCodes& codes);

    std::size_t words() const { return words_; }
    /// Sets in words [begin, end) of `row` the bits of the blocks that hold a code of a field from
    /// `first` to `last`; the unknown value has the code after the last. Codes that share rows are
    /// taken together: a bit may be set too much, never too little.
    void mark(std::uint32_t slot, std::uint32_t first, std::uint32_t last, std::uint64_t* row,
              std::size_t begin, std::size_t end) const;
    /// The blocks in which some firm has a set element.
    const std::uint64_t* with_plane(std::uint32_t plane) const { return planes_[plane]; }

    /// How many firms hold a code from `first` to `last`.
    std::uint32_t firms(std::uint32_t slot, std::uint32_t first, std::uint32_t last) const {
        const std::vector<std::uint32_t>& sums = fields_[slot].sums;
        return sums[last + 1] - sums[first];
    }
    std::uint32_t firms_with_plane(std::uint32_t plane) const { return plane_firms_[plane]; }
    std::size_t bytes() const;

  private:
    struct Field {
        std::uint32_t shift = 0; // codes with the same code >> shift share a row
        BitMatrix rows;
        std::vector<std::uint32_t> sums; // of firms by code, running
    };
    template <class Code>
    void fill(Field& field, std::size_t firms, const FineCodes& codes, std::uint32_t slot);

    std::size_t words_;
    std::vector<Field> fields_;
    BitMatrix planes_;
    std::vector<std::uint32_t> plane_firms_;
};

} // namespace qice
