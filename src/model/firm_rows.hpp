// Rows on their way into a table: FirmRows takes cells, FirmTableWriter takes rows.
//
// FirmRows holds some thousand rows in columns that stay in the cache and are used again for the
// next ones. It never looks at the table, so several threads fill one each. A writer numbers the
// rows, one batch after another (add), and copies them, many batches at once (write). That gives
// the same table however the rows were cut into batches.
#pragma once

#include "base/hash_index.hpp"
#include "base/large_pages.hpp"
#include "base/short_texts.hpp"
#include "model/firm_calendar.hpp"
#include "qice/model/firm.hpp"

#include <shared_mutex>

namespace qice {

/// Texts of a column numbered by a batch, and the numbers that the table's dictionary has for them.
class LocalNames {
  public:
    /// The batch's number of a text; it will be in the table's dictionary.
    std::uint32_t add(std::string_view text);
    /// Says again that a text occurs.
    void note(std::uint32_t number) {
        if (table_numbers_[number] != kUnlisted) return;
        table_numbers_[number] = kListed;
        listed_.push_back(number);
    }
    /// Numbers what the table does not know, in the order in which it occurred.
    void merge_into(Dictionary& dictionary);
    std::uint32_t table_number(std::uint32_t number) const { return table_numbers_[number]; }
    /// The rows will not be written after all.
    void forget();
    /// The rows to come go into another table.
    void change_table();

  private:
    static constexpr std::uint32_t kUnlisted = UINT32_MAX, kListed = UINT32_MAX - 1;

    Dictionary texts_;
    ShortTexts seen_;
    Array<std::uint32_t> table_numbers_; // or kUnlisted, kListed
    Array<std::uint32_t> listed_;        // occurred since the last merge, not in the table yet
};

class FirmRows {
  public:
    FirmRows(SchemaPtr schema, Date as_of);

    void begin(std::string_view id, std::uint64_t line);
    const char* set(std::uint32_t field, std::string_view text);
    const char* set_json_number(std::uint32_t field, std::string_view text);
    void set_unknown(std::uint32_t field);
    const std::vector<std::uint32_t>& overflows();
    bool may_overflow() const { return may_overflow_; }
    void end();
    void abandon();

    // By columns: rows first, by add_row(), then the values of one field after another, each
    // field's in the order of the rows. A row's values are set where go_to() stands.

    void add_row(std::string_view id, std::uint64_t line) {
        ids_.append(id);
        lines_.push_back(line);
        ++rows_;
        may_overflow_ = false;
    }
    void go_to(std::uint32_t row) { at_ = row; }
    /// What a text is as a value of a number, date, flag, category or code; kUnknownNumber if the
    /// text is empty. Returns the reason why it is none, or nullptr. `exponents`: of numbers, too.
    const char* read(std::uint32_t field, std::string_view text, std::int64_t& value,
                     bool exponents = false);
    /// Sets what read() gave.
    void put(std::uint32_t field, std::int64_t value);
    /// The values of all rows, to be written to: unknown where they were not set.
    std::int64_t* numbers(std::uint32_t field); // of numbers and dates
    std::uint8_t* flags(std::uint32_t field);
    /// Numbers up to this one overflow no sum, whatever the others up to theirs are.
    std::uint64_t harmless(std::uint32_t field) const { return values_[field].harmless; }
    /// Numbers of these rows were written to, of which some may not be harmless.
    void note_numbers(std::uint32_t field, std::uint32_t first, std::uint32_t count);
    /// The elements of a set or tags, one by one: begin_items(), add_...(), end_items() with the
    /// first reason that was returned.
    void begin_items();
    /// As it stands between the bars of a cell (and it may have bars).
    const char* add_part(std::uint32_t field, std::string_view text);
    const char* add_element(std::uint32_t field, std::string_view name, std::int32_t until);
    const char* add_tag(std::uint32_t field, std::string_view name, std::int64_t weight);
    void end_items(std::uint32_t field, const char* reason);

    std::uint32_t size() const { return rows_; }
    std::string_view id(std::size_t row) const { return ids_[row]; }
    std::uint64_t line(std::size_t row) const { return lines_[row]; }
    /// Starts again without rows. If these were not added to a table: forgets their texts.
    void clear();
    /// Starts again, for another table.
    void change_table();

  private:
    friend class FirmTableWriter;

