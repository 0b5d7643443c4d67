// The outbox of a PostgreSQL store: rows of qice.push are only read. A claim is written once for a
// thousand pushes (qice.waiting), and what becomes of a push is a narrow row of its own
// (qice.delivery), added by COPY; an index in order of the numbers is all that grows with it.
//
// A claim skips what another sender has locked, so senders do not wait for each other to commit a
// batch while there is enough for all, and never for a night. Whoever claims or moves pushes that
// are pending holds their row of qice.waiting; that is what makes a claim exact.
//
// Made for one role more than the owner: a sender's needs to read, and to write these two tables
// and qice.unpushed (docs/postgresql.md).
#pragma once

#include "push/outbox.hpp"

namespace qice {

Result<std::unique_ptr<Outbox>> open_postgres_outbox(const std::string& uri);

} // namespace qice
