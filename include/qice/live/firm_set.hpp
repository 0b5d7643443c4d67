// FirmSet: firms ready to be matched with the policies of a moment, and the answers.
//
//   QICE_ASSIGN_OR_RETURN(FirmsRead read, read_firms(path, schema, {.as_of = day}));
//   const FirmSetPtr firms = FirmSet::make(std::move(read));
//
//   MatchControl control;                      // another thread may watch it, or cancel
//   QICE_ASSIGN_OR_RETURN(const BatchAnswerPtr answer,                   // all firms x all
//   policies
//                         match_firms(moment, firms, {.top = 20}, &control));
//   for (const Push& push : answer->result().pushes(row, Verdict::eligible))
//       ... firms->table().id(row) ... answer->moment()[push.other].id ...
//
//   PolicyQuery::Scratch scratch;              // one a thread
//   PolicyFirms who;                           // one policy -> firms
//   find_firms(moment, *firms, *moment->find("DG-1"), {.top = 100}, scratch, who);
//   find_firms(moment, *firms, draft, {.top = 100}, scratch, who);
//
// Pairs, scores and order are those of Matcher and PolicyQuery. The first question indexes the
// firms for the policies of its moment, some hundred nanoseconds a firm; the index is kept until a
// match asks with another moment. But for that a FirmSet is immutable, and any number of threads
// may use it. An answer of match_firms keeps alive all that it refers to.
#pragma once

#include "qice/io/reader.hpp"
#include "qice/live/policy_book.hpp"
#include "qice/match/policy_query.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qice {

class FirmSet;
using FirmSetPtr = std::shared_ptr<const FirmSet>;

/// What a call is doing. For one call; any thread may read it or cancel.
struct MatchControl {
    std::atomic<bool> cancel{false};
    std::atomic<std::size_t> done{0}, total{0}; // blocks of firms; no total before they are indexed
};

class FirmSet {
  public:
    static FirmSetPtr make(FirmsRead read);
    ~FirmSet();

    const FirmTable& table() const { return read_.firms; }
    std::size_t size() const { return read_.firms.size(); }
    const std::vector<Quarantined>& quarantine() const { return read_.quarantine; }
    std::uint64_t rows_set_aside() const { return read_.rows_set_aside; }
    const std::vector<std::string>& ignored_columns() const { return read_.ignored_columns; }
    /// The row of the firm with this id. The first time costs a pass over the ids.
    std::optional<std::uint32_t> find(std::string_view id) const;
    /// The same; without one, a sentence that says why.
    Result<std::uint32_t> require(std::string_view id) const;
    /// Fails where a moment is of another schema or day than the firms.
    Status check(const PolicyMoment& moment) const;

    struct Index; // of no use outside qice
    struct Ids;

  private:
    friend class FirmIndexing;
    explicit FirmSet(FirmsRead read);

    FirmsRead read_;
    mutable std::mutex mutex_;
    mutable std::unique_ptr<const Ids> ids_;
    mutable std::shared_ptr<const Index> index_; // the last one made
};

/// Pushes as columns, with room for each that is there.
struct PushColumns {
    std::uint64_t* firms = nullptr; // rows
    std::int32_t* statuses = nullptr;
    std::uint32_t* ranks = nullptr; // from 1
    std::uint32_t* policies = nullptr;
    Score* scores = nullptr;
};

/// The answer of one call: what MatchResult says, with all that it refers to.
class BatchAnswer {
  public:
    BatchAnswer(FirmSetPtr firms, std::shared_ptr<const FirmSet::Index> index,
                const MatchOptions& options, MatchResult result);

    const PolicyMoment& moment() const { return *moment_; }
    const FirmSetPtr& firms() const { return firms_; }
    const MatchOptions& options() const { return options_; }
    const MatchResult& result() const { return result_; }
    /// How many policies took part.
    std::size_t policies_matched() const { return policies_matched_; }

    // The pushes one after another: firms (by policy: policies) in their order, then statuses, then
    // ranks, as files have them.

    std::uint64_t pushes() const;
    /// Writes the pushes `first` ... and says how many: fewer than `most` only at the end.
    std::size_t read(std::uint64_t first, std::size_t most, const PushColumns& out) const;

  private:
    FirmSetPtr firms_;
    std::shared_ptr<const FirmSet::Index> index_;
    MomentPtr moment_;
    MatchOptions options_;
    MatchResult result_;
    std::size_t policies_matched_;
    mutable std::mutex mutex_;
    mutable std::vector<std::uint64_t> begins_; // of each firm or policy; made when first needed
    const std::vector<std::uint64_t>& begins() const;
};
using BatchAnswerPtr = std::shared_ptr<const BatchAnswer>;

/// All firms with all policies. StatusCode::cancelled where the control said so before the end.
Result<BatchAnswerPtr> match_firms(const MomentPtr& moment, const FirmSetPtr& firms,
                                   MatchOptions options, MatchControl* control = nullptr);

/// The firms of one policy.
struct PolicyFirms {
    /// A policy of the moment that is not open has no firms, unless the moment takes in closed
    /// ones; a draft is asked about whatever its state.
    LifeCycle life_cycle = LifeCycle::open;
    PolicyAnswer answer; // Push::other is a row of the firms
};

Status find_firms(const MomentPtr& moment, const FirmSet& firms, std::uint32_t policy,
                  const PolicyQueryOptions& options, PolicyQuery::Scratch& scratch,
                  PolicyFirms& out);
/// The same for a policy that is not among those of the moment.
Status find_firms(const MomentPtr& moment, const FirmSet& firms, const Policy& draft,
                  const PolicyQueryOptions& options, PolicyQuery::Scratch& scratch,
                  PolicyFirms& out);

} // namespace qice
