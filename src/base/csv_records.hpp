// The records of a CSV text as CsvScanner gives them, with the cells that are not empty: fast.
//
// Commas, quotes and line breaks are found 64 bytes a step as bit masks, so that empty cells, which
// are most of a portal's table, cost nothing singly. A record with a quoted cell, and the last one
// of a text, are read by CsvScanner, which also says what a record is.
#pragma once

#include "qice/base/csv.hpp"

#include <span>

namespace qice {

class CsvRecords {
  public:
    struct Cell {
        std::string_view text; // not empty
        std::size_t column;
    };

    /// As of CsvScanner: a text that begins at a record; a byte order mark is not looked for.
    CsvRecords(std::string_view part, std::uint64_t first_line, bool more_follows);

    bool next();

    /// Cells that hold something, in order; valid until the next call of next().
    std::span<const Cell> filled() const { return cells_; }
    /// The text of a cell; of one that is empty or missing, "".
    std::string_view cell(std::size_t column) const;
    /// How many cells there are, with the empty ones.
    std::size_t size() const { return size_; }
    /// No byte of the record is 0x80 or greater.
    bool is_ascii() const { return is_ascii_; }
    CsvScanner::Fault fault() const { return fault_; }
    std::uint64_t line() const { return record_line_; }
    std::string_view raw() const { return text_.substr(start_, end_ - start_); }
    std::size_t rest() const { return at_; }
    std::uint64_t rest_line() const { return line_; }

  private:
    /// What 64 bytes hold, a bit a byte.
    struct Block {
        std::uint64_t commas, breaks; // LF
        std::uint64_t ends;           // of a cell: comma, LF, CR before LF
        std::uint64_t starts;         // of a cell that is not empty
        std::uint64_t quotes, high;
    };

    void load(std::size_t block);
    bool scan_record();
    bool scan_record_newer();
    bool scan_record_any();
    bool next_slow();

    std::string_view text_;
    CsvScanner slow_;
    std::size_t at_ = 0, start_ = 0, end_ = 0;
    std::uint64_t line_, record_line_ = 0;
    std::size_t size_ = 0;
    bool is_ascii_ = true;
    CsvScanner::Fault fault_ = CsvScanner::Fault::none;
    std::vector<Cell> cells_;
    std::size_t loaded_ = SIZE_MAX; // which block is in block_
    Block block_{};
};

} // namespace qice
