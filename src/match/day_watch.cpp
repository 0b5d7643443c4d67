#include "match/day_watch.hpp"

#include <algorithm>

namespace qice {

DayWatch::DayWatch(const Schema& schema, std::span<const Program* const> programs)
    : seen_(schema.size()) {
    for (std::uint32_t field = 0; field < schema.size(); ++field)
        seen_[field].by_cuts = schema[field].kind == Kind::number && !schema[field].is_ratio();
    for (const Program* const program : programs)
        add(*program);
    for (Seen& seen : seen_)
        std::sort(seen.cuts.begin(), seen.cuts.end());
}

void DayWatch::add(const Program& program) {
    for (const CodedField& coded : program.fields) {
        Seen& seen = seen_[coded.field];
        seen.at_all = true;
        if (seen.by_cuts)
            seen.cuts.insert(seen.cuts.end(), coded.cuts.numbers().begin(),
                             coded.cuts.numbers().end());
    }
    for (const CodedSet& set : program.sets)
        seen_[set.field].at_all = true;
}

bool DayWatch::sees(const DayChange& change) const {
    const Seen& seen = seen_[change.field];
    if (!seen.at_all) return false;
    if (!seen.by_cuts || change.before == kUnknownNumber || change.after == kUnknownNumber)
        return true;
    const auto cuts_up_to = [&](std::int64_t value) {
        return std::upper_bound(seen.cuts.begin(), seen.cuts.end(), value);
    };
    return cuts_up_to(change.before) != cuts_up_to(change.after);
}

namespace {

/// Adds the rows with an element that is valid on one of two days only.
void add_expiring(const Column& column, Date before, Date after, std::vector<std::uint32_t>& rows) {
    const std::int32_t first = std::min(before.days, after.days);
    const std::int32_t last = std::max(before.days, after.days) - 1;
    for (std::size_t i = 0; i < column.elements.size(); ++i) {
        const std::int32_t until = column.elements[i].until;
        if (until < first || until > last) continue;
        const auto next = std::upper_bound(column.offsets.begin(), column.offsets.end(), i);
        rows.push_back(static_cast<std::uint32_t>(next - column.offsets.begin() - 1));
    }
}

} // namespace

std::vector<std::uint32_t> DayWatch::change_day(FirmTable& table, const FirmCalendar& calendar,
                                                Date day) const {
    const Date before = table.as_of();
    std::vector<std::uint32_t> rows;
    DayChange last{};
    bool is_seen = false; // is the last change?
    for (const DayChange& change : FirmTableWriter::change_day(table, calendar, day)) {
        if (!change.is_like(last)) is_seen = sees(change); // many firms are of one date
        last = change;
        if (is_seen) rows.push_back(change.row);
    }
    for (std::uint32_t field = 0; field < seen_.size(); ++field)
        if (seen_[field].at_all && table.schema()[field].expires)
            add_expiring(table.column(field), before, day, rows);
    std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    return rows;
}

} // namespace qice
