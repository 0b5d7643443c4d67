// Lint: what is allowed in a policy set but is most likely a slip of the hand.
//
// A warning is only given where it is certain: a rule that no firm could meet, a condition that
// keeps nobody out, a window that is past. Where the answer is not certain, lint says nothing. Costs
// about as much as compiling the set.
#pragma once

#include "qice/rule/parse.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace qice {

struct Warning {
    Place place;        // of the policy
    std::string policy; // its id
    std::string field;  // the field of the schema, or the key of the policy, that is meant; or empty
    std::string kind;   // what sort of slip, such as "never_true"; one of lint_kinds()
    std::string message;

    /// `file:line:column: policy "P-1": field "revenue": message`
    std::string to_string() const;
};

/// What is suspicious in a set on a day: in the order of the policies, within one in the order of
/// its keys and nodes.
std::vector<Warning> lint(const PolicySet& set, Date as_of);

} // namespace qice
