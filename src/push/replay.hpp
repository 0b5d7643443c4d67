// A push as it was: the firm's values, the policy and the schema of its night, judged again.
//
//   Replayer replayer(store, archive);                  // both between begin() and their end
//   QICE_ASSIGN_OR_RETURN(const Replay replay, replayer.replay(4711));
//   std::cout << to_text(replay.explanation, Language::zh);
//
//   QICE_ASSIGN_OR_RETURN(const Verification found, verify(store, archive, {.replay = true}));
//
// verify() reads the audit log from its beginning: each entry's digest must follow from the one
// before, and each night's digest from its pushes. With `replay` it also judges every push again.
// What a firm was told before it was forgotten cannot be replayed, only counted.
#pragma once

#include "push/archive.hpp"
#include "push/learn.hpp"
#include "qice/match/explain.hpp"
#include "qice/model/firm.hpp"
#include "qice/rule/parse.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace qice {

struct Replay {
    StoredRun run;
    RecordedPush push;
    Explanation explanation; // as of the night
};

class Replayer {
  public:
    Replayer(Store& store, Archive& archive) : store_(store), archive_(archive) {}

    /// Fails where there is no such push, or its firm was forgotten or taken out of the store.
    Result<Replay> replay(std::int64_t push);

    /// The verdicts and scores of a run's pushes now, from what was stored then, told in order.
    /// Those of firms that were forgotten are left out.
    using Judged = std::function<Status(const RecordedPush& push, Verdict verdict, Score score)>;
    Status judge_run(const StoredRun& run, const Judged& visit);

  private:
    Status prepare(const StoredRun& run);
    Status read_options(const StoredRun& run);
    Result<const Policy*> policy(std::int64_t version);
    Status judge(const StoredRun& run, std::span<const RecordedPush> pushes, const Judged& visit);
    Result<FirmTable> firms(Date as_of, std::span<const RecordedPush> pushes,
                            std::vector<std::size_t>& rows);

    Store& store_;
    Archive& archive_;
    std::string schema_text_; // of schema_
    SchemaPtr schema_;        // of the last run
    std::map<std::int64_t, std::string> layouts_;
    std::map<std::int64_t, std::string> contents_;             // of policies, by version
    std::map<std::int64_t, std::unique_ptr<Policy>> policies_; // parsed with schema_
    std::map<std::int64_t, std::string> firm_ids_;
    Urgency urgency_; // of the last run
    Tastes tastes_;   // what it had learnt
};

struct VerifyOptions {
    bool replay = false;
};

struct Verification {
    std::int64_t entries = 0, runs = 0, pushes = 0;
    std::int64_t replayed = 0, forgotten = 0; // pushes, with VerifyOptions::replay
    std::vector<std::string> faults;          // sentences; none where all is as it was recorded
};

Result<Verification> verify(Store& store, Archive& archive, const VerifyOptions& options);

} // namespace qice
