#include "match/standing_layer.hpp"

#include "base/in_threads.hpp"
#include "base/large_pages.hpp"
#include "model/firm_rows.hpp"

#include <algorithm>

namespace qice {

void StandingLayer::make_lists(std::uint32_t keep, const StandingPolicies& policies,
                               unsigned threads) {
    const auto size = static_cast<std::uint32_t>(table.size());
    share_out(threads, kStandingStatuses, [&](std::size_t s) {
        const auto status = static_cast<Verdict>(s);
        lists[s].resize(size);
        std::vector<Score> cuts(size);
        Array<std::uint32_t> told; // the policies of all positions, for the holders
        const std::size_t pushes = result.total(status);
        reserve_large(told, pushes, pushes);
        told.resize(pushes);
        std::size_t told_so_far = 0;
        std::vector<std::size_t> ends(size);
        for (std::uint32_t position = 0; position < size; ++position) {
            StandingList& list = lists[s][position];
            const Pushes said = result.pushes_at(position, status);
            std::uint32_t kept = 0;
            for (std::size_t i = 0; i < said.size(); ++i) {
                const std::uint32_t policy = said[i].other;
                told[told_so_far++] = policy;
                kept += policies.alive(policy) ? 1 : 0;
            }
            list.kept = kept;
            ends[position] = told_so_far;
            if (said.size() == keep) {
                const Push last = said[said.size() - 1];
                list.cut = last.score;
                list.cut_slot = last.other;
            }
            cuts[position] = list.cut;
        }
        floors[s] = ScoreFloors(cuts);
        holders[s] = PolicyHolders(told, ends, policies.first_count());
    });
}

namespace {

/// Which changes of values a program can tell from one another.
class Watch {
  public:
    Watch(const Schema& schema, const Program& program)
        : schema_(schema), cuts_(schema.size()), sets_(schema.size()) {
        for (const CodedField& coded : program.fields)
            cuts_[coded.field] = &coded.cuts;
        for (const CodedSet& set : program.sets)
            sets_[set.field] = true;
    }

    bool sees(const DayChange& change) const {
        const FieldCuts* const cuts = cuts_[change.field];
        if (cuts == nullptr) return false;
        const Field& field = schema_[change.field];
        if (field.kind != Kind::number || field.is_ratio()) return true;
        if (change.before == kUnknownNumber || change.after == kUnknownNumber) return true;
        return cuts->code_of(change.before) != cuts->code_of(change.after);
    }
    bool has_set(std::uint32_t field) const { return sets_[field]; }

  private:
    const Schema& schema_;
    std::vector<const FieldCuts*> cuts_;
    std::vector<bool> sets_;
};

/// Adds the rows with an element that is valid on one of two days only.
void add_expiring(const Column& column, std::size_t size, Date before, Date after,
                  std::vector<std::uint32_t>& rows) {
    if (column.offsets.empty()) return;
    const std::int32_t first = std::min(before.days, after.days);
    const std::int32_t last = std::max(before.days, after.days) - 1;
    for (std::uint32_t row = 0; row < size; ++row)
        for (std::uint32_t i = column.offsets[row]; i < column.offsets[row + 1]; ++i)
            if (column.elements[i].until >= first && column.elements[i].until <= last) {
                rows.push_back(row);
                break;
            }
}

} // namespace

std::vector<std::uint32_t> StandingLayer::change_day(Date day, const Program& known,
                                                     const Program& later) {
    const Schema& schema = table.schema();
    const Date before = table.as_of();
    const Watch watches[] = {{schema, known}, {schema, later}};
    std::vector<std::uint32_t> rows;
    for (const DayChange& change : FirmTableWriter::change_day(table, day))
        if (watches[0].sees(change) || watches[1].sees(change)) rows.push_back(change.row);
    for (std::uint32_t field = 0; field < schema.size(); ++field)
        if (watches[0].has_set(field) || watches[1].has_set(field))
            add_expiring(table.column(field), table.size(), before, day, rows);
    std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    return rows;
}

} // namespace qice
