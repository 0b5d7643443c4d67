// The zone map: which policies some firm of a block could meet, without looking at a firm.
//
// Of the fields that order the firms, the rows of policy bits are ORed over the codes present in a
// block and ANDed between fields. Firms being sorted, a block has few codes, and most policies drop
// out. Costs (codes present) x (policies / 64) word operations a block.
#pragma once

#include "qice/index/firm_index.hpp"
#include "qice/index/policy_index.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace qice {

class ZoneMap {
  public:
    /// Shares with `like`, a map of the same program, what is known of the same fields.
    ZoneMap(const Program& program, const FirmIndex& firms, const ZoneMap* like = nullptr);
    /// A map that knows nothing: every policy is a candidate in every block.
    explicit ZoneMap(const Program& program);

    /// Working memory of one thread.
    struct Scratch {
        explicit Scratch(const ZoneMap& map)
            : row(map.words_), possible(map.words_), near(map.words_) {}
        std::vector<std::uint64_t> row, possible, near;
    };

    /// The policies that a firm of the block could meet, a bit a place; with `near`, also those
    /// that one change of a field that is not fixed could bring. In `scratch`, until the next call.
    const std::uint64_t* candidates(std::size_t block, bool near, Scratch& scratch) const;

  private:
    std::shared_ptr<const PolicyRows> rows_of(std::uint32_t slot) const; // null: not there

    struct Field {
        std::shared_ptr<const PolicyRows> rows;
        std::vector<std::uint32_t> offsets; // a block: codes[offsets[block]..]
        std::vector<std::uint32_t> codes;   // the distinct ones of each block
    };

    std::size_t policies_, words_;
    std::vector<Field> fields_;
};

} // namespace qice
