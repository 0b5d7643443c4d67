#include "io/arrow_column.hpp"

#include "io/arrow_blocks.hpp"
#include "qice/base/text.hpp"

namespace qice {

const char* read_arrow_value(const ArrowView& view, std::int64_t i, std::uint32_t index,
                             const Field& field, FirmRows& rows, std::int64_t& value) {
    if (field.kind == Kind::number && view.type->is_number())
        return number_at(view, i, field.decimals, value);
    if (field.kind == Kind::date && view.type->is_day()) return day_at(view, i, value);
    std::string buffer;
    return rows.read(index, text_at(view, i, buffer), value);
}

namespace {

using Id = ArrowType::Id;

/// Text, which each field reads as it does a cell's; also of a dictionary, and of values in a field
/// of texts.
class CellColumn : public ArrowColumn {
  public:
    using ArrowColumn::ArrowColumn;
    void write(const ArrowView& view, const ArrowRun& run, FirmCollector& to) override {
        for_each_valid(view, run, [&](std::uint32_t i) {
            const std::string_view text = text_at(view, run.from + i, buffer_);
            to.values().go_to(run.row + i);
            const char* const reason = to.values().set(field_, text);
            if (reason != nullptr) to.bad_value(run.row + i, field_, text, reason);
        });
    }

  private:
    std::string buffer_;
};

/// Texts in a field of categories or codes: most were seen before.
class NameColumn : public ArrowColumn {
  public:
    using ArrowColumn::ArrowColumn;
    void write(const ArrowView& view, const ArrowRun& run, FirmCollector& to) override {
        FirmRows& rows = to.values();
        for_each_valid(view, run, [&](std::uint32_t i) {
            const std::string_view text = view.text(run.from + i);
            rows.go_to(run.row + i);
            std::uint32_t number = 0;
            if (seen_.find(text, number)) return rows.put(field_, number);
            std::int64_t value = kUnknownNumber;
            const char* const reason = rows.read(field_, text, value);
            if (reason != nullptr) return to.bad_value(run.row + i, field_, text, reason);
            if (value == kUnknownNumber) return;
            seen_.keep(text, static_cast<std::uint32_t>(value));
            rows.put(field_, value);
        });
    }

  private:
    ShortTexts seen_{11}; // and the numbers that read() gave
};

class AnyColumn : public ArrowColumn {
  public:
    AnyColumn(std::uint32_t field, const Field& of) : ArrowColumn(field), of_(of) {}
    void write(const ArrowView& view, const ArrowRun& run, FirmCollector& to) override {
        FirmRows& rows = to.values();
        for_each_valid(view, run, [&](std::uint32_t i) {
            std::int64_t value = kUnknownNumber;
            const char* const reason =
                read_arrow_value(view, run.from + i, field_, of_, rows, value);
            rows.go_to(run.row + i);
            if (reason == nullptr) return rows.put(field_, value);
            std::string text;
            to.bad_value(run.row + i, field_, text_at(view, run.from + i, text), reason);
        });
    }

  private:
    const Field& of_;
};

class DictionaryColumn : public ArrowColumn {
  public:
    DictionaryColumn(std::uint32_t field, const Field& of) : ArrowColumn(field), of_(of) {}
    void write(const ArrowView& view, const ArrowRun& run, FirmCollector& to) override {
        FirmRows& rows = to.values();
        const ArrowView& values = view.parts[0];
        for_each_valid(view, run, [&](std::uint32_t i) {
            const std::int64_t number = view.integer(run.from + i);
            const Known& known = find(values, number, run.batch, rows);
            rows.go_to(run.row + i);
            if (known.reason == nullptr) return rows.put(field_, known.value);
            std::string text;
            to.bad_value(run.row + i, field_, text_at(values, number, text), known.reason);
        });
    }

  private:
    struct Known {
        std::uint64_t batch; // in which it was read; 0: never
        std::int64_t value;
        const char* reason;
    };
    static constexpr std::int64_t kMostKept = 1 << 20;

