#include "cli/store_input.hpp"

#include "base/json.hpp"
#include "qice/base/csv.hpp"
#include "qice/base/text.hpp"
#include "qice/io/writer.hpp"

#include <algorithm>
#include <map>
#include <optional>

namespace qice::cli {
namespace {

using Mapping = std::map<std::string, std::optional<std::string>, std::less<>>;

Result<Mapping> read_mapping(const std::string& path) {
    Mapping out;
    if (path.empty()) return out;
    QICE_ASSIGN_OR_RETURN(const std::string text, read_file(path));
    const JsonSource source{path, text};
    QICE_ASSIGN_OR_RETURN(const Json json, parse_json(source));
    if (!json.is(Json::Kind::object))
        return invalid_input("a mapping is an object like {\"column\": \"field\"}",
                             source.place(json.offset));
    for (const auto& [column, field] : json.members) {
        if (!field.is(Json::Kind::string) && !field.is(Json::Kind::null))
            return invalid_input("column " + in_quotes(column) +
                                     " needs the name of a field, or null, got " + field.describe(),
                                 source.place(field.offset));
        out[column] = field.is(Json::Kind::string) ? std::optional(field.text) : std::nullopt;
    }
    return out;
}

} // namespace

Result<std::vector<OptOut>> read_opt_outs(const std::string& path, const Schema& schema) {
    QICE_ASSIGN_OR_RETURN(const std::string text, read_file(path));
    const auto fault = [&](const CsvScanner& scanner, const std::string& message) {
        return invalid_input(message, {path, static_cast<std::uint32_t>(scanner.line()), 0});
    };
    CsvScanner scanner(text);
    std::size_t id = SIZE_MAX, tag = SIZE_MAX;
    if (!scanner.next()) return invalid_input("this file is empty", {path});
    for (std::size_t i = 0; i < scanner.cells().size(); ++i) {
        const std::string_view name = trim(scanner.cells()[i]);
        if (name == "tag")
            tag = i;
        else if (name == "firm_id" || name == schema.id_column())
            id = i;
        else
            return fault(scanner, "column " + in_quotes(name) +
                                      " is not known here; opt-outs have firm_id and tag");
    }
    if (id == SIZE_MAX) return fault(scanner, "opt-outs need a column firm_id");
    std::vector<OptOut> out;
    while (scanner.next()) {
        const auto& cells = scanner.cells();
        if (scanner.fault() != CsvScanner::Fault::none)
            return fault(scanner, describe(scanner.fault()));
        if (!is_utf8(scanner.raw())) return fault(scanner, "the row is not UTF-8");
        const std::string_view firm = id < cells.size() ? trim(cells[id]) : std::string_view();
        if (firm.empty()) return fault(scanner, "the row names no firm");
        out.push_back({std::string(firm),
                       std::string(tag < cells.size() ? trim(cells[tag]) : std::string_view())});
    }
    return out;
}

Result<FirmsRead> query_firms(Store& store, const std::string& sql, const std::string& mapping,
                              const SchemaPtr& schema, const ReadOptions& options) {
    QICE_ASSIGN_OR_RETURN(const Mapping names, read_mapping(mapping));
    std::string text;
    std::vector<bool> is_left_out;
    std::vector<std::string> unused;
    for (const auto& [column, field] : names)
        unused.push_back(column);
    const auto append_row = [&](auto&& cell_at, std::size_t cells) {
        bool is_first = true;
        for (std::size_t i = 0; i < cells; ++i) {
            if (is_left_out[i]) continue;
            if (!is_first) text += ',';
            is_first = false;
            append_csv_cell(text, cell_at(i), false);
        }
        text += '\n';
    };
    Store::Query query;
    query.columns = [&](std::span<const std::string_view> columns) -> Status {
        std::vector<std::string> fields;
        for (const std::string_view column : columns) {
            const auto found = names.find(column);
            std::erase(unused, column);
            is_left_out.push_back(found != names.end() && !found->second);
            fields.emplace_back(found != names.end() ? found->second.value_or("") : column);
        }
        append_row([&](std::size_t i) { return std::string_view(fields[i]); }, fields.size());
        if (unused.empty()) return {};
        return invalid_input("the query has no column " + in_quotes(unused.front()), {mapping});
    };
    query.row = [&](std::span<const std::optional<std::string_view>> cells) {
        append_row([&](std::size_t i) { return cells[i].value_or(std::string_view()); },
                   cells.size());
        return Status();
    };
    QICE_RETURN_IF_ERROR(store.query(sql, query));
    return read_firms_csv(text, "--firms-sql", schema, options);
}

Status write_quarantine(const std::string& path, const FirmsRead& read) {
    AtomicFile file(path);
    QICE_RETURN_IF_ERROR(file.open());
    QICE_RETURN_IF_ERROR(write_quarantine_header(file));
    QICE_RETURN_IF_ERROR(append_quarantine(file, read.quarantine));
    return file.commit();
}

} // namespace qice::cli
