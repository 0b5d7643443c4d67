// Policies from JSON Lines in memory.
#pragma once

#include "qice/rule/parse.hpp"

namespace qice {

/// Text of which each line that is not blank holds a policy, or a list of them.
PolicySet parse_policy_lines(std::string_view text, const std::string& file, SchemaPtr schema,
                             const PolicyLimits& limits = {});

} // namespace qice
