// What goes into a store beside files of firms and policies: opt-outs, and firms from a query.
#pragma once

#include "push/store.hpp"
#include "qice/io/reader.hpp"

#include <string>
#include <vector>

namespace qice::cli {

/// A CSV file with the columns firm_id (or the schema's id column) and tag; an empty tag is
/// everything.
Result<std::vector<OptOut>> read_opt_outs(const std::string& path, const Schema& schema);

/// Firms from a query whose column names are fields. `mapping` is a JSON file {"column": "field"}
/// for other names, null to leave a column out; or empty.
Result<FirmsRead> query_firms(Store& store, const std::string& sql, const std::string& mapping,
                              const SchemaPtr& schema, const ReadOptions& options);

/// All of the quarantine, into place.
Status write_quarantine(const std::string& path, const FirmsRead& read);

} // namespace qice::cli
