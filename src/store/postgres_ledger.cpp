#include "store/postgres_ledger.hpp"

#include "store/packed.hpp"
#include "store/postgres_copy.hpp"
#include "store/postgres_rows.hpp"
#include "store/postgres_schema.hpp"

#include <algorithm>

namespace qice {
namespace {

constexpr std::size_t kAtOnce = 10'000; // values of one parameter

/// The first, if there is one.
std::optional<StoredRun> run_in(const PgRows& rows) {
    if (rows.size() == 0) return std::nullopt;
    return run_in(rows, 0);
}

/// What is left of a firm's pairs.
std::string without(std::string_view pairs, std::span<const Pushed> unpushed) {
    std::string kept(pairs);
    for (const Pushed& pair : unpushed)
        (void)remove_pair(kept, pair);
    return kept;
}

} // namespace

void PostgresLedger::begin(std::int64_t next_reason) {
    next_reason_ = next_reason;
    run_ = 0;
    pairs_.clear();
}

// ------------------------------------------------------------------------------------ runs

Result<std::optional<StoredRun>> PostgresLedger::find_run(Date as_of, std::string_view options,
                                                          const Digest& input) {
    const std::string where =
        std::string(kSelectRun) +
        "WHERE as_of = $1::date AND options = $2 AND input = $3 ORDER BY run_no LIMIT 1";
    QICE_ASSIGN_OR_RETURN(const PgRows rows, db_.ask(where.c_str(), as_of.to_string(), options,
                                                     PgBytes{bytes_of(input)}));
    return run_in(rows);
}

Result<std::optional<StoredRun>> PostgresLedger::last_run() {
    const std::string last = std::string(kSelectRun) + "ORDER BY run_no DESC LIMIT 1";
    QICE_ASSIGN_OR_RETURN(const PgRows rows, db_.ask(last.c_str()));
    return run_in(rows);
}

Status PostgresLedger::add_run(const StoredRun& run) {
    QICE_RETURN_IF_ERROR(take_out_unpushed());
    return db_.run("INSERT INTO qice.run VALUES ($1, $2::date, $3, $4, $5, $6::timestamptz, $7, "
                   "$8, $9, $10, $11, $12, $13, $14)",
                   run.run, run.as_of.to_string(), run.options, PgBytes{bytes_of(run.input)},
                   run.qice, run.recorded, run.firms, run.policies, run.first_push, run.pushes[0],
                   run.pushes[1], run.pushes[2], run.pushes[3], PgBytes{bytes_of(run.digest)});
}

Status PostgresLedger::read_run_counts(const StoredRun& run, const Visit<RunCount>& visit) {
    QICE_ASSIGN_OR_RETURN(const PgRows rows,
                          db_.ask("SELECT policy_version_no, status, count(*) FROM qice.push "
                                  "WHERE run_no = $1 GROUP BY policy_version_no, status",
                                  run.run));
    for (int row = 0; row < rows.size(); ++row)
        QICE_RETURN_IF_ERROR(visit(
            {rows.number(row, 0), static_cast<Verdict>(rows.number(row, 1)), rows.number(row, 2)}));
    return {};
}

// ---------------------------------------------------------------------------------- pushes

Status PostgresLedger::read_pushed(
    const std::function<Status(std::int64_t, std::span<const Pushed>)>& visit) {
    QICE_RETURN_IF_ERROR(flush_pairs(pairs_.size()));
    QICE_ASSIGN_OR_RETURN(const UnpushedPairs unpushed, read_unpushed());
    std::vector<Pushed> pushed;
    std::string kept;
    return copy_out(
        db_,
        "COPY (SELECT firm_no, pairs FROM qice.pushed ORDER BY firm_no) TO STDOUT (FORMAT binary)",
        [&](const CopiedRow& row) -> Status {
            std::string_view bytes = row.text(1);
            if (const auto found = unpushed.find(row.number(0)); found != unpushed.end()) {
                kept = without(bytes, found->second);
                if (kept.empty()) return {};
                bytes = kept;
            }
            if (bytes.size() % kPairBytes != 0)
                return {StatusCode::storage, "table qice.pushed is damaged", {db_.where()}};
            pushed.clear();
            for (std::size_t at = 0; at < bytes.size(); at += kPairBytes)
                pushed.push_back(pair_at(bytes.data() + at));
            return visit(row.number(0), pushed);
        });
}

Result<PostgresLedger::UnpushedPairs> PostgresLedger::read_unpushed() {
    UnpushedPairs out;
    QICE_RETURN_IF_ERROR(copy_out(
        db_, "COPY (SELECT firm_no, pair FROM qice.unpushed) TO STDOUT (FORMAT binary)",
        [&](const CopiedRow& row) -> Status {
            if (row.text(1).size() != kPairBytes)
                return {StatusCode::storage, "table qice.unpushed is damaged", {db_.where()}};
            out[row.number(0)].push_back(pair_at(row.text(1).data()));
            return {};
        }));
    return out;
}

Status PostgresLedger::take_out_unpushed() {
    QICE_ASSIGN_OR_RETURN(const UnpushedPairs unpushed, read_unpushed());
    for (auto begin = unpushed.begin(); begin != unpushed.end();) {
        std::vector<std::int64_t> firms;
        for (; begin != unpushed.end() && firms.size() < kAtOnce; ++begin)
            firms.push_back(begin->first);
        QICE_ASSIGN_OR_RETURN(
            const PgRows rows,
            db_.ask("SELECT firm_no, pairs FROM qice.pushed WHERE firm_no = ANY($1)", firms));
        firms.clear();
        std::vector<std::string> kept;
        for (int row = 0; row < rows.size(); ++row) {
            firms.push_back(rows.number(row, 0));
            kept.push_back(without(rows.text(row, 1), unpushed.at(firms.back())));
        }
        const PgBytesArray pairs{{kept.begin(), kept.end()}};
        QICE_RETURN_IF_ERROR(
            db_.run("UPDATE qice.pushed p SET pairs = c.pairs FROM unnest($1::bigint[], "
                    "$2::bytea[]) AS c(firm_no, pairs) WHERE p.firm_no = c.firm_no",
                    firms, pairs));
        QICE_RETURN_IF_ERROR(
            db_.run("DELETE FROM qice.pushed WHERE firm_no = ANY($1) AND pairs = ''", firms));
    }
    // Those that this transaction sees; what senders add meanwhile stays for the next night.
    return unpushed.empty() ? Status() : db_.run("DELETE FROM qice.unpushed");
}

Status PostgresLedger::forget(std::int64_t firm) {
    QICE_RETURN_IF_ERROR(db_.run("DELETE FROM qice.pushed WHERE firm_no = $1", firm));
    QICE_RETURN_IF_ERROR(db_.run("DELETE FROM qice.unpushed WHERE firm_no = $1", firm));
    return db_.run(
        "INSERT INTO qice.delivery(push_no, firm_no, policy_version_no, state_at, state) "
        "SELECT push_no, firm_no, policy_version_no, extract(epoch FROM now())::bigint, "
        "7 FROM qice.push p WHERE firm_no = $1 AND NOT EXISTS (SELECT FROM "
        "qice.delivery d WHERE d.push_no = p.push_no) ON CONFLICT DO NOTHING",
        firm);
}

Status PostgresLedger::reason_numbers(std::span<const std::string_view> texts,
                                      std::span<std::int64_t> numbers) {
    Sha256 sha;
    std::vector<Digest> digests;
    digests.reserve(texts.size());
    for (const std::string_view text : texts) {
        sha.add(text);
        digests.push_back(sha.take());
    }
    std::fill(numbers.begin(), numbers.end(), 0);
    for (std::size_t begin = 0; begin < texts.size(); begin += kAtOnce) {
        PgBytesArray asked;
        for (std::size_t i = begin; i < std::min(begin + kAtOnce, texts.size()); ++i)
            asked.items.push_back(bytes_of(digests[i]));
        QICE_ASSIGN_OR_RETURN(
            const PgRows known,
            db_.ask("SELECT asked.place, r.reason_no FROM unnest($1::bytea[]) WITH ORDINALITY AS "
                    "asked(digest, place) JOIN qice.reason r ON r.digest = asked.digest",
                    asked));
        for (int row = 0; row < known.size(); ++row)
            numbers[begin + static_cast<std::size_t>(known.number(row, 0)) - 1] =
                known.number(row, 1);
    }
    if (std::find(numbers.begin(), numbers.end(), 0) == numbers.end()) return {};
    CopyIn copy(db_, "COPY qice.reason(reason_no, digest, text) FROM STDIN (FORMAT binary)");
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (numbers[i] != 0) continue;
        numbers[i] = next_reason_++;
        copy.row(3).number(numbers[i]).text(bytes_of(digests[i])).text(texts[i]);
        QICE_RETURN_IF_ERROR(copy.end_row());
    }
    return copy.finish();
}

