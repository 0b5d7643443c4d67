// Exact decimal numbers and units. No condition is ever decided by binary floating point.
//
// A number field holds its values as int64 at the field's number of decimals. Text is read exactly,
// with an optional unit (`2000万元`, `1.5亿元`, `3%`); what does not fit exactly is refused, never
// rounded. Ratios are compared by cross-multiplication in 128 bits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace qice {

inline constexpr int kMaxDecimals = 9;

/// A unit is a power of ten of a base: 万元 = 10^4 of 元. The base may be empty.
struct Unit {
    std::string base;
    int exponent = 0;

    static Unit parse(std::string_view text);
    bool operator==(const Unit&) const = default;
};

enum class NumberError : std::uint8_t {
    none,
    not_a_number,
    wrong_unit,
    too_many_decimals,
    overflow
};

/// A clause that completes "... , got X": what was wrong, in words.
const char* describe(NumberError error);

/// Reads `text` into `out` = value in `unit` x 10^decimals. `exponents`: also accept 1.5e7 (JSON
/// number tokens). Blanks around the text are ignored. Costs a few ns for plain digits.
NumberError parse_number(std::string_view text, const Unit& unit, int decimals, std::int64_t& out,
                         bool exponents = false);

/// `value` / 10^decimals in the shortest exact form: 12.5, -3, 0.001.
/// Only digits, a sign and a point: a number without a unit.
inline bool is_plain_number(std::string_view text) {
    return text.find_first_not_of("0123456789.-") == std::string_view::npos;
}

std::string format_decimal(std::int64_t value, int decimals);

/// 10^n for 0 <= n <= 18.
constexpr std::int64_t power_of_ten(int n) {
    std::int64_t power = 1;
    while (n-- > 0)
        power *= 10;
    return power;
}

/// A ratio numerator / denominator x 10^shift, held unrounded. The denominator is not zero.
struct Ratio {
    std::int64_t numerator;
    std::int64_t denominator;
    int shift = 0; // decimals of the denominator minus decimals of the numerator
};

/// Ratio constants are held as int64 at this many decimals; |constant| <= kMaxRatioConstant.
inline constexpr int kRatioDecimals = 9;
inline constexpr std::int64_t kMaxRatioConstant = 1'000'000'000;

/// Sign of ratio - constant / 10^kRatioDecimals, exact.
inline int compare(const Ratio& ratio, std::int64_t constant) {
    __int128 left = static_cast<__int128>(ratio.numerator) * power_of_ten(kRatioDecimals);
    __int128 right = static_cast<__int128>(constant) * ratio.denominator;
    // |left|, |right| < 2^93, 2^123 and |shift| <= 9: left may still be multiplied by 10^shift,
    // right may not, so a negative shift divides the left side and looks at the rest.
    if (ratio.shift > 0) left *= power_of_ten(ratio.shift);
    if (ratio.denominator < 0) {
        left = -left;
        right = -right;
    }
    if (ratio.shift < 0) {
        const __int128 scale = power_of_ten(-ratio.shift);
        const __int128 quotient = left / scale; // truncated: left = quotient * scale + rest
        const __int128 rest = left % scale;
        if (quotient != right) return quotient < right ? -1 : 1;
        return rest < 0 ? -1 : rest > 0 ? 1 : 0;
    }
    return left < right ? -1 : left > right ? 1 : 0;
}

} // namespace qice
