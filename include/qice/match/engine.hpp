// Engine: policies that come, change and go while firms are asked about.
//
//   Engine engine(schema, {.as_of = day});
//   engine.replace_all(std::move(set.policies));
//   engine.upsert(policy); engine.remove("DG-1");          // any thread, one at a time
//
//   Snapshot::Scratch scratch;                             // one a thread
//   const auto snapshot = engine.snapshot();               // stays as it is, whatever comes
//   const SnapshotAnswer& answer = snapshot->ask(firm, {.top = 20}, scratch);
//
// An answer is what a FirmQuery over the policies of that moment says. Most policies stand in a
// base that is compiled once; what changed since stands in a small overlay, compiled afresh at
// every change, and hides what the base has under its id. An update so costs milliseconds whatever
// the number of policies, and a question two look-ups in place of one. When the overlay has grown,
// a thread of the engine's own compiles a new base beside the readers and the updates: an update
// never waits for that. Who supersedes whom is kept count of over all policies, so that a policy
// closes and reopens as its successors come and go.
//
// Readers take a pointer under a lock held for nanoseconds and share nothing else with updates.
#pragma once

#include "qice/base/status.hpp"
#include "qice/match/firm_query.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace qice {

using PolicyPtr = std::shared_ptr<const Policy>;

struct RankedPolicy {
    const Policy* policy; // lives as long as the snapshot
    Score score;
};

/// Stands in a scratch, until that is used again.
class SnapshotAnswer {
  public:
    /// Best first.
    std::span<const RankedPolicy> policies(Verdict status) const {
        const auto s = static_cast<std::size_t>(status);
        return std::span(ranked_).subspan(begin_[s], begin_[s + 1] - begin_[s]);
    }
    std::uint32_t one_fact_away() const { return one_fact_away_; }
    std::uint32_t count(Verdict status) const { return counts_[static_cast<std::size_t>(status)]; }

  private:
    friend class Snapshot;
    std::vector<RankedPolicy> ranked_;
    std::array<std::uint32_t, kStatuses + 1> begin_{};
    std::array<std::uint32_t, kStatuses> counts_{};
    std::uint32_t one_fact_away_ = 0;
};

/// The policies of one moment. Any number of threads may ask, each with a scratch of its own.
class Snapshot {
  public:
    class Scratch;

    const SnapshotAnswer& ask(const FirmRecord& firm, const QueryOptions& options,
                              Scratch& scratch) const;
    /// How many policies there are, open or not.
    std::size_t size() const { return size_; }

  private:
    friend class Engine;
    struct Segment;
    struct Part {
        std::shared_ptr<const Segment> segment; // may be none
        FirmQuery::Open open;
    };
    Snapshot(Part base, Part overlay, std::size_t size);

    std::array<Part, 2> parts_; // base, overlay
    std::size_t size_;
};

/// Working memory of one thread, for any snapshots of any engine. Made ready again when the base or
/// the overlay is another than last time; keeps the last ones alive.
class Snapshot::Scratch {
  public:
    Scratch();
    Scratch(Scratch&&) noexcept;
    Scratch& operator=(Scratch&&) noexcept;
    ~Scratch();

  private:
    friend class Snapshot;
    struct Part {
        std::shared_ptr<const Segment> segment;
        std::unique_ptr<FirmQuery::Scratch> scratch;
    };
    std::array<Part, 2> parts_;
    SnapshotAnswer answer_;
};

class Engine {
  public:
    /// A larger overlay is merged into a new base. Compiling one this large takes milliseconds.
    static constexpr std::size_t kMostOverlay = 128;

    /// Without policies at first. The life cycle is judged for the day of the options.
    Engine(SchemaPtr schema, const CompileOptions& options,
           std::size_t most_overlay = kMostOverlay);
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;
    ~Engine();

    /// All at once; costs a whole compile. An id that stands twice is an error.
    Status replace_all(std::vector<Policy> policies);
    /// The same with policies that others hold, too.
    Status replace_all(const std::vector<PolicyPtr>& policies);
    /// Judges everything for another day; costs a whole compile.
    Status set_day(Date as_of);
    /// Adds a policy, or puts it in the place of the one with its id. On an error (its scores lie
    /// too far from the others' to be ranked) nothing has changed.
    Status upsert(Policy policy);
    /// The same for several at one moment and at the cost of one; of two with one id the later
    /// holds.
    Status upsert(std::span<const PolicyPtr> policies);
    /// False if there is no such policy.
    bool remove(std::string_view id);

    std::shared_ptr<const Snapshot> snapshot() const;
    /// Waits until no new base is being compiled. For tests and measurements.
    void settle();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace qice
