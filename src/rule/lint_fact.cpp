// Lint, the part about fields: what conditions on one field say together.
#include "rule/lint_rule.hpp"

#include <algorithm>
#include <set>

namespace qice {
namespace {

NumberSet between(std::int64_t first, std::int64_t last) { return {false, {first, last + 1}}; }

NumberSet possible_codes(const Field& field) {
    const CodeList& codes = *field.codes;
    if (field.levels.empty()) return between(0, std::int64_t{codes.size()} - 1);
    NumberSet out = NumberSet::nothing(); // grown at its end: one pass over the codes
    for (std::uint32_t code = 0; code < codes.size(); ++code) {
        if (std::find(field.levels.begin(), field.levels.end(), codes[code].level) ==
            field.levels.end())
            continue;
        if (!out.toggles.empty() && out.toggles.back() == code)
            out.toggles.back() = std::int64_t{code} + 1;
        else
            out.toggles.insert(out.toggles.end(), {code, std::int64_t{code} + 1});
    }
    return out;
}

StringRangeSet possible_texts(const Field& field) {
    StringRangeSet out{false, {std::string(1, '\0')}}; // all but the empty one
    std::vector<std::string> values = field.values;
    if (field.derive == Derive::sme_size)
        values.assign(kSizeClassNames.begin(), kSizeClassNames.end());
    if (values.empty()) return out;
    out = StringRangeSet::nothing();
    for (const std::string& value : values)
        out = out | StringRangeSet{false, {value, value + '\0'}};
    return out;
}

/// The values a firm can have in a field.
Fact domain_of(const Field& field, Date as_of) {
    const Date first = *Date::from_civil(1, 1, 1), last = *Date::from_civil(9999, 12, 31);
    Fact fact;
    fact.text = field.is_string();
    if (fact.text)
        fact.strings = possible_texts(field);
    else if (field.kind == Kind::flag)
        fact.numbers = between(0, 1);
    else if (field.kind == Kind::date)
        fact.numbers = between(first.days, last.days);
    else if (field.kind == Kind::code)
        fact.numbers = possible_codes(field);
    else if (field.derive == Derive::months_since)
        fact.numbers = between(completed_months(last, as_of), completed_months(first, as_of));
    else if (field.kind == Kind::number && !field.is_ratio())
        fact.numbers = {false, {-INT64_MAX}};
    return fact;
}

Fact operator&(const Fact& a, const Fact& b) {
    return {a.text, a.numbers & b.numbers, a.strings & b.strings, a.on_unknown & b.on_unknown};
}

/// Of facts on one field.
Fact operator|(const Fact& a, const Fact& b) {
    Fact out{a.text, a.numbers, a.strings, a.on_unknown | b.on_unknown};
    if (a.text)
        out.strings = a.strings | b.strings;
    else
        out.numbers = a.numbers | b.numbers;
    return out;
}

Fact complement(Fact fact) {
    if (fact.text)
        fact.strings = fact.strings.complement();
    else
        fact.numbers = fact.numbers.complement();
    fact.on_unknown = !fact.on_unknown;
    return fact;
}

bool is_nothing(const Fact& fact) {
    return fact.text ? fact.strings.is_nothing() : fact.numbers.is_nothing();
}

/// What conditions on one set field demand together, as far as it can be told.
class SetDemands {
  public:
    explicit SetDemands(bool expires) : expires_(expires) {}

    void add(const Condition& condition, bool negated) {
        // The negation of several tests is no conjunction.
        if (negated && condition.tests.size() > 1) return;
        for (const Test& test : condition.tests)
            add(test.op, test, negated);
    }

    bool contradict() const {
        if (known_ && unknown_) return true;
        if (unknown_ && asks_elements_) return true; // an unknown set is never a yes
        for (const auto& element : present_)
            if (absent(element, false)) return true;
        const auto none_left = [&](const std::vector<std::string>& group, bool ever) {
            return std::all_of(group.begin(), group.end(),
                               [&](const std::string& element) { return absent(element, ever); });
        };
        return std::any_of(any_.begin(), any_.end(),
                           [&](const auto& group) { return none_left(group, false); }) ||
               std::any_of(ever_any_.begin(), ever_any_.end(),
                           [&](const auto& group) { return none_left(group, true); });
    }

