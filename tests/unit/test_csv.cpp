// CSV in, hostile quoting included, and CSV out.
#include "qice/base/csv.hpp"

#include "base/csv_records.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

using namespace qice;

namespace {

using Fault = CsvScanner::Fault;

struct Record {
    std::uint64_t line;
    std::vector<std::string> cells; // of a record without fault
    Fault fault = Fault::none;

    bool operator==(const Record&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Record& record) {
    out << record.line << ':' << static_cast<int>(record.fault);
    for (const std::string& cell : record.cells)
        out << " [" << cell << ']';
    return out;
}

std::vector<Record> records(std::string_view text) {
    CsvScanner scanner(text);
    std::vector<Record> out;
    while (scanner.next()) {
        out.push_back({scanner.line(), {}, scanner.fault()});
        if (scanner.fault() == Fault::none)
            out.back().cells.assign(scanner.cells().begin(), scanner.cells().end());
    }
    return out;
}

using Records = std::vector<Record>;

std::string cell(std::string_view text, bool neutralise = true) {
    std::string out;
    append_csv_cell(out, text, neutralise);
    return out;
}

} // namespace

TEST_CASE("plain records, with any line end and without one at the end") {
    const Records expected{{1, {"a", "b"}}, {2, {"1", "2"}}};
    CHECK(records("a,b\n1,2\n") == expected);
    CHECK(records("a,b\r\n1,2\r\n") == expected);
    CHECK(records("a,b\n1,2") == expected);
    CHECK(records("a,b\r\n1,2\r") == expected);
    CHECK(records("\xef\xbb\xbf"
                  "a,b\n1,2") == expected);
    CHECK(records("\"a\",\"b\"\r\n\"1\",\"2\"\r\n") == expected);
}

TEST_CASE("blank lines are no records, empty cells are") {
    CHECK(records("").empty());
    CHECK(records("\n\r\n\n").empty());
    CHECK(records("\xef\xbb\xbf").empty());
    CHECK(records("\n\na\n\nb") == Records{{3, {"a"}}, {5, {"b"}}});
    CHECK(records(",\n\"\"\n a \n") == Records{{1, {"", ""}}, {2, {""}}, {3, {" a "}}});
    CHECK(records("a,") == Records{{1, {"a", ""}}});
}

TEST_CASE("quoted cells hold commas, quotes and line breaks") {
    CHECK(records("\"a,b\",\"say \"\"hi\"\"\"\nc") ==
          Records{{1, {"a,b", "say \"hi\""}}, {2, {"c"}}});
    CHECK(records("\"one\ntwo\r\nthree\",x\ny") ==
          Records{{1, {"one\ntwo\r\nthree", "x"}}, {4, {"y"}}});
    CHECK(records("\"\"\"\"") == Records{{1, {"\""}}});
    CHECK(records("\"\"\"a\"\"\",\"\"\"\"\"\"") == Records{{1, {"\"a\"", "\"\""}}});
}

TEST_CASE("a quote inside a plain cell is a character") {
    CHECK(records("a\"b,c\"\n") == Records{{1, {"a\"b", "c\""}}});
    CHECK(records(" \"a\"\n") == Records{{1, {" \"a\""}}});
}

TEST_CASE("a carriage return alone is part of a plain cell") {
    CHECK(records("a\rb,c\n") == Records{{1, {"a\rb", "c"}}});
}

TEST_CASE("a record with a fault gives only its first line away") {
    CHECK(records("a\n\"b\nc\nd") ==
          Records{{1, {"a"}}, {2, {}, Fault::quote_never_closed}, {3, {"c"}}, {4, {"d"}}});
    CHECK(records("\"a\"x,y\nb") == Records{{1, {}, Fault::text_after_quote}, {2, {"b"}}});
    // The closing quote of a stray one may stand lines further down.
    CHECK(records("1,\"x\n2,y\n3,\"z\"\n4,w\n") ==
          Records{
              {1, {}, Fault::text_after_quote}, {2, {"2", "y"}}, {3, {"3", "z"}}, {4, {"4", "w"}}});
    CHECK(records("\"") == Records{{1, {}, Fault::quote_never_closed}});
}

TEST_CASE("a carriage return at the end of the text ends a quoted cell as it ends a plain one") {
    CHECK(records("\"a\"\r") == Records{{1, {"a"}}});
}

TEST_CASE("the bytes of a record come without its line end") {
    CsvScanner scanner("a,\"b\nc\"\r\n\"bad\nrest\n");
    REQUIRE(scanner.next());
    CHECK(scanner.raw() == "a,\"b\nc\"");
    REQUIRE(scanner.next());
    CHECK(scanner.raw() == "\"bad");
    CHECK(scanner.line() == 3);
    CHECK(describe(scanner.fault()) == std::string("a quote is opened and never closed"));
    REQUIRE(scanner.next());
    CHECK(scanner.raw() == "rest");
    CHECK_FALSE(scanner.next());
    CHECK_FALSE(scanner.next());
    CHECK(describe(Fault::text_after_quote) == std::string("text after a closing quote"));
}

TEST_CASE("cells are quoted where they must be") {
    CHECK(cell("plain") == "plain");
    CHECK(cell("") == "");
    CHECK(cell("a,b") == "\"a,b\"");
    CHECK(cell("a\"b") == "\"a\"\"b\"");
    CHECK(cell("a\nb") == "\"a\nb\"");
    CHECK(cell("a\rb") == "\"a\rb\"");
}

TEST_CASE("cells that a spreadsheet would run are neutralised") {
    CHECK(cell("=1+1") == "'=1+1");
    CHECK(cell("+1") == "'+1");
    CHECK(cell("-1") == "'-1");
    CHECK(cell("@SUM(A1)") == "'@SUM(A1)");
    CHECK(cell("\t=1") == "'\t=1");
    CHECK(cell("\r=1") == "\"'\r=1\"");
    CHECK(cell("=HYPERLINK(\"x\",\"y\")") == "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"");
    CHECK(cell("1-1") == "1-1");
    CHECK(cell("=1+1", false) == "=1+1");
}

TEST_CASE("whatever is written reads back") {
    std::mt19937 random(31);
    const std::string alphabet = "ab,\"\n\r =企";
    for (int round = 0; round < 3'000; ++round) {
        Records expected;
        std::string text;
        std::uint64_t line = 1;
        for (int r = 0; r < 3; ++r) {
            Record record{line, {}};
            for (int c = 0; c < 3; ++c) {
                std::string content;
                for (auto n = random() % 6; n > 0; --n)
                    content += alphabet[random() % alphabet.size()];
                line +=
                    static_cast<std::uint64_t>(std::count(content.begin(), content.end(), '\n'));
                text += (c == 0 ? "" : ",") + cell(content, false);
                record.cells.push_back(content);
            }
            text += "\n";
            ++line;
            expected.push_back(record);
        }
        REQUIRE(records(text) == expected);
    }
}

TEST_CASE("no text makes the scanner hang or lose its place") {
    std::mt19937 random(32);
    const std::string alphabet = "a,\"\"\"\n\r";
    for (int round = 0; round < 20'000; ++round) {
        std::string text;
        for (auto n = random() % 20; n > 0; --n)
            text += alphabet[random() % alphabet.size()];
        CsvScanner scanner(text);
        std::uint64_t last = 0;
        while (scanner.next()) {
            const auto begin = static_cast<std::size_t>(scanner.raw().data() - text.data());
            const auto breaks =
                std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(begin), '\n');
            REQUIRE(scanner.line() == static_cast<std::uint64_t>(breaks) + 1);
            REQUIRE(scanner.line() > last);
            last = scanner.line();
        }
    }
}

namespace {

/// Everything a reader sees of a text, record by record; cut into parts of `step` bytes where not
/// 0.
template <class Records> std::string seen(const std::string& text, std::size_t step) {
    std::string out, buffer;
    std::size_t read = 0;
    std::uint64_t line = 1;
    for (;;) {
        const std::size_t more = std::min(step == 0 ? text.size() : step, text.size() - read);
        buffer += text.substr(read, more);
        read += more;
        Records records(buffer, line, read < text.size());
        while (records.next()) {
            out += std::to_string(records.line()) + " " + describe(records.fault()) + "<" +
                   std::string(records.raw()) + ">";
            if (records.fault() != Fault::none) continue;
            if constexpr (std::is_same_v<Records, CsvRecords>) {
                out += std::to_string(records.size());
                for (const CsvRecords::Cell& cell : records.filled())
                    out += " [" + std::to_string(cell.column) + ":" + std::string(cell.text) + "]";
                for (const CsvRecords::Cell& cell : records.filled())
                    REQUIRE(records.cell(cell.column) == cell.text);
                if (records.is_ascii())
                    for (char c : records.raw())
                        REQUIRE((c & 0x80) == 0);
            } else {
                out += std::to_string(records.cells().size());
                for (std::size_t i = 0; i < records.cells().size(); ++i)
                    if (!records.cells()[i].empty())
                        out +=
                            " [" + std::to_string(i) + ":" + std::string(records.cells()[i]) + "]";
            }
        }
        line = records.rest_line();
        buffer.erase(0, records.rest());
        if (read == text.size()) return out + std::to_string(line);
    }
}

/// Texts of the bytes that matter, in runs, so that blocks of 64 bytes have all sorts of borders.
std::string hostile_text(std::mt19937& random) {
    static const std::vector<std::string> kParts = {",",
                                                    ",,,,",
                                                    "\n",
                                                    "\r\n",
                                                    "\r",
                                                    "\"",
                                                    "\"\"",
                                                    "a",
                                                    "bc",
                                                    "企",
                                                    "\xf0\xa0\xae\xb7",
                                                    std::string(1, '\0'),
                                                    "\xef\xbb\xbf",
                                                    "\xff",
                                                    "\"x\"",
                                                    "\"y\nz\",",
                                                    std::string(61, 'p'),
                                                    std::string(63, ','),
                                                    "0,1,,2,"};
    std::string text;
    for (auto n = random() % 40; n > 0; --n)
        text += kParts[random() % kParts.size()];
    return text;
}

} // namespace

TEST_CASE("records are the same by masks and byte by byte, whole and in parts of any size") {
    std::mt19937 random(33);
    for (int round = 0; round < 6'000; ++round) {
        const std::string text = hostile_text(random);
        const std::string plain = seen<CsvScanner>(text, text.size() + 1);
        REQUIRE(seen<CsvRecords>(text, 0) == plain);
        for (std::size_t step : {1u, 2u, 3u, 7u, 63u, 64u, 65u, 200u}) {
            if (text.size() / step > 300) continue;
            REQUIRE(seen<CsvRecords>(text, step) == plain);
            REQUIRE(seen<CsvScanner>(text, step) == plain);
        }
    }
}
