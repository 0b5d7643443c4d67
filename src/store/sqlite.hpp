// SQLite behind a few calls: a connection, a statement, and what went wrong as a sentence.
//
//   Sqlite db;
//   QICE_RETURN_IF_ERROR(db.open(path, false));
//   Statement insert = db.prepare("INSERT INTO firm VALUES (?, ?)");
//   QICE_RETURN_IF_ERROR(insert.run(firm, id));               // binds all, steps once
//   Statement rows = db.prepare("SELECT ...");
//   QICE_RETURN_IF_ERROR(rows.each([&](const Statement& row) { ... row.text(0) ...; }));
//
// A statement that could not be prepared keeps the reason and gives it when it is run. Texts of a
// row are valid until the next step. For one thread.
#pragma once

#include "qice/base/status.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace qice {

/// Bytes that are no text.
struct Blob {
    std::string_view bytes;
};

class Sqlite;

class Statement {
  public:
    Statement() = default;
    Statement(Statement&& other) noexcept;
    Statement& operator=(Statement&& other) noexcept;
    ~Statement();

    /// Binds the values in order and steps once, for statements without rows.
    template <class... Values> Status run(const Values&... values) {
        if (statement_ != nullptr) bind_all(values...);
        return finish();
    }
    /// The same for a statement that gives rows. `visit` ends it with a failure.
    template <class... Values>
    Status each(const std::function<Status(const Statement&)>& visit, const Values&... values) {
        if (statement_ != nullptr) bind_all(values...);
        return rows(visit);
    }

    int columns() const;
    std::string_view name(int column) const;
    bool is_null(int column) const;
    std::int64_t number(int column) const;
    std::string_view text(int column) const;
    std::string_view bytes(int column) const;
    /// Does it only read?
    bool only_reads() const;
    /// Why it could not be prepared.
    const Status& fault() const { return fault_; }

  private:
    friend class Sqlite;

    template <class... Values> void bind_all(const Values&... values) {
        int place = 0;
        (bind(++place, values), ...);
    }
    void bind(int place, std::int64_t value);
    void bind(int place, std::string_view value);
    void bind(int place, Blob value);
    void bind(int place, const std::optional<std::int64_t>& value);
    Status finish();
    Status rows(const std::function<Status(const Statement&)>& visit);

    Sqlite* db_ = nullptr;
    sqlite3_stmt* statement_ = nullptr;
    Status fault_; // of preparing it
};

class Sqlite {
  public:
    Sqlite() = default;
    Sqlite(const Sqlite&) = delete;
    Sqlite& operator=(const Sqlite&) = delete;
    ~Sqlite();

    Status open(const std::string& path, bool create);
    bool can_only_be_read() const;
    /// One statement or several, without values.
    Status execute(const char* sql);
    Statement prepare(std::string_view sql);
    /// A single number: PRAGMA user_version and the like.
    Result<std::int64_t> number(std::string_view sql);
    /// How long others' locks are waited for.
    void wait_for_others(int milliseconds);
    /// Is the last failure that of a lock?
    bool is_busy() const;
    bool in_transaction() const;

    const std::string& path() const { return path_; }
    /// What went wrong last, as a sentence.
    Status failure() const;

  private:
    friend class Statement;

    sqlite3* db_ = nullptr;
    std::string path_;
};

} // namespace qice
