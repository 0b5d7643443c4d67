// What can become of a rule, whoever the firm is: the part of lint that looks into rules.
//
// For every node: could it be true, unknown, false for some firm? The answers err on the side of
// "could", so that what is reported is certain. Fields are taken one by one: that two fields hang
// together (a founding date and an age) is not seen.
#pragma once

#include "qice/base/date.hpp"
#include "qice/rule/evaluate.hpp"
#include "qice/rule/value_set.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qice {

struct RuleFinding {
    std::string kind;  // dead_condition, excludes_nobody, duplicate_condition, unreachable_tier
    std::string field; // of the schema; empty where several or none are meant
    std::string message;
};

/// Which values a node could have. The reasons are places in the findings, or kNoReason.
struct Outcomes {
    static constexpr std::size_t kNoReason = SIZE_MAX;

    bool yes = true, unknown = true, no = true;
    std::size_t why_never_yes = kNoReason, why_never_no = kNoReason;

    bool always_yes() const { return yes && !unknown && !no; }
};

/// What one or more conditions on one field that is no set say together.
struct Fact {
    bool text = false; // strings count, not numbers
    NumberSet numbers = NumberSet::everything();
    StringRangeSet strings = StringRangeSet::everything();
    Truth on_unknown = Truth::yes;
};

class RuleLint {
  public:
    RuleLint(const Schema& schema, Date as_of);

    /// Looks into a rule; `path` is where it stands, such as "rule". With Manual::unknown a manual
    /// condition is never true.
    Outcomes check(const Node& root, const std::string& path, Manual manual);
    /// Is a tier never landed on, because one of the earlier ones is true whenever it is?
    bool covered(const std::vector<const Node*>& earlier, const Node& tier) const;
    void add(std::string kind, std::string field, std::string message);

    std::vector<RuleFinding> findings; // in the order of the nodes

  private:
    struct Leaf {
        const Condition* condition;
        bool negated;
    };
    using Leaves = std::vector<Leaf>;

    Outcomes walk(const Node& node);
    Outcomes walk_child(const Node& node, const std::string& step);
    Outcomes condition(const Node& node);
    Outcomes negation(const Node& node);
    Outcomes all(const Node& node);
    Outcomes any(const Node& node);
    Outcomes at_least(const Node& node);
    Outcomes points(const Node& node);
    PointsRange item(const PointsItem& item, std::int64_t& most_certain);
    std::vector<Outcomes> children(const Node& node);
    void duplicates(const Node& node);

    Fact everything(std::uint32_t field) const;
    Fact fact(const Leaf& leaf) const;
    Outcomes outcomes(const Fact& fact, std::uint32_t field) const;
    Outcomes outcomes(const Condition& condition) const;
    bool implies(const Fact& narrow, const Fact& wide, std::uint32_t field) const;
    bool implies(const Leaves& narrow, const Leaves& wide) const;
    std::optional<std::uint32_t> contradiction(const Node& node) const;
    std::optional<std::uint32_t> union_of_everything(const Node& node) const;

    std::size_t finding(std::string kind, std::string field, const Node& node,
                        const std::string& message);
    std::string name_of_node(const Node& node) const;

    const Schema& schema_;
    std::vector<Fact> domains_; // the values a firm can have, by field
    Manual manual_ = Manual::taken_as_true;
    std::string path_;
};

/// The same text for the same meaning at the leaves and the same shape above; people's words are
/// left out.
std::string canonical(const Node& node);
std::string canonical(const Condition& condition);

} // namespace qice
