// UTF-8 text and files.
#include "qice/base/text.hpp"

#include "unit/world.hpp"

using namespace qice;

TEST_CASE("trimming takes blanks and tabs off both ends only") {
    CHECK(trim(" \ta b\t ") == "a b");
    CHECK(trim("  ") == "");
    CHECK(trim("\na\r") == "\na\r");
    CHECK(trim("　a") == "　a"); // the wide blank is a character
}

TEST_CASE("splitting keeps empty parts") {
    using Parts = std::vector<std::string_view>;
    CHECK(split("a||b", '|') == Parts{"a", "", "b"});
    CHECK(split("", '|') == Parts{""});
    CHECK(split("|", '|') == Parts{"", ""});
    CHECK(split("企业|资质", '|') == Parts{"企业", "资质"});
}

TEST_CASE("well-formed UTF-8 is told from what only looks like it") {
    for (const char* good : {"", "plain", "企策", "\xf0\x9f\x8f\xad", "\xed\x9f\xbf",
                             "\xee\x80\x80", "\xf4\x8f\xbf\xbf", "\xc2\x80", "\xe0\xa0\x80"})
        CHECK(is_utf8(good));
    for (const char* bad : {"\x80", "\xff", "\xc0\xaf", "\xc1\x81", "\xe0\x9f\xbf", "\xed\xa0\x80",
                            "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe4\xbc",
                            "\xe4", "\xe4\x41\x81", "\xe4\xbc\x41", "\xb6\xab\xdd\xb8" /* GBK */}) {
        CHECK_FALSE(is_utf8(bad));
        // Wherever it stands in the steps over ASCII.
        for (std::size_t before : {1u, 15u, 16u, 17u, 31u, 33u}) {
            CHECK_FALSE(is_utf8(std::string(before, 'a') + bad));
            CHECK_FALSE(is_utf8(std::string(before, 'a') + bad + std::string(40, 'b')));
            CHECK(is_utf8(std::string(before, 'a') + "企" + std::string(40, 'b')));
        }
    }
}

TEST_CASE("characters are counted, not bytes") {
    CHECK(count_characters("") == 0);
    CHECK(count_characters("abc") == 3);
    CHECK(count_characters("企策qice") == 6);
}

TEST_CASE("an excerpt is cut between characters") {
    CHECK(excerpt("高新技术企业", 4) == "高新技术…");
    CHECK(excerpt("高新技术", 4) == "高新技术");
    CHECK(excerpt("abc", 0) == "…");
    CHECK(excerpt("", 0) == "");
    CHECK(in_quotes(std::string(41, 'x')) == '"' + std::string(40, 'x') + "…\"");
}

TEST_CASE("the nearest name is a slip of the hand away, or there is none") {
    const std::vector<std::string> names{"revenue", "region", "rd_ratio", "employees"};
    CHECK(nearest("revenu", names) == "revenue");
    CHECK(nearest("reveneu", names) == "revenue");
    CHECK(nearest("rd-ratio", names) == "rd_ratio");
    CHECK(nearest("regiom", names) == "region");
    CHECK(nearest("turnover", names) == "");
    CHECK(nearest("", names) == "");
    CHECK(nearest("x", {}) == "");
}

TEST_CASE("a file is read whole, and one that is not there has the system's reason") {
    world::Folder folder;
    const std::string bytes = std::string(200'000, 'x') + std::string("\0end", 4);
    CHECK(read_file(folder.write("some", bytes)).value() == bytes);
    CHECK(read_file(folder.write("empty", "")).value() == "");
    const Status missing = read_file(folder.path + "/none").status();
    CHECK(missing.code() == StatusCode::invalid_input);
    CHECK(missing.to_string() ==
          folder.path + "/none: cannot read this file: No such file or directory");
    CHECK(read_file(folder.path).status().message() == "cannot read this file: Is a directory");
    CHECK(read_file("/proc/self/stat").value().size() > 10); // its size is not known beforehand
}
