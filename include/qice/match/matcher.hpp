// The matcher: a compiled policy set against firms, exact and ranked.
//
//   Matcher matcher(*schema, policies, {.as_of = day});
//   MatchResult result = matcher.match(firms, {.top = 20, .threads = 2});
//   for (const Push& push : result.pushes(row, Verdict::eligible)) ...
//
// Immutable once built; any number of threads may match with it. The policies must outlive it. The
// answer does not depend on threads, CPU or the order of firms.
#pragma once

#include "qice/index/firm_index.hpp"
#include "qice/index/program.hpp"
#include "qice/index/tags.hpp"
#include "qice/rule/evaluate.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

namespace qice {

/// A set of statuses; bit = Verdict.
using StatusSet = std::uint8_t;
constexpr StatusSet status_bit(Verdict verdict) {
    return static_cast<StatusSet>(1u << static_cast<unsigned>(verdict));
}
inline constexpr StatusSet kEligibleAndReview =
    status_bit(Verdict::eligible) | status_bit(Verdict::review);
inline constexpr StatusSet kAllStatuses = 15;
inline constexpr std::uint32_t kNoLimit = std::numeric_limits<std::uint32_t>::max();

struct MatchOptions {
    std::uint32_t top = 20; // of each status, a firm (or a policy); kNoLimit keeps all
    StatusSet statuses = kEligibleAndReview;
    bool by_policy = false; // rank the firms of each policy instead
    bool count_all = false; // count all four statuses, whatever `statuses` asks for
    unsigned threads = 1;
    std::atomic<std::size_t>* done_blocks = nullptr; // for progress
};

/// One row of the answer. By firm: `other` is the policy, by its number in the set; by policy: the
/// firm, by its row in the table.
struct Push {
    std::uint32_t other;
    Score score;
};

class MatchResult {
  public:
    /// By firm: `of` is a row of the table. By policy: a policy's number. Best first.
    std::span<const Push> pushes(std::uint32_t of, Verdict status) const {
        const Slice& slice = slices_[static_cast<std::size_t>(status)].empty()
                                 ? kNothing
                                 : slices_[static_cast<std::size_t>(status)][of];
        return std::span(chunks_[slice.chunk]).subspan(slice.begin, slice.count);
    }
    /// Pairs of a policy (by its number in the set) in each status that was computed.
    const std::array<std::uint64_t, kStatuses>& counts(std::uint32_t policy) const {
        return counts_[policy];
    }

  private:
    friend class Matcher;
    struct Slice {
        std::uint32_t chunk, begin, count;
    };
    static constexpr Slice kNothing{0, 0, 0};
    std::vector<std::vector<Push>> chunks_{1};
    std::array<std::vector<Slice>, kStatuses> slices_;
    std::vector<std::array<std::uint64_t, kStatuses>> counts_;
};

/// Firms made ready for one matcher. Costs a pass over the table; see FirmIndex.
struct IndexedFirms {
    const FirmTable* table;
    FirmIndex index;
    PolicyIndex policies; // rows for the fields that order the firms
    TagMatrix tags;
};

class Matcher {
  public:
    Matcher(const Schema& schema, std::span<const Policy> policies, const CompileOptions& options);
    ~Matcher();

    const Program& program() const { return program_; }
    /// `firms` must have been derived for the as-of date, and must outlive the result.
    IndexedFirms index(const FirmTable& firms) const;
    MatchResult match(const IndexedFirms& firms, const MatchOptions& options) const;
    MatchResult match(const FirmTable& firms, const MatchOptions& options) const {
        return match(index(firms), options);
    }

  private:
    class Run;

    std::span<const Policy> policies_;
    Program program_;
    PolicyIndex policy_index_;
    std::vector<std::uint32_t> id_rank_; // of each compiled policy: its place by id
};

} // namespace qice
