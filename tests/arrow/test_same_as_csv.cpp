// The same firms as CSV and as Arrow, in random types, slices and batches, are the same table and
// the same quarantine. QICE_ARROW_CASES sets how many tables, QICE_ARROW_SEED where they begin.
#include "qice/io/arrow.hpp"

#include "arrow/producer.hpp"
#include "qice/base/csv.hpp"
#include "unit/world.hpp"

#include <charconv>
#include <functional>
#include <limits>

using namespace qice;
using producer::below;
using producer::Books;
using producer::Cells;
using producer::chance;
using producer::Made;
using producer::Random;

namespace {

using Texts = Cells<std::string>; // what stands in CSV

/// Rows of a column, and rows of nothing around them.
struct Range {
    std::size_t from, count, before, behind;
};

/// A column that is cut into batches later.
struct Drawn {
    std::string name;
    Texts csv; // empty where there is none
    std::function<Made(const Range&, Random&)> cut;
    bool shows_value = true; // does the quarantine show what CSV shows?
};

template <class Value> Cells<Value> part(const Cells<Value>& cells, const Range& range) {
    const auto begin = cells.begin() + static_cast<std::ptrdiff_t>(range.from);
    return producer::around<Value>(
        range.before, {begin, begin + static_cast<std::ptrdiff_t>(range.count)}, range.behind);
}

/// The shortest text that gives the float back, without an exponent.
template <class T> std::string plain(T value) {
    char text[64];
    const auto end =
        std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
    const std::string_view all(text, static_cast<std::size_t>(end - text));
    const std::size_t e = all.find('e');
    const std::string exponent(all.substr(all[e + 1] == '+' ? e + 2 : e + 1));
    std::string digits;
    for (char c : all.substr(0, e))
        if (c >= '0' && c <= '9') digits += c;
    int point = std::stoi(exponent) + 1; // digits before it
    if (point < 1) digits.insert(0, static_cast<std::size_t>(1 - std::exchange(point, 1)), '0');
    const auto whole = static_cast<std::size_t>(point);
    if (digits.size() < whole) digits.resize(whole, '0');
    if (digits.size() > whole) digits.insert(whole, 1, '.');
    return value < 0 ? "-" + digits : digits;
}

std::string one_of(Random& random, std::initializer_list<const char*> texts) {
    return *(texts.begin() + below(random, texts.size()));
}

std::string random_text(const Field& field, Random& random) {
    if (chance(random, 0.02)) return one_of(random, {"\xff", "中\xe4\xb8", " ", "\t", "|", "x"});
    switch (field.kind) {
    case Kind::number:
        return chance(random, 0.5)
                   ? std::to_string(below(random, 100000))
                   : one_of(random, {"12.5", "-3.25", "1.005", "3万元", "1.5亿", "12x",
                                     "9223372036854775807", " 7 ", "1e5", "-0"});
    case Kind::date:
        return one_of(random,
                      {"2020-02-29", "2021-02-29", "2019/1/5", "20180630", "soon", "0001-01-01"});
    case Kind::flag: return one_of(random, {"true", "FALSE", "1", "0", "是", "否", "2", "maybe"});
    case Kind::category: return one_of(random, {"micro", "small", "large", "huge", " small"});
    case Kind::code:
        return field.codes ? one_of(random, {"C3911", "C", "I65", "99999", " C39 "})
                           : one_of(random, {"440100", "44", "330000 ", "park"});
    case Kind::set:
        return one_of(random, {"高新技术企业@2027-12-05|专精特新中小企业", "a|b||a",
                               "a@2020-01-01|a@2030-01-01", "a@never", "@2020-01-01", " b | c ",
                               "x@y@2026-01-01"});
    case Kind::tags:
        return one_of(random, {"智能制造:0.8|出口", "a:0.5|a", "a:2", ":1", "b", "c:0.125", "d:x"});
    case Kind::text: return one_of(random, {"东莞甲公司", "a,b", "say \"yes\"", "two\nlines", "x"});
    }
    return "";
}

/// A text column of any shape.
Drawn draw_texts(const Field& field, std::size_t rows, Random& random) {
    Drawn drawn{field.name, {}, nullptr};
    for (std::size_t i = 0; i < rows; ++i)
        drawn.csv.push_back(chance(random, 0.3) ? std::nullopt
                                                : std::optional(random_text(field, random)));
    const std::string shape = one_of(random, {"u", "U", "vu", rows < 100 ? "c" : "s", "S", "i", "L"});
    drawn.cut = [cells = drawn.csv, shape](const Range& range, Random& of) {
        const Texts some = part(cells, range);
        const bool is_text = shape == "u" || shape == "U" || shape == "vu";
        return is_text ? producer::texts(shape, some, of)
                       : producer::dictionary(shape.c_str(), some, of);
    };
    return drawn;
}

template <class T>
Drawn draw_whole(const std::string& name, const char* format, std::size_t rows, Random& random,
                 std::int64_t least, std::int64_t most) {
    Drawn drawn{name, {}, nullptr};
    Cells<T> cells;
    least = std::max<std::int64_t>(least, std::numeric_limits<T>::min());
    if constexpr (sizeof(T) < 8) most = std::min<std::int64_t>(most, std::numeric_limits<T>::max());
    for (std::size_t i = 0; i < rows; ++i) {
        const auto span = static_cast<std::uint64_t>(most) - static_cast<std::uint64_t>(least);
        auto value = static_cast<T>(static_cast<std::uint64_t>(least) +
                                    (span == UINT64_MAX ? random() : random() % (span + 1)));
        if (chance(random, 0.3)) value = static_cast<T>(value % 50);
        const bool is_null = chance(random, 0.3);
        cells.push_back(is_null ? std::nullopt : std::optional(value));
        drawn.csv.push_back(is_null ? std::nullopt : std::optional(std::to_string(value)));
    }
    drawn.cut = [cells, format](const Range& range, Random& of) {
        return producer::numbers<T>(format, part(cells, range), of);
    };
    return drawn;
}

Drawn draw_any_whole(const std::string& name, std::size_t rows, Random& random,
                     std::int64_t least = INT64_MIN, std::int64_t most = INT64_MAX) {
    switch (below(random, 8)) {
    case 0: return draw_whole<std::int8_t>(name, "c", rows, random, least, most);
    case 1: return draw_whole<std::uint8_t>(name, "C", rows, random, least, most);
    case 2: return draw_whole<std::int16_t>(name, "s", rows, random, least, most);
    case 3: return draw_whole<std::uint16_t>(name, "S", rows, random, least, most);
    case 4: return draw_whole<std::int32_t>(name, "i", rows, random, least, most);
    case 5: return draw_whole<std::uint32_t>(name, "I", rows, random, least, most);
    case 6: return draw_whole<std::int64_t>(name, "l", rows, random, least, most);
    default:
        return draw_whole<std::uint64_t>(name, "L", rows, random, std::max<std::int64_t>(least, 0),
                                         most);
    }
}

template <class Float>
Drawn draw_floats(const std::string& name, const char* format, std::size_t rows, Random& random) {
    Drawn drawn{name, {}, nullptr, false}; // shown with an exponent where that is shorter
    Cells<Float> cells;
    for (std::size_t i = 0; i < rows; ++i) {
        auto value = static_cast<Float>(
            static_cast<double>(static_cast<std::int64_t>(random() % 2'000'000) - 1'000'000) /
            static_cast<double>(power_of_ten(static_cast<int>(below(random, 4)))));
        if (chance(random, 0.1)) { // any bits but those of what CSV cannot say
            std::conditional_t<sizeof(Float) == 8, std::uint64_t, std::uint32_t> bits;
            do {
                bits = static_cast<decltype(bits)>(random());
                std::memcpy(&value, &bits, sizeof value);
            } while (value - value != 0);
        }
        const bool is_null = chance(random, 0.2), is_nan = chance(random, 0.1);
        if (is_nan) value = std::numeric_limits<Float>::quiet_NaN();
        cells.push_back(is_null ? std::nullopt : std::optional(value));
        drawn.csv.push_back(is_null || is_nan ? std::nullopt : std::optional(plain(value)));
    }
    drawn.cut = [cells, format](const Range& range, Random& of) {
        return producer::numbers<Float>(format, part(cells, range), of);
    };
    return drawn;
}

template <class T>
Drawn draw_decimals(const std::string& name, const char* bits, std::size_t rows, Random& random) {
    Drawn drawn{name, {}, nullptr};
    const int scale = static_cast<int>(below(random, 7));
    Cells<T> cells;
    for (std::size_t i = 0; i < rows; ++i) {
        const auto value =
            static_cast<std::int32_t>(random()) / (chance(random, 0.5) ? 1 : 100'000);
        const bool is_null = chance(random, 0.3);
        std::string digits = std::to_string(value < 0 ? -std::int64_t{value} : value);
        if (digits.size() <= static_cast<std::size_t>(scale))
            digits.insert(0, static_cast<std::size_t>(scale) + 1 - digits.size(), '0');
        if (scale > 0) digits.insert(digits.size() - static_cast<std::size_t>(scale), 1, '.');
        cells.push_back(is_null ? std::nullopt : std::optional(static_cast<T>(value)));
        drawn.csv.push_back(is_null ? std::nullopt
                                    : std::optional((value < 0 ? "-" : "") + digits));
    }
    const std::string format = "d:9," + std::to_string(scale) + bits;
    drawn.cut = [cells, format](const Range& range, Random& of) {
        return producer::numbers<T>(format.c_str(), part(cells, range), of);
    };
    return drawn;
}

Drawn draw_days(const std::string& name, std::size_t rows, Random& random) {
    Drawn drawn{name, {}, nullptr};
    Cells<std::int64_t> cells;
    struct Unit {
        const char* format;
        std::int64_t per_day;
    };
    constexpr Unit kUnits[] = {
        {"tdD", 1},           {"tdm", 86'400'000},      {"tss:", 86'400},
        {"tsm:", 86'400'000}, {"tsu:", 86'400'000'000}, {"tsn:", 86'400'000'000'000}};
    const Unit unit = kUnits[below(random, std::size(kUnits))];
    for (std::size_t i = 0; i < rows; ++i) {
        const auto day = static_cast<std::int32_t>(below(random, 60'000)) - 30'000;
        const bool is_null = chance(random, 0.3);
        cells.push_back(is_null ? std::nullopt : std::optional(day * unit.per_day));
        drawn.csv.push_back(is_null ? std::nullopt : std::optional(Date{day}.to_string()));
    }
    drawn.cut = [cells, unit](const Range& range, Random& of) {
        if (unit.per_day > 1)
            return producer::numbers<std::int64_t>(unit.format, part(cells, range), of);
        Cells<std::int32_t> days;
        for (const auto& cell : part(cells, range))
            days.push_back(cell ? std::optional(static_cast<std::int32_t>(*cell)) : std::nullopt);
        return producer::numbers<std::int32_t>(unit.format, days, of);
    };
    return drawn;
}

Drawn draw_flags(const std::string& name, std::size_t rows, Random& random) {
    Drawn drawn{name, {}, nullptr};
    Cells<bool> cells;
    for (std::size_t i = 0; i < rows; ++i) {
        const bool is_null = chance(random, 0.3), flag = chance(random, 0.5);
        cells.push_back(is_null ? std::nullopt : std::optional(flag));
        drawn.csv.push_back(is_null ? std::nullopt
                                    : std::optional<std::string>(flag ? "true" : "false"));
    }
    drawn.cut = [cells](const Range& range, Random& of) {
        return producer::flags(part(cells, range), of);
    };
    return drawn;
}

struct Item {
    std::optional<std::string> name;
    std::optional<std::int32_t> detail; // a day, or thousandths
};

/// A structure of a name and a detail; its own name is null where the item is.
/// The style says which of the shapes that they may have.
Made items_made(const Field& field, const std::vector<Item>& items, bool is_map, unsigned style,
                Random& random) {
    Cells<bool> there;
    Texts names;
    Cells<std::int32_t> days;
    Cells<double> weights;
    for (const Item& item : items) {
        there.push_back(item.name || item.detail || chance(random, 0.5) ? std::optional(true)
                                                                        : std::nullopt);
        names.push_back(item.name);
        days.push_back(item.detail);
        weights.push_back(item.detail ? std::optional(*item.detail / 1000.0) : std::nullopt);
    }
    return producer::structure(there, random, [&](std::size_t slack, std::size_t behind_all) {
        std::vector<Made> parts;
        parts.push_back(producer::texts(style % 3 == 0   ? "u"
                                        : style % 3 == 1 ? "U"
                                                         : "vu",
                                        producer::around(slack, names, behind_all), random));
        parts.push_back(field.kind == Kind::set
                            ? producer::numbers<std::int32_t>(
                                  "tdD", producer::around(slack, days, behind_all), random)
                            : producer::numbers<double>(
                                  "g", producer::around(slack, weights, behind_all), random));
        parts[0].name = is_map ? "key" : style % 2 == 0 ? "name" : "value";
        parts[1].name = is_map ? "value" : field.kind == Kind::set ? "until" : "weight";
        if (!is_map && style % 5 == 0) std::swap(parts[0], parts[1]);
        return parts;
    });
}

/// Lists: of texts, of structures, or maps.
Drawn draw_lists(const Field& field, std::size_t rows, Random& random) {
    Drawn drawn{field.name, {}, nullptr};
    const bool has_details = field.kind == Kind::tags || field.expires;
    const bool of_texts = !has_details || chance(random, 0.5);
    Cells<std::vector<Item>> cells;
    for (std::size_t i = 0; i < rows; ++i) {
        std::string csv;
        std::vector<Item> items(below(random, 4));
        for (Item& item : items) {
            if (chance(random, 0.1)) continue; // a null one
            item.name =
                of_texts ? one_of(random, {"高新技术企业", "a", " b ", "c:0.5", "d@2026-01-01", ""})
                         : one_of(random, {"高新技术企业", "a", "b", "c"});
            csv += (csv.empty() ? "" : "|") + *item.name;
            if (of_texts || chance(random, 0.5)) continue;
            if (field.kind == Kind::set) {
                item.detail = static_cast<std::int32_t>(below(random, 30'000));
                csv += "@" + Date{*item.detail}.to_string();
            } else {
                item.detail = static_cast<std::int32_t>(below(random, 1'100));
                csv += ":" + format_decimal(*item.detail, 3);
            }
        }
        // An empty list is known to be empty, which an empty cell may not be.
        const bool is_null = chance(random, 0.3) || (field.missing_is_unknown && csv.empty());
        cells.push_back(is_null ? std::nullopt : std::optional(items));
        drawn.csv.push_back(is_null ? std::nullopt : std::optional(csv));
    }
    const bool is_map = !of_texts && chance(random, 0.3);
    const auto style = static_cast<unsigned>(below(random, 30));
    drawn.shows_value = false; // blanks and null items are shown otherwise
    const std::string format = is_map ? "+m" : one_of(random, {"+l", "+L"});
    const std::string item_shape = one_of(random, {"u", "U", "vu", "i", "C"});
    drawn.cut = [=](const Range& range, Random& of) {
        return producer::list(format, part(cells, range), of, [&](const std::vector<Item>& items) {
            if (!of_texts) return items_made(field, items, is_map, style, of);
            Texts names;
            for (const Item& item : items)
                names.push_back(item.name);
            return item_shape == "i" || item_shape == "C"
                       ? producer::dictionary(item_shape.c_str(), names, of)
                       : producer::texts(item_shape, names, of);
        });
    };
    return drawn;
}

Drawn draw_nulls(const std::string& name, std::size_t rows) {
    return {name, Texts(rows), [](const Range& range, Random&) {
                return producer::nulls(range.before + range.count + range.behind);
            }};
}

Drawn draw(const Field& field, std::size_t rows, Random& random) {
    if (chance(random, 0.05)) return draw_nulls(field.name, rows);
    if (chance(random, 0.3)) return draw_texts(field, rows, random);
    switch (field.kind) {
    case Kind::number:
        switch (below(random, 6)) {
        case 0: return draw_floats<float>(field.name, "f", rows, random);
        case 1: return draw_floats<double>(field.name, "g", rows, random);
        case 2: return draw_decimals<__int128>(field.name, "", rows, random);
        case 3: return draw_decimals<std::int32_t>(field.name, ",32", rows, random);
        default: return draw_any_whole(field.name, rows, random);
        }
    case Kind::date: return draw_days(field.name, rows, random);
    case Kind::flag:
        return chance(random, 0.5) ? draw_flags(field.name, rows, random)
                                   : draw_any_whole(field.name, rows, random, -1, 2);
    case Kind::code: return draw_any_whole(field.name, rows, random);
    case Kind::set:
    case Kind::tags: return draw_lists(field, rows, random);
    default: return draw_texts(field, rows, random);
    }
}

struct Table {
    std::string csv;
    Made type;
    std::vector<Made> batches;
    std::vector<bool> shows_value; // by field
};

Table draw_table(const Schema& schema, Random& random) {
    const std::size_t rows = chance(random, 0.1) ? 4090 + below(random, 20) : below(random, 90);
    std::vector<Drawn> columns;
    Drawn ids = draw_any_whole("id", rows, random, 0, 1000);
    if (chance(random, 0.7)) {
        ids.csv.clear();
        for (std::size_t i = 0; i < rows; ++i)
            ids.csv.push_back(
                chance(random, 0.03)
                    ? std::nullopt
                    : std::optional("f" +
                                    std::to_string(chance(random, 0.03) ? below(random, 50) : i)));
        const std::string shape = one_of(random, {"u", "U", "vu", "i"});
        ids.cut = [cells = ids.csv, shape](const Range& range, Random& of) {
            return shape == "i" ? producer::dictionary("i", part(cells, range), of)
                                : producer::texts(shape, part(cells, range), of);
        };
    }
    Table table;
    table.shows_value.assign(schema.size(), true);
    for (std::uint32_t field = 0; field < schema.size(); ++field) {
        if (schema[field].derived() || chance(random, 0.4)) continue;
        columns.push_back(draw(schema[field], rows, random));
        table.shows_value[field] = columns.back().shows_value;
    }
    columns.insert(columns.begin() + static_cast<std::ptrdiff_t>(below(random, columns.size() + 1)),
                   ids);

    const auto batch = [&](std::size_t from, std::size_t count) {
        Cells<bool> there(count, true);
        Made made =
            producer::structure(there, random, [&](std::size_t slack, std::size_t behind_all) {
                std::vector<Made> children;
                for (const Drawn& column : columns) {
                    Made child = column.cut({from, count, slack, behind_all}, random);
                    child.name = column.name;
                    children.push_back(std::move(child));
                }
                return children;
            });
        return made;
    };
    table.type = batch(0, 0);
    for (std::size_t from = 0; from < rows;) {
        const std::size_t count = std::min(
            rows - from, below(random, 3) == 0 ? below(random, 5) : 1 + below(random, rows));
        table.batches.push_back(batch(from, count));
        from += count;
    }
    for (std::size_t column = 0; column < columns.size(); ++column)
        table.csv += (column > 0 ? "," : "") + columns[column].name;
    table.csv += ",\n"; // never a blank line: columns end with an ignored one
    table.csv.insert(table.csv.size() - 1, "extra");
    for (std::size_t row = 0; row < rows; ++row) {
        for (const Drawn& column : columns) {
            append_csv_cell(table.csv, column.csv[row].value_or(""), false);
            table.csv += ',';
        }
        table.csv += '\n';
    }
    return table;
}

/// All of a table but its lines.
std::string shown(const FirmTable& firms) {
    std::string out;
    for (std::size_t row = 0; row < firms.size(); ++row) {
        const FirmView firm = firms[row];
        out += std::string(firm.id()) + ":";
        for (std::uint32_t field = 0; field < firms.schema().size(); ++field) {
            const Field& of = firms.schema()[field];
            const Column& column = firms.column(field);
            out += " ";
            if (!firm.known(field))
                out += "?";
            else if (of.kind == Kind::set) {
                const std::span<const SetElement> elements = *firm.elements(field);
                for (const SetElement& element : elements)
                    out +=
                        column.dictionary[element.name] + "@" + std::to_string(element.until) + "|";
            } else if (of.kind == Kind::tags)
                for (const Tag& tag : firm.tags())
                    out += column.dictionary[tag.name] + ":" + std::to_string(tag.weight) + "|";
            else if (of.kind == Kind::text)
                out += column.texts[row];
            else if (of.is_string())
                out += firm.string(field).value_or("");
            else if (!of.is_ratio())
                out += std::to_string(*firm.scalar(field));
        }
        out += "\n";
    }
    // Texts get their numbers in the order in which the firms have them, however they come.
    for (std::uint32_t field = 0; field < firms.schema().size(); ++field)
        for (std::uint32_t i = 0; i < firms.column(field).dictionary.size(); ++i)
            out += firms.column(field).dictionary[i] + ";";
    return out;
}

/// Lines as rows; what was seen before is on a line, or in a row.
std::string shown(const FirmsRead& read, bool are_lines, const std::vector<bool>& shows_value) {
    std::string out;
    const auto row_of = [&](std::uint64_t line) { return are_lines ? line - 1 : line; };
    for (const Quarantined& entry : read.quarantine) {
        std::string reason = entry.reason;
        if (const std::size_t at = reason.find("seen before"); at != reason.npos)
            reason =
                "before " + std::to_string(row_of(std::stoull(reason.substr(reason.rfind(' ')))));
        const auto field = read.firms.schema().find(entry.field);
        out += std::to_string(row_of(entry.line)) + "|" + entry.firm_id + "|" + entry.field + "|" +
               (!field || shows_value[*field] ? entry.value : "") + "|" + reason + "\n";
    }
    return out + "aside: " + std::to_string(read.rows_set_aside) + "\n";
}

/// CSV counts lines, and a cell may hold a line break; those before each record.
void count_rows(FirmsRead& read, const std::string& csv) {
    std::vector<std::uint64_t> row_of(2);
    CsvScanner scanner(csv);
    for (std::uint64_t row = 1; scanner.next(); ++row) {
        row_of.resize(std::max<std::size_t>(row_of.size(), scanner.line() + 1));
        row_of[scanner.line()] = row;
    }
    for (Quarantined& entry : read.quarantine) {
        entry.line = row_of[entry.line];
        const std::size_t at = entry.reason.rfind(' ');
        if (entry.reason.find("seen before") != entry.reason.npos)
            entry.reason = entry.reason.substr(0, at + 1) +
                           std::to_string(row_of[std::stoull(entry.reason.substr(at))]);
    }
}

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
    const char* const text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

} // namespace

TEST_CASE("firms from Arrow are the firms from the same CSV") {
    const std::uint64_t first = setting("QICE_ARROW_SEED", 1);
    const std::uint64_t cases = setting("QICE_ARROW_CASES", 1500);
    const SchemaPtr schema = world::schema(R"({"id": "id", "fields": [
     {"name": "revenue", "kind": "number", "unit": "元", "decimals": 2},
     {"name": "rd", "kind": "number", "unit": "元", "decimals": 4},
     {"name": "total", "kind": "number", "unit": "元", "derive": {"sum": ["revenue", "rd"]}},
     {"name": "patents", "kind": "number"},
     {"name": "established", "kind": "date"},
     {"name": "age", "kind": "number", "derive": {"months_since": "established"}},
     {"name": "dishonest", "kind": "flag"},
     {"name": "scale", "kind": "category", "values": ["micro", "small", "medium", "large"]},
     {"name": "kind", "kind": "category"},
     {"name": "industry", "kind": "code", "codes": "gbt4754"},
     {"name": "park", "kind": "code", "codes": "prefix"},
     {"name": "titles", "kind": "set", "expires": true},
     {"name": "labels", "kind": "set", "missing": "unknown"},
     {"name": "follows", "kind": "tags"},
     {"name": "name", "kind": "text"}]})");
    std::size_t firms = 0, quarantined = 0;
    for (std::uint64_t seed = first; seed < first + cases; ++seed) {
        Random random(seed);
        const Table table = draw_table(*schema, random);
        ReadOptions options;
        options.as_of = world::day("2026-11-23");
        options.strict = chance(random, 0.3);
        options.ignore_unknown_columns = true;
        FirmsRead from_csv = read_firms_csv(table.csv, "f.csv", schema, options).value();
        count_rows(from_csv, table.csv);
        options.threads = 1 + static_cast<unsigned>(below(random, 3));
        Books books;
        ArrowArrayStream stream = producer::stream(books, table.type, table.batches);
        const Result<FirmsRead> from_arrow = read_firms_arrow(&stream, schema, options);
        INFO("QICE_ARROW_SEED=" << seed);
        INFO(from_arrow.status().to_string());
        REQUIRE(from_arrow.ok());
        REQUIRE(books.all_released());
        REQUIRE(shown(from_csv, true, table.shows_value) ==
                shown(*from_arrow, false, table.shows_value));
        REQUIRE(shown(from_csv.firms) == shown(from_arrow->firms));
        firms += from_arrow->firms.size();
        quarantined += from_arrow->quarantine.size();
    }
    CHECK(firms > 20 * cases);
    CHECK(quarantined > 5 * cases);
}