Status PostgresLedger::add_pushes(const StoredRun& run, std::span<const StoredPush> pushes) {
    if (pushes.empty()) return {};
    if (run_ != run.run) {
        QICE_RETURN_IF_ERROR(publish());
        run_ = run.run;
        first_push_ = pushes.front().push;
        QICE_RETURN_IF_ERROR(make_table());
    }
    end_push_ = pushes.back().push + 1;
    QICE_RETURN_IF_ERROR(copy_pushes(pushes));
    return remember(pushes, run.as_of);
}

/// Names of tables cannot be parameters; a number in them says nothing but itself.
Status PostgresLedger::make_table() {
    const std::string run = std::to_string(run_);
    QICE_RETURN_IF_ERROR(db_.execute("CREATE TABLE qice.push_" + run +
                                     "(LIKE qice.push INCLUDING DEFAULTS, "
                                     "CONSTRAINT of_one_run CHECK (run_no = " +
                                     run + "))"));
    QICE_ASSIGN_OR_RETURN(const PgRows known,
                          db_.ask("SELECT NOT EXISTS (SELECT FROM qice.pushed)"));
    is_first_ = known.number(0, 0) != 0;
    return {};
}

Status PostgresLedger::copy_pushes(std::span<const StoredPush> pushes) {
    const std::string into =
        "COPY qice.push_" + std::to_string(run_) +
        "(push_no, run_no, firm_no, firm_version_no, policy_version_no, reason_no, score, benefit, "
        "rank, status) FROM STDIN (FORMAT binary)";
    CopyIn copy(db_, into.c_str());
    for (const StoredPush& push : pushes) {
        copy.row(10).number(push.push).number(run_).number(push.firm).number(push.firm_version);
        copy.number(push.policy_version).number(push.reason).number(push.score);
        copy.number(push.benefit).small(static_cast<std::int32_t>(push.rank));
        copy.tiny(static_cast<std::int16_t>(push.status));
        QICE_RETURN_IF_ERROR(copy.end_row());
    }
    return copy.finish();
}

