#include "store/postgres_copy.hpp"

#include <libpq-fe.h>

#include <cstring>

namespace qice {
namespace {

// A binary COPY opens with these, two words of zeros behind them, and ends with -1 for a row.
constexpr std::string_view kSignature{"PGCOPY\n\377\r\n\0", 11};
constexpr std::size_t kHeader = kSignature.size() + 8;

struct ResultDeleter {
    void operator()(PGresult* result) const { PQclear(result); }
};
using Outcome = std::unique_ptr<PGresult, ResultDeleter>;

/// Waits for the end of a statement; the first failure counts.
Status settle(Postgres& db) {
    Status status;
    while (const Outcome outcome{PQgetResult(db.handle())}) {
        if (PQresultStatus(outcome.get()) != PGRES_COMMAND_OK && status.ok())
            status = db.failure(outcome.get());
        // A broken connection gives the same result for ever.
        if (PQstatus(db.handle()) == CONNECTION_BAD) break;
    }
    return status;
}

} // namespace

// ---------------------------------------------------------------------------------- CopyIn

CopyIn::CopyIn(Postgres& db, const char* sql) : db_(db) {
    const Outcome outcome{PQexec(db.handle(), sql)};
    is_open_ = PQresultStatus(outcome.get()) == PGRES_COPY_IN;
    if (!is_open_) fault_ = db.failure(outcome.get());
    waiting_.reserve(kSend + (kSend >> 2));
    waiting_ += kSignature;
    waiting_.append(kHeader - kSignature.size(), '\0');
}

CopyIn::~CopyIn() {
    if (is_open_) (void)end("abandoned");
}

template <class Number> void CopyIn::append(Number number) {
    char bytes[sizeof number];
    for (std::size_t i = sizeof number; i-- > 0; number = static_cast<Number>(number >> 8))
        bytes[i] = static_cast<char>(number);
    waiting_.append(bytes, sizeof number);
}

CopyIn& CopyIn::row(std::int16_t columns) {
    append(columns);
    return *this;
}

CopyIn& CopyIn::number(std::int64_t value) {
    append(std::int32_t{8});
    append(value);
    return *this;
}

CopyIn& CopyIn::small(std::int32_t value) {
    append(std::int32_t{4});
    append(value);
    return *this;
}

CopyIn& CopyIn::tiny(std::int16_t value) {
    append(std::int32_t{2});
    append(value);
    return *this;
}

CopyIn& CopyIn::text(std::string_view bytes) {
    append(static_cast<std::int32_t>(bytes.size()));
    waiting_ += bytes;
    return *this;
}

CopyIn& CopyIn::null() {
    append(std::int32_t{-1});
    return *this;
}

Status CopyIn::send() {
    QICE_RETURN_IF_ERROR(fault_);
    const int done =
        PQputCopyData(db_.handle(), waiting_.data(), static_cast<int>(waiting_.size()));
    waiting_.clear();
    if (done == 1) return {};
    is_open_ = false;
    const Status status = settle(db_);
    return status.ok() ? db_.failure(nullptr) : status;
}

Status CopyIn::end(const char* reason) {
    is_open_ = false;
    const bool is_sent = PQputCopyEnd(db_.handle(), reason) == 1;
    const Status status = settle(db_);
    return is_sent || !status.ok() ? status : db_.failure(nullptr);
}

Status CopyIn::finish() {
    append(std::int16_t{-1});
    QICE_RETURN_IF_ERROR(send());
    return end(nullptr);
}

// -------------------------------------------------------------------------------- copy_out

/// Takes a row out of what the server sent; it sends each row whole.
class CopyReader {
  public:
    enum class Found { row, end, nonsense };

    Found read(std::string_view bytes) {
        if (!is_begun_) {
            if (!bytes.starts_with(kSignature) || bytes.size() < kHeader) return Found::nonsense;
            bytes.remove_prefix(kHeader);
            is_begun_ = true;
        }
        if (bytes.size() < 2) return Found::nonsense;
        const std::int64_t columns = pg_number(take(bytes, 2));
        if (columns < 0) return Found::end;
        row_.fields_.clear();
        for (std::int64_t column = 0; column < columns; ++column) {
            if (bytes.size() < 4) return Found::nonsense;
            const std::int64_t size = pg_number(take(bytes, 4));
            if (size > static_cast<std::int64_t>(bytes.size())) return Found::nonsense;
            row_.fields_.push_back(size < 0 ? std::string_view() : take(bytes, size));
        }
        return bytes.empty() ? Found::row : Found::nonsense;
    }
    const CopiedRow& row() const { return row_; }

  private:
    static std::string_view take(std::string_view& bytes, std::int64_t size) {
        const std::string_view taken = bytes.substr(0, static_cast<std::size_t>(size));
        bytes.remove_prefix(taken.size());
        return taken;
    }

    bool is_begun_ = false;
    CopiedRow row_;
};

Status copy_out(Postgres& db, const char* sql,
                const std::function<Status(const CopiedRow&)>& visit) {
    {
        const Outcome outcome{PQexec(db.handle(), sql)};
        if (PQresultStatus(outcome.get()) != PGRES_COPY_OUT) return db.failure(outcome.get());
    }
    CopyReader reader;
    Status status;
    char* bytes = nullptr;
    int size = 0;
    while ((size = PQgetCopyData(db.handle(), &bytes, 0)) > 0) {
        const auto found = reader.read({bytes, static_cast<std::size_t>(size)});
        if (found == CopyReader::Found::nonsense && status.ok())
            status = {
                StatusCode::storage, "the server sent rows that cannot be read", {db.where()}};
        else if (found == CopyReader::Found::row && status.ok())
            status = visit(reader.row());
        PQfreemem(bytes);
    }
    const Status outcome = size == -2 ? db.failure(nullptr) : Status();
    const Status settled = settle(db);
    if (!settled.ok()) return settled;
    return outcome.ok() ? status : outcome;
}

} // namespace qice
