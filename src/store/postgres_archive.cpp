#include "store/postgres_archive.hpp"

#include "store/packed.hpp"
#include "store/postgres_copy.hpp"
#include "store/postgres_ledger.hpp"
#include "store/postgres_open.hpp"
#include "store/postgres_rows.hpp"

namespace qice {
namespace {

RecordedPush push_in(const CopiedRow& row) {
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
    return out;
}

class PostgresArchive final : public Archive {
  public:
    Status open(const std::string& uri) {
        QICE_RETURN_IF_ERROR(db_.open(uri));
        return prepare_postgres_store(db_, OpenMode::existing);
    }

    Status begin() override {
        // The picture is taken by the first question.
        return db_.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1");
    }
    void end() override {
        if (db_.in_transaction()) (void)db_.execute("ROLLBACK");
    }

    Result<StoredSchema> schema_of(std::int64_t run) override {
        QICE_ASSIGN_OR_RETURN(std::optional<StoredSchema> schema, read_schema(db_, run));
        return schema_found(std::move(schema), run, db_.where());
    }

    Status read_runs(const Visit<StoredRun>& visit) override {
        const std::string all = std::string(kSelectRun) + "ORDER BY run_no";
        QICE_ASSIGN_OR_RETURN(const PgRows rows, db_.ask(all.c_str()));
        for (int row = 0; row < rows.size(); ++row)
            QICE_RETURN_IF_ERROR(visit(run_in(rows, row)));
        return {};
    }

    Status read_pushes(const StoredRun& run, const Visit<RecordedPush>& visit) override {
        return pushes("p.run_no = " + std::to_string(run.run) +
                          " AND p.push_no >= " + std::to_string(run.first_push),
                      visit);
    }

    Result<std::optional<RecordedPush>> find_push(std::int64_t push) override {
        std::optional<RecordedPush> out;
        QICE_RETURN_IF_ERROR(
            pushes("p.push_no = " + std::to_string(push), [&](const RecordedPush& found) {
                out = found;
                return Status();
            }));
        return out;
    }

    Status read_pushed(
        const std::function<Status(std::int64_t, std::span<const Pushed>)>& visit) override {
        return PostgresLedger(db_).read_pushed(visit);
    }

    Status read_audit(const Visit<StoredAudit>& visit) override {
        return copy_out(db_,
                        "COPY (SELECT entry_no, recorded_at, kind, body, digest FROM qice.audit "
                        "ORDER BY entry_no) TO STDOUT (FORMAT binary)",
                        [&](const CopiedRow& row) {
                            return visit({row.number(0), row.text(1), row.text(2), row.text(3),
                                          digest_of(row.text(4))});
                        });
    }

  private:
    /// COPY takes no parameters: `condition` has numbers only.
    Status pushes(const std::string& condition, const Visit<RecordedPush>& visit) {
        const std::string copy =
            "COPY (SELECT p.push_no, p.firm_no, p.firm_version_no, p.policy_version_no, p.status, "
            "p.rank, p.score, p.benefit, p.reason_no, p.run_no, coalesce(d.state, 0) FROM "
            "qice.push p LEFT JOIN qice.delivery d USING (push_no) WHERE " +
            condition + " ORDER BY p.push_no) TO STDOUT (FORMAT binary)";
        return copy_out(db_, copy.c_str(),
                        [&](const CopiedRow& row) { return visit(push_in(row)); });
    }

    Postgres db_;
};

} // namespace

Result<std::unique_ptr<Archive>> open_postgres_archive(const std::string& uri) {
    auto archive = std::make_unique<PostgresArchive>();
    QICE_RETURN_IF_ERROR(archive->open(uri));
    return std::unique_ptr<Archive>(std::move(archive));
}

} // namespace qice
