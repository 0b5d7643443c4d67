// What a night reads before it matches: policies, firms, opt-outs, what was learnt, and what was
// pushed before.
//
//   QICE_ASSIGN_OR_RETURN(NightInput input, read_night_input(store, options));
//   QICE_RETURN_IF_ERROR(read_earlier(store, input));
//
// Firms are known by place: those that are there, in the order of their numbers. Their values are
// not read here. Memory: 100 bytes a firm, and 12 an earlier push.
#pragma once

#include "push/import.hpp"
#include "push/learn.hpp"
#include "push/night.hpp"
#include "push/run.hpp"

namespace qice {

struct NightFirms {
    std::vector<std::int64_t> numbers, versions;
    TextColumn ids;
    std::vector<std::size_t> first_earlier; // by place, and one more
    std::vector<EarlierPush> earlier;
    std::map<std::uint32_t, FirmOptOut> opt_outs; // by place

    std::span<const EarlierPush> earlier_of(std::uint32_t place) const {
        return std::span(earlier).subspan(first_earlier[place],
                                          first_earlier[place + 1] - first_earlier[place]);
    }
    const FirmOptOut* opt_out_of(std::uint32_t place) const {
        const auto found = opt_outs.find(place);
        return found == opt_outs.end() ? nullptr : &found->second;
    }
};

/// Numbers for what is the same to a night: (policy, version its author gave). They stay the same
/// from night to night.
class Editions {
  public:
    std::uint32_t add(std::int64_t policy, std::int64_t edition, std::int64_t version);
    std::uint32_t of(std::int64_t version) const {
        return of_version_[static_cast<std::size_t>(version)];
    }
    std::uint32_t size() const { return count_; }
    bool knows(std::int64_t version) const {
        return static_cast<std::size_t>(version) < of_version_.size();
    }

  private:
    std::map<std::pair<std::int64_t, std::int64_t>, std::uint32_t> numbers_;
    std::vector<std::uint32_t> of_version_;
    std::uint32_t count_ = 0;
};

struct NightInput {
    SchemaPtr schema;
    CurrentPolicies policies;
    std::vector<NightPolicy> night_policies;                 // by place in the set
    std::map<std::int64_t, std::string> layouts, policy_ids; // ids by version
    NightFirms firms;
    Tastes tastes; // of a night that learns
    Editions editions;
    std::vector<std::int64_t> firms_had; // by edition; read_earlier() fills it
    Digest schema_digest{};
    Digest digest{}; // of all of it: StoredRun::input

    const Taste* taste_of(std::uint32_t place) const {
        const auto found = tastes.find(firms.numbers[place]);
        return found == tastes.end() ? nullptr : &found->second;
    }
};

/// Policies that the schema of today cannot read are in `policies.set.errors`; unless they may be
/// skipped, the first of them is the failure.
Result<NightInput> read_night_input(Store& store, const NightOptions& options);
Status read_earlier(Store& store, NightInput& input);

} // namespace qice
