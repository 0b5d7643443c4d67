// What the faces of a SQLite store share: how a connection is set up, and rows that several read.
#pragma once

#include "push/store.hpp"
#include "store/sqlite.hpp"

namespace qice {

/// Locks of others are waited for up to half a minute; what was told to be done survives a power
/// cut.
Status prepare_connection(Sqlite& db);

/// The schema in force for a run: the last one that was put before it.
Result<std::optional<StoredSchema>> read_schema(Sqlite& db, std::int64_t run);

/// Of a row of table run.
StoredRun run_in(const Statement& row);

/// As Store::read_pushed().
Status read_pushed_pairs(Sqlite& db,
                         const std::function<Status(std::int64_t, std::span<const Pushed>)>& visit);

} // namespace qice
