// The archive of a PostgreSQL store: a connection of its own, which only reads.
#pragma once

#include "push/archive.hpp"

namespace qice {

Result<std::unique_ptr<Archive>> open_postgres_archive(const std::string& uri);

} // namespace qice
