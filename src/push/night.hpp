// What a night pushes: the five steps, as plain rules over plain data. No store, no files.
//
//   1. a firm's pairs in the chosen statuses, in order; those it opted out of drop out
//   2. of an exclusive group a firm keeps its first pair only
//   3. a pair already pushed for this policy version drops out, unless its status is better now
//      than every status it was pushed with
//   4. of what is left a firm keeps the first so many, counting what tonight and the last days had
//   5. a policy with a quota keeps the first so many firms
//
// Steps 1 to 4 look at one firm: FirmNight. Step 5 looks at one policy: apply_quotas().
#pragma once

#include "qice/match/matcher.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qice {

/// No more than so many pushes a firm in so many days: the night's day and those before it.
struct DayLimit {
    std::uint32_t pushes = 0;
    std::int32_t days = 0;
};

struct NightLimits {
    Date as_of;
    StatusSet statuses = kEligibleAndReview;
    std::uint32_t per_firm = 5; // kNoLimit: all
    std::optional<DayLimit> in_days;
};

/// What a night knows of a policy.
struct NightPolicy {
    std::uint32_t edition = 0; // the same number: the same id and version
    std::uint32_t group = 0;   // of an exclusive group; 0: of none
    std::optional<std::int64_t> quota;
    std::vector<std::string> tags; // sorted
};

/// A push of another run.
struct EarlierPush {
    std::uint32_t edition = 0;
    std::int32_t day = 0;
    Verdict status = Verdict::eligible;
};

/// What one firm opted out of.
struct FirmOptOut {
    bool everything = false;
    std::vector<std::string> tags; // sorted
};

/// A pair that goes out tonight.
struct NightPush {
    std::uint32_t firm = 0;   // the caller's number
    std::uint32_t policy = 0; // by place in the set
    Verdict status = Verdict::eligible;
    bool later = false; // of needs_data: more than one fact away
    std::uint32_t rank = 0;
    Score score = 0;
    std::uint32_t reason = 0;  // for whoever describes it
    std::int64_t benefit = -1; // 分; -1: none, or not known
};

/// A firm's ranking: its pairs by status, best first, at most `top` of each.
struct FirmRanking {
    std::array<Pushes, kStatuses> pushes;
    std::uint32_t top = kNoLimit;
};

/// Pairs that were looked at and not pushed, and why.
struct HeldBack {
    std::int64_t opted_out = 0, group = 0, pushed_before = 0;

    HeldBack& operator+=(const HeldBack& other) {
        opted_out += other.opted_out;
        group += other.group;
        pushed_before += other.pushed_before;
        return *this;
    }
};

/// One firm's night. Reused from firm to firm; for one thread.
class FirmNight {
  public:
    FirmNight(std::span<const NightPolicy> policies, const NightLimits& limits);

    /// How many pushes the firm may still get tonight. Where this is 0 nobody needs to rank.
    std::uint32_t room(std::span<const EarlierPush> earlier) const;

    enum class Walk : std::uint8_t {
        done,
        cut_short, // the ranking ended before the room did: ask again, deeper
    };
    /// Appends what the firm gets, in order. `out` is as before where the walk was cut short.
    Walk walk(std::uint32_t firm, const FirmRanking& ranking, std::span<const EarlierPush> earlier,
              const FirmOptOut* opt_out, std::vector<NightPush>& out);
    /// Of the last walk that was done: were all pairs looked at, and room left?
    bool has_all() const { return has_all_; }
    /// Of all walks that were done.
    const HeldBack& held_back() const { return held_back_; }

  private:
    bool is_refused(const NightPolicy& policy, const FirmOptOut* opt_out) const;
    bool is_known(std::uint32_t edition, Verdict status,
                  std::span<const EarlierPush> earlier) const;
    bool take_group(std::uint32_t group);

    std::span<const NightPolicy> policies_;
    NightLimits limits_;
    std::vector<std::uint32_t> groups_; // taken, of the current firm
    bool has_all_ = false;
    HeldBack held_back_;
};

/// Step 5. Of the pushes of each policy that has a quota, those that fit stay; order stays. A firm
/// that had the policy version already has its place and takes no new one.
struct QuotaInput {
    std::span<const NightPolicy> policies;
    /// By edition: how many firms have had it.
    std::span<const std::int64_t> firms_pushed;
    std::function<std::string_view(std::uint32_t firm)> id;
    std::function<bool(std::uint32_t firm, std::uint32_t edition)> had;
};
/// `cut`: the firm of each push that was taken away, ascending.
void apply_quotas(const QuotaInput& input, std::vector<NightPush>& pushes,
                  std::vector<std::uint32_t>* cut = nullptr);

} // namespace qice
