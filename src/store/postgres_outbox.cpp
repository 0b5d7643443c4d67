#include "store/postgres_outbox.hpp"

#include "store/packed.hpp"
#include "store/postgres.hpp"
#include "store/postgres_open.hpp"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <map>

namespace qice {
namespace {

/// A run that has pushes, and their numbers.
struct PushRange {
    std::int64_t run = 0, first = 0, end = 0;
    std::int32_t day = 0; // as-of
};

/// A push that was claimed, and the number of its reason.
struct Claimed {
    Offer offer;
    std::int64_t reason = 0;
};

/// A push that moves, as it is in the ledger.
struct Moving {
    std::int64_t firm = 0;
    const PushRange* run = nullptr;
    std::uint32_t policy_version = 0;
    Verdict status = Verdict::eligible;
    Delivery state = Delivery::pending;
    std::string claim;
    std::string place; // of its row, as long as it is locked
    bool is_changed = false;
};
using MovingPushes = std::map<std::int64_t, Moving>; // by number

class PostgresOutbox final : public Outbox {
  public:
    Status open(const std::string& uri) {
        QICE_RETURN_IF_ERROR(db_.open(uri));
        return prepare_postgres_store(db_, OpenMode::existing);
    }

    Status claim(const Claim& claim, std::vector<Offer>& offers) override {
        return in_transaction([&]() -> Status {
            std::vector<Claimed> taken;
            QICE_RETURN_IF_ERROR(take("claim IS NULL ORDER BY push_no", claim, taken));
            QICE_RETURN_IF_ERROR(take("claim IS NOT NULL AND claim_until < $4 "
                                      "ORDER BY claim_until, push_no",
                                      claim, taken));
            QICE_RETURN_IF_ERROR(take("claim IS NOT NULL AND claim_until > $5 "
                                      "ORDER BY claim_until, push_no",
                                      claim, taken));
            std::sort(taken.begin(), taken.end(), [](const Claimed& a, const Claimed& b) {
                return a.offer.push < b.offer.push;
            });
            QICE_RETURN_IF_ERROR(name_firms(taken));
            QICE_RETURN_IF_ERROR(name_policies(taken));
            QICE_RETURN_IF_ERROR(name_runs_and_reasons(taken));
            for (Claimed& claimed : taken)
                offers.push_back(std::move(claimed.offer));
            return {};
        });
    }

    Status move(std::span<const Move> moves, std::int64_t now,
                std::vector<Outcome>& outcomes) override {
        outcomes.clear();
        if (moves.empty()) return {};
        return in_transaction([&]() -> Status {
            QICE_ASSIGN_OR_RETURN(const std::vector<PushRange> runs, read_runs());
            QICE_ASSIGN_OR_RETURN(MovingPushes pushes, lock(moves, runs));
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
            return put(pushes, now);
        });
    }

    Result<std::array<std::int64_t, kDeliveryStates>> counts() override {
        std::array<std::int64_t, kDeliveryStates> counts{};
        QICE_ASSIGN_OR_RETURN(const PgRows rows,
                              db_.ask("SELECT state, count(*) FROM qice.push GROUP BY state"));
        for (int row = 0; row < rows.size(); ++row)
            counts[static_cast<std::size_t>(rows.number(row, 0))] = rows.number(row, 1);
        return counts;
    }

  private:
    template <class Work> Status in_transaction(Work&& work) {
        // Rows are found by the indexes that are there for it, whatever the planner thinks of a
        // table that grew by a night since it was last looked at.
        QICE_RETURN_IF_ERROR(db_.execute(
            "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL enable_seqscan = off; "
            "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"));
        Status status = work();
        if (status.ok()) status = db_.commit();
        if (!status.ok() && db_.in_transaction()) (void)db_.execute("ROLLBACK");
        return status;
    }

