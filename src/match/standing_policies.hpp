// The policies of a standing answer: which take part on the day, and which come and go in an
// update.
//
// A policy that takes part has a slot, a number that stays its own; one that changes gets a new
// slot. The first slots are the numbers of the set that the first night was compiled from. An
// update leaves the slots that went (killed) and came (born): these are all that lists have to be
// told of.
#pragma once

#include "base/string_map.hpp"
#include "qice/match/standing_match.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace qice {

/// Options that leave nobody out: who takes part is decided here, not by compiling.
inline CompileOptions whoever_takes_part(CompileOptions options) {
    options.include_closed = true;
    return options;
}

class StandingPolicies {
  public:
    /// `taking_part` are the numbers of those that were compiled.
    StandingPolicies(const std::vector<Policy>& first, const CompileOptions& options);

    /// Those of the first set that the program holds take part.
    void enter(const Program& program);
    Status check(const StandingChanges& changes) const;
    /// Makes the changes, and the day `day`.
    void change(StandingChanges& changes, Date day);

    const std::vector<std::uint32_t>& killed() const { return killed_; }
    const std::vector<std::uint32_t>& born() const { return born_; }
    std::uint32_t first_count() const { return static_cast<std::uint32_t>(first_.size()); }
    /// Of all slots there ever were.
    bool alive(std::uint32_t slot) const { return alive_[slot] != 0; }
    const Policy& policy(std::uint32_t slot) const { return *slots_[slot]; }
    /// The slots beyond the first set that take part.
    std::vector<std::uint32_t> later() const;
    /// Copies of their policies, to be compiled with whoever_takes_part().
    std::vector<Policy> later_policies() const;

    /// The order of a firm's pushes.
    bool before(const Push& a, const Push& b) const {
        return a.score != b.score ? a.score > b.score : rank_[a.other] < rank_[b.other];
    }
    /// Of a slot among the ids; of one id the same.
    std::uint32_t rank(std::uint32_t slot) const { return rank_[slot]; }

  private:
    static constexpr std::uint32_t kNone = UINT32_MAX;

    struct Entry {
        const Policy* policy = nullptr;
        std::uint32_t slot = kNone; // while it takes part
        Period unchanged;           // nothing about the policy hangs on which of these days it is
    };

    bool takes_part(const Policy& policy) const;
    bool supersedes_now(const Policy& policy) const;
    void count_superseded(const Policy& policy, bool comes, std::vector<std::string>* touched);
    void pass_to(Date day, std::vector<std::string>& touched);
    void settle(const std::string& id);
    void place(Entry& entry, const Policy& policy) const;
    void kill(Entry& entry);
    std::uint32_t bear(const Policy* policy);
    void renumber();

    const std::vector<Policy>& first_;
    CompileOptions options_;
    std::deque<Policy> later_;
    StringMap<Entry> entries_;
    StringMap<std::uint32_t> superseders_; // of an id: how often it is named by policies in time
    std::vector<const Policy*> slots_;     // the first ones are the numbers of the first set
    std::vector<std::uint8_t> alive_;      // of each slot
    std::vector<std::uint32_t> by_id_;     // slots; of one id, as they came
    std::vector<std::uint8_t> id_begins_;  // is it the first slot of its id?
    std::vector<std::uint32_t> rank_;
    std::vector<std::uint32_t> killed_, born_; // in the update at hand
};

} // namespace qice
