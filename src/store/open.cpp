// Which store a text like `sqlite:PATH` means.
#include "push/store.hpp"
#include "qice/base/text.hpp"
#include "store/sqlite_store.hpp"

namespace qice {

Result<std::unique_ptr<Store>> open_store(const std::string& where, OpenMode mode) {
    constexpr std::string_view kSqlite = "sqlite:";
    if (where.starts_with(kSqlite) && where.size() > kSqlite.size())
        return open_sqlite_store(where.substr(kSqlite.size()), mode);
    return Status(StatusCode::usage, "--store needs sqlite:PATH, got " + in_quotes(where));
}

} // namespace qice
