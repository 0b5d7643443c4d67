#include "qice/live/one_firm.hpp"

#include "io/firm_jsonl.hpp"
#include "qice/base/text.hpp"

#include <algorithm>

namespace qice {

OneFirm::OneFirm(SchemaPtr schema) : schema_(std::move(schema)), record_(schema_) {}

void OneFirm::clear() {
    record_.clear();
    id_.clear();
    texts_.clear();
    bad_values_.clear();
}

Status OneFirm::assign_json(std::string_view json, const ReadOptions& options) {
    clear();
    const JsonSource source{"firm", json};
    QICE_ASSIGN_OR_RETURN(const Json firm, parse_json(source));
    if (!firm.is(Json::Kind::object))
        return invalid_input("a firm is a JSON object", source.place(firm.offset));
    const std::string_view id = id_of(firm, *schema_);
    FirmCollector rows(schema_, options);
    FirmReading reading(schema_, options);
    StringSet ignored;
    // A table has no row without an id; one that is asked about may have none.
    const JsonFirm named{firm, id.empty() ? "-" : id};
    QICE_RETURN_IF_ERROR(take_json_firm(rows, *schema_, options, source, named, ignored));
    reading.take(rows);
    FirmsRead read = std::move(reading).finish(1);
    if (read.firms.size() == 0) { // strict
        const Quarantined& bad = read.quarantine.at(0);
        return invalid_input(bad.field + ": " + in_quotes(bad.value) + " " + bad.reason, {"firm"});
    }
    const FirmView row = read.firms[0];
    record_.assign(row);
    id_ = id;
    for (std::uint32_t field = 0; field < schema_->size(); ++field)
        if ((*schema_)[field].kind == Kind::text && row.known(field))
            texts_.emplace_back(field, read.firms.column(field).texts[0]);
    bad_values_ = std::move(read.quarantine);
    return {};
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

/// What most cells are; false: everything else, for the reader of files to judge.
bool OneFirm::set_plain(std::uint32_t field, std::string_view text) {
    const Field& of = (*schema_)[field];
    std::int64_t number = 0;
    switch (of.kind) {
    case Kind::number:
        if (parse_number(text, of.unit, of.decimals, number) != NumberError::none) return false;
        record_.set_number(field, number);
        return true;
    case Kind::date:
        if (const auto day = Date::parse(trim(text))) {
            record_.set_date(field, *day);
            return true;
        }
        return false;
    case Kind::flag:
        if (text != "0" && text != "1") return false;
        record_.set_flag(field, text == "1");
        return true;
    case Kind::code: return record_.set_text(field, trim(text));
    case Kind::category: return record_.set_text(field, text);
    case Kind::text: set_text(field, text); return true;
    default: return false;
    }
}

const char* OneFirm::set_cell(std::uint32_t field, std::string_view text) {
    if (set_plain(field, text)) return nullptr;
    set_unknown(field);
    FirmTableBuilder rows(schema_, Date{});
    rows.begin("-", 1);
    const char* const reason = rows.set(field, text);
    rows.end();
    const FirmTable table = std::move(rows).finish();
    const FirmView row = table[0];
    switch ((*schema_)[field].kind) {
    case Kind::flag:
        if (const auto value = row.scalar(field)) record_.set_flag(field, *value == 1);
        break;
    case Kind::set: {
        const auto elements = row.elements(field);
        record_.set_elements_known(field, elements.has_value());
        if (!elements) break;
        for (const SetElement& element : *elements)
            record_.add_element(field, table.column(field).dictionary[element.name], element.until);
        break;
    }
    case Kind::tags:
        for (const Tag& tag : row.tags())
            record_.add_tag(table.column(field).dictionary[tag.name], tag.weight);
        break;
    default: break;
    }
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
