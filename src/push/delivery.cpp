#include "push/delivery.hpp"

#include "base/string_map.hpp"
#include "push/firm_record.hpp"
#include "qice/rule/evaluate.hpp"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <map>

namespace qice {
namespace {

/// The store as it is at one moment, and whether a push is true there.
class Judge {
  public:
    Judge(Store& store, const HandoverOptions& options) : store_(store), options_(options) {}

    /// For these, and nothing else.
    Status open(std::span<const Offer> offers) {
        QICE_ASSIGN_OR_RETURN(const auto stored, store_.schema());
        if (!stored) return {StatusCode::storage, "this store is empty; qice import fills it"};
        QICE_ASSIGN_OR_RETURN(schema_, parse_schema(*stored));
        QICE_RETURN_IF_ERROR(read_policies(offers));
        if (!policies_.set.errors.empty()) return policies_.set.errors.front();
        states_ = life_cycles(policies_.set.policies, options_.as_of);
        for (std::uint32_t i = 0; i < policies_.set.policies.size(); ++i)
            places_[policies_.set.policies[i].id] = i;
        return store_.read_opt_outs_of(each_once(offers, &Offer::firm_id), [&](const OptOut& of) {
            opt_outs_[of.firm_id].push_back(of.tag);
            return Status();
        });
    }

    const Policy* policy_of(const Offer& offer) const {
        const auto found = places_.find(offer.policy_id);
        return found == places_.end() ? nullptr : &policies_.set.policies[found->second];
    }

    /// Of each offer, whether it is true.
    Result<std::vector<bool>> judge(std::span<const Offer> offers) {
        std::vector<bool> is_true;
        std::vector<std::size_t> open_questions;
        for (std::size_t i = 0; i < offers.size(); ++i) {
            const Offer& offer = offers[i];
            is_true.push_back(may_be_told(offer));
            const bool as_it_was = offer.firm_version == offer.firm_version_now &&
                                   offer.policy_version == offer.policy_version_now &&
                                   offer.as_of == options_.as_of;
            if (is_true.back() && !as_it_was) open_questions.push_back(i);
        }
        QICE_RETURN_IF_ERROR(read_firms(offers, open_questions));
        for (const std::size_t i : open_questions) {
            const FirmView firm = (*firms_)[rows_.at(offers[i].firm)];
            is_true[i] = qice::judge(policy_of(offers[i])->rule, firm).verdict <= offers[i].status;
        }
        return is_true;
    }

  private:
    static std::vector<std::string_view> each_once(std::span<const Offer> offers,
                                                   std::string Offer::*id) {
        std::vector<std::string_view> ids;
        for (const Offer& offer : offers)
            ids.push_back(offer.*id);
        std::sort(ids.begin(), ids.end());
        ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
        return ids;
    }

    Status read_policies(std::span<const Offer> offers) {
        QICE_ASSIGN_OR_RETURN(policies_,
                              current_policies_about(store_, schema_, options_.limits,
                                                     each_once(offers, &Offer::policy_id)));
        return {};
    }

    /// Everything but the verdict.
    bool may_be_told(const Offer& offer) const {
        const Policy* policy = policy_of(offer);
        if (offer.firm_version_now == 0 || policy == nullptr) return false;
        if (policy->version != offer.edition) return false; // the new one is pushed by itself
        const auto place = static_cast<std::size_t>(policy - policies_.set.policies.data());
        return states_[place] == LifeCycle::open && !has_opted_out(offer, *policy);
    }

    bool has_opted_out(const Offer& offer, const Policy& policy) const {
        const auto found = opt_outs_.find(offer.firm_id);
        if (found == opt_outs_.end()) return false;
        return std::any_of(found->second.begin(), found->second.end(), [&](const std::string& tag) {
            return tag.empty() ||
                   std::any_of(policy.tags.begin(), policy.tags.end(),
                               [&](const PolicyTag& carried) { return carried.name == tag; });
        });
    }

    /// The firms in question as they are now, each once.
    Status read_firms(std::span<const Offer> offers, std::span<const std::size_t> questions) {
        if (questions.empty()) return {};
        std::map<std::int64_t, std::string> layouts;
        QICE_RETURN_IF_ERROR(store_.read_layouts([&](std::int64_t layout, std::string_view header) {
            layouts[layout] = header;
            return Status();
        }));
        FirmRecordReader reader(schema_, layouts);
        std::vector<std::int64_t> versions;
        std::vector<std::string_view> ids;
        rows_.clear();
        for (const std::size_t i : questions) {
            if (!rows_.try_emplace(offers[i].firm, versions.size()).second) continue;
            versions.push_back(offers[i].firm_version_now);
            ids.push_back(offers[i].firm_id);
        }
        std::size_t row = 0;
        QICE_RETURN_IF_ERROR(store_.read_records(versions, [&](const StoredRecord& record) {
            reader.add(ids[row++], record.layout, record.record);
            return Status();
        }));
        QICE_ASSIGN_OR_RETURN(FirmsRead read, reader.read(options_.as_of, 1));
        firms_.emplace(std::move(read.firms));
        return {};
    }

    Store& store_;
    const HandoverOptions& options_;
    CurrentPolicies policies_;
    SchemaPtr schema_;
    std::vector<LifeCycle> states_;
    StringMap<std::uint32_t> places_; // of policies, by id
    StringMap<std::vector<std::string>> opt_outs_;
    absl::flat_hash_map<std::int64_t, std::size_t> rows_; // of firms_, by number
    std::optional<FirmTable> firms_;
};

/// Takes back what is not true; the rest goes to `out`.
Status hand_over(Outbox& outbox, Judge& judge, const Claim& claim, std::vector<Offer> offers,
                 Handover& out) {
    QICE_RETURN_IF_ERROR(judge.open(offers));
    QICE_ASSIGN_OR_RETURN(const std::vector<bool> is_true, judge.judge(offers));
    std::vector<Move> withdrawals;
    for (std::size_t i = 0; i < offers.size(); ++i) {
        if (!is_true[i]) {
            withdrawals.push_back({offers[i].push, Delivery::withdrawn, claim.token});
            continue;
        }
        const Policy& policy = *judge.policy_of(offers[i]);
        out.pushes.push_back({std::move(offers[i]), policy.title, policy.url});
    }
    std::vector<Outcome> outcomes;
    QICE_RETURN_IF_ERROR(outbox.move(withdrawals, claim.now, outcomes));
    out.withdrawn += withdrawals.size();
    return {};
}

} // namespace

Result<Handover> claim_true_pushes(Store& store, Outbox& outbox, const HandoverOptions& options) {
    Handover out;
    Claim claim = options.claim;
    while (out.pushes.size() < options.claim.most) {
        claim.most = options.claim.most - out.pushes.size();
        std::vector<Offer> offers;
        QICE_RETURN_IF_ERROR(outbox.claim(claim, offers));
        if (offers.empty()) break;
        // Looked at after the claim: the store is at least as new as what was claimed.
        QICE_RETURN_IF_ERROR(store.begin(Access::read));
        Judge judge(store, options);
        const Status status = hand_over(outbox, judge, claim, std::move(offers), out);
        store.rollback();
        QICE_RETURN_IF_ERROR(status);
    }
    return out;
}

} // namespace qice
