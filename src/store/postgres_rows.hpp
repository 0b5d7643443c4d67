// What the faces of a PostgreSQL store share: rows that several of them read.
#pragma once

#include "push/store.hpp"
#include "store/postgres.hpp"

namespace qice {

/// `SELECT … FROM qice.run `, with columns as run_in() takes them.
extern const char* const kSelectRun;
StoredRun run_in(const PgRows& rows, int row);

/// The schema in force for a run: the last one that was put before it.
Result<std::optional<StoredSchema>> read_schema(Postgres& db, std::int64_t run);

} // namespace qice
