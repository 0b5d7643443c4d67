#include "model/cell.hpp"

namespace qice {
namespace {

const char* read_flag(std::string_view text, std::int64_t& value) {
    value = -1;
    if (text == "1" || text == "是") value = 1;
    if (text == "0" || text == "否") value = 0;
    if (value < 0 && (text.size() == 4 || text.size() == 5)) {
        std::string lower(text);
        for (char& c : lower)
            c = static_cast<char>(c | 0x20);
        value = lower == "true" ? 1 : lower == "false" ? 0 : -1;
    }
    return value < 0 ? "is not a flag; flags are true/false, 1/0 or 是/否" : nullptr;
}

template <class Values, class Value> bool is_one_of(const Values& values, const Value& value) {
    return values.empty() || std::find(values.begin(), values.end(), value) != values.end();
}

} // namespace

const char* read_scalar(const Field& field, std::string_view text, std::int64_t& value,
                        bool exponents) {
    value = kUnknownNumber;
    text = trim(text);
    if (text.empty() && !exponents) return nullptr;
    switch (field.kind) {
    case Kind::number: {
        const NumberError error = parse_number(text, field.unit, field.decimals, value, exponents);
        return error == NumberError::none ? nullptr : describe(error);
    }
    case Kind::date: {
        const auto date = Date::parse(text);
        if (!date) return "is not a date; dates are written 2026-11-23";
        value = date->days;
        return nullptr;
    }
    default: return read_flag(text, value);
    }
}

const char* read_listed(const Field& field, std::string_view text, std::int64_t& value) {
    const auto found = field.codes->find(text);
    if (!found) return "is on no list of the field's codes";
    if (!is_one_of(field.levels, (*field.codes)[*found].level))
        return "is a code of another level than the field asks for";
    value = *found;
    return nullptr;
}

const char* check_name(const Field& field, std::string_view text) {
    return is_one_of(field.values, text) ? nullptr : "is not one of the field's values";
}

const char* read_element(const Field& field, std::string_view part, CellElement& element) {
    const std::size_t at = field.expires ? part.rfind('@') : std::string_view::npos;
    element = {part, kForever};
    if (at == std::string_view::npos) return nullptr;
    const auto date = Date::parse(trim(part.substr(at + 1)));
    element.name = trim(part.substr(0, at));
    if (!date || element.name.empty()) return "has an element whose last valid day is not a date";
    element.until = date->days;
    return nullptr;
}

const char* read_tag(std::string_view part, CellTag& tag) {
    tag = {part, 1000};
    if (const std::size_t at = part.rfind(':'); at != std::string_view::npos) {
        const std::string_view number = trim(part.substr(at + 1));
        if (!is_plain_number(number) ||
            parse_number(number, {}, 3, tag.weight) != NumberError::none)
            tag.weight = -1;
        tag.name = trim(part.substr(0, at));
    }
    return check_tag(tag);
}

const char* check_tag(const CellTag& tag) {
    if (tag.weight < 0 || tag.weight > 1000)
        return "has a tag whose weight is not a number from 0 to 1 with at most 3 decimals";
    return tag.name.empty() ? "has a tag without a name" : nullptr;
}

} // namespace qice
