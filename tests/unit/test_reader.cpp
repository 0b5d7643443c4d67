// Firms from files as portals write them.
#include "qice/io/reader.hpp"

#include "io/csv_stream.hpp"
#include "unit/world.hpp"

#include <rapidcheck.h>

using namespace qice;
using world::day;

namespace {

const ReadOptions kOptions{day("2026-11-23"), false, false, Encoding::utf8, 1, {}};

FirmsRead csv(std::string_view text, const ReadOptions& options = kOptions) {
    return std::move(read_firms_csv(text, "f.csv", world::schema(), options)).value();
}
FirmsRead jsonl(std::string_view text, const ReadOptions& options = kOptions) {
    return std::move(read_firms_jsonl(text, "f.jsonl", world::schema(), options)).value();
}
std::string csv_fault(std::string_view text) {
    return read_firms_csv(text, "f.csv", world::schema(), kOptions).status().to_string();
}

/// `line|firm|field|value|reason` a line.
std::string quarantine(const FirmsRead& read) {
    std::string text;
    for (const Quarantined& entry : read.quarantine)
        text += std::to_string(entry.line) + "|" + entry.firm_id + "|" + entry.field + "|" +
                entry.value + "|" + entry.reason + "\n";
    return text;
}
std::string ids(const FirmsRead& read) {
    std::string text;
    for (std::size_t row = 0; row < read.firms.size(); ++row)
        text += (row == 0 ? "" : " ") + std::string(read.firms.id(row));
    return text;
}
std::string number(const FirmsRead& read, std::size_t row, const char* field) {
    const auto value = read.firms[row].scalar(read.firms.schema().find(field).value());
    return value ? std::to_string(*value) : "?";
}

} // namespace

TEST_CASE("firms are read from CSV, in any order of columns") {
    for (const char* text : {"id,patents,revenue\na,3,1万\n\nb,,2.5\n",
                             "\xef\xbb\xbf"
                             "id,patents,revenue\r\na,3,1万\r\n\r\nb,,2.5\r\n",
                             " patents ,id,revenue\n3, a ,\"1万\"\n\n,b,2.5"}) {
        const FirmsRead read = csv(text);
        CHECK(ids(read) == "a b");
        CHECK(number(read, 0, "patents") == "3");
        CHECK(number(read, 0, "revenue") == "1000000");
        CHECK(number(read, 1, "patents") == "?");
        CHECK(number(read, 1, "revenue") == "250");
        CHECK(read.firms.line(1) == 4);
        CHECK(read.quarantine.empty());
    }
}

TEST_CASE("a bad cell costs one value, not the firm") {
    const FirmsRead read = csv("id,patents,revenue\na,many,100\nb,1,1.2E+08\nc,2,3\n");
    CHECK(ids(read) == "a b c");
    CHECK(number(read, 0, "patents") == "?");
    CHECK(number(read, 0, "revenue") == "10000");
    CHECK(quarantine(read) == "2|a|patents|many|is not a number\n"
                              "3|b|revenue|1.2E+08|is not a number\n");
    CHECK(read.rows_set_aside == 0);
}

TEST_CASE("strict reading sets rows with bad cells aside") {
    ReadOptions strict = kOptions;
    strict.strict = true;
    const FirmsRead read = csv("id,patents\na,many\nb,1\n", strict);
    CHECK(ids(read) == "b");
    CHECK(number(read, 0, "patents") == "1");
    CHECK(read.rows_set_aside == 1);
}

TEST_CASE("bad rows are set aside, each with its line and reason") {
    const FirmsRead read = csv("id,patents\n"
                               ",1\n"
                               "a,1\n"
                               "a,2\n"
                               "b,1,\n"
                               "c,\"1\"x\n"
                               "d\n"
                               "e,\xff\n"
                               "\"f\n"
                               "g,5\n");
    CHECK(ids(read) == "a d g");
    CHECK(number(read, 0, "patents") == "1");
    CHECK(number(read, 1, "patents") == "?"); // too few cells: the rest is empty
    CHECK(quarantine(read) == "2||||the row has no id\n"
                              "4|a||a|this id was seen before, on line 3\n"
                              "5|b||b,1,|the row has 3 cells, the header 2\n"
                              "6|||c,\"1\"x|text after a closing quote\n"
                              "8||||the row is not UTF-8\n"
                              "9|||\"f|a quote is opened and never closed\n");
    CHECK(read.rows_set_aside == 6);
}

