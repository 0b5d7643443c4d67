#include "store/postgres_outbox.hpp"

#include "store/packed.hpp"
#include "store/postgres.hpp"
#include "store/postgres_copy.hpp"
#include "store/postgres_open.hpp"
#include "store/postgres_schema.hpp"

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <iterator>
#include <map>

namespace qice {
namespace {

constexpr std::string_view kTaken = "23505";  // of PostgreSQL: there is such a row by now
constexpr std::string_view kLocked = "55P03"; // of PostgreSQL: waited long enough

/// A run that has pushes, and their numbers.
struct PushRange {
    std::int64_t run = 0, first = 0, end = 0;
    std::int32_t day = 0; // as-of
};

/// Columns for unnest(): numbers from `lowest` to `highest`, none in two of them.
struct Intervals {
    std::vector<std::int64_t> lowest, highest;

    void add(std::int64_t first, std::int64_t last) {
        if (!highest.empty() && highest.back() + 1 == first) {
            highest.back() = last;
            return;
        }
        lowest.push_back(first);
        highest.push_back(last);
    }
};

/// A row of qice.waiting.
struct Stretch {
    std::int64_t first = 0, end = 0, run = 0;
    std::string claim;                 // empty: nobody's
    std::optional<std::int64_t> until; // when the claim ends

    bool operator==(const Stretch&) const = default;
};

/// A push that was claimed, and the number of its reason.
struct Claimed {
    Offer offer;
    std::int64_t reason = 0;
};

bool is_before(const Claimed& a, const Claimed& b) { return a.offer.push < b.offer.push; }

/// A push that moves, as it is in the ledger.
struct Moving {
    std::int64_t firm = 0, policy_version = 0;
    const PushRange* run = nullptr;
    Verdict status = Verdict::eligible;
    Delivery state = Delivery::pending;
    std::string claim;
    bool was_pending = true, is_changed = false;
};
using MovingPushes = std::map<std::int64_t, Moving>; // by number

std::vector<Stretch> stretches_in(const PgRows& rows) {
    std::vector<Stretch> out;
    for (int row = 0; row < rows.size(); ++row) {
        Stretch& stretch = out.emplace_back(Stretch{
            rows.number(row, 0), rows.number(row, 1), rows.number(row, 2), {}, std::nullopt});
        stretch.claim = rows.text(row, 3);
        if (!rows.is_null(row, 4)) stretch.until = rows.number(row, 4);
    }
    return out;
}

class PostgresOutbox final : public Outbox {
  public:
    Status open(const std::string& uri) {
        QICE_RETURN_IF_ERROR(db_.open(uri));
        return prepare_postgres_store(db_, OpenMode::existing);
    }

    Status claim(const Claim& claim, std::vector<Offer>& offers) override {
        if (claim.most == 0) return {};
        for (;;) {
            std::vector<Claimed> taken;
            QICE_RETURN_IF_ERROR(in_transaction([&] { return take_all(claim, taken); }));
            for (Claimed& claimed : taken)
                offers.push_back(std::move(claimed.offer));
            if (!taken.empty()) return {};
            QICE_ASSIGN_OR_RETURN(const bool may_have_more, wait_for_others(claim));
            if (!may_have_more) return {};
        }
    }

    Status move(std::span<const Move> moves, std::int64_t now,
                std::vector<Outcome>& outcomes) override {
        outcomes.clear();
        if (moves.empty()) return {};
        Status status;
        do { // each time round another has moved a push that was pending before
            outcomes.clear();
            status = in_transaction([&] { return try_to_move(moves, now, outcomes); });
        } while (!status.ok() && db_.last_state() == kTaken);
        return status;
    }

    Result<std::array<std::int64_t, kDeliveryStates>> counts() override {
        std::array<std::int64_t, kDeliveryStates> counts{};
        QICE_ASSIGN_OR_RETURN(
            const PgRows rows,
            db_.ask("SELECT state, count(*) FROM qice.delivery GROUP BY state UNION ALL "
                    "SELECT 0, coalesce(sum(w.end_push - w.first_push - (SELECT count(*) FROM "
                    "qice.delivery d WHERE d.push_no >= w.first_push AND d.push_no < w.end_push)), "
                    "0)::bigint FROM qice.waiting w"));
        for (int row = 0; row < rows.size(); ++row)
            counts[static_cast<std::size_t>(rows.number(row, 0))] += rows.number(row, 1);
        return counts;
    }

