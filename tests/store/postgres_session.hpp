// What tests of PostgreSQL alone need beside a store: whether there is a server, and a connection
// of their own.
//
//   if (!has_server()) return;
//   Session other;
//   CHECK(other.number("SELECT version FROM qice.store") == kPostgresVersion);
#pragma once

#include "store/places.hpp"

namespace qice::tests {

inline bool has_server() {
    if (postgres_address().empty()) WARN("QICE_POSTGRES is not set: PostgreSQL is NOT tested");
    return !postgres_address().empty();
}

/// Another connection to the store's database.
struct Session {
    Postgres db;
    Session() { REQUIRE(db.open(postgres_address()).ok()); }
    std::int64_t number(const char* sql) {
        const auto rows = db.ask(sql);
        INFO(rows.status().to_string());
        REQUIRE(rows.ok());
        REQUIRE(rows->size() == 1);
        return rows->number(0, 0);
    }
};

} // namespace qice::tests
