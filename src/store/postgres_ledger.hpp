// The ledger of a PostgreSQL store: runs, pushes, and what each firm was pushed.
//
//   ledger.begin(next);  ledger.add_run(run);  ledger.add_pushes(run, pushes);  ...
//   ledger.publish();                                      // then the transaction commits
//
// Tonight's pushes are copied into a table of their own that only this transaction sees. publish()
// makes it a partition of qice.push, with the indexes that the other partitions have. That takes a
// SHARE UPDATE EXCLUSIVE lock on qice.push, which neither reading nor writing rows waits for; its
// rows need no second look, because a check says of which run they are. They are never changed: the
// outbox writes beside them (postgres_schema.hpp).
//
// Table pushed is written under the lock of nights only. What a sender withdraws goes to table
// unpushed, row by row; a reader takes it off, and the next night takes it out. So senders and
// nights never wait for each other.
#pragma once

#include "push/store.hpp"
#include "store/postgres.hpp"

#include <map>
#include <vector>

namespace qice {

class PostgresLedger {
  public:
    explicit PostgresLedger(Postgres& db) : db_(db) {}

    /// A new transaction; reasons get numbers from here on.
    void begin(std::int64_t next_reason);
    std::int64_t next_reason() const { return next_reason_; }

    Result<std::optional<StoredRun>> find_run(Date as_of, std::string_view options,
                                              const Digest& input);
    Result<std::optional<StoredRun>> last_run();
    Status add_run(const StoredRun& run);
    Status read_run_counts(const StoredRun& run, const Visit<RunCount>& visit);

    Status read_pushed(
        const std::function<Status(std::int64_t firm, std::span<const Pushed> pushed)>& visit);
    Status reason_numbers(std::span<const std::string_view> texts, std::span<std::int64_t> numbers);
    Status add_pushes(const StoredRun& run, std::span<const StoredPush> pushes);
    Status publish();

    /// Of a firm: what nights know of it goes, and its pending pushes are withdrawn.
    Status forget(std::int64_t firm);

  private:
    /// Pushes that senders withdrew since the last night, by firm.
    using UnpushedPairs = std::map<std::int64_t, std::vector<Pushed>>;
    Result<UnpushedPairs> read_unpushed();
    Status take_out_unpushed();

    /// What a firm is pushed tonight, in the bytes of table pushed.
    struct Pairs {
        std::int64_t firm = 0;
        std::string bytes;
    };

    Status make_table();
    Status copy_pushes(std::span<const StoredPush> pushes);
    Status remember(std::span<const StoredPush> pushes, Date as_of);
    Status flush_pairs(std::size_t count);

    Postgres& db_;
    std::int64_t next_reason_ = 1;
    std::int64_t run_ = 0;                       // of tonight's table; 0: there is none yet
    std::int64_t first_push_ = 0, end_push_ = 0; // in it, one after the other
    bool is_first_ = false;                      // no firm was ever pushed anything
    std::vector<Pairs> pairs_;                   // not written yet; more may come for the last firm
};

} // namespace qice
