// Anybody's SELECT over the database a store is in.
//
// The query runs in a read-only part of the current transaction, so it sees the same picture of the
// data and can change nothing; what it breaks ends with it. Rows come some thousand at a time.
#pragma once

#include "push/store.hpp"
#include "store/postgres.hpp"

namespace qice {

/// What is no query, or several, is StatusCode::usage; a wrong name is StatusCode::storage. Both
/// with line and column.
Status query_postgres(Postgres& db, const std::string& sql, const Store::Query& visit);

} // namespace qice
