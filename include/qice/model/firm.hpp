// FirmTable: firms in columns of exact values, one column a field.
//
// A builder appends rows and derives the other columns for an as-of date; after that the table is
// only read. An absent column (no storage) means "empty for every firm". FirmView is one row.
#pragma once

#include "qice/base/array.hpp"
#include "qice/base/date.hpp"
#include "qice/base/decimal.hpp"
#include "qice/model/schema.hpp"

#include <cstdint>
#include <deque>
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

/// Texts one after another; row i is the bytes from position i to position i + 1.
class TextColumn {
  public:
    TextColumn() { ends_.push_back(0); }

    void append(std::string_view text) {
        bytes_.append(text.data(), text.size());
        ends_.push_back(bytes_.size());
    }
    std::string_view operator[](std::size_t row) const {
        return {bytes_.data() + ends_[row], ends_[row + 1] - ends_[row]};
    }
    std::size_t size() const { return ends_.size() - 1; }
    void clear() {
        bytes_.clear();
        ends_.resize(1);
    }

  private:
    friend class FirmTableWriter;

    Array<char> bytes_;
    Positions ends_;
};

/// Texts that occur in a column, numbered in order of first appearance.
class Dictionary {
  public:
    Dictionary();
    Dictionary(Dictionary&&) noexcept;
    Dictionary& operator=(Dictionary&&) noexcept;
    ~Dictionary();

    std::uint32_t add(std::string_view text);
    std::optional<std::uint32_t> find(std::string_view text) const;
    const std::string& operator[](std::uint32_t number) const { return (*texts_)[number]; }
    std::uint32_t size() const { return texts_ ? static_cast<std::uint32_t>(texts_->size()) : 0; }

  private:
    struct Index;
    std::unique_ptr<std::deque<std::string>> texts_; // none while there are no texts
    std::unique_ptr<Index> index_;
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
    Array<std::int64_t> numbers;  // number, date (days); kUnknownNumber
    Array<std::uint32_t> codes;   // category, code: dictionary or list number; kUnknownCode
    Array<std::uint8_t> flags;    // flag: 0, 1, 2 = unknown
    Array<std::uint32_t> offsets; // set, tags: row i is elements [offsets[i], offsets[i+1])
    Array<SetElement> elements;
    Array<Tag> tags;
    Array<std::uint8_t> unknown; // set: is this firm's unknown?
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
    void derive(Date as_of, unsigned threads = 1);

  private:
    friend class FirmTableWriter;

    void derive_rows(std::size_t begin, std::size_t end);
    void derive_sizes(std::uint32_t field, std::size_t begin, std::size_t end);

    SchemaPtr schema_;
    TextColumn ids_;
    std::vector<Column> columns_;
    Positions lines_; // of each row in its file
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
    std::size_t size() const;
    FirmTable finish() &&;

    FirmTableBuilder(FirmTableBuilder&&) noexcept;
    FirmTableBuilder& operator=(FirmTableBuilder&&) noexcept;
    ~FirmTableBuilder();

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

} // namespace qice