TEST_CASE("a file that cannot be understood is refused as a whole") {
    CHECK(csv_fault("") == "f.csv: this file is empty; its first line must name the columns");
    CHECK(
        csv_fault("patents\n1\n") ==
        "f.csv:1: there is no column \"id\", which names the firm; the schema's \"id\" says which "
        "column that is");
    CHECK(csv_fault("\nid,revenu\n") ==
          "f.csv:2: column \"revenu\" is not a field of the schema; did you mean \"revenue\"?");
    CHECK(csv_fault("id,turnover\n") ==
          "f.csv:1: column \"turnover\" is not a field of the schema; add it to the schema (kind "
          "\"text\" carries it along), take it out, or have unknown columns ignored");
    CHECK(csv_fault("id,patents,patents\n") == "f.csv:1: column \"patents\" stands twice");
    CHECK(csv_fault("id,id\n") == "f.csv:1: column \"id\" stands twice");
    CHECK(csv_fault("id,rd_ratio\n") ==
          "f.csv:1: column \"rd_ratio\" is derived from other fields by the schema; take it out of "
          "the file, or the derivation out of the schema");
    CHECK(csv_fault("id,\xc6\xf3\n") ==
          "f.csv:1: the header is not UTF-8; if Excel wrote this file, "
          "read it as GB 18030");
    CHECK(csv_fault("id,\"patents\n") == "f.csv:1: a quote is opened and never closed");
    CHECK(read_firms("/none.csv", world::schema(), kOptions).status().to_string() ==
          "/none.csv: cannot read this file: No such file or directory");
}

TEST_CASE("unknown columns may be passed over") {
    ReadOptions options = kOptions;
    options.ignore_unknown_columns = true;
    const FirmsRead read = csv("turnover,id,patents\nx,a,3\n", options);
    CHECK(number(read, 0, "patents") == "3");
    CHECK(read.ignored_columns == std::vector<std::string>{"turnover"});
    CHECK(jsonl("{\"id\": \"a\", \"y\": 1, \"x\": []}", options).ignored_columns ==
          std::vector<std::string>{"x", "y"});
}

TEST_CASE("what Excel in China writes is read") {
    world::Folder folder;
    ReadOptions options = kOptions;
    options.encoding = Encoding::gb18030;
    // 东莞 and 𠮷 (four bytes), a broken byte in the third row only.
    const std::string path =
        folder.write("f.csv", "id,name\na,\xb6\xab\xdd\xb8\nb,\x95\x34\xb2\x35\n"
                              "c,\xff\nd,\xb6\n");
    const FirmsRead read = std::move(read_firms(path, world::schema(), options)).value();
    CHECK(ids(read) == "a b");
    const TextColumn& names = read.firms.column(read.firms.schema().find("name").value()).texts;
    CHECK(names[0] == "东莞");
    CHECK(names[1] == "𠮷");
    CHECK(quarantine(read) == "4||||the row is not UTF-8\n5||||the row is not UTF-8\n");
}

TEST_CASE("firms are read from JSON Lines") {
    const FirmsRead read =
        jsonl("\xef\xbb\xbf{\"id\": \"a\", \"revenue\": 1.5e3, \"dishonest\": true, "
              "\"established\": 20260105, \"scale\": null}\r\n\n"
              "{\"id\": 7, \"revenue\": \"1万元\", \"dishonest\": 0}\n");
    CHECK(ids(read) == "a 7");
    CHECK(number(read, 0, "revenue") == "150000");
    CHECK(number(read, 0, "dishonest") == "1");
    CHECK(number(read, 0, "established") == std::to_string(day("2026-01-05").days));
    CHECK(number(read, 1, "revenue") == "1000000");
    CHECK(number(read, 1, "dishonest") == "0");
    CHECK(read.firms.line(1) == 3);
    CHECK(read.quarantine.empty());
}

TEST_CASE("sets and tags come as texts, lists or objects") {
    const FirmsRead read = jsonl(R"({"id": "a", "titles": "x|y@2026-01-01", "follows": "t:0.5"}
{"id": "b", "titles": ["x", {"value": "y", "until": "2026-01-01"}], "follows": {"t": 0.5}}
{"id": "c", "titles": [], "follows": ["t:0.5"]})");
    const std::uint32_t titles = read.firms.schema().find("titles").value();
    CHECK(read.quarantine.empty());
    for (std::size_t row : {0u, 1u}) {
        const auto elements = read.firms[row].elements(titles).value();
        REQUIRE(elements.size() == 2);
        CHECK(elements[0].until == kForever);
        CHECK(elements[1].until == day("2026-01-01").days);
    }
    CHECK(read.firms[2].elements(titles)->empty());
    for (std::size_t row : {0u, 1u, 2u}) {
        REQUIRE(read.firms[row].tags().size() == 1);
        CHECK(read.firms[row].tags()[0].weight == 500);
    }
}

