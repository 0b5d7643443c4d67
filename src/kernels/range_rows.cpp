#include "kernels/range_rows.hpp"

#include <bit>

namespace qice {

void RangeRows::make(const std::uint8_t* codes, std::uint8_t width) {
    if (width == 1)
        make_of(codes);
    else if (width == 2)
        make_of(reinterpret_cast<const std::uint16_t*>(codes));
    else
        make_of(reinterpret_cast<const std::uint32_t*>(codes));
}

template <class Code> void RangeRows::make_of(const Code* codes) {
    groups_.assign(limit_ / 64 + 1, Group{});
    for (std::size_t i = 0; i < kBlockFirms; ++i)
        if (codes[i] < limit_)
            groups_[codes[i] / 64].present |= std::uint64_t{1} << (codes[i] % 64);
    std::uint64_t distinct = 0;
    for (Group& group : groups_) {
        group.before = distinct;
        distinct += static_cast<std::uint64_t>(std::popcount(group.present));
    }
    rows_.assign(distinct + 1, BlockRow{});
    for (std::size_t i = 0; i < kBlockFirms; ++i) {
        if (codes[i] >= limit_) continue;
        BlockRow* const row = &rows_[0] + (&below(codes[i]) - &rows_[0]) + 1;
        row->words[i / 64] |= std::uint64_t{1} << (i % 64);
    }
    for (std::size_t row = 1; row <= distinct; ++row)
        for (std::size_t w = 0; w < kBlockWords; ++w)
            rows_[row].words[w] |= rows_[row - 1].words[w];
}

} // namespace qice
