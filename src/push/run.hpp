// A night on a store: read, match, choose (night.hpp), describe, record.
//
//   store.begin(Access::write_later);
//   Result<NightReport> report = run_night(store, options);
//   report.ok() ? store.commit() : store.rollback();
//
// The same day with the same input and options again writes nothing. Firms that may get nothing
// more tonight, and those that have got all there is (settled.hpp), are neither read nor matched;
// the others come in portions, ranked no deeper than they need. Memory: a portion of firms, 50
// bytes a push of tonight and 12 an earlier one.
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

struct NightReport;

enum class NightStep : std::uint8_t { read, chosen, recorded };

struct NightOptions {
    NightLimits limits;
    Urgency urgency;
    bool learn = false; // weigh tags by what firms answered (learn.hpp)
    Language language = Language::zh;
    unsigned threads = 1;
    bool dry_run = false;           // record nothing
    bool skip_bad_policies = false; // that the schema of today cannot read
    PolicyLimits policy_limits;
    std::uint32_t portion = 1u << 16; // firms matched at a time
    /// Told now and then how many firms are through.
    std::function<void(std::size_t done, std::size_t of)> progress;
    /// Told after each step what is known by then.
    std::function<void(NightStep step, const NightReport& so_far)> on_step;
};

struct NightSeconds {
    double read = 0, match = 0, choose = 0, write = 0;
};

struct NightReport {
    StoredRun run;
    bool done_before = false;      // by this run; nothing was computed
    std::optional<StoredRun> last; // the night before it in the ledger
    // Firms. Those that are open could still get something tonight; of these, those that are
    // settled have got all there is, and were skipped.
    std::int64_t firms_open = 0, firms_settled = 0;
    std::int64_t firms_deep = 0; // that had to be ranked to the end
    std::int64_t firms_pushed = 0;
    std::int64_t firms_full = 0, firms_opted_out = 0; // whose limits left no room; of everything
    std::int64_t firms_learnt = 0;                    // whose tags were weighed anew
    HeldBack held_back;                               // pairs that were looked at, of all firms
    std::int64_t cut_by_quota = 0;                    // pushes that no place was left for
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
