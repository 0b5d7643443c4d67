#include "io/firm_jsonl.hpp"

#include "qice/base/text.hpp"

#include <algorithm>

namespace qice {
namespace {

/// The elements of a set, or tags and their weights, between bars; false for what is none.
bool join_elements(const Json& value, bool dated, std::string& text) {
    text.clear();
    bool fits = true;
    const auto add = [&](std::string_view name, char sign, std::string_view more) {
        if (!text.empty()) text += '|';
        text += name;
        if (sign != 0) (text += sign) += more;
    };
    for (const Json& item : value.items) {
        const Json* const name = item.find("value");
        const Json* const until = item.find("until");
        const bool is_dated = until != nullptr && until->is(Json::Kind::string);
        if (item.is(Json::Kind::string))
            add(item.text, 0, {});
        else if (dated && name != nullptr && name->is(Json::Kind::string) &&
                 item.members.size() == (until == nullptr ? 1 : 2) &&
                 (until == nullptr || is_dated || until->is(Json::Kind::null)))
            add(name->text, is_dated ? '@' : 0, is_dated ? until->text : std::string_view{});
        else
            fits = false;
    }
    for (const auto& [name, weight] : value.members) {
        std::int64_t thousandths = 0; // a JSON number may have an exponent, a cell may not
        fits = fits && weight.is(Json::Kind::number) &&
               parse_number(weight.text, {}, 3, thousandths, true) == NumberError::none;
        add(name, ':', format_decimal(thousandths, 3));
    }
    return fits;
}

void take_json_cell(FirmCollector& rows, const Schema& schema, std::uint32_t field,
                    const Json& value) {
    JsonCell cell;
    read_json_cell(schema[field], value, cell);
    switch (cell.is) {
    case JsonCell::Is::empty: return;
    case JsonCell::Is::cell: return rows.cell(field, cell.text);
    case JsonCell::Is::number: return rows.json_number(field, cell.text);
    case JsonCell::Is::unreadable:
        return rows.unreadable(field, value.dump(), no_json_value_of(schema[field]));
    }
}

} // namespace

Status take_json_line(FirmCollector& rows, const Schema& schema, const ReadOptions& options,
                      const JsonSource& source, StringSet& ignored) {
    const Result<Json> firm = parse_json(source);
    if (!firm.ok() || !firm->is(Json::Kind::object)) {
        rows.set_aside(source.first_line, {}, source.text,
                       firm.ok() ? "a firm is a JSON object" : firm.status().message());
        return {};
    }
    return take_json_firm(rows, schema, options, source, {*firm, id_of(*firm, schema)}, ignored);
}

std::string_view id_of(const Json& firm, const Schema& schema) {
    const Json* id = firm.find(schema.id_column());
    const bool has_id = id != nullptr && (id->is(Json::Kind::string) || id->is(Json::Kind::number));
    return has_id ? trim(id->text) : std::string_view{};
}

Status take_json_firm(FirmCollector& rows, const Schema& schema, const ReadOptions& options,
                      const JsonSource& source, const JsonFirm& firm, StringSet& ignored) {
    for (const auto& [key, value] : firm.values.members) {
        if (key == schema.id_column()) continue;
        const auto field = schema.find(key);
        if (field && schema[*field].derived())
            return derived_field(schema[*field], source.place(value.offset));
        if (field) continue;
        if (!options.ignore_unknown_columns)
            return unknown_field(schema, "key", key, source.place(value.offset));
        ignored.insert(key);
    }
    if (!rows.begin(source.first_line, firm.id)) return {};
    for (const auto& [key, value] : firm.values.members)
        if (const auto field = schema.find(key)) take_json_cell(rows, schema, *field, value);
    rows.end();
    return {};
}

void read_json_cell(const Field& field, const Json& value, JsonCell& out) {
    using Is = JsonCell::Is;
    out.is = Is::unreadable;
    out.text = value.text;
    const Kind kind = field.kind;
    switch (value.kind) {
    case Json::Kind::null: out.is = Is::empty; break;
    case Json::Kind::string: out.is = Is::cell; break;
    case Json::Kind::number:
        if (kind == Kind::number) out.is = Is::number;
        if (kind == Kind::flag || kind == Kind::date) out.is = Is::cell;
        break;
    case Json::Kind::boolean:
        out.text = value.boolean ? "true" : "false";
        if (kind == Kind::flag) out.is = Is::cell;
        break;
    case Json::Kind::array:
    case Json::Kind::object:
        if (kind != Kind::tags && (kind != Kind::set || value.is(Json::Kind::object))) break;
        if (join_elements(value, field.expires, out.joined)) out.is = Is::cell;
        out.text = out.joined;
    }
}

std::string no_json_value_of(const Field& field) {
    return std::string("is no value of a field of kind ") + name_of(field.kind);
}

std::string_view json_line(std::string_view line) {
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return trim(line).empty() ? std::string_view{} : line;
}

std::vector<std::string> sorted(const StringSet& names) {
    std::vector<std::string> out = names.keys();
    std::sort(out.begin(), out.end());
    return out;
}

} // namespace qice
