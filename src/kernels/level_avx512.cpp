// AVX-512 (F, BW, VL, DQ): a row of 512 firms is one register.
#if defined(__x86_64__)
#include "kernels/filters.hpp"
#include "kernels/kernels.hpp"

#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(                                                                      \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,bmi,bmi2,popcnt,lzcnt"))),           \
    apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,bmi,bmi2,popcnt,lzcnt")
#endif

#define QICE_LEVEL level_avx512

namespace qice::level_avx512 {

inline constexpr int kRegisterBytes = 64;
typedef std::uint32_t ShortLane;
inline constexpr std::uint32_t kMostShortKey = ~std::uint32_t{0};
inline constexpr bool kCountsBits = true, kCompresses = true;
#include "kernels/bits.inl"
#include "kernels/transpose.inl"

/// A bit for each of the eight words of a row: is any of its bits set?
QICE_FLAT std::uint32_t nonzero_words(const Bits& bits) {
    const auto row = reinterpret_cast<__m512i>(bits);
    return _mm512_test_epi64_mask(row, row);
}

QICE_FLAT bool is_zero(const Bits& bits) { return nonzero_words(bits) == 0; }

/// Which bits of a firm's row tell of 32 carriers: of those in one register of the row.
struct PackStep {
    __m512i places, bits; // of each carrier: a place among 32 parts of 16 bits, the bit in it
    std::uint32_t part;   // of the row: which register
    std::uint32_t shift;  // of these carriers in a packed word
};

/// A step for those of the first `count` of 32 entries, ascending, that lie in the register of the
/// first; returns how many. Loads all 32.
QICE_FLAT std::uint32_t make_step(PackStep& step, const std::uint32_t* entries, std::uint32_t count,
                                  std::uint32_t shift) {
    const std::uint32_t part = entries[0] / 512;
    const __m512i low = _mm512_loadu_si512(entries), high = _mm512_loadu_si512(entries + 16);
    const __m512i wanted = _mm512_set1_epi32(static_cast<int>(part));
    const __mmask32 in_part =
        _mm512_kunpackw(_mm512_cmpeq_epi32_mask(_mm512_srli_epi32(high, 9), wanted),
                        _mm512_cmpeq_epi32_mask(_mm512_srli_epi32(low, 9), wanted));
    const __mmask32 here = in_part & ~__mmask32{0} >> (32 - count);
    const __m512i all = _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi32_epi16(low)),
                                           _mm512_cvtepi32_epi16(high), 1);
    step.places = _mm512_srli_epi16(all, 4);
    step.bits = _mm512_maskz_sllv_epi16(here, _mm512_set1_epi16(1),
                                        _mm512_and_si512(all, _mm512_set1_epi16(15)));
    step.part = part;
    step.shift = shift;
    return popcount(here);
}

/// The bits of a firm's pairs with the carriers of a step.
QICE_FLAT std::uint64_t pack_bits(const std::uint64_t* pairs, const PackStep& step) {
    const __m512i some = _mm512_load_si512(pairs + std::size_t{step.part} * 8);
    const __m512i parts = _mm512_permutexvar_epi16(step.places, some);
    return std::uint64_t{_mm512_test_epi16_mask(parts, step.bits)} << step.shift;
}

/// list_words(), with whole registers.
QICE_FLAT std::uint32_t compress_words(const Bits& row, std::uint64_t first_place,
                                       std::uint64_t* words, std::uint64_t* places) {
    const auto some = static_cast<__mmask8>(nonzero_words(row));
    const __m512i all = _mm512_add_epi64(_mm512_set1_epi64(static_cast<long long>(first_place)),
                                         _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0));
    _mm512_storeu_si512(words, _mm512_maskz_compress_epi64(some, reinterpret_cast<__m512i>(row)));
    _mm512_storeu_si512(places, _mm512_maskz_compress_epi64(some, all));
    return popcount(some);
}

/// The keys of a word's set bits, in order. Stores whole registers.
QICE_FLAT void compress_keys(std::uint32_t* out, const std::uint32_t* keys, std::uint64_t word) {
    for (int i = 0; i < 64; i += 16) {
        const auto some = static_cast<__mmask16>(word >> i);
        const std::uint32_t before = popcount(word & ((std::uint64_t{1} << i) - 1));
        _mm512_storeu_si512(out + before,
                            _mm512_maskz_compress_epi32(some, _mm512_loadu_si512(keys + i)));
    }
}

