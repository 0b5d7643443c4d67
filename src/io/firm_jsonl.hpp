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

std::vector<std::string> sorted(const StringSet& names);

} // namespace qice
