#include "store/postgres_open.hpp"

#include "qice/base/text.hpp"
#include "store/postgres_schema.hpp"

namespace qice {
namespace {

// Any number will do that no other program uses on the same database: the letters "qicestor".
constexpr std::int64_t kLock = 0x7169'6365'7374'6f72;

Status refuse(const Postgres& db, std::string why) {
    return {StatusCode::storage, std::move(why), {db.where()}};
}

/// 0: there is none.
Result<std::int64_t> version_of(Postgres& db) {
    QICE_ASSIGN_OR_RETURN(
        const PgRows found,
        db.ask("SELECT to_regclass('qice.store') IS NOT NULL, count(c.oid) FROM pg_class c "
               "WHERE c.relnamespace = to_regnamespace('qice')"));
    if (found.number(0, 0) == 0) {
        if (found.number(0, 1) == 0) return std::int64_t{0};
        return refuse(db, "the schema qice of this database belongs to another program");
    }
    QICE_ASSIGN_OR_RETURN(const PgRows version, db.ask("SELECT version FROM qice.store"));
    if (version.size() != 1) return refuse(db, "the table qice.store is damaged");
    return version.number(0, 0);
}

Status take_steps(Postgres& db, std::int64_t from) {
    QICE_RETURN_IF_ERROR(db.execute("BEGIN"));
    if (from == 0) {
        // IF NOT EXISTS would still ask for the right to create one.
        QICE_ASSIGN_OR_RETURN(const PgRows is_there,
                              db.ask("SELECT 1 WHERE to_regnamespace('qice') IS NOT NULL"));
        if (is_there.size() == 0)
            QICE_RETURN_IF_ERROR(db.execute("CREATE SCHEMA IF NOT EXISTS qice"));
        QICE_RETURN_IF_ERROR(db.execute("CREATE TABLE qice.store(version integer NOT NULL); "
                                        "INSERT INTO qice.store VALUES (0)"));
    }
    for (std::int64_t step = from; step < kPostgresVersion; ++step)
        QICE_RETURN_IF_ERROR(db.execute(kPostgresSteps[step]));
    QICE_RETURN_IF_ERROR(
        db.run("UPDATE qice.store SET version = $1", std::int64_t{kPostgresVersion}));
    return db.commit();
}

} // namespace

Status prepare_postgres_store(Postgres& db, OpenMode mode) {
    QICE_ASSIGN_OR_RETURN(std::int64_t version, version_of(db));
    if (version == kPostgresVersion) return {};
    if (version > kPostgresVersion)
        return refuse(db, "this store was written by a newer qice: it has version " +
                              std::to_string(version) + ", this program knows up to " +
                              std::to_string(kPostgresVersion));
    if (version == 0 && mode == OpenMode::existing)
        return refuse(db, "there is no store in this database; qice import makes one");
    PostgresLock lock(db);
    QICE_RETURN_IF_ERROR(lock.take());
    QICE_ASSIGN_OR_RETURN(version, version_of(db)); // another may have been faster
    const Status status = version == kPostgresVersion ? Status() : take_steps(db, version);
    if (!status.ok() && db.in_transaction()) (void)db.execute("ROLLBACK");
    return status;
}

Status check_postgres_rights(Postgres& db) {
    QICE_ASSIGN_OR_RETURN(
        const PgRows rights,
        db.ask("SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean, "
               "pg_has_role(c.relowner, 'USAGE'), pg_get_userbyid(c.relowner) "
               "FROM pg_class c WHERE c.oid = 'qice.push'::regclass"));
    if (rights.size() != 1) return refuse(db, "the table qice.push is missing");
    if (rights.number(0, 0) != 0)
        return refuse(db, "this server or role only reads (a standby, or "
                          "default_transaction_read_only); nothing was done");
    if (rights.number(0, 1) == 0)
        return refuse(db, "role " + in_quotes(db.role()) +
                              " may not write to this store; imports and nights are run by its "
                              "owner " +
                              in_quotes(rights.text(0, 2)) + " or a member of that role");
    return {};
}

Status PostgresLock::take() {
    const std::string wait = "SET lock_timeout = '2s'; SELECT pg_advisory_lock(" +
                             std::to_string(kLock) + "); SET lock_timeout = 0";
    const Status status = db_.execute(wait);
    is_held_ = status.ok();
    return status.ok() || db_.last_state() != "55P03" ? status : who_holds_it();
}

Status PostgresLock::who_holds_it() {
    QICE_ASSIGN_OR_RETURN(
        const PgRows holder,
        db_.ask("SELECT 'server process ' || a.pid || ', role ' || coalesce(a.usename, '?') || "
                "coalesce(', from ' || host(a.client_addr), '') || coalesce(', since ' || "
                "to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS \"UTC\"'), '') "
                "FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "
                "JOIN pg_database d ON d.oid = l.database AND d.datname = current_database() "
                "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 "
                "AND (l.classid::bigint << 32 | l.objid::bigint) = $1",
                kLock));
    const std::string who =
        holder.size() > 0 ? " (" + visible(std::string(holder.text(0, 0))) + ")" : "";
    return refuse(db_, "another import or night is at work on this store" + who +
                           "; nothing was done. Try again when it is through");
}

void PostgresLock::release() {
    if (!is_held_) return;
    is_held_ = false;
    (void)db_.run("SELECT pg_advisory_unlock($1)", kLock);
}

} // namespace qice
