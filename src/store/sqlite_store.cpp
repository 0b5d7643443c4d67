#include "store/sqlite_store.hpp"

#include "base/utc_time.hpp"
#include "store/audit.hpp"
#include "store/packed.hpp"
#include "store/sqlite_rows.hpp"
#include "store/sqlite_schema.hpp"

#include <sys/file.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>
#include <utility>

namespace qice {
namespace {

/// The lock that keeps imports and nights apart; released when its process ends, too.
class WorkLock {
  public:
    ~WorkLock() { release(); }

    Status take(const std::string& path) {
        file_ = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0666);
        if (file_ < 0)
            return {StatusCode::storage,
                    std::string("the lock cannot be opened: ") + std::strerror(errno),
                    {path}};
        if (::flock(file_, LOCK_EX | LOCK_NB) == 0) return {};
        const bool is_held = errno == EWOULDBLOCK;
        const std::string reason = std::strerror(errno);
        release();
        if (!is_held) return {StatusCode::storage, "cannot be locked: " + reason, {path}};
        return {StatusCode::storage,
                "another import or night is at work on this store; nothing was done. Try again "
                "when it is through",
                {path}};
    }
    void release() {
        if (file_ >= 0) ::close(file_);
        file_ = -1;
    }

  private:
    int file_ = -1;
};

class SqliteStore final : public Store {
  public:
    Status open(const std::string& path, OpenMode mode) {
        namespace fs = std::filesystem;
        std::error_code ignored;
        if (mode == OpenMode::existing && !fs::exists(path, ignored))
            return {StatusCode::storage, "there is no store here; qice import makes one", {path}};
        if (fs::is_directory(path, ignored))
            return {StatusCode::storage, "is a folder; a store is a file", {path}};
        QICE_RETURN_IF_ERROR(db_.open(path, mode == OpenMode::create));
        QICE_RETURN_IF_ERROR(prepare_connection(db_));
        return check_version(mode);
    }

    Status begin(Access access) override {
        if (access == Access::read) return db_.execute("BEGIN");
        if (db_.can_only_be_read())
            return {StatusCode::storage,
                    "this store can only be read; give the file write permission",
                    {db_.path()}};
        QICE_RETURN_IF_ERROR(lock_.take(db_.path() + "-lock"));
        Status status = db_.execute(access == Access::write ? "BEGIN IMMEDIATE" : "BEGIN");
        if (!status.ok()) lock_.release();
        is_reading_ = access == Access::write_later;
        return status;
    }
    Status start_writing() override {
        if (!std::exchange(is_reading_, false)) return {};
        // A picture that only reads cannot write once a sender has written: another one is taken.
        QICE_RETURN_IF_ERROR(db_.execute("COMMIT"));
        return db_.execute("BEGIN IMMEDIATE");
    }
    Status commit() override {
        QICE_RETURN_IF_ERROR(db_.execute("COMMIT"));
        if (std::exchange(forgets_, false))
            QICE_RETURN_IF_ERROR(db_.execute("PRAGMA wal_checkpoint(TRUNCATE)"));
        lock_.release();
        return {};
    }
    void rollback() override {
        if (db_.in_transaction()) (void)db_.execute("ROLLBACK");
        lock_.release();
    }
    ~SqliteStore() override { rollback(); }

    Result<NextNumbers> next_numbers() override {
        NextNumbers next;
        const auto read = [&](const char* sql, std::int64_t& number) -> Status {
            QICE_ASSIGN_OR_RETURN(number, db_.number(sql));
            return {};
        };
        // A firm that somebody has deleted still has its pushes.
        QICE_RETURN_IF_ERROR(
            read("SELECT ifnull(max(firm_no), 0) + 1 FROM (SELECT max(firm_no) AS firm_no FROM "
                 "firm UNION ALL SELECT max(firm_no) FROM push)",
                 next.firm));
        QICE_RETURN_IF_ERROR(
            read("SELECT ifnull(max(version_no), 0) + 1 FROM firm_version", next.firm_version));
        QICE_RETURN_IF_ERROR(read("SELECT ifnull(max(layout_no), 0) + 1 FROM layout", next.layout));
        QICE_RETURN_IF_ERROR(read("SELECT ifnull(max(policy_no), 0) + 1 FROM policy", next.policy));
        QICE_RETURN_IF_ERROR(
            read("SELECT ifnull(max(version_no), 0) + 1 FROM policy_version", next.policy_version));
        QICE_RETURN_IF_ERROR(read("SELECT ifnull(max(run_no), 0) + 1 FROM run", next.run));
        QICE_RETURN_IF_ERROR(read("SELECT ifnull(max(push_no), 0) + 1 FROM push", next.push));
        return next;
    }

