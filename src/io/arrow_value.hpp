// Single values of Arrow arrays: as text, exact number, day. What is fast for whole columns is in
// arrow_column.cpp; this is what it falls back on, and what says how a value is shown.
#pragma once

#include "io/arrow_array.hpp"

#include <string>
#include <string_view>

namespace qice {

/// Of a text the text; of other values the text that CSV would have. `buffer` may be used for it.
std::string_view text_at(const ArrowView& view, std::int64_t i, std::string& buffer);

/// A number x 10^decimals, exactly; kUnknownNumber for NaN. Returns why it is none, or nullptr. A
/// float is the number its shortest decimal text says.
const char* number_at(const ArrowView& view, std::int64_t i, int decimals, std::int64_t& out);

/// number_at() for most floats: those that are a decimal of at most 15 digits, `power` being
/// 10^decimals. Different decimals of so few digits are different floats: if one of them is this
/// float, it is also what the shortest text says. False: number_at() has to look.
inline bool read_short_decimal(double value, double power, std::int64_t& out) {
    const double product = value * power;
    if (!(product < 1e15 && product > -1e15)) return false;
    out = static_cast<std::int64_t>(product + (product < 0 ? -0.5 : 0.5));
    return static_cast<double>(out) / power == value;
}

/// Days since 1970-01-01 of a date or timestamp.
const char* day_at(const ArrowView& view, std::int64_t i, std::int64_t& out);

/// Days of the years 1 to 9999.
inline constexpr std::int64_t kFirstDay = -719'162, kLastDay = 2'932'896;
extern const char* const kNoSuchDay;

} // namespace qice
