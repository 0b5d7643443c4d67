#include "qice/io/reader.hpp"

#include "base/json.hpp"
#include "base/string_map.hpp"
#include "io/byte_source.hpp"
#include "io/encoding.hpp"
#include "qice/base/csv.hpp"
#include "qice/base/text.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace qice {
namespace {

/// Takes rows one by one, keeps the good ones, sets the others aside.
class RowCollector {
  public:
    RowCollector(SchemaPtr schema, const ReadOptions& options)
        : schema_(std::move(schema)), options_(options), builder_(schema_, options.as_of) {}

    void set_aside(std::uint64_t line, std::string_view id, std::string_view value,
                   std::string reason) {
        quarantine_.push_back({line, std::string(id), {}, excerpt(value, 200), std::move(reason)});
        ++rows_set_aside_;
    }

    /// False if the row is set aside: no id, or one seen before.
    bool begin(std::uint64_t line, std::string_view id) {
        if (id.empty()) {
            set_aside(line, {}, {}, "the row has no " + schema_->id_column());
            return false;
        }
        const auto [first, is_new] = seen_.emplace(id, line);
        if (!is_new) {
            set_aside(line, id, id,
                      "this " + schema_->id_column() + " was seen before, on line " +
                          std::to_string(first->second));
            return false;
        }
        builder_.begin(id, line);
        line_ = line;
        id_ = id;
        bad_cells_ = 0;
        return true;
    }

    void cell(std::uint32_t field, std::string_view text) {
        if (const char* reason = builder_.set(field, text)) bad_cell(field, text, reason);
    }
    void json_number(std::uint32_t field, std::string_view text) {
        if (const char* reason = builder_.set_json_number(field, text))
            bad_cell(field, text, reason);
    }
    void unreadable(std::uint32_t field, std::string_view value, std::string reason) {
        builder_.set_unknown(field);
        bad_cell(field, value, std::move(reason));
    }
    void bad_cell(std::uint32_t field, std::string_view value, std::string reason) {
        quarantine_.push_back(
            {line_, id_, (*schema_)[field].name, excerpt(value, 200), std::move(reason)});
        ++bad_cells_;
    }

    void end() {
        for (std::uint32_t field : builder_.overflows())
            bad_cell(field, {}, "the derived number is too large");
        if (options_.strict && bad_cells_ > 0) {
            builder_.abandon();
            ++rows_set_aside_;
        } else {
            builder_.end();
        }
    }

    std::size_t size() const { return builder_.size(); }

    /// The table, derived.
    FirmsRead finish() && {
        FirmsRead out{std::move(builder_).finish(), std::move(quarantine_), {}, rows_set_aside_};
        return out;
    }

