// FirmQuery: one firm against all policies, ranked, in microseconds.
//
//   const FirmQuery query(schema, policies, {.as_of = day});
//   FirmQuery::Scratch scratch(query);             // one a thread
//   const FirmAnswer& answer = query.ask(firm, {.top = 20}, scratch);
//   for (const Push& push : answer.pushes(Verdict::eligible)) ... query.id(push.other) ...
//
// The same answer as Matcher::match gives, pair by pair. Rows of policy bits by (field, code) are
// ANDed over the firm's codes; what does not fit rows is run for the policies that are left. The
// policies lie in blocks of 512, those of one place side by side, and whole blocks drop out first.
//
// Immutable once built; any number of threads may ask, each with a scratch of its own. Building
// costs a compile and a few bits a policy for each code of each field; the policies themselves are
// not kept.
#pragma once

#include "qice/match/matcher.hpp"
#include "qice/model/firm_record.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace qice {

struct QueryOptions {
    std::uint32_t top = 20; // of each status; kNoLimit keeps all
    StatusSet statuses = kEligibleAndReview;
    /// The day on which the firm is judged: how old it is, what of it has run out. Usually that of
    /// the query, from which policies keep their urgency.
    std::optional<Date> as_of = {};
};

/// What one firm can get. Stands in a scratch, until that is used again.
class FirmAnswer {
  public:
    /// Best first; `other` is the policy, by its number in the set.
    std::span<const Push> pushes(Verdict status) const {
        const auto s = static_cast<std::size_t>(status);
        return std::span(pushes_).subspan(begin_[s], begin_[s + 1] - begin_[s]);
    }
    /// Of the pushes in needs_data, how many are one fact away; they come first.
    std::uint32_t one_fact_away() const { return one_fact_away_; }
    /// How many policies have a status that was asked for, pushed or not.
    std::uint32_t count(Verdict status) const { return counts_[static_cast<std::size_t>(status)]; }

  private:
    friend class FirmQuery;
    std::vector<Push> pushes_;
    std::array<std::uint32_t, kStatuses + 1> begin_{};
    std::array<std::uint32_t, kStatuses> counts_{};
    std::uint32_t one_fact_away_ = 0;
};

class FirmQuery {
  public:
    class Scratch;

    /// Compiles the policies. Throws std::length_error where their scores lie too far apart to be
    /// ranked, see RankKeys.
    FirmQuery(SchemaPtr schema, std::span<const Policy> policies, const CompileOptions& options);
    /// Takes a program that was compiled from these policies for this day.
    FirmQuery(SchemaPtr schema, std::span<const Policy> policies, Program program, Date as_of);
    FirmQuery(FirmQuery&&) noexcept;
    FirmQuery& operator=(FirmQuery&&) noexcept;
    ~FirmQuery();

    const FirmAnswer& ask(const FirmRecord& firm, const QueryOptions& options,
                          Scratch& scratch) const;

    /// Which policies take part, for sets of which some come and go.
    class Open {
      private:
        friend class FirmQuery;
        AlignedVector<std::uint64_t> bits_; // by position in the index
    };
    /// All that were compiled.
    Open all_open() const;
    /// Lets a policy (by its number in the set) take part or not; one that was not compiled never
    /// does.
    void set_open(Open& open, std::uint32_t policy, bool takes_part) const;
    const FirmAnswer& ask(const FirmRecord& firm, const QueryOptions& options, const Open& open,
                          Scratch& scratch) const;

    const Program& program() const;
    /// The id of a policy by its number in the set.
    std::string_view id(std::uint32_t policy) const;
    /// Bytes of memory of the index and its program.
    std::size_t bytes() const;

  private:
    struct Index;
    class Run;

    std::unique_ptr<const Index> index_;
};

/// Working memory of one thread, for one query object.
class FirmQuery::Scratch {
  public:
    explicit Scratch(const FirmQuery& query);
    Scratch(Scratch&&) noexcept;
    Scratch& operator=(Scratch&&) noexcept;
    ~Scratch();

  private:
    friend class FirmQuery;
    struct Memory;
    std::unique_ptr<Memory> memory_;
};

} // namespace qice
