#include "model/firm_calendar.hpp"

#include "base/digit_sort.hpp"

#include <algorithm>

namespace qice {

FirmCalendar::FirmCalendar(const FirmTable& table) {
    const Schema& schema = table.schema();
    for (const std::uint32_t derived : schema.derived()) {
        if (schema[derived].derive != Derive::months_since) continue;
        const std::uint32_t field = schema[derived].operands[0];
        const auto is_it = [&](const FieldDates& dates) { return dates.field == field; };
        if (std::none_of(fields_.begin(), fields_.end(), is_it))
            fields_.push_back(dates_of(table, field));
    }
}

FirmCalendar::FieldDates FirmCalendar::dates_of(const FirmTable& table, std::uint32_t field) {
    struct Firm {
        Date date;
        std::uint32_t row;
    };
    FieldDates dates{field, {}, {}};
    const Array<std::int64_t>& column = table.column(field).numbers;
    std::vector<Firm> firms, spare;
    firms.reserve(column.size());
    for (std::uint32_t row = 0; row < column.size(); ++row)
        if (column[row] != kUnknownNumber)
            firms.push_back({Date{static_cast<std::int32_t>(column[row])}, row});
    sort_by_digits(firms, spare, [](const Firm& firm) { // negative days first
        return static_cast<std::uint32_t>(firm.date.days) ^ 0x80000000u;
    });
    dates.rows.reserve(firms.size());
    for (std::size_t i = 0; i < firms.size();) {
        const Date date = firms[i].date;
        const auto begin = static_cast<std::uint32_t>(i);
        for (; i < firms.size() && firms[i].date == date; ++i)
            dates.rows.push_back(firms[i].row);
        dates.by_day_of_month[date.day_of_month() - 1].push_back(
            {date, begin, static_cast<std::uint32_t>(i) - begin});
    }
    return dates;
}

} // namespace qice
