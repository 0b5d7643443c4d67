// A store in a PostgreSQL database, 14 or later: a schema `qice` of its own beside other tables.
//
// A write is one transaction over one picture of the data. Imports and nights are kept apart by an
// advisory lock of the session, which goes with its process, however that ends; a new one waits a
// few seconds for it, since a server takes a moment to notice that a process was killed. Neither
// readers nor senders wait for a night: its pushes go into a table that nobody else sees and that
// becomes a partition of `push` just before the commit.
#pragma once

#include "push/store.hpp"

namespace qice {

/// `uri` is postgresql://…; the rest comes from the usual PG variables and files. A password in it
/// is refused.
Result<std::unique_ptr<Store>> open_postgres_store(const std::string& uri, OpenMode mode);

} // namespace qice