    // ------------------------------------------------------------------ schema, firms

    Result<std::optional<StoredSchema>> schema() override { return read_schema(db_, INT64_MAX); }

    Status put_schema(const StoredSchema& schema) override {
        QICE_ASSIGN_OR_RETURN(const std::int64_t run,
                              db_.number("SELECT ifnull(max(run_no), 0) + 1 FROM run"));
        QICE_RETURN_IF_ERROR(
            db_.prepare("INSERT OR REPLACE INTO schema_version VALUES (?, ?, ?)")
                .run(run, std::string_view(schema.file), std::string_view(schema.json)));
        QICE_RETURN_IF_ERROR(db_.prepare("DELETE FROM code_list WHERE since_run = ?").run(run));
        Statement add = db_.prepare("INSERT INTO code_list VALUES (?, ?, ?)");
        for (const StoredSchema::CodeList& list : schema.code_lists)
            QICE_RETURN_IF_ERROR(
                add.run(run, std::string_view(list.name), std::string_view(list.content)));
        return {};
    }

    Status
    read_layouts(const std::function<Status(std::int64_t, std::string_view)>& visit) override {
        return db_.prepare("SELECT layout_no, header FROM layout ORDER BY layout_no")
            .each([&](const Statement& row) { return visit(row.number(0), row.text(1)); });
    }

    Status put_layout(std::int64_t layout, std::string_view header) override {
        return db_.prepare("INSERT INTO layout VALUES (?, ?)").run(layout, header);
    }

    Status read_firms(const Visit<StoredFirm>& visit) override {
        return db_.prepare("SELECT firm_no, version_no, firm_id, digest FROM firm ORDER BY firm_no")
            .each([&](const Statement& row) {
                return visit({row.number(0), row.number(1), row.text(2), digest_of(row.bytes(3))});
            });
    }

    Status put_firms(std::span<const FirmChange> changes) override {
        Statement firm = db_.prepare(
            "INSERT INTO firm VALUES (?1, ?2, ?3, ?4) ON CONFLICT(firm_no) DO UPDATE SET "
            "version_no = excluded.version_no, digest = excluded.digest");
        Statement gone =
            db_.prepare("UPDATE firm SET version_no = NULL, digest = NULL WHERE firm_no = ?");
        Statement version = db_.prepare("INSERT INTO firm_version VALUES (?, ?, ?, ?, ?)");
        for (const FirmChange& change : changes) {
            if (change.version == 0) {
                QICE_RETURN_IF_ERROR(gone.run(change.firm));
                continue;
            }
            const Blob digest{bytes_of(change.digest)};
            QICE_RETURN_IF_ERROR(firm.run(change.firm, change.id, change.version, digest));
            QICE_RETURN_IF_ERROR(
                version.run(change.version, change.firm, change.layout, digest, change.record));
        }
        return {};
    }

    Status read_records(std::span<const std::int64_t> versions,
                        const Visit<StoredRecord>& visit) override {
        Statement read =
            db_.prepare("SELECT layout_no, record FROM firm_version WHERE version_no = ?");
        for (const std::int64_t version : versions) {
            bool is_there = false;
            QICE_RETURN_IF_ERROR(read.each(
                [&](const Statement& row) {
                    is_there = true;
                    return visit({version, row.number(0), row.text(1)});
                },
                version));
            if (!is_there)
                return {StatusCode::storage,
                        "version " + std::to_string(version) +
                            " of a firm's values is not in this store any more",
                        {db_.path()}};
        }
        return {};
    }

    // ----------------------------------------------------------------------- policies

