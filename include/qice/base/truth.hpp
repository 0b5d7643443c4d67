// Strong Kleene three-valued logic: no < unknown < yes.
//
// `all` is the minimum, `any` the maximum, `not` the mirror; an unknown is never taken for a no
// and never for a yes.
#pragma once

#include <algorithm>
#include <cstdint>

namespace qice {

enum class Truth : std::uint8_t { no = 0, unknown = 1, yes = 2 };

constexpr Truth truth_of(bool value) { return value ? Truth::yes : Truth::no; }
constexpr Truth operator&(Truth a, Truth b) { return std::min(a, b); }
constexpr Truth operator|(Truth a, Truth b) { return std::max(a, b); }
constexpr Truth operator!(Truth a) { return static_cast<Truth>(2 - static_cast<int>(a)); }

/// At least `k` of children of which `yes` are true and `unknown` are open.
constexpr Truth at_least(std::int64_t k, std::int64_t yes, std::int64_t unknown) {
    if (yes >= k) return Truth::yes;
    return yes + unknown < k ? Truth::no : Truth::unknown;
}

constexpr const char* name_of(Truth truth) {
    return truth == Truth::yes ? "yes" : truth == Truth::no ? "no" : "unknown";
}

} // namespace qice
