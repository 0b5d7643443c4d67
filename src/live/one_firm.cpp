#include "qice/live/one_firm.hpp"

#include "io/firm_jsonl.hpp"
#include "model/cell.hpp"
#include "model/derive.hpp"
#include "qice/base/text.hpp"

#include <algorithm>
#include <array>
#include <unordered_set>

namespace qice {
namespace {

/// Names that were seen. A few are compared one by one.
class Names {
  public:
    /// False if the name was there.
    bool add(std::string_view name) {
        if (count_ < few_.size()) {
            const auto end = few_.begin() + static_cast<std::ptrdiff_t>(count_);
            if (std::find(few_.begin(), end, name) != end) return false;
            few_[count_++] = name;
            return true;
        }
        if (many_.empty()) many_.insert(few_.begin(), few_.end());
        return many_.insert(name).second;
    }

  private:
    std::array<std::string_view, 16> few_;
    std::size_t count_ = 0;
    std::unordered_set<std::string_view> many_;
};

} // namespace

OneFirm::OneFirm(SchemaPtr schema) : schema_(std::move(schema)), record_(schema_) {}

void OneFirm::clear() {
    record_.clear();
    id_.clear();
    texts_.clear();
    bad_values_.clear();
}

Status OneFirm::assign_json(std::string_view json, const ReadOptions& options) {
    clear();
    const Status status = take_json(json, options);
    if (!status.ok()) clear();
    return status;
}

Status OneFirm::take_json(std::string_view json, const ReadOptions& options) {
    const JsonSource source{"firm", json};
    QICE_ASSIGN_OR_RETURN(const Json firm, parse_json(source));
    if (!firm.is(Json::Kind::object))
        return invalid_input("a firm is a JSON object", source.place(firm.offset));
    id_ = id_of(firm, *schema_);
    JsonCell cell;
    for (const auto& [key, value] : firm.members) {
        if (key == schema_->id_column()) continue;
        const auto field = schema_->find(key);
        if (field && (*schema_)[*field].derived())
            return derived_field((*schema_)[*field], source.place(value.offset));
        if (!field && !options.ignore_unknown_columns)
            return unknown_field(*schema_, "key", key, source.place(value.offset));
        if (!field) continue;
        read_json_cell((*schema_)[*field], value, cell);
        take_json_cell(*field, value, cell, options.unknown_cell);
    }
    note_overflows(options.as_of);
    if (!options.strict || bad_values_.empty()) return {};
    const Quarantined& bad = bad_values_[0];
    return invalid_input(bad.field + ": " + in_quotes(bad.value) + " " + bad.reason, {"firm"});
}

void OneFirm::take_json_cell(std::uint32_t field, const Json& value, const JsonCell& cell,
                             std::string_view unknown_cell) {
    switch (cell.is) {
    case JsonCell::Is::empty: return;
    case JsonCell::Is::cell:
        if (cell.text == unknown_cell && !cell.text.empty()) return make_unknown(field);
        if (const char* reason = set_cell(field, cell.text)) note(field, cell.text, reason);
        return;
    case JsonCell::Is::number:
        if (const char* reason = set_scalar(field, cell.text, true)) note(field, cell.text, reason);
        return;
    case JsonCell::Is::unreadable:
        make_unknown(field);
        note(field, value.dump(), no_json_value_of((*schema_)[field]));
    }
}

void OneFirm::note(std::uint32_t field, std::string_view value, std::string reason) {
    bad_values_.push_back({1, id_.empty() ? "-" : id_, (*schema_)[field].name, excerpt(value, 200),
                           std::move(reason)});
}

/// A field's number, derived if need be.
std::int64_t OneFirm::number(std::uint32_t field, Date as_of) const {
    const Field& of = (*schema_)[field];
    if (!of.derived()) return record_.scalars()[field];
    return derived_value(*schema_, of, as_of,
                         [&](std::uint32_t operand) { return number(operand, as_of); })
        .value;
}

void OneFirm::note_overflows(Date as_of) {
    for (const std::uint32_t field : schema_->derived()) {
        const Field& of = (*schema_)[field];
        if (of.derive != Derive::sum && of.derive != Derive::difference) continue;
        const auto operand = [&](std::uint32_t operand) { return number(operand, as_of); };
        if (derived_value(*schema_, of, as_of, operand).overflows)
            note(field, {}, kTooLargeDerived);
    }
}

void OneFirm::set_text(std::uint32_t field, std::string_view text) {
    record_.set_text(field, text);
    for (auto& [of, value] : texts_) {
        if (of != field) continue;
        value = text;
        return;
    }
    texts_.emplace_back(field, text);
}

const char* OneFirm::set_cell(std::uint32_t field, std::string_view text) {
    const Field& of = (*schema_)[field];
    switch (of.kind) {
    case Kind::number:
    case Kind::date:
    case Kind::flag: return set_scalar(field, text, false);
    case Kind::code: text = trim(text); [[fallthrough]];
    case Kind::category: {
        std::int64_t place = 0;
        const bool fits = record_.set_text(field, text);
        if (fits) return nullptr;
        return of.codes ? read_listed(of, text, place) : check_name(of, text);
    }
    case Kind::text: set_text(field, text); return nullptr;
    case Kind::set: return set_elements(field, trim(text));
    case Kind::tags: return set_tags(trim(text));
    }
    return nullptr;
}

const char* OneFirm::set_scalar(std::uint32_t field, std::string_view text, bool exponents) {
    std::int64_t value = kUnknownNumber;
    const char* const reason = read_scalar((*schema_)[field], text, value, exponents);
    if (reason != nullptr || value == kUnknownNumber) {
        set_unknown(field);
        return reason;
    }
    switch ((*schema_)[field].kind) {
    case Kind::number: record_.set_number(field, value); break;
    case Kind::date: record_.set_date(field, Date{static_cast<std::int32_t>(value)}); break;
    default: record_.set_flag(field, value == 1);
    }
    return nullptr;
}

const char* OneFirm::set_elements(std::uint32_t field, std::string_view text) {
    set_unknown(field);
    if (text.empty()) return nullptr;
    record_.set_elements_known(field, true);
    const char* reason = nullptr;
    for_each_part(text, [&](std::string_view part) {
        CellElement element;
        if (part.empty()) return true;
        reason = read_element((*schema_)[field], part, element);
        if (reason == nullptr) record_.add_element(field, element.name, element.until);
        return reason == nullptr;
    });
    if (reason != nullptr) make_unknown(field);
    return reason;
}

const char* OneFirm::set_tags(std::string_view text) {
    record_.clear_tags();
    if (text.empty()) return nullptr;
    const char* reason = nullptr;
    Names names;
    for_each_part(text, [&](std::string_view part) {
        CellTag tag;
        if (part.empty()) return true;
        reason = read_tag(part, tag);
        if (reason == nullptr && !names.add(tag.name)) reason = kTagTwice;
        if (reason == nullptr) record_.add_tag(tag.name, static_cast<std::uint32_t>(tag.weight));
        return reason == nullptr;
    });
    if (reason != nullptr) record_.clear_tags();
    return reason;
}

const char* OneFirm::set_number(std::uint32_t field, std::int64_t value, int decimals) {
    set_unknown(field);
    const int missing = (*schema_)[field].decimals - decimals;
    if (decimals < 0 || decimals > kMaxDecimals) return describe(NumberError::too_many_decimals);
    const std::int64_t power = power_of_ten(missing < 0 ? -missing : missing);
    if (missing < 0 && value % power != 0) return describe(NumberError::too_many_decimals);
    std::int64_t scaled = missing < 0 ? value / power : 0;
    if (missing >= 0 && __builtin_mul_overflow(value, power, &scaled))
        return describe(NumberError::overflow);
    if (scaled == kUnknownNumber) return describe(NumberError::overflow);
    record_.set_number(field, scaled);
    return nullptr;
}

const char* OneFirm::set_date(std::uint32_t field, Date day) {
    set_unknown(field);
    if (day < *Date::from_civil(1, 1, 1) || *Date::from_civil(9999, 12, 31) < day)
        return "is not a date; days lie in the years 1 to 9999";
    record_.set_date(field, day);
    return nullptr;
}

const char* OneFirm::set_flag(std::uint32_t field, bool value) {
    record_.set_flag(field, value);
    return nullptr;
}

const char* OneFirm::add_element(std::uint32_t field, std::string_view name, std::int32_t until) {
    name = trim(name);
    if (name.empty() || name.find('|') != name.npos) return "is no name of an element";
    if (!(*schema_)[field].expires && until != kForever)
        return "has a last valid day, which this field's elements do not have";
    if ((*schema_)[field].expires && name.find('@') != name.npos)
        return "is no name of an element; the last valid day goes apart";
    record_.add_element(field, name, until);
    return nullptr;
}

const char* OneFirm::add_tag(std::string_view name, std::uint32_t weight) {
    name = trim(name);
    if (name.empty() || name.find('|') != name.npos) return "is no name of a tag";
    if (weight > 1000) return "has a weight that is not from 0 to 1";
    record_.add_tag(name, weight);
    return nullptr;
}

void OneFirm::set_unknown(std::uint32_t field) {
    switch ((*schema_)[field].kind) {
    case Kind::number: record_.set_number(field, kUnknownNumber); break;
    case Kind::date:
    case Kind::flag:
    case Kind::category:
    case Kind::code: record_.set_text(field, {}); break;
    case Kind::text:
        record_.set_text(field, {});
        std::erase_if(texts_, [&](const auto& text) { return text.first == field; });
        break;
    case Kind::set: record_.set_elements_known(field, !(*schema_)[field].missing_is_unknown); break;
    case Kind::tags: record_.clear_tags(); break;
    }
}

void OneFirm::make_unknown(std::uint32_t field) {
    if ((*schema_)[field].kind == Kind::set) return record_.set_elements_known(field, false);
    set_unknown(field);
}

/// The text of a CSV cell with the field's value.
std::string OneFirm::cell_of(std::uint32_t field) const {
    const Field& of = (*schema_)[field];
    const std::int64_t scalar = record_.scalars()[field];
    std::string text;
    if (of.kind == Kind::set) {
        for (const FirmRecord::Element& element : record_.elements()) {
            if (element.field != field) continue;
            text += text.empty() ? "" : "|";
            text += record_.name(element);
            if (element.until != kForever) text += '@' + Date{element.until}.to_string();
        }
        return text.empty() ? "|" : text; // known to be empty
    }
    if (of.kind == Kind::tags) {
        const auto& tags = record_.tags();
        for (auto tag = tags.begin(); tag != tags.end(); ++tag) {
            const bool again = std::any_of(tag + 1, tags.end(), [&](const auto& later) {
                return record_.name(later) == record_.name(*tag);
            });
            if (again) continue; // the later weight holds
            text += text.empty() ? "" : "|";
            text += record_.name(*tag);
            text += ':' + format_decimal(tag->weight, 3);
        }
        return text;
    }
    if (scalar == kUnknownNumber) return {};
    switch (of.kind) {
    case Kind::number: return format_decimal(scalar, of.decimals);
    case Kind::date: return Date{static_cast<std::int32_t>(scalar)}.to_string();
    case Kind::flag: return scalar == 1 ? "1" : "0";
    case Kind::code:
    case Kind::category:
        return of.is_string() ? record_.text(field)
                              : (*of.codes)[static_cast<std::uint32_t>(scalar)].code;
    default: return {};
    }
}

FirmTable OneFirm::table(Date as_of) const {
    struct Cells {
        FirmTableBuilder& rows;
        void cell(std::uint32_t field, std::string_view text) { rows.set(field, text); }
        void set_unknown(std::uint32_t field) { rows.set_unknown(field); }
    };
    FirmTableBuilder rows(schema_, as_of);
    Cells cells{rows};
    rows.begin(id_, 1);
    write_to(cells);
    rows.end();
    return std::move(rows).finish();
}

} // namespace qice
