#include "qice/base/csv.hpp"

#include <algorithm>
#include <array>

namespace qice {
namespace {

constexpr std::array<bool, 256> cell_ends() {
    std::array<bool, 256> ends{};
    ends[','] = ends['\n'] = ends['\r'] = true;
    return ends;
}
constexpr auto kEndsCell = cell_ends();

} // namespace

const char* describe(CsvScanner::Fault fault) {
    switch (fault) {
    case CsvScanner::Fault::none: return "";
    case CsvScanner::Fault::text_after_quote: return "text after a closing quote";
    case CsvScanner::Fault::quote_never_closed: return "a quote is opened and never closed";
    }
    return "";
}

CsvScanner::CsvScanner(std::string_view text) : text_(text) {
    if (text_.substr(0, 3) == "\xef\xbb\xbf") at_ = 3;
}

CsvScanner::CsvScanner(std::string_view part, std::uint64_t first_line, bool more_follows)
    : text_(part), line_(first_line), more_follows_(more_follows) {}

bool CsvScanner::next() {
    for (;;) {
        if (at_ >= text_.size()) return false;
        if (text_[at_] == '\n' || text_.substr(at_, 2) == "\r\n") {
            at_ += text_[at_] == '\n' ? 1 : 2;
            ++line_;
            continue;
        }
        break;
    }
    start_ = at_;
    record_line_ = line_;
    fault_ = scan_record();
    if (fault_ == Fault::text_after_quote) ended_ = text_.find('\n', start_) < text_.size();
    if (fault_ == Fault::quote_never_closed) ended_ = false;
    if (more_follows_ && !ended_) {
        at_ = start_;
        line_ = record_line_;
        return false;
    }
    if (fault_ != Fault::none) {
        const std::size_t until = fault_ == Fault::quote_never_closed ? text_.size() : at_;
        if (until > faulty_until_) {
            faulty_until_ = until;
            faulty_with_ = fault_;
        }
        const std::size_t line_end = std::min(text_.find('\n', start_), text_.size());
        end_ = line_end;
        at_ = std::min(line_end + 1, text_.size());
        line_ = record_line_ + 1;
    }
    if (end_ > start_ && text_[end_ - 1] == '\r') --end_;
    return true;
}

/// Cells of the record at at_; leaves at_ behind its line end.
CsvScanner::Fault CsvScanner::scan_record() {
    cells_.clear();
    unescaped_.clear();
    const std::size_t size = text_.size();
    for (;;) {
        std::string_view cell;
        if (at_ < size && text_[at_] == '"') {
            if (const Fault fault = scan_quoted(cell); fault != Fault::none) return fault;
            const bool line_end =
                at_ < size && text_[at_] == '\r' && (at_ + 1 == size || text_[at_ + 1] == '\n');
            if (at_ < size && text_[at_] != ',' && text_[at_] != '\n' && !line_end)
                return Fault::text_after_quote;
        } else {
            const std::size_t start = at_;
            for (;;) {
                while (at_ < size && !kEndsCell[static_cast<unsigned char>(text_[at_])])
                    ++at_;
                // A lone CR is part of the cell.
                if (at_ < size && text_[at_] == '\r' && at_ + 1 < size && text_[at_ + 1] != '\n')
                    ++at_;
                else
                    break;
            }
            cell = text_.substr(start, at_ - start);
        }
        cells_.push_back(cell);
        if (at_ < size && text_[at_] == ',') {
            ++at_;
            continue;
        }
        end_ = at_;
        if (at_ < size && text_[at_] == '\r') ++at_;
        ended_ = at_ < size && text_[at_] == '\n';
        if (ended_) ++at_;
        ++line_;
        return Fault::none;
    }
}

/// A quoted cell at at_; leaves at_ behind the closing quote.
///
/// A faulty record was inside quotes at each of its line ends. So a later record that is inside
/// quotes at one of them ends in the same fault; that keeps the cost of stray quotes linear.
CsvScanner::Fault CsvScanner::scan_quoted(std::string_view& cell) {
    const std::size_t start = at_ + 1;
    std::size_t at = start;
    bool doubled = false;
    std::uint64_t lines = 0;
    for (;; ++at) {
        if (at >= text_.size()) return Fault::quote_never_closed;
        if (text_[at] == '\n') {
            if (at < faulty_until_) return at_ = faulty_until_, faulty_with_;
            ++lines;
        }
        if (text_[at] != '"') continue;
        if (at + 1 < text_.size() && text_[at + 1] == '"') {
            doubled = true;
            ++at;
            continue;
        }
        break;
    }
    cell = text_.substr(start, at - start);
    if (doubled) {
        std::string& plain = unescaped_.emplace_back();
        for (std::size_t i = 0; i < cell.size(); ++i) {
            plain += cell[i];
            if (cell[i] == '"') ++i;
        }
        cell = plain;
    }
    line_ += lines;
    at_ = at + 1;
    return Fault::none;
}

void append_csv_cell(std::string& out, std::string_view cell, bool neutralise) {
    const bool formula =
        neutralise && !cell.empty() && std::string_view("=+-@\t\r\0", 7).find(cell[0]) != cell.npos;
    const bool quote = cell.find_first_of(",\"\r\n") != std::string_view::npos;
    if (quote) out += '"';
    if (formula) out += '\'';
    if (quote) {
        for (char c : cell) {
            if (c == '"') out += '"';
            out += c;
        }
        out += '"';
    } else {
        out += cell;
    }
}

} // namespace qice
