// Firms of a standing answer that were read together, and what each is told.
//
// A list is what the matcher said of a firm when its layer was made: the best pairs down to a cut.
// Policies that have gone since are passed over when a list is read; pairs that have come stand in
// a chain beside it. So a pair comes or goes by one counter of the list, without touching it. Who
// holds a policy that goes stands in PolicyHolders. Cuts stand once more as bytes (ScoreFloors), as
// most of what is asked of a list for a policy that comes ends there.
#pragma once

#include "match/policy_holders.hpp"
#include "match/score_floors.hpp"
#include "match/standing_policies.hpp"
#include "model/firm_calendar.hpp"
#include "qice/match/policy_query.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace qice {

inline constexpr std::size_t kStandingStatuses = 2; // eligible, review: the values of Verdict

/// The pairs of one firm in one status. All that match and rank at or before the cut are kept.
struct StandingList {
    static constexpr std::uint32_t kNone = UINT32_MAX;
    static constexpr Score kNoCut = ScoreFloors::kNone;

    Score cut = kNoCut;                // of the last pair kept; kNoCut: nothing is cut off
    std::uint32_t cut_slot = kNone;    // of that pair
    std::uint32_t first_extra = kNone; // pairs that have come since
    std::uint32_t own = kNone;         // asked afresh: stands in place of what the matcher said
    std::uint32_t kept = 0;            // how many of the pairs are of policies that take part

    bool keeps(const Push& push, const StandingPolicies& policies) const {
        if (push.score != cut) return push.score > cut;
        return policies.rank(push.other) <= policies.rank(cut_slot);
    }
};

struct StandingLayer {
    /// Its codes are not cut finer (FineCodes): what a day changes in them would have to be found.
    /// `like`: the firms of the first layer, for those that follow; null for itself.
    StandingLayer(const Matcher& matcher, FirmTable of, unsigned threads, const IndexedFirms* like)
        : table(std::move(of)), firms(matcher.index(table, {.threads = threads, .like = like})),
          query(matcher.program(), firms.index, table, {.crowd = UINT32_MAX, .ranked = false}),
          gone(table.size()) {}
    StandingLayer(const StandingLayer&) = delete;

    std::uint32_t position(std::uint32_t row) const { return (*firms.index.positions())[row]; }
    /// Sets up lists and holders from `result`, whose tops are `keep` long.
    void make_lists(std::uint32_t keep, const StandingPolicies& policies, unsigned threads);
    void take_out(std::uint32_t position) {
        gone[position] = 1;
        for (ScoreFloors& of_status : floors)
            of_status.close(position);
    }

    /// Made when it is first asked for: when the day changes.
    const FirmCalendar& calendar() {
        if (!calendar_) calendar_.emplace(table);
        return *calendar_;
    }

    FirmTable table;
    IndexedFirms firms;
    PolicyQuery query;
    MatchResult result;
    std::vector<StandingList> lists[kStandingStatuses]; // by position in the index
    PolicyHolders holders[kStandingStatuses];           // of the first policies, by `result`
    ScoreFloors floors[kStandingStatuses]; // the cuts of lists; closed for firms that are gone
    std::vector<std::uint8_t> gone;        // by position: removed, or stands in a later layer

  private:
    std::optional<FirmCalendar> calendar_;
};

} // namespace qice