TEST_CASE("bad values and bad lines of JSON are reported like those of CSV") {
    const FirmsRead read = jsonl("{\"id\": \"a\", \"patents\": [1], \"scale\": 5, \"name\": true}\n"
                                 "{\"id\": \"a\"}\n[1]\n{\"patents\": 1}\n{\"id\": \"b\",}\n");
    CHECK(ids(read) == "a");
    CHECK(quarantine(read) ==
          "1|a|patents|[1]|is no value of a field of kind number\n"
          "1|a|scale|5|is no value of a field of kind category\n"
          "1|a|name|true|is no value of a field of kind text\n"
          "2|a||a|this id was seen before, on line 1\n"
          "3|||[1]|a firm is a JSON object\n"
          "4||||the row has no id\n"
          "5|||{\"id\": \"b\",}|not valid JSON: Missing a name for object member.\n");
    CHECK(read_firms_jsonl("{\"id\": \"a\",\n", "f.jsonl", world::schema(), kOptions).ok());
    CHECK(read_firms_jsonl("\n{\"id\": \"a\", \"patent\": 1}", "f.jsonl", world::schema(), kOptions)
              .status()
              .to_string() ==
          "f.jsonl:2:23: key \"patent\" is not a field of the schema; did you mean \"patents\"?");
    CHECK(read_firms_jsonl("{\"id\": \"a\", \"age\": 1}", "f.jsonl", world::schema(), kOptions)
              .status()
              .code() == StatusCode::invalid_input);
}

TEST_CASE("a set that cannot be read is unknown, never none") {
    const FirmsRead read =
        jsonl("{\"id\": \"a\", \"titles\": [1]}\n{\"id\": \"b\", \"titles\": 5}\n"
              "{\"id\": \"c\", \"titles\": {\"x\": 1}}\n"
              "{\"id\": \"d\", \"titles\": \"x@soon\"}\n{\"id\": \"e\", \"titles\": null}\n"
              "{\"id\": \"f\", \"titles\": [{\"value\": \"x\", \"until\": 20200101}]}\n");
    const std::uint32_t titles = read.firms.schema().find("titles").value();
    CHECK(read.quarantine.size() == 5);
    for (std::size_t row : {0u, 1u, 2u, 3u, 5u}) {
        INFO(read.firms.id(row));
        CHECK_FALSE(read.firms[row].known(titles));
    }
    CHECK(read.firms[4].known(titles));
}

TEST_CASE("a weight of JSON is read exactly, exponent or not") {
    const FirmsRead read = jsonl("{\"id\": \"a\", \"follows\": {\"t\": 5e-1}}");
    CHECK(quarantine(read) == "");
    REQUIRE(read.firms[0].tags().size() == 1);
    CHECK(read.firms[0].tags()[0].weight == 500);
}

TEST_CASE("a sum that overflows is reported with its row") {
    const SchemaPtr schema = world::schema(R"({"id": "id", "fields": [
        {"name": "a", "kind": "number"}, {"name": "b", "kind": "number"},
        {"name": "sum", "kind": "number", "derive": {"sum": ["a", "b"]}}]})");
    const FirmsRead read = std::move(read_firms_csv("id,a,b\nx,9223372036854775807,1\ny,1,1\n",
                                                    "f.csv", schema, kOptions))
                               .value();
    CHECK(quarantine(read) == "2|x|sum||the derived number is too large\n");
    CHECK(read.firms[1].scalar(2) == 2);
}

TEST_CASE("a file read in portions gives the firms, lines and faults of the whole file") {
    world::Folder folder;
    const std::string text = "\xef\xbb\xbfid,patents,name\r\na,1,\"two\nlines\"\r\n\r\nb,x,\n"
                             "c,\"1\"x\nd,2,\xff\ne,3,f\n\"g\nh,4,";
    const std::string path = folder.write("f.csv", text);
    const FirmsRead whole = std::move(read_firms(path, world::schema(), kOptions)).value();
    for (std::size_t firms : {1u, 2u, 3u, 100u}) {
        FirmReader reader = std::move(FirmReader::open(path, world::schema(), kOptions)).value();
        std::string found, faults, lines;
        for (;;) {
            const FirmsRead read = std::move(reader.next(firms)).value();
            faults += quarantine(read);
            if (read.firms.size() == 0) break;
            CHECK(read.firms.size() <= firms);
            found += (found.empty() ? "" : " ") + ids(read);
            lines += std::to_string(read.firms.line(0)) + " ";
        }
        CHECK(found == ids(whole));
        CHECK(faults == quarantine(whole));
        if (firms == 1) CHECK(lines == "2 5 8 10 ");
    }
    CHECK(FirmReader::open("/none.csv", world::schema(), kOptions).status().to_string() ==
          "/none.csv: cannot read this file: No such file or directory");
    CHECK(FirmReader::open(folder.write("e.csv", ""), world::schema(), kOptions)
              .status()
              .to_string()
              .ends_with("e.csv: this file is empty; its first line must name the columns"));
}

