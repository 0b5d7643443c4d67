#include "io/arrow_column.hpp"

#include "qice/base/text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

namespace qice {
namespace {

using Id = ArrowType::Id;

constexpr std::uint32_t kBlock = 64;

/// Calls take(i) for each bit that is set.
template <class Take> void for_each_bit(std::uint64_t bits, Take&& take) {
    for (; bits != 0; bits &= bits - 1)
        take(static_cast<std::uint32_t>(std::countr_zero(bits)));
}

/// Calls take(first, count, valid) for each 64 rows of which one is valid at least.
template <class Take> void for_each_block(const ArrowView& view, const ArrowRun& run, Take&& take) {
    for (std::uint32_t i = 0; i < run.count; i += kBlock) {
        const std::uint32_t count = std::min(run.count - i, kBlock);
        const std::uint64_t valid = view.valid_bits(run.from + i, count);
        if (valid != 0) take(i, count, valid);
    }
}

/// Calls take(i) for each valid row of the run.
template <class Take> void for_each_valid(const ArrowView& view, const ArrowRun& run, Take&& take) {
    for_each_block(view, run, [&](std::uint32_t first, std::uint32_t, std::uint64_t valid) {
        for_each_bit(valid, [&](std::uint32_t i) { take(first + i); });
    });
}

/// Words of all ones where a bit of four is set.
constexpr auto kWords = [] {
    std::array<std::array<std::uint64_t, 4>, 16> words{};
    for (std::size_t bits = 0; bits < 16; ++bits)
        for (std::size_t i = 0; i < 4; ++i)
            words[bits][i] = 0 - (bits >> i & 1);
    return words;
}();

/// Whole numbers, and decimals of at most the field's, in a field of numbers; days in one of dates.
///
/// A block is converted without a branch and with one question at its end: was a value outside
/// [-2^easy, 2^easy), which may be too large for the field or for a sum? Such blocks are looked at
/// again.
template <class T> class WholeColumn : public ArrowColumn {
  public:
    /// `decimals` of the values themselves.
    WholeColumn(std::uint32_t field, const Field& of, int decimals = 0) : ArrowColumn(field) {
        if (of.kind == Kind::date) {
            least_ = kFirstDay;
            most_ = kLastDay;
            reason_ = kNoSuchDay;
            return;
        }
        scale_ = power_of_ten(of.decimals - decimals);
        most_ = std::numeric_limits<std::int64_t>::max() / scale_;
        least_ = -most_;
        reason_ = describe(NumberError::overflow);
    }

    void write(const ArrowView& view, const ArrowRun& run, FirmCollector& to) override {
        FirmRows& rows = to.values();
        const auto scale = static_cast<std::uint64_t>(scale_);
        const std::uint64_t bound = std::min(static_cast<std::uint64_t>(std::min(most_, -least_)),
                                             rows.harmless(field_) / scale);
        const int easy = static_cast<int>(std::bit_width(bound)) - 1; // -1: none is
        std::int64_t* out = nullptr;
        for_each_block(
            view, run, [&](std::uint32_t first, std::uint32_t count, std::uint64_t valid) {
                if (out == nullptr) {
                    rows.go_to(run.row);
                    out = rows.numbers(field_) + run.row;
                }
                const void* const from = view.at<T>(run.from + first);
                const std::uint64_t beyond =
                    count == kBlock ? put(from, valid, std::max(easy, 0), out + first)
                                    : put_some(from, valid, std::max(easy, 0), out + first, count);
                if (beyond == 0 && easy >= 0) return;
                refuse(view, run, first, valid, to);
                rows.note_numbers(field_, run.row + first, count);
            });
    }

  private:
    bool is_within(T value) const {
        if constexpr (std::is_same_v<T, std::uint64_t>)
            return value <= static_cast<std::uint64_t>(most_);
        else
            return value <= most_ && value >= least_;
    }

    /// 64 values, the null ones as unknown; 0 if all others are easy.
    std::uint64_t put(const void* from, std::uint64_t valid, int easy, std::int64_t* out) const {
        return scale_ == 1 ? put_scaled<false>(from, valid, easy, out)
                           : put_scaled<true>(from, valid, easy, out);
    }
    template <bool kScale>
    std::uint64_t put_scaled(const void* from, std::uint64_t valid, int easy,
                             std::int64_t* out) const {
        constexpr bool kIsSigned = !std::is_same_v<T, std::uint64_t>;
        constexpr std::uint64_t kUnknown = std::uint64_t{1} << 63;
        static_assert(static_cast<std::int64_t>(kUnknown) == kUnknownNumber);
        const auto scale = static_cast<std::uint64_t>(scale_);
        const std::uint64_t up = kIsSigned ? std::uint64_t{1} << easy : 0;
        std::uint64_t low = 0, high = 0; // of all values, moved up; what is above 64 bits
        for (std::uint32_t i = 0; i < kBlock; i += 4) {
            const std::array<std::uint64_t, 4>& is_valid = kWords[valid >> i & 15];
            std::array<T, 4> values;
            std::memcpy(values.data(), static_cast<const char*>(from) + i * sizeof(T),
                        sizeof values);
            for (std::uint32_t j = 0; j < 4; ++j) {
                const auto value = static_cast<std::uint64_t>(values[j]);
                low |= (value + up) & is_valid[j];
                if constexpr (sizeof(T) > 8)
                    high |= (static_cast<std::uint64_t>(values[j] >> 64) ^
                             static_cast<std::uint64_t>(static_cast<std::int64_t>(value) >> 63)) &
                            is_valid[j];
                const std::uint64_t number = kScale ? value * scale : value; // may wrap
                out[i + j] =
                    static_cast<std::int64_t>(((number ^ kUnknown) & is_valid[j]) ^ kUnknown);
            }
        }
        return low >> (easy + (kIsSigned ? 1 : 0)) | high;
    }

    /// The same of fewer: nothing is read or written behind them.
    std::uint64_t put_some(const void* from, std::uint64_t valid, int easy, std::int64_t* out,
                           std::uint32_t count) const {
        std::array<T, kBlock> values{};
        std::array<std::int64_t, kBlock> made;
        std::memcpy(values.data(), from, count * sizeof(T));
        const std::uint64_t beyond = put(values.data(), valid, easy, made.data());
        std::memcpy(out, made.data(), count * sizeof(std::int64_t));
        return beyond;
    }

    /// Values of a block that the field cannot have.
    void refuse(const ArrowView& view, const ArrowRun& run, std::uint32_t first,
                std::uint64_t valid, FirmCollector& to) const {
        std::int64_t* const out = to.values().numbers(field_) + run.row + first;
        for_each_bit(valid, [&](std::uint32_t i) {
            const std::int64_t at = run.from + first + i;
            if (is_within(view.value<T>(at))) return;
            out[i] = kUnknownNumber;
            std::string text;
            to.bad_value(run.row + first + i, field_, text_at(view, at, text), reason_);
        });
    }

    std::int64_t scale_ = 1, least_ = 0, most_ = 0;
    const char* reason_ = nullptr;
};

/// Floats in a field of numbers.
class FloatColumn : public ArrowColumn {
  public:
    FloatColumn(std::uint32_t field, const Field& of)
        : ArrowColumn(field), decimals_(of.decimals),
          power_(static_cast<double>(power_of_ten(of.decimals))) {}

