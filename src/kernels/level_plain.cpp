// Plain: any CPU of the target family, portable C++.
#include "kernels/filters.hpp"
#include "kernels/kernels.hpp"

#include <cstring>

#define QICE_LEVEL level_plain

namespace qice::level_plain {

inline constexpr int kRegisterBytes = 16;
typedef float ShortLane;
inline constexpr std::uint32_t kMostShortKey = (255u << 23) - 1;
inline constexpr bool kCountsBits = false, kCompresses = false;
#include "kernels/bits.inl"
#include "kernels/transpose.inl"

QICE_FLAT bool is_zero(const Bits& bits) {
    const Word* const words = reinterpret_cast<const Word*>(&bits);
    return (words[0] | words[1] | words[2] | words[3] | words[4] | words[5] | words[6] |
            words[7]) == 0;
}

/// row = where first <= code <= last, for 512 codes.
template <class Code>
inline void scan(const std::uint8_t* bytes, std::uint32_t first, std::uint32_t last,
                 BlockRow& row) {
    const auto* codes = reinterpret_cast<const Code*>(bytes);
    const auto low = static_cast<Code>(first), span = static_cast<Code>(last - first);
    for (std::size_t w = 0; w < kBlockWords; ++w, codes += 64) {
        alignas(16) std::uint8_t inside[64];
        for (std::size_t i = 0; i < 64; ++i)
            inside[i] = static_cast<Code>(codes[i] - low) <= span ? 1 : 0;
        std::uint64_t bits = 0;
        for (std::size_t i = 0; i < 8; ++i) { // eight 0/1 bytes to eight bits by one multiplication
            std::uint64_t eight;
            std::memcpy(&eight, inside + 8 * i, 8);
            bits |= (eight * 0x0102040810204080u >> 56) << (8 * i);
        }
        row.words[w] = bits;
    }
}

inline void codes_in_range(const std::uint8_t* codes, std::uint8_t width, std::uint32_t first,
                           std::uint32_t last, BlockRow& row) {
    if (width == 1)
        scan<std::uint8_t>(codes, first, last, row);
    else if (width == 2)
        scan<std::uint16_t>(codes, first, last, row);
    else
        scan<std::uint32_t>(codes, first, last, row);
}

/// row = where a code's bit of a bitmap is set; codes after `last` are not in it.
template <class Code>
inline void look_up(const std::uint8_t* bytes, const std::uint64_t* bitmap, std::uint32_t last,
                    BlockRow& row) {
    const auto* codes = reinterpret_cast<const Code*>(bytes);
    for (std::size_t w = 0; w < kBlockWords; ++w, codes += 64) {
        std::uint64_t bits = 0;
        for (std::size_t i = 0; i < 64; ++i) {
            const std::uint32_t code = codes[i];
            const std::uint64_t counts = code <= last ? 1 : 0;
            const std::uint32_t at = code <= last ? code : last;
            bits |= (bitmap[at / 64] >> (at % 64) & counts) << i;
        }
        row.words[w] = bits;
    }
}

inline void codes_in_bitmap(const std::uint8_t* codes, std::uint8_t width,
                            const std::uint64_t* bitmap, std::uint32_t last, BlockRow& row) {
    if (width == 1)
        look_up<std::uint8_t>(codes, bitmap, last, row);
    else if (width == 2)
        look_up<std::uint16_t>(codes, bitmap, last, row);
    else
        look_up<std::uint32_t>(codes, bitmap, last, row);
}

constexpr auto are_among = are_among_one_by_one;

#include "kernels/block_executor.inl"
#include "kernels/block_ranker.inl"
#include "kernels/entries.inl"
#include "kernels/filters.inl"
#include "kernels/policy_executor.inl"

extern const Kernels kKernels;
const Kernels kKernels{"plain",   kMostShortKey,    run_block, certain, take_out_full, list_bits,
                       split_row, lay_out_carriers, rank,      rank,    meet_rows,     meet_layers};
extern const Filters kFilters;
const Filters kFilters{keep_in_ranges, count_firms, ranks_up_to, find_among};

} // namespace qice::level_plain