  private:
    template <class Work> Status in_transaction(Work&& work) {
        // Rows are found by the indexes that are there for it, whatever the planner thinks of a
        // table that grew by a night since it was last looked at.
        QICE_RETURN_IF_ERROR(db_.execute(
            "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL enable_seqscan = off; "
            "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; "
            "SET LOCAL max_parallel_workers_per_gather = 0"));
        Status status = work();
        if (status.ok()) status = db_.commit();
        if (!status.ok() && db_.in_transaction()) (void)db_.execute("ROLLBACK");
        return status;
    }

    // -------------------------------------------------------------------------- claiming

    // $2 is now, $3 the last second until which a claim may hold.
    static constexpr const char* kUnclaimed = "claim IS NULL ORDER BY first_push";
    static constexpr const char* kEnded = "claim IS NOT NULL AND claim_until < $2 "
                                          "ORDER BY claim_until, first_push";
    static constexpr const char* kWrong = "claim IS NOT NULL AND claim_until > $3 "
                                          "ORDER BY claim_until, first_push";

    Status take_all(const Claim& claim, std::vector<Claimed>& taken) {
        for (const char* condition : {kUnclaimed, kEnded, kWrong})
            QICE_RETURN_IF_ERROR(take(condition, claim, taken));
        std::sort(taken.begin(), taken.end(), is_before);
        QICE_RETURN_IF_ERROR(name_firms(taken));
        QICE_RETURN_IF_ERROR(name_policies(taken));
        return name_runs_and_reasons(taken);
    }

    /// Claims pending pushes of stretches that fit `condition` and that nobody else is just
    /// changing, as many as `claim` still has room for.
    Status take(const char* condition, const Claim& claim, std::vector<Claimed>& taken) {
        const std::string sql =
            "SELECT first_push, end_push, run_no, claim, claim_until FROM qice.waiting WHERE " +
            std::string(condition) + " LIMIT $1 FOR UPDATE SKIP LOCKED";
        while (taken.size() < claim.most) {
            const auto room = static_cast<std::int64_t>(claim.most - taken.size());
            const std::int64_t stretches = (room + kMostWaiting - 1) / kMostWaiting;
            QICE_ASSIGN_OR_RETURN(const PgRows rows, db_.ask(sql.c_str(), stretches, claim.now,
                                                             claim.now + kMostLease));
            if (rows.size() == 0) return {};
            QICE_RETURN_IF_ERROR(take_from(stretches_in(rows), claim, taken));
        }
        return {};
    }

    Status take_from(const std::vector<Stretch>& stretches, const Claim& claim,
                     std::vector<Claimed>& taken) {
        std::vector<Claimed> found;
        QICE_RETURN_IF_ERROR(read_pending(stretches, found));
        std::sort(found.begin(), found.end(), is_before);
        std::int64_t cut = INT64_MAX; // what is from here on stays
        if (const std::size_t room = claim.most - taken.size(); found.size() > room) {
            cut = found[room].offer.push;
            found.resize(room);
        }
        QICE_RETURN_IF_ERROR(hold(stretches, found, cut, claim));
        std::move(found.begin(), found.end(), std::back_inserter(taken));
        return {};
    }

    /// The pushes of these stretches that are pending, in no order.
    Status read_pending(const std::vector<Stretch>& stretches, std::vector<Claimed>& found) {
        std::map<std::int64_t, Intervals> by_run;
        for (const Stretch& stretch : stretches)
            by_run[stretch.run].add(stretch.first, stretch.end - 1);
        for (const auto& [run, numbers] : by_run) {
            QICE_ASSIGN_OR_RETURN(const PgRows delivered,
                                  db_.ask("SELECT d.push_no FROM unnest($1::bigint[], $2::bigint[])"
                                          " AS m(lowest, highest), LATERAL (SELECT push_no FROM "
                                          "qice.delivery WHERE push_no BETWEEN m.lowest AND "
                                          "m.highest OFFSET 0) AS d",
                                          numbers.lowest, numbers.highest));
            absl::flat_hash_set<std::int64_t> is_delivered;
            for (int row = 0; row < delivered.size(); ++row)
                is_delivered.insert(delivered.number(row, 0));
            QICE_ASSIGN_OR_RETURN(
                const PgRows rows,
                pushes_of(run, numbers,
                          "push_no, firm_no, firm_version_no, policy_version_no, status, rank, "
                          "score, benefit, reason_no"));
            for (int row = 0; row < rows.size(); ++row)
                if (!is_delivered.contains(rows.number(row, 0)))
                    found.push_back(claimed_in(rows, row, run));
        }
        return {};
    }

