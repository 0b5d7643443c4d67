// AVX2: 256-bit registers, with popcnt and BMI.
#if defined(__x86_64__)
#include "kernels/filters.hpp"
#include "kernels/kernels.hpp"

#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt"))),                \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,bmi,bmi2,popcnt,lzcnt")
#endif

#define QICE_LEVEL level_avx2

namespace qice::level_avx2 {

inline constexpr int kRegisterBytes = 32;
typedef std::uint32_t ShortLane;
inline constexpr std::uint32_t kMostShortKey = ~std::uint32_t{0};
inline constexpr bool kCountsBits = true, kCompresses = false;
#include "kernels/bits.inl"
#include "kernels/transpose.inl"

QICE_FLAT bool is_zero(const Bits& bits) {
    const auto* halves = reinterpret_cast<const __m256i*>(&bits);
    const __m256i any = _mm256_or_si256(halves[0], halves[1]);
    return _mm256_testz_si256(any, any) != 0;
}

inline std::uint32_t mask_of(__m256i bytes) {
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(bytes));
}

// Parts of a word of a row, written on their own. Named where they are used: auto would drop the
// attribute.
typedef std::uint32_t HalfWord __attribute__((may_alias));

/// row = where first <= code <= last, for 512 codes.
inline void codes_in_range(const std::uint8_t* codes, std::uint8_t width, std::uint32_t first,
                           std::uint32_t last, BlockRow& row) {
    HalfWord* out = reinterpret_cast<HalfWord*>(row.words); // 32 codes each
    const auto* in = reinterpret_cast<const __m256i*>(codes);
    if (width == 1) {
        const __m256i low = _mm256_set1_epi8(static_cast<char>(first));
        const __m256i span = _mm256_set1_epi8(static_cast<char>(last - first));
        for (int i = 0; i < 16; ++i) {
            const __m256i offset = _mm256_sub_epi8(_mm256_load_si256(in + i), low);
            out[i] = mask_of(_mm256_cmpeq_epi8(_mm256_min_epu8(offset, span), offset));
        }
    } else if (width == 2) {
        const __m256i low = _mm256_set1_epi16(static_cast<short>(first));
        const __m256i span = _mm256_set1_epi16(static_cast<short>(last - first));
        for (int i = 0; i < 16; ++i) {
            const __m256i a = _mm256_sub_epi16(_mm256_load_si256(in + 2 * i), low);
            const __m256i b = _mm256_sub_epi16(_mm256_load_si256(in + 2 * i + 1), low);
            const __m256i packed =
                _mm256_packs_epi16(_mm256_cmpeq_epi16(_mm256_min_epu16(a, span), a),
                                   _mm256_cmpeq_epi16(_mm256_min_epu16(b, span), b));
            out[i] = mask_of(_mm256_permute4x64_epi64(packed, 0xd8)); // lanes back in order
        }
    } else {
        const __m256i low = _mm256_set1_epi32(static_cast<int>(first));
        const __m256i span = _mm256_set1_epi32(static_cast<int>(last - first));
        auto* bytes = reinterpret_cast<std::uint8_t*>(row.words);
        for (int i = 0; i < 64; ++i) {
            const __m256i a = _mm256_sub_epi32(_mm256_load_si256(in + i), low);
            const __m256i inside = _mm256_cmpeq_epi32(_mm256_min_epu32(a, span), a);
            bytes[i] = static_cast<std::uint8_t>(_mm256_movemask_ps(_mm256_castsi256_ps(inside)));
        }
    }
}

/// Where the bits of eight codes are set; codes after `last` are not looked up.
inline std::uint8_t look_up_eight(__m256i codes, const std::uint64_t* bitmap, __m256i last) {
    const __m256i in_bitmap = _mm256_cmpeq_epi32(_mm256_min_epu32(codes, last), codes);
    const __m256i words =
        _mm256_mask_i32gather_epi32(_mm256_setzero_si256(), reinterpret_cast<const int*>(bitmap),
                                    _mm256_srli_epi32(codes, 5), in_bitmap, 4);
    // A code's bit becomes its lane's sign: shifted by 31 - code % 32.
    const __m256i to_sign = _mm256_andnot_si256(codes, _mm256_set1_epi32(31));
    const __m256i signs = _mm256_sllv_epi32(words, to_sign);
    return static_cast<std::uint8_t>(_mm256_movemask_ps(_mm256_castsi256_ps(signs)));
}

/// row = where a code's bit of a bitmap is set; codes after `last` are not in it.
inline void codes_in_bitmap(const std::uint8_t* codes, std::uint8_t width,
                            const std::uint64_t* bitmap, std::uint32_t last, BlockRow& row) {
    const auto* in = reinterpret_cast<const __m256i*>(codes);
    if (width == 1) { // the whole bitmap in two registers of 16 bytes, each twice
        alignas(16) std::uint64_t table[4] = {};
        for (std::uint32_t w = 0; w <= last / 64; ++w)
            table[w] = bitmap[w];
        const auto* halves = reinterpret_cast<const __m128i*>(table);
        const __m256i low = _mm256_broadcastsi128_si256(_mm_load_si128(halves));
        const __m256i high = _mm256_broadcastsi128_si256(_mm_load_si128(halves + 1));
        const __m256i bit_of = _mm256_set1_epi64x(static_cast<long long>(0x8040201008040201));
        auto* out = reinterpret_cast<HalfWord*>(row.words);
        for (int i = 0; i < 16; ++i) {
            const __m256i code = _mm256_load_si256(in + i);
            const __m256i byte =
                _mm256_and_si256(_mm256_srli_epi16(code, 3), _mm256_set1_epi8(0x0f));
            const __m256i bits = _mm256_blendv_epi8(_mm256_shuffle_epi8(low, byte),
                                                    _mm256_shuffle_epi8(high, byte), code);
            const __m256i bit =
                _mm256_shuffle_epi8(bit_of, _mm256_and_si256(code, _mm256_set1_epi8(7)));
            out[i] = mask_of(_mm256_cmpeq_epi8(_mm256_and_si256(bits, bit), bit));
        }
        return;
    }
    const __m256i most = _mm256_set1_epi32(static_cast<int>(last));
    auto* bytes = reinterpret_cast<std::uint8_t*>(row.words);
    for (int i = 0; i < 64; ++i) {
        const __m256i eight =
            width == 2
                ? _mm256_cvtepu16_epi32(_mm_load_si128(reinterpret_cast<const __m128i*>(codes) + i))
                : _mm256_load_si256(in + i);
        bytes[i] = look_up_eight(eight, bitmap, most);
    }
}

constexpr auto are_among = are_among_one_by_one;

#include "kernels/block_executor.inl"
#include "kernels/block_ranker.inl"
#include "kernels/entries.inl"
#include "kernels/filters.inl"
#include "kernels/policy_executor.inl"

extern const Kernels kKernels;
const Kernels kKernels{"avx2",    kMostShortKey,    run_block, certain, take_out_full, list_bits,
                       split_row, lay_out_carriers, rank,      rank,    meet_rows,     meet_layers};
extern const Filters kFilters;
const Filters kFilters{keep_in_ranges, count_firms, ranks_up_to, find_among};

} // namespace qice::level_avx2

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
