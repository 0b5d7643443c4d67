// What the text of a cell says of a field: the one place that knows how values are written.
//
//   std::int64_t value = 0;
//   if (const char* reason = read_scalar(field, text, value)) ...      // number, date, flag
//   for_each_part(text, [&](std::string_view part) { read_element(field, part, element) ... });
//
// Each function gives the reason why a text is no value of the field, or nullptr. Nothing is kept
// and nothing allocated; names are parts of the text.
#pragma once

#include "qice/base/text.hpp"
#include "qice/model/firm.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace qice {

/// Of a number (in units of its last decimal), date (days) or flag (0, 1). kUnknownNumber if the
/// text is empty or blank; `exponents`: of numbers, 1.5e3 too, and blank is none.
const char* read_scalar(const Field& field, std::string_view text, std::int64_t& value,
                        bool exponents = false);

/// Of a code with a list: its place there. The text must be trimmed.
const char* read_listed(const Field& field, std::string_view text, std::int64_t& value);

/// Of a category, or a code without a list.
const char* check_name(const Field& field, std::string_view text);

struct CellElement {
    std::string_view name;
    std::int32_t until = kForever;
};
/// Of a part of a set's cell.
const char* read_element(const Field& field, std::string_view part, CellElement& element);

struct CellTag {
    std::string_view name;
    std::int64_t weight = 1000; // thousandths
};
/// Of a part of a tags' cell.
const char* read_tag(std::string_view part, CellTag& tag);
const char* check_tag(const CellTag& tag);
inline constexpr char kTagTwice[] = "names a tag twice";

inline constexpr char kTooLargeDerived[] = "the derived number is too large";

/// Calls take(part) for each part between bars, trimmed and maybe empty, until it returns false.
template <class Take> void for_each_part(std::string_view text, Take&& take) {
    for (std::size_t start = 0; start <= text.size();) {
        const std::size_t end = std::min(text.find('|', start), text.size());
        if (!take(trim(text.substr(start, end - start)))) return;
        start = end + 1;
    }
}

} // namespace qice
