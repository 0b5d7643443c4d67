// JSON in which every value knows its place.
#include "base/json.hpp"

#include <catch2/catch.hpp>

using namespace qice;

namespace {

Json json(std::string_view text) { return parse_json({"a.json", text}).value(); }
std::string fault(std::string_view text) {
    const Result<Json> result = parse_json({"a.json", text});
    return result.ok() ? "" : result.status().to_string();
}
std::string place(std::string_view text, const Json& value) {
    return JsonSource{"a.json", text}.place(value.offset).to_string();
}

} // namespace

TEST_CASE("a text becomes a tree") {
    const Json root =
        json(R"({"a": [1, -2.50, 1e300], "b": {"c": null, "d": true}, "e": "企\u7b56"})");
    REQUIRE(root.is(Json::Kind::object));
    REQUIRE(root.members.size() == 3);
    const Json& a = *root.find("a");
    REQUIRE(a.items.size() == 3);
    CHECK(a.items[1].text == "-2.50"); // numbers stay text
    CHECK(a.items[2].text == "1e300");
    CHECK(root.find("b")->find("c")->is(Json::Kind::null));
    CHECK(root.find("b")->find("d")->boolean);
    CHECK(root.find("e")->text == "企策");
    CHECK(root.find("f") == nullptr);
    CHECK(root.dump() == R"({"a":[1,-2.50,1e300],"b":{"c":null,"d":true},"e":"企策"})");
}

TEST_CASE("every value knows its line and column, in characters") {
    const std::string_view text = "{\"企业\": 1,\n  \"b\" : [true,\n\t{\"c\": \"x\"}]}";
    const Json root = json(text);
    CHECK(place(text, root) == "a.json:1:1");
    CHECK(place(text, *root.find("企业")) == "a.json:1:8");
    CHECK(place(text, *root.find("b")) == "a.json:2:9");
    CHECK(place(text, root.find("b")->items[0]) == "a.json:2:10");
    CHECK(place(text, root.find("b")->items[1]) == "a.json:3:2");
    CHECK(place(text, *root.find("b")->items[1].find("c")) == "a.json:3:8");
}

TEST_CASE("a text may start further down in its file") {
    CHECK(parse_json({"a.jsonl", "{\"a\":}", 12}).status().to_string() ==
          "a.jsonl:12:6: not valid JSON: Invalid value.");
}

TEST_CASE("a byte order mark is passed over") {
    CHECK(json("\xef\xbb\xbf{\"a\": 1}").find("a")->text == "1");
}

TEST_CASE("what is no JSON is refused with its place") {
    CHECK(fault("") == "a.json:1:1: not valid JSON: no JSON value here");
    CHECK(fault(" \n ") == "a.json:2:2: not valid JSON: no JSON value here");
    CHECK(fault("{\"a\": 1,\n \"a\": 2}") == "a.json:2:2: key \"a\" stands twice in one object");
    CHECK(fault("{\"x\": {\"a\": 1}, \"a\": 2}").empty()); // another object
    CHECK(fault("{} {}") == "a.json:1:4: not valid JSON: The document root must not be followed by "
                            "other values.");
    for (const char* text : {"{",
                             "[1,]",
                             "{\"a\" 1}",
                             "{'a': 1}",
                             "[01]",
                             "[+1]",
                             "[.5]",
                             "[1.]",
                             "[NaN]",
                             "nul",
                             "\"\\x\"",
                             "\"\\ud800\"",
                             "\"\n\"",
                             "[1 2]",
                             "//a\n1",
                             "\"\xff\"",
                             "\"\xed\xa0\x80\"",
                             "{\"\xc0\xaf\": 1}",
                             "1e",
                             "-"}) {
        INFO(text);
        CHECK(fault(text).substr(0, 9) == "a.json:1:");
    }
}

TEST_CASE("a NUL byte never ends a text early") {
    CHECK(fault(std::string_view("{}\0", 3)) ==
          "a.json:1:3: not valid JSON: a NUL byte or text after the end");
    CHECK_FALSE(fault(std::string_view("{}\0{}", 5)).empty());
    CHECK_FALSE(fault(std::string_view("\0", 1)).empty());
    CHECK(json("\"a\\u0000b\"").text == std::string("a\0b", 3));
}

TEST_CASE("nesting has a limit and no stack to overflow") {
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    CHECK(fault(nested(kMaxJsonDepth)).empty());
    CHECK(fault(nested(kMaxJsonDepth + 1)) == "a.json:1:1001: nested deeper than 1000 levels");
    CHECK(fault(std::string(1'000'000, '[')) == "a.json:1:1001: nested deeper than 1000 levels");
    std::string objects;
    for (int i = 0; i < 1'001; ++i)
        objects += "{\"a\":";
    CHECK(fault(objects).find("nested deeper") != std::string::npos);
}

TEST_CASE("a message names a value briefly") {
    CHECK(json("\"high\"").describe() == "\"high\"");
    CHECK(json("12").describe() == "12");
    CHECK(json("[1]").describe() == "a list");
    CHECK(json("{}").describe() == "an object");
    CHECK(json("null").describe() == "null");
    CHECK(json("false").describe() == "false");
}

TEST_CASE("strings are escaped so that they read back") {
    std::string every;
    for (int c = 0; c < 128; ++c)
        every += static_cast<char>(c);
    every += "企策\xf0\x9f\x8f\xad";
    std::string literal;
    append_json_string(literal, every);
    CHECK(json(literal).text == every);
    std::string quoted;
    append_json_string(quoted, "a\"b\\\n\x01");
    CHECK(quoted == R"("a\"b\\\n\u0001")");
}
