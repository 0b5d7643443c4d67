#include "io/arrow_type.hpp"

#include "qice/base/text.hpp"

#include <charconv>
#include <string_view>

namespace qice {
namespace {

using Id = ArrowType::Id;

constexpr int kDeepest = 8;
constexpr std::size_t kMostShown = 4; // parts in a type's name
constexpr std::int64_t kMostColumns = 1 << 16;

Status broken(std::string sentence) {
    return invalid_input("the schema of the Arrow stream is broken: " + std::move(sentence));
}

ArrowType simple(Id id, const char* name, int bits = 0, bool is_signed = true) {
    ArrowType type;
    type.id = id;
    type.name = name;
    type.bits = bits;
    type.is_signed = is_signed;
    return type;
}

ArrowType type_of_letter(char letter) {
    switch (letter) {
    case 'n': return simple(Id::null, "null");
    case 'b': return simple(Id::boolean, "bool");
    case 'c': return simple(Id::integer, "int8", 8);
    case 'C': return simple(Id::integer, "uint8", 8, false);
    case 's': return simple(Id::integer, "int16", 16);
    case 'S': return simple(Id::integer, "uint16", 16, false);
    case 'i': return simple(Id::integer, "int32", 32);
    case 'I': return simple(Id::integer, "uint32", 32, false);
    case 'l': return simple(Id::integer, "int64", 64);
    case 'L': return simple(Id::integer, "uint64", 64, false);
    case 'f': return simple(Id::floating, "float32", 32);
    case 'g': return simple(Id::floating, "float64", 64);
    case 'u': return simple(Id::text, "utf8", 32);
    case 'U': return simple(Id::text, "large_utf8", 64);
    case 'e': return simple(Id::other, "float16");
    case 'z':
    case 'Z': return simple(Id::other, "binary");
    default: return simple(Id::other, "");
    }
}

/// `d:19,6` or `d:19,6,256`
ArrowType decimal(std::string_view text) {
    ArrowType type = simple(Id::decimal, "decimal", 128);
    int numbers[3] = {0, 0, 128};
    const char* at = text.data() + 2;
    const char* const end = text.data() + text.size();
    int count = 0;
    for (; count < 3; ++count) {
        const auto read = std::from_chars(at, end, numbers[count]);
        if (read.ec != std::errc{}) return simple(Id::other, "");
        at = read.ptr;
        if (at == end || *at != ',') break;
        ++at;
    }
    type.bits = numbers[2];
    type.scale = numbers[1];
    const bool is_known =
        type.bits == 32 || type.bits == 64 || type.bits == 128 || type.bits == 256;
    if (at != end || count < 1 || !is_known || type.scale < -1000 || type.scale > 1000)
        return simple(Id::other, "");
    type.name = "decimal" + std::to_string(type.bits) + "(" + std::to_string(numbers[0]) + ", " +
                std::to_string(type.scale) + ")";
    return type;
}

/// `tss:`, with what stands behind the colon a time zone.
ArrowType timestamp(std::string_view text) {
    constexpr std::int64_t kSeconds = 86'400;
    ArrowType type = simple(Id::timestamp, "timestamp", 64);
    const char unit = text[2];
    type.per_day = kSeconds * (unit == 's'   ? 1
                               : unit == 'm' ? 1'000
                               : unit == 'u' ? 1'000'000
                                             : 1'000'000'000);
    type.name += unit == 's' ? "[s]" : std::string("[") + unit + "s]";
    if (text.size() == 4) return type;
    type.id = Id::other;
    type.name += " with the time zone " + in_quotes(text.substr(4));
    return type;
}

ArrowType type_of(std::string_view format) {
    if (format.size() == 1) return type_of_letter(format[0]);
    if (format == "vu") return simple(Id::text_view, "utf8_view");
    if (format == "tdD") return simple(Id::date, "date32", 32);
    if (format == "tdm") return simple(Id::date, "date64", 64);
    if (format.starts_with("d:")) return decimal(format);
    if (format.starts_with("ts") && format.size() > 3 && format[3] == ':' &&
        std::string_view("smun").find(format[2]) != std::string_view::npos)
        return timestamp(format);
    if (format == "+l") return simple(Id::list, "list", 32);
    if (format == "+L") return simple(Id::list, "large_list", 64);
    if (format == "+s") return simple(Id::structure, "struct");
    if (format == "+m") return simple(Id::map, "map", 32);
    return simple(Id::other, "");
}

Result<ArrowType> read_type(const ArrowSchema* schema, int depth);

/// The children of a list, a structure or a map.
Status read_parts(const ArrowSchema& schema, int depth, ArrowType& type) {
    if (schema.n_children < 0 || schema.n_children > kMostColumns)
        return broken("a " + type.name + " has " + std::to_string(schema.n_children) + " children");
    if (schema.n_children > 0 && schema.children == nullptr)
        return broken("a " + type.name + " says that it has " + std::to_string(schema.n_children) +
                      " children, and has none");
    if (type.id != Id::structure && schema.n_children != 1)
        return broken("a " + type.name + " has " + std::to_string(schema.n_children) +
                      " children, not one");
    for (std::int64_t i = 0; i < schema.n_children; ++i) {
        const ArrowSchema* const child = schema.children[i];
        QICE_ASSIGN_OR_RETURN(ArrowType part, read_type(child, depth + 1));
        type.parts.push_back(std::move(part));
        const std::string_view label = child->name == nullptr ? "" : child->name;
        if (!is_utf8(label)) return broken("the name of a column is not UTF-8");
        type.labels.emplace_back(label);
    }
    const bool is_entries = type.id != Id::map ||
                            (type.parts[0].id == Id::structure && type.parts[0].parts.size() == 2);
    if (!is_entries) return broken("the entries of a map are not structures of a key and a value");
    return {};
}

/// `list<utf8>`
void name_whole(ArrowType& type) {
    std::string inside;
    const ArrowType& of = type.id == Id::map ? type.parts[0] : type;
    for (std::size_t i = 0; i < of.parts.size() && i < kMostShown; ++i)
        inside += (i == 0 ? "" : ", ") +
                  (type.id == Id::structure ? excerpt(visible(of.labels[i])) + ": " : "") +
                  of.parts[i].name;
    type.name += "<" + inside + ">";
}

Result<ArrowType> read_type(const ArrowSchema* schema, int depth) {
    if (schema == nullptr) return broken("a child is missing");
    if (schema->release == nullptr) return broken("a part of it was released");
    if (schema->format == nullptr) return broken("a type has no format");
    if (depth > kDeepest) return broken("types are nested too deeply");
    ArrowType type = type_of(schema->format);
    if (type.id == Id::other) {
        if (type.name.empty())
            type.name = is_utf8(schema->format) ? in_quotes(schema->format) : "unknown";
        return type;
    }
    if (schema->dictionary != nullptr) {
        if (type.id != Id::integer) return broken("a dictionary is numbered by " + type.name);
        QICE_ASSIGN_OR_RETURN(ArrowType values, read_type(schema->dictionary, depth + 1));
        type.id = Id::dictionary;
        type.name = "dictionary<" + type.name + ", " + values.name + ">";
        if (values.id == Id::dictionary) type.id = Id::other;
        type.parts.push_back(std::move(values));
        return type;
    }
    if (type.id != Id::list && type.id != Id::structure && type.id != Id::map) return type;
    QICE_RETURN_IF_ERROR(read_parts(*schema, depth, type));
    name_whole(type);
    return type;
}

} // namespace

Result<ArrowType> read_arrow_type(const ArrowSchema* schema) { return read_type(schema, 0); }

ItemParts item_parts(const ArrowType& item, Kind kind, bool is_map) {
    ItemParts found;
    if (item.id != Id::structure) return found;
    for (std::size_t i = 0; i < item.parts.size(); ++i) {
        const std::string_view of_map = i == 0 ? "name" : "detail";
        const std::string_view label = is_map ? of_map : std::string_view(item.labels[i]);
        const bool is_detail =
            label == "detail" || label == (kind == Kind::set ? "until" : "weight");
        int& place = is_detail ? found.detail : found.name;
        if ((!is_detail && label != "name" && label != "value") || place >= 0) return {};
        place = static_cast<int>(i);
    }
    return found;
}

namespace {

/// May a list or map of these items stand in a field of sets or tags?
bool items_fit(const ArrowType& type, const Field& field) {
    const ArrowType& item = type.parts[0];
    if (item.plain().is_text() || item.id == Id::null) return true;
    const ItemParts parts = item_parts(item, field.kind, type.id == Id::map);
    if (parts.name < 0 || !item.parts[static_cast<std::size_t>(parts.name)].plain().is_text())
        return false;
    if (parts.detail < 0) return true;
    const ArrowType& detail = item.parts[static_cast<std::size_t>(parts.detail)].plain();
    if (detail.is_text() || detail.id == Id::null) return field.kind == Kind::tags || field.expires;
    return field.kind == Kind::tags ? detail.is_number() : field.expires && detail.is_day();
}

const char* what_fits(const Field& field) {
    switch (field.kind) {
    case Kind::number: return "integers, decimals, floats and texts";
    case Kind::date: return "dates, timestamps without a time zone, integers and texts";
    case Kind::flag: return "bool, integers and texts";
    case Kind::category:
    case Kind::code: return "texts and integers";
    case Kind::set:
        return field.expires
                   ? "texts, lists of texts, and lists of structures of a name (text) and "
                     "until (date), or maps of these"
                   : "texts, lists of texts, and lists of structures of a name (text)";
    case Kind::tags:
        return "texts, lists of texts, and lists of structures of a name (text) and a weight "
               "(number), or maps of these";
    case Kind::text: return "texts, numbers, dates and bool";
    }
    return "";
}

bool fits(const ArrowType& type, const Field& field) {
    const ArrowType& plain = type.plain();
    if (type.id == Id::null || plain.is_text()) return true;
    switch (field.kind) {
    case Kind::number: return plain.is_number();
    case Kind::date: return plain.is_day() || plain.id == Id::integer;
    case Kind::flag: return plain.id == Id::boolean || plain.id == Id::integer;
    case Kind::category:
    case Kind::code: return plain.id == Id::integer;
    case Kind::set:
    case Kind::tags: return (type.id == Id::list || type.id == Id::map) && items_fit(type, field);
    case Kind::text: return plain.is_number() || plain.is_day() || plain.id == Id::boolean;
    }
    return false;
}

} // namespace

Status check_fits(const ArrowType& type, const Field& field) {
    if (fits(type, field)) return {};
    return invalid_input(
        "column " + in_quotes(field.name) + " is of the Arrow type " + type.name +
        "; a field of kind " + name_of(field.kind) + " is read from " + what_fits(field) +
        (type.name.starts_with("timestamp") ? "; cast it to a date where you know the zone" : ""));
}

Status check_names_firms(const ArrowType& type, const std::string& column) {
    const ArrowType& plain = type.plain();
    if (plain.is_text() || plain.id == Id::integer || type.id == Id::null) return {};
    return invalid_input("column " + in_quotes(column) +
                         ", which names the firm, is of the Arrow " + "type " + type.name +
                         "; ids are texts or integers");
}

} // namespace qice