    /// What was made of the whole text of a set's or tags' cell.
    struct Parsed {
        std::uint32_t first, count; // of the cached elements or tags
        const char* reason;
    };
    struct Values {
        Kind kind = Kind::text;
        std::uint8_t decimals = 0;
        std::uint32_t prepared = 0; // rows of numbers, flags or codes that have a value, maybe none
        std::uint64_t harmless = UINT64_MAX; // numbers up to this overflow no sum
        Array<std::int64_t> numbers;
        Array<std::uint32_t> codes; // of the field's list, or of names
        Array<std::uint8_t> flags;
        // Sets, tags, texts: only the rows that have a cell.
        Array<std::uint32_t> rows, ends;
        Array<std::uint8_t> unknown;
        Array<SetElement> elements;
        Array<Tag> tags;
        Array<char> bytes;
        LocalNames names;
        // Whole cells that were seen, and what they came to.
        Dictionary cells;
        ShortTexts seen_cells;
        Array<Parsed> parsed;
        Array<SetElement> cached_elements;
        Array<Tag> cached_tags;
    };

    void prepare(Values& values);
    const char* set_value(std::uint32_t field, std::string_view text, bool exponents);
    void put_number(Values& values, std::int64_t number);
    /// The number of a whole cell among those that were seen.
    static std::optional<std::uint32_t> find_cell(Values& values, std::string_view text);
    const char* set_elements(std::uint32_t field, std::string_view text);
    const char* add_set_part(std::uint32_t field, std::string_view part);
    const char* add_tag_part(std::uint32_t field, std::string_view part);
    void put_cell(Values& values, bool unknown);
    void find_harmless();
    std::int64_t number(std::uint32_t field) const;

    SchemaPtr schema_;
    Date as_of_;
    std::vector<Values> values_;
    std::uint32_t rows_ = 0, at_ = 0; // at_: whose values are set, rows_ between begin() and end()
    TextColumn ids_;
    Positions lines_;
    std::string id_;
    std::uint64_t line_ = 0;
    bool may_overflow_ = false; // a number since the last begin() is beyond what is harmless
    std::vector<std::uint32_t> sums_;
    std::vector<std::uint32_t> overflows_;
    std::vector<SetElement> row_elements_;
    std::vector<Tag> row_tags_;
    HashIndex row_names_; // elements of a long cell: number -> place
};

/// A derived value that another day changes; known only for those that a column of numbers holds.
struct DayChange {
    std::uint32_t row, field;
    std::int64_t before, after; // or kUnknownNumber

    bool is_like(const DayChange& other) const {
        return field == other.field && before == other.before && after == other.after;
    }
};

class FirmTableWriter {
  public:
    FirmTableWriter(SchemaPtr schema, Date as_of);

    /// Where a batch of rows goes.
    struct Place {
        std::size_t first_row = 0;
        std::size_t fields = 0;                // of used_: the columns there are at that time
        std::vector<std::uint64_t> first_item; // by field: of its elements, tags or bytes
    };

    /// Room for so many rows without growing.
    void expect(std::size_t rows) { expected_ = rows; }
    /// Numbers rows, behind all that were added before. One call at a time. Lines of the rows count
    /// from `first_line`.
    Place add(FirmRows& rows, std::uint64_t first_line = 0);
    /// Copies rows that were added; several threads may.
    void write(const FirmRows& rows, const Place& place);

    std::size_t size() const { return table_.size(); }
    std::string_view id(std::size_t row) const { return table_.id(row); }
    std::uint64_t line(std::size_t row) const { return table_.line(row); }
    /// The table, derived.
    FirmTable finish(unsigned threads) &&;

    /// Derives for another day what depends on the day, and tells what changed. Months are counted
    /// by the table's calendar; what is derived from them costs some ns a row. Elements of sets
    /// stay; on what day one is asked for is the table's.
    static std::vector<DayChange> change_day(FirmTable& table, const FirmCalendar& calendar,
                                             Date as_of);
    /// Takes over rows of another table of the same schema, but for what is derived: derive() is
    /// due after the last ones.
    static void append(FirmTable& to, const FirmTable& from, std::span<const std::uint32_t> rows);

  private:
    static void change_field(FirmTable& table, std::uint32_t field,
                             std::vector<DayChange>& changes);
    static void append_texts(TextColumn& to, const TextColumn& from);
    void start_column(std::uint32_t field, std::size_t first_row);
    bool has_room(const FirmRows& rows) const;
    void make_room(const FirmRows& rows);
    void write_column(std::uint32_t field, const FirmRows::Values& values, std::size_t rows,
                      const Place& place);

    FirmTable table_;
    std::size_t capacity_ = 0, expected_ = 0,
                filled_ = 0; // rows; filled_: known or expected to come
    LargePages pages_;
    std::vector<std::uint32_t> used_; // fields that some firm has a value of
    std::vector<bool> is_used_;
    std::shared_mutex columns_mutex_; // shared while values are written, alone while columns move
};

} // namespace qice