  private:
    void add(Op op, const Test& test, bool negated) {
        if (op == Op::known) {
            ((test.numbers[0] == 1) != negated ? known_ : unknown_) = true;
            return;
        }
        asks_elements_ = true;
        if (!expires_ && op == Op::ever_has_any) op = Op::has_any;
        if (!expires_ && op == Op::ever_has_none) op = Op::has_none;
        const std::vector<std::string>& names = test.strings;
        if (op == Op::has_all && negated) return;
        if (op == Op::has_all) return present_.insert(names.begin(), names.end()), void();
        const bool ever = op == Op::ever_has_any || op == Op::ever_has_none;
        if ((op == Op::has_any || op == Op::ever_has_any) != negated)
            (ever ? ever_any_ : any_).push_back(names);
        else
            (ever ? never_ : absent_).insert(names.begin(), names.end());
    }
    /// Must the element be absent; `ever`: also among those that are no longer valid?
    bool absent(const std::string& element, bool ever) const {
        return never_.contains(element) || (!ever && absent_.contains(element));
    }

    bool expires_, known_ = false, unknown_ = false, asks_elements_ = false;
    std::set<std::string> present_, absent_, never_;
    std::vector<std::vector<std::string>> any_, ever_any_;
};

/// The conditions that a conjunction (or else a disjunction) is made of, through nested ones of its
/// sort. False if there is something else, too.
template <class Leaves>
bool collect(const Node& node, bool negated, bool conjunction, Leaves& out) {
    switch (node.kind) {
    case NodeKind::condition: out.push_back({&node.condition, negated}); return true;
    case NodeKind::negation: return collect(node.children[0], !negated, conjunction, out);
    case NodeKind::all:
    case NodeKind::any: {
        if (((node.kind == NodeKind::all) != negated) != conjunction) return false;
        bool whole = true;
        for (const Node& child : node.children)
            whole = collect(child, negated, conjunction, out) && whole;
        return whole;
    }
    default: return false;
    }
}

template <class Leaves> void by_field(Leaves& leaves) {
    std::stable_sort(leaves.begin(), leaves.end(), [](const auto& a, const auto& b) {
        return a.condition->field < b.condition->field;
    });
}

} // namespace

RuleLint::RuleLint(const Schema& schema, Date as_of) : schema_(schema) {
    for (const Field& field : schema.fields())
        domains_.push_back(domain_of(field, as_of));
}

Fact RuleLint::everything(std::uint32_t field) const {
    Fact fact;
    fact.text = domains_[field].text;
    return fact;
}

Fact RuleLint::fact(const Leaf& leaf) const {
    const Field& field = schema_[leaf.condition->field];
    Fact fact = everything(leaf.condition->field);
    if (fact.text) {
        const ScalarCondition<std::string> condition = string_condition(*leaf.condition);
        fact.strings = condition.values;
        fact.on_unknown = condition.on_unknown;
    } else {
        const ScalarCondition<std::int64_t> condition = number_condition(*leaf.condition, field);
        fact.numbers = condition.values;
        fact.on_unknown = condition.on_unknown;
    }
    return leaf.negated ? complement(std::move(fact)) : fact;
}

Outcomes RuleLint::outcomes(const Fact& fact, std::uint32_t field) const {
    const bool can_be_unknown = schema_[field].kind != Kind::tags;
    const auto unknown_gives = [&](Truth truth) {
        return can_be_unknown && fact.on_unknown == truth;
    };
    Outcomes out;
    out.yes = !is_nothing(fact & domains_[field]) || unknown_gives(Truth::yes);
    out.no = !is_nothing(complement(fact) & domains_[field]) || unknown_gives(Truth::no);
    out.unknown = unknown_gives(Truth::unknown);
    return out;
}

Outcomes RuleLint::outcomes(const Condition& condition) const {
    const Field& field = schema_[condition.field];
    if (field.kind != Kind::set) return outcomes(fact({&condition, false}), condition.field);
    SetDemands demands(field.expires);
    demands.add(condition, false);
    Outcomes out;
    out.yes = !demands.contradict();
    out.unknown = std::any_of(condition.tests.begin(), condition.tests.end(),
                              [](const Test& test) { return test.op != Op::known; });
    return out;
}

/// The field on which the conditions of an `all` leave nothing, if there is one.
std::optional<std::uint32_t> RuleLint::contradiction(const Node& node) const {
    Leaves leaves;
    collect(node, false, true, leaves);
    by_field(leaves);
    for (std::size_t first = 0, end = 0; first < leaves.size(); first = end) {
        const std::uint32_t field = leaves[first].condition->field;
        Fact together = everything(field);
        SetDemands demands(schema_[field].expires);
        for (end = first; end < leaves.size() && leaves[end].condition->field == field; ++end)
            if (schema_[field].kind == Kind::set)
                demands.add(*leaves[end].condition, leaves[end].negated);
            else
                together = together & fact(leaves[end]);
        const bool left = schema_[field].kind == Kind::set ? !demands.contradict()
                                                           : outcomes(together, field).yes;
        if (!left) return field;
    }
    return {};
}

/// The field of which the conditions of an `any` leave no value out, if there is one.
std::optional<std::uint32_t> RuleLint::union_of_everything(const Node& node) const {
    Leaves leaves;
    collect(node, false, false, leaves);
    by_field(leaves);
    for (std::size_t first = 0, end = 0; first < leaves.size(); first = end) {
        const std::uint32_t field = leaves[first].condition->field;
        Fact together = complement(everything(field));
        for (end = first; end < leaves.size() && leaves[end].condition->field == field; ++end)
            if (schema_[field].kind != Kind::set) together = together | fact(leaves[end]);
        if (schema_[field].kind != Kind::set && !outcomes(together, field).no) return field;
    }
    return {};
}

/// Is `wide` true of every value of which `narrow` is true?
bool RuleLint::implies(const Fact& narrow, const Fact& wide, std::uint32_t field) const {
    return is_nothing(narrow & complement(wide) & domains_[field]) &&
           (narrow.on_unknown != Truth::yes || wide.on_unknown == Truth::yes);
}

bool RuleLint::implies(const Leaves& narrow, const Leaves& wide) const {
    return std::all_of(wide.begin(), wide.end(), [&](const Leaf& wanted) {
        const std::uint32_t field = wanted.condition->field;
        Fact together = everything(field);
        for (const Leaf& leaf : narrow) {
            if (leaf.condition->field != field) continue;
            if (leaf.negated == wanted.negated &&
                canonical(*leaf.condition) == canonical(*wanted.condition))
                return true;
            if (schema_[field].kind != Kind::set) together = together & fact(leaf);
        }
        return schema_[field].kind != Kind::set && implies(together, fact(wanted), field);
    });
}

bool RuleLint::covered(const std::vector<const Node*>& earlier, const Node& tier) const {
    Leaves narrow;
    collect(tier, false, true, narrow);
    const std::string shape = canonical(tier);
    const bool single = tier.kind == NodeKind::condition;
    const bool scalar = single && schema_[tier.condition.field].kind != Kind::set;
    Fact together = scalar ? complement(everything(tier.condition.field)) : Fact{};
    for (const Node* other : earlier) {
        Leaves wide;
        if (canonical(*other) == shape) return true;
        if (collect(*other, false, true, wide) && !wide.empty() && implies(narrow, wide))
            return true;
        if (scalar && other->kind == NodeKind::condition &&
            other->condition.field == tier.condition.field)
            together = together | fact({&other->condition, false});
    }
    return scalar && implies(fact({&tier.condition, false}), together, tier.condition.field);
}

} // namespace qice
