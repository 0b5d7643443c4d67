// Rows out: pushes, counts and the quarantine, as CSV or JSON Lines.
//
// A file is written beside its name and renamed into place when it is whole, so that a reader never
// sees half of one and a failed run leaves the last good one alone.
#pragma once

#include "qice/base/status.hpp"
#include "qice/io/reader.hpp"
#include "qice/match/matcher.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace qice {

/// A file that appears under its name only on commit(). `-` is standard output. A symbolic link
/// stays one: the file it leads to is replaced.
class AtomicFile {
  public:
    explicit AtomicFile(std::string path);
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;
    /// Takes away what was written if commit() did not happen.
    ~AtomicFile();

    Status open();
    Status write(std::string_view bytes);
    Status commit();

  private:
    Status failure(int error, const char* what) const;

    std::string path_, target_, temporary_; // target_: where the links of path_ lead to
    int file_ = -1;
};

/// Removes the temporary files of all open AtomicFiles; async-signal-safe.
void remove_unfinished_files();

struct WriteOptions {
    bool json_lines = false;
    bool neutralise = true; // cells that a spreadsheet would run as a formula
    StatusSet statuses = kEligibleAndReview;
    bool by_policy = false;
    bool life_cycle = false; // a sixth column
};

/// Columns firm_id,status,rank,policy_id,score[,life_cycle]. By firm: firms in the table's order,
/// then statuses in their order, then rank. By policy: policies in the set's order, likewise.
///
///   PushWriter writer(file, policies, states, options);
///   writer.write_header();
///   writer.write(result, firms); // for each portion of the firms
///
/// The policies' states must outlive it. Costs about 20 ns a row; memory does not grow with rows.
class PushWriter {
  public:
    PushWriter(AtomicFile& file, std::span<const Policy> policies,
               std::span<const LifeCycle> states, const WriteOptions& options);
    ~PushWriter();

    Status write_header();
    /// The bytes do not depend on `threads`.
    Status write(const MatchResult& result, const FirmTable& firms, unsigned threads = 1);

  private:
    class Rows;

    AtomicFile& file_;
    std::unique_ptr<const Rows> rows_;
};

/// The header and all pushes of one result.
Status write_pushes(AtomicFile& file, const MatchResult& result, const FirmTable& firms,
                    std::span<const Policy> policies, std::span<const LifeCycle> states,
                    const WriteOptions& options, unsigned threads = 1);

/// Pairs of a policy by status.
using PolicyCounts = std::array<std::uint64_t, kStatuses>;

/// policy_id,eligible,review,needs_data,near: a row a policy, in the set's order.
Status write_counts(AtomicFile& file, std::span<const PolicyCounts> counts,
                    std::span<const Policy> policies, bool neutralise = true);
Status write_counts(AtomicFile& file, const MatchResult& result, std::span<const Policy> policies,
                    bool neutralise = true);

/// line,firm_id,field,value,reason
Status write_quarantine(AtomicFile& file, std::span<const Quarantined> entries,
                        bool neutralise = true);
/// The same in portions: the header once, then entries.
Status write_quarantine_header(AtomicFile& file);
Status append_quarantine(AtomicFile& file, std::span<const Quarantined> entries,
                         bool neutralise = true);

/// A score with six decimals: 0.600000.
std::string format_score(Score score);

} // namespace qice
