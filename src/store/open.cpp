// Which store a text like `sqlite:PATH` or `postgresql://…` means.
#include "push/store.hpp"
#include "qice/base/text.hpp"
#include "store/postgres_store.hpp"
#include "store/sqlite_store.hpp"

namespace qice {

Result<std::unique_ptr<Store>> open_store(const std::string& where, OpenMode mode) {
    constexpr std::string_view kSqlite = "sqlite:";
    if (where.starts_with(kSqlite) && where.size() > kSqlite.size())
        return open_sqlite_store(where.substr(kSqlite.size()), mode);
    if (where.starts_with("postgresql://") || where.starts_with("postgres://"))
        return open_postgres_store(where, mode);
    return Status(StatusCode::usage,
                  "--store needs sqlite:PATH or postgresql://[user@][host][:port][/database]");
}

} // namespace qice
