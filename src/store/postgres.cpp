#include "store/postgres.hpp"

#include "qice/base/text.hpp"

#include <libpq-fe.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <utility>

namespace qice {
namespace {

constexpr int kOldestServer = 140000; // client_connection_check_interval came with 14

// Types by number, as src/include/catalog/pg_type.dat has them; they never change.
constexpr unsigned kBytea = 17, kBigint = 20, kText = 25;
constexpr unsigned kByteaArray = 1001, kTextArray = 1009, kBigintArray = 1016;

template <class Number> void append_number(std::string& out, Number number) {
    for (int shift = 8 * (static_cast<int>(sizeof number) - 1); shift >= 0; shift -= 8)
        out += static_cast<char>(static_cast<std::uint64_t>(number) >> shift);
}

/// PostgreSQL's array of one dimension.
template <class Items, class Append>
std::string array_of(unsigned type, const Items& items, Append append) {
    std::string out;
    append_number(out, std::int32_t{items.empty() ? 0 : 1});
    append_number(out, std::int32_t{0}); // no NULL among them
    append_number(out, type);
    if (items.empty()) return out;
    append_number(out, static_cast<std::int32_t>(items.size()));
    append_number(out, std::int32_t{1}); // the first has the number 1
    for (const auto& item : items)
        append(out, item);
    return out;
}

void append_item(std::string& out, std::string_view item) {
    append_number(out, static_cast<std::int32_t>(item.size()));
    out += item;
}

struct OptionsDeleter {
    void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

/// Refuses an address that is none, or that holds a secret, without repeating it.
Status check_address(const std::string& uri) {
    char* reason = nullptr;
    const std::unique_ptr<PQconninfoOption, OptionsDeleter> options(
        PQconninfoParse(uri.c_str(), &reason));
    PQfreemem(reason); // libpq's sentence would repeat the address, and a password in it
    if (!options)
        return {StatusCode::usage, "--store is no address that PostgreSQL knows; it looks like "
                                   "postgresql://[user@][host][:port][/database][?option=value]"};
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
        const std::string_view name = option->keyword;
        if ((name == "password" || name == "sslpassword") && option->val != nullptr)
            return {StatusCode::usage,
                    "--store holds a password, and everybody on this machine can read a command "
                    "line; put it into ~/.pgpass (or the file that PGPASSFILE names), into a "
                    "service file (postgresql://?service=NAME), or into PGPASSWORD"};
    }
    return {};
}

/// One line without control characters.
std::string one_line(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool is_blank = c == '\n' || c == '\t' || c == ' ';
        if (!is_blank)
            out += c;
        else if (!out.empty() && out.back() != ' ')
            out += ' ';
    }
    while (!out.empty() && out.back() == ' ')
        out.pop_back();
    return visible(out);
}

/// What a person can do about it; nullptr where PostgreSQL's own words have to do.
const char* advice(std::string_view state) {
    struct Advice {
        std::string_view state; // or its beginning
        const char* words;
    };
    static constexpr Advice kAdvice[] = {
        {"53100", "the server's disk is full; nothing was changed"},
        {"53200", "the server has no memory left; nothing was changed"},
        {"53300", "the server takes no more connections"},
        {"25006", "this server or role only reads; nothing was changed"},
        {"42501", "this role may not do that; docs/postgresql.md says what it must be granted"},
        {"40001", "another session changed the same rows; nothing was changed, run it again"},
        {"40P01", "another session waited for the same rows; nothing was changed, run it again"},
        {"55P03", "another session holds a lock; nothing was changed, run it again"},
        {"57014", "was cancelled on the server; nothing was changed"},
        {"57P", "the server was shut down; nothing was changed, and it is safe to run it again"},
        {"58", "the server could not read or write its files; nothing was changed"},
        {"XX", "the server has an internal error, or its data are damaged"},
    };
    for (const Advice& known : kAdvice)
        if (state.starts_with(known.state)) return known.words;
    return nullptr;
}

} // namespace

std::int64_t pg_number(std::string_view bytes) {
    if (bytes.empty()) return 0;
    std::uint64_t number = static_cast<signed char>(bytes.front()) < 0
                               ? ~std::uint64_t{0}
                               : 0; // the first byte has the sign
    for (const char byte : bytes)
        number = number << 8 | static_cast<unsigned char>(byte);
    return static_cast<std::int64_t>(number);
}

// ---------------------------------------------------------------------------- PgParameters

void PgParameters::add(std::int64_t number) {
    std::string bytes;
    append_number(bytes, number);
    add(kBigint, std::move(bytes));
}

void PgParameters::add(const std::optional<std::int64_t>& number) {
    if (number) return add(*number);
    values_.push_back({kBigint, true, {}});
}

void PgParameters::add(std::string_view text) { add(kText, std::string(text)); }
void PgParameters::add(PgBytes bytes) { add(kBytea, std::string(bytes.bytes)); }

void PgParameters::add(std::span<const std::int64_t> numbers) {
    add(kBigintArray, array_of(kBigint, numbers, [](std::string& out, std::int64_t number) {
            append_number(out, std::int32_t{8});
            append_number(out, number);
        }));
}

void PgParameters::add(std::span<const std::string_view> texts) {
    add(kTextArray, array_of(kText, texts, append_item));
}

void PgParameters::add(const PgBytesArray& array) {
    add(kByteaArray, array_of(kBytea, array.items, append_item));
}

// ---------------------------------------------------------------------------------- PgRows

void PgRows::Clear::operator()(pg_result* result) const { PQclear(result); }

