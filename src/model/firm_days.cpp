#include "base/fetch_ahead.hpp"
#include "model/derive.hpp"
#include "model/firm_rows.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace qice {
namespace {

/// Values of rows behind those that a column has, which may be none where no row had a value.
template <class T>
void append_values(Array<T>& to, std::size_t size, const Array<T>& from,
                   std::span<const std::uint32_t> rows, const T& unknown) {
    if (to.empty() && from.empty()) return;
    to.resize(size + rows.size(), unknown);
    if (from.empty()) return;
    constexpr std::size_t kAhead = 32; // rows, which lie far apart
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (i + kAhead < rows.size()) fetch_ahead(&from[rows[i + kAhead]], 1);
        to[size + i] = from[rows[i]];
    }
}

/// A dictionary's numbers in another one, added when they are first met.
class Renumbering {
  public:
    Renumbering(const Dictionary& from, Dictionary& to)
        : from_(from), to_(to), numbers_(from.size(), kUnknownCode) {}

    std::uint32_t operator()(std::uint32_t number) {
        if (numbers_[number] == kUnknownCode) numbers_[number] = to_.add(from_[number]);
        return numbers_[number];
    }

  private:
    const Dictionary& from_;
    Dictionary& to_;
    std::vector<std::uint32_t> numbers_;
};

/// Elements or tags of rows, with the names of the column they go to.
template <class Item>
void append_items(Column& to, Array<Item>& items, std::size_t size, const Column& from,
                  const Array<Item>& from_items, std::span<const std::uint32_t> rows) {
    if (to.offsets.empty()) to.offsets.resize(size + 1, 0);
    Renumbering name(from.dictionary, to.dictionary);
    for (const std::uint32_t row : rows) {
        for (std::size_t i = from.offsets.empty() ? 0 : from.offsets[row],
                         end = from.offsets.empty() ? 0 : from.offsets[row + 1];
             i < end; ++i) {
            Item item = from_items[i];
            item.name = name(item.name);
            items.push_back(item);
        }
        to.offsets.push_back(static_cast<std::uint32_t>(items.size()));
    }
}

/// `size`: the rows that the column's table has so far.
void append_column(const Field& of, Column& to, std::size_t size, const Column& from,
                   std::span<const std::uint32_t> rows) {
    append_values(to.numbers, size, from.numbers, rows, kUnknownNumber);
    append_values(to.flags, size, from.flags, rows, std::uint8_t{2});
    append_values(to.codes, size, from.codes, rows, kUnknownCode);
    if (of.is_string() && !from.codes.empty()) {
        Renumbering name(from.dictionary, to.dictionary);
        for (std::size_t row = size; row < to.codes.size(); ++row)
            if (to.codes[row] != kUnknownCode) to.codes[row] = name(to.codes[row]);
    }
    if (from.texts.size() != 0 || to.texts.size() != 0) {
        while (to.texts.size() < size)
            to.texts.append("");
        for (const std::uint32_t row : rows)
            to.texts.append(from.texts.size() == 0 ? std::string_view() : from.texts[row]);
    }
    if (from.offsets.empty() && to.offsets.empty()) return;
    if (of.kind == Kind::tags) return append_items(to, to.tags, size, from, from.tags, rows);
    if (to.offsets.empty()) to.unknown.assign(size, of.missing_is_unknown ? 1 : 0);
    append_items(to, to.elements, size, from, from.elements, rows);
    for (const std::uint32_t row : rows)
        to.unknown.push_back(from.offsets.empty() ? (of.missing_is_unknown ? 1 : 0)
                                                  : from.unknown[row]);
}

} // namespace

std::vector<DayChange> FirmTableWriter::change_day(FirmTable& table, const FirmCalendar& calendar,
                                                   Date as_of) {
    const Schema& schema = table.schema();
    const Date before = std::exchange(table.as_of_, as_of);
    std::vector<DayChange> changes;
    std::vector<bool> depends(schema.size());
    for (const std::uint32_t field : schema.derived()) { // operands come first
        const Field& of = schema[field];
        if (of.derive == Derive::months_since) {
            depends[field] = true;
            Array<std::int64_t>& months = table.columns_[field].numbers;
            calendar.for_each_moved(of.operands[0], before, as_of,
                                    [&](Date since, std::span<const std::uint32_t> rows) {
                                        const std::int64_t then = completed_months(since, before);
                                        const std::int64_t now = completed_months(since, as_of);
                                        for (const std::uint32_t row : rows) {
                                            changes.push_back({row, field, then, now});
                                            months[row] = now;
                                        }
                                    });
        } else if (std::any_of(of.operands.begin(), of.operands.end(),
                               [&](std::uint32_t operand) { return depends[operand]; })) {
            depends[field] = true;
            change_field(table, field, changes);
        }
    }
    return changes;
}

void FirmTableWriter::change_field(FirmTable& table, std::uint32_t field,
                                   std::vector<DayChange>& changes) {
    const Field& of = table.schema()[field];
    if (of.derive == Derive::ratio) {
        std::vector<std::uint32_t> rows;
        for (const DayChange& change : changes)
            if (change.field == of.operands[0] || change.field == of.operands[1])
                rows.push_back(change.row);
        for (const std::uint32_t row : rows)
            changes.push_back({row, field, kUnknownNumber, kUnknownNumber});
        return;
    }
    if (of.derive == Derive::sme_size) {
        Array<std::uint32_t> before;
        before.append(table.columns_[field].codes.data(), table.columns_[field].codes.size());
        table.derive_sizes(field, 0, table.size());
        for (std::uint32_t row = 0; row < table.size(); ++row)
            if (table.columns_[field].codes[row] != before[row])
                changes.push_back({row, field, kUnknownNumber, kUnknownNumber});
        return;
    }
    Array<std::int64_t>& numbers = table.columns_[field].numbers;
    for (std::uint32_t row = 0; row < numbers.size(); ++row) {
        const std::int64_t value =
            derived_value(table.schema(), of, table.as_of_, [&](std::uint32_t operand) {
                return table.columns_[operand].numbers[row];
            }).value;
        if (value == numbers[row]) continue;
        changes.push_back({row, field, numbers[row], value});
        numbers[row] = value;
    }
}

void FirmTableWriter::append(FirmTable& to, const FirmTable& from,
                             std::span<const std::uint32_t> rows) {
    assert(from.schema_ == to.schema_);
    for (std::uint32_t field = 0; field < to.columns_.size(); ++field) {
        const Field& of = to.schema()[field];
        if (!of.derived())
            append_column(of, to.columns_[field], to.size(), from.columns_[field], rows);
    }
    for (const std::uint32_t row : rows) {
        to.ids_.append(from.ids_[row]);
        to.lines_.push_back(from.lines_[row]);
    }
}

} // namespace qice
