#include "qice/rule/value_set.hpp"

#include <limits>
#include <optional>
#include <string_view>

namespace qice {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

NumberSet at_least_value(std::int64_t value) { return {false, {value}}; }

/// Values up to and including `value`.
NumberSet up_to(std::int64_t value) {
    return value == kMost ? NumberSet::everything() : NumberSet{true, {value + 1}};
}

NumberSet between(std::int64_t first, std::int64_t last) {
    return at_least_value(first) & up_to(last);
}

/// A set of many intervals, in O(n log n).
template <class T> ValueSet<T> union_of(std::vector<std::pair<T, std::optional<T>>> intervals) {
    const auto by_begin = [](const auto& a, const auto& b) { return a.first < b.first; };
    if (!std::is_sorted(intervals.begin(), intervals.end(), by_begin))
        std::sort(intervals.begin(), intervals.end(), by_begin);
    ValueSet<T> out;
    out.toggles.reserve(2 * intervals.size());
    bool open_end = false;
    for (auto& [begin, end] : intervals) {
        if (open_end) break;
        if (!out.toggles.empty() && !(out.toggles.back() < begin)) { // touches the last interval
            if (!end) {
                out.toggles.pop_back();
                open_end = true;
            } else if (out.toggles.back() < *end) {
                out.toggles.back() = std::move(*end);
            }
            continue;
        }
        out.toggles.push_back(std::move(begin));
        if (end)
            out.toggles.push_back(std::move(*end));
        else
            open_end = true;
    }
    return out;
}

NumberSet numbers_of(const Test& test, const Field& field) {
    // On the slots of ratios a constant stands at twice its value.
    const std::int64_t value = test.numbers[0] * (field.is_ratio() ? 2 : 1);
    switch (test.op) {
    case Op::ge: return at_least_value(value);
    case Op::gt: return up_to(value).complement();
    case Op::le: return up_to(value);
    case Op::lt: return at_least_value(value).complement();
    case Op::eq:
    case Op::is: return between(value, value);
    case Op::ne: return between(value, value).complement();
    default: break;
    }
    std::vector<std::pair<std::int64_t, std::optional<std::int64_t>>> intervals;
    const bool under = test.op == Op::under || test.op == Op::not_under;
    for (std::int64_t code : test.numbers)
        intervals.emplace_back(code, under ? (*field.codes)[static_cast<std::uint32_t>(code)].end
                                           : code + 1);
    const NumberSet listed = union_of(std::move(intervals));
    return test.op == Op::in || test.op == Op::under ? listed : listed.complement();
}

/// The least text that comes after every text with this prefix, if there is one.
std::optional<std::string> after_prefix(std::string prefix) {
    while (!prefix.empty()) {
        if (static_cast<unsigned char>(prefix.back()) < 0xff) {
            prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
            return prefix;
        }
        prefix.pop_back();
    }
    return {};
}

StringRangeSet strings_of(const Test& test) {
    std::vector<std::pair<std::string, std::optional<std::string>>> intervals;
    const bool under = test.op == Op::under || test.op == Op::not_under;
    // Views are sorted with less to move than intervals of texts.
    std::vector<std::string_view> texts(test.strings.begin(), test.strings.end());
    if (!std::is_sorted(texts.begin(), texts.end())) std::sort(texts.begin(), texts.end());
    intervals.reserve(texts.size());
    for (std::string_view text : texts) {
        std::string begin(text), end(text);
        if (under) {
            intervals.emplace_back(std::move(begin), after_prefix(std::move(end)));
        } else {
            end.push_back('\0');
            intervals.emplace_back(std::move(begin), std::move(end));
        }
    }
    StringRangeSet listed = union_of(std::move(intervals));
    return test.op == Op::in || test.op == Op::under ? listed : listed.complement();
}

template <class T, class ValuesOf>
ScalarCondition<T> scalar_condition(const Condition& condition, ValuesOf values_of) {
    ScalarCondition<T> out;
    for (const Test& test : condition.tests) {
        if (test.op == Op::known) {
            const bool wanted = test.numbers[0] == 1;
            if (!wanted) out.values = ValueSet<T>::nothing();
            out.on_unknown = out.on_unknown & truth_of(!wanted);
            continue;
        }
        out.values = out.values.is_everything() ? values_of(test) : out.values & values_of(test);
        out.on_unknown = out.on_unknown & Truth::unknown;
    }
    return out;
}

} // namespace

std::int64_t ratio_slot(const Ratio& ratio) {
    __int128 top = static_cast<__int128>(ratio.numerator) * power_of_ten(kRatioDecimals);
    __int128 bottom = ratio.denominator;
    (ratio.shift >= 0 ? top : bottom) *= power_of_ten(std::abs(ratio.shift));
    if (bottom < 0) {
        top = -top;
        bottom = -bottom;
    }
    __int128 floor = top / bottom;
    const __int128 rest = top % bottom;
    if (rest < 0) --floor;
    // Constants are at most 10^18 in size, so everything further out is the same to every rule.
    constexpr __int128 kFar = static_cast<__int128>(2'000'000'000'000'000'000);
    floor = std::clamp(floor, -kFar, kFar);
    return static_cast<std::int64_t>(floor * 2 + (rest != 0 ? 1 : 0));
}

ScalarCondition<std::int64_t> number_condition(const Condition& condition, const Field& field) {
    return scalar_condition<std::int64_t>(
        condition, [&](const Test& test) { return numbers_of(test, field); });
}

ScalarCondition<std::string> string_condition(const Condition& condition) {
    return scalar_condition<std::string>(condition,
                                         [](const Test& test) { return strings_of(test); });
}

} // namespace qice