TEST_CASE("JSON Lines are read in portions") {
    world::Folder folder;
    const std::string path = folder.write(
        "f.jsonl", "{\"id\": \"a\"}\n\n{\"id\": \"b\", \"patents\": []}\n{\"id\": \"c\"}");
    FirmReader reader = std::move(FirmReader::open(path, world::schema(), kOptions)).value();
    CHECK(ids(std::move(reader.next(1)).value()) == "a");
    const FirmsRead rest = std::move(reader.next(5)).value();
    CHECK(ids(rest) == "b c");
    CHECK(quarantine(rest) == "3|b|patents|[]|is no value of a field of kind number\n");
    CHECK(rest.firms.line(1) == 4);
    CHECK(std::move(reader.next(5)).value().firms.size() == 0);
}

namespace {

/// Everything that a reading gave, dictionaries and their order too.
std::string everything(const FirmsRead& read) {
    std::string out = quarantine(read) + std::to_string(read.rows_set_aside) + "\n";
    const FirmTable& firms = read.firms;
    for (std::uint32_t field = 0; field < firms.schema().size(); ++field) {
        const Column& column = firms.column(field);
        for (std::uint32_t i = 0; i < column.dictionary.size(); ++i)
            out += column.dictionary[i] + ";";
        for (std::uint32_t code : column.codes)
            out += std::to_string(code) + " ";
    }
    for (std::size_t row = 0; row < firms.size(); ++row) {
        out += "\n" + std::to_string(firms.line(row)) + " " + std::string(firms.id(row));
        for (std::uint32_t field = 0; field < firms.schema().size(); ++field) {
            out += "|";
            if (const auto scalar = firms[row].scalar(field)) out += std::to_string(*scalar);
            const Column& column = firms.column(field);
            if (column.texts.size() > 0) out += column.texts[row];
            if (firms.schema()[field].kind != Kind::set) continue;
            const auto elements = firms[row].elements(field);
            out += elements ? "" : "unknown";
            if (elements)
                for (const SetElement& element : *elements)
                    out += std::to_string(element.name) + "@" + std::to_string(element.until) + " ";
        }
        for (const Tag& tag : firms[row].tags())
            out += std::to_string(tag.name) + ":" + std::to_string(tag.weight) + " ";
    }
    return out;
}

std::string cells_text() {
    const auto cell = rc::gen::weightedOneOf<std::string>(
        {{4, rc::gen::just(std::string())},
         {4, rc::gen::element<std::string>("1", "2.5", "3万", "x", "a|b@2026-01-02", "t:0.5|u",
                                           "small", "\"q\"", "\"two\nlines\"", "\"say \"\"x\"\"\"",
                                           "\"open", "\"a\"b", "企业", "\xff", " 4 ", "1\r2",
                                           "b|c|a")},
         {1,
          rc::gen::map(rc::gen::inRange(0, 30), [](int n) { return "id" + std::to_string(n); })}});
    std::string text = "id,patents,revenue,titles,follows,scale,name,dishonest,established\n";
    const int rows = *rc::gen::inRange(0, 25);
    for (int row = 0; row < rows; ++row) {
        text += "id" + std::to_string(*rc::gen::inRange(0, 40));
        const int cells = *rc::gen::weightedElement<int>({{10, 8}, {1, 3}, {1, 9}, {1, 0}});
        for (int i = 0; i < cells; ++i)
            text += "," + *cell;
        text += *rc::gen::element<std::string>("\n", "\r\n", "\n\n");
    }
    return text;
}

FirmsRead in_chunks(const std::string& text, std::size_t chunk, const ReadOptions& options) {
    CsvStream stream(ByteSource::over(text), "f.csv", chunk);
    REQUIRE(stream.open(*world::schema(), options).ok());
    return std::move(read_csv_firms(stream, world::schema(), options)).value();
}

/// What each portion of so many firms holds; only the last, without any, may hold fewer.
std::vector<std::string> in_portions(const std::string& text, std::size_t chunk, std::size_t most,
                                     const ReadOptions& options) {
    CsvStream stream(ByteSource::over(text), "f.csv", chunk);
    REQUIRE(stream.open(*world::schema(), options).ok());
    std::vector<std::string> portions;
    for (std::size_t before = most;;) {
        const FirmsRead read =
            std::move(read_csv_firms(stream, world::schema(), options, most)).value();
        RC_ASSERT(read.firms.size() <= most);
        RC_ASSERT(before == most || read.firms.size() == 0);
        portions.push_back(everything(read));
        if (read.firms.size() == 0) return portions;
        before = read.firms.size();
    }
}

} // namespace

