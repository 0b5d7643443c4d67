#include "store/postgres_store.hpp"

#include "base/utc_time.hpp"
#include "store/audit.hpp"
#include "store/packed.hpp"
#include "store/postgres.hpp"
#include "store/postgres_copy.hpp"
#include "store/postgres_ledger.hpp"
#include "store/postgres_open.hpp"
#include "store/postgres_query.hpp"
#include "store/postgres_rows.hpp"

#include <algorithm>
#include <utility>

namespace qice {
namespace {

constexpr std::size_t kAtOnce = 10'000;       // values of one parameter
constexpr std::size_t kRecordsAtOnce = 2'000; // held in memory

/// Firms that may be there already, in columns for unnest().
struct Changes {
    std::vector<std::int64_t> numbers, versions;
    std::vector<std::string_view> ids;
    PgBytesArray digests;

    void add(const FirmChange& change) {
        numbers.push_back(change.firm);
        versions.push_back(change.version);
        ids.push_back(change.id.data() != nullptr ? change.id : "");
        digests.items.push_back(bytes_of(change.digest));
    }
};

class PostgresStore final : public Store {
  public:
    Status open(const std::string& uri, OpenMode mode) {
        QICE_RETURN_IF_ERROR(db_.open(uri));
        return prepare_postgres_store(db_, mode);
    }
    ~PostgresStore() override { rollback(); }

