// Rows of JSON Lines into a collector.
#pragma once

#include "base/json.hpp"
#include "base/string_map.hpp"
#include "io/firm_collector.hpp"

namespace qice {

/// The text of a line, or nothing if it is blank.
std::string_view json_line(std::string_view line);

/// Takes one line; an unknown key is a Status, unless it may be ignored.
Status take_json_line(FirmCollector& rows, const Schema& schema, const ReadOptions& options,
                      const JsonSource& source, StringSet& ignored);

/// The id in a JSON object, or nothing.
std::string_view id_of(const Json& firm, const Schema& schema);

/// A JSON object and the id to take it under.
struct JsonFirm {
    const Json& values;
    std::string_view id;
};
Status take_json_firm(FirmCollector& rows, const Schema& schema, const ReadOptions& options,
                      const JsonSource& source, const JsonFirm& firm, StringSet& ignored);

/// A JSON value as what a cell would be.
struct JsonCell {
    enum class Is : std::uint8_t { empty, cell, number, unreadable };
    Is is = Is::empty;
    std::string_view text; // of a cell or number: of the value, or joined
    std::string joined;    // elements between bars
};
/// Into `out`, which is used again; its text lives as long as the value and `out`.
void read_json_cell(const Field& field, const Json& value, JsonCell& out);
/// Why a value is unreadable.
std::string no_json_value_of(const Field& field);

std::vector<std::string> sorted(const StringSet& names);

} // namespace qice
