// Which firms another day changes for policies: a firm comes of age, a qualification runs out, and
// some condition may tell. Too many may be named, never too few: these are matched anew.
//
// Costs a sort of all cuts of the policies, then some ns a firm whose values the day changes and a
// look at each element of a set that expires.
#pragma once

#include "model/firm_rows.hpp"
#include "qice/index/program.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace qice {

class DayWatch {
  public:
    /// Of all policies that the programs hold.
    DayWatch(const Schema& schema, std::span<const Program* const> programs);

    /// Moves a table to another day, by its calendar. Returns the rows, ascending, of firms about
    /// which some of the policies may now say something else.
    std::vector<std::uint32_t> change_day(FirmTable& table, const FirmCalendar& calendar,
                                          Date day) const;

  private:
    /// What conditions see of a field.
    struct Seen {
        bool at_all = false;
        bool by_cuts = false;           // a change across no cut is not seen
        std::vector<std::int64_t> cuts; // of all policies, ascending
    };
    void add(const Program& program);
    bool sees(const DayChange& change) const;

    std::vector<Seen> seen_; // by field of the schema
};

} // namespace qice
