// Sets of values as the places where membership changes.
//
// A condition over an ordered domain (numbers, dates, preordered codes, texts by bytes) is a union
// of half-open intervals: `toggles` says where they begin and end. Complement flips one bit; union
// and intersection are one merge. Ratios live on a grid of slots, see ratio_slot().
#pragma once

#include "qice/base/decimal.hpp"
#include "qice/base/truth.hpp"
#include "qice/rule/rule.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace qice {

template <class T> struct ValueSet {
    bool from_start = false; // is what lies before the first toggle inside?
    std::vector<T> toggles;  // strictly ascending

    static ValueSet everything() { return {true, {}}; }
    static ValueSet nothing() { return {false, {}}; }

    bool is_everything() const { return from_start && toggles.empty(); }
    bool is_nothing() const { return !from_start && toggles.empty(); }
    bool contains(const T& value) const {
        const auto passed =
            std::upper_bound(toggles.begin(), toggles.end(), value) - toggles.begin();
        return from_start != (passed % 2 == 1);
    }
    ValueSet complement() const { return {!from_start, toggles}; }

    friend ValueSet operator&(const ValueSet& a, const ValueSet& b) {
        return merge(a, b, [](bool x, bool y) { return x && y; });
    }
    friend ValueSet operator|(const ValueSet& a, const ValueSet& b) {
        return merge(a, b, [](bool x, bool y) { return x || y; });
    }

  private:
    template <class Both> static ValueSet merge(const ValueSet& a, const ValueSet& b, Both both) {
        bool in_a = a.from_start, in_b = b.from_start, inside = both(in_a, in_b);
        ValueSet out{inside, {}};
        std::size_t i = 0, j = 0;
        while (i < a.toggles.size() || j < b.toggles.size()) {
            const bool take_a =
                j == b.toggles.size() || (i < a.toggles.size() && !(b.toggles[j] < a.toggles[i]));
            const T at = take_a ? a.toggles[i] : b.toggles[j];
            if (i < a.toggles.size() && !(at < a.toggles[i])) in_a = !in_a, ++i;
            if (j < b.toggles.size() && !(at < b.toggles[j])) in_b = !in_b, ++j;
            if (both(in_a, in_b) != inside) {
                inside = !inside;
                out.toggles.push_back(at);
            }
        }
        return out;
    }
};

using NumberSet = ValueSet<std::int64_t>;
using StringRangeSet = ValueSet<std::string>;

/// A ratio's place among ratio constants: 2c where it equals c / 10^kRatioDecimals, 2c + 1 between
/// c and c + 1. Far-away ratios saturate beyond every constant.
std::int64_t ratio_slot(const Ratio& ratio);

/// What a condition over a scalar field says: yes on the known values in the set, no on the others,
/// `on_unknown` where the value is unknown.
template <class T> struct ScalarCondition {
    ValueSet<T> values = ValueSet<T>::everything();
    Truth on_unknown = Truth::yes;
};

/// For numbers, dates, flags, listed codes and ratios (by slots); texts and tags count as one
/// value.
ScalarCondition<std::int64_t> number_condition(const Condition& condition, const Field& field);
/// For categories and codes without a list.
ScalarCondition<std::string> string_condition(const Condition& condition);

} // namespace qice