    Status read_policies(const Visit<StoredPolicy>& visit) override {
        return db_
            .prepare("SELECT p.policy_no, p.version_no, p.policy_id, v.edition, v.digest, "
                     "v.content FROM policy p LEFT JOIN policy_version v ON v.version_no = "
                     "p.version_no ORDER BY p.policy_no")
            .each([&](const Statement& row) { return visit(policy_in(row)); });
    }

    Status read_policies_about(std::span<const std::string_view> ids,
                               const Visit<StoredPolicy>& visit) override {
        std::set<std::int64_t> numbers;
        const auto note = [&](const Statement& row) {
            numbers.insert(row.number(0));
            return Status();
        };
        Statement find = db_.prepare("SELECT policy_no FROM policy WHERE policy_id = ?");
        for (const std::string_view id : ids)
            QICE_RETURN_IF_ERROR(find.each(note, id));
        QICE_RETURN_IF_ERROR(
            db_.prepare("SELECT policy_no FROM policy_version INDEXED BY policy_superseding "
                        "WHERE instr(content, '\"supersedes\"') > 0")
                .each(note));
        Statement read = db_.prepare(
            "SELECT p.policy_no, p.version_no, p.policy_id, v.edition, v.digest, v.content FROM "
            "policy p JOIN policy_version v ON v.version_no = p.version_no WHERE p.policy_no = ?");
        for (const std::int64_t number : numbers)
            QICE_RETURN_IF_ERROR(
                read.each([&](const Statement& row) { return visit(policy_in(row)); }, number));
        return {};
    }

    Status read_policy_versions(bool with_content, const Visit<StoredPolicy>& visit) override {
        return db_
            .prepare(with_content
                         ? "SELECT p.policy_no, v.version_no, p.policy_id, v.edition, v.digest, "
                           "v.content FROM policy_version v JOIN policy p ON p.policy_no = "
                           "v.policy_no ORDER BY v.version_no"
                         : "SELECT p.policy_no, v.version_no, p.policy_id, v.edition, v.digest, "
                           "'' FROM policy_version v JOIN policy p ON p.policy_no = "
                           "v.policy_no ORDER BY v.version_no")
            .each([&](const Statement& row) { return visit(policy_in(row)); });
    }

    Status put_policies(std::span<const PolicyChange> changes) override {
        Statement policy = db_.prepare(
            "INSERT INTO policy VALUES (?1, ?2, ?3) ON CONFLICT(policy_no) DO UPDATE SET "
            "version_no = excluded.version_no");
        Statement gone = db_.prepare("UPDATE policy SET version_no = NULL WHERE policy_no = ?");
        Statement version = db_.prepare("INSERT INTO policy_version VALUES (?, ?, ?, ?, ?)");
        for (const PolicyChange& change : changes) {
            if (change.version == 0) {
                QICE_RETURN_IF_ERROR(gone.run(change.policy));
                continue;
            }
            QICE_RETURN_IF_ERROR(policy.run(change.policy, change.id, change.version));
            QICE_RETURN_IF_ERROR(version.run(change.version, change.policy, change.edition,
                                             Blob{bytes_of(change.digest)}, change.content));
        }
        return {};
    }

    // ----------------------------------------------------------------------- opt-outs

    Status read_opt_outs(const Visit<OptOut>& visit) override {
        return db_.prepare("SELECT firm_id, tag FROM opt_out ORDER BY firm_id, tag")
            .each([&](const Statement& row) {
                return visit({std::string(row.text(0)), std::string(row.text(1))});
            });
    }

    Status read_opt_outs_of(std::span<const std::string_view> firm_ids,
                            const Visit<OptOut>& visit) override {
        Statement read = db_.prepare("SELECT firm_id, tag FROM opt_out WHERE firm_id = ?");
        for (const std::string_view id : firm_ids)
            QICE_RETURN_IF_ERROR(read.each(
                [&](const Statement& row) {
                    return visit({std::string(row.text(0)), std::string(row.text(1))});
                },
                id));
        return {};
    }

    Status add_opt_outs(std::span<const OptOut> opt_outs) override {
        return for_each(opt_outs, "INSERT OR IGNORE INTO opt_out VALUES (?, ?)");
    }

    Status remove_opt_outs(std::span<const OptOut> opt_outs) override {
        return for_each(opt_outs, "DELETE FROM opt_out WHERE firm_id = ? AND tag = ?");
    }

    // ------------------------------------------------------------------------- ledger

