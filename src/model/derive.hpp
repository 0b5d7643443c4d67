// How a firm's derived fields follow from its others: one source of truth for tables and records.
//
// Every function reads operands through `scalar_of(field)`: a number (x 10^decimals), a date (days)
// or a listed code, or kUnknownNumber. Nothing is kept; costs are a few ns an operand.
#pragma once

#include "qice/base/date.hpp"
#include "qice/model/firm.hpp"

#include <cstdint>
#include <limits>
#include <optional>

namespace qice {

struct DerivedValue {
    std::int64_t value = kUnknownNumber;
    bool overflows = false; // a sum or difference beyond 64 bits: unknown
};

/// Of a field derived by sum, difference or months_since.
template <class ScalarOf>
DerivedValue derived_value(const Schema& schema, const Field& field, Date as_of,
                           ScalarOf scalar_of) {
    if (field.derive == Derive::months_since) {
        const std::int64_t day = scalar_of(field.operands[0]);
        if (day == kUnknownNumber) return {};
        return {completed_months(Date{static_cast<std::int32_t>(day)}, as_of), false};
    }
    __int128 total = 0;
    for (std::size_t i = 0; i < field.operands.size(); ++i) {
        const std::int64_t value = scalar_of(field.operands[i]);
        if (value == kUnknownNumber) return {};
        const int shift = field.decimals - schema[field.operands[i]].decimals;
        const __int128 scaled = static_cast<__int128>(value) * power_of_ten(shift);
        total += field.derive == Derive::difference && i == 1 ? -scaled : scaled;
    }
    if (total > std::numeric_limits<std::int64_t>::max() || total <= kUnknownNumber)
        return {kUnknownNumber, true};
    return {static_cast<std::int64_t>(total), false};
}

/// Of a field derived by ratio; nothing where an operand is unknown or the denominator zero.
template <class ScalarOf>
std::optional<Ratio> derived_ratio(const Schema& schema, const Field& field, ScalarOf scalar_of) {
    const std::uint32_t top = field.operands[0], bottom = field.operands[1];
    const std::int64_t numerator = scalar_of(top), denominator = scalar_of(bottom);
    if (numerator == kUnknownNumber || denominator == kUnknownNumber || denominator == 0) return {};
    return Ratio{numerator, denominator, schema[bottom].decimals - schema[top].decimals};
}

/// Of a field derived by sme_size, for a firm whose industry is of this category.
template <class ScalarOf>
std::optional<SizeClass> derived_size(const Schema& schema, const Field& field,
                                      std::uint32_t category, ScalarOf scalar_of) {
    const auto indicator = [&](std::size_t operand, bool money) -> SizeClasses::Indicator {
        const Field& of = schema[field.operands[operand]];
        // Money bounds are in 万元: a value in the field's unit x 10^(exponent - 4).
        const int exponent = of.unit.exponent - of.decimals - (money ? 4 : 0);
        const std::int64_t value = scalar_of(field.operands[operand]);
        if (value == kUnknownNumber) return {std::nullopt, exponent};
        return {value, exponent};
    };
    return schema.size_classes()->classify(category, indicator(1, false), indicator(2, true),
                                           indicator(3, true));
}

} // namespace qice
