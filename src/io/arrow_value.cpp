#include "io/arrow_value.hpp"

#include "qice/base/date.hpp"
#include "qice/model/firm.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace qice {
namespace {

using Id = ArrowType::Id;
using Wide = __int128;

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

/// digits x 10^shift as a whole number.
const char* scaled(Wide digits, int shift, std::int64_t& out) {
    for (; shift < 0 && digits != 0; ++shift) {
        if (digits % 10 != 0) return describe(NumberError::too_many_decimals);
        digits /= 10;
    }
    for (; shift > 0 && digits != 0 && digits <= kMost && digits >= -kMost; --shift)
        digits *= 10;
    if (digits > kMost || digits < -kMost) return describe(NumberError::overflow);
    out = static_cast<std::int64_t>(digits);
    return nullptr;
}

/// Of a whole number its digits: 500000, where the shortest text of all is 5e+05.
template <class Float> std::string_view shortest(Float value, std::array<char, 64>& buffer) {
    constexpr Float kMostExact = std::uint64_t{1} << std::numeric_limits<Float>::digits;
    const bool is_whole = std::fabs(value) < kMostExact && std::trunc(value) == value;
    char* const last = buffer.data() + buffer.size();
    const auto end = is_whole
                         ? std::to_chars(buffer.data(), last, value, std::chars_format::fixed).ptr
                         : std::to_chars(buffer.data(), last, value).ptr;
    return {buffer.data(), static_cast<std::size_t>(end - buffer.data())};
}

template <class Float> const char* read_float(Float value, int decimals, std::int64_t& out) {
    out = kUnknownNumber;
    if (std::isnan(value)) return nullptr;
    if (std::isinf(value)) return describe(NumberError::not_a_number);
    if constexpr (sizeof(Float) == 8)
        if (read_short_decimal(value, static_cast<double>(power_of_ten(decimals)), out))
            return nullptr;
    // With an exponent: without one, digits behind the shortest would be the float's own.
    std::array<char, 64> buffer;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                   std::chars_format::scientific)
                         .ptr;
    const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
    const NumberError error = parse_number(text, {}, decimals, out, true);
    return error == NumberError::none ? nullptr : describe(error);
}

std::string decimal_text(Wide digits, int scale) {
    const bool negative = digits < 0;
    auto rest = static_cast<unsigned __int128>(digits);
    if (negative) rest = 0 - rest;
    std::string text;
    for (; rest != 0 || text.size() <= static_cast<std::size_t>(std::max(scale, 0)); rest /= 10)
        text.insert(text.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
    if (scale > 0) text.insert(text.size() - static_cast<std::size_t>(scale), 1, '.');
    if (scale < 0 && digits != 0) text.append(static_cast<std::size_t>(-scale), '0');
    return negative ? "-" + text : text;
}

/// Where a date or timestamp counts from the start of its day, and the day.
std::int64_t split_day(const ArrowView& view, std::int64_t i, std::int64_t& part) {
    constexpr std::int64_t kMilliseconds = 86'400'000;
    part = 0;
    if (view.type->id == Id::date && view.type->bits == 32) return view.value<std::int32_t>(i);
    const std::int64_t per_day = view.type->id == Id::date ? kMilliseconds : view.type->per_day;
    const auto count = view.value<std::int64_t>(i);
    std::int64_t day = count / per_day;
    part = count % per_day;
    if (part < 0) {
        part += per_day;
        --day;
    }
    return day;
}

std::string day_text(const ArrowView& view, std::int64_t i) {
    std::int64_t part = 0;
    const std::int64_t day = split_day(view, i, part);
    if (day < kFirstDay || day > kLastDay)
        return "day " + std::to_string(day) + " after 1970-01-01";
    std::string text = Date{static_cast<std::int32_t>(day)}.to_string();
    if (part == 0) return text;
    const std::int64_t second =
        (view.type->id == Id::date ? 86'400'000 : view.type->per_day) / 86'400;
    const std::int64_t seconds = part / second;
    for (const std::int64_t of : {seconds / 3600, seconds / 60 % 60, seconds % 60}) {
        text += text.size() == 10 ? ' ' : ':';
        text += static_cast<char>('0' + of / 10);
        text += static_cast<char>('0' + of % 10);
    }
    if (part % second != 0) // 0.25 of a second, without the 0
        text += format_decimal(part % second, second == 1'000       ? 3
                                              : second == 1'000'000 ? 6
                                                                    : 9)
                    .substr(1);
    return text;
}

} // namespace

std::string_view text_at(const ArrowView& view, std::int64_t i, std::string& buffer) {
    const ArrowType& type = *view.type;
    std::array<char, 64> digits;
    switch (type.id) {
    case Id::text:
    case Id::text_view: return view.text(i);
    case Id::dictionary: {
        const ArrowView& values = view.parts[0];
        const std::int64_t number = view.integer(i);
        return values.is_valid(number) ? text_at(values, number, buffer) : std::string_view{};
    }
    case Id::boolean: return view.flag(i) ? "true" : "false";
    case Id::integer:
        buffer = type.bits == 64 && !type.is_signed ? std::to_string(view.value<std::uint64_t>(i))
                                                    : std::to_string(view.integer(i));
        return buffer;
    case Id::floating:
        if (std::isnan(type.bits == 32 ? view.value<float>(i) : view.value<double>(i))) return {};
        buffer = type.bits == 32 ? shortest(view.value<float>(i), digits)
                                 : shortest(view.value<double>(i), digits);
        return buffer;
    case Id::decimal: {
        Wide wide = 0;
        buffer = view.digits(i, wide) ? decimal_text(wide, type.scale) : "more than 128 bits";
        return buffer;
    }
    case Id::date:
    case Id::timestamp: return buffer = day_text(view, i);
    default: return {};
    }
}

const char* number_at(const ArrowView& view, std::int64_t i, int decimals, std::int64_t& out) {
    const ArrowType& type = *view.type;
    out = kUnknownNumber;
    if (type.id == Id::floating)
        return type.bits == 32 ? read_float(view.value<float>(i), decimals, out)
                               : read_float(view.value<double>(i), decimals, out);
    Wide digits = 0;
    if (type.id == Id::decimal) {
        if (!view.digits(i, digits)) return describe(NumberError::overflow);
        return scaled(digits, decimals - type.scale, out);
    }
    digits = type.bits == 64 && !type.is_signed ? Wide{view.value<std::uint64_t>(i)}
                                                : Wide{view.integer(i)};
    return scaled(digits, decimals, out);
}

const char* day_at(const ArrowView& view, std::int64_t i, std::int64_t& out) {
    std::int64_t part = 0;
    out = split_day(view, i, part);
    if (part != 0) return "has a time of day; dates are whole days";
    return out < kFirstDay || out > kLastDay ? kNoSuchDay : nullptr;
}

const char* const kNoSuchDay = "is a day outside the years 1 to 9999";

} // namespace qice
