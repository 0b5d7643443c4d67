// The codes of an index, cut finer where a field's values are amounts or days.
//
// A boundary that no rule named before divides one interval of the index, and the firms in it have
// to be asked for their values. An index has few intervals and they hold many firms; so a field
// with a crowded one gets cuts at quantiles of its values beside its own, and codes by both. Every
// other field is read where the index has it. Costs a byte a firm for such a field; exact like all
// codes.
#pragma once

#include "qice/index/firm_index.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace qice {

class FineCodes {
  public:
    static constexpr std::uint32_t kCrowd = 4'096; // so many firms are asked without ado

    /// `program` is the one that `index` was built with from `firms`; it and the index must outlive
    /// this. A field is cut finer if one known code of it has more firms than `crowd`.
    FineCodes(const Program& program, const FirmIndex& index, const FirmTable& firms,
              std::uint32_t crowd = kCrowd);

    std::uint32_t slots() const { return static_cast<std::uint32_t>(fine_.size()); }
    bool any_finer() const { return any_finer_; }
    const FieldCuts& cuts(std::uint32_t slot) const {
        return fine_[slot] ? fine_[slot]->cuts : program_.fields[slot].cuts;
    }
    /// As FirmIndex has them.
    std::uint8_t width(std::uint32_t slot) const {
        return fine_[slot] ? fine_[slot]->width : index_.width(slot);
    }
    const std::uint8_t* codes(std::uint32_t slot, std::size_t block) const {
        if (!fine_[slot]) return index_.codes(slot, block);
        return fine_[slot]->codes.data() + block * kBlockFirms * fine_[slot]->width;
    }
    std::size_t bytes() const;

  private:
    struct Fine {
        FieldCuts cuts;
        std::uint8_t width = 1;
        AlignedVector<std::uint8_t> codes;
    };
    std::uint32_t most_of_one_code(std::uint32_t slot) const;
    void refine(std::uint32_t slot, const FirmTable& firms);

    const Program& program_;
    const FirmIndex& index_;
    std::vector<std::optional<Fine>> fine_;
    bool any_finer_ = false;
};

} // namespace qice