/// A register of keys, and what a tag adds to each.
template <class Key> struct Carriers { __m512i keys, units; };
QICE_FLAT Carriers<std::uint64_t> load_carriers(const std::uint64_t* keys,
                                                const std::int32_t* units) {
    return {_mm512_loadu_si512(keys),
            _mm512_cvtepi32_epi64(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(units)))};
}
QICE_FLAT Carriers<std::uint32_t> load_carriers(const std::uint32_t* keys,
                                                const std::int32_t* units) {
    return {_mm512_loadu_si512(keys), _mm512_loadu_si512(units)};
}

/// keys + units x weight << tie_bits where a low bit is set and the sum is above the threshold, in
/// order; returns how many. Stores a whole register. A sum of 32 bits that is less than its key
/// counts as too great.
QICE_FLAT std::uint32_t compress_raised(std::uint64_t* out, const Carriers<std::uint64_t>& carriers,
                                        const Raise& raise, std::uint64_t bits,
                                        std::uint32_t& /*too_great*/) {
    const __m512i more = _mm512_mul_epi32(carriers.units, _mm512_set1_epi64(raise.weight));
    const __m512i raised =
        _mm512_add_epi64(carriers.keys, _mm512_sll_epi64(more, _mm_cvtsi32_si128(raise.tie_bits)));
    const __mmask8 above = _mm512_mask_cmpgt_epi64_mask(static_cast<__mmask8>(bits), raised,
                                                        _mm512_set1_epi64(raise.threshold));
    _mm512_storeu_si512(out, _mm512_maskz_compress_epi64(above, raised));
    return popcount(above);
}
QICE_FLAT std::uint32_t compress_raised(std::uint32_t* out, const Carriers<std::uint32_t>& carriers,
                                        const Raise& raise, std::uint64_t bits,
                                        std::uint32_t& too_great) {
    const __m512i more = _mm512_mullo_epi32(carriers.units, _mm512_set1_epi32(raise.weight));
    const __m512i raised =
        _mm512_add_epi32(carriers.keys, _mm512_sll_epi32(more, _mm_cvtsi32_si128(raise.tie_bits)));
    const auto some = static_cast<__mmask16>(bits);
    too_great |= _mm512_mask_cmplt_epu32_mask(some, raised, carriers.keys);
    const __mmask16 above = _mm512_mask_cmpgt_epu32_mask(
        some, raised, _mm512_set1_epi32(static_cast<int>(raise.threshold)));
    _mm512_storeu_si512(out, _mm512_maskz_compress_epi32(above, raised));
    return popcount(above);
}

/// Of the first `count` keys of a register those above a threshold, as above.
QICE_FLAT std::uint32_t compress_above(std::uint64_t* out, const std::uint64_t* keys,
                                       std::int64_t threshold, std::uint32_t count) {
    const __m512i some = _mm512_loadu_si512(keys);
    const auto bits = static_cast<__mmask8>(count < 8 ? (1u << count) - 1 : 0xff);
    const __mmask8 above = _mm512_mask_cmpgt_epi64_mask(bits, some, _mm512_set1_epi64(threshold));
    _mm512_storeu_si512(out, _mm512_maskz_compress_epi64(above, some));
    return popcount(above);
}
QICE_FLAT std::uint32_t compress_above(std::uint32_t* out, const std::uint32_t* keys,
                                       std::int64_t threshold, std::uint32_t count) {
    const __m512i some = _mm512_loadu_si512(keys);
    const auto bits = static_cast<__mmask16>(count < 16 ? (1u << count) - 1 : 0xffff);
    const __mmask16 above =
        _mm512_mask_cmpgt_epu32_mask(bits, some, _mm512_set1_epi32(static_cast<int>(threshold)));
    _mm512_storeu_si512(out, _mm512_maskz_compress_epi32(above, some));
    return popcount(above);
}

// Parts of a word of a row, written on their own. Named where they are used: auto would drop the
// attribute.
typedef std::uint32_t HalfWord __attribute__((may_alias));
typedef std::uint16_t QuarterWord __attribute__((may_alias));

/// row = where first <= code <= last, for 512 codes.
inline void codes_in_range(const std::uint8_t* codes, std::uint8_t width, std::uint32_t first,
                           std::uint32_t last, BlockRow& row) {
    if (width == 1) {
        const __m512i low = _mm512_set1_epi8(static_cast<char>(first));
        const __m512i span = _mm512_set1_epi8(static_cast<char>(last - first));
        for (int i = 0; i < 8; ++i)
            row.words[i] = _mm512_cmple_epu8_mask(
                _mm512_sub_epi8(_mm512_load_si512(codes + 64 * i), low), span);
    } else if (width == 2) {
        const __m512i low = _mm512_set1_epi16(static_cast<short>(first));
        const __m512i span = _mm512_set1_epi16(static_cast<short>(last - first));
        HalfWord* out = reinterpret_cast<HalfWord*>(row.words);
        for (int i = 0; i < 16; ++i)
            out[i] = _mm512_cmple_epu16_mask(
                _mm512_sub_epi16(_mm512_load_si512(codes + 64 * i), low), span);
    } else {
        const __m512i low = _mm512_set1_epi32(static_cast<int>(first));
        const __m512i span = _mm512_set1_epi32(static_cast<int>(last - first));
        QuarterWord* out = reinterpret_cast<QuarterWord*>(row.words);
        for (int i = 0; i < 32; ++i)
            out[i] = _mm512_cmple_epu32_mask(
                _mm512_sub_epi32(_mm512_load_si512(codes + 64 * i), low), span);
    }
}

