#include "kernels/range_rows.hpp"

#include <algorithm>
#include <limits>

namespace qice {

void RangeRows::make(const std::uint8_t* codes, std::uint8_t width) {
    if (width == 1)
        make_of(codes);
    else
        make_of(reinterpret_cast<const std::uint16_t*>(codes));
}

template <class Code> void RangeRows::make_of(const Code* codes) {
    constexpr Code kUnknown = std::numeric_limits<Code>::max();
    std::uint32_t size = 0;
    for (std::size_t i = 0; i < kBlockFirms; ++i)
        size = std::max(size, codes[i] == kUnknown ? 0u : std::uint32_t{codes[i]} + 1);
    ranks_.assign(size, 0);
    for (std::size_t i = 0; i < kBlockFirms; ++i)
        if (codes[i] != kUnknown) ranks_[codes[i]] = 1;
    std::uint16_t rank = 0;
    for (std::uint16_t& of_code : ranks_)
        of_code = rank = static_cast<std::uint16_t>(rank + of_code);
    distinct_ = rank;
    rows_.assign(std::size_t{distinct_} + 1, BlockRow{});
    for (std::size_t i = 0; i < kBlockFirms; ++i)
        if (codes[i] != kUnknown)
            rows_[ranks_[codes[i]]].words[i / 64] |= std::uint64_t{1} << (i % 64);
    for (std::size_t row = 1; row <= distinct_; ++row)
        for (std::size_t w = 0; w < kBlockWords; ++w)
            rows_[row].words[w] |= rows_[row - 1].words[w];
}

} // namespace qice
