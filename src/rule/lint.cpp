#include "qice/rule/lint.hpp"

#include "base/string_map.hpp"
#include "qice/base/text.hpp"
#include "rule/lint_rule.hpp"

#include <algorithm>

namespace qice {

std::string Warning::to_string() const {
    std::string text = place.to_string();
    if (!text.empty()) text += ": ";
    if (!policy.empty()) text += "policy " + in_quotes(policy) + ": ";
    if (!field.empty()) text += "field " + in_quotes(field) + ": ";
    return text + message;
}

namespace {

bool overlap(const Period& a, const Period& b) {
    return (!a.from || !b.to || *a.from <= *b.to) && (!b.from || !a.to || *b.from <= *a.to);
}

bool past(const Period& period, Date as_of) { return period.to && *period.to < as_of; }

bool names(const std::vector<std::string>& ids, const std::string& id) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
}

class Linter {
  public:
    Linter(const PolicySet& set, Date as_of)
        : set_(set), as_of_(as_of), rules_(*set.schema, as_of) {
        for (const Policy& policy : set.policies)
            by_id_.emplace(policy.id, &policy);
    }

    std::vector<Warning> run() && {
        for (const Policy& policy : set_.policies) {
            policy_ = &policy;
            if (trim(policy.title).empty()) warn("title", "no_title", "the policy has no title");
            life();
            supersedes();
            duplicate();
            rule();
            tags_and_quota();
            preferences();
            benefit();
        }
        return std::move(warnings_);
    }

  private:
    void warn(std::string field, std::string kind, std::string message) {
        warnings_.push_back(
            {policy_->place, policy_->id, std::move(field), std::move(kind), std::move(message)});
    }

    void life() {
        if (policy_->publication == Publication::withdrawn) return;
        const Period& effective = policy_->effective;
        for (const Period& window : policy_->windows)
            if (!overlap(window, effective))
                warn("windows", "window_not_in_force",
                     "a window lies outside the time in which the policy is in force");
        if (past(effective, as_of_))
            return warn("effective", "not_in_force_any_more",
                        "the policy is not in force any more since " + effective.to->to_string());
        const auto& windows = policy_->windows;
        if (!windows.empty() &&
            std::all_of(windows.begin(), windows.end(),
                        [&](const Period& window) { return past(window, as_of_); }))
            warn("windows", "windows_past", "every window is past");
    }

    void supersedes() {
        for (const std::string& id : policy_->supersedes) {
            const auto found = by_id_.find(id);
            if (found == by_id_.end()) {
                // It may be one of the policies that were left out as wrong.
                if (set_.errors.empty())
                    warn("supersedes", "unknown_id", in_quotes(id) + " is not in the set");
                continue;
            }
            const Policy& other = *found->second;
            if (policy_ < &other && names(other.supersedes, policy_->id))
                warn("supersedes", "mutual_supersedes",
                     "this policy and " + in_quotes(id) + " supersede each other");
        }
    }

    /// Another policy that says the same at the same time.
    void duplicate() {
        if (trim(policy_->title).empty() || policy_->publication == Publication::withdrawn) return;
        const std::string key =
            policy_->title + '\0' + policy_->issuer + '\0' + canonical(policy_->rule.root);
        std::vector<const Policy*>& same = alike_[key];
        for (const Policy* other : same) {
            if (!overlap(policy_->effective, other->effective) ||
                !same_windows(policy_->windows, other->windows) ||
                names(policy_->supersedes, other->id) || names(other->supersedes, policy_->id))
                continue;
            warn("rule", "duplicate_policy",
                 "title, issuer and rule are those of policy " + in_quotes(other->id));
            break;
        }
        same.push_back(policy_);
    }
    static bool same_windows(const std::vector<Period>& a, const std::vector<Period>& b) {
        return std::equal(
            a.begin(), a.end(), b.begin(), b.end(),
            [](const Period& x, const Period& y) { return x.from == y.from && x.to == y.to; });
    }

    /// What was found in a rule since the last call.
    void take_findings() {
        for (RuleFinding& finding : rules_.findings)
            warn(std::move(finding.field), std::move(finding.kind), std::move(finding.message));
        rules_.findings.clear();
    }
    /// The reason among the findings, taken out of them.
    std::string take_reason(std::size_t why) {
        if (why == Outcomes::kNoReason) return {};
        RuleFinding& finding = rules_.findings[why];
        std::string reason = ": ";
        if (!finding.field.empty()) reason += "field " + in_quotes(finding.field) + ": ";
        reason += finding.message;
        rules_.findings.erase(rules_.findings.begin() + static_cast<std::ptrdiff_t>(why));
        return reason;
    }

    void rule() {
        const Outcomes outcomes = rules_.check(policy_->rule.root, "rule", Manual::taken_as_true);
        if (!outcomes.yes)
            warn("rule", "never_true",
                 "no enterprise can ever meet the rule" + take_reason(outcomes.why_never_yes));
        take_findings();
    }

    void tags_and_quota() {
        for (const PolicyTag& tag : policy_->tags)
            if (tag.weight == 0)
                warn("tags", "zero_tag", "tag " + in_quotes(tag.name) + " has the weight 0");
        if (policy_->quota == 0)
            warn("quota", "zero_quota", "with the quota 0 the policy is pushed to nobody");
    }

    void preferences() {
        for (std::size_t i = 0; i < policy_->prefer.size(); ++i) {
            const Preference& preference = policy_->prefer[i];
            const std::string path = "prefer[" + std::to_string(i) + ']';
            if (preference.add == 0) warn("prefer", "zero_preference", path + " adds nothing");
            const Outcomes outcomes =
                rules_.check(preference.when.root, path + ".when", Manual::unknown);
            if (!outcomes.yes)
                warn("prefer", "dead_preference",
                     path + " can never be true" + take_reason(outcomes.why_never_yes));
            take_findings();
        }
    }

    void benefit() {
        if (!policy_->benefit) return;
        std::vector<const Node*> earlier;
        bool landed = false;
        for (std::size_t i = 0; i < policy_->benefit->tiers.size(); ++i) {
            const Node& when = policy_->benefit->tiers[i].when.root;
            const std::string path = "tiers[" + std::to_string(i) + ']';
            const Outcomes outcomes = rules_.check(when, path + ".when", Manual::unknown);
            if (!outcomes.yes)
                warn("benefit", "dead_tier",
                     path + " can never be true" + take_reason(outcomes.why_never_yes));
            else if (landed || rules_.covered(earlier, when))
                warn("benefit", "unreachable_tier",
                     path + " is never reached: an earlier tier is true whenever this one is");
            take_findings();
            earlier.push_back(&when);
            landed = landed || outcomes.always_yes();
        }
    }

    const PolicySet& set_;
    Date as_of_;
    RuleLint rules_;
    StringMap<const Policy*> by_id_;
    StringMap<std::vector<const Policy*>> alike_; // by title, issuer and rule
    const Policy* policy_ = nullptr;
    std::vector<Warning> warnings_;
};

} // namespace

std::vector<Warning> lint(const PolicySet& set, Date as_of) { return Linter(set, as_of).run(); }

} // namespace qice
