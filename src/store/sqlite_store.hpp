// A store in one SQLite file: WAL, STRICT tables, every commit on the disk before it is told.
//
// Imports and nights are kept apart by a lock on PATH-lock, which goes with its process, however
// that ends; the database's own lock is held from begin() to commit() too, so senders wait (up to
// half a minute) while a night is computed and written. Readers never wait.
#pragma once

#include "push/store.hpp"

namespace qice {

Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path, OpenMode mode);

} // namespace qice
