// PostgreSQL behind a few calls: a connection, statements with parameters, and what went wrong as a
// sentence.
//
//   Postgres db;
//   QICE_RETURN_IF_ERROR(db.open("postgresql://qice@db.example/portal"));
//   QICE_RETURN_IF_ERROR(db.run("UPDATE qice.firm SET version_no = $1 WHERE firm_no = $2", 7, 1));
//   QICE_ASSIGN_OR_RETURN(const PgRows rows, db.ask("SELECT max(firm_no) FROM qice.firm"));
//   rows.number(0, 0);
//
// Values go as parameters and never into the text of a statement. Everything comes and goes in
// binary. A statement of ask() is held whole; for much data there is postgres_copy.hpp. Passwords
// come from PGPASSWORD, a passfile or a service file; one in the address is refused before anything
// is connected, and no message repeats it. Prints nothing, touches no signal. For one thread.
#pragma once

#include "qice/base/status.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct pg_conn;
struct pg_result;

namespace qice {

/// Bytes that are no text.
struct PgBytes {
    std::string_view bytes;
};

/// A column of bytes as one parameter.
struct PgBytesArray {
    std::vector<std::string_view> items;
};

/// A smallint, integer, bigint or boolean as it travels; NULL and nothing are 0.
std::int64_t pg_number(std::string_view bytes);

/// The values of $1, $2 ... in the binary form of their types; holds copies.
class PgParameters {
  public:
    void add(std::int64_t number);
    void add(const std::optional<std::int64_t>& number);
    void add(std::string_view text);
    void add(PgBytes bytes);
    void add(std::span<const std::int64_t> numbers);   // bigint[]
    void add(std::span<const std::string_view> texts); // text[]
    void add(const PgBytesArray& array);               // bytea[]
    void add(const std::vector<std::int64_t>& numbers) { add(std::span(numbers)); }
    void add(const std::vector<std::string_view>& texts) { add(std::span(texts)); }
    void add(const std::string& text) { add(std::string_view(text)); }
    void add(const char* text) { add(std::string_view(text)); }

  private:
    friend class Postgres;
    struct Value {
        unsigned type = 0; // its OID
        bool is_null = false;
        std::string bytes;
    };
    void add(unsigned type, std::string bytes) {
        values_.push_back({type, false, std::move(bytes)});
    }
    std::vector<Value> values_;
};

/// What a statement gave. Texts live as long as this.
class PgRows {
  public:
    explicit PgRows(pg_result* result) : result_(result) {}

    int size() const;
    int columns() const;
    std::string_view name(int column) const;
    unsigned type(int column) const; // its OID
    bool is_null(int row, int column) const;
    std::int64_t number(int row, int column) const { return pg_number(text(row, column)); }
    /// Of a text or bytea; NULL is empty.
    std::string_view text(int row, int column) const;

  private:
    friend class Postgres;
    struct Clear {
        void operator()(pg_result* result) const;
    };
    std::unique_ptr<pg_result, Clear> result_;
};

class Postgres {
  public:
    Postgres() = default;
    Postgres(const Postgres&) = delete;
    Postgres& operator=(const Postgres&) = delete;
    ~Postgres();

    /// `uri` is postgresql://[user@][host][:port][/database][?option=value&...]; what it leaves out
    /// comes from the usual PG variables and files.
    Status open(const std::string& uri);

    /// One statement or several, without values.
    Status execute(const std::string& sql);
    template <class... Values> Status run(const char* sql, const Values&... values) {
        return ask(sql, values...).status();
    }
    template <class... Values> Result<PgRows> ask(const char* sql, const Values&... values) {
        PgParameters parameters;
        (parameters.add(values), ...);
        return ask_with(sql, parameters, true);
    }
    /// The same with rows as the texts that psql would print.
    Result<PgRows> ask_as_text(const std::string& sql) { return ask_with(sql.c_str(), {}, false); }

    /// As execute(), for COMMIT: if the connection breaks here, nobody knows what became of it.
    Status commit();
    bool in_transaction() const;

    const std::string& where() const { return where_; }
    /// The role that the statements run as.
    std::string role() const;
    /// What went wrong, as a sentence; `result` may be missing, as after a lost connection.
    Status failure(const pg_result* result);
    /// The five letters of PostgreSQL for what went wrong last.
    const std::string& last_state() const { return last_state_; }
    /// Where in the statement the last failure was, in characters from 1; 0 = not known.
    std::size_t last_position() const { return last_position_; }

    pg_conn* handle() const { return connection_; }

  private:
    Result<PgRows> ask_with(const char* sql, const PgParameters& parameters, bool binary);
    Status take(pg_result* result, PgRows& rows);

    pg_conn* connection_ = nullptr;
    std::string where_;
    std::string last_state_;
    std::size_t last_position_ = 0;
};

} // namespace qice
