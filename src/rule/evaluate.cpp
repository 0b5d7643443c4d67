#include "qice/rule/evaluate.hpp"

namespace qice {

std::string_view name_of(Verdict verdict) {
    constexpr std::string_view kNames[] = {"eligible", "review", "needs_data", "near",
                                           "ineligible"};
    return kNames[static_cast<std::size_t>(verdict)];
}

namespace {

bool contains(const std::vector<std::int64_t>& values, std::int64_t value) {
    return std::find(values.begin(), values.end(), value) != values.end();
}

bool compare(Op op, int sign) {
    switch (op) {
    case Op::ge: return sign >= 0;
    case Op::gt: return sign > 0;
    case Op::le: return sign <= 0;
    case Op::lt: return sign < 0;
    case Op::eq: return sign == 0;
    default: return sign != 0; // ne
    }
}

Truth evaluate_ratio(const Test& test, const FirmView& firm, std::uint32_t field) {
    const auto ratio = firm.ratio(field);
    if (!ratio) return Truth::unknown;
    return truth_of(compare(test.op, compare(*ratio, test.numbers[0])));
}

Truth evaluate_scalar(const Test& test, const FirmView& firm, std::uint32_t field) {
    const auto value = firm.scalar(field);
    if (!value) return Truth::unknown;
    const auto under = [&](std::int64_t code) {
        return firm.table().schema()[field].codes->under(static_cast<std::uint32_t>(*value),
                                                         static_cast<std::uint32_t>(code));
    };
    switch (test.op) {
    case Op::is: return truth_of(*value == test.numbers[0]);
    case Op::in: return truth_of(contains(test.numbers, *value));
    case Op::not_in: return truth_of(!contains(test.numbers, *value));
    case Op::under: return truth_of(std::any_of(test.numbers.begin(), test.numbers.end(), under));
    case Op::not_under:
        return truth_of(std::none_of(test.numbers.begin(), test.numbers.end(), under));
    default: {
        const std::int64_t bound = test.numbers[0];
        return truth_of(compare(test.op, *value < bound ? -1 : *value > bound ? 1 : 0));
    }
    }
}

Truth evaluate_string(const Test& test, const FirmView& firm, std::uint32_t field) {
    const auto value = firm.string(field);
    if (!value) return Truth::unknown;
    const bool prefix = test.op == Op::under || test.op == Op::not_under;
    const bool found =
        std::any_of(test.strings.begin(), test.strings.end(), [&](const std::string& wanted) {
            return prefix ? value->substr(0, wanted.size()) == wanted : *value == wanted;
        });
    return truth_of(found == (test.op == Op::in || test.op == Op::under));
}

Truth evaluate_set(const Test& test, const FirmView& firm, std::uint32_t field) {
    const auto elements = firm.elements(field);
    if (!elements) return Truth::unknown;
    const bool ever = test.op == Op::ever_has_any || test.op == Op::ever_has_none;
    const Dictionary& names = firm.table().column(field).dictionary;
    const auto has = [&](const std::string& wanted) {
        return std::any_of(elements->begin(), elements->end(), [&](const SetElement& element) {
            return (ever || element.until >= firm.as_of().days) && names[element.name] == wanted;
        });
    };
    const auto& wanted = test.strings;
    if (test.op == Op::has_all) return truth_of(std::all_of(wanted.begin(), wanted.end(), has));
    const bool any = std::any_of(wanted.begin(), wanted.end(), has);
    return truth_of(any == (test.op == Op::has_any || test.op == Op::ever_has_any));
}

} // namespace

Truth evaluate(const Condition& condition, const FirmView& firm) {
    const Field& field = firm.table().schema()[condition.field];
    Truth truth = Truth::yes;
    for (const Test& test : condition.tests) {
        if (test.op == Op::known)
            truth = truth & truth_of(firm.known(condition.field) == (test.numbers[0] == 1));
        else if (field.kind == Kind::set)
            truth = truth & evaluate_set(test, firm, condition.field);
        else if (field.is_ratio())
            truth = truth & evaluate_ratio(test, firm, condition.field);
        else if (field.is_string())
            truth = truth & evaluate_string(test, firm, condition.field);
        else
            truth = truth & evaluate_scalar(test, firm, condition.field);
    }
    return truth;
}

namespace {

/// The cost of a leaf that has this value.
std::int64_t leaf_cost(Truth truth, Repair repair, bool fixed) {
    if (truth == Truth::yes) return 0;
    if (repair == Repair::learn_facts) return truth == Truth::unknown ? 1 : kNoRepair;
    return truth == Truth::unknown || fixed ? kNoRepair : 1;
}

std::int64_t sum(std::int64_t a, std::int64_t b) { return std::min(a + b, kNoRepair); }

std::int64_t k_least(std::vector<std::int64_t> costs, std::int64_t k) {
    if (k <= 0) return 0;
    if (k > static_cast<std::int64_t>(costs.size())) return kNoRepair;
    std::sort(costs.begin(), costs.end());
    std::int64_t total = 0;
    for (std::int64_t i = 0; i < k; ++i)
        total = sum(total, costs[static_cast<std::size_t>(i)]);
    return total;
}

} // namespace

std::int64_t repair_cost(const Node& node, const FirmView& firm, Repair repair, bool negated) {
    const auto child_costs = [&] {
        std::vector<std::int64_t> costs;
        for (const Node& child : node.children)
            costs.push_back(repair_cost(child, firm, repair, negated));
        return costs;
    };
    const auto count = static_cast<std::int64_t>(node.children.size());
    switch (node.kind) {
    case NodeKind::manual: return 0; // never under a negation
    case NodeKind::always: return node.value != negated ? 0 : kNoRepair;
    case NodeKind::negation: return repair_cost(node.children[0], firm, repair, !negated);
    case NodeKind::condition: {
        const Truth truth = evaluate(node.condition, firm);
        const bool fixed = firm.table().schema()[node.condition.field].fixed;
        return leaf_cost(negated ? !truth : truth, repair, fixed);
    }
    case NodeKind::points: { // a table counts as one condition
        NoTrace none;
        const Truth truth = evaluate(node, firm, Manual::taken_as_true, none);
        return leaf_cost(negated ? !truth : truth, repair, false);
    }
    // De Morgan: not(all) = any of the negated, not(at least k of n) = at least n - k + 1 of them.
    case NodeKind::all: return k_least(child_costs(), negated ? std::int64_t{1} : count);
    case NodeKind::any: return k_least(child_costs(), negated ? count : std::int64_t{1});
    case NodeKind::at_least:
        return k_least(child_costs(), negated ? count - node.count + 1 : node.count);
    }
    return kNoRepair;
}

Judgement judge(const Rule& rule, const FirmView& firm) {
    const Truth truth = evaluate(rule, firm);
    if (truth == Truth::yes) return {Verdict::eligible};
    if (rule.has_manual && evaluate(rule, firm, Manual::taken_as_true) == Truth::yes)
        return {Verdict::review};
    if (truth == Truth::unknown)
        return {Verdict::needs_data, repair_cost(rule.root, firm, Repair::learn_facts) == 1};
    if (repair_cost(rule.root, firm, Repair::change_values) == 1) return {Verdict::near};
    return {Verdict::ineligible};
}

} // namespace qice
