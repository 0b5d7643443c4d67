#include "qice/model/schema.hpp"

#include "base/json.hpp"
#include "base/string_map.hpp"
#include "qice/base/text.hpp"

#include <algorithm>
#include <filesystem>
#include <unordered_map>

namespace qice {
namespace {

constexpr std::size_t kMostFields = 4096;

constexpr std::pair<std::string_view, Kind> kKinds[] = {
    {"number", Kind::number},     {"date", Kind::date}, {"flag", Kind::flag},
    {"category", Kind::category}, {"code", Kind::code}, {"set", Kind::set},
    {"tags", Kind::tags},         {"text", Kind::text}};

constexpr std::pair<std::string_view, Derive> kDerives[] = {{"ratio", Derive::ratio},
                                                            {"sum", Derive::sum},
                                                            {"difference", Derive::difference},
                                                            {"months_since", Derive::months_since},
                                                            {"sme_size", Derive::sme_size}};

} // namespace

const char* name_of(Kind kind) {
    for (const auto& [name, value] : kKinds)
        if (value == kind) return name.data();
    return "";
}

std::optional<std::uint32_t> Schema::find(std::string_view name) const {
    for (std::uint32_t i = 0; i < size(); ++i)
        if (fields_[i].name == name) return i;
    return {};
}

std::vector<std::string> Schema::names() const {
    std::vector<std::string> names;
    for (const Field& field : fields_)
        names.push_back(field.name);
    return names;
}

/// Reads one schema; each error names file, line, column and field.
class SchemaReader {
  public:
    SchemaReader(std::string_view json, const std::string& file,
                 std::span<const CodeListText> code_lists)
        : source_{file, json}, code_lists_(code_lists) {}

    Result<SchemaPtr> read() {
        QICE_ASSIGN_OR_RETURN(root_, parse_json(source_));
        if (!root_.is(Json::Kind::object))
            return error(root_, "a schema is an object with id and fields");
        for (const auto& [key, value] : root_.members)
            if (key != "id" && key != "fields" && key != "note")
                return error(value,
                             in_quotes(key) + " is not known here; a schema has id and fields");
        const Json* id = root_.find("id");
        const Json* fields = root_.find("fields");
        if (id == nullptr || !id->is(Json::Kind::string) || id->text.empty())
            return error(id ? *id : root_,
                         "a schema needs \"id\": the name of the column that names the firm");
        if (fields == nullptr || !fields->is(Json::Kind::array) || fields->items.empty())
            return error(fields ? *fields : root_, "a schema needs \"fields\": a list of fields");
        if (fields->items.size() > kMostFields)
            return error(*fields,
                         "a schema has at most " + std::to_string(kMostFields) + " fields");
        schema_.id_column_ = id->text;
        for (const Json& json : fields->items)
            QICE_RETURN_IF_ERROR(read_field(json));
        QICE_RETURN_IF_ERROR(read_derivations());
        QICE_RETURN_IF_ERROR(order_derived());
        return std::make_shared<const Schema>(std::move(schema_));
    }

  private:
    Status error(const Json& json, std::string message) const {
        std::string where = field_.empty() ? "" : "field " + in_quotes(field_) + ": ";
        return invalid_input(where + std::move(message), source_.place(json.offset));
    }

    Status read_flag(const Json& value, std::string_view key, bool& out) {
        if (!value.is(Json::Kind::boolean))
            return error(value, in_quotes(key) + " needs true or false, got " + value.describe());
        out = value.boolean;
        return {};
    }

    Status read_strings(const Json& value, std::string_view key, std::vector<std::string>& out) {
        if (value.is(Json::Kind::string)) {
            out = {value.text};
            return {};
        }
        if (!value.is(Json::Kind::array) || value.items.empty())
            return error(value, in_quotes(key) + " needs a text or a list of texts, got " +
                                    value.describe());
        for (const Json& item : value.items) {
            if (!item.is(Json::Kind::string))
                return error(item, in_quotes(key) + " needs texts, got " + item.describe());
            out.push_back(item.text);
        }
        return {};
    }

