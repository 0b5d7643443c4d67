#include "store/sqlite_rows.hpp"

#include "store/packed.hpp"

#include <vector>

namespace qice {

Status prepare_connection(Sqlite& db) {
    constexpr int kMostWait = 30'000; // milliseconds
    db.wait_for_others(kMostWait);
    // FULL: a night or a batch of a sender has one commit, so it costs one fsync.
    return db.execute("PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; "
                      "PRAGMA cache_size = -131072");
}

Result<std::optional<StoredSchema>> read_schema(Sqlite& db, std::int64_t run) {
    std::optional<StoredSchema> out;
    std::int64_t since = 0;
    QICE_RETURN_IF_ERROR(db.prepare("SELECT since_run, file, json FROM schema_version WHERE "
                                    "since_run <= ? ORDER BY since_run DESC LIMIT 1")
                             .each(
                                 [&](const Statement& row) {
                                     since = row.number(0);
                                     out.emplace();
                                     out->file = row.text(1);
                                     out->json = row.text(2);
                                     return Status();
                                 },
                                 run));
    if (!out) return out;
    QICE_RETURN_IF_ERROR(
        db.prepare("SELECT name, content FROM code_list WHERE since_run = ? ORDER BY name")
            .each(
                [&](const Statement& row) {
                    out->code_lists.push_back({std::string(row.text(0)), std::string(row.text(1))});
                    return Status();
                },
                since));
    return out;
}

StoredRun run_in(const Statement& row) {
    StoredRun run;
    run.run = row.number(0);
    run.as_of = Date::parse(row.text(1)).value_or(Date{});
    run.options = row.text(2);
    run.input = digest_of(row.bytes(3));
    run.qice = row.text(4);
    run.recorded = row.text(5);
    run.firms = row.number(6);
    run.policies = row.number(7);
    run.first_push = row.number(8);
    for (int s = 0; s < kStatuses; ++s)
        run.pushes[static_cast<std::size_t>(s)] = row.number(9 + s);
    run.digest = digest_of(row.bytes(13));
    return run;
}

Status
read_pushed_pairs(Sqlite& db,
                  const std::function<Status(std::int64_t, std::span<const Pushed>)>& visit) {
    std::vector<Pushed> pairs;
    return db.prepare("SELECT firm_no, pairs FROM pushed ORDER BY firm_no")
        .each([&](const Statement& row) -> Status {
            const std::string_view bytes = row.bytes(1);
            if (bytes.size() % kPairBytes != 0)
                return {StatusCode::storage, "table pushed is damaged", {db.path()}};
            pairs.clear();
            for (std::size_t at = 0; at < bytes.size(); at += kPairBytes)
                pairs.push_back(pair_at(bytes.data() + at));
            return visit(row.number(0), pairs);
        });
}

} // namespace qice