    /// Columns of a run's pushes by number. Each interval is looked for by itself, by index
    /// (OFFSET 0 says so to the planner); the run stands in the text, so that other partitions are
    /// not even planned for.
    Result<PgRows> pushes_of(std::int64_t run, const Intervals& numbers, const char* columns) {
        const std::string sql = "SELECT p.* FROM unnest($1::bigint[], $2::bigint[]) AS m(lowest, "
                                "highest), LATERAL (SELECT " +
                                std::string(columns) +
                                " FROM qice.push WHERE run_no = " + std::to_string(run) +
                                " AND push_no BETWEEN m.lowest AND m.highest OFFSET 0) AS p";
        return db_.ask(sql.c_str(), numbers.lowest, numbers.highest);
    }

    static Claimed claimed_in(const PgRows& rows, int row, std::int64_t run) {
        Claimed claimed;
        Offer& offer = claimed.offer;
        offer.push = rows.number(row, 0);
        offer.run = run;
        offer.firm = rows.number(row, 1);
        offer.firm_version = rows.number(row, 2);
        offer.policy_version = rows.number(row, 3);
        offer.status = static_cast<Verdict>(rows.number(row, 4));
        offer.rank = static_cast<std::uint32_t>(rows.number(row, 5));
        offer.score = rows.number(row, 6);
        if (!rows.is_null(row, 7)) offer.benefit = rows.number(row, 7);
        claimed.reason = rows.number(row, 8);
        return claimed;
    }

    /// Writes the claim beside what lies before `cut`; what was taken there is in `found`, by
    /// number. A stretch in which nothing is pending any more goes.
    Status hold(const std::vector<Stretch>& stretches, const std::vector<Claimed>& found,
                std::int64_t cut, const Claim& claim) {
        std::vector<std::int64_t> held, ends, gone;
        for (const Stretch& stretch : stretches) {
            if (stretch.first >= cut) continue;
            const auto next = std::partition_point(found.begin(), found.end(), [&](auto& claimed) {
                return claimed.offer.push < stretch.first;
            });
            const bool is_over = next == found.end() || next->offer.push >= stretch.end;
            if (is_over && stretch.end <= cut) {
                gone.push_back(stretch.first);
                continue;
            }
            held.push_back(stretch.first);
            ends.push_back(std::min(stretch.end, cut));
            if (stretch.end > cut) QICE_RETURN_IF_ERROR(put_rest(stretch, cut));
        }
        if (!gone.empty())
            QICE_RETURN_IF_ERROR(
                db_.run("DELETE FROM qice.waiting WHERE first_push = ANY($1)", gone));
        if (held.empty()) return {};
        return db_.run("UPDATE qice.waiting w SET end_push = h.end_push, claim = $3, "
                       "claim_until = $4 FROM unnest($1::bigint[], $2::bigint[]) AS "
                       "h(first_push, end_push) WHERE w.first_push = h.first_push",
                       held, ends, claim.token, claim.until);
    }

    Status put_rest(const Stretch& stretch, std::int64_t first) {
        return db_.run("INSERT INTO qice.waiting(first_push, end_push, run_no, claim, claim_until) "
                       "VALUES ($1, $2, $3, nullif($4, ''), $5)",
                       first, stretch.end, stretch.run, stretch.claim, stretch.until);
    }

