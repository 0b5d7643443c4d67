#include "cli/one_firm.hpp"

#include "base/json.hpp"
#include "io/encoding.hpp"
#include "qice/base/csv.hpp"
#include "qice/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qice::cli {
namespace {

/// Copies rows, each on its own line of the file: blank lines stand for what is left out.
class Excerpt {
  public:
    void add(std::uint64_t line, std::string_view row) {
        while (line_ < line) {
            text += '\n';
            ++line_;
        }
        text += row;
        line_ += static_cast<std::uint64_t>(std::count(row.begin(), row.end(), '\n'));
    }
    std::string text;

  private:
    std::uint64_t line_ = 1;
};

/// The header and the rows with this id.
std::string excerpt_csv(std::string_view text, const Schema& schema, const std::string& id) {
    Excerpt excerpt;
    CsvScanner scanner(text);
    if (!scanner.next()) return {};
    excerpt.add(scanner.line(), scanner.raw());
    const auto& header = scanner.cells();
    const auto column = std::find_if(header.begin(), header.end(), [&](std::string_view cell) {
        return trim(cell) == schema.id_column();
    });
    const auto at = static_cast<std::size_t>(column - header.begin());
    while (scanner.next()) {
        const auto& cells = scanner.cells();
        if (at < cells.size() && trim(cells[at]) == id) excerpt.add(scanner.line(), scanner.raw());
    }
    excerpt.text += '\n';
    return std::move(excerpt.text);
}

std::string excerpt_jsonl(std::string_view text, const Schema& schema, const std::string& id) {
    Excerpt excerpt;
    std::uint64_t number = 0;
    for (std::string_view line : split(text, '\n')) {
        ++number;
        if (line.find(id) == std::string_view::npos) continue;
        const Result<Json> firm = parse_json({"", line});
        const Json* value = firm.ok() ? firm->find(schema.id_column()) : nullptr;
        if (value != nullptr && trim(value->text) == id) excerpt.add(number, line);
    }
    excerpt.text += '\n';
    return std::move(excerpt.text);
}

Result<FirmsRead> read_text(std::string_view text, const Options& options, const SchemaPtr& schema,
                            const ReadOptions& read) {
    if (options.firms.ends_with(".jsonl"))
        return read_firms_jsonl(text, options.firms, schema, read);
    return read_firms_csv(text, options.firms, schema, read);
}

/// Why the firm is not in the table: its row was set aside, or there is none.
Status not_found(const Options& options, const FirmsRead& all, const std::string& id) {
    for (const Quarantined& entry : all.quarantine)
        if (entry.firm_id == id)
            return invalid_input("firm " + in_quotes(id) + ": its row was set aside: " +
                                     (entry.field.empty() ? "" : entry.field + " ") + entry.reason,
                                 {options.firms, static_cast<std::uint32_t>(entry.line)});
    std::vector<std::string> ids;
    for (std::size_t row = 0; row < all.firms.size(); ++row)
        ids.emplace_back(all.firms.id(row));
    const std::string near = nearest(id, ids);
    return invalid_input("there is no firm " + in_quotes(id) + " among " +
                             std::to_string(ids.size()) +
                             (near.empty() ? "" : "; did you mean " + in_quotes(near) + "?"),
                         {options.firms});
}

} // namespace

Result<FirmsRead> load_one_firm(const Options& options, const SchemaPtr& schema, Date as_of,
                                const std::string& id) {
    QICE_ASSIGN_OR_RETURN(std::string text,
                          read_file(options.firms == "-" ? "/dev/stdin" : options.firms));
    if (options.encoding == "gb18030") text = utf8_from_gb18030(text);
    ReadOptions read = read_options(options, as_of);
    read.encoding = Encoding::utf8; // by now
    const bool json = options.firms.ends_with(".jsonl");
    const std::string part =
        json ? excerpt_jsonl(text, *schema, id) : excerpt_csv(text, *schema, id);
    // An empty or headless file fails like any other.
    Result<FirmsRead> one = read_text(part.size() <= 1 ? text : part, options, schema, read);
    if (!one.ok() || one->firms.size() == 1) return one;
    Result<FirmsRead> all = read_text(text, options, schema, read);
    if (!all.ok()) return all.status();
    return not_found(options, *all, id);
}

bool complain_of_cells(const Options& options, const FirmsRead& read) {
    for (const std::string& column : read.ignored_columns)
        say(options, "column \"" + column + "\" is ignored: the schema does not know it");
    for (const Quarantined& entry : read.quarantine)
        complain(fmt::format("{}:{}: {}: {} \"{}\" {}", options.firms, entry.line, entry.firm_id,
                             entry.field.empty() ? "row set aside:" : entry.field,
                             excerpt(entry.value), entry.reason));
    return !read.quarantine.empty();
}

} // namespace qice::cli
