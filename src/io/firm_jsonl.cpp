#include "io/firm_jsonl.hpp"

#include "qice/base/text.hpp"

#include <algorithm>

namespace qice {
namespace {

/// A JSON value as the text of a CSV cell would be.
std::string joined_elements(const Json& value, bool dated, bool& fits) {
    std::string text;
    const auto add = [&](const std::string& element) {
        text += (text.empty() ? "" : "|") + element;
    };
    if (value.is(Json::Kind::array)) {
        for (const Json& item : value.items) {
            const Json* name = item.find("value");
            const Json* until = item.find("until");
            if (item.is(Json::Kind::string))
                add(item.text);
            else if (dated && name != nullptr && name->is(Json::Kind::string) &&
                     item.members.size() == (until == nullptr ? 1 : 2) &&
                     (until == nullptr || until->is(Json::Kind::string) ||
                      until->is(Json::Kind::null)))
                add(until != nullptr && until->is(Json::Kind::string)
                        ? name->text + "@" + until->text
                        : name->text);
            else
                fits = false;
        }
    } else if (value.is(Json::Kind::object)) { // tags and their weights
        for (const auto& [name, weight] : value.members) {
            std::int64_t thousandths = 0; // a JSON number may have an exponent, a cell may not
            fits = fits && weight.is(Json::Kind::number) &&
                   parse_number(weight.text, {}, 3, thousandths, true) == NumberError::none;
            add(name + ":" + format_decimal(thousandths, 3));
        }
    } else {
        fits = false;
    }
    return text;
}

void json_cell(FirmCollector& rows, const Schema& schema, std::uint32_t field, const Json& value) {
    const Kind kind = schema[field].kind;
    switch (value.kind) {
    case Json::Kind::null: return;
    case Json::Kind::string: return rows.cell(field, value.text);
    case Json::Kind::number:
        if (kind == Kind::number) return rows.json_number(field, value.text);
        if (kind == Kind::flag || kind == Kind::date) return rows.cell(field, value.text);
        break;
    case Json::Kind::boolean:
        if (kind == Kind::flag) return rows.cell(field, value.boolean ? "true" : "false");
        break;
    default:
        if (kind == Kind::set || (kind == Kind::tags)) {
            bool fits = kind == Kind::tags || value.is(Json::Kind::array);
            const std::string text = joined_elements(value, schema[field].expires, fits);
            if (fits) return rows.cell(field, text);
        }
    }
    rows.unreadable(field, value.dump(),
                    std::string("is no value of a field of kind ") + name_of(kind));
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
        if (const auto field = schema.find(key)) json_cell(rows, schema, *field, value);
    rows.end();
    return {};
}

std::string_view json_line(std::string_view line) {
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return trim(line).empty() ? std::string_view{} : line;
}

std::vector<std::string> sorted(const StringSet& names) {
    std::vector<std::string> out(names.begin(), names.end());
    std::sort(out.begin(), out.end());
    return out;
}

} // namespace qice