    Status read_field(const Json& json) {
        field_.clear();
        if (!json.is(Json::Kind::object))
            return error(json, "a field is an object, got " + json.describe());
        const Json* name = json.find("name");
        if (name == nullptr || !name->is(Json::Kind::string) || name->text.empty())
            return error(json, "a field needs a \"name\"");
        field_ = name->text;
        if (field_ == schema_.id_column_)
            return error(*name, "is the id column; a field needs another name");
        if (schema_.find(field_)) return error(*name, "another field has this name already");
        const Json* kind = json.find("kind");
        if (kind == nullptr || !kind->is(Json::Kind::string))
            return error(json, "needs a \"kind\"");

        Field field;
        field.name = field.label = field_;
        const auto known =
            std::find_if(std::begin(kKinds), std::end(kKinds),
                         [&](const auto& entry) { return entry.first == kind->text; });
        if (known == std::end(kKinds))
            return error(*kind, "kind " + in_quotes(kind->text) +
                                    " is not known; the kinds are number, date, "
                                    "flag, category, code, set, tags, text");
        field.kind = known->second;
        for (const auto& [key, value] : json.members)
            QICE_RETURN_IF_ERROR(read_member(field, key, value));
        if (field.kind == Kind::code && field.codes_name.empty())
            return error(json, "a code field needs \"codes\": a list in the standards folder, a "
                               "file, or \"prefix\"");
        if (!field.levels.empty() && !field.codes)
            return error(json, "\"level\" needs a code list");
        for (const std::string& level : field.levels)
            if (!field.codes->has_level(level))
                return error(*json.find("level"), "list " + in_quotes(field.codes_name) +
                                                      " has no level " + in_quotes(level));
        if (field.kind == Kind::tags) {
            if (schema_.tags_) return error(json, "a schema has at most one field of kind tags");
            schema_.tags_ = schema_.size();
        }
        schema_.fields_.push_back(std::move(field));
        return {};
    }

    Status read_member(Field& field, const std::string& key, const Json& value) {
        const auto only_for = [&](Kind kind) -> Status {
            if (field.kind == kind) return {};
            return error(value, in_quotes(key) + " is for fields of kind " + name_of(kind) +
                                    ", not " + name_of(field.kind));
        };
        if (key == "name" || key == "kind" || key == "note") return {};
        if (key == "fixed") return read_flag(value, key, field.fixed);
        if (key == "expires") {
            QICE_RETURN_IF_ERROR(only_for(Kind::set));
            return read_flag(value, key, field.expires);
        }
        if (key == "label" || key == "unit" || key == "codes" || key == "missing") {
            if (!value.is(Json::Kind::string))
                return error(value, in_quotes(key) + " needs a text, got " + value.describe());
            if (key == "label") field.label = value.text;
            if (key == "unit") {
                QICE_RETURN_IF_ERROR(only_for(Kind::number));
                field.unit_text = value.text;
                field.unit = Unit::parse(value.text);
            }
            if (key == "missing") {
                QICE_RETURN_IF_ERROR(only_for(Kind::set));
                if (value.text != "unknown" && value.text != "none")
                    return error(value, "\"missing\" is \"unknown\" or \"none\"");
                field.missing_is_unknown = value.text == "unknown";
            }
            if (key == "codes") {
                QICE_RETURN_IF_ERROR(only_for(Kind::code));
                field.codes_name = value.text;
                if (value.text != "prefix") return load_codes(value, field.codes);
            }
            return {};
        }
        if (key == "decimals") {
            QICE_RETURN_IF_ERROR(only_for(Kind::number));
            if (!value.is(Json::Kind::number) || value.text.size() != 1 || value.text[0] < '0')
                return error(value, "\"decimals\" needs a whole number from 0 to 9, got " +
                                        value.describe());
            field.decimals = value.text[0] - '0';
            return {};
        }
        if (key == "level") {
            QICE_RETURN_IF_ERROR(only_for(Kind::code));
            return read_strings(value, key, field.levels);
        }
        if (key == "values") {
            QICE_RETURN_IF_ERROR(only_for(Kind::category));
            return read_strings(value, key, field.values);
        }
        if (key == "derive") {
            derivations_.emplace_back(schema_.size(), &value);
            return {};
        }
        return error(value,
                     in_quotes(key) +
                         " is not known here; a field has name, label, kind, unit, decimals, "
                         "codes, level, values, expires, missing, fixed, derive");
    }

