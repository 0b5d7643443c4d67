// Judging, scoring and ranking by the reference.
#include "reference.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

namespace qice::agree {
namespace {

Wide product(Wide a, Wide b) {
    Wide out = 0;
    if (__builtin_mul_overflow(a, b, &out)) throw std::runtime_error("beyond 128 bits");
    return out;
}

bool compare(Op op, Wide left, Wide right) {
    switch (op) {
    case Op::ge: return left >= right;
    case Op::gt: return left > right;
    case Op::le: return left <= right;
    case Op::lt: return left < right;
    case Op::eq: return left == right;
    case Op::ne: return left != right;
    default: throw std::runtime_error("no comparison");
    }
}

Answer answer_of(bool value) { return value ? Answer::yes : Answer::no; }

} // namespace

// ------------------------------------------------------------------------------- life cycle

Reference::Reference(const ReferenceReader& reader, std::span<const Policy> policies,
                     bool include_closed, std::int64_t urgency_weight, std::int64_t urgency_days)
    : reader_(reader), policies_(policies), urgency_weight_(urgency_weight),
      urgency_days_(urgency_days) {
    for (const Policy& policy : policies)
        matched_.push_back(include_closed || is_open(policy));
}

bool Reference::is_open(const Policy& policy) const {
    const std::int64_t today = reader_.as_of_;
    if (policy.publication != Publication::published) return false;
    if (policy.effective.from && policy.effective.from->days > today) return false;
    if (policy.effective.to && policy.effective.to->days < today) return false;
    for (const Policy& other : policies_) {
        if (other.publication != Publication::published) continue;
        if (other.effective.from && other.effective.from->days > today) continue;
        for (const std::string& old : other.supersedes)
            if (old == policy.id) return false;
    }
    bool open = policy.windows.empty();
    for (const Period& window : policy.windows)
        if ((!window.from || window.from->days <= today) &&
            (!window.to || window.to->days >= today))
            open = true;
    return open;
}

// ------------------------------------------------------------------------ three-valued logic

Answer Reference::answer(const Node& node, const ReferenceFirm& firm, bool manual_is_true) const {
    if (node.kind == NodeKind::condition) return condition(node.condition, firm);
    if (node.kind == NodeKind::always) return answer_of(node.value);
    if (node.kind == NodeKind::manual) return manual_is_true ? Answer::yes : Answer::unknown;
    if (node.kind == NodeKind::points) return points(node, firm, manual_is_true);
    std::int64_t yes = 0, unknown = 0, no = 0;
    for (const Node& child : node.children) {
        const Answer of_child = answer(child, firm, manual_is_true);
        yes += of_child == Answer::yes;
        unknown += of_child == Answer::unknown;
        no += of_child == Answer::no;
    }
    if (node.kind == NodeKind::negation)
        return yes ? Answer::no : no ? Answer::yes : Answer::unknown;
    if (node.kind == NodeKind::all)
        return no ? Answer::no : unknown ? Answer::unknown : Answer::yes;
    if (node.kind == NodeKind::any)
        return yes ? Answer::yes : unknown ? Answer::unknown : Answer::no;
    if (yes >= node.count) return Answer::yes;
    return yes + unknown < node.count ? Answer::no : Answer::unknown;
}

/// Every sum that some way of landing gives.
Answer Reference::points(const Node& node, const ReferenceFirm& firm, bool manual_is_true) const {
    std::set<std::int64_t> sums{0};
    for (const PointsItem& item : node.items) {
        std::set<std::int64_t> outcomes;
        if (item.is_manual()) {
            outcomes.insert(item.points);
            if (!manual_is_true) outcomes.insert(0);
        } else {
            bool stopped = false;
            for (std::size_t t = 0; t < item.tiers.size() && !stopped; ++t) {
                const Answer when = answer(item.tiers[t].when, firm, manual_is_true);
                if (when != Answer::no) outcomes.insert(item.tiers[t].points);
                stopped = when == Answer::yes;
            }
            if (!stopped) outcomes.insert(0);
        }
        std::set<std::int64_t> next;
        for (std::int64_t sum : sums)
            for (std::int64_t outcome : outcomes)
                next.insert(sum + outcome);
        sums = std::move(next);
    }
    bool some_reach = false, some_miss = false;
    for (std::int64_t sum : sums)
        (sum >= node.count ? some_reach : some_miss) = true;
    if (some_reach && some_miss) return Answer::unknown;
    return answer_of(some_reach);
}

Answer Reference::condition(const Condition& condition, const ReferenceFirm& firm) const {
    const Field& field = reader_.schema_[condition.field];
    Answer least = Answer::yes;
    for (const Test& one : condition.tests)
        least = std::min(least, test(one, field, firm.values[condition.field]));
    return least;
}

Answer Reference::test(const Test& test, const Field& field, const Value& value) const {
    const bool known = value.known || field.kind == Kind::tags;
    if (test.op == Op::known) return answer_of(known == (test.numbers[0] != 0));
    if (!known) return Answer::unknown;
    return answer_of(field.kind == Kind::set ? set_test(test, value)
                                             : scalar_test(test, field, value));
}

bool Reference::scalar_test(const Test& test, const Field& field, const Value& value) const {
    if (field.kind == Kind::flag) return value.number == test.numbers[0];
    if (field.derive == Derive::ratio) // numerator / denominator against a count of 10^-9
        return compare(test.op, product(value.numerator, 1'000'000'000),
                       product(test.numbers[0], value.denominator));
    if (field.kind == Kind::number || field.kind == Kind::date)
        return compare(test.op, value.number, test.numbers[0]);
    std::vector<std::string> named = test.strings;
    for (std::int64_t number : test.numbers)
        named.push_back((*field.codes)[static_cast<std::uint32_t>(number)].code);
    const bool exact = test.op == Op::in || test.op == Op::not_in;
    bool found = false;
    for (const std::string& name : named) {
        if (exact)
            found = found || value.text == name;
        else if (field.codes_name == "prefix")
            found = found || value.text.starts_with(name);
        else // up by parents
            for (std::string at = value.text; !at.empty();
                 at = reader_.codes_.at(field.codes_name).parent.at(at))
                found = found || at == name;
    }
    return found == (test.op == Op::in || test.op == Op::under);
}

bool Reference::set_test(const Test& test, const Value& value) const {
    const bool ever = test.op == Op::ever_has_any || test.op == Op::ever_has_none;
    std::size_t present = 0;
    for (const std::string& name : test.strings) {
        const auto element = value.elements.find(name);
        if (element == value.elements.end()) continue;
        present += ever || element->second >= reader_.as_of_;
    }
    if (test.op == Op::has_all) return present == test.strings.size();
    if (test.op == Op::has_none || test.op == Op::ever_has_none) return present == 0;
    return present > 0;
}

// ------------------------------------------------------------------------------------ costs

/// The leaves of the tree with negations pushed down to them, in order.
void Reference::collect(const Node& node, bool negated, const ReferenceFirm& firm, bool learning,
                        std::vector<Leaf>& leaves) const {
    for (const Node& child : node.children)
        collect(child, negated != (node.kind == NodeKind::negation), firm, learning, leaves);
    if (node.kind == NodeKind::manual) leaves.push_back(Leaf::costs_nothing);
    if (node.kind != NodeKind::condition && node.kind != NodeKind::points) return;
    const Answer answer_of_node = answer(node, firm, true);
    const Answer good = negated ? Answer::no : Answer::yes;
    const bool fixed =
        node.kind == NodeKind::condition && reader_.schema_[node.condition.field].fixed;
    if (answer_of_node == good)
        leaves.push_back(Leaf::costs_nothing);
    else if (answer_of_node == Answer::unknown)
        leaves.push_back(learning ? Leaf::costs_one : Leaf::costs_too_much);
    else
        leaves.push_back(learning || fixed ? Leaf::costs_too_much : Leaf::costs_one);
}

/// Is the rule true when exactly the leaves that cost nothing, and leaf `changed`, are?
bool Reference::holds(const Node& node, bool negated, const std::vector<Leaf>& leaves,
                      std::size_t changed, std::size_t& next) const {
    if (node.kind == NodeKind::always) return node.value != negated;
    if (node.kind == NodeKind::negation)
        return holds(node.children[0], !negated, leaves, changed, next);
    if (node.children.empty() && node.kind != NodeKind::all && node.kind != NodeKind::any &&
        node.kind != NodeKind::at_least) {
        const std::size_t leaf = next++;
        return leaf == changed || leaves[leaf] == Leaf::costs_nothing;
    }
    const auto size = static_cast<std::int64_t>(node.children.size());
    std::int64_t good = 0;
    for (const Node& child : node.children)
        good += holds(child, negated, leaves, changed, next);
    if (node.kind == NodeKind::at_least) // not (k of n) = n - k + 1 of the negated
        return good >= (negated ? size - node.count + 1 : node.count);
    return (node.kind == NodeKind::all) != negated ? good == size : good > 0;
}

/// Tries every single change.
bool Reference::one_change_away(const Node& root, const ReferenceFirm& firm, bool learning) const {
    std::vector<Leaf> leaves;
    collect(root, false, firm, learning, leaves);
    for (std::size_t leaf = 0; leaf < leaves.size(); ++leaf) {
        std::size_t next = 0;
        if (leaves[leaf] == Leaf::costs_one && holds(root, false, leaves, leaf, next)) return true;
    }
    return false;
}

// --------------------------------------------------------------------- verdict, score, rank

PairAnswer Reference::judge(std::uint32_t policy, const ReferenceFirm& firm) const {
    const Node& root = policies_[policy].rule.root;
    PairAnswer out;
    out.score = score(policy, firm);
    const Answer plain = answer(root, firm, false);
    if (plain == Answer::yes) {
        out.status = Status4::eligible;
    } else if (answer(root, firm, true) == Answer::yes) {
        out.status = Status4::review;
    } else if (plain == Answer::unknown) {
        out.status = Status4::needs_data;
        out.one_fact_away = one_change_away(root, firm, true);
    } else if (one_change_away(root, firm, false)) {
        out.status = Status4::near;
    }
    return out;
}

Wide Reference::score(std::uint32_t index, const ReferenceFirm& firm) const {
    const Policy& policy = policies_[index];
    Wide total = policy.priority + urgency(policy);
    for (const PolicyTag& tag : policy.tags)
        if (const auto followed = firm.tags.find(tag.name); followed != firm.tags.end())
            total += followed->second * tag.weight;
    for (const Preference& preference : policy.prefer)
        if (answer(preference.when.root, firm, false) == Answer::yes) total += preference.add;
    return total;
}

Wide Reference::urgency(const Policy& policy) const {
    if (urgency_days_ == 0) return 0;
    const std::int64_t today = reader_.as_of_;
    std::vector<std::optional<Date>> ends;
    if (policy.windows.empty()) ends.push_back(policy.effective.to);
    for (const Period& window : policy.windows)
        if ((!window.from || window.from->days <= today) &&
            (!window.to || window.to->days >= today))
            ends.push_back(window.to);
    std::int64_t last = INT64_MIN;
    for (const std::optional<Date>& end : ends) {
        if (!end) return 0; // open without an end
        last = std::max<std::int64_t>(last, end->days);
    }
    if (ends.empty() || last < today || last - today > urgency_days_) return 0;
    return Wide{urgency_weight_} * (urgency_days_ - (last - today)) / urgency_days_;
}

std::vector<RankedPair> Reference::rank(const std::vector<PairAnswer>& of_firm,
                                        Status4 status) const {
    std::vector<RankedPair> ranked;
    for (std::uint32_t policy = 0; policy < policies_.size(); ++policy)
        if (matched_[policy] && of_firm[policy].status == status)
            ranked.push_back({policy, of_firm[policy].score});
    std::sort(ranked.begin(), ranked.end(), [&](const RankedPair& a, const RankedPair& b) {
        const bool fact_a = of_firm[a.policy].one_fact_away,
                   fact_b = of_firm[b.policy].one_fact_away;
        if (fact_a != fact_b) return fact_a;
        if (a.score != b.score) return a.score > b.score;
        return policies_[a.policy].id < policies_[b.policy].id;
    });
    return ranked;
}

} // namespace qice::agree
