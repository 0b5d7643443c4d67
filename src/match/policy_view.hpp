// Firms as the program of one bound policy reads them: a block of the index as it stands, or up to
// 512 firms from anywhere, packed as if they stood together.
//
//   PolicyView view(parts, base, memory);
//   task.view = view.block(reads, block, rows);     // in place; bits are those of the block
//   task.view = view.packed(reads, positions);      // bit i is the firm at positions[i]
//
// A view has the fields and sets that `reads` names. What the index has of them is read where it
// lies (block) or gathered (packed). What it does not know is made for the firms in question alone,
// from the exact values of the table. A view holds until the next one is asked for.
#pragma once

#include "kernels/kernels.hpp"
#include "match/bound_policy.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace qice {

/// Working memory, kept from policy to policy.
struct PolicyViewMemory {
    std::vector<const std::uint8_t*> codes;
    std::vector<std::uint8_t> widths;
    AlignedVector<std::uint8_t> own_codes; // columns made for one view, a field 4 x 512 bytes
    AlignedVector<BlockRow> planes;
};

class PolicyView {
  public:
    PolicyView(const BoundPolicy::Parts& policy, const PolicyBinder::Base& base,
               PolicyViewMemory& memory);

    using Reads = BoundPolicy::Parts::Reads;
    BlockView block(const Reads& reads, std::uint32_t block, const BlockRow& firms);
    /// Asks for the memory that block() will have read.
    void fetch_ahead(const Reads& reads, std::uint32_t block) const;
    BlockView packed(const Reads& reads, std::span<const std::uint32_t> positions);

  private:
    /// The firms that a column is made for: positions in the index, and their places in the column.
    struct Chosen {
        std::uint32_t positions[kBlockFirms];
        std::uint16_t places[kBlockFirms];
        std::size_t size = 0;
    };
    void gather_codes(std::uint32_t own);
    void make_codes(std::uint32_t own);
    void gather_planes(std::uint32_t own);
    void make_planes(std::uint32_t own);

    const BoundPolicy::Parts& policy_;
    const PolicyBinder::Base base_;
    PolicyViewMemory& memory_;
    Chosen chosen_;
};

} // namespace qice