    /// Claims pending pushes that fit `condition`, as many as `claim` still has room for.
    Status take(const std::string& condition, const Claim& claim, std::vector<Claimed>& taken) {
        const std::size_t most = claim.most - taken.size();
        if (most == 0) return {};
        const std::string sql =
            "WITH free AS (SELECT ctid AS place, run_no FROM qice.push WHERE state = 0 AND " +
            condition +
            " LIMIT $1 FOR UPDATE SKIP LOCKED) "
            "UPDATE qice.push p SET claim = $2, claim_until = $3 FROM free "
            "WHERE p.ctid = free.place AND p.run_no = free.run_no "
            "RETURNING p.push_no, p.run_no, p.firm_no, p.firm_version_no, p.policy_version_no, "
            "p.status, p.rank, p.score, p.benefit, p.reason_no";
        QICE_ASSIGN_OR_RETURN(const PgRows rows,
                              db_.ask(sql.c_str(), static_cast<std::int64_t>(most), claim.token,
                                      claim.until, claim.now, claim.now + kMostLease));
        for (int row = 0; row < rows.size(); ++row) {
            Claimed& claimed = taken.emplace_back();
            Offer& offer = claimed.offer;
            offer.push = rows.number(row, 0);
            offer.run = rows.number(row, 1);
            offer.firm = rows.number(row, 2);
            offer.firm_version = rows.number(row, 3);
            offer.policy_version = rows.number(row, 4);
            offer.status = static_cast<Verdict>(rows.number(row, 5));
            offer.rank = static_cast<std::uint32_t>(rows.number(row, 6));
            offer.score = rows.number(row, 7);
            if (!rows.is_null(row, 8)) offer.benefit = rows.number(row, 8);
            claimed.reason = rows.number(row, 9);
        }
        return {};
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

    /// The pushes that are to move, locked by number, so that no two senders wait for each other
    /// in a ring. Named with their runs: each is looked for in one partition only.
    Result<MovingPushes> lock(std::span<const Move> moves, const std::vector<PushRange>& runs) {
        MovingPushes pushes;
        for (const Move& move : moves)
            if (const PushRange* run = run_of(move.push, runs)) pushes[move.push].run = run;
        std::vector<std::int64_t> numbers, run_numbers;
        for (const auto& [number, push] : pushes) {
            numbers.push_back(number);
            run_numbers.push_back(push.run->run);
        }
        QICE_ASSIGN_OR_RETURN(
            const PgRows rows,
            db_.ask("SELECT p.push_no, p.firm_no, p.policy_version_no, p.status, p.state, p.claim, "
                    "p.ctid "
                    "FROM unnest($1::bigint[], $2::bigint[]) AS m(push_no, run_no) "
                    "JOIN qice.push p USING (push_no, run_no) ORDER BY p.push_no FOR UPDATE OF p",
                    numbers, run_numbers));
        MovingPushes locked;
        for (int row = 0; row < rows.size(); ++row)
            locked[rows.number(row, 0)] = {rows.number(row, 1),
                                           pushes.at(rows.number(row, 0)).run,
                                           static_cast<std::uint32_t>(rows.number(row, 2)),
                                           static_cast<Verdict>(rows.number(row, 3)),
                                           static_cast<Delivery>(rows.number(row, 4)),
                                           std::string(rows.text(row, 5)),
                                           std::string(rows.text(row, 6)),
                                           false};
        return locked;
    }

    Status put(const MovingPushes& pushes, std::int64_t now) {
        PgPlaces places;
        std::vector<std::int64_t> runs, states, withdrawn, firms;
        std::vector<std::string> pairs;
        for (const auto& [number, push] : pushes) {
            if (!push.is_changed) continue;
            places.items.push_back(push.place);
            runs.push_back(push.run->run);
            states.push_back(static_cast<std::int64_t>(push.state));
            if (push.state != Delivery::withdrawn) continue;
            withdrawn.push_back(number);
            firms.push_back(push.firm);
            append_pair(pairs.emplace_back(), push.policy_version, push.run->day, push.status);
        }
        if (runs.empty()) return {};
        QICE_RETURN_IF_ERROR(
            db_.run("UPDATE qice.push p SET state = m.state::smallint, state_at = $4 "
                    "FROM unnest($1::tid[], $2::bigint[], $3::bigint[]) AS m(place, run_no, state) "
                    "WHERE p.ctid = m.place AND p.run_no = m.run_no",
                    places, runs, states, now));
        if (withdrawn.empty()) return {};
        // Nights alone write what is known of a firm's earlier pushes, so nobody waits for them.
        return db_.run("INSERT INTO qice.unpushed(push_no, firm_no, pair) SELECT * FROM "
                       "unnest($1::bigint[], $2::bigint[], $3::bytea[])",
                       withdrawn, firms, PgBytesArray{{pairs.begin(), pairs.end()}});
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
