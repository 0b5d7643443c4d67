#include "store/postgres_query.hpp"

#include <algorithm>

namespace qice {
namespace {

constexpr unsigned kBoolean = 16;
constexpr std::string_view kBefore = "DECLARE qice_query NO SCROLL CURSOR FOR ";

/// Line and column of the n-th character, from 1.
std::string place_in(std::string_view sql, std::size_t position) {
    std::size_t line = 1, column = 1;
    for (const char c : sql) {
        if ((static_cast<unsigned char>(c) & 0xc0) == 0x80) continue; // inside of a character
        if (--position == 0) break;
        ++column;
        if (c == '\n') ++line, column = 1;
    }
    return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

/// Syntax and names are the writer's, not the server's.
Status explain(const Postgres& db, const Status& status, std::string_view sql) {
    const std::string& state = db.last_state();
    if (!state.starts_with("42") || state == "42501") return status;
    std::string where = "the query";
    if (db.last_position() > kBefore.size())
        where += ", " + place_in(sql, db.last_position() - kBefore.size());
    return {state == "42601" ? StatusCode::usage : StatusCode::storage,
            where + ": " + status.message()};
}

Status visit_rows(const PgRows& rows, const Store::Query& visit) {
    std::vector<std::optional<std::string_view>> cells(static_cast<std::size_t>(rows.columns()));
    for (int row = 0; row < rows.size(); ++row) {
        for (int column = 0; column < rows.columns(); ++column) {
            std::optional<std::string_view>& cell = cells[static_cast<std::size_t>(column)];
            cell.reset();
            if (rows.is_null(row, column)) continue;
            cell = rows.text(row, column);
            if (rows.type(column) == kBoolean) cell = *cell == "t" ? "true" : "false";
        }
        QICE_RETURN_IF_ERROR(visit.row(cells));
    }
    return {};
}

Status read_all(Postgres& db, const std::string& sql, const Store::Query& visit) {
    // One statement, by the protocol: whatever stands behind a semicolon is refused. A cursor takes
    // nothing but a query.
    if (const Status status = db.ask_as_text(std::string(kBefore) + sql).status(); !status.ok())
        return explain(db, status, sql);
    for (bool is_first = true;; is_first = false) {
        auto fetched = db.ask_as_text("FETCH FORWARD 4096 FROM qice_query");
        if (!fetched.ok()) return fetched.status();
        if (is_first) {
            std::vector<std::string_view> names;
            for (int column = 0; column < fetched->columns(); ++column)
                names.push_back(fetched->name(column));
            QICE_RETURN_IF_ERROR(visit.columns(names));
        }
        if (fetched->size() == 0) return {};
        QICE_RETURN_IF_ERROR(visit_rows(*fetched, visit));
    }
}

} // namespace

Status query_postgres(Postgres& db, const std::string& sql, const Store::Query& visit) {
    QICE_RETURN_IF_ERROR(db.execute("SAVEPOINT qice_query; SET LOCAL transaction_read_only = on; "
                                    "SET LOCAL cursor_tuple_fraction = 1"));
    const Status status = read_all(db, sql, visit);
    const Status after =
        db.execute("ROLLBACK TO SAVEPOINT qice_query; RELEASE SAVEPOINT qice_query");
    return status.ok() ? after : status;
}

} // namespace qice
