// StandingMatch: the answer of a full match, kept up to date from night to night.
//
//   StandingMatch standing(schema, std::move(policies), std::move(firms), {.compile = {day}});
//   Status status = standing.update({.policies = changed, .firms = std::move(changed_rows)});
//   std::vector<Push> pushes;
//   standing.pushes("91440300MA5EXAMPLE", Verdict::eligible, pushes);
//   for (const Push& push : pushes) ... standing.policy(push.other).id ...
//
// After any updates the answer is the one that a new Matcher over all policies and firms gives:
// the same pairs with the same scores in the same order. An update costs by what changed, not by
// what there is:
//   - changed firms are indexed and matched as one small table with the program of the first night;
//   - who holds the old version of a changed policy is known; who gets the new one is asked
//     (PolicyQuery);
//   - another day moves the tables: policies that open, close or gain urgency count as changed, and
//     so do firms that come of age or whose qualifications run out where some policy can tell;
//   - more pairs are kept of each firm than are told, so that a firm can lose a few before it has
//     to be asked afresh.
// Eligible and review stand ready; needs_data and near are asked afresh, firm by firm (FirmQuery).
//
// Memory: the index and the pushes of the match, 4 bytes more a push for who holds a policy, and
// lists; 400 MB for 550,000 firms, 10,000 policies and a top of 20.
// What changed before stays as a layer of its own, so updates slowly grow dearer; who has had many
// makes a new StandingMatch, which costs a full night. One thread updates; between updates any
// number of threads may read.
#pragma once

#include "qice/match/matcher.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qice {

struct StandingOptions {
    CompileOptions compile;    // the day: of the first night
    std::uint32_t top = 20;    // told of each status, a firm; kNoLimit tells all
    std::uint32_t reserve = 8; // kept beyond that
    unsigned threads = 1;      // an update uses two at most
};

/// What is different from the moment before.
struct StandingChanges {
    std::vector<Policy> policies =
        {}; // new ones, and what stands in the place of those with their ids
    std::vector<std::string> removed_policies = {};
    std::optional<FirmTable> firms =
        {}; // likewise; whole rows, derived for the day, of the same schema
    std::vector<std::string> removed_firms = {};
    std::optional<Date> day = {}; // from now on; any, also an earlier one
};

/// Where the time of an update went, in seconds, and what it met.
struct StandingCost {
    double day = 0;      // another day: moving the tables, finding firms that it changes
    double policies = 0; // finding out which policies take part, taking firms out
    double index = 0;    // changed firms: codes, and what policies are asked over
    double match = 0;    // changed firms: all unchanged policies
    double wait = 0;     // for both, where they are done beside the questions
    double ask = 0;      // changed policies over all firms, later ones over changed firms
    double refill = 0;   // firms that had to be asked afresh
    std::size_t pairs_gone = 0, pairs_come = 0, lists_refilled = 0;
    std::size_t firms_moved = 0; // matched anew because of the day alone
};

class StandingMatch {
  public:
    /// A full night. Ids of policies and of firms must each be unique, and the firms derived for
    /// the day. Throws std::length_error as Matcher does.
    StandingMatch(SchemaPtr schema, std::vector<Policy> policies, FirmTable firms,
                  const StandingOptions& options);
    StandingMatch(StandingMatch&&) noexcept;
    StandingMatch& operator=(StandingMatch&&) noexcept;
    ~StandingMatch();

    /// Refuses, with nothing changed, an id that stands twice, one to remove that is not there, and
    /// firms of another schema or day.
    Status update(StandingChanges changes);

    /// What a firm is told in a status, best first; `other` is for policy(). False if there is no
    /// such firm. In needs_data and near it is asked afresh, one caller after another: tens of
    /// microseconds, and the first time after an update as long as compiling the policies that have
    /// come since the first night; the first time of all, all policies are indexed.
    bool pushes(std::string_view firm, Verdict status, std::vector<Push>& out) const;
    /// Lives as long as this object.
    const Policy& policy(std::uint32_t number) const;
    std::size_t firms() const;
    /// The day.
    Date as_of() const;
    /// Of the last update.
    const StandingCost& cost() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace qice
