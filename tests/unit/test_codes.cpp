// Hierarchical code lists.
#include "qice/model/codes.hpp"
#include "qice/model/standards.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace qice;

namespace {

constexpr std::string_view kParks = "code,name,parent,level,alias\n"
                                    "P2,South,,park,\n"
                                    "P1,North,,park,north|N\n"
                                    "P1-b,Mill,P1,plot,\n"
                                    "P2-a,Quay,P2,plot,\n"
                                    "P1-a,Yard,P1,plot,P2\n"
                                    "P1-a-1,Shed,P1-a,,\n";

CodeList list(std::string_view csv) { return CodeList::parse(csv, "codes.csv").value(); }
std::string fault(std::string_view csv) {
    return CodeList::parse(csv, "codes.csv").status().to_string();
}

} // namespace

TEST_CASE("codes are numbered so that everything under one is an interval") {
    const CodeList parks = list(kParks);
    REQUIRE(parks.size() == 6);
    const auto number = [&](const char* code) { return parks.find(code).value(); };
    for (const char* code : {"P1", "P1-a", "P1-b", "P1-a-1"})
        CHECK(parks.under(number(code), number("P1")));
    for (const char* code : {"P2", "P2-a"})
        CHECK_FALSE(parks.under(number(code), number("P1")));
    CHECK(parks.under(number("P1-a-1"), number("P1-a")));
    CHECK_FALSE(parks.under(number("P1"), number("P1-a"))); // not the other way round
    CHECK_FALSE(parks.under(number("P1-b"), number("P1-a")));
    CHECK(parks[number("P1-a-1")].depth == 2);
    CHECK(parks[number("P1-a-1")].parent == number("P1-a"));
    CHECK(parks[number("P2")].parent == CodeList::kRoot);
    CHECK(parks[number("P1-a")].name == "Yard");
}

TEST_CASE("other spellings find the same code and never hide one") {
    const CodeList parks = list(kParks);
    CHECK(parks.find("north") == parks.find("P1"));
    CHECK(parks.find("N") == parks.find("P1"));
    CHECK(parks[parks.find("P2").value()].name == "South"); // P1-a claims it, too
    CHECK_FALSE(parks.find("P3"));
    CHECK_FALSE(parks.find(""));
    CHECK_FALSE(parks.find("p1"));
    CHECK(parks.has_level("plot"));
    CHECK_FALSE(parks.has_level("town"));
}

TEST_CASE("a parent may stand behind its children, and columns in any order") {
    const CodeList codes = list("name,parent,code\nx,B,C\ny,A,B\nz,,A\n");
    CHECK(codes.under(codes.find("C").value(), codes.find("A").value()));
    CHECK(codes.find("A") == 0u);
}

TEST_CASE("a faulty list is refused with its line") {
    CHECK(fault("") == "codes.csv: this code list is empty; it needs a header code,name,parent");
    CHECK(fault("code,name\nA,x\n") ==
          "codes.csv:1: a code list needs the columns code, name and parent");
    CHECK(fault("code,name,parent\nA,x,\nA,y,\n") == "codes.csv:3: code \"A\" stands twice");
    CHECK(fault("code,name,parent\nA,x,B\n") ==
          "codes.csv:2: parent \"B\" of code \"A\" is not on the list");
    CHECK(fault("code,name,parent\n,x,\n") == "codes.csv:2: this line has no code");
    CHECK(fault("code,name,parent\nA,\xff,\n") == "codes.csv:2: this line is not UTF-8");
    CHECK(fault("code,name,parent\nA,\"x\n") == "codes.csv:2: a quote is opened and never closed");
    CHECK(fault("code,name,parent\nR,x,\nA,x,B\nB,y,A\n") ==
          "codes.csv:3: this code is its own ancestor");
    CHECK(fault("code,name,parent\nA,x,A\n") == "codes.csv:2: this code is its own ancestor");
    CHECK(CodeList::load("/none.csv").status().code() == StatusCode::invalid_input);
}

TEST_CASE("a deep list needs no stack") {
    std::string csv = "code,name,parent\n0,,\n";
    for (int i = 1; i < 100'000; ++i)
        csv += std::to_string(i) + ",," + std::to_string(i - 1) + "\n";
    const CodeList chain = list(csv);
    CHECK(chain[chain.find("99999").value()].depth == 99'999);
    CHECK(chain.under(chain.find("99999").value(), chain.find("0").value()));
}

TEST_CASE("in the standard lists under means on the path of parents") {
    for (const char* name : {"gbt4754", "regions"}) {
        const CodeList codes =
            CodeList::load(data_directory() + "/standards/" + name + ".csv").value();
        REQUIRE(codes.size() > 1'000);
        std::size_t faults = 0;
        for (std::uint32_t code = 0; code < codes.size(); code += codes.size() / 100) {
            std::set<std::uint32_t> path;
            for (std::uint32_t at = code; at != CodeList::kRoot; at = codes[at].parent)
                path.insert(at);
            for (std::uint32_t other = 0; other < codes.size(); ++other)
                faults += codes.under(code, other) != path.contains(other);
        }
        CHECK(faults == 0);
    }
}

TEST_CASE("an industry is found with and without its section letter") {
    const CodeList industries = CodeList::load(data_directory() + "/standards/gbt4754.csv").value();
    CHECK(industries.find("C3911") == industries.find("3911"));
    CHECK(industries.under(industries.find("3911").value(), industries.find("C").value()));
    CHECK(industries.under(industries.find("C39").value(), industries.find("39").value()));
}