    Status load_codes(const Json& value, std::shared_ptr<const CodeList>& out) {
        namespace fs = std::filesystem;
        for (const CodeListText& list : code_lists_) {
            if (list.name != value.text) continue;
            std::shared_ptr<const CodeList>& known = lists_[list.name];
            if (!known) {
                QICE_ASSIGN_OR_RETURN(CodeList parsed, CodeList::parse(list.csv, list.name));
                known = std::make_shared<const CodeList>(std::move(parsed));
            }
            out = known;
            return {};
        }
        const std::string standard = data_directory() + "/standards/" + value.text + ".csv";
        const std::string beside = (fs::path(source_.file).parent_path() / value.text).string();
        std::error_code ignored;
        const bool is_standard =
            value.text.find('/') == std::string::npos && fs::exists(standard, ignored);
        if (!is_standard && !fs::is_regular_file(beside, ignored))
            return error(value, "code list " + in_quotes(value.text) +
                                    " is neither \"prefix\", nor " + standard + ", nor the file " +
                                    beside);
        const std::string& path = is_standard ? standard : beside;
        if (const auto known = lists_.find(path); known != lists_.end()) {
            out = known->second;
            return {};
        }
        QICE_ASSIGN_OR_RETURN(CodeList list, CodeList::load(path));
        out = lists_[path] = std::make_shared<const CodeList>(std::move(list));
        return {};
    }

    Status read_derivations() {
        for (const auto& [index, json] : derivations_) {
            field_ = schema_.fields_[index].name;
            if (!json->is(Json::Kind::object) || json->members.size() != 1)
                return error(
                    *json,
                    "\"derive\" needs one of ratio, sum, difference, months_since, sme_size");
            const auto& [name, arguments] = json->members[0];
            const auto known =
                std::find_if(std::begin(kDerives), std::end(kDerives),
                             [&, &n = name](const auto& entry) { return entry.first == n; });
            if (known == std::end(kDerives))
                return error(arguments, in_quotes(name) +
                                            " is not known; derive by ratio, sum, difference, "
                                            "months_since or sme_size");
            std::vector<std::string> names;
            QICE_RETURN_IF_ERROR(read_strings(arguments, name, names));
            Field& field = schema_.fields_[index];
            field.derive = known->second;
            for (const std::string& operand : names) {
                const auto found = schema_.find(operand);
                if (!found) {
                    const std::string near = nearest(operand, schema_.names());
                    return error(
                        arguments,
                        "derives from " + in_quotes(operand) + ", which is not a field" +
                            (near.empty() ? "" : "; did you mean " + in_quotes(near) + "?"));
                }
                field.operands.push_back(*found);
            }
            derive_json_.emplace(index, &arguments);
        }
        return {};
    }

    /// Operands before what is derived from them; a cycle is an error. Then kinds and units.
    Status order_derived() {
        std::vector<std::uint8_t> state(schema_.size()); // 0 new, 1 open, 2 done
        for (const auto& [index, json] : derivations_)
            QICE_RETURN_IF_ERROR(visit(index, state));
        return {};
    }

    Status visit(std::uint32_t index, std::vector<std::uint8_t>& state) {
        if (state[index] == 2 || !schema_[index].derived()) return {};
        const Json& json = *derive_json_.at(index);
        field_ = schema_[index].name;
        if (state[index] == 1) return error(json, "is derived from itself");
        state[index] = 1;
        for (std::uint32_t operand : schema_[index].operands)
            QICE_RETURN_IF_ERROR(visit(operand, state));
        state[index] = 2;
        field_ = schema_[index].name;
        schema_.derived_.push_back(index);
        return check_derivation(schema_.fields_[index], json);
    }

