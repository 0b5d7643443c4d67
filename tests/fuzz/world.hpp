// What the fuzz drivers share: a small schema with a field of every kind.
//
// Every operator and every derivation has a field here, so that a driver's bytes go into rules and
// values and not into schemas. The size classes stand on an industry without a list: with one,
// every table would look up 1,971 codes.
#pragma once

#include "qice/model/schema.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace qice::fuzz {

inline constexpr const char* kSchema = R"({"id": "id", "fields": [
  {"name": "name", "kind": "text"},
  {"name": "revenue", "kind": "number", "unit": "元", "decimals": 2},
  {"name": "rd", "kind": "number", "unit": "元", "decimals": 2},
  {"name": "assets", "kind": "number", "unit": "万元"},
  {"name": "staff", "kind": "number", "unit": "人"},
  {"name": "share", "kind": "number", "unit": "%", "decimals": 9},
  {"name": "profit", "kind": "number", "derive": {"difference": ["revenue", "rd"]}},
  {"name": "total", "kind": "number", "derive": {"sum": ["revenue", "rd", "profit"]}},
  {"name": "rd_ratio", "kind": "number", "derive": {"ratio": ["rd", "revenue"]}},
  {"name": "per_head", "kind": "number", "derive": {"ratio": ["profit", "staff"]}},
  {"name": "established", "kind": "date", "fixed": true},
  {"name": "age", "kind": "number", "derive": {"months_since": "established"}},
  {"name": "listed", "kind": "flag"},
  {"name": "form", "kind": "category", "values": ["企业", "合作社", "其他"], "fixed": true},
  {"name": "brand", "kind": "category"},
  {"name": "region", "kind": "code", "codes": "prefix", "fixed": true},
  {"name": "industry", "kind": "code", "codes": "prefix"},
  {"name": "branch", "kind": "code", "codes": "gbt4754"},
  {"name": "scale", "kind": "category",
   "derive": {"sme_size": ["industry", "staff", "revenue", "assets"]}},
  {"name": "titles", "kind": "set", "expires": true},
  {"name": "clusters", "kind": "set", "missing": "unknown"},
  {"name": "follows", "kind": "tags"}]})";

inline const SchemaPtr& schema() {
    static const SchemaPtr parsed = [] {
        Result<SchemaPtr> result = Schema::parse(kSchema, "schema.json");
        if (!result.ok()) {
            std::fprintf(stderr, "%s\n", result.status().to_string().c_str());
            std::abort();
        }
        return *result;
    }();
    return parsed;
}

/// Stops the driver with a sentence if something that must hold does not.
inline void require(bool holds, const std::string& what) {
    if (holds) return;
    std::fprintf(stderr, "disagreement: %s\n", what.c_str());
    std::abort();
}

} // namespace qice::fuzz