    /// When a claim found nothing: whether another sender was just taking something of which it
    /// may have left the rest. Waits until that one is through; not long for one that is stuck.
    Result<bool> wait_for_others(const Claim& claim) {
        bool may_have_more = false;
        const Status status = in_transaction([&]() -> Status {
            QICE_ASSIGN_OR_RETURN(
                const PgRows there,
                db_.ask("SELECT first_push FROM qice.waiting WHERE claim IS NULL OR claim_until < "
                        "$1 OR claim_until > $2 ORDER BY first_push LIMIT 1",
                        claim.now, claim.now + kMostLease));
            if (there.size() == 0) return {};
            may_have_more = true;
            QICE_RETURN_IF_ERROR(db_.execute("SET LOCAL lock_timeout = '2s'"));
            return db_.run("SELECT FROM qice.waiting WHERE first_push = $1 FOR UPDATE",
                           there.number(0, 0));
        });
        if (!status.ok() && db_.last_state() == kLocked) return false;
        QICE_RETURN_IF_ERROR(status);
        return may_have_more;
    }

    /// What stands beside the pushes of a batch is asked for once by number, not once a push. It is
    /// left empty where there is no such row.
    template <class Number, class Put>
    Status name(std::vector<Claimed>& taken, const char* sql, Number number_of, Put put) {
        std::vector<std::int64_t> numbers;
        for (const Claimed& claimed : taken)
            numbers.push_back(number_of(claimed));
        std::sort(numbers.begin(), numbers.end());
        numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
        if (numbers.empty()) return {};
        QICE_ASSIGN_OR_RETURN(const PgRows rows, db_.ask(sql, numbers));
        absl::flat_hash_map<std::int64_t, int> row_of;
        for (int row = 0; row < rows.size(); ++row)
            row_of[rows.number(row, 0)] = row;
        for (Claimed& claimed : taken) {
            const auto found = row_of.find(number_of(claimed));
            if (found != row_of.end()) put(claimed, rows, found->second);
        }
        return {};
    }

    Status name_firms(std::vector<Claimed>& taken) {
        return name(
            taken, "SELECT firm_no, version_no, firm_id FROM qice.firm WHERE firm_no = ANY($1)",
            [](const Claimed& claimed) { return claimed.offer.firm; },
            [](Claimed& claimed, const PgRows& rows, int row) {
                claimed.offer.firm_version_now = rows.number(row, 1);
                claimed.offer.firm_id = rows.text(row, 2);
            });
    }

    Status name_policies(std::vector<Claimed>& taken) {
        return name(
            taken,
            "SELECT v.version_no, y.version_no, y.policy_id, v.edition FROM qice.policy_version v "
            "JOIN qice.policy y USING (policy_no) WHERE v.version_no = ANY($1)",
            [](const Claimed& claimed) { return claimed.offer.policy_version; },
            [](Claimed& claimed, const PgRows& rows, int row) {
                claimed.offer.policy_version_now = rows.number(row, 1);
                claimed.offer.policy_id = rows.text(row, 2);
                claimed.offer.edition = rows.number(row, 3);
            });
    }

    Status name_runs_and_reasons(std::vector<Claimed>& taken) {
        QICE_RETURN_IF_ERROR(name(
            taken, "SELECT run_no, as_of - date '1970-01-01' FROM qice.run WHERE run_no = ANY($1)",
            [](const Claimed& claimed) { return claimed.offer.run; },
            [](Claimed& claimed, const PgRows& rows, int row) {
                claimed.offer.as_of = Date{static_cast<std::int32_t>(rows.number(row, 1))};
            }));
        return name(
            taken, "SELECT reason_no, text FROM qice.reason WHERE reason_no = ANY($1)",
            [](const Claimed& claimed) { return claimed.reason; },
            [](Claimed& claimed, const PgRows& rows, int row) {
                claimed.offer.reason = rows.text(row, 1);
            });
    }

    // ---------------------------------------------------------------------------- moving