    Status check_derivation(Field& field, const Json& json) {
        const auto operand = [&](std::size_t i) -> const Field& {
            return schema_[field.operands[i]];
        };
        const std::size_t count = field.operands.size();
        const Kind result = field.derive == Derive::sme_size ? Kind::category : Kind::number;
        if (field.kind != result)
            return error(json, std::string("this derivation gives a ") + name_of(result) +
                                   ", not a " + name_of(field.kind));
        switch (field.derive) {
        case Derive::months_since:
            if (count != 1 || operand(0).kind != Kind::date)
                return error(json, "months_since needs one date field");
            return {};
        case Derive::sme_size: return check_sme_size(field, json);
        case Derive::ratio:
        case Derive::difference:
            if (count != 2)
                return error(json,
                             std::string(field.derive == Derive::ratio ? "ratio" : "difference") +
                                 " needs two fields");
            break;
        default: break;
        }
        int decimals = 0;
        for (std::size_t i = 0; i < count; ++i) {
            if (operand(i).kind != Kind::number || operand(i).is_ratio())
                return error(json,
                             "needs number fields; " + in_quotes(operand(i).name) + " is not one");
            const bool same_base = operand(i).unit.base == operand(0).unit.base;
            if (field.derive == Derive::ratio ? same_base && operand(i).unit != operand(0).unit
                                              : operand(i).unit != operand(0).unit)
                return error(json, in_quotes(operand(0).name) + " and " +
                                       in_quotes(operand(i).name) + " have different units");
            decimals = std::max(decimals, operand(i).decimals);
        }
        if (field.derive == Derive::ratio) return {};
        const Json* written = nullptr;
        for (const Json& item : root_.find("fields")->items)
            if (item.find("name")->text == field.name) written = item.find("decimals");
        if (written != nullptr && field.decimals < decimals)
            return error(*written, "has fewer decimals than the fields it is derived from");
        field.decimals = std::max(field.decimals, decimals);
        if (field.unit_text.empty()) {
            field.unit = operand(0).unit;
            field.unit_text = operand(0).unit_text;
        }
        if (field.unit != operand(0).unit)
            return error(json, "has another unit than the fields it is derived from");
        return {};
    }

    Status check_sme_size(Field& field, const Json& json) {
        const auto operand = [&](std::size_t i) -> const Field& {
            return schema_[field.operands[i]];
        };
        if (field.operands.size() != 4 || operand(0).kind != Kind::code)
            return error(json, "sme_size needs [industry, employees, revenue, assets]");
        for (std::size_t i = 1; i < 4; ++i) {
            if (operand(i).kind != Kind::number || operand(i).is_ratio())
                return error(json, "sme_size needs number fields; " + in_quotes(operand(i).name) +
                                       " is not one");
            const std::string& base = operand(i).unit.base;
            if (i >= 2 && !base.empty() && base != "元")
                return error(json, "sme_size needs " + in_quotes(operand(i).name) +
                                       " in 元, 万元 or 亿元");
        }
        if (field.values.empty())
            field.values.assign(kSizeClassNames.begin(), kSizeClassNames.end());
        if (!schema_.size_classes_) {
            QICE_ASSIGN_OR_RETURN(SizeClasses classes,
                                  SizeClasses::load(data_directory() + "/standards/sme_size.csv"));
            schema_.size_classes_ = std::make_shared<const SizeClasses>(std::move(classes));
        }
        return {};
    }

    JsonSource source_;
    std::span<const CodeListText> code_lists_;
    Json root_;
    Schema schema_;
    std::string field_; // the field being read, for errors
    std::vector<std::pair<std::uint32_t, const Json*>> derivations_;
    std::unordered_map<std::uint32_t, const Json*> derive_json_;
    StringMap<std::shared_ptr<const CodeList>> lists_;
};

Result<SchemaPtr> Schema::load(const std::string& path) {
    QICE_ASSIGN_OR_RETURN(const std::string text, read_file(path));
    return parse(text, path);
}

Result<SchemaPtr> Schema::parse(std::string_view json, const std::string& file,
                                std::span<const CodeListText> code_lists) {
    return SchemaReader(json, file, code_lists).read();
}

} // namespace qice