    Result<std::optional<StoredRun>> find_run(Date as_of, std::string_view options,
                                              const Digest& input) override {
        std::optional<StoredRun> out;
        QICE_RETURN_IF_ERROR(
            db_.prepare("SELECT * FROM run WHERE as_of = ? AND options = ? AND input = ? "
                        "ORDER BY run_no LIMIT 1")
                .each(read_run(out), std::string_view(as_of.to_string()), options,
                      Blob{bytes_of(input)}));
        return out;
    }

    Result<std::optional<StoredRun>> last_run() override {
        std::optional<StoredRun> out;
        QICE_RETURN_IF_ERROR(
            db_.prepare("SELECT * FROM run ORDER BY run_no DESC LIMIT 1").each(read_run(out)));
        return out;
    }

    Status add_run(const StoredRun& run) override {
        const std::string as_of = run.as_of.to_string();
        return db_.prepare("INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .run(run.run, std::string_view(as_of), std::string_view(run.options),
                 Blob{bytes_of(run.input)}, std::string_view(run.qice),
                 std::string_view(run.recorded), run.firms, run.policies, run.first_push,
                 run.pushes[0], run.pushes[1], run.pushes[2], run.pushes[3],
                 Blob{bytes_of(run.digest)});
    }

    Status read_run_counts(const StoredRun& run, const Visit<RunCount>& visit) override {
        return db_
            .prepare("SELECT policy_version_no, status, count(*) FROM push WHERE push_no >= ? AND "
                     "push_no < ? GROUP BY policy_version_no, status")
            .each(
                [&](const Statement& row) {
                    return visit(
                        {row.number(0), static_cast<Verdict>(row.number(1)), row.number(2)});
                },
                run.first_push, run.first_push + run.total());
    }

    Status read_pushed(
        const std::function<Status(std::int64_t, std::span<const Pushed>)>& visit) override {
        return read_pushed_pairs(db_, visit);
    }

    Status reason_numbers(std::span<const std::string_view> texts,
                          std::span<std::int64_t> numbers) override {
        QICE_ASSIGN_OR_RETURN(std::int64_t next,
                              db_.number("SELECT ifnull(max(reason_no), 0) + 1 FROM reason"));
        Statement find = db_.prepare("SELECT reason_no FROM reason WHERE text = ?");
        Statement add = db_.prepare("INSERT INTO reason VALUES (?, ?)");
        for (std::size_t i = 0; i < texts.size(); ++i) {
            numbers[i] = 0;
            QICE_RETURN_IF_ERROR(find.each(
                [&](const Statement& row) {
                    numbers[i] = row.number(0);
                    return Status();
                },
                texts[i]));
            if (numbers[i] != 0) continue;
            numbers[i] = next++;
            QICE_RETURN_IF_ERROR(add.run(numbers[i], texts[i]));
        }
        return {};
    }