    Status try_to_move(std::span<const Move> moves, std::int64_t now,
                       std::vector<Outcome>& outcomes) {
        QICE_ASSIGN_OR_RETURN(const std::vector<PushRange> runs, read_runs());
        MovingPushes pushes;
        std::vector<std::int64_t> waiting;
        QICE_RETURN_IF_ERROR(lock(moves, runs, pushes, waiting));
        for (const Move& move : moves) {
            Outcome& outcome = outcomes.emplace_back(Outcome{Moved::unknown, {}});
            const auto found = pushes.find(move.push);
            if (found == pushes.end()) continue;
            Moving& push = found->second;
            outcome = {moved(move, push.state, push.claim), push.state};
            if (outcome.moved != Moved::done) continue;
            push.state = move.to;
            push.is_changed = true;
        }
        QICE_RETURN_IF_ERROR(put_new(pushes, now));
        QICE_RETURN_IF_ERROR(put_known(pushes, now));
        QICE_RETURN_IF_ERROR(put_withdrawn(pushes));
        return waiting.empty()
                   ? Status()
                   : db_.run("DELETE FROM qice.waiting w WHERE first_push = ANY($1) AND (SELECT "
                             "count(*) FROM qice.delivery d WHERE d.push_no >= w.first_push AND "
                             "d.push_no < w.end_push) = end_push - first_push",
                             waiting);
    }

    /// By number of their pushes.
    Result<std::vector<PushRange>> read_runs() {
        QICE_ASSIGN_OR_RETURN(
            const PgRows rows,
            db_.ask("SELECT run_no, first_push, first_push + eligible + review + needs_data + "
                    "near AS behind, as_of - date '1970-01-01' FROM qice.run WHERE eligible + "
                    "review + needs_data + near > 0 ORDER BY first_push"));
        std::vector<PushRange> runs;
        for (int row = 0; row < rows.size(); ++row)
            runs.push_back({rows.number(row, 0), rows.number(row, 1), rows.number(row, 2),
                            static_cast<std::int32_t>(rows.number(row, 3))});
        return runs;
    }

    static const PushRange* run_of(std::int64_t push, const std::vector<PushRange>& runs) {
        const auto behind = std::upper_bound(
            runs.begin(), runs.end(), push,
            [](std::int64_t number, const PushRange& run) { return number < run.first; });
        if (behind == runs.begin() || push >= std::prev(behind)->end) return nullptr;
        return &*std::prev(behind);
    }

    /// The pushes that are to move, so locked that neither a claim nor another move changes them
    /// meanwhile; and, by their first numbers, the stretches in which they may have been waiting.
    /// Locked by number, so that no two senders wait for each other in a ring.
    Status lock(std::span<const Move> moves, const std::vector<PushRange>& runs,
                MovingPushes& pushes, std::vector<std::int64_t>& waiting) {
        std::vector<std::int64_t> asked;
        for (const Move& move : moves)
            asked.push_back(move.push);
        std::sort(asked.begin(), asked.end());
        asked.erase(std::unique(asked.begin(), asked.end()), asked.end());
        Intervals numbers;
        std::map<const PushRange*, Intervals> by_run;
        for (const std::int64_t number : asked) {
            const PushRange* run = run_of(number, runs);
            if (run == nullptr) continue;
            numbers.add(number, number);
            by_run[run].add(number, number);
        }
        std::vector<Stretch> stretches;
        QICE_RETURN_IF_ERROR(lock_stretches(numbers, stretches));
        for (const auto& [run, of_run] : by_run)
            QICE_RETURN_IF_ERROR(read_pushes(*run, of_run, pushes));
        for (const Stretch& stretch : stretches) {
            waiting.push_back(stretch.first);
            for (auto push = pushes.lower_bound(stretch.first);
                 push != pushes.end() && push->first < stretch.end; ++push)
                push->second.claim = stretch.claim;
        }
        return read_states(numbers, pushes);
    }

    Status lock_stretches(const Intervals& numbers, std::vector<Stretch>& stretches) {
        std::vector<Stretch> before;
        do { // until all are held that were there when it was asked for them
            before = std::move(stretches);
            QICE_ASSIGN_OR_RETURN(
                const PgRows rows,
                db_.ask("SELECT w.* FROM unnest($1::bigint[], $2::bigint[]) AS m(lowest, highest), "
                        "LATERAL (SELECT first_push, end_push, run_no, claim, claim_until FROM "
                        "qice.waiting WHERE first_push > m.lowest - $3 AND first_push <= m.highest "
                        "AND end_push > m.lowest ORDER BY first_push FOR UPDATE) AS w",
                        numbers.lowest, numbers.highest, kMostWaiting));
            stretches = stretches_in(rows);
        } while (stretches != before);
        return {};
    }