int PgRows::size() const { return PQntuples(result_.get()); }
int PgRows::columns() const { return PQnfields(result_.get()); }
std::string_view PgRows::name(int column) const { return PQfname(result_.get(), column); }
unsigned PgRows::type(int column) const { return PQftype(result_.get(), column); }
bool PgRows::is_null(int row, int column) const {
    return PQgetisnull(result_.get(), row, column) != 0;
}

std::string_view PgRows::text(int row, int column) const {
    return {PQgetvalue(result_.get(), row, column),
            static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

// -------------------------------------------------------------------------------- Postgres

Postgres::~Postgres() { PQfinish(connection_); }

Status Postgres::open(const std::string& uri) {
    QICE_RETURN_IF_ERROR(check_address(uri));
    where_ = uri;
    // A server that has vanished from the net is noticed within a minute, not after two hours.
    std::vector<std::pair<const char*, const char*>> settings = {
        {"fallback_application_name", "qice"},
        {"keepalives_idle", "30"},
        {"keepalives_interval", "10"},
        {"keepalives_count", "3"},
        {"tcp_user_timeout", "60000"}};
    if (std::getenv("PGCONNECT_TIMEOUT") == nullptr) settings.emplace_back("connect_timeout", "10");
    settings.emplace_back("dbname", uri.c_str()); // what it says goes before the above
    settings.emplace_back("client_encoding", "UTF8");
    std::vector<const char*> names, values;
    for (const auto& [name, value] : settings) {
        names.push_back(name);
        values.push_back(value);
    }
    names.push_back(nullptr);
    values.push_back(nullptr);
    connection_ = PQconnectdbParams(names.data(), values.data(), 1);
    if (connection_ == nullptr) return {StatusCode::storage, "out of memory", {where_}};
    PQsetNoticeReceiver(
        connection_, [](void*, const PGresult*) {}, nullptr);
    if (PQstatus(connection_) != CONNECTION_OK)
        return {StatusCode::storage,
                "cannot be reached: " + one_line(PQerrorMessage(connection_)),
                {where_}};
    if (PQserverVersion(connection_) < kOldestServer)
        return {StatusCode::storage,
                std::string("PostgreSQL 14 or later is needed; this server is ") +
                    PQparameterStatus(connection_, "server_version"),
                {where_}};
    // A night computes for a while inside its transaction, so nobody's limits for web pages may end
    // it. When this process dies, the server stops within the interval and lets go of the lock.
    return execute("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; "
                   "SET idle_session_timeout = 0; SET lock_timeout = 0; SET jit = off; "
                   "SET client_connection_check_interval = '250ms'; "
                   "SET DateStyle = 'ISO'; SET extra_float_digits = 1");
}

Status Postgres::take(pg_result* result, PgRows& rows) {
    rows = PgRows(result);
    switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY: return {};
    default: break;
    }
    return failure(result);
}

Status Postgres::execute(const std::string& sql) {
    PgRows rows(nullptr);
    return take(PQexec(connection_, sql.c_str()), rows);
}

Result<PgRows> Postgres::ask_with(const char* sql, const PgParameters& parameters, bool binary) {
    std::vector<unsigned> types;
    std::vector<const char*> values;
    std::vector<int> lengths, formats;
    for (const PgParameters::Value& value : parameters.values_) {
        if (value.bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
            return Status(StatusCode::storage, "a value is larger than 2 GiB", {where_});
        types.push_back(value.type);
        values.push_back(value.is_null ? nullptr : value.bytes.data());
        lengths.push_back(static_cast<int>(value.bytes.size()));
        formats.push_back(1);
    }
    PgRows rows(nullptr);
    QICE_RETURN_IF_ERROR(
        take(PQexecParams(connection_, sql, static_cast<int>(values.size()), types.data(),
                          values.data(), lengths.data(), formats.data(), binary ? 1 : 0),
             rows));
    return rows;
}

Status Postgres::commit() {
    PgRows rows(nullptr);
    const Status status = take(PQexec(connection_, "COMMIT"), rows);
    if (!status.ok() && PQstatus(connection_) == CONNECTION_BAD)
        return {StatusCode::storage,
                "the connection was lost in the moment of committing, so it is not known whether "
                "the work was recorded; run it again: that is safe, and records nothing twice",
                {where_}};
    // A transaction that has failed before answers COMMIT with ROLLBACK.
    if (status.ok() && std::strcmp(PQcmdStatus(rows.result_.get()), "COMMIT") != 0)
        return {StatusCode::storage,
                "an earlier failure undid the work; nothing was changed",
                {where_}};
    return status;
}

bool Postgres::in_transaction() const {
    if (connection_ == nullptr) return false;
    const PGTransactionStatusType status = PQtransactionStatus(connection_);
    return status != PQTRANS_IDLE && status != PQTRANS_UNKNOWN;
}

std::string Postgres::role() const {
    const char* user = PQuser(connection_);
    return user != nullptr ? visible(user) : "";
}

Status Postgres::failure(const pg_result* result) {
    const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char* position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
    last_state_ = state != nullptr ? state : "";
    last_position_ = position != nullptr ? std::strtoul(position, nullptr, 10) : 0;
    // Only the first sentence: details and context may repeat values of a row.
    const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    std::string message = one_line(primary != nullptr ? primary : PQerrorMessage(connection_));
    if (state == nullptr || std::string_view(state).starts_with("08"))
        return {StatusCode::storage,
                "the connection to the server was lost; nothing was changed, and it is safe to run "
                "it again (" +
                    message + ")",
                {where_}};
    if (const char* words = advice(state))
        return {StatusCode::storage, std::string(words) + " (" + message + ")", {where_}};
    return {StatusCode::storage,
            "PostgreSQL refused (" + std::string(state) + "): " + message,
            {where_}};
}

} // namespace qice
