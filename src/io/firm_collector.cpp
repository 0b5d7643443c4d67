#include "io/firm_collector.hpp"

#include "model/cell.hpp"
#include "qice/base/text.hpp"

#include <algorithm>
#include <iterator>

namespace qice {
// ---------------------------------------------------------------------------------- SeenIds

std::string_view SeenIds::id(std::uint32_t number, const FirmCollector& batch,
                             const FirmTableWriter& table) const {
    if (number >= kAside) return aside_[number - kAside].id;
    return number < table.size() ? table.id(number) : batch.rows_.id(number - table.size());
}

bool SeenIds::add_all(const FirmCollector& batch, const FirmTableWriter& table,
                      std::uint64_t first_line) {
    constexpr std::size_t kAhead = 12; // look-ups whose cache misses overlap
    const std::size_t rows = batch.rows_.size();
    const std::size_t aside_before = aside_.size();
    index_.reserve(index_.size() + rows + batch.aside_.size());
    std::vector<std::size_t> slots;
    slots.reserve(rows + batch.aside_.size());
    const auto add = [&](std::string_view text, std::uint32_t hash, std::uint32_t number) {
        const auto same = [&](std::uint32_t other) { return id(other, batch, table) == text; };
        if (index_.find(hash, same) != HashIndex::kNone) return false;
        slots.push_back(index_.insert(hash, number));
        return true;
    };
    bool all_new = true;
    for (std::size_t row = 0; row < rows && all_new; ++row) {
        if (row + kAhead < rows) index_.prefetch(batch.hashes_[row + kAhead]);
        all_new = add(batch.rows_.id(row), batch.hashes_[row],
                      static_cast<std::uint32_t>(table.size() + row));
    }
    for (std::size_t i = 0; i < batch.aside_.size() && all_new; ++i) {
        const Aside& row = batch.aside_[i];
        const auto number = kAside + static_cast<std::uint32_t>(aside_.size());
        aside_.push_back({row.id, first_line + row.line});
        all_new = add(row.id, hash_text(row.id), number);
    }
    if (all_new) return true;
    for (auto slot = slots.rbegin(); slot != slots.rend(); ++slot)
        index_.take_back(*slot);
    aside_.resize(aside_before);
    return false;
}

// ---------------------------------------------------------------------------- FirmCollector

void FirmCollector::set_aside(std::uint64_t line, std::string_view id, std::string_view value,
                              std::string reason) {
    quarantine_.push_back({line, std::string(id), {}, excerpt(value, 200), std::move(reason)});
    ++rows_set_aside_;
}

bool FirmCollector::refuse_without_id(std::uint64_t line) {
    set_aside(line, {}, {}, "the row has no " + schema_->id_column());
    return false;
}

bool FirmCollector::begin(std::uint64_t line, std::string_view id) {
    if (id.empty()) return refuse_without_id(line);
    const std::uint32_t hash = hash_text(id);
    if (seen_ != nullptr) {
        const std::uint32_t found = seen_->index_.find(
            hash, [&](std::uint32_t number) { return seen_->id(number, *this, *table_) == id; });
        if (found != HashIndex::kNone) {
            const std::uint64_t first =
                found >= SeenIds::kAside ? seen_->aside_[found - SeenIds::kAside].line
                : found < table_->size() ? table_->line(found)
                                         : first_line_ + rows_.line(found - table_->size());
            set_aside(line, id, id,
                      "this " + schema_->id_column() + " was seen before, " + seen_where_ +
                          std::to_string(first));
            return false;
        }
        slot_ =
            seen_->index_.insert(hash, static_cast<std::uint32_t>(table_->size() + rows_.size()));
    }
    hashes_.push_back(hash);
    rows_.begin(id, line);
    line_ = line;
    id_ = id;
    bad_cells_ = 0;
    return true;
}

void FirmCollector::bad_cell(std::uint32_t field, std::string_view value, std::string reason) {
    quarantine_.push_back(
        {line_, id_, (*schema_)[field].name, excerpt(value, 200), std::move(reason)});
    ++bad_cells_;
}

void FirmCollector::end() {
    for (std::uint32_t field : rows_.overflows())
        bad_cell(field, {}, kTooLargeDerived);
    if (!strict_ || bad_cells_ == 0) return rows_.end();
    rows_.abandon();
    ++rows_set_aside_;
    const std::uint32_t hash = hashes_.back();
    hashes_.resize(hashes_.size() - 1);
    if (seen_ == nullptr) {
        aside_.push_back({id_, line_});
        return;
    }
    seen_->index_.take_back(slot_); // the number of the row goes to the next one
    seen_->index_.insert(hash, SeenIds::kAside + static_cast<std::uint32_t>(seen_->aside_.size()));
    seen_->aside_.push_back({id_, first_line_ + line_});
}

void FirmCollector::bad_value(std::uint32_t row, std::uint32_t field, std::string_view value,
                              std::string reason) {
    if (row < rows_.size()) {
        line_ = rows_.line(row);
        id_ = rows_.id(row);
    }
    bad_cell(field, value, std::move(reason));
}

void FirmCollector::settle() {
    for (std::uint32_t row = 0; rows_.may_overflow() && row < rows_.size(); ++row) {
        rows_.go_to(row);
        for (std::uint32_t field : rows_.overflows())
            bad_value(row, field, {}, kTooLargeDerived);
    }
    std::stable_sort(quarantine_.begin(), quarantine_.end(),
                     [](const Quarantined& a, const Quarantined& b) { return a.line < b.line; });
}

void FirmCollector::clear() {
    rows_.clear();
    hashes_.clear();
    aside_.clear();
    quarantine_.clear();
    rows_set_aside_ = 0;
}

void FirmCollector::change_table() {
    clear();
    rows_.change_table();
}

// ------------------------------------------------------------------------------ FirmReading

void FirmReading::expect(std::size_t firms) {
    constexpr std::size_t kMost = 1 << 27; // the guess may be far off
    table_.expect(std::min(firms, kMost));
    seen_.expect(std::min(firms, kMost));
}

FirmTableWriter::Place FirmReading::add(FirmCollector& batch, std::uint64_t first_line) {
    for (Quarantined& entry : batch.quarantine_)
        entry.line += first_line;
    quarantine_.insert(quarantine_.end(), std::make_move_iterator(batch.quarantine_.begin()),
                       std::make_move_iterator(batch.quarantine_.end()));
    batch.quarantine_.clear();
    rows_set_aside_ += batch.rows_set_aside_;
    return table_.add(batch.rows_, first_line);
}

void FirmReading::take(FirmCollector& batch) {
    const FirmTableWriter::Place place = add(batch, 0);
    table_.write(batch.rows_, place);
    batch.clear();
}

FirmsRead FirmReading::finish(unsigned threads) && {
    return {std::move(table_).finish(threads), std::move(quarantine_), {}, rows_set_aside_};
}

// ----------------------------------------------------------------------------------- faults

Status unknown_field(const Schema& schema, std::string_view what, std::string_view name,
                     Place place) {
    std::string message =
        std::string(what) + " " + in_quotes(name) + " is not a field of the schema";
    std::vector<std::string> names = schema.names();
    names.push_back(schema.id_column());
    const std::string near = nearest(name, names);
    if (!near.empty())
        message += "; did you mean " + in_quotes(near) + "?";
    else
        message += "; add it to the schema (kind \"text\" carries it along), take it out, or have "
                   "unknown columns ignored";
    return invalid_input(std::move(message), std::move(place));
}

Status cancelled_reading() { return {StatusCode::cancelled, "reading was cancelled"}; }

Status derived_field(const Field& field, Place place) {
    return invalid_input("column " + in_quotes(field.name) +
                             " is derived from other fields by the schema; take it "
                             "out of the file, or the derivation out of the schema",
                         std::move(place));
}

} // namespace qice
