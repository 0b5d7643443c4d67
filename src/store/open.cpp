// Which store a text like `sqlite:PATH` or `postgresql://…` means.
#include "push/archive.hpp"
#include "push/outbox.hpp"
#include "push/store.hpp"
#include "qice/base/text.hpp"
#include "store/postgres_archive.hpp"
#include "store/postgres_outbox.hpp"
#include "store/postgres_store.hpp"
#include "store/sqlite_archive.hpp"
#include "store/sqlite_outbox.hpp"
#include "store/sqlite_store.hpp"

namespace qice {
namespace {

constexpr std::string_view kSqlite = "sqlite:";

bool is_sqlite(const std::string& where) {
    return where.starts_with(kSqlite) && where.size() > kSqlite.size();
}
bool is_postgres(const std::string& where) {
    return where.starts_with("postgresql://") || where.starts_with("postgres://");
}

Status unknown_store() {
    return {StatusCode::usage,
            "--store needs sqlite:PATH or postgresql://[user@][host][:port][/database]"};
}

} // namespace

Result<std::unique_ptr<Store>> open_store(const std::string& where, OpenMode mode) {
    if (is_sqlite(where)) return open_sqlite_store(where.substr(kSqlite.size()), mode);
    if (is_postgres(where)) return open_postgres_store(where, mode);
    return unknown_store();
}

Result<std::unique_ptr<Outbox>> open_outbox(const std::string& where) {
    if (is_sqlite(where)) return open_sqlite_outbox(where.substr(kSqlite.size()));
    if (is_postgres(where)) return open_postgres_outbox(where);
    return unknown_store();
}

Result<std::unique_ptr<Archive>> open_archive(const std::string& where) {
    if (is_sqlite(where)) return open_sqlite_archive(where.substr(kSqlite.size()));
    if (is_postgres(where)) return open_postgres_archive(where);
    return unknown_store();
}

} // namespace qice
