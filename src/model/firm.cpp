#include "qice/model/firm.hpp"

#include "base/string_map.hpp"
#include "qice/base/text.hpp"

#include <absl/container/node_hash_map.h>

#include <algorithm>
#include <cassert>

namespace qice {

// ------------------------------------------------------------------------------ Dictionary

struct Dictionary::Index {
    absl::node_hash_map<std::string, std::uint32_t, StringHash, StringEq> numbers;
};

Dictionary::Dictionary() : index_(std::make_unique<Index>()) {}
Dictionary::Dictionary(Dictionary&&) noexcept = default;
Dictionary& Dictionary::operator=(Dictionary&&) noexcept = default;
Dictionary::~Dictionary() = default;

std::uint32_t Dictionary::add(std::string_view text) {
    if (const auto found = index_->numbers.find(text); found != index_->numbers.end())
        return found->second;
    const auto added = index_->numbers.emplace(std::string(text), size()).first;
    texts_.push_back(&added->first);
    return added->second;
}

// -------------------------------------------------------------------------------- FirmView

std::string_view FirmView::id() const { return table_->id(row_); }
Date FirmView::as_of() const { return table_->as_of(); }

std::optional<std::int64_t> FirmView::scalar(std::uint32_t field) const {
    const Column& column = table_->column(field);
    if (!column.numbers.empty()) {
        const std::int64_t value = column.numbers[row_];
        return value == kUnknownNumber ? std::nullopt : std::optional(value);
    }
    if (!column.flags.empty()) {
        const std::uint8_t value = column.flags[row_];
        return value > 1 ? std::nullopt : std::optional<std::int64_t>(value);
    }
    if (!column.codes.empty()) {
        const std::uint32_t value = column.codes[row_];
        return value == kUnknownCode ? std::nullopt : std::optional<std::int64_t>(value);
    }
    return {};
}

std::optional<Ratio> FirmView::ratio(std::uint32_t field) const {
    const Schema& schema = table_->schema();
    const std::uint32_t top = schema[field].operands[0], bottom = schema[field].operands[1];
    const auto numerator = scalar(top), denominator = scalar(bottom);
    if (!numerator || !denominator || *denominator == 0) return {};
    return Ratio{*numerator, *denominator, schema[bottom].decimals - schema[top].decimals};
}

std::optional<std::string_view> FirmView::string(std::uint32_t field) const {
    const auto number = scalar(field);
    if (!number) return {};
    return table_->column(field).dictionary[static_cast<std::uint32_t>(*number)];
}

std::optional<std::span<const SetElement>> FirmView::elements(std::uint32_t field) const {
    const Column& column = table_->column(field);
    if (column.offsets.empty()) {
        if (table_->schema()[field].missing_is_unknown) return {};
        return std::span<const SetElement>{};
    }
    if (column.unknown[row_]) return {};
    return std::span(column.elements)
        .subspan(column.offsets[row_], column.offsets[row_ + 1] - column.offsets[row_]);
}

std::span<const Tag> FirmView::tags() const {
    const auto field = table_->schema().tags();
    if (!field) return {};
    const Column& column = table_->column(*field);
    if (column.offsets.empty()) return {};
    return std::span(column.tags)
        .subspan(column.offsets[row_], column.offsets[row_ + 1] - column.offsets[row_]);
}

bool FirmView::known(std::uint32_t field) const {
    const Field& of = table_->schema()[field];
    switch (of.kind) {
    case Kind::set: return elements(field).has_value();
    case Kind::tags: return true;
    case Kind::text: {
        const Column& column = table_->column(field);
        return column.texts.size() > 0 && !column.texts[row_].empty();
    }
    default: return of.is_ratio() ? ratio(field).has_value() : scalar(field).has_value();
    }
}

// ------------------------------------------------------------------------------- FirmTable

FirmTable::FirmTable(SchemaPtr schema) : schema_(std::move(schema)), columns_(schema_->size()) {}

std::optional<std::size_t> FirmTable::find(std::string_view id) const {
    for (std::size_t row = 0; row < size(); ++row)
        if (ids_[row] == id) return row;
    return {};
}

void FirmTable::derive(Date as_of) {
    as_of_ = as_of;
    for (std::uint32_t field : schema_->derived()) {
        const Derive derive = (*schema_)[field].derive;
        if (derive == Derive::ratio) continue;
        if (derive == Derive::sme_size) {
            derive_size(field);
            continue;
        }
        std::vector<std::int64_t>& numbers = columns_[field].numbers;
        numbers.assign(size(), kUnknownNumber);
        for (std::size_t row = 0; row < size(); ++row)
            numbers[row] = derived_number(field, row).value;
    }
}

FirmTable::DerivedNumber FirmTable::derived_number(std::uint32_t index, std::size_t row) const {
    const Field& field = (*schema_)[index];
    const FirmView firm = (*this)[row];
    if (field.derive == Derive::months_since) {
        const auto day = firm.scalar(field.operands[0]);
        if (!day) return {};
        return {completed_months(Date{static_cast<std::int32_t>(*day)}, as_of_), false};
    }
    __int128 total = 0;
    for (std::size_t i = 0; i < field.operands.size(); ++i) {
        const auto value = firm.scalar(field.operands[i]);
        if (!value) return {};
        const int shift = field.decimals - (*schema_)[field.operands[i]].decimals;
        const __int128 scaled = static_cast<__int128>(*value) * power_of_ten(shift);
        total += field.derive == Derive::difference && i == 1 ? -scaled : scaled;
    }
    if (total > std::numeric_limits<std::int64_t>::max() || total <= kUnknownNumber)
        return {kUnknownNumber, true};
    return {static_cast<std::int64_t>(total), false};
}

void FirmTable::derive_size(std::uint32_t index) {
    const Field& field = (*schema_)[index];
    const SizeClasses& classes = *schema_->size_classes();
    const std::uint32_t industry = field.operands[0];
    Column& out = columns_[index];
    out.dictionary = Dictionary();
    for (std::string_view name : kSizeClassNames)
        out.dictionary.add(name);
    out.codes.assign(size(), kUnknownCode);

    const Field& industry_field = (*schema_)[industry];
    std::vector<std::optional<std::uint32_t>> categories;
    if (industry_field.codes) {
        categories = classes.categories_of(*industry_field.codes);
    } else {
        const Dictionary& seen = columns_[industry].dictionary;
        for (std::uint32_t i = 0; i < seen.size(); ++i)
            categories.push_back(classes.category_of(seen[i]));
    }
    const auto indicator = [&](const FirmView& firm, std::size_t operand,
                               bool money) -> SizeClasses::Indicator {
        const Field& of = (*schema_)[field.operands[operand]];
        // Money bounds are in 万元: a value in the field's unit x 10^(exponent - 4).
        const int exponent = of.unit.exponent - of.decimals - (money ? 4 : 0);
        return {firm.scalar(field.operands[operand]), exponent};
    };
    for (std::size_t row = 0; row < size(); ++row) {
        const FirmView firm = (*this)[row];
        const auto code = firm.scalar(industry);
        if (!code || !categories[static_cast<std::size_t>(*code)]) continue;
        const auto size_class = classes.classify(
            *categories[static_cast<std::size_t>(*code)], indicator(firm, 1, false),
            indicator(firm, 2, true), indicator(firm, 3, true));
        if (size_class) out.codes[row] = static_cast<std::uint32_t>(*size_class);
    }
}

// ------------------------------------------------------------------------ FirmTableBuilder

void FirmTableBuilder::fill(const Field& field, Column& column, std::size_t rows) {
    switch (field.kind) {
    case Kind::number:
    case Kind::date: column.numbers.resize(rows, kUnknownNumber); break;
    case Kind::flag: column.flags.resize(rows, 2); break;
    case Kind::category:
    case Kind::code: column.codes.resize(rows, kUnknownCode); break;
    case Kind::set:
        if (column.offsets.empty()) column.offsets.push_back(0);
        column.offsets.resize(rows + 1, column.offsets.back());
        column.elements.resize(column.offsets.back());
        column.unknown.resize(rows, field.missing_is_unknown);
        break;
    case Kind::tags:
        if (column.offsets.empty()) column.offsets.push_back(0);
        column.offsets.resize(rows + 1, column.offsets.back());
        column.tags.resize(column.offsets.back());
        break;
    case Kind::text:
        while (column.texts.size() < rows)
            column.texts.append({});
        break;
    }
}

void FirmTableBuilder::begin(std::string_view id, std::uint64_t line) {
    id_ = id;
    line_ = line;
}

const char* FirmTableBuilder::set(std::uint32_t index, std::string_view text) {
    const Field& field = table_.schema()[index];
    assert(!field.derived());
    Column& column = table_.columns_[index];
    const std::size_t rows = size();
    if (field.kind == Kind::category || field.kind == Kind::text) {
        if (text.empty()) return nullptr;
    } else {
        text = trim(text);
        if (text.empty()) return nullptr;
    }
    switch (field.kind) {
    case Kind::number: return set_number(index, text, false);
    case Kind::date: {
        const auto date = Date::parse(text);
        if (!date) return "is not a date; dates are written 2026-11-23";
        fill(field, column, rows);
        column.numbers.push_back(date->days);
        return nullptr;
    }
    case Kind::flag: {
        int value = -1;
        if (text == "1" || text == "是") value = 1;
        if (text == "0" || text == "否") value = 0;
        if (value < 0 && (text.size() == 4 || text.size() == 5)) {
            std::string lower(text);
            for (char& c : lower)
                c = static_cast<char>(c | 0x20);
            value = lower == "true" ? 1 : lower == "false" ? 0 : -1;
        }
        if (value < 0) return "is not a flag; flags are true/false, 1/0 or 是/否";
        fill(field, column, rows);
        column.flags.push_back(static_cast<std::uint8_t>(value));
        return nullptr;
    }
    case Kind::category:
    case Kind::code: return set_code(field, column, text);
    case Kind::set: return set_set(field, column, text);
    case Kind::tags: return set_tags(column, text);
    case Kind::text:
        fill(field, column, rows);
        column.texts.append(text);
        return nullptr;
    }
    return nullptr;
}

const char* FirmTableBuilder::set_json_number(std::uint32_t field, std::string_view text) {
    return table_.schema()[field].kind == Kind::number ? set_number(field, text, true)
                                                       : set(field, text);
}

void FirmTableBuilder::set_unknown(std::uint32_t index) {
    if (table_.schema()[index].kind != Kind::set) return; // what is not set is unknown
    Column& column = table_.columns_[index];
    fill(table_.schema()[index], column, size());
    column.offsets.push_back(column.offsets.back());
    column.unknown.push_back(1);
}

const char* FirmTableBuilder::set_number(std::uint32_t index, std::string_view text,
                                         bool exponents) {
    const Field& field = table_.schema()[index];
    std::int64_t value = 0;
    const NumberError error = parse_number(text, field.unit, field.decimals, value, exponents);
    if (error != NumberError::none) return describe(error);
    Column& column = table_.columns_[index];
    fill(field, column, size());
    column.numbers.push_back(value);
    return nullptr;
}

const char* FirmTableBuilder::set_code(const Field& field, Column& column, std::string_view text) {
    std::uint32_t code = kUnknownCode;
    if (field.codes) {
        const auto found = field.codes->find(text);
        if (!found) return "is on no list of the field's codes";
        const auto& level = (*field.codes)[*found].level;
        if (!field.levels.empty() &&
            std::find(field.levels.begin(), field.levels.end(), level) == field.levels.end())
            return "is a code of another level than the field asks for";
        code = *found;
    } else {
        if (!field.values.empty() &&
            std::find(field.values.begin(), field.values.end(), text) == field.values.end())
            return "is not one of the field's values";
        code = column.dictionary.add(text);
    }
    fill(field, column, size());
    column.codes.push_back(code);
    return nullptr;
}

const char* FirmTableBuilder::set_set(const Field& field, Column& column, std::string_view text) {
    row_elements_.clear();
    const char* reason = nullptr;
    for (std::string_view part : split(text, '|')) {
        std::string_view name = trim(part);
        if (name.empty()) continue;
        std::int32_t until = kForever;
        const std::size_t at = field.expires ? name.rfind('@') : std::string_view::npos;
        if (at != std::string_view::npos) {
            const auto date = Date::parse(trim(name.substr(at + 1)));
            name = trim(name.substr(0, at));
            if (!date || name.empty()) {
                reason = "has an element whose last valid day is not a date";
                break;
            }
            until = date->days;
        }
        const std::uint32_t number = column.dictionary.add(name);
        const auto same =
            std::find_if(row_elements_.begin(), row_elements_.end(),
                         [&](const SetElement& element) { return element.name == number; });
        if (same == row_elements_.end())
            row_elements_.push_back({number, until});
        else
            same->until = std::max(same->until, until);
    }
    fill(field, column, size());
    if (reason == nullptr)
        column.elements.insert(column.elements.end(), row_elements_.begin(), row_elements_.end());
    column.offsets.push_back(static_cast<std::uint32_t>(column.elements.size()));
    column.unknown.push_back(reason != nullptr);
    return reason;
}

const char* FirmTableBuilder::set_tags(Column& column, std::string_view text) {
    row_tags_.clear();
    for (std::string_view part : split(text, '|')) {
        std::string_view name = trim(part);
        if (name.empty()) continue;
        std::int64_t weight = 1000;
        if (const std::size_t at = name.rfind(':'); at != std::string_view::npos) {
            const std::string_view number = trim(name.substr(at + 1));
            if (!is_plain_number(number) ||
                parse_number(number, {}, 3, weight) != NumberError::none || weight < 0 ||
                weight > 1000)
                return "has a tag whose weight is not a number from 0 to 1 with at most 3 decimals";
            name = trim(name.substr(0, at));
        }
        if (name.empty()) return "has a tag without a name";
        const std::uint32_t number = column.dictionary.add(name);
        for (const Tag& tag : row_tags_)
            if (tag.name == number) return "names a tag twice";
        row_tags_.push_back({number, static_cast<std::uint32_t>(weight)});
    }
    fill(table_.schema()[*table_.schema().tags()], column, size());
    column.tags.insert(column.tags.end(), row_tags_.begin(), row_tags_.end());
    column.offsets.push_back(static_cast<std::uint32_t>(column.tags.size()));
    return nullptr;
}

FirmTableBuilder::FirmTableBuilder(SchemaPtr schema, Date as_of) : table_(std::move(schema)) {
    table_.as_of_ = as_of;
    for (std::uint32_t field : table_.schema().derived()) {
        const Field& derived = table_.schema()[field];
        if (derived.derive != Derive::sum && derived.derive != Derive::difference) continue;
        // Everything such a field stands on is brought up to date before it is computed.
        for (std::uint32_t operand : derived.operands) {
            const Field& of = table_.schema()[operand];
            if (of.derive == Derive::months_since) operands_of_sums_.push_back(of.operands[0]);
            operands_of_sums_.push_back(operand);
        }
        sums_.push_back(field);
    }
}

const std::vector<std::uint32_t>& FirmTableBuilder::overflows() {
    overflows_.clear();
    const std::size_t row = size();
    for (std::uint32_t operand : operands_of_sums_) {
        const Field& field = table_.schema()[operand];
        Column& column = table_.columns_[operand];
        fill(field, column, row + 1);
        if (field.derived() && column.numbers[row] == kUnknownNumber)
            column.numbers[row] = table_.derived_number(operand, row).value;
    }
    for (std::uint32_t field : sums_)
        if (table_.derived_number(field, row).overflows) overflows_.push_back(field);
    return overflows_;
}

void FirmTableBuilder::end() {
    table_.ids_.append(id_);
    table_.lines_.push_back(line_);
}

void FirmTableBuilder::abandon() {
    for (std::uint32_t i = 0; i < table_.schema().size(); ++i) {
        Column& column = table_.columns_[i];
        const std::size_t rows = size();
        if (column.numbers.size() > rows) column.numbers.resize(rows);
        if (column.flags.size() > rows) column.flags.resize(rows);
        if (column.codes.size() > rows) column.codes.resize(rows);
        if (column.unknown.size() > rows) column.unknown.resize(rows);
        if (column.offsets.size() > rows + 1) {
            column.offsets.resize(rows + 1);
            if (table_.schema()[i].kind == Kind::set)
                column.elements.resize(column.offsets.back());
            else
                column.tags.resize(column.offsets.back());
        }
        if (column.texts.size() > rows) column.texts.truncate(rows);
    }
}

FirmTable FirmTableBuilder::finish() && {
    for (std::uint32_t i = 0; i < table_.schema().size(); ++i) {
        Column& column = table_.columns_[i];
        const bool used = !column.numbers.empty() || !column.flags.empty() ||
                          !column.codes.empty() || !column.offsets.empty() ||
                          column.texts.size() > 0;
        if (used) fill(table_.schema()[i], column, size());
    }
    table_.derive(table_.as_of_);
    return std::move(table_);
}

} // namespace qice