    void write(const ArrowView& view, const ArrowRun& run, FirmCollector& to) override {
        FirmRows& rows = to.values();
        std::int64_t* out = nullptr;
        std::uint64_t sizes = 0; // of all numbers: no size has a bit that is not here
        for_each_valid(view, run, [&](std::uint32_t i) {
            const auto value = view.value<double>(run.from + i);
            if (value != value) return; // NaN
            std::int64_t number = kUnknownNumber;
            if (!read_short_decimal(value, power_, number)) {
                const char* const reason = number_at(view, run.from + i, decimals_, number);
                if (reason != nullptr) {
                    std::string text;
                    to.bad_value(run.row + i, field_, text_at(view, run.from + i, text), reason);
                    number = kUnknownNumber;
                }
                if (number == kUnknownNumber) return;
            }
            if (out == nullptr) {
                rows.go_to(run.row);
                out = rows.numbers(field_) + run.row;
            }
            out[i] = number;
            sizes |= static_cast<std::uint64_t>(number < 0 ? -number : number);
        });
        if (sizes > rows.harmless(field_)) rows.note_numbers(field_, run.row, run.count);
    }

  private:
    const int decimals_;
    const double power_;
};

/// A byte for each of eight bits.
constexpr auto kBytes = [] {
    std::array<std::uint64_t, 256> bytes{};
    for (std::size_t bits = 0; bits < 256; ++bits)
        for (std::size_t i = 0; i < 8; ++i) {
            const std::size_t place = std::endian::native == std::endian::little ? i : 7 - i;
            bytes[bits] |= std::uint64_t{bits >> i & 1} << 8 * place;
        }
    return bytes;
}();

class FlagColumn : public ArrowColumn {
  public:
    using ArrowColumn::ArrowColumn;
    void write(const ArrowView& view, const ArrowRun& run, FirmCollector& to) override {
        std::uint8_t* out = nullptr;
        for_each_block(view, run,
                       [&](std::uint32_t first, std::uint32_t count, std::uint64_t valid) {
                           if (out == nullptr) {
                               to.values().go_to(run.row);
                               out = to.values().flags(field_) + run.row;
                           }
                           const std::uint64_t flags = view.flag_bits(run.from + first, count);
                           std::array<std::uint64_t, kBlock / 8> bytes;
                           for (std::uint32_t i = 0; i < kBlock; i += 8)
                               bytes[i / 8] = kBytes[(flags & valid) >> i & 0xff] |
                                              kBytes[~valid >> i & 0xff] << 1;
                           std::memcpy(out + first, bytes.data(), count);
                       });
    }
};

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

/// What a value of any plain type is in a field of a number, date, flag, category or code.
const char* read_value(const ArrowView& view, std::int64_t i, std::uint32_t index,
                       const Field& field, FirmRows& rows, std::int64_t& value) {
    if (field.kind == Kind::number && view.type->is_number())
        return number_at(view, i, field.decimals, value);
    if (field.kind == Kind::date && view.type->is_day()) return day_at(view, i, value);
    std::string buffer;
    return rows.read(index, text_at(view, i, buffer), value);
}

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
            const char* const reason = read_value(view, run.from + i, field_, of_, rows, value);
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
            known.reason = read_value(values, number, field_, of_, rows, known.value);
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

std::unique_ptr<ArrowColumn> make_whole(const ArrowType& type, const Field& of,
                                        std::uint32_t field) {
    switch (type.bits) {
    case 8:
        if (type.is_signed) return std::make_unique<WholeColumn<std::int8_t>>(field, of);
        return std::make_unique<WholeColumn<std::uint8_t>>(field, of);
    case 16:
        if (type.is_signed) return std::make_unique<WholeColumn<std::int16_t>>(field, of);
        return std::make_unique<WholeColumn<std::uint16_t>>(field, of);
    case 32:
        if (type.is_signed) return std::make_unique<WholeColumn<std::int32_t>>(field, of);
        return std::make_unique<WholeColumn<std::uint32_t>>(field, of);
    default:
        if (type.is_signed) return std::make_unique<WholeColumn<std::int64_t>>(field, of);
        return std::make_unique<WholeColumn<std::uint64_t>>(field, of);
    }
}

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
    if (type.id == Id::integer && of.kind == Kind::number) return make_whole(type, of, field);
    if (type.id == Id::decimal && type.bits == 128 && of.kind == Kind::number && type.scale >= 0 &&
        type.scale <= of.decimals)
        return std::make_unique<WholeColumn<__int128>>(field, of, type.scale);
    if (type.id == Id::date && type.bits == 32)
        return std::make_unique<WholeColumn<std::int32_t>>(field, of);
    if (type.id == Id::floating && type.bits == 64 && of.kind == Kind::number)
        return std::make_unique<FloatColumn>(field, of);
    if (type.id == Id::boolean) return std::make_unique<FlagColumn>(field);
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
