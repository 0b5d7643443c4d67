#include "qice/base/decimal.hpp"

#include "qice/base/text.hpp"

#include <cstdlib>
#include <limits>

namespace qice {
namespace {

using Wide = unsigned __int128;
constexpr Wide kWideLimit = static_cast<Wide>(1) << 123; // x 10 still fits

struct Multiplier {
    std::string_view text;
    int exponent;
};
// Longest first: 百万 before 百.
constexpr Multiplier kMultipliers[] = {{"百万", 6}, {"千万", 7}, {"亿", 8}, {"万", 4}, {"千", 3}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The power of ten that turns a number written with `suffix` into one in `unit`.
bool exponent_between(std::string_view suffix, const Unit& unit, int& exponent) {
    if (suffix.empty()) {
        exponent = 0;
        return true;
    }
    const Unit written = Unit::parse(suffix);
    if (unit.base.empty() && written.base == "%") {
        exponent = -2;
        return true;
    }
    const bool base_fits = written.base == unit.base || written.base.empty() ||
                           (unit.base.empty() && written.base == "元");
    exponent = written.exponent - unit.exponent;
    return base_fits;
}

} // namespace

Unit Unit::parse(std::string_view text) {
    for (const Multiplier& multiplier : kMultipliers)
        if (text.substr(0, multiplier.text.size()) == multiplier.text)
            return {std::string(text.substr(multiplier.text.size())), multiplier.exponent};
    return {std::string(text), 0};
}

const char* describe(NumberError error) {
    switch (error) {
    case NumberError::none: return "is a number";
    case NumberError::not_a_number: return "is not a number";
    case NumberError::wrong_unit: return "has a unit that does not fit the field's";
    case NumberError::too_many_decimals: return "has more decimals than the field";
    case NumberError::overflow: return "is too large";
    }
    return "";
}

NumberError parse_number(std::string_view text, const Unit& unit, int decimals, std::int64_t& out,
                         bool exponents) {
    text = trim(text);
    std::size_t at = 0;
    const bool negative = !text.empty() && text[0] == '-';
    if (negative) ++at;

    Wide digits = 0;
    int exponent = decimals;
    bool too_long = false;
    const std::size_t whole_start = at;
    for (; at < text.size() && is_digit(text[at]); ++at) {
        if (digits >= kWideLimit) too_long = true;
        digits = digits * 10 + static_cast<unsigned>(text[at] - '0');
    }
    if (at == whole_start) return NumberError::not_a_number;
    if (at < text.size() && text[at] == '.') {
        const std::size_t fraction_start = ++at;
        std::size_t significant = at; // one past the last digit that is not 0
        while (at < text.size() && is_digit(text[at])) {
            if (text[at] != '0') significant = at + 1;
            ++at;
        }
        if (at == fraction_start) return NumberError::not_a_number;
        for (std::size_t i = fraction_start; i < significant; ++i) {
            if (digits >= kWideLimit) return NumberError::too_many_decimals;
            digits = digits * 10 + static_cast<unsigned>(text[i] - '0');
            --exponent;
        }
    }
    if (exponents && at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        bool down = false;
        if (at < text.size() && (text[at] == '+' || text[at] == '-')) down = text[at++] == '-';
        int power = 0;
        const std::size_t power_start = at;
        for (; at < text.size() && is_digit(text[at]); ++at)
            if (power < 10'000) power = power * 10 + (text[at] - '0');
        if (at == power_start) return NumberError::not_a_number;
        exponent += down ? -power : power;
    }
    int shift = 0;
    const std::string_view suffix = trim(text.substr(at));
    if (!suffix.empty() && (is_digit(suffix[0]) || suffix[0] == '.' || suffix[0] == '-'))
        return NumberError::not_a_number;
    if (!exponent_between(suffix, unit, shift))
        return Unit::parse(suffix).base == "元" || suffix == "%" ||
                       Unit::parse(suffix).exponent != 0
                   ? NumberError::wrong_unit
                   : NumberError::not_a_number;
    exponent += shift;

    if (too_long) return NumberError::overflow;
    if (digits == 0) exponent = 0;
    for (; exponent < 0; ++exponent) {
        if (digits % 10 != 0) return NumberError::too_many_decimals;
        digits /= 10;
    }
    constexpr Wide kMost = static_cast<Wide>(std::numeric_limits<std::int64_t>::max());
    for (; exponent > 0; --exponent) {
        if (digits > kMost) return NumberError::overflow;
        digits *= 10;
    }
    if (digits > kMost) return NumberError::overflow;
    const auto magnitude = static_cast<std::int64_t>(digits);
    out = negative ? -magnitude : magnitude;
    return NumberError::none;
}

std::string format_decimal(std::int64_t value, int decimals) {
    const bool negative = value < 0;
    const std::uint64_t magnitude =
        negative ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
    std::string digits = std::to_string(magnitude);
    if (decimals > 0) {
        if (digits.size() <= static_cast<std::size_t>(decimals))
            digits.insert(0, static_cast<std::size_t>(decimals) + 1 - digits.size(), '0');
        digits.insert(digits.size() - static_cast<std::size_t>(decimals), 1, '.');
        while (digits.back() == '0')
            digits.pop_back();
        if (digits.back() == '.') digits.pop_back();
    }
    return negative ? '-' + digits : digits;
}

} // namespace qice
