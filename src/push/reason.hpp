// The sentence that goes with a push, and what the firm would get: cheap enough for millions.
//
// A sentence says what decided, what a person has to confirm, which facts are missing or which one
// change is needed. It depends on the policy and the truths of its conditions only, not on the
// firm's figures, so it is made once for each pattern of truths that occurs. Costs the evaluator's
// walk of the rule and a look-up, about a microsecond.
#pragma once

#include "qice/match/explain.hpp"
#include "qice/rule/policy.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qice {

/// For one thread. The policies must outlive it.
class ReasonBook {
  public:
    ReasonBook(std::span<const Policy> policies, Language language);
    ReasonBook(ReasonBook&&) noexcept;
    ReasonBook& operator=(ReasonBook&&) noexcept;
    ~ReasonBook();

    /// The number of the sentence, from 0. `status` must be what the rule says of the firm.
    std::uint32_t number(std::uint32_t policy, Verdict status, const FirmView& firm);
    const std::string& text(std::uint32_t number) const;
    std::uint32_t size() const;

  private:
    struct Memory;
    std::unique_ptr<Memory> memory_;
};

/// What the firm would get in 分, or -1: nothing stated, or not known.
std::int64_t benefit_fen(const Policy& policy, const FirmView& firm);

} // namespace qice
