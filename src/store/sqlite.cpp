#include "store/sqlite.hpp"

#include "qice/base/text.hpp"

#include <sqlite3.h>

#include <utility>

namespace qice {
namespace {

/// What a person can do about it; nullptr where SQLite's own words have to do.
const char* advice(int code) {
    switch (code & 0xff) {
    case SQLITE_NOTADB: return "is not a SQLite database";
    case SQLITE_CORRUPT: return "is damaged; take the last backup (docs/store.md)";
    case SQLITE_FULL: return "the disk is full; nothing was changed";
    case SQLITE_READONLY: return "can only be read; give the file and its folder write permission";
    case SQLITE_CANTOPEN: return "cannot be opened; is its folder there, and may it be written to?";
    case SQLITE_PERM:
    case SQLITE_AUTH: return "may not be opened";
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return "is locked by another program";
    case SQLITE_NOMEM: return "out of memory";
    default: return nullptr;
    }
}

} // namespace

// -------------------------------------------------------------------------------- Statement

Statement::Statement(Statement&& other) noexcept { *this = std::move(other); }

Statement& Statement::operator=(Statement&& other) noexcept {
    std::swap(db_, other.db_);
    std::swap(statement_, other.statement_);
    std::swap(fault_, other.fault_);
    return *this;
}

Statement::~Statement() { sqlite3_finalize(statement_); }

void Statement::bind(int place, std::int64_t value) {
    sqlite3_bind_int64(statement_, place, value);
}

void Statement::bind(int place, std::string_view value) {
    const char* bytes = value.data() != nullptr ? value.data() : "";
    sqlite3_bind_text64(statement_, place, bytes, value.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void Statement::bind(int place, Blob value) {
    const char* bytes = value.bytes.data() != nullptr ? value.bytes.data() : "";
    sqlite3_bind_blob64(statement_, place, bytes, value.bytes.size(), SQLITE_STATIC);
}

void Statement::bind(int place, const std::optional<std::int64_t>& value) {
    if (value)
        bind(place, *value);
    else
        sqlite3_bind_null(statement_, place);
}

Status Statement::finish() {
    return rows([](const Statement&) { return Status(); });
}

Status Statement::rows(const std::function<Status(const Statement&)>& visit) {
    if (statement_ == nullptr) return fault_;
    Status status;
    for (;;) {
        const int code = sqlite3_step(statement_);
        if (code == SQLITE_ROW) {
            status = visit(*this);
            if (status.ok()) continue;
        } else if (code != SQLITE_DONE) {
            status = db_->failure();
        }
        break;
    }
    sqlite3_reset(statement_);
    return status;
}

int Statement::columns() const { return sqlite3_column_count(statement_); }
std::string_view Statement::name(int column) const {
    return sqlite3_column_name(statement_, column);
}
bool Statement::is_null(int column) const {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}
std::int64_t Statement::number(int column) const {
    return sqlite3_column_int64(statement_, column);
}
std::string_view Statement::text(int column) const {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    if (text == nullptr) return {};
    return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}
std::string_view Statement::bytes(int column) const {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    if (bytes == nullptr) return {};
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}
bool Statement::only_reads() const {
    return statement_ != nullptr && sqlite3_stmt_readonly(statement_) != 0;
}

// ----------------------------------------------------------------------------------- Sqlite

Sqlite::~Sqlite() { sqlite3_close_v2(db_); }

Status Sqlite::open(const std::string& path, bool create) {
    path_ = path;
    const int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_CREATE : 0);
    if (sqlite3_open_v2(path.c_str(), &db_, flags, nullptr) != SQLITE_OK) return failure();
    sqlite3_extended_result_codes(db_, 1);
    return {};
}

bool Sqlite::can_only_be_read() const { return sqlite3_db_readonly(db_, "main") == 1; }

Status Sqlite::execute(const char* sql) {
    return sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) == SQLITE_OK ? Status() : failure();
}

Statement Sqlite::prepare(std::string_view sql) {
    Statement out;
    out.db_ = this;
    const char* rest = nullptr;
    const int code = sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &out.statement_, &rest);
    if (code != SQLITE_OK) {
        out.fault_ = failure();
    } else if (out.statement_ == nullptr) {
        out.fault_ = Status(StatusCode::usage, "the query is empty");
    } else if (const std::size_t used = static_cast<std::size_t>(rest - sql.data());
               sql.find_first_not_of(" \t\r\n;", used) != sql.npos) {
        sqlite3_finalize(std::exchange(out.statement_, nullptr));
        out.fault_ = Status(StatusCode::usage, "one query at a time; there is more after it");
    }
    return out;
}

Result<std::int64_t> Sqlite::number(std::string_view sql) {
    std::int64_t number = 0;
    QICE_RETURN_IF_ERROR(prepare(sql).each([&](const Statement& row) {
        number = row.number(0);
        return Status();
    }));
    return number;
}

void Sqlite::wait_for_others(int milliseconds) { sqlite3_busy_timeout(db_, milliseconds); }

bool Sqlite::is_busy() const {
    const int code = sqlite3_errcode(db_) & 0xff;
    return code == SQLITE_BUSY || code == SQLITE_LOCKED;
}

bool Sqlite::in_transaction() const { return db_ != nullptr && sqlite3_get_autocommit(db_) == 0; }

Status Sqlite::failure() const {
    const int code = db_ != nullptr ? sqlite3_extended_errcode(db_) : SQLITE_NOMEM;
    const char* words = advice(code);
    std::string message = words != nullptr ? words : visible(sqlite3_errmsg(db_));
    if ((code & 0xff) == SQLITE_IOERR)
        message = "the disk could not be read or written (" + message + "); nothing was changed";
    return {StatusCode::storage, std::move(message), {path_}};
}

} // namespace qice
