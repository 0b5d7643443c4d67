// Firms as exact small codes and bit planes, sorted so that a block of 512 is alike.
//
// One array of 1-, 2- or 4-byte codes a field (the width its cuts need), one bit a firm for every
// set element that rules name. Immutable once built; any number of threads may read it.
#pragma once

#include "qice/base/bits.hpp"
#include "qice/index/policy_index.hpp"
#include "qice/index/program.hpp"
#include "qice/model/firm.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace qice {

class FirmIndex {
  public:
    /// Codes a table (which must have been derived) by the cuts of a program. The fields that
    /// settle most policies come first in the order of firms, and get rows in `policies`.
    FirmIndex(const Program& program, PolicyIndex& policies, const FirmTable& firms);

    std::size_t firms() const { return rows_.size(); }
    std::size_t blocks() const { return (rows_.size() + kBlockFirms - 1) / kBlockFirms; }
    /// The row of the table that stands at a position of the index.
    std::uint32_t row_at(std::size_t position) const { return rows_[position]; }

    /// Bytes of a code of a field: 1, 2 or 4. The greatest code of that width is "unknown".
    std::uint8_t width(std::uint32_t slot) const { return columns_[slot].width; }
    /// The 512 codes of a block; behind the last firm they are unknown.
    const std::uint8_t* codes(std::uint32_t slot, std::size_t block) const {
        return columns_[slot].codes.data() + block * kBlockFirms * columns_[slot].width;
    }
    /// The rows of set elements of a block, by plane number.
    const BlockRow* planes(std::size_t block) const {
        return planes_.data() + block * plane_count_;
    }
    /// Which bits of a block are firms.
    BlockRow valid(std::size_t block) const;
    /// The distinct codes of a field of PolicyIndex::fields() in a block (unknown = number of
    /// codes).
    std::span<const std::uint32_t> present(std::size_t field, std::size_t block) const {
        const Zone& zone = zones_[field];
        return std::span(zone.codes)
            .subspan(zone.offsets[block], zone.offsets[block + 1] - zone.offsets[block]);
    }
    std::size_t bytes() const;

  private:
    struct CodedColumn {
        std::uint8_t width = 1;
        AlignedVector<std::uint8_t> codes;
    };
    struct Zone {
        std::vector<std::uint32_t> offsets, codes;
    };
    void sort_firms(const Program& program, PolicyIndex& policies,
                    const std::vector<std::vector<std::uint32_t>>& codes);
    void pack_codes(const Program& program, std::vector<std::vector<std::uint32_t>> codes);
    void set_planes(const Program& program, const FirmTable& firms);
    void find_zones(const PolicyIndex& policies, const Program& program);
    std::uint32_t code_at(std::uint32_t slot, std::size_t position) const;

    std::vector<std::uint32_t> rows_;
    std::vector<CodedColumn> columns_;
    std::size_t plane_count_ = 0;
    AlignedVector<BlockRow> planes_;
    std::vector<Zone> zones_;
};

} // namespace qice