TEST_CASE("firms are the same on any number of threads, in chunks of any size") {
    CHECK(rc::check([] {
        const std::string text = cells_text();
        ReadOptions options = kOptions;
        options.strict = *rc::gen::arbitrary<bool>();
        const std::string expected = everything(in_chunks(text, 1 << 20, options));
        for (std::size_t chunk : {1u, 2u, 5u, 64u, 100u, 1'000u})
            for (unsigned threads : {1u, 2u, 3u}) {
                options.threads = threads;
                RC_ASSERT(everything(in_chunks(text, chunk, options)) == expected);
            }
    }));
}

TEST_CASE("portions of firms are the same on any number of threads, in chunks of any size") {
    CHECK(rc::check([] {
        const std::string text = cells_text();
        ReadOptions options = kOptions;
        options.strict = *rc::gen::arbitrary<bool>();
        const auto most = *rc::gen::inRange<std::size_t>(1, 9);
        const std::vector<std::string> expected = in_portions(text, 1 << 20, most, options);
        for (std::size_t chunk : {1u, 5u, 64u, 100u, 1'000u})
            for (unsigned threads : {1u, 3u}) {
                options.threads = threads;
                RC_ASSERT(in_portions(text, chunk, most, options) == expected);
            }
    }));
}

TEST_CASE("portions of many rows hold what the whole holds") {
    std::string text = "id,patents,name\n";
    for (int i = 0; i < 50'000; ++i)
        text += "id" + std::to_string(i) + "," + std::to_string(i % 7) +
                (i % 4'000 == 9   ? ",\"two\nlines\"\n"
                 : i % 5'000 == 4 ? ",x,too many\n"
                                  : ",\n");
    ReadOptions options = kOptions;
    const FirmsRead whole = csv(text, options);
    options.threads = 3;
    CsvStream stream(ByteSource::over(text), "f.csv", 10'000);
    REQUIRE(stream.open(*world::schema(), options).ok());
    std::size_t row = 0, aside = 0;
    for (std::size_t size = 1; size > 0;) {
        const FirmsRead read =
            std::move(read_csv_firms(stream, world::schema(), options, 7'001)).value();
        size = read.firms.size();
        aside += read.rows_set_aside;
        for (std::size_t i = 0; i < size; ++i, ++row) {
            REQUIRE(read.firms.id(i) == whole.firms.id(row));
            REQUIRE(read.firms.line(i) == whole.firms.line(row));
        }
    }
    CHECK(row == whole.firms.size());
    CHECK(aside == whole.rows_set_aside);
    CHECK(aside == 10);
}

TEST_CASE("many rows on several threads are those of one thread") {
    std::string text = "id,patents,scale,titles,follows,name\n";
    for (int i = 0; i < 60'000; ++i)
        text += "id" + std::to_string(i == 50'000 ? 17 : i) + "," + std::to_string(i % 7) + "," +
                (i % 3 == 0 ? "small" : "micro") + ",t" + std::to_string(i / 100) + "|u" +
                std::to_string(i % 10) + ",w" + std::to_string(i % 50) +
                (i % 9'000 == 8 ? ":0.5,\"two\nlines\"\n" : ":0.25,\n");
    ReadOptions options = kOptions;
    const std::string expected = everything(csv(text, options));
    for (unsigned threads : {2u, 4u}) {
        options.threads = threads;
        CHECK(everything(csv(text, options)) == expected);
    }
}

TEST_CASE("a cell of very many elements keeps each once") {
    std::string cell, again;
    for (int i = 0; i < 100'000; ++i)
        cell += (i == 0 ? "" : "|") + std::string("e") + std::to_string(i % 60'000);
    const FirmsRead read = csv("id,titles\na," + cell + "\n");
    CHECK(read.firms[0].elements(read.firms.schema().find("titles").value())->size() == 60'000);
}