    Status add_pushes(const StoredRun& run, std::span<const StoredPush> pushes) override {
        Statement add = db_.prepare(
            "INSERT INTO push(push_no, run_no, firm_no, firm_version_no, policy_version_no, "
            "status, rank, score, benefit, reason_no) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        Statement remember =
            db_.prepare("INSERT INTO pushed VALUES (?, ?) ON CONFLICT(firm_no) DO UPDATE SET "
                        "pairs = CAST(pairs || excluded.pairs AS BLOB)");
        std::string pairs;
        for (std::size_t i = 0; i < pushes.size(); ++i) {
            const StoredPush& push = pushes[i];
            QICE_RETURN_IF_ERROR(add.run(
                push.push, run.run, push.firm, push.firm_version, push.policy_version,
                static_cast<std::int64_t>(push.status), static_cast<std::int64_t>(push.rank),
                push.score, push.benefit, push.reason));
            append_pair(pairs, static_cast<std::uint32_t>(push.policy_version), run.as_of.days,
                        push.status);
            if (i + 1 < pushes.size() && pushes[i + 1].firm == push.firm) continue;
            QICE_RETURN_IF_ERROR(remember.run(push.firm, Blob{pairs}));
            pairs.clear();
        }
        return {};
    }

    Status read_feedback(const Visit<Feedback>& visit) override {
        return db_
            .prepare("SELECT firm_no, policy_version_no, state, count(*) FROM push "
                     "INDEXED BY push_answered WHERE state >= 2 AND state <= 6 "
                     "GROUP BY firm_no, policy_version_no, state "
                     "ORDER BY firm_no, policy_version_no, state")
            .each([&](const Statement& row) {
                return visit(
                    {row.number(0), row.number(1), static_cast<int>(row.number(2)), row.number(3)});
            });
    }

    Status read_learned(std::int64_t run, const Visit<Learned>& visit) override {
        return db_
            .prepare("SELECT firm_no, tags FROM learned l WHERE since_run = (SELECT "
                     "max(since_run) FROM learned WHERE firm_no = l.firm_no AND since_run <= ?) "
                     "ORDER BY firm_no")
            .each(
                [&](const Statement& row) {
                    return visit({row.number(0), row.text(1)});
                },
                run);
    }

    Status put_learned(std::int64_t run, std::span<const Learned> learned) override {
        Statement put = db_.prepare("INSERT OR REPLACE INTO learned VALUES (?, ?, ?)");
        for (const Learned& each : learned)
            QICE_RETURN_IF_ERROR(put.run(each.firm, run, each.tags));
        return {};
    }

    Status append_audit(std::string_view kind, std::string_view body) override {
        Digest previous{};
        std::int64_t entry = 1;
        QICE_RETURN_IF_ERROR(
            db_.prepare("SELECT entry_no, digest FROM audit ORDER BY entry_no DESC LIMIT 1")
                .each([&](const Statement& row) {
                    entry = row.number(0) + 1;
                    previous = digest_of(row.bytes(1));
                    return Status();
                }));
        const std::string now = utc_now();
        const Digest digest = audit_digest(previous, {entry, now, kind, body});
        return db_.prepare("INSERT INTO audit VALUES (?, ?, ?, ?, ?)")
            .run(entry, std::string_view(now), kind, body, Blob{bytes_of(digest)});
    }

    // -------------------------------------------------------------- forgetting, keeping

    Status forget_firm(const StoredFirm& firm, std::string_view pseudonym) override {
        // What is deleted is overwritten, and commit() empties the log of older pages.
        QICE_RETURN_IF_ERROR(db_.execute("PRAGMA secure_delete = ON"));
        forgets_ = true;
        const std::int64_t number = firm.firm;
        const auto run = [&](const char* sql) { return db_.prepare(sql).run(number); };
        QICE_RETURN_IF_ERROR(db_.prepare("DELETE FROM opt_out WHERE firm_id = ?").run(firm.id));
        QICE_RETURN_IF_ERROR(db_.prepare("UPDATE firm SET firm_id = ?2, version_no = NULL, "
                                         "digest = NULL WHERE firm_no = ?1")
                                 .run(number, pseudonym));
        QICE_RETURN_IF_ERROR(
            run("UPDATE firm_version SET record = '', digest = zeroblob(32) WHERE firm_no = ?"));
        QICE_RETURN_IF_ERROR(run("DELETE FROM pushed WHERE firm_no = ?"));
        QICE_RETURN_IF_ERROR(run("DELETE FROM learned WHERE firm_no = ?"));
        return run("UPDATE push SET state = 7, state_at = unixepoch() WHERE firm_no = ? AND "
                   "state = 0");
    }

    Result<std::optional<std::string>> setting(std::string_view name) override {
        std::optional<std::string> value;
        QICE_RETURN_IF_ERROR(db_.prepare("SELECT value FROM setting WHERE name = ?")
                                 .each(
                                     [&](const Statement& row) {
                                         value = row.text(0);
                                         return Status();
                                     },
                                     name));
        return value;
    }

    Status put_setting(std::string_view name, std::string_view value) override {
        return db_.prepare("INSERT OR REPLACE INTO setting VALUES (?, ?)").run(name, value);
    }

    Result<std::string> memo(std::string_view name) override {
        std::string content;
        QICE_RETURN_IF_ERROR(db_.prepare("SELECT content FROM memo WHERE name = ?")
                                 .each(
                                     [&](const Statement& row) {
                                         content = row.bytes(0);
                                         return Status();
                                     },
                                     name));
        return content;
    }

    Status put_memo(std::string_view name, std::string_view content) override {
        return db_.prepare("INSERT OR REPLACE INTO memo VALUES (?, ?)").run(name, Blob{content});
    }

    Status query(const std::string& sql, const Query& visit) override {
        Statement query = db_.prepare(sql);
        std::vector<std::optional<std::string_view>> cells;
        bool is_first = true;
        const auto tell_columns = [&]() -> Status {
            std::vector<std::string_view> names;
            for (int i = 0; i < query.columns(); ++i)
                names.push_back(query.name(i));
            is_first = false;
            return visit.columns(names);
        };
        QICE_RETURN_IF_ERROR(query.fault());
        if (!query.only_reads() || query.columns() == 0)
            return {StatusCode::usage, "the query must only read, and give rows"};
        QICE_RETURN_IF_ERROR(query.each([&](const Statement& row) -> Status {
            if (is_first) QICE_RETURN_IF_ERROR(tell_columns());
            cells.clear();
            for (int i = 0; i < row.columns(); ++i)
                cells.push_back(row.is_null(i) ? std::nullopt : std::optional(row.text(i)));
            return visit.row(cells);
        }));
        return is_first ? tell_columns() : Status();
    }

  private:
    static StoredPolicy policy_in(const Statement& row) {
        return {row.number(0), row.number(1),           row.text(2),
                row.number(3), digest_of(row.bytes(4)), row.text(5)};
    }

    static std::function<Status(const Statement&)> read_run(std::optional<StoredRun>& out) {
        return [&out](const Statement& row) {
            out = run_in(row);
            return Status();
        };
    }

    Status for_each(std::span<const OptOut> opt_outs, const char* sql) {
        Statement statement = db_.prepare(sql);
        for (const OptOut& opt_out : opt_outs)
            QICE_RETURN_IF_ERROR(
                statement.run(std::string_view(opt_out.firm_id), std::string_view(opt_out.tag)));
        return {};
    }

    /// Makes the tables, or brings an older store up to date: each in one transaction.
    Status check_version(OpenMode mode) {
        const auto refuse = [&](const std::string& why) {
            return Status(StatusCode::storage, why, {db_.path()});
        };
        QICE_ASSIGN_OR_RETURN(const std::int64_t owner, db_.number("PRAGMA application_id"));
        QICE_ASSIGN_OR_RETURN(const std::int64_t version, db_.number("PRAGMA user_version"));
        if (owner == kSqliteApplication && version > kSqliteVersion)
            return refuse("this store was written by a newer qice: it has version " +
                          std::to_string(version) + ", this program knows up to " +
                          std::to_string(kSqliteVersion));
        if (owner == kSqliteApplication && version == kSqliteVersion) return {};
        if (owner != kSqliteApplication && (owner != 0 || version != 0))
            return refuse("this database belongs to another program, not to qice");
        if (owner == 0 && mode == OpenMode::existing)
            return refuse("this database is no store of qice; qice import makes one");
        if (db_.can_only_be_read()) return refuse("this store is old, and can only be read");
        QICE_RETURN_IF_ERROR(lock_.take(db_.path() + "-lock"));
        const Status status = make_tables(version);
        rollback();
        return status;
    }

    Status make_tables(std::int64_t from) {
        if (from == 0)
            QICE_RETURN_IF_ERROR(db_.execute("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL"));
        QICE_RETURN_IF_ERROR(db_.execute("BEGIN IMMEDIATE"));
        for (std::int64_t step = from; step < kSqliteVersion; ++step)
            QICE_RETURN_IF_ERROR(db_.execute(kSqliteSteps[step]));
        const std::string mark = "PRAGMA application_id = " + std::to_string(kSqliteApplication) +
                                 "; PRAGMA user_version = " + std::to_string(kSqliteVersion) +
                                 "; COMMIT";
        return db_.execute(mark.c_str());
    }

    WorkLock lock_;
    Sqlite db_;
    bool forgets_ = false;    // since the last commit
    bool is_reading_ = false; // and will write later
};

} // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path, OpenMode mode) {
    auto store = std::make_unique<SqliteStore>();
    QICE_RETURN_IF_ERROR(store->open(path, mode));
    return std::unique_ptr<Store>(std::move(store));
}

} // namespace qice