  private:
    SchemaPtr schema_;
    const ReadOptions& options_;
    FirmTableBuilder builder_;
    StringMap<std::uint64_t> seen_; // id -> line
    std::vector<Quarantined> quarantine_;
    std::uint64_t rows_set_aside_ = 0;
    std::uint64_t line_ = 0;
    std::string id_;
    int bad_cells_ = 0;
};

Status unknown_field(const Schema& schema, std::string_view what, std::string_view name,
                     Place place) {
    std::string message =
        std::string(what) + " " + in_quotes(name) + " is not a field of the schema";
    std::vector<std::string> names = schema.names();
    names.push_back(schema.id_column());
    const std::string near = nearest(name, names);
    if (!near.empty())
        message += "; did you mean " + in_quotes(near) + "?";
    else
        message += "; add it to the schema (kind \"text\" carries it along), take it out, or use "
                   "--ignore-unknown-columns";
    return invalid_input(std::move(message), std::move(place));
}

Status derived_field(const Field& field, Place place) {
    return invalid_input("column " + in_quotes(field.name) +
                             " is derived from other fields by the schema; take it "
                             "out of the file, or the derivation out of the schema",
                         std::move(place));
}

/// What each column of a file is.
struct Columns {
    static constexpr std::uint32_t kId = UINT32_MAX, kIgnored = UINT32_MAX - 1;
    std::vector<std::uint32_t> fields;
    std::size_t id = 0;
    std::vector<std::string> ignored;
};

Result<Columns> read_header(const CsvScanner& scanner, const Schema& schema,
                            const ReadOptions& options, const Place& place) {
    Columns columns;
    columns.id = SIZE_MAX;
    StringSet seen;
    for (std::string_view cell : scanner.cells()) {
        const std::string_view name = trim(cell);
        if (!name.empty() && !seen.insert(std::string(name)).second)
            return invalid_input("column " + in_quotes(name) + " stands twice", place);
        if (name.empty())
            return invalid_input("column " + std::to_string(columns.fields.size() + 1) + " of " +
                                     std::to_string(scanner.cells().size()) +
                                     " has no name; name it or take it out",
                                 place);
        if (name.find('\r') != name.npos)
            return invalid_input("the lines end with a lone CR; save the file with LF or CRLF",
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

/// The columns of a CSV text whose first record the scanner stands on.
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
            "the header is not UTF-8; if Excel wrote this file, try --encoding gb18030",
            header_place);
    if (scanner.fault() != CsvScanner::Fault::none)
        return invalid_input(describe(scanner.fault()), header_place);
    return read_header(scanner, schema, options, header_place);
}

Status empty_file(const std::string& file) {
    return invalid_input("this file is empty; its first line must name the columns", {file});
}

/// Takes the record that the scanner stands on.
void take_record(RowCollector& rows, const CsvScanner& scanner, const Columns& columns) {
    const std::uint64_t line = scanner.line();
    const std::vector<std::string_view>& cells = scanner.cells();
    if (!is_utf8(scanner.raw())) {
        rows.set_aside(line, {}, {}, "the row is not UTF-8");
    } else if (scanner.fault() != CsvScanner::Fault::none) {
        rows.set_aside(line, {}, scanner.raw(), describe(scanner.fault()));
    } else if (cells.size() > columns.fields.size()) {
        rows.set_aside(line, columns.id < cells.size() ? trim(cells[columns.id]) : "",
                       scanner.raw(),
                       "the row has " + std::to_string(cells.size()) + " cells, the header " +
                           std::to_string(columns.fields.size()));
    } else if (rows.begin(line, columns.id < cells.size() ? trim(cells[columns.id]) : "")) {
        for (std::size_t i = 0; i < cells.size(); ++i)
            if (columns.fields[i] < Columns::kIgnored) rows.cell(columns.fields[i], cells[i]);
        rows.end();
    }
}

} // namespace

Result<FirmsRead> read_firms_csv(std::string_view text, const std::string& file, SchemaPtr schema,
                                 const ReadOptions& options) {
    CsvScanner scanner(text);
    if (!scanner.next()) return empty_file(file);
    QICE_ASSIGN_OR_RETURN(Columns columns, open_csv(scanner, text, file, *schema, options));
    RowCollector rows(schema, options);
    while (scanner.next())
        take_record(rows, scanner, columns);
    FirmsRead out = std::move(rows).finish();
    out.ignored_columns = std::move(columns.ignored);
    return out;
}

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

void json_cell(RowCollector& rows, const Schema& schema, std::uint32_t field, const Json& value) {
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

/// Takes one line of JSON Lines; an unknown key is a Status, unless it may be ignored.
Status take_json_line(RowCollector& rows, const Schema& schema, const ReadOptions& options,
                      const JsonSource& source, StringSet& ignored) {
    const std::string_view line = source.text;
    const std::uint32_t number = source.first_line;
    const Result<Json> firm = parse_json(source);
    if (!firm.ok() || !firm->is(Json::Kind::object)) {
        rows.set_aside(number, {}, line,
                       firm.ok() ? "a firm is a JSON object" : firm.status().message());
        return {};
    }
    const Json* id = firm->find(schema.id_column());
    const bool has_id = id != nullptr && (id->is(Json::Kind::string) || id->is(Json::Kind::number));
    for (const auto& [key, value] : firm->members) {
        if (key == schema.id_column()) continue;
        const auto field = schema.find(key);
        if (field && schema[*field].derived())
            return derived_field(schema[*field], source.place(value.offset));
        if (field) continue;
        if (!options.ignore_unknown_columns)
            return unknown_field(schema, "key", key, source.place(value.offset));
        ignored.insert(key);
    }
    if (!rows.begin(number, has_id ? trim(id->text) : "")) return {};
    for (const auto& [key, value] : firm->members)
        if (const auto field = schema.find(key)) json_cell(rows, schema, *field, value);
    rows.end();
    return {};
}

/// The text of a line, or nothing if it is blank.
std::string_view json_line(std::string_view line) {
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return trim(line).empty() ? std::string_view{} : line;
}

std::vector<std::string> sorted(const StringSet& names) {
    std::vector<std::string> out(names.begin(), names.end());
    std::sort(out.begin(), out.end());
    return out;
}

} // namespace

Result<FirmsRead> read_firms_jsonl(std::string_view text, const std::string& file, SchemaPtr schema,
                                   const ReadOptions& options) {
    if (text.substr(0, 3) == "\xef\xbb\xbf") text.remove_prefix(3);
    RowCollector rows(schema, options);
    StringSet ignored;
    std::uint32_t number = 0;
    for (std::string_view raw : split(text, '\n')) {
        ++number;
        const std::string_view line = json_line(raw);
        if (!line.empty())
            QICE_RETURN_IF_ERROR(
                take_json_line(rows, *schema, options, {file, line, number}, ignored));
    }
    FirmsRead out = std::move(rows).finish();
    out.ignored_columns = sorted(ignored);
    return out;
}

Result<FirmsRead> read_firms(const std::string& path, SchemaPtr schema,
                             const ReadOptions& options) {
    QICE_ASSIGN_OR_RETURN(std::string text, read_file(path == "-" ? "/dev/stdin" : path));
    if (options.encoding == Encoding::gb18030) text = utf8_from_gb18030(text);
    if (path.ends_with(".jsonl")) return read_firms_jsonl(text, path, std::move(schema), options);
    return read_firms_csv(text, path, std::move(schema), options);
}

// ------------------------------------------------------------------------------- FirmReader

/// The text that is not used up yet, and where it stands in the file.
class FirmReader::Impl {
  public:
    Impl(std::string path, SchemaPtr schema, const ReadOptions& options, ByteSource source)
        : path_(std::move(path)), schema_(std::move(schema)), options_(options),
          source_(std::move(source)), json_(path_.ends_with(".jsonl")) {}

