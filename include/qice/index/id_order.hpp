// Firms by id: where each stands among all ids, by bytes, and who stands at each place.
//
// Ties in a ranking of firms are broken by id, so that comparing two firms is comparing two numbers.
// Built once an index, by one sort of the ids; 8 bytes a firm. Immutable.
#pragma once

#include "qice/index/firm_index.hpp"

#include <cstdint>
#include <vector>

namespace qice {

class IdOrder {
  public:
    IdOrder(const FirmTable& firms, const FirmIndex& index);

    /// A rank a position of the index, 0 for the least id; filled up to whole blocks.
    const std::uint32_t* ranks() const { return ranks_.data(); }
    /// The row of the table with the id at a rank.
    std::uint32_t row_at(std::uint32_t rank) const { return rows_[rank]; }
    std::size_t firms() const { return rows_.size(); }
    std::size_t bytes() const { return (ranks_.size() + rows_.size()) * sizeof(std::uint32_t); }

  private:
    AlignedVector<std::uint32_t> ranks_; // by position
    std::vector<std::uint32_t> rows_;    // by rank
};

} // namespace qice