    Status begin(Access access) override {
        is_write_ = access != Access::read;
        if (is_write_) {
            QICE_RETURN_IF_ERROR(check_postgres_rights(db_));
            // Before the transaction: its picture must be that after the one who held the lock.
            QICE_RETURN_IF_ERROR(lock_.take());
        }
        Status status = db_.execute(is_write_ ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE"
                                              : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        if (status.ok()) status = read_numbers();
        if (!status.ok()) rollback();
        return status;
    }
    Status start_writing() override { return {}; } // writers of other rows never wait
    Status commit() override {
        if (is_write_) {
            QICE_RETURN_IF_ERROR(ledger_.publish());
            QICE_RETURN_IF_ERROR(write_numbers());
        }
        Status status = db_.commit();
        if (std::exchange(forgets_, false) && status.ok()) status = sweep();
        lock_.release();
        return status;
    }
    void rollback() override {
        forgets_ = false;
        if (db_.in_transaction()) (void)db_.execute("ROLLBACK");
        lock_.release();
    }

    Result<NextNumbers> next_numbers() override { return next_; }

    // ------------------------------------------------------------------ schema, firms

    Result<std::optional<StoredSchema>> schema() override { return read_schema(db_, INT64_MAX); }

    Status put_schema(const StoredSchema& schema) override {
        QICE_RETURN_IF_ERROR(
            db_.run("INSERT INTO qice.schema_version(since_run, file, json) VALUES ($1, $2, $3) "
                    "ON CONFLICT (since_run) DO UPDATE SET file = excluded.file, "
                    "json = excluded.json",
                    next_.run, schema.file, schema.json));
        QICE_RETURN_IF_ERROR(db_.run("DELETE FROM qice.code_list WHERE since_run = $1", next_.run));
        for (const StoredSchema::CodeList& list : schema.code_lists)
            QICE_RETURN_IF_ERROR(
                db_.run("INSERT INTO qice.code_list(since_run, name, content) VALUES ($1, $2, $3)",
                        next_.run, list.name, list.content));
        return {};
    }

    Status
    read_layouts(const std::function<Status(std::int64_t, std::string_view)>& visit) override {
        QICE_ASSIGN_OR_RETURN(
            const PgRows rows,
            db_.ask("SELECT layout_no, header FROM qice.layout ORDER BY layout_no"));
        for (int row = 0; row < rows.size(); ++row)
            QICE_RETURN_IF_ERROR(visit(rows.number(row, 0), rows.text(row, 1)));
        return {};
    }

    Status put_layout(std::int64_t layout, std::string_view header) override {
        next_.layout = std::max(next_.layout, layout + 1);
        return db_.run("INSERT INTO qice.layout VALUES ($1, $2)", layout, header);
    }

    Status read_firms(const Visit<StoredFirm>& visit) override {
        return copy_out(
            db_,
            "COPY (SELECT firm_no, version_no, firm_id, digest FROM qice.firm ORDER BY "
            "firm_no) TO STDOUT (FORMAT binary)",
            [&](const CopiedRow& row) {
                return visit({row.number(0), row.number(1), row.text(2), digest_of(row.text(3))});
            });
    }

    Status put_firms(std::span<const FirmChange> changes) override {
        for (; !changes.empty(); changes = changes.subspan(std::min(changes.size(), kAtOnce)))
            QICE_RETURN_IF_ERROR(put_some(changes.first(std::min(changes.size(), kAtOnce))));
        return {};
    }

    Status read_records(std::span<const std::int64_t> versions,
                        const Visit<StoredRecord>& visit) override {
        return with_indexes([&] {
            Status status;
            for (; status.ok() && !versions.empty();
                 versions = versions.subspan(std::min(versions.size(), kRecordsAtOnce)))
                status =
                    read_some(versions.first(std::min(versions.size(), kRecordsAtOnce)), visit);
            return status;
        });
    }

    // ----------------------------------------------------------------------- policies

    Status read_policies(const Visit<StoredPolicy>& visit) override {
        return read_policies_by(
            "COPY (SELECT p.policy_no, p.version_no, p.policy_id, v.edition, v.digest, v.content "
            "FROM qice.policy p LEFT JOIN qice.policy_version v ON v.version_no = p.version_no "
            "ORDER BY p.policy_no) TO STDOUT (FORMAT binary)",
            visit);
    }

    Status read_policies_about(std::span<const std::string_view> ids,
                               const Visit<StoredPolicy>& visit) override {
        return with_indexes([&]() -> Status {
            QICE_ASSIGN_OR_RETURN(
                const PgRows rows,
                db_.ask("SELECT p.policy_no, p.version_no, p.policy_id, v.edition, v.digest, "
                        "v.content FROM qice.policy p JOIN qice.policy_version v USING "
                        "(version_no) WHERE p.policy_no = ANY(ARRAY(SELECT policy_no FROM "
                        "qice.policy WHERE policy_id = ANY($1) UNION SELECT policy_no FROM "
                        "qice.policy_version WHERE strpos(content, '\"supersedes\"') > 0)) "
                        "ORDER BY p.policy_no",
                        ids));
            for (int row = 0; row < rows.size(); ++row)
                QICE_RETURN_IF_ERROR(
                    visit({rows.number(row, 0), rows.number(row, 1), rows.text(row, 2),
                           rows.number(row, 3), digest_of(rows.text(row, 4)), rows.text(row, 5)}));
            return {};
        });
    }

    Status read_policy_versions(bool with_content, const Visit<StoredPolicy>& visit) override {
        return read_policies_by(
            with_content
                ? "COPY (SELECT p.policy_no, v.version_no, p.policy_id, v.edition, v.digest, "
                  "v.content FROM qice.policy_version v JOIN qice.policy p ON p.policy_no = "
                  "v.policy_no ORDER BY v.version_no) TO STDOUT (FORMAT binary)"
                : "COPY (SELECT p.policy_no, v.version_no, p.policy_id, v.edition, v.digest, '' "
                  "FROM qice.policy_version v JOIN qice.policy p ON p.policy_no = v.policy_no "
                  "ORDER BY v.version_no) TO STDOUT (FORMAT binary)",
            visit);
    }

    Status put_policies(std::span<const PolicyChange> changes) override {
        CopyIn copy(db_, "COPY qice.policy_version(version_no, policy_no, edition, digest, content)"
                         " FROM STDIN (FORMAT binary)");
        for (const PolicyChange& change : changes) {
            if (change.version == 0) continue;
            next_.policy_version = std::max(next_.policy_version, change.version + 1);
            copy.row(5).number(change.version).number(change.policy).number(change.edition);
            copy.text(bytes_of(change.digest)).text(change.content);
            QICE_RETURN_IF_ERROR(copy.end_row());
        }
        QICE_RETURN_IF_ERROR(copy.finish());
        std::vector<std::int64_t> numbers, versions;
        std::vector<std::string_view> ids;
        for (const PolicyChange& change : changes) {
            next_.policy = std::max(next_.policy, change.policy + 1);
            numbers.push_back(change.policy);
            versions.push_back(change.version);
            ids.push_back(change.version == 0 ? std::string_view() : change.id);
        }
        return db_.run(
            "WITH changed AS (SELECT no, id, nullif(version, 0) AS version "
            "FROM unnest($1::bigint[], $2::text[], $3::bigint[]) AS c(no, id, version)), "
            "known AS (UPDATE qice.policy p SET version_no = c.version FROM changed c "
            "WHERE p.policy_no = c.no) "
            "INSERT INTO qice.policy SELECT no, id, version FROM changed c WHERE "
            "version IS NOT NULL AND NOT EXISTS (SELECT FROM qice.policy p WHERE "
            "p.policy_no = c.no)",
            numbers, ids, versions);
    }

    // ----------------------------------------------------------------------- opt-outs

    Status read_opt_outs(const Visit<OptOut>& visit) override {
        return copy_out(
            db_,
            "COPY (SELECT firm_id, tag FROM qice.opt_out ORDER BY firm_id, tag) TO STDOUT "
            "(FORMAT binary)",
            [&](const CopiedRow& row) {
                return visit({std::string(row.text(0)), std::string(row.text(1))});
            });
    }

    Status read_opt_outs_of(std::span<const std::string_view> firm_ids,
                            const Visit<OptOut>& visit) override {
        QICE_ASSIGN_OR_RETURN(
            const PgRows rows,
            db_.ask("SELECT firm_id, tag FROM qice.opt_out WHERE firm_id = ANY($1)", firm_ids));
        for (int row = 0; row < rows.size(); ++row)
            QICE_RETURN_IF_ERROR(
                visit({std::string(rows.text(row, 0)), std::string(rows.text(row, 1))}));
        return {};
    }

    Status add_opt_outs(std::span<const OptOut> opt_outs) override {
        return with_opt_outs(opt_outs, "INSERT INTO qice.opt_out SELECT * FROM unnest($1::text[], "
                                       "$2::text[]) ON CONFLICT DO NOTHING");
    }

    Status remove_opt_outs(std::span<const OptOut> opt_outs) override {
        return with_opt_outs(opt_outs,
                             "DELETE FROM qice.opt_out o USING unnest($1::text[], $2::text[]) AS "
                             "g(firm_id, tag) WHERE o.firm_id = g.firm_id AND o.tag = g.tag");
    }

    // ------------------------------------------------------------------------- ledger

    Result<std::optional<StoredRun>> find_run(Date as_of, std::string_view options,
                                              const Digest& input) override {
        return ledger_.find_run(as_of, options, input);
    }
    Result<std::optional<StoredRun>> last_run() override { return ledger_.last_run(); }

    Status add_run(const StoredRun& run) override {
        next_.run = std::max(next_.run, run.run + 1);
        return ledger_.add_run(run);
    }
    Status read_run_counts(const StoredRun& run, const Visit<RunCount>& visit) override {
        return ledger_.read_run_counts(run, visit);
    }
    Status read_pushed(
        const std::function<Status(std::int64_t, std::span<const Pushed>)>& visit) override {
        return ledger_.read_pushed(visit);
    }
    Status reason_numbers(std::span<const std::string_view> texts,
                          std::span<std::int64_t> numbers) override {
        return ledger_.reason_numbers(texts, numbers);
    }
    Status add_pushes(const StoredRun& run, std::span<const StoredPush> pushes) override {
        if (!pushes.empty()) next_.push = std::max(next_.push, pushes.back().push + 1);
        return ledger_.add_pushes(run, pushes);
    }

    Status read_feedback(const Visit<Feedback>& visit) override {
        return copy_out(
            db_,
            "COPY (SELECT firm_no, policy_version_no, state::bigint, count(*) FROM "
            "qice.delivery WHERE state >= 2 AND state <= 6 GROUP BY 1, 2, 3 ORDER BY 1, "
            "2, 3) TO STDOUT (FORMAT binary)",
            [&](const CopiedRow& row) {
                return visit(
                    {row.number(0), row.number(1), static_cast<int>(row.number(2)), row.number(3)});
            });
    }

    Status read_learned(std::int64_t run, const Visit<Learned>& visit) override {
        const std::string sql =
            "COPY (SELECT DISTINCT ON (firm_no) firm_no, tags FROM qice.learned WHERE "
            "since_run <= " +
            std::to_string(run) + " ORDER BY firm_no, since_run DESC) TO STDOUT (FORMAT binary)";
        return copy_out(db_, sql.c_str(), [&](const CopiedRow& row) {
            return visit({row.number(0), row.text(1)});
        });
    }

    Status put_learned(std::int64_t run, std::span<const Learned> learned) override {
        CopyIn copy(db_, "COPY qice.learned(firm_no, since_run, tags) FROM STDIN (FORMAT binary)");
        for (const Learned& each : learned) {
            copy.row(3).number(each.firm).number(run).text(each.tags);
            QICE_RETURN_IF_ERROR(copy.end_row());
        }
        return copy.finish();
    }

    Result<std::string> memo(std::string_view name) override {
        QICE_ASSIGN_OR_RETURN(const PgRows kept,
                              db_.ask("SELECT content FROM qice.memo WHERE name = $1", name));
        return kept.size() == 0 ? std::string() : std::string(kept.text(0, 0));
    }

    Status put_memo(std::string_view name, std::string_view content) override {
        return db_.run("INSERT INTO qice.memo VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET "
                       "content = excluded.content",
                       name, PgBytes{content});
    }

    Status append_audit(std::string_view kind, std::string_view body) override {
        QICE_ASSIGN_OR_RETURN(
            const PgRows last,
            db_.ask("SELECT entry_no, digest FROM qice.audit ORDER BY entry_no DESC LIMIT 1"));
        const std::int64_t entry = last.size() == 0 ? 1 : last.number(0, 0) + 1;
        const Digest previous = last.size() == 0 ? Digest{} : digest_of(last.text(0, 1));
        const std::string now = utc_now();
        const Digest digest = audit_digest(previous, {entry, now, kind, body});
        return db_.run("INSERT INTO qice.audit VALUES ($1, $2, $3, $4, $5)", entry, now, kind, body,
                       PgBytes{bytes_of(digest)});
    }

    // -------------------------------------------------------------- forgetting, keeping

    Status forget_firm(const StoredFirm& firm, std::string_view pseudonym) override {
        forgets_ = true;
        QICE_RETURN_IF_ERROR(db_.run("DELETE FROM qice.opt_out WHERE firm_id = $1", firm.id));
        QICE_RETURN_IF_ERROR(db_.run("UPDATE qice.firm SET firm_id = $2, version_no = NULL, "
                                     "digest = NULL WHERE firm_no = $1",
                                     firm.firm, pseudonym));
        const Digest nothing{};
        QICE_RETURN_IF_ERROR(
            db_.run("UPDATE qice.firm_version SET record = '', digest = $2 WHERE firm_no = $1",
                    firm.firm, PgBytes{bytes_of(nothing)}));
        QICE_RETURN_IF_ERROR(db_.run("DELETE FROM qice.learned WHERE firm_no = $1", firm.firm));
        return ledger_.forget(firm.firm);
    }

    Result<std::optional<std::string>> setting(std::string_view name) override {
        QICE_ASSIGN_OR_RETURN(const PgRows kept,
                              db_.ask("SELECT value FROM qice.setting WHERE name = $1", name));
        if (kept.size() == 0) return std::optional<std::string>();
        return std::optional(std::string(kept.text(0, 0)));
    }

    Status put_setting(std::string_view name, std::string_view value) override {
        return db_.run("INSERT INTO qice.setting VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET "
                       "value = excluded.value",
                       name, value);
    }

    Status query(const std::string& sql, const Query& visit) override {
        return query_postgres(db_, sql, visit);
    }

  private:
    /// A planner that expects few rows a page would read a whole table for some of its rows.
    template <class Work> Status with_indexes(Work&& work) {
        QICE_RETURN_IF_ERROR(db_.execute("SET LOCAL enable_seqscan = off"));
        Status status = work();
        if (db_.in_transaction()) (void)db_.execute("SET LOCAL enable_seqscan = on");
        return status;
    }

    Status read_numbers() {
        QICE_ASSIGN_OR_RETURN(
            const PgRows next,
            db_.ask("SELECT firm, firm_version, layout, policy, policy_version, run, push, reason "
                    "FROM qice.next_number"));
        if (next.size() != 1)
            return {StatusCode::storage, "table qice.next_number is damaged", {db_.where()}};
        next_ = {next.number(0, 0), next.number(0, 1), next.number(0, 2), next.number(0, 3),
                 next.number(0, 4), next.number(0, 5), next.number(0, 6)};
        ledger_.begin(next.number(0, 7));
        return {};
    }

    Status write_numbers() {
        return db_.run("UPDATE qice.next_number SET firm = $1, firm_version = $2, layout = $3, "
                       "policy = $4, policy_version = $5, run = $6, push = $7, reason = $8",
                       next_.firm, next_.firm_version, next_.layout, next_.policy,
                       next_.policy_version, next_.run, next_.push, ledger_.next_reason());
    }

    /// Rows that are gone leave their pages, and what the planner has noted of them.
    Status sweep() {
        for (const char* table : {"firm", "firm_version", "opt_out", "learned"})
            QICE_RETURN_IF_ERROR(db_.execute(std::string("VACUUM (ANALYZE) qice.") + table));
        return {};
    }

    Status put_some(std::span<const FirmChange> changes) {
        const std::int64_t first_new = next_.firm; // all from here on have no row yet
        CopyIn versions(db_, "COPY qice.firm_version(version_no, firm_no, layout_no, digest, "
                             "record) FROM STDIN (FORMAT binary)");
        for (const FirmChange& change : changes) {
            next_.firm = std::max(next_.firm, change.firm + 1);
            if (change.version == 0) continue;
            next_.firm_version = std::max(next_.firm_version, change.version + 1);
            versions.row(5).number(change.version).number(change.firm).number(change.layout);
            versions.text(bytes_of(change.digest)).text(change.record);
            QICE_RETURN_IF_ERROR(versions.end_row());
        }
        QICE_RETURN_IF_ERROR(versions.finish());
        CopyIn firms(db_, "COPY qice.firm(firm_no, firm_id, version_no, digest) FROM STDIN "
                          "(FORMAT binary)");
        Changes known;
        for (const FirmChange& change : changes) {
            if (change.firm < first_new) {
                known.add(change);
                continue;
            }
            firms.row(4).number(change.firm).text(change.id).number(change.version);
            firms.text(bytes_of(change.digest));
            QICE_RETURN_IF_ERROR(firms.end_row());
        }
        QICE_RETURN_IF_ERROR(firms.finish());
        if (known.numbers.empty()) return {};
        return db_.run(
            "WITH changed AS (SELECT no, id, nullif(version, 0) AS version, "
            "CASE WHEN version <> 0 THEN digest END AS digest FROM unnest($1::bigint[], "
            "$2::text[], $3::bigint[], $4::bytea[]) AS c(no, id, version, digest)), "
            "known AS (UPDATE qice.firm f SET version_no = c.version, digest = c.digest "
            "FROM changed c WHERE f.firm_no = c.no) "
            "INSERT INTO qice.firm(firm_no, firm_id, version_no, digest) SELECT no, id, version, "
            "digest FROM changed c WHERE version IS NOT NULL AND "
            "NOT EXISTS (SELECT FROM qice.firm f WHERE f.firm_no = c.no)",
            known.numbers, known.ids, known.versions, known.digests);
    }

    Status read_some(std::span<const std::int64_t> versions, const Visit<StoredRecord>& visit) {
        QICE_ASSIGN_OR_RETURN(const PgRows rows,
                              db_.ask("SELECT version_no, layout_no, record FROM qice.firm_version "
                                      "WHERE version_no = ANY($1)",
                                      versions));
        std::vector<std::pair<std::int64_t, int>> found; // version, row
        for (int row = 0; row < rows.size(); ++row)
            found.emplace_back(rows.number(row, 0), row);
        std::sort(found.begin(), found.end());
        for (const std::int64_t version : versions) {
            const auto at = std::lower_bound(found.begin(), found.end(), std::pair(version, 0));
            if (at == found.end() || at->first != version)
                return {StatusCode::storage,
                        "version " + std::to_string(version) +
                            " of a firm's values is not in this store any more",
                        {db_.where()}};
            QICE_RETURN_IF_ERROR(
                visit({version, rows.number(at->second, 1), rows.text(at->second, 2)}));
        }
        return {};
    }

    Status read_policies_by(const char* sql, const Visit<StoredPolicy>& visit) {
        return copy_out(db_, sql, [&](const CopiedRow& row) {
            return visit({row.number(0), row.number(1), row.text(2), row.number(3),
                          digest_of(row.text(4)), row.text(5)});
        });
    }

    Status with_opt_outs(std::span<const OptOut> opt_outs, const char* sql) {
        std::vector<std::string_view> firms, tags;
        for (const OptOut& opt_out : opt_outs) {
            firms.push_back(opt_out.firm_id);
            tags.push_back(opt_out.tag);
        }
        return db_.run(sql, firms, tags);
    }

    Postgres db_;
    PostgresLock lock_{db_};
    PostgresLedger ledger_{db_};
    NextNumbers next_;
    bool is_write_ = false;
    bool forgets_ = false; // in this transaction
};

} // namespace

Result<std::unique_ptr<Store>> open_postgres_store(const std::string& uri, OpenMode mode) {
    auto store = std::make_unique<PostgresStore>();
    QICE_RETURN_IF_ERROR(store->open(uri, mode));
    return std::unique_ptr<Store>(std::move(store));
}

} // namespace qice
