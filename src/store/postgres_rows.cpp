#include "store/postgres_rows.hpp"

#include "store/packed.hpp"

namespace qice {

const char* const kSelectRun =
    "SELECT run_no, as_of::text, options, input, qice, "
    "to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), "
    "firms, policies, first_push, eligible, review, needs_data, near, digest FROM qice.run ";

StoredRun run_in(const PgRows& rows, int row) {
    StoredRun run;
    run.run = rows.number(row, 0);
    run.as_of = Date::parse(rows.text(row, 1)).value_or(Date{});
    run.options = rows.text(row, 2);
    run.input = digest_of(rows.text(row, 3));
    run.qice = rows.text(row, 4);
    run.recorded = rows.text(row, 5);
    run.firms = rows.number(row, 6);
    run.policies = rows.number(row, 7);
    run.first_push = rows.number(row, 8);
    for (int s = 0; s < kStatuses; ++s)
        run.pushes[static_cast<std::size_t>(s)] = rows.number(row, 9 + s);
    run.digest = digest_of(rows.text(row, 13));
    return run;
}

Result<std::optional<StoredSchema>> read_schema(Postgres& db, std::int64_t run) {
    QICE_ASSIGN_OR_RETURN(const PgRows kept,
                          db.ask("SELECT since_run, file, json FROM qice.schema_version WHERE "
                                 "since_run <= $1 ORDER BY since_run DESC LIMIT 1",
                                 run));
    if (kept.size() == 0) return std::optional<StoredSchema>();
    StoredSchema out;
    out.file = kept.text(0, 1);
    out.json = kept.text(0, 2);
    QICE_ASSIGN_OR_RETURN(
        const PgRows lists,
        db.ask("SELECT name, content FROM qice.code_list WHERE since_run = $1 ORDER BY name",
               kept.number(0, 0)));
    for (int row = 0; row < lists.size(); ++row)
        out.code_lists.push_back(
            {std::string(lists.text(row, 0)), std::string(lists.text(row, 1))});
    return std::optional(std::move(out));
}

} // namespace qice
