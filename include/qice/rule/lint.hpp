// Lint: what is allowed in a policy set but is most likely a slip of the hand.
//
// A warning is only given where it is certain; where the answer is not, lint says nothing. Dates
// that are past are those of the policy's own life: the end of being in force, and the windows. A
// date that a condition names is compared with the firm's and never goes stale. Costs about as much
// as compiling the set.
//
//   kind                  what
//   never_true            no firm could ever meet the rule, whatever a person decides
//   dead_condition        a part of a rule that can never be true
//   excludes_nobody       a part of a rule that no firm fails
//   duplicate_condition   a condition twice under one all or any
//   unreachable_tier      a tier behind one that is true whenever it is
//   dead_preference       a prefer rule that can never be true
//   dead_tier             a tier of the benefit that can never be true
//   not_in_force_any_more the end of being in force is past
//   windows_past          every window is past
//   window_not_in_force   a window that lies outside the time of being in force
//   unknown_id            supersedes a policy that is not in the set
//   mutual_supersedes     two policies that supersede each other
//   duplicate_policy      title, issuer, rule, windows and time in force of another policy
//   no_title, zero_tag, zero_quota, zero_preference
#pragma once

#include "qice/rule/parse.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace qice {

struct Warning {
    Place place;        // of the policy
    std::string policy; // its id
    std::string field; // the field of the schema, or the key of the policy, that is meant; or empty
    std::string kind;  // of the list above
    std::string message;

    /// `file:line:column: policy "P-1": field "revenue": message`
    std::string to_string() const;
};

/// What is suspicious in a set on a day: in the order of the policies, within one in the order of
/// its keys and nodes.
std::vector<Warning> lint(const PolicySet& set, Date as_of);

} // namespace qice
