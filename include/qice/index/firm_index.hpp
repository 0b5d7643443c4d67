// Firms as exact small codes and bit planes, sorted so that a block of 512 is alike.
//
// One array of 1-, 2- or 4-byte codes a field (the width its cuts need), one bit a firm for every
// set element that rules name. Immutable once built; any number of threads may read it.
#pragma once

#include "qice/base/bits.hpp"
#include "qice/index/program.hpp"
#include "qice/model/firm.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace qice {

/// `as_given` is for tables that are sorted already, and for measuring what sorting is worth.
enum class FirmOrder : std::uint8_t { by_strongest_fields, as_given };

class FirmIndex {
  public:
    /// Codes a table by the cuts of a program. Firms are ordered by the fields that settle most
    /// policies, the strongest first, or by those that order the firms of `like`, an index of the
    /// same program. Whatever the number of threads, the index is the same.
    FirmIndex(const Program& program, const FirmTable& firms,
              FirmOrder order = FirmOrder::by_strongest_fields, unsigned threads = 1,
              const FirmIndex* like = nullptr);

    std::size_t firms() const { return rows_.size(); }
    std::size_t blocks() const { return (rows_.size() + kBlockFirms - 1) / kBlockFirms; }
    /// The row of the table that stands at a position of the index.
    std::uint32_t row_at(std::size_t position) const { return rows_[position]; }
    /// Of each row of the table, its position.
    const std::shared_ptr<const std::vector<std::uint32_t>>& positions() const {
        return positions_;
    }

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
    /// The rows of unions of set elements of a block, as Program::unions numbers them.
    const BlockRow* unions(std::size_t block) const {
        return unions_.data() + block * union_count_;
    }
    /// Which bits of a block are firms.
    BlockRow valid(std::size_t block) const;
    std::uint32_t code_at(std::uint32_t slot, std::size_t position) const {
        const CodedColumn& column = columns_[slot];
        const std::uint8_t* const at = column.codes.data() + position * column.width;
        if (column.width == 1) return *at;
        if (column.width == 2) return *reinterpret_cast<const std::uint16_t*>(at);
        return *reinterpret_cast<const std::uint32_t*>(at);
    }
    /// The fields that settle most policies, by which firms are ordered unless they stand as given.
    const std::vector<std::uint32_t>& sorted_by() const { return sorted_by_; }
    /// Bytes of memory.
    std::size_t bytes() const;

  private:
    struct CodedColumn {
        std::uint8_t width = 1;
        AlignedVector<std::uint8_t> codes; // of whole blocks
    };
    static CodedColumn code(const CodedField& coded, const FirmTable& firms, std::size_t blocks);
    void find_strongest_fields(const Program& program);
    void sort_firms(const Program& program);
    void put_in_order(CodedColumn& column) const;
    void set_planes(const Program& program, const FirmTable& firms, unsigned threads);

    std::vector<std::uint32_t> rows_, sorted_by_;
    std::vector<CodedColumn> columns_;
    std::shared_ptr<const std::vector<std::uint32_t>> positions_;
    std::size_t plane_count_ = 0, union_count_ = 0;
    AlignedVector<BlockRow> planes_, unions_;
};

} // namespace qice
