// The range-encoded rows of one field in one block: row k holds the firms that have one of the k
// least codes of the block. A range of codes is then the difference of two of them, whatever it
// spans and however wide codes are.
//
// Making them costs as much as comparing some two hundred ranges with all codes of the block.
#pragma once

#include "qice/base/bits.hpp"

#include <cstdint>
#include <vector>

namespace qice {

class RangeRows {
  public:
    /// Of 512 codes of one or two bytes. The greatest number of that width is unknown: in no row.
    void make(const std::uint8_t* codes, std::uint8_t width);

    /// The firms whose code is this or less. (Inlined in any case: a copy that was compiled for one
    /// CPU level must not be left for the others.)
    __attribute__((always_inline)) const BlockRow& up_to(std::uint32_t code) const {
        return rows_.data()[code < ranks_.size() ? ranks_.data()[code] : distinct_];
    }
    /// The firms whose code is less.
    __attribute__((always_inline)) const BlockRow& below(std::uint32_t code) const {
        return code == 0 ? rows_.data()[0] : up_to(code - 1);
    }

  private:
    template <class Code> void make_of(const Code* codes);

    std::vector<std::uint16_t> ranks_; // of each code up to the greatest: how many are no greater
    AlignedVector<BlockRow> rows_;
    std::uint32_t distinct_ = 0;
};

} // namespace qice
