// The outbox of a SQLite store: a connection of its own, and SQLite's own lock between senders.
//
// Senders wait (up to half a minute) while another writes, a night too; they never take the lock
// that keeps imports and nights apart.
#pragma once

#include "push/outbox.hpp"

namespace qice {

Result<std::unique_ptr<Outbox>> open_sqlite_outbox(const std::string& path);

} // namespace qice
