// Much data in and out of PostgreSQL: COPY in its binary form, a row at a time, in bounded memory.
//
//   CopyIn copy(db, "COPY qice.layout(layout_no, header) FROM STDIN (FORMAT binary)");
//   for (...) {
//       copy.row(2).number(layout).text(header);
//       QICE_RETURN_IF_ERROR(copy.end_row());
//   }
//   QICE_RETURN_IF_ERROR(copy.finish());           // nothing is in the table before this
//
//   copy_out(db, "COPY (SELECT ...) TO STDOUT (FORMAT binary)",
//            [](const CopiedRow& row) -> Status { ... row.number(0) ... row.text(1) ...; });
//
// A column's width must be its type's: bigint number(), integer small(), smallint tiny(), text and
// bytea text(). Some 1 to 2 million narrow rows a second each way. While a COPY is open, the
// connection can do nothing else.
#pragma once

#include "store/postgres.hpp"

#include <functional>

namespace qice {

class CopyIn {
  public:
    CopyIn(Postgres& db, const char* sql);
    ~CopyIn(); // takes back what was not finished; the transaction has then failed
    CopyIn(const CopyIn&) = delete;
    CopyIn& operator=(const CopyIn&) = delete;

    CopyIn& row(std::int16_t columns);
    CopyIn& number(std::int64_t value);
    CopyIn& small(std::int32_t value);
    CopyIn& tiny(std::int16_t value);
    CopyIn& text(std::string_view bytes);
    CopyIn& null();
    CopyIn& number(const std::optional<std::int64_t>& value) {
        return value ? number(*value) : null();
    }

    /// Sends now and then.
    Status end_row() { return waiting_.size() < kSend ? Status() : send(); }
    Status finish();

  private:
    static constexpr std::size_t kSend = 1 << 18;
    template <class Number> void append(Number number);
    Status send();
    Status end(const char* reason);

    Postgres& db_;
    bool is_open_ = false;
    Status fault_; // of beginning it
    std::string waiting_;
};

/// Valid while it is visited.
class CopiedRow {
  public:
    bool is_null(std::size_t column) const { return fields_[column].data() == nullptr; }
    std::int64_t number(std::size_t column) const { return pg_number(fields_[column]); }
    std::string_view text(std::size_t column) const { return fields_[column]; }

  private:
    friend class CopyReader;
    std::vector<std::string_view> fields_;
};

/// After a visitor has failed the rest is read and dropped, so that the transaction stays whole.
Status copy_out(Postgres& db, const char* sql,
                const std::function<Status(const CopiedRow&)>& visit);

} // namespace qice