    Status read_pushes(const PushRange& run, const Intervals& numbers, MovingPushes& pushes) {
        QICE_ASSIGN_OR_RETURN(
            const PgRows rows,
            pushes_of(run.run, numbers, "push_no, firm_no, policy_version_no, status"));
        for (int row = 0; row < rows.size(); ++row) {
            Moving& push = pushes[rows.number(row, 0)];
            push.firm = rows.number(row, 1);
            push.policy_version = rows.number(row, 2);
            push.status = static_cast<Verdict>(rows.number(row, 3));
            push.run = &run;
        }
        return {};
    }

    Status read_states(const Intervals& numbers, MovingPushes& pushes) {
        QICE_ASSIGN_OR_RETURN(
            const PgRows rows,
            db_.ask("SELECT d.* FROM unnest($1::bigint[], $2::bigint[]) AS m(lowest, highest), "
                    "LATERAL (SELECT push_no, state, claim FROM qice.delivery WHERE push_no "
                    "BETWEEN m.lowest AND m.highest ORDER BY push_no FOR UPDATE) AS d",
                    numbers.lowest, numbers.highest));
        for (int row = 0; row < rows.size(); ++row) {
            const auto push = pushes.find(rows.number(row, 0));
            if (push == pushes.end()) continue; // its night was taken away
            push->second.state = static_cast<Delivery>(rows.number(row, 1));
            push->second.claim = rows.text(row, 2);
            push->second.was_pending = false;
        }
        return {};
    }

    /// Fails with kTaken where another was faster.
    Status put_new(const MovingPushes& pushes, std::int64_t now) {
        CopyIn copy(db_, "COPY qice.delivery(push_no, firm_no, policy_version_no, state_at, state, "
                         "claim) FROM STDIN (FORMAT binary)");
        for (const auto& [number, push] : pushes) {
            if (!push.is_changed || !push.was_pending) continue;
            copy.row(6).number(number).number(push.firm).number(push.policy_version).number(now);
            copy.tiny(static_cast<std::int16_t>(push.state));
            push.claim.empty() ? copy.null() : copy.text(push.claim);
            QICE_RETURN_IF_ERROR(copy.end_row());
        }
        return copy.finish();
    }

    Status put_known(const MovingPushes& pushes, std::int64_t now) {
        std::vector<std::int64_t> numbers, states;
        for (const auto& [number, push] : pushes) {
            if (!push.is_changed || push.was_pending) continue;
            numbers.push_back(number);
            states.push_back(static_cast<std::int64_t>(push.state));
        }
        if (numbers.empty()) return {};
        return db_.run("UPDATE qice.delivery d SET state = m.state::smallint, state_at = $3 "
                       "FROM unnest($1::bigint[], $2::bigint[]) AS m(push_no, state) "
                       "WHERE d.push_no = m.push_no",
                       numbers, states, now);
    }

    /// Nights alone write what is known of a firm's earlier pushes, so nobody waits for them.
    Status put_withdrawn(const MovingPushes& pushes) {
        std::vector<std::int64_t> numbers, firms;
        std::vector<std::string> pairs;
        for (const auto& [number, push] : pushes) {
            if (!push.is_changed || push.state != Delivery::withdrawn) continue;
            numbers.push_back(number);
            firms.push_back(push.firm);
            append_pair(pairs.emplace_back(), static_cast<std::uint32_t>(push.policy_version),
                        push.run->day, push.status);
        }
        if (numbers.empty()) return {};
        return db_.run("INSERT INTO qice.unpushed(push_no, firm_no, pair) SELECT * FROM "
                       "unnest($1::bigint[], $2::bigint[], $3::bytea[])",
                       numbers, firms, PgBytesArray{{pairs.begin(), pairs.end()}});
    }

    Postgres db_;
};

} // namespace

Result<std::unique_ptr<Outbox>> open_postgres_outbox(const std::string& uri) {
    auto outbox = std::make_unique<PostgresOutbox>();
    QICE_RETURN_IF_ERROR(outbox->open(uri));
    return std::unique_ptr<Outbox>(std::move(outbox));
}

} // namespace qice
