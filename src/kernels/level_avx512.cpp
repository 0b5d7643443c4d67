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
        auto* out = reinterpret_cast<std::uint32_t*>(row.words);
        for (int i = 0; i < 16; ++i)
            out[i] = _mm512_cmple_epu16_mask(
                _mm512_sub_epi16(_mm512_load_si512(codes + 64 * i), low), span);
    } else {
        const __m512i low = _mm512_set1_epi32(static_cast<int>(first));
        const __m512i span = _mm512_set1_epi32(static_cast<int>(last - first));
        auto* out = reinterpret_cast<std::uint16_t*>(row.words);
        for (int i = 0; i < 32; ++i)
            out[i] = _mm512_cmple_epu32_mask(
                _mm512_sub_epi32(_mm512_load_si512(codes + 64 * i), low), span);
    }
}

#include "kernels/block_executor.inl"
#include "kernels/filters.inl"

extern const Kernels kKernels;
const Kernels kKernels{"avx512", run_block, certain, transpose, merge_top};
extern const Filters kFilters;
const Filters kFilters{keep_in_ranges, count_firms, ranks_up_to};

} // namespace qice::level_avx512

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
