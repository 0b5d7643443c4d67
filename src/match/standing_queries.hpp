// One firm of a standing answer asked afresh: all policies that take part, in any status.
//
// Two queries, made when they are first needed: one over the first set, in which policies that have
// gone are closed; one over those that came later, made anew after each update.
#pragma once

#include "match/standing_policies.hpp"
#include "qice/match/firm_query.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace qice {

class StandingQueries {
  public:
    StandingQueries(SchemaPtr schema, const std::vector<Policy>& first, const Program& program,
                    const StandingPolicies& policies);

    /// Policies have changed.
    void forget() { ready_ = false; }
    /// The first `top` of a status, best first.
    void ask(const FirmView& firm, Verdict status, std::uint32_t top, const CompileOptions& options,
             std::vector<Push>& out);

  private:
    void prepare(const CompileOptions& options);

    SchemaPtr schema_;
    const std::vector<Policy>& first_policies_;
    const Program& program_;
    const StandingPolicies& policies_;
    FirmRecord record_;
    std::optional<FirmQuery> first_, later_;
    std::optional<FirmQuery::Scratch> first_scratch_, later_scratch_;
    FirmQuery::Open first_open_;
    std::vector<std::uint32_t> later_slots_;
    bool ready_ = false; // of the later ones, and of who is open among the first
};

} // namespace qice
