#include "push/firm_record.hpp"

#include "qice/base/csv.hpp"
#include "qice/base/text.hpp"

#include <charconv>

namespace qice {
namespace {

constexpr std::size_t kNowhere = SIZE_MAX;

void append_number(std::string& out, std::int64_t value) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out.append(digits, end);
}

void append_elements(std::string& out, const Column& column, std::size_t row) {
    for (std::uint32_t i = column.offsets[row]; i < column.offsets[row + 1]; ++i) {
        const SetElement& element = column.elements[i];
        if (i > column.offsets[row]) out += '|';
        out += column.dictionary[element.name];
        if (element.until != kForever) out += '@' + Date{element.until}.to_string();
    }
}

void append_tags(std::string& out, const Column& column, std::size_t row) {
    for (std::uint32_t i = column.offsets[row]; i < column.offsets[row + 1]; ++i) {
        const Tag& tag = column.tags[i];
        if (i > column.offsets[row]) out += '|';
        out += column.dictionary[tag.name];
        out += ':' + format_decimal(tag.weight, 3);
    }
}

/// The canonical text of a value; empty where there is none.
void append_cell(std::string& out, const Field& field, const Column& column, std::size_t row) {
    switch (field.kind) {
    case Kind::number:
        if (column.numbers.empty() || column.numbers[row] == kUnknownNumber) return;
        if (field.decimals == 0) return append_number(out, column.numbers[row]);
        out += format_decimal(column.numbers[row], field.decimals);
        return;
    case Kind::date:
        if (column.numbers.empty() || column.numbers[row] == kUnknownNumber) return;
        out += Date{static_cast<std::int32_t>(column.numbers[row])}.to_string();
        return;
    case Kind::flag:
        if (column.flags.empty() || column.flags[row] > 1) return;
        out += column.flags[row] == 1 ? "true" : "false";
        return;
    case Kind::category:
    case Kind::code:
        if (column.codes.empty() || column.codes[row] == kUnknownCode) return;
        out += field.codes ? (*field.codes)[column.codes[row]].code
                           : column.dictionary[column.codes[row]];
        return;
    case Kind::set:
        if (column.offsets.empty()) return;
        if (column.unknown[row] != 0) {
            if (!field.missing_is_unknown) out += kUnknownCell;
            return;
        }
        return append_elements(out, column, row);
    case Kind::tags:
        if (!column.offsets.empty()) append_tags(out, column, row);
        return;
    case Kind::text:
        if (column.texts.size() > 0) out += column.texts[row];
        return;
    }
}

} // namespace

std::string layout_header(const Schema& schema) {
    std::string header;
    bool is_first = true;
    for (const Field& field : schema.fields()) {
        if (field.derived()) continue;
        if (!is_first) header += ',';
        is_first = false;
        append_csv_cell(header, field.name, false);
    }
    return header;
}

// ------------------------------------------------------------------------- FirmRecordWriter

FirmRecordWriter::FirmRecordWriter(const FirmTable& firms) : firms_(firms) {
    for (std::uint32_t field = 0; field < firms.schema().size(); ++field)
        if (!firms.schema()[field].derived()) fields_.push_back(field);
}

FirmRecordWriter::Written FirmRecordWriter::write(std::size_t row) {
    record_.clear();
    std::size_t commas = 0; // not written yet: those at the end never are
    for (const std::uint32_t number : fields_) {
        const Field& field = firms_.schema()[number];
        cell_.clear();
        append_cell(cell_, field, firms_.column(number), row);
        if (!cell_.empty()) {
            record_.append(commas, ',');
            commas = 0;
            append_csv_cell(record_, cell_, false);
            sha_.add_text(field.name);
            sha_.add_text(cell_);
        }
        ++commas;
    }
    return {record_, sha_.take()};
}

// ------------------------------------------------------------------------- FirmRecordReader

FirmRecordReader::FirmRecordReader(SchemaPtr schema,
                                   const std::map<std::int64_t, std::string>& layouts)
    : schema_(std::move(schema)), tags_(kNowhere) {
    std::map<std::string, std::size_t, std::less<>> places;
    for (const Field& field : schema_->fields())
        if (!field.derived()) places.emplace(field.name, cells_++);
    if (schema_->tags()) tags_ = places.at((*schema_)[*schema_->tags()].name);
    header_ = layout_header(*schema_);
    for (const auto& [number, header] : layouts) {
        Layout& layout = layouts_[number];
        layout.same = header == header_;
        CsvScanner scanner(header);
        if (!scanner.next()) continue;
        for (const std::string_view name : scanner.cells()) {
            const auto place = places.find(name);
            layout.places.push_back(place == places.end() ? kNowhere : place->second);
        }
    }
}

void FirmRecordReader::add_moved(const Layout& layout, std::string_view record,
                                 const Taste* taste) {
    std::vector<std::string_view> moved(cells_);
    CsvScanner scanner(record);
    if (scanner.next())
        for (std::size_t i = 0; i < scanner.cells().size() && i < layout.places.size(); ++i)
            if (layout.places[i] != kNowhere) moved[layout.places[i]] = scanner.cells()[i];
    for (std::size_t i = 0; i < cells_; ++i) {
        text_ += ',';
        if (i == tags_ && taste != nullptr)
            append_csv_cell(text_, learnt_cell(moved[i], *taste), false);
        else
            append_csv_cell(text_, moved[i], false);
    }
}

void FirmRecordReader::add(std::string_view id, std::int64_t layout, std::string_view record,
                           const Taste* taste) {
    append_csv_cell(text_, id, false);
    const auto known = layouts_.find(layout);
    const bool learns = taste != nullptr && tags_ != kNowhere;
    if (known != layouts_.end() && (!known->second.same || learns)) {
        add_moved(known->second, record, taste);
    } else if (!record.empty()) {
        text_ += ',';
        text_ += record;
    }
    text_ += '\n';
}

Result<FirmsRead> FirmRecordReader::read(Date as_of, unsigned threads) {
    std::string header;
    append_csv_cell(header, schema_->id_column(), false);
    if (cells_ > 0) header += ',' + header_;
    text_.insert(0, header + '\n');
    ReadOptions options;
    options.as_of = as_of;
    options.threads = threads;
    options.unknown_cell = kUnknownCell;
    Result<FirmsRead> read = read_firms_csv(text_, "store", schema_, options);
    text_.clear();
    return read;
}

} // namespace qice