Status PostgresLedger::remember(std::span<const StoredPush> pushes, Date as_of) {
    for (const StoredPush& push : pushes) {
        if (pairs_.empty() || pairs_.back().firm != push.firm) pairs_.push_back({push.firm, {}});
        append_pair(pairs_.back().bytes, static_cast<std::uint32_t>(push.policy_version),
                    as_of.days, push.status);
    }
    return flush_pairs(pairs_.size() - 1);
}

/// Writes the first `count` of pairs_ and forgets them.
Status PostgresLedger::flush_pairs(std::size_t count) {
    const auto end = pairs_.begin() + static_cast<std::ptrdiff_t>(count);
    if (is_first_ && count > 0) {
        CopyIn copy(db_, "COPY qice.pushed(firm_no, pairs) FROM STDIN (FORMAT binary)");
        for (auto pairs = pairs_.begin(); pairs != end; ++pairs) {
            copy.row(2).number(pairs->firm).text(pairs->bytes);
            QICE_RETURN_IF_ERROR(copy.end_row());
        }
        QICE_RETURN_IF_ERROR(copy.finish());
    }
    for (auto begin = is_first_ ? end : pairs_.begin(); begin != end;) {
        std::vector<std::int64_t> firms;
        PgBytesArray bytes;
        for (; begin != end && firms.size() < kAtOnce; ++begin) {
            firms.push_back(begin->firm);
            bytes.items.push_back(begin->bytes);
        }
        QICE_RETURN_IF_ERROR(
            db_.run("INSERT INTO qice.pushed AS old SELECT * FROM unnest($1::bigint[], "
                    "$2::bytea[]) ON CONFLICT (firm_no) DO UPDATE SET pairs = old.pairs || "
                    "excluded.pairs",
                    firms, bytes));
    }
    pairs_.erase(pairs_.begin(), end);
    return {};
}

Status PostgresLedger::publish() {
    QICE_RETURN_IF_ERROR(flush_pairs(pairs_.size()));
    if (run_ == 0) return {};
    const std::string run = std::to_string(run_);
    const std::string table = "qice.push_" + run;
    QICE_RETURN_IF_ERROR(
        db_.run("INSERT INTO qice.waiting(first_push, end_push, run_no) SELECT first, "
                "least(first + $4, $3), $1 FROM generate_series($2, $3 - 1, $4) AS first",
                std::exchange(run_, 0), first_push_, end_push_, kMostWaiting));
    // Readers must not find a large table that the planner knows nothing about.
    return db_.execute("SET LOCAL lock_timeout = '30s'; ALTER TABLE qice.push ATTACH PARTITION " +
                       table + " FOR VALUES IN (" + run + "); ALTER TABLE " + table +
                       " DROP CONSTRAINT of_one_run; ANALYZE " + table +
                       "; SET LOCAL lock_timeout = 0");
}

} // namespace qice
