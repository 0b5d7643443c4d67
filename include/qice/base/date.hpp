// Civil days. A Date is a number of days since 1970-01-01 in the proleptic Gregorian calendar;
// there is no time of day and no time zone anywhere in qice.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace qice {

struct Date {
    std::int32_t days = 0; // since 1970-01-01

    auto operator<=>(const Date&) const = default;

    /// `2026-11-23`, `2026/11/23`, `2026/1/5` or `20261123`; years 1 to 9999. Anything else:
    /// nothing.
    static std::optional<Date> parse(std::string_view text);
    static std::optional<Date> from_civil(int year, int month, int day);
    /// Today in the machine's time zone. Only the command line asks for it.
    static Date today();

    /// `2026-11-23`
    std::string to_string() const;
    unsigned day_of_month() const; // 1 to 31
};

/// Whole months from `from` to `to`: a month is complete on the same day of the next month.
/// Negative when `to` is earlier.
std::int64_t completed_months(Date from, Date to);

} // namespace qice
