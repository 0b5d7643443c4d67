// What the readers of both formats share: rows on their way into a table, ids seen, the quarantine.
//
// FirmCollector takes a batch of rows and knows nothing of other batches, so several threads may
// fill one each. FirmReading puts batches together, in the order of the file. A collector that is
// given the ids seen before refuses an id that comes again at once; without them, FirmReading finds
// out, and the batch has to be collected again.
//
// Cells come row by row (begin, cell, end) or, where rows are not refused for their cells, column
// by column: add_row() for each row, the values of one field after another, settle().
#pragma once

#include "model/firm_rows.hpp"
#include "qice/io/reader.hpp"

#include <cassert>

namespace qice {

class FirmCollector;

/// The ids of all firms so far, those of rows that were set aside for bad cells too.
class SeenIds {
  public:
    /// Adds the ids of a batch that is about to be written; false, and nothing, if one of them was
    /// seen before.
    bool add_all(const FirmCollector& batch, const FirmTableWriter& table,
                 std::uint64_t first_line);

    /// Room for so many ids.
    void expect(std::size_t ids) { index_.reserve(ids); }

  private:
    friend class FirmCollector;

    static constexpr std::uint32_t kAside = 1u << 31; // a number is a row, or kAside + place

    struct Aside {
        std::string id;
        std::uint64_t line;
    };

    std::string_view id(std::uint32_t number, const FirmCollector& batch,
                        const FirmTableWriter& table) const;

    HashIndex index_;
    std::vector<Aside> aside_;
};

class FirmCollector {
  public:
    FirmCollector(SchemaPtr schema, const ReadOptions& options)
        : schema_(std::move(schema)), strict_(options.strict), unknown_cell_(options.unknown_cell),
          rows_(schema_, options.as_of) {}

    /// Ids are looked for among those seen, and added to them, from now on. Lines of this batch
    /// count from `first_line`.
    void look_in(SeenIds* seen, const FirmTableWriter* table, std::uint64_t first_line) {
        seen_ = seen;
        table_ = table;
        first_line_ = first_line;
    }

    void set_aside(std::uint64_t line, std::string_view id, std::string_view value,
                   std::string reason);
    /// False if the row is set aside: no id, or one seen before.
    bool begin(std::uint64_t line, std::string_view id);
    void cell(std::uint32_t field, std::string_view text) {
        if (text == unknown_cell_ && !text.empty()) return rows_.set_unknown(field);
        if (const char* reason = rows_.set(field, text)) bad_cell(field, text, reason);
    }
    void json_number(std::uint32_t field, std::string_view text) {
        if (const char* reason = rows_.set_json_number(field, text)) bad_cell(field, text, reason);
    }
    void set_unknown(std::uint32_t field) { rows_.set_unknown(field); }
    void unreadable(std::uint32_t field, std::string_view value, std::string reason) {
        rows_.set_unknown(field);
        bad_cell(field, value, std::move(reason));
    }
    void end();

    /// A row whose values come later, column by column; only without ids seen, and not strict.
    bool add_row(std::uint64_t line, std::string_view id) {
        assert(seen_ == nullptr && !strict_);
        if (id.empty()) return refuse_without_id(line);
        hashes_.push_back(hash_text(id));
        rows_.add_row(id, line);
        return true;
    }
    /// Takes values by column, or those of the current row.
    FirmRows& values() { return rows_; }
    /// A value that was not taken, of a row of this batch or of the current one.
    void bad_value(std::uint32_t row, std::uint32_t field, std::string_view value,
                   std::string reason);
    /// All values are there.
    void settle();
    /// Rows are not lines of a file, but counted.
    void call_lines_rows() { seen_where_ = "in row "; }

    const FirmRows& rows() const { return rows_; }
    std::size_t size() const { return rows_.size(); }
    void clear();
    /// The rows to come go into another table.
    void change_table();

  private:
    friend class FirmReading;
    friend class SeenIds;

    void bad_cell(std::uint32_t field, std::string_view value, std::string reason);
    bool refuse_without_id(std::uint64_t line);

    SchemaPtr schema_;
    bool strict_;
    std::string unknown_cell_;
    FirmRows rows_;
    Array<std::uint32_t> hashes_; // of the rows' ids
    std::vector<SeenIds::Aside> aside_;
    std::vector<Quarantined> quarantine_;
    std::uint64_t rows_set_aside_ = 0;
    std::uint64_t line_ = 0;
    std::string id_;
    int bad_cells_ = 0;
    SeenIds* seen_ = nullptr;
    const FirmTableWriter* table_ = nullptr;
    std::uint64_t first_line_ = 0;
    std::size_t slot_ = 0; // of the current id among those seen
    const char* seen_where_ = "on line ";
};

/// A table in the making.
class FirmReading {
  public:
    FirmReading(SchemaPtr schema, const ReadOptions& options)
        : table_(std::move(schema), options.as_of) {}

    /// Room for so many firms.
    void expect(std::size_t firms);
    SeenIds& seen() { return seen_; }
    FirmTableWriter& table() { return table_; }
    /// Numbers the rows of a batch; they are still to be written to the table.
    FirmTableWriter::Place add(FirmCollector& batch, std::uint64_t first_line);
    /// Adds a batch that looked in the ids seen, writes it and clears it.
    void take(FirmCollector& batch);
    FirmsRead finish(unsigned threads) &&;

  private:
    FirmTableWriter table_;
    SeenIds seen_;
    std::vector<Quarantined> quarantine_;
    std::uint64_t rows_set_aside_ = 0;
};

Status unknown_field(const Schema& schema, std::string_view what, std::string_view name,
                     Place place);
/// What ReadOptions::cancel makes of reading.
Status cancelled_reading();
Status derived_field(const Field& field, Place place);

} // namespace qice
