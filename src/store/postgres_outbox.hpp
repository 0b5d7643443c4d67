// The outbox of a PostgreSQL store: claims skip what another sender has locked, so senders never
// wait for each other to commit a batch, and not for a night either.
//
// Made for one role more than the owner: a sender's needs to read, to update four columns of
// qice.push, and to add to qice.unpushed (docs/postgresql.md).
#pragma once

#include "push/outbox.hpp"

namespace qice {

Result<std::unique_ptr<Outbox>> open_postgres_outbox(const std::string& uri);

} // namespace qice
