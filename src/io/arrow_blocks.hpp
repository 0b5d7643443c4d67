// How columns of Arrow go through their values: 64 at a time, or one by one. Only for
// arrow_column.cpp and arrow_numbers.cpp.
#pragma once

#include "io/arrow_column.hpp"

#include <algorithm>
#include <bit>

namespace qice {

inline constexpr std::uint32_t kArrowBlock = 64;

/// Calls take(i) for each bit that is set.
template <class Take> void for_each_bit(std::uint64_t bits, Take&& take) {
    for (; bits != 0; bits &= bits - 1)
        take(static_cast<std::uint32_t>(std::countr_zero(bits)));
}

/// Calls take(first, count, valid) for each 64 rows of which one is valid at least.
template <class Take> void for_each_block(const ArrowView& view, const ArrowRun& run, Take&& take) {
    for (std::uint32_t i = 0; i < run.count; i += kArrowBlock) {
        const std::uint32_t count = std::min(run.count - i, kArrowBlock);
        const std::uint64_t valid = view.valid_bits(run.from + i, count);
        if (valid != 0) take(i, count, valid);
    }
}

/// Calls take(i) for each valid row of the run.
template <class Take> void for_each_valid(const ArrowView& view, const ArrowRun& run, Take&& take) {
    for_each_block(view, run, [&](std::uint32_t first, std::uint32_t, std::uint64_t valid) {
        for_each_bit(valid, [&](std::uint32_t i) { take(first + i); });
    });
}

/// What a value of any plain type is in a field of a number, date, flag, category or code. Returns
/// the reason why it is none, or nullptr.
const char* read_arrow_value(const ArrowView& view, std::int64_t i, std::uint32_t index,
                             const Field& field, FirmRows& rows, std::int64_t& value);

/// A column whose values go 64 at a time: of numbers, days or flags. None where the type's do not.
std::unique_ptr<ArrowColumn> make_arrow_numbers(const ArrowType& type, const Field& of,
                                                std::uint32_t field);

} // namespace qice
