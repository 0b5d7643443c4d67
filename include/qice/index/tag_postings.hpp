// Of each tag, the firms that follow it: the other direction of the matrix firm × tag.
//
// All tags of the table, whether or not a policy carries them yet. Positions ascend, so that the
// firms of a block are one slice. Costs 6 bytes a (firm, tag) pair. Immutable.
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
        const std::uint16_t* weights;             // thousandths, 1 to 1,000
    };
    /// Empty for a tag that no firm follows. `firms` must be the table it was built from.
    List of(const FirmTable& firms, std::string_view tag) const;
    std::size_t bytes() const;

  private:
    std::vector<std::uint32_t> by_name_; // dictionary numbers, by their texts
    std::vector<std::uint32_t> offsets_; // of each dictionary number
    std::vector<std::uint32_t> positions_;
    std::vector<std::uint16_t> weights_;
};

} // namespace qice
