// JSON text as a tree in which every value knows its place.
//
// Numbers stay text, so nothing is rounded. Duplicate keys, nesting beyond the limit, invalid UTF-8
// and trailing text are errors with line and column. RapidJSON is used in json.cpp only, by the
// iterative, validating recipe that its open bugs ask for.
#pragma once

#include "qice/base/status.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qice {

struct JsonSource;

class Json {
  public:
    enum class Kind : std::uint8_t { null, boolean, number, string, array, object };
    struct Member;

    Kind kind = Kind::null;
    bool boolean = false;
    std::string text;            // of a string or a number
    std::vector<Json> items;     // of an array
    std::vector<Member> members; // of an object, in the order of the file
    std::uint32_t offset = 0;    // first byte in the source

    bool is(Kind other) const { return kind == other; }
    /// The member named `key`, or nullptr.
    const Json* find(std::string_view key) const;
    /// How a message names the value: "high", 12, an object, ...
    std::string describe() const;
    /// Compact JSON text of the value.
    std::string dump() const;
};

struct Json::Member {
    std::string first; // the key
    Json second;
};

/// A text to parse and where it stands in its file.
struct JsonSource {
    std::string file;
    std::string_view text;
    std::uint32_t first_line = 1;

    /// The last place that was asked for: asked in order, all places of a text cost one pass.
    struct Mark {
        std::size_t offset = 0;
        std::uint32_t lines = 0, characters = 0;
    };
    mutable Mark mark{};

    Place place(std::uint32_t offset) const;
};

inline constexpr std::uint32_t kMaxJsonDepth = 1000;

Result<Json> parse_json(const JsonSource& source);

/// Appends `text` as a JSON string literal.
void append_json_string(std::string& out, std::string_view text);

} // namespace qice
