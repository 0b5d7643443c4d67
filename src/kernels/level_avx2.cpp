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

inline std::uint32_t mask_of(__m256i bytes) {
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(bytes));
}

/// row = where first <= code <= last, for 512 codes.
inline void codes_in_range(const std::uint8_t* codes, std::uint8_t width, std::uint32_t first,
                           std::uint32_t last, BlockRow& row) {
    auto* out = reinterpret_cast<std::uint32_t*>(row.words); // 32 codes each
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

#include "kernels/block_executor.inl"
#include "kernels/filters.inl"

extern const Kernels kKernels;
const Kernels kKernels{"avx2", run_block, certain, transpose, merge_top};
extern const Filters kFilters;
const Filters kFilters{keep_in_ranges, count_firms, ranks_up_to};

} // namespace qice::level_avx2

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