/// row = where a code's bit of a bitmap is set; codes after `last` are not in it.
inline void codes_in_bitmap(const std::uint8_t* codes, std::uint8_t width,
                            const std::uint64_t* bitmap, std::uint32_t last, BlockRow& row) {
    if (width == 1) { // the whole bitmap in two registers of 16 bytes, each four times
        alignas(16) std::uint64_t table[4] = {};
        for (std::uint32_t w = 0; w <= last / 64; ++w)
            table[w] = bitmap[w];
        const auto* halves = reinterpret_cast<const __m128i*>(table);
        const __m512i low = _mm512_broadcast_i32x4(_mm_load_si128(halves));
        const __m512i high = _mm512_broadcast_i32x4(_mm_load_si128(halves + 1));
        const __m512i bit_of = _mm512_set1_epi64(static_cast<long long>(0x8040201008040201));
        for (int i = 0; i < 8; ++i) {
            const __m512i code = _mm512_load_si512(codes + 64 * i);
            const __m512i byte =
                _mm512_and_si512(_mm512_srli_epi16(code, 3), _mm512_set1_epi8(0x0f));
            const __m512i bits = _mm512_mask_shuffle_epi8(_mm512_shuffle_epi8(low, byte),
                                                          _mm512_movepi8_mask(code), high, byte);
            const __m512i bit =
                _mm512_shuffle_epi8(bit_of, _mm512_and_si512(code, _mm512_set1_epi8(7)));
            row.words[i] = _mm512_test_epi8_mask(bits, bit);
        }
        return;
    }
    const __m512i most = _mm512_set1_epi32(static_cast<int>(last));
    auto* out = reinterpret_cast<QuarterWord*>(row.words);
    for (int i = 0; i < 32; ++i) {
        const __m512i sixteen = width == 2 ? _mm512_cvtepu16_epi32(_mm256_load_si256(
                                                 reinterpret_cast<const __m256i*>(codes) + i))
                                           : _mm512_load_si512(codes + 64 * i);
        const __mmask16 in_bitmap = _mm512_cmple_epu32_mask(sixteen, most);
        const __m512i words = _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), in_bitmap,
                                                          _mm512_srli_epi32(sixteen, 5), bitmap, 4);
        const __m512i bit = _mm512_sllv_epi32(_mm512_set1_epi32(1),
                                              _mm512_and_si512(sixteen, _mm512_set1_epi32(31)));
        out[i] = _mm512_test_epi32_mask(words, bit);
    }
}

/// Bit i: is firm positions[i] of a block in a row of it? At most 16.
inline std::uint64_t are_among(const std::uint32_t* positions, std::uint32_t count,
                               const BlockRow& row) {
    const auto asked = static_cast<__mmask16>((1u << count) - 1);
    const __m512i firms = _mm512_maskz_loadu_epi32(asked, positions);
    // Of each firm the 32 bits that hold its own; the lower bits of a position say where it stands.
    const __m512i words =
        _mm512_permutexvar_epi32(_mm512_srli_epi32(firms, 5), _mm512_load_si512(row.words));
    const __m512i bits = _mm512_sllv_epi32(_mm512_set1_epi32(1),
                                           _mm512_and_si512(firms, _mm512_set1_epi32(31)));
    return _mm512_mask_test_epi32_mask(asked, words, bits);
}

#include "kernels/block_executor.inl"
#include "kernels/block_ranker.inl"
#include "kernels/carrier_scores.inl"
#include "kernels/entries.inl"
#include "kernels/filters.inl"
#include "kernels/policy_executor.inl"

extern const Kernels kKernels;
const Kernels kKernels{"avx512",  kMostShortKey,    run_block, certain, take_out_full, list_bits,
                       split_row, lay_out_carriers, rank,      rank,    meet_rows,     meet_layers};
extern const Filters kFilters;
const Filters kFilters{keep_in_ranges, count_firms, ranks_up_to, find_among};

} // namespace qice::level_avx512

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