    const Known& find(const ArrowView& values, std::int64_t number, std::uint64_t batch,
                      FirmRows& rows) {
        const auto place = static_cast<std::size_t>(number < kMostKept ? number : kMostKept);
        if (place >= known_.size()) known_.resize(place + 1, {0, 0, nullptr});
        Known& known = known_[place];
        if (known.batch == batch && number < kMostKept) return known;
        known = {batch, kUnknownNumber, nullptr};
        if (values.is_valid(number))
            known.reason = read_arrow_value(values, number, field_, of_, rows, known.value);
        return known;
    }

    const Field& of_;
    Array<Known> known_; // the values of this batch's dictionary, and one place for those beyond
};

/// Lists and maps in a field of sets or tags.
class ItemsColumn : public ArrowColumn {
  public:
    ItemsColumn(std::uint32_t field, const Field& of, const ArrowType& type)
        : ArrowColumn(field), of_(of),
          parts_(item_parts(type.parts[0], of.kind, type.id == Id::map)) {}

    void write(const ArrowView& view, const ArrowRun& run, FirmCollector& to) override {
        FirmRows& rows = to.values();
        const ArrowView& items = view.parts[0];
        for_each_valid(view, run, [&](std::uint32_t i) {
            const std::int64_t begin = view.begin(run.from + i), end = view.end(run.from + i);
            if (begin == end && !of_.missing_is_unknown) return; // as no cell
            rows.go_to(run.row + i);
            rows.begin_items();
            const char* reason = nullptr;
            for (std::int64_t item = begin; item < end && reason == nullptr; ++item)
                reason = add(items, item, rows);
            rows.end_items(field_, reason);
            if (reason != nullptr)
                to.bad_value(run.row + i, field_, shown(items, begin, end), reason);
        });
    }

  private:
    /// A null item, or one without a name, is none.
    const char* add(const ArrowView& items, std::int64_t item, FirmRows& rows) {
        if (items.type->id == Id::null || !items.is_valid(item)) return nullptr;
        if (parts_.name < 0) return rows.add_part(field_, text_at(items, item, buffer_));
        const ArrowView& names = items.parts[static_cast<std::size_t>(parts_.name)];
        if (!names.is_valid(item)) return nullptr;
        const std::string_view name = trim(text_at(names, item, buffer_));
        if (name.empty() && of_.kind == Kind::set) return nullptr;
        std::int64_t detail = of_.kind == Kind::set ? kForever : 1000;
        if (const char* const reason = read_detail(items, item, detail)) return reason;
        return of_.kind == Kind::set
                   ? rows.add_element(field_, name, static_cast<std::int32_t>(detail))
                   : rows.add_tag(field_, name, detail);
    }

    /// The last day or the weight of an item that has one.
    const char* read_detail(const ArrowView& items, std::int64_t item, std::int64_t& detail) const {
        if (parts_.detail < 0) return nullptr;
        const ArrowView* view = &items.parts[static_cast<std::size_t>(parts_.detail)];
        if (view->type->id == Id::null || !view->is_valid(item)) return nullptr;
        if (view->type->id == Id::dictionary) {
            item = view->integer(item);
            view = &view->parts[0];
            if (!view->is_valid(item)) return nullptr;
        }
        if (of_.kind == Kind::tags) {
            std::int64_t weight = -1;
            if (view->type->is_number()) {
                const char* const reason = number_at(*view, item, 3, weight);
                if (weight == kUnknownNumber && reason == nullptr) return nullptr; // NaN
                detail = reason == nullptr ? weight : -1;
                return nullptr; // add_tag() says what is wrong with it
            }
            const std::string_view text = trim(view->text(item));
            if (text.empty()) return nullptr;
            const bool is_number =
                is_plain_number(text) && parse_number(text, {}, 3, weight) == NumberError::none;
            detail = is_number ? weight : -1;
            return nullptr;
        }
        constexpr const char* kNoDay = "has an element whose last valid day is not a date";
        if (view->type->is_day()) return day_at(*view, item, detail) == nullptr ? nullptr : kNoDay;
        const std::string_view text = trim(view->text(item));
        if (text.empty()) return nullptr;
        const auto date = Date::parse(text);
        if (!date) return kNoDay;
        detail = date->days;
        return nullptr;
    }

