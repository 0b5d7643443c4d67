// A small world for the unit tests: one schema, firms from cells, rules from text.
#pragma once

#include "qice/base/text.hpp"
#include "qice/model/firm.hpp"
#include "qice/rule/parse.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace world {

using namespace qice;

inline constexpr std::string_view kSchema = R"({"id": "id", "fields": [
 {"name": "revenue", "kind": "number", "unit": "元", "decimals": 2},
 {"name": "rd", "kind": "number", "unit": "元", "decimals": 2},
 {"name": "rd_ratio", "kind": "number", "derive": {"ratio": ["rd", "revenue"]}},
 {"name": "patents", "kind": "number"},
 {"name": "established", "kind": "date", "fixed": true},
 {"name": "age", "kind": "number", "derive": {"months_since": "established"}, "fixed": true},
 {"name": "dishonest", "kind": "flag"},
 {"name": "scale", "kind": "category", "values": ["micro", "small", "medium", "large"]},
 {"name": "industry", "kind": "code", "codes": "gbt4754"},
 {"name": "park", "kind": "code", "codes": "prefix", "fixed": true},
 {"name": "titles", "kind": "set", "expires": true},
 {"name": "labels", "kind": "set", "missing": "unknown"},
 {"name": "follows", "kind": "tags"},
 {"name": "name", "kind": "text"}]})";

inline SchemaPtr schema(std::string_view json) {
    return Schema::parse(json, "schema.json").value();
}

/// The world's own, read once.
inline SchemaPtr schema() {
    static const SchemaPtr made = schema(kSchema);
    return made;
}

inline Date day(std::string_view text) { return Date::parse(text).value(); }

using Cells = std::vector<std::pair<std::string, std::string>>;

/// Firms f0, f1, ... whose cells are all good.
inline FirmTable firms(const SchemaPtr& schema, Date as_of, const std::vector<Cells>& rows) {
    FirmTableBuilder builder(schema, as_of);
    for (std::size_t row = 0; row < rows.size(); ++row) {
        builder.begin("f" + std::to_string(row), row + 2);
        for (const auto& [field, text] : rows[row]) {
            INFO(field << " = " << text);
            REQUIRE(builder.set(schema->find(field).value(), text) == nullptr);
        }
        builder.end();
    }
    return std::move(builder).finish();
}

/// Policies from a JSON list without faults.
inline std::vector<Policy> policies(const SchemaPtr& schema, std::string_view json) {
    PolicySet set = parse_policies(json, "policies.json", schema);
    for (const Status& error : set.errors)
        FAIL(error.to_string());
    return std::move(set.policies);
}

inline Rule rule(const SchemaPtr& schema, const std::string& json) {
    return policies(schema, "{\"id\": \"P\", \"rule\": " + json + "}")[0].rule;
}

/// A folder that is gone with the test.
struct Folder {
    std::string path;

    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "qice-unit-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path = name;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path); }

    std::string write(const std::string& name, std::string_view text) const {
        const std::string file = path + "/" + name;
        std::filesystem::create_directories(std::filesystem::path(file).parent_path());
        std::ofstream(file, std::ios::binary) << text;
        return file;
    }
    std::string read(const std::string& name) const { return read_file(path + "/" + name).value(); }
    std::vector<std::string> names() const {
        std::vector<std::string> found;
        for (const auto& entry : std::filesystem::directory_iterator(path))
            found.push_back(entry.path().filename());
        std::sort(found.begin(), found.end());
        return found;
    }
};

} // namespace world
