// FirmTable: firms in columns of exact values, one column a field.
//
// A builder appends rows and derives the other columns for an as-of date; after that the table is
// only read. An absent column (no storage) means "empty for every firm". FirmView is one row.
#pragma once

#include "qice/base/date.hpp"
#include "qice/base/decimal.hpp"
#include "qice/model/schema.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qice {

inline constexpr std::int64_t kUnknownNumber = std::numeric_limits<std::int64_t>::min();
inline constexpr std::uint32_t kUnknownCode = UINT32_MAX;
inline constexpr std::int32_t kForever = INT32_MAX; // an element without a last day

/// Texts one after another; row i is bytes [offsets[i], offsets[i + 1]).
class TextColumn {
  public:
    void append(std::string_view text) {
        bytes_.append(text);
        offsets_.push_back(bytes_.size());
    }
    std::string_view operator[](std::size_t row) const {
        return std::string_view(bytes_).substr(offsets_[row], offsets_[row + 1] - offsets_[row]);
    }
    std::size_t size() const { return offsets_.size() - 1; }
    void truncate(std::size_t rows) {
        offsets_.resize(rows + 1);
        bytes_.resize(offsets_.back());
    }

  private:
    std::string bytes_;
    std::vector<std::size_t> offsets_{0};
};

/// Texts that occur in a column, numbered in order of first appearance.
class Dictionary {
  public:
    Dictionary();
    Dictionary(Dictionary&&) noexcept;
    Dictionary& operator=(Dictionary&&) noexcept;
    ~Dictionary();

    std::uint32_t add(std::string_view text);
    const std::string& operator[](std::uint32_t number) const { return *texts_[number]; }
    std::uint32_t size() const { return static_cast<std::uint32_t>(texts_.size()); }

  private:
    struct Index;
    std::unique_ptr<Index> index_;
    std::vector<const std::string*> texts_; // owned by the index, which never moves them
};

struct SetElement {
    std::uint32_t name; // in the column's dictionary
    std::int32_t until; // last valid day since 1970-01-01, or kForever
};

struct Tag {
    std::uint32_t name;   // in the column's dictionary
    std::uint32_t weight; // thousandths, 0 to 1,000
};

/// One field of all firms. Which vectors are used depends on the field's kind; all are empty where
/// no firm has a value.
struct Column {
    std::vector<std::int64_t> numbers;  // number, date (days); kUnknownNumber
    std::vector<std::uint32_t> codes;   // category, code: dictionary or list number; kUnknownCode
    std::vector<std::uint8_t> flags;    // flag: 0, 1, 2 = unknown
    std::vector<std::uint32_t> offsets; // set, tags: row i is elements [offsets[i], offsets[i+1])
    std::vector<SetElement> elements;
    std::vector<Tag> tags;
    std::vector<bool> unknown; // set: is this firm's unknown?
    Dictionary dictionary;
    TextColumn texts;
};

class FirmTable;

/// One firm: a row of a table. Cheap to copy; the table must outlive it.
class FirmView {
  public:
    FirmView(const FirmTable& table, std::size_t row) : table_(&table), row_(row) {}

    const FirmTable& table() const { return *table_; }
    std::size_t row() const { return row_; }
    std::string_view id() const;
    Date as_of() const;
    /// A number (x 10^decimals), a date (days), a flag (0, 1) or a listed code (its number).
    std::optional<std::int64_t> scalar(std::uint32_t field) const;
    std::optional<Ratio> ratio(std::uint32_t field) const;
    /// A category, or a code without a list.
    std::optional<std::string_view> string(std::uint32_t field) const;
    /// The elements of a set, valid or not; nothing if the set is unknown.
    std::optional<std::span<const SetElement>> elements(std::uint32_t field) const;
    std::span<const Tag> tags() const;
    bool known(std::uint32_t field) const;

  private:
    const FirmTable* table_;
    std::size_t row_;
};

class FirmTable {
  public:
    explicit FirmTable(SchemaPtr schema);

    const Schema& schema() const { return *schema_; }
    const SchemaPtr& schema_ptr() const { return schema_; }
    std::size_t size() const { return ids_.size(); }
    FirmView operator[](std::size_t row) const { return {*this, row}; }
    std::string_view id(std::size_t row) const { return ids_[row]; }
    const Column& column(std::uint32_t field) const { return columns_[field]; }
    Date as_of() const { return as_of_; }
    /// The line of the file a row came from.
    std::uint64_t line(std::size_t row) const { return lines_[row]; }
    /// The row of the firm with this id. Costs a pass over the ids.
    std::optional<std::size_t> find(std::string_view id) const;

    /// Computes the derived columns as of a day; a sum or difference that overflows is unknown.
    void derive(Date as_of);

  private:
    friend class FirmTableBuilder;

    struct DerivedNumber {
        std::int64_t value = kUnknownNumber;
        bool overflows = false;
    };
    DerivedNumber derived_number(std::uint32_t field, std::size_t row) const;
    void derive_size(std::uint32_t field);

    SchemaPtr schema_;
    TextColumn ids_;
    std::vector<Column> columns_;
    std::vector<std::uint64_t> lines_; // of each row in its file
    Date as_of_{};
};

/// Appends rows to a table from the text of cells.
///
///   builder.begin(id, line);
///   builder.set(field, "2000万元");   // any order, each field at most once; "" = empty
///   builder.end();
///   FirmTable firms = std::move(builder).finish(); // derived for the as-of date
class FirmTableBuilder {
  public:
    FirmTableBuilder(SchemaPtr schema, Date as_of);

    void begin(std::string_view id, std::uint64_t line);
    /// The reason why the text is no value of the field, or nullptr. A refused value is unknown.
    const char* set(std::uint32_t field, std::string_view text);
    /// A JSON number token may have an exponent.
    const char* set_json_number(std::uint32_t field, std::string_view text);
    /// A value that could not be read: unknown, a set too.
    void set_unknown(std::uint32_t field);
    /// The sums and differences of the current row that overflow; they will be unknown.
    const std::vector<std::uint32_t>& overflows();
    void end();
    /// Takes the row that was begun back.
    void abandon();
    std::size_t size() const { return table_.ids_.size(); }
    FirmTable finish() &&;

  private:
    const char* set_number(std::uint32_t field, std::string_view text, bool exponents);
    const char* set_code(const Field& field, Column& column, std::string_view text);
    const char* set_set(const Field& field, Column& column, std::string_view text);
    const char* set_tags(Column& column, std::string_view text);
    /// Brings a column's storage up to the rows before the current one.
    void fill(const Field& field, Column& column, std::size_t rows);

    FirmTable table_;
    std::string id_;
    std::uint64_t line_ = 0;
    std::vector<std::uint32_t> sums_, operands_of_sums_; // operands before what stands on them
    std::vector<std::uint32_t> overflows_;
    std::vector<SetElement> row_elements_;
    std::vector<Tag> row_tags_;
};

} // namespace qice