    /// As the cell would be written in CSV.
    std::string shown(const ArrowView& items, std::int64_t begin, std::int64_t end) const {
        constexpr std::size_t kEnough = 1000;
        std::string text, buffer;
        const auto part = [&](int place, std::int64_t item, const char* before) {
            if (place < 0) return;
            const ArrowView& of = items.parts[static_cast<std::size_t>(place)];
            if (of.type->id == Id::null || !of.is_valid(item)) return;
            text += before;
            text += text_at(of, item, buffer);
        };
        for (std::int64_t item = begin; item < end && text.size() < kEnough; ++item) {
            if (items.type->id == Id::null || !items.is_valid(item)) continue;
            if (!text.empty()) text += '|';
            if (parts_.name < 0) text += text_at(items, item, buffer);
            part(parts_.name, item, "");
            part(parts_.detail, item, of_.kind == Kind::set ? "@" : ":");
        }
        return text;
    }

    const Field& of_;
    const ItemParts parts_;
    std::string buffer_;
};

class NoColumn : public ArrowColumn { // of nulls
  public:
    using ArrowColumn::ArrowColumn;
    void write(const ArrowView&, const ArrowRun&, FirmCollector&) override {}
};

bool is_items(Kind kind) { return kind == Kind::set || kind == Kind::tags || kind == Kind::text; }

} // namespace

std::unique_ptr<ArrowColumn> make_arrow_column(const ArrowType& type, const Field& of,
                                               std::uint32_t field) {
    if (type.id == Id::null) return std::make_unique<NoColumn>(field);
    if (type.id == Id::list || type.id == Id::map)
        return std::make_unique<ItemsColumn>(field, of, type);
    const bool is_name = of.kind == Kind::category || of.kind == Kind::code;
    if (type.is_text() && is_name) return std::make_unique<NameColumn>(field);
    if (type.is_text() || is_items(of.kind)) return std::make_unique<CellColumn>(field);
    if (type.id == Id::dictionary) return std::make_unique<DictionaryColumn>(field, of);
    if (auto column = make_arrow_numbers(type, of, field)) return column;
    return std::make_unique<AnyColumn>(field, of);
}

// ------------------------------------------------------------------------------------ UTF-8

bool is_utf8_row(const ArrowView& view, std::int64_t i) {
    const ArrowType& type = *view.type;
    if (type.id == Id::null || !view.is_valid(i)) return true;
    switch (type.id) {
    case Id::text:
    case Id::text_view: return is_utf8(view.text(i));
    case Id::dictionary: return view.is_utf8 || is_utf8_row(view.parts[0], view.integer(i));
    case Id::structure:
        for (const ArrowView& part : view.parts)
            if (!is_utf8_row(part, i)) return false;
        return true;
    case Id::list:
    case Id::map:
        for (std::int64_t item = view.begin(i); item < view.end(i); ++item)
            if (!is_utf8_row(view.parts[0], item)) return false;
        return true;
    default: return true;
    }
}

bool are_utf8_rows(const ArrowView& view, std::int64_t first, std::int64_t count) {
    if (count == 0) return true;
    switch (view.type->id) {
    case Id::text: {
        const std::int64_t begin = view.begin(first), end = view.end(first + count - 1);
        if (begin == end) return true;
        if (!is_utf8({view.bytes + begin, static_cast<std::size_t>(end - begin)})) return false;
        bool cuts_character = false; // two rows share one
        for (std::int64_t i = first; i < first + count; ++i)
            if (const std::int64_t at = view.begin(i); at < end)
                cuts_character |= (view.bytes[at] & 0xc0) == 0x80;
        return !cuts_character;
    }
    case Id::text_view:
        for (std::int64_t i = first; i < first + count; ++i)
            if (!is_utf8_row(view, i)) return false;
        return true;
    case Id::dictionary: return view.is_utf8;
    case Id::structure:
        for (const ArrowView& part : view.parts)
            if (!are_utf8_rows(part, first, count)) return false;
        return true;
    case Id::list:
    case Id::map: {
        const std::int64_t begin = view.begin(first);
        return are_utf8_rows(view.parts[0], begin, view.end(first + count - 1) - begin);
    }
    default: return true;
    }
}

} // namespace qice
