// A night on a store: read, match, choose (night.hpp), describe, record.
//
//   store.begin(Access::write);
//   Result<NightReport> report = run_night(store, options);
//   report.ok() ? store.commit() : store.rollback();
//
// The same day with the same input and options again writes nothing. Firms that may get nothing
// more tonight are neither read nor matched; the others come in portions, ranked no deeper than
// they need. Memory: a portion of firms, 50 bytes a push of tonight and 12 an earlier one.
#pragma once

#include "push/import.hpp"
#include "push/night.hpp"
#include "push/store.hpp"
#include "qice/match/explain.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace qice {

struct NightOptions {
    NightLimits limits;
    Urgency urgency;
    Language language = Language::zh;
    unsigned threads = 1;
    bool dry_run = false;           // record nothing
    bool skip_bad_policies = false; // that the schema of today cannot read
    PolicyLimits policy_limits;
    std::uint32_t portion = 1u << 17; // firms matched at a time
    /// Told now and then how many firms are through.
    std::function<void(std::size_t done, std::size_t of)> progress;
};

struct NightSeconds {
    double read = 0, match = 0, choose = 0, write = 0;
};

struct NightReport {
    StoredRun run;
    bool done_before = false;      // by this run; nothing was computed
    std::optional<StoredRun> last; // the night before it in the ledger
    std::int64_t firms_open = 0;   // that could still get something tonight
    std::int64_t firms_deep = 0;   // that had to be ranked to the end
    std::int64_t firms_pushed = 0;
    std::int64_t policies_open = 0;
    /// Of a dry run, by policy id: pushes of this night and of the last.
    std::map<std::string, std::array<std::int64_t, 2>> by_policy;
    std::vector<Status> bad_policies;
    std::uint64_t bad_cells = 0; // that the schema of today cannot take of older values
    NightSeconds seconds;
};

/// Everything that can change the answer, as JSON: what `run.options` holds.
std::string options_json(const NightOptions& options);

/// A push's share of `run.digest`: nine numbers of 8 bytes; no benefit is -1.
void add_to_digest(Sha256& sha, const StoredPush& push);
/// A run as the audit log has it.
std::string run_json(const StoredRun& run);

Result<NightReport> run_night(Store& store, const NightOptions& options);

} // namespace qice
