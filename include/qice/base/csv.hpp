// CSV records (RFC 4180) out of one text in memory, without copying.
//
// LF or CRLF, quoted cells with line breaks and doubled quotes, no comments. A record with a fault
// in its quoting gives only its first physical line away: reading goes on at the next line, so one
// stray quote never swallows the rest of a file. Cost: about 1 ns a byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace qice {

class CsvScanner {
  public:
    enum class Fault : std::uint8_t { none, text_after_quote, quote_never_closed };

    /// `text` must outlive the scanner; a byte order mark at its start is skipped.
    explicit CsvScanner(std::string_view text);
    /// A part of a longer text that begins at a record, on `first_line`. Where `more_follows`,
    /// next() stops before a record that the text behind the part could still change.
    CsvScanner(std::string_view part, std::uint64_t first_line, bool more_follows);

    /// Moves to the next record that is not a blank line; false at the end of the text.
    bool next();

    /// The cells of the current record; valid until the next call of next().
    const std::vector<std::string_view>& cells() const { return cells_; }
    Fault fault() const { return fault_; }
    /// The physical line the record starts on; the first line is 1.
    std::uint64_t line() const { return record_line_; }
    /// The bytes of the record (of its first physical line if it has a fault), without line end.
    std::string_view raw() const { return text_.substr(start_, end_ - start_); }
    /// Where reading goes on, and on which line: in a part that next() is done with, what is left.
    std::size_t rest() const { return at_; }
    std::uint64_t rest_line() const { return line_; }

  private:
    Fault scan_record();
    Fault scan_quoted(std::string_view& cell);

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t start_ = 0, end_ = 0; // of the current record
    std::uint64_t line_ = 1, record_line_ = 0;
    bool more_follows_ = false;
    bool ended_ = false; // did the current record's line break stand in the text?
    Fault fault_ = Fault::none;
    // A quote still open at a line end before faulty_until_ leads to faulty_with_: it was tried.
    std::size_t faulty_until_ = 0;
    Fault faulty_with_ = Fault::none;
    std::vector<std::string_view> cells_;
    std::deque<std::string> unescaped_; // quoted cells that held doubled quotes
};

const char* describe(CsvScanner::Fault fault);

/// Appends `cell` to `out` as CSV: quoted where it must be; with `neutralise`, a cell that a
/// spreadsheet would run as a formula (first character = + - @ TAB CR) gets a leading apostrophe.
void append_csv_cell(std::string& out, std::string_view cell, bool neutralise = true);

} // namespace qice
