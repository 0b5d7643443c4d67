// The archive of a SQLite store: a connection of its own, which only reads.
#pragma once

#include "push/archive.hpp"

namespace qice {

Result<std::unique_ptr<Archive>> open_sqlite_archive(const std::string& path);

} // namespace qice
