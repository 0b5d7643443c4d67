// Policies from JSON, each error with file, line, column, policy and field.
#pragma once

#include "qice/base/status.hpp"
#include "qice/rule/policy.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qice {

struct PolicyLimits {
    std::uint32_t depth = 64;             // of a rule; a lone condition has depth 1
    std::uint64_t conditions = 1'000'000; // of a whole set
    bool keep_contents = false;           // fill PolicySet::contents
    unsigned threads = 1; // that read the lines and files; the set is the same for any number
};

struct PolicySet {
    SchemaPtr schema;
    std::vector<Policy> policies;      // in the order of the files
    std::vector<Status> errors;        // of the policies that were left out
    std::vector<std::string> contents; // of each policy as compact JSON, where that was asked for
};

/// From a `.json` file (one policy or a list), a `.jsonl` file (one a line) or a folder of them.
/// Fails if a file cannot be read; a policy that is wrong goes to `errors`.
Result<PolicySet> load_policies(const std::string& path, SchemaPtr schema,
                                const PolicyLimits& limits = {});

/// A text of policies and the file it came from, or is said to come from.
struct PolicyText {
    std::string file, text;
};

/// The texts that load_policies() reads, to be sent elsewhere and parsed there.
Result<std::vector<PolicyText>> read_policy_texts(const std::string& path);
/// Texts as load_policies() takes them: lines, where the file's name ends in .jsonl.
PolicySet parse_policy_texts(const std::vector<PolicyText>& texts, SchemaPtr schema,
                             const PolicyLimits& limits = {});

/// From text that is one policy, or a list of policies; `file` names it in errors.
PolicySet parse_policies(std::string_view json, const std::string& file, SchemaPtr schema,
                         const PolicyLimits& limits = {});

} // namespace qice
