#include "model/firm_rows.hpp"

#include "model/cell.hpp"
#include "model/derive.hpp"
#include "qice/base/text.hpp"

#include <array>
#include <cassert>

namespace qice {
namespace {

// Whole cells that are remembered: long ones do not come again.
constexpr std::size_t kLongestKept = 200, kMostKept = 1 << 15;
constexpr std::size_t kFewElements = 16; // compared one by one

/// Digits with at most one point, which need no rounding and cannot overflow: what most cells of
/// numbers are. False: everything else, for parse_number() to judge.
bool read_plain_number(std::string_view text, int decimals, std::int64_t& out) {
    const char* at = text.data();
    const char* const end = at + text.size();
    const bool negative = *at == '-';
    if (negative) ++at;
    const char* const start = at;
    std::uint64_t digits = 0;
    unsigned digit = 0;
    if (end - at > 18) return false;
    for (; at < end && (digit = static_cast<unsigned char>(*at) - unsigned{'0'}) < 10; ++at)
        digits = digits * 10 + digit;
    if (at == start) return false;
    int scale = decimals;
    if (at < end) {
        if (*at != '.' || ++at == end || end - at > decimals) return false;
        scale -= static_cast<int>(end - at);
        for (; at < end && (digit = static_cast<unsigned char>(*at) - unsigned{'0'}) < 10; ++at)
            digits = digits * 10 + digit;
        if (at < end) return false;
    }
    if ((end - start) + scale > 18) return false;
    static constexpr auto kPowers = [] {
        std::array<std::uint64_t, kMaxDecimals + 1> powers{1};
        for (std::size_t i = 1; i < powers.size(); ++i)
            powers[i] = powers[i - 1] * 10;
        return powers;
    }();
    const auto value = static_cast<std::int64_t>(digits * kPowers[static_cast<std::size_t>(scale)]);
    out = negative ? -value : value;
    return true;
}

std::uint32_t hash_number(std::uint32_t number) {
    return static_cast<std::uint32_t>((number * 0x9e3779b97f4a7c15u) >> 32);
}

} // namespace

// ------------------------------------------------------------------------------ LocalNames

std::uint32_t LocalNames::add(std::string_view text) {
    std::uint32_t number = 0;
    if (!seen_.find(text, number)) {
        number = texts_.add(text);
        if (number == table_numbers_.size()) table_numbers_.push_back(kUnlisted);
        seen_.keep(text, number);
    }
    note(number);
    return number;
}

void LocalNames::merge_into(Dictionary& dictionary) {
    for (std::uint32_t number : listed_)
        table_numbers_[number] = dictionary.add(texts_[number]);
    listed_.clear();
}

void LocalNames::forget() {
    for (std::uint32_t number : listed_)
        table_numbers_[number] = kUnlisted;
    listed_.clear();
}

void LocalNames::change_table() {
    listed_.clear();
    table_numbers_.assign(table_numbers_.size(), kUnlisted);
}

// -------------------------------------------------------------------------------- FirmRows

FirmRows::FirmRows(SchemaPtr schema, Date as_of)
    : schema_(std::move(schema)), as_of_(as_of), values_(schema_->size()) {
    for (std::uint32_t i = 0; i < schema_->size(); ++i) {
        values_[i].kind = (*schema_)[i].kind;
        values_[i].decimals = static_cast<std::uint8_t>((*schema_)[i].decimals);
    }
    for (std::uint32_t field : schema_->derived()) {
        const Derive derive = (*schema_)[field].derive;
        if (derive == Derive::sum || derive == Derive::difference) sums_.push_back(field);
    }
    find_harmless();
}

/// The greatest number with which no sum can overflow, whatever the other numbers up to it are.
void FirmRows::find_harmless() {
    struct Bound { // a field's greatest value is at most per_number * greatest number + fixed
        long double per_number = 1, fixed = 0;
    };
    std::vector<Bound> bounds(schema_->size());
    long double harmless = 9.2e18L;
    for (std::uint32_t index : schema_->derived()) {
        const Field& field = (*schema_)[index];
        if (field.derive == Derive::months_since) bounds[index] = {0, 120'000};
        if (field.derive != Derive::sum && field.derive != Derive::difference) continue;
        Bound& bound = bounds[index] = {0, 0};
        for (std::uint32_t operand : field.operands) {
            const auto scale = static_cast<long double>(
                power_of_ten(field.decimals - (*schema_)[operand].decimals));
            bound.per_number += bounds[operand].per_number * scale;
            bound.fixed += bounds[operand].fixed * scale;
        }
        const long double most =
            (9.2e18L - bound.fixed) / std::max<long double>(bound.per_number, 1);
        harmless = std::max<long double>(std::min(harmless, most), 0);
    }
    for (Values& values : values_)
        if (values.kind == Kind::number) values.harmless = static_cast<std::uint64_t>(harmless);
}

void FirmRows::begin(std::string_view id, std::uint64_t line) {
    id_ = id;
    line_ = line;
    at_ = rows_;
    may_overflow_ = false;
}

/// Gives the current row, and rows around it, the value "unknown".
void FirmRows::prepare(Values& values) {
    values.prepared = std::max({at_ + at_ / 2, at_ + 512, rows_});
    switch (values.kind) {
    case Kind::flag: values.flags.resize(values.prepared, 2); break;
    case Kind::category:
    case Kind::code: values.codes.resize(values.prepared, kUnknownCode); break;
    default: values.numbers.resize(values.prepared, kUnknownNumber);
    }
}

const char* FirmRows::set(std::uint32_t index, std::string_view text) {
    if (text.empty()) return nullptr;
    Values& values = values_[index];
    assert(!(*schema_)[index].derived());
    switch (values.kind) {
    case Kind::number: {
        std::int64_t number = 0;
        if (!read_plain_number(text, values.decimals, number)) return set_value(index, text, false);
        put_number(values, number);
        return nullptr;
    }
    case Kind::flag: {
        const auto flag = static_cast<std::uint8_t>(text[0] - '0');
        if (text.size() > 1 || flag > 1) return set_value(index, text, false);
        if (at_ >= values.prepared) prepare(values);
        values.flags[at_] = flag;
        return nullptr;
    }
    case Kind::date:
    case Kind::category:
    case Kind::code: return set_value(index, text, false);
    case Kind::set:
    case Kind::tags: return set_elements(index, trim(text));
    case Kind::text:
        values.bytes.append(text.data(), text.size());
        put_cell(values, false);
        return nullptr;
    }
    return nullptr;
}

const char* FirmRows::set_json_number(std::uint32_t field, std::string_view text) {
    return values_[field].kind == Kind::number ? set_value(field, text, true) : set(field, text);
}

const char* FirmRows::set_value(std::uint32_t field, std::string_view text, bool exponents) {
    std::int64_t value = kUnknownNumber;
    const char* const reason = read(field, text, value, exponents);
    if (reason == nullptr) put(field, value);
    return reason;
}

void FirmRows::set_unknown(std::uint32_t field) {
    if (values_[field].kind == Kind::set) put_cell(values_[field], true); // others are, unless set
}

const char* FirmRows::read(std::uint32_t index, std::string_view text, std::int64_t& value,
                           bool exponents) {
    const Field& field = (*schema_)[index];
    if (field.kind != Kind::category && field.kind != Kind::code)
        return read_scalar(field, text, value, exponents);
    value = kUnknownNumber;
    if (field.kind == Kind::code) text = trim(text);
    if (text.empty()) return nullptr; // a cell of blanks
    if (field.codes) return read_listed(field, text, value);
    if (const char* reason = check_name(field, text)) return reason;
    value = values_[index].names.add(text);
    return nullptr;
}

void FirmRows::put(std::uint32_t field, std::int64_t value) {
    if (value == kUnknownNumber) return;
    Values& values = values_[field];
    if (values.kind == Kind::number || values.kind == Kind::date) return put_number(values, value);
    if (at_ >= values.prepared) prepare(values);
    if (values.kind == Kind::flag) {
        values.flags[at_] = static_cast<std::uint8_t>(value);
        return;
    }
    const auto code = static_cast<std::uint32_t>(value);
    if (!(*schema_)[field].codes) values.names.note(code);
    values.codes[at_] = code;
}

void FirmRows::put_number(Values& values, std::int64_t number) {
    if (at_ >= values.prepared) prepare(values);
    values.numbers[at_] = number;
    const auto size = static_cast<std::uint64_t>(number < 0 ? -number : number);
    if (size > values.harmless) may_overflow_ = true;
}

std::int64_t* FirmRows::numbers(std::uint32_t field) {
    Values& values = values_[field];
    if (at_ >= values.prepared || rows_ > values.prepared) prepare(values);
    return values.numbers.data();
}

std::uint8_t* FirmRows::flags(std::uint32_t field) {
    Values& values = values_[field];
    if (at_ >= values.prepared || rows_ > values.prepared) prepare(values);
    return values.flags.data();
}

void FirmRows::note_numbers(std::uint32_t field, std::uint32_t first, std::uint32_t count) {
    const Values& values = values_[field];
    if (sums_.empty()) return;
    bool beyond = false;
    for (std::uint32_t row = first; row < first + count; ++row) {
        const std::int64_t number = values.numbers[row];
        const auto bits = static_cast<std::uint64_t>(number);
        const std::uint64_t size = number < 0 ? 0 - bits : bits;
        beyond |= size > values.harmless && number != kUnknownNumber;
    }
    may_overflow_ |= beyond;
}

std::optional<std::uint32_t> FirmRows::find_cell(Values& values, std::string_view text) {
    std::uint32_t number = 0;
    if (values.seen_cells.find(text, number)) return number;
    const auto found = values.cells.find(text);
    if (found) values.seen_cells.keep(text, *found);
    return found;
}

/// Most cells were seen before, so what they came to is kept.
const char* FirmRows::set_elements(std::uint32_t field, std::string_view text) {
    if (text.empty()) return nullptr;
    Values& values = values_[field];
    const bool is_set = values.kind == Kind::set;
    const bool may_keep = text.size() <= kLongestKept;
    if (may_keep) {
        if (const auto found = find_cell(values, text)) {
            const Parsed& parsed = values.parsed[*found];
            for (std::uint32_t i = parsed.first; i < parsed.first + parsed.count; ++i) {
                values.names.note(is_set ? values.cached_elements[i].name
                                         : values.cached_tags[i].name);
                if (parsed.reason != nullptr) continue;
                if (is_set)
                    values.elements.push_back(values.cached_elements[i]);
                else
                    values.tags.push_back(values.cached_tags[i]);
            }
            if (is_set || parsed.reason == nullptr) put_cell(values, parsed.reason != nullptr);
            return parsed.reason;
        }
    }
    begin_items();
    const char* const reason = add_part(field, text);
    if (may_keep && values.cells.size() < kMostKept) {
        values.cells.add(text);
        values.parsed.push_back(
            {static_cast<std::uint32_t>(is_set ? values.cached_elements.size()
                                               : values.cached_tags.size()),
             static_cast<std::uint32_t>(is_set ? row_elements_.size() : row_tags_.size()), reason});
        values.cached_elements.append(row_elements_.data(), row_elements_.size());
        values.cached_tags.append(row_tags_.data(), row_tags_.size());
    }
    end_items(field, reason);
    return reason;
}

/// The place in `items` of the element with this name, or how many items there are.
template <class Item>
std::size_t place_of(std::uint32_t name, const std::vector<Item>& items, HashIndex& places) {
    if (items.size() < kFewElements) {
        std::size_t place = 0;
        while (place < items.size() && items[place].name != name)
            ++place;
        return place;
    }
    if (items.size() == kFewElements && places.size() == 0)
        for (std::uint32_t i = 0; i < kFewElements; ++i)
            places.insert(hash_number(items[i].name), i);
    const auto found = places.find(hash_number(name),
                                   [&](std::uint32_t place) { return items[place].name == name; });
    if (found != HashIndex::kNone) return found;
    places.insert(hash_number(name), static_cast<std::uint32_t>(items.size()));
    return items.size();
}

void FirmRows::begin_items() {
    row_elements_.clear();
    row_tags_.clear();
    if (row_names_.size() > 0) row_names_ = {};
}

/// Into row_elements_ or row_tags_.
const char* FirmRows::add_part(std::uint32_t field, std::string_view text) {
    const Field& of = (*schema_)[field];
    const char* reason = nullptr;
    for_each_part(text, [&](std::string_view part) {
        if (part.empty()) return true;
        reason = of.kind == Kind::set ? add_set_part(field, part) : add_tag_part(field, part);
        return reason == nullptr;
    });
    return reason;
}

const char* FirmRows::add_set_part(std::uint32_t field, std::string_view part) {
    CellElement element;
    if (const char* reason = read_element((*schema_)[field], part, element)) return reason;
    return add_element(field, element.name, element.until);
}

const char* FirmRows::add_tag_part(std::uint32_t field, std::string_view part) {
    CellTag tag;
    if (const char* reason = read_tag(part, tag)) return reason;
    return add_tag(field, tag.name, tag.weight);
}

const char* FirmRows::add_element(std::uint32_t field, std::string_view name, std::int32_t until) {
    const std::uint32_t number = values_[field].names.add(name);
    const std::size_t place = place_of(number, row_elements_, row_names_);
    if (place == row_elements_.size())
        row_elements_.push_back({number, until});
    else
        row_elements_[place].until = std::max(row_elements_[place].until, until);
    return nullptr;
}

const char* FirmRows::add_tag(std::uint32_t field, std::string_view name, std::int64_t weight) {
    if (const char* reason = check_tag({name, weight})) return reason;
    const std::uint32_t number = values_[field].names.add(name);
    if (place_of(number, row_tags_, row_names_) < row_tags_.size()) return kTagTwice;
    row_tags_.push_back({number, static_cast<std::uint32_t>(weight)});
    return nullptr;
}

void FirmRows::end_items(std::uint32_t field, const char* reason) {
    Values& values = values_[field];
    const bool is_set = values.kind == Kind::set;
    if (reason == nullptr) {
        values.elements.append(row_elements_.data(), row_elements_.size());
        values.tags.append(row_tags_.data(), row_tags_.size());
    }
    if (is_set || reason == nullptr) put_cell(values, reason != nullptr);
}

/// The current row has the items that were appended.
void FirmRows::put_cell(Values& values, bool unknown) {
    const std::size_t items = values.kind == Kind::set    ? values.elements.size()
                              : values.kind == Kind::tags ? values.tags.size()
                                                          : values.bytes.size();
    values.rows.push_back(at_);
    values.ends.push_back(static_cast<std::uint32_t>(items));
    if (values.kind == Kind::set) values.unknown.push_back(unknown);
}

/// The current row's number in a field, derived if need be.
std::int64_t FirmRows::number(std::uint32_t index) const {
    const Field& field = (*schema_)[index];
    if (field.derived())
        return derived_value(*schema_, field, as_of_,
                             [&](std::uint32_t operand) { return number(operand); })
            .value;
    const Values& values = values_[index];
    return at_ < values.prepared ? values.numbers[at_] : kUnknownNumber;
}

const std::vector<std::uint32_t>& FirmRows::overflows() {
    overflows_.clear();
    if (!may_overflow_) return overflows_;
    for (std::uint32_t field : sums_)
        if (derived_value(*schema_, (*schema_)[field], as_of_, [&](std::uint32_t operand) {
                return number(operand);
            }).overflows)
            overflows_.push_back(field);
    return overflows_;
}

void FirmRows::end() {
    ids_.append(id_);
    lines_.push_back(line_);
    ++rows_;
}

void FirmRows::abandon() {
    for (Values& values : values_) {
        if (rows_ < values.prepared) {
            if (values.flags.size() > rows_) values.flags[rows_] = 2;
            if (values.codes.size() > rows_) values.codes[rows_] = kUnknownCode;
            if (values.numbers.size() > rows_) values.numbers[rows_] = kUnknownNumber;
        }
        if (values.rows.empty() || values.rows.back() != rows_) continue;
        values.rows.resize(values.rows.size() - 1);
        values.ends.resize(values.rows.size());
        const std::size_t items = values.ends.empty() ? 0 : values.ends.back();
        if (values.kind == Kind::set) {
            values.unknown.resize(values.rows.size());
            values.elements.resize(items);
        } else if (values.kind == Kind::tags) {
            values.tags.resize(items);
        } else {
            values.bytes.resize(items);
        }
    }
}

void FirmRows::clear() {
    rows_ = 0;
    ids_.clear();
    lines_.resize(0);
    for (Values& values : values_) {
        values.prepared = 0;
        values.numbers.clear();
        values.codes.clear();
        values.flags.clear();
        values.rows.clear();
        values.ends.clear();
        values.unknown.clear();
        values.elements.clear();
        values.tags.clear();
        values.bytes.clear();
        values.names.forget();
    }
}

void FirmRows::change_table() {
    clear();
    for (Values& values : values_)
        values.names.change_table();
}

} // namespace qice
