// The firms of a table by the dates from which its fields count months, so that another day costs
// by the firms for which it completes a month, one in thirty a day, and not by all.
//
// A firm takes 4 bytes for each such date, and a date that occurs 12.
#pragma once

#include "qice/model/firm.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace qice {

class FirmCalendar {
  public:
    explicit FirmCalendar(const FirmTable& table);

    /// work(date, rows) for each date of a field since which one day has completed another number
    /// of months than the other; the rows ascend.
    template <class Work>
    void for_each_moved(std::uint32_t field, Date before, Date after, const Work& work) const {
        for (const FieldDates& dates : fields_) {
            if (dates.field != field) continue;
            for (const std::vector<Run>& runs : dates.by_day_of_month) {
                if (runs.empty() ||
                    completed_months(runs[0].date, before) == completed_months(runs[0].date, after))
                    continue; // which months they are does not matter
                for (const Run& run : runs)
                    work(run.date, std::span(dates.rows).subspan(run.begin, run.size));
            }
        }
    }

  private:
    struct Run {
        Date date;
        std::uint32_t begin, size; // in rows
    };
    struct FieldDates {
        std::uint32_t field; // the dates themselves
        std::vector<std::uint32_t> rows;
        std::array<std::vector<Run>, 31> by_day_of_month;
    };
    static FieldDates dates_of(const FirmTable& table, std::uint32_t field);

    std::vector<FieldDates> fields_;
};

} // namespace qice
