#include "io/firm_csv.hpp"

#include "base/string_map.hpp"
#include "qice/base/text.hpp"

namespace qice {
namespace {

Status check_line_ends(const CsvScanner& scanner, const Place& place) {
    for (std::string_view cell : scanner.cells())
        if (trim(cell).find('\r') != cell.npos)
            return invalid_input("the lines end with a lone CR; save the file with LF or CRLF",
                                 place);
    return {};
}

} // namespace

Result<Columns> columns_of(const std::vector<std::string_view>& names, const Schema& schema,
                           const ReadOptions& options, const Place& place) {
    Columns columns;
    columns.id = SIZE_MAX;
    StringSet seen;
    for (std::string_view cell : names) {
        const std::string_view name = trim(cell);
        if (!name.empty() && !seen.insert(name))
            return invalid_input("column " + in_quotes(name) + " stands twice", place);
        if (name.empty())
            return invalid_input("column " + std::to_string(columns.fields.size() + 1) + " of " +
                                     std::to_string(names.size()) +
                                     " has no name; name it or take it out",
                                 place);
        if (name == schema.id_column()) {
            columns.id = columns.fields.size();
            columns.fields.push_back(Columns::kId);
            continue;
        }
        const auto field = schema.find(name);
        if (field && schema[*field].derived()) return derived_field(schema[*field], place);
        if (!field) {
            if (!options.ignore_unknown_columns)
                return unknown_field(schema, "column", name, place);
            columns.ignored.emplace_back(name);
        }
        columns.fields.push_back(field.value_or(Columns::kIgnored));
    }
    if (columns.id == SIZE_MAX)
        return invalid_input("there is no column " + in_quotes(schema.id_column()) +
                                 ", which names the firm; the schema's "
                                 "\"id\" says which column that is",
                             place);
    return columns;
}

Result<Columns> open_csv(const CsvScanner& scanner, std::string_view text, const std::string& file,
                         const Schema& schema, const ReadOptions& options) {
    const Place header_place{file, static_cast<std::uint32_t>(scanner.line())};
    const std::string_view mark = text.substr(0, 4);
    if (mark.substr(0, 2) == "\xff\xfe" || mark.substr(0, 2) == "\xfe\xff")
        return invalid_input("this file is UTF-16; save it as CSV in UTF-8", {file});
    if (mark == "PK\x03\x04" || mark == "\xd0\xcf\x11\xe0")
        return invalid_input("this is a workbook or an archive; save the table as CSV", {file});
    if (mark.substr(0, 1) == "{" || mark.substr(0, 1) == "[")
        return invalid_input("this looks like JSON; firms come as CSV, or as JSON Lines in a file "
                             "whose name ends in .jsonl",
                             {file});
    if (!is_utf8(scanner.raw()))
        return invalid_input(
            "the header is not UTF-8; if Excel wrote this file, read it as GB 18030", header_place);
    if (scanner.fault() != CsvScanner::Fault::none)
        return invalid_input(describe(scanner.fault()), header_place);
    QICE_RETURN_IF_ERROR(check_line_ends(scanner, header_place));
    return columns_of(scanner.cells(), schema, options, header_place);
}

Status empty_csv(const std::string& file) {
    return invalid_input("this file is empty; its first line must name the columns", {file});
}

void take_record(FirmCollector& rows, const CsvRecords& records, const Columns& columns) {
    const std::uint64_t line = records.line();
    const std::string_view id = trim(records.cell(columns.id));
    if (!records.is_ascii() && !is_utf8(records.raw())) {
        rows.set_aside(line, {}, {}, "the row is not UTF-8");
    } else if (records.fault() != CsvScanner::Fault::none) {
        rows.set_aside(line, {}, records.raw(), describe(records.fault()));
    } else if (records.size() > columns.fields.size()) {
        rows.set_aside(line, id, records.raw(),
                       "the row has " + std::to_string(records.size()) + " cells, the header " +
                           std::to_string(columns.fields.size()));
    } else if (rows.begin(line, id)) {
        for (const CsvRecords::Cell& cell : records.filled())
            if (const std::uint32_t field = columns.fields[cell.column]; field < Columns::kIgnored)
                rows.cell(field, cell.text);
        rows.end();
    }
}

} // namespace qice
