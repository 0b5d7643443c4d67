// A world made ready for both sides: the engine's schema, policies and tables, and the reference's
// opinion of every pair.
#pragma once

#include "reference.hpp"
#include "unit/forced_kernels.hpp"
#include "world.hpp"

#include "qice/match/matcher.hpp"
#include "qice/rule/parse.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace qice::agree {

/// One side's answer in a form that both sides can be brought to.
struct Row {
    std::uint32_t other;
    std::int64_t score;
    bool operator==(const Row&) const = default;
};

class Fixture {
  public:
    /// Loads schema and policies; throws std::runtime_error where one is refused.
    explicit Fixture(World world);

    const World& world() const { return world_; }
    const Schema& schema() const { return *schema_; }
    const std::vector<Policy>& policies() const { return policies_; }
    CompileOptions compile_options() const;
    std::size_t pairs() const { return world_.firms.size() * policies_.size(); }

    /// The firms at these places, in this order.
    FirmTable table(const std::vector<std::uint32_t>& firms) const;
    std::vector<std::uint32_t> all_firms() const;

    /// What the reference says.
    const PairAnswer& answer(std::uint32_t firm, std::uint32_t policy) const {
        return answers_[firm][policy];
    }
    bool matched(std::uint32_t policy) const { return reference_->matched(policy); }
    std::vector<Row> policies_of(std::uint32_t firm, std::size_t status) const;
    std::vector<Row> firms_of(std::uint32_t policy, std::size_t status) const;

    /// Everything there is to know about one pair, for a failure.
    std::string describe(std::uint32_t firm, std::uint32_t policy) const;
    std::string describe() const;

  private:
    World world_;
    SchemaPtr schema_;
    std::vector<Policy> policies_;
    std::unique_ptr<ReferenceReader> reader_;
    std::unique_ptr<Reference> reference_;
    std::vector<ReferenceFirm> firms_;
    std::vector<std::vector<PairAnswer>> answers_; // [firm][policy]
};

/// The pairs to compare: $QICE_AGREE_PAIRS, else `usual`.
std::size_t wanted_pairs(std::size_t usual);

} // namespace qice::agree
