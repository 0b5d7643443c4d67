#include "store/sqlite_archive.hpp"

#include "store/packed.hpp"
#include "store/sqlite_rows.hpp"
#include "store/sqlite_store.hpp"

namespace qice {
namespace {

class SqliteArchive final : public Archive {
  public:
    Status open(const std::string& path) {
        // The store checks that this is one, and brings an older one up to date.
        QICE_ASSIGN_OR_RETURN(const auto store, open_sqlite_store(path, OpenMode::existing));
        QICE_RETURN_IF_ERROR(db_.open(path, false));
        return prepare_connection(db_);
    }

    Status begin() override {
        // The picture is taken by the first question.
        return db_.execute("BEGIN; SELECT count(*) FROM (SELECT 1 FROM run LIMIT 1)");
    }
    void end() override {
        if (db_.in_transaction()) (void)db_.execute("ROLLBACK");
    }

    Result<StoredSchema> schema_of(std::int64_t run) override {
        QICE_ASSIGN_OR_RETURN(std::optional<StoredSchema> schema, read_schema(db_, run));
        return schema_found(std::move(schema), run, db_.path());
    }

    Status read_runs(const Visit<StoredRun>& visit) override {
        return db_.prepare("SELECT * FROM run ORDER BY run_no").each([&](const Statement& row) {
            return visit(run_in(row));
        });
    }

    Status read_pushes(const StoredRun& run, const Visit<RecordedPush>& visit) override {
        return pushes("p.run_no = ?1 AND p.push_no >= ?2", run.run, run.first_push, visit);
    }

    Result<std::optional<RecordedPush>> find_push(std::int64_t push) override {
        std::optional<RecordedPush> out;
        QICE_RETURN_IF_ERROR(pushes("p.push_no = ?1 AND ?2 = 0", push, 0, [&](auto& found) {
            out = found;
            return Status();
        }));
        return out;
    }

    Status read_pushed(
        const std::function<Status(std::int64_t, std::span<const Pushed>)>& visit) override {
        return read_pushed_pairs(db_, visit);
    }

    Status read_audit(const Visit<StoredAudit>& visit) override {
        return db_
            .prepare(
                "SELECT entry_no, recorded_at, kind, body, digest FROM audit ORDER BY entry_no")
            .each([&](const Statement& row) {
                return visit({row.number(0), row.text(1), row.text(2), row.text(3),
                              digest_of(row.bytes(4))});
            });
    }

  private:
    Status pushes(const std::string& condition, std::int64_t first, std::int64_t second,
                  const Visit<RecordedPush>& visit) {
        Statement read = db_.prepare(
            "SELECT p.push_no, p.firm_no, p.firm_version_no, p.policy_version_no, p.status, "
            "p.rank, p.score, p.benefit, p.reason_no, p.run_no, p.state FROM push p WHERE " +
            condition + " ORDER BY p.push_no");
        return read.each(
            [&](const Statement& row) {
                RecordedPush out;
                out.push = {row.number(0),
                            row.number(1),
                            row.number(2),
                            row.number(3),
                            static_cast<Verdict>(row.number(4)),
                            static_cast<std::uint32_t>(row.number(5)),
                            row.number(6),
                            row.is_null(7) ? std::nullopt : std::optional(row.number(7)),
                            row.number(8)};
                out.run = row.number(9);
                out.state = static_cast<Delivery>(row.number(10));
                return visit(out);
            },
            first, second);
    }

    Sqlite db_;
};

} // namespace

Result<std::unique_ptr<Archive>> open_sqlite_archive(const std::string& path) {
    auto archive = std::make_unique<SqliteArchive>();
    QICE_RETURN_IF_ERROR(archive->open(path));
    return std::unique_ptr<Archive>(std::move(archive));
}

} // namespace qice
