// The range-encoded rows of one field in one block: row k holds the firms that have one of the k
// least codes of the block. A range of codes is then the difference of two of them, whatever it
// spans and however wide codes are.
//
// Making them costs as much as comparing a hundred ranges with all codes of the block, if these are
// two bytes wide.
#pragma once

#include "qice/base/bits.hpp"

#include <cstdint>
#include <vector>

namespace qice {

class RangeRows {
  public:
    /// Before make(): what is asked of below(), at most. Greater codes, and the one that means
    /// unknown, are in no row.
    void set_limit(std::uint32_t code) { limit_ = code; }
    /// Of 512 codes of 1, 2 or 4 bytes.
    void make(const std::uint8_t* codes, std::uint8_t width);

    /// The firms whose code is less than one up to the limit. (Inlined in any case: a copy that was
    /// compiled for one CPU level must not be left for the others.)
    __attribute__((always_inline)) const BlockRow& below(std::uint32_t code) const {
        const Group& group = groups_.data()[code / 64];
        const std::uint64_t less = group.present & ((std::uint64_t{1} << (code % 64)) - 1);
        return rows_.data()[group.before + static_cast<std::uint32_t>(__builtin_popcountll(less))];
    }

  private:
    /// 64 codes in a row.
    struct Group {
        std::uint64_t present; // a bit a code: does any firm have it?
        std::uint64_t before;  // how many lesser codes are present
    };

    template <class Code> void make_of(const Code* codes);

    std::uint32_t limit_ = 0;
    std::vector<Group> groups_;
    AlignedVector<BlockRow> rows_;
};

} // namespace qice
