// What stands before any work on a PostgreSQL store: its tables in this program's version, the
// right to write to them, and the lock that lets one import or night at a time do so.
#pragma once

#include "push/store.hpp"
#include "store/postgres.hpp"

namespace qice {

/// Makes the tables (OpenMode::create), or brings an older store's up to date: in one transaction,
/// under the lock. Refuses what is no store, or that of a newer program.
Status prepare_postgres_store(Postgres& db, OpenMode mode);

/// May this role write to the store, and is this a server that can be written to? Said before a
/// night is computed, not after.
Status check_postgres_rights(Postgres& db);

/// Alone at work on this database's store, from take() to release().
class PostgresLock {
  public:
    explicit PostgresLock(Postgres& db) : db_(db) {}
    ~PostgresLock() { release(); }
    PostgresLock(const PostgresLock&) = delete;
    PostgresLock& operator=(const PostgresLock&) = delete;

    Status take(); // outside of a transaction
    void release();

  private:
    Status who_holds_it();

    Postgres& db_;
    bool is_held_ = false;
};

} // namespace qice