    Status open() {
        QICE_RETURN_IF_ERROR(source_.read(text_, kChunk));
        const std::string mark = text_.substr(0, 4);
        if (mark.starts_with("\xef\xbb\xbf")) text_.erase(0, 3);
        if (json_) return {};
        for (;;) {
            scanner_.emplace(text_, line_, !source_.at_end());
            if (scanner_->next()) break;
            if (source_.at_end()) return empty_file(path_);
            QICE_RETURN_IF_ERROR(more(0));
        }
        QICE_ASSIGN_OR_RETURN(columns_, open_csv(*scanner_, mark, path_, *schema_, options_));
        return {};
    }

    Result<FirmsRead> next(std::size_t firms) {
        RowCollector rows(schema_, options_);
        StringSet ignored;
        while (rows.size() < std::max<std::size_t>(firms, 1)) {
            if (json_) {
                if (at_ >= text_.size() && source_.at_end()) break;
                QICE_RETURN_IF_ERROR(next_json_line(rows, ignored));
                continue;
            }
            if (scanner_->next()) {
                take_record(rows, *scanner_, columns_);
                continue;
            }
            if (source_.at_end()) break;
            line_ = scanner_->rest_line();
            QICE_RETURN_IF_ERROR(more(scanner_->rest()));
            scanner_.emplace(text_, line_, !source_.at_end());
        }
        FirmsRead out = std::move(rows).finish();
        out.ignored_columns = json_ ? sorted(ignored) : columns_.ignored;
        return out;
    }

  private:
    static constexpr std::size_t kChunk = 4 << 20;

    /// Drops what is used and reads on; twice as much each time that nothing could be used.
    Status more(std::size_t used) {
        text_.erase(0, used);
        return source_.read(text_, std::max(kChunk, text_.size()));
    }

    Status next_json_line(RowCollector& rows, StringSet& ignored) {
        std::size_t end = text_.find('\n', at_);
        while (end == text_.npos && !source_.at_end()) {
            QICE_RETURN_IF_ERROR(more(std::exchange(at_, 0)));
            end = text_.find('\n');
        }
        end = std::min(end, text_.size());
        const std::string_view line = json_line(std::string_view(text_).substr(at_, end - at_));
        at_ = std::min(end + 1, text_.size());
        const auto number = static_cast<std::uint32_t>(line_++);
        if (line.empty()) return {};
        return take_json_line(rows, *schema_, options_, {path_, line, number}, ignored);
    }

    std::string path_;
    SchemaPtr schema_;
    ReadOptions options_;
    ByteSource source_;
    bool json_;
    std::string text_;
    std::uint64_t line_ = 1;            // of text_ (CSV), of at_ (JSON)
    std::size_t at_ = 0;                // JSON: the next line
    std::optional<CsvScanner> scanner_; // CSV: over text_
    Columns columns_;
};

FirmReader::FirmReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FirmReader::FirmReader(FirmReader&&) noexcept = default;
FirmReader& FirmReader::operator=(FirmReader&&) noexcept = default;
FirmReader::~FirmReader() = default;

Result<FirmReader> FirmReader::open(const std::string& path, SchemaPtr schema,
                                    const ReadOptions& options) {
    QICE_ASSIGN_OR_RETURN(ByteSource source,
                          ByteSource::open(path, options.encoding == Encoding::gb18030));
    auto impl = std::make_unique<Impl>(path, std::move(schema), options, std::move(source));
    QICE_RETURN_IF_ERROR(impl->open());
    return FirmReader(std::move(impl));
}

Result<FirmsRead> FirmReader::next(std::size_t firms) { return impl_->next(firms); }

} // namespace qice
