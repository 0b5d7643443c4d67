// Lint, the part about nodes: what could become of a rule, and why.
#include "rule/lint_rule.hpp"

#include "qice/base/text.hpp"

#include <algorithm>
#include <set>

namespace qice {
namespace {

std::string count_of(std::int64_t number, const char* one, const char* many) {
    return std::to_string(number) + (number == 1 ? one : many);
}

/// A reason is kept only for what never happens.
Outcomes settled(Outcomes outcomes) {
    if (outcomes.yes) outcomes.why_never_yes = Outcomes::kNoReason;
    if (outcomes.no) outcomes.why_never_no = Outcomes::kNoReason;
    return outcomes;
}

} // namespace

// ------------------------------------------------------------------------ canonical text

std::string canonical(const Condition& condition) {
    std::set<std::string> tests;
    for (const Test& test : condition.tests) {
        std::set<std::string> values(test.strings.begin(), test.strings.end());
        for (std::int64_t number : test.numbers)
            values.insert(std::to_string(number));
        std::string text(name_of(test.op));
        for (const std::string& value : values)
            text += ' ' + std::to_string(value.size()) + ':' + value;
        tests.insert(std::move(text));
    }
    std::string out = "field " + std::to_string(condition.field);
    for (const std::string& test : tests)
        out += ' ' + test;
    return out;
}

std::string canonical(const Node& node) {
    if (node.kind == NodeKind::condition) return '(' + canonical(node.condition) + ')';
    std::string out = '(' + std::to_string(static_cast<int>(node.kind)) + ' ' +
                      std::to_string(node.value) + ' ' + std::to_string(node.count) + ' ' +
                      std::to_string(node.manual.size()) + ':' + node.manual;
    for (const Node& child : node.children)
        out += canonical(child);
    for (const PointsItem& item : node.items) {
        out += '[' + std::to_string(item.points) + ' ' + std::to_string(item.manual.size()) + ':' +
               item.manual;
        for (const PointsTier& tier : item.tiers)
            out += std::to_string(tier.points) + canonical(tier.when);
        out += ']';
    }
    return out + ')';
}

// ------------------------------------------------------------------------------ findings

void RuleLint::add(std::string kind, std::string field, std::string message) {
    findings.push_back({std::move(kind), std::move(field), std::move(message)});
}

std::string RuleLint::name_of_node(const Node& node) const {
    if (!node.id.empty()) return path_ + " (" + in_quotes(node.id) + ")";
    if (!node.text.empty()) return path_ + " (" + in_quotes(node.text) + ")";
    return path_;
}

std::size_t RuleLint::finding(std::string kind, std::string field, const Node& node,
                              const std::string& message) {
    add(std::move(kind), std::move(field), name_of_node(node) + ' ' + message);
    return findings.size() - 1;
}

// ---------------------------------------------------------------------------------- walk

Outcomes RuleLint::check(const Node& root, const std::string& path, Manual manual) {
    path_ = path;
    manual_ = manual;
    return walk(root);
}

Outcomes RuleLint::walk_child(const Node& node, const std::string& step) {
    const std::size_t length = path_.size();
    path_ += step;
    const Outcomes outcomes = walk(node);
    path_.resize(length);
    return outcomes;
}

Outcomes RuleLint::walk(const Node& node) {
    switch (node.kind) {
    case NodeKind::condition: return condition(node);
    case NodeKind::always: return {node.value, false, !node.value};
    case NodeKind::manual: return {manual_ == Manual::taken_as_true, true, false};
    case NodeKind::negation: return negation(node);
    case NodeKind::all: return all(node);
    case NodeKind::any: return any(node);
    case NodeKind::at_least: return at_least(node);
    case NodeKind::points: return points(node);
    }
    return {};
}

Outcomes RuleLint::condition(const Node& node) {
    Outcomes out = outcomes(node.condition);
    const std::string& field = schema_[node.condition.field].name;
    if (!out.yes)
        out.why_never_yes =
            finding("dead_condition", field, node, "can never be true: no value meets it");
    if (!out.no)
        out.why_never_no =
            finding("excludes_nobody", field, node, "keeps nobody out: every value meets it");
    return out;
}

Outcomes RuleLint::negation(const Node& node) {
    const Outcomes child = walk_child(node.children[0], ".not");
    Outcomes out{child.no, child.unknown, child.yes, child.why_never_no, child.why_never_yes};
    if (child.always_yes() && out.why_never_yes == Outcomes::kNoReason)
        out.why_never_yes = finding("dead_condition", {}, node,
                                    "can never be true: what it negates is true for everybody");
    return out;
}

std::vector<Outcomes> RuleLint::children(const Node& node) {
    const std::string key = node.kind == NodeKind::at_least ? "of"
                            : node.kind == NodeKind::all    ? "all"
                                                            : "any";
    std::vector<Outcomes> out;
    for (std::size_t i = 0; i < node.children.size(); ++i)
        out.push_back(walk_child(node.children[i], '.' + key + '[' + std::to_string(i) + ']'));
    return out;
}

/// The same condition twice among the children of an `all` or `any`.
void RuleLint::duplicates(const Node& node) {
    std::set<std::string> seen;
    for (const Node& child : node.children) {
        if (child.kind != NodeKind::condition || seen.insert(canonical(child)).second) continue;
        finding("duplicate_condition", schema_[child.condition.field].name, node,
                "has the same condition twice");
    }
}

Outcomes RuleLint::all(const Node& node) {
    Outcomes out{true, false, false};
    for (const Outcomes& child : children(node)) {
        if (!child.yes && out.yes) out.why_never_yes = child.why_never_yes;
        out.yes = out.yes && child.yes;
        out.unknown = out.unknown || child.unknown;
        out.no = out.no || child.no;
        if (out.why_never_no == Outcomes::kNoReason) out.why_never_no = child.why_never_no;
    }
    duplicates(node);
    if (!out.yes) return settled(out);
    if (const auto field = contradiction(node)) {
        out.yes = false;
        out.no = true;
        out.why_never_yes =
            finding("dead_condition", schema_[*field].name, node,
                    "can never be true: its conditions on this field leave no value");
    }
    return settled(out);
}

Outcomes RuleLint::any(const Node& node) {
    Outcomes out{false, false, true};
    bool certain = false; // is one child true for everybody?
    for (const Outcomes& child : children(node)) {
        out.yes = out.yes || child.yes;
        out.unknown = out.unknown || child.unknown;
        certain = certain || child.always_yes();
        if (out.why_never_yes == Outcomes::kNoReason) out.why_never_yes = child.why_never_yes;
        if (!child.no && out.no) out.why_never_no = child.why_never_no;
        out.no = out.no && child.no;
    }
    duplicates(node);
    if (certain) {
        out.unknown = false;
        if (out.why_never_no == Outcomes::kNoReason)
            out.why_never_no = finding("excludes_nobody", {}, node,
                                       "keeps nobody out: one of its nodes is true for everybody");
    } else if (const auto field = out.no ? union_of_everything(node) : std::nullopt) {
        out.no = false;
        out.why_never_no = finding("excludes_nobody", schema_[*field].name, node,
                                   "keeps nobody out: its conditions on this field leave none out");
    }
    if (!out.yes && out.why_never_yes == Outcomes::kNoReason && !out.unknown)
        out.why_never_yes =
            finding("dead_condition", {}, node,
                    node.children.empty() ? "can never be true: it is any of nothing"
                                          : "can never be true: none of its nodes can");
    return settled(out);
}

Outcomes RuleLint::at_least(const Node& node) {
    const auto size = static_cast<std::int64_t>(node.children.size());
    std::int64_t can = 0, cannot_fail = 0, certain = 0;
    Outcomes out{true, false, false};
    for (const Outcomes& child : children(node)) {
        can += child.yes;
        cannot_fail += !child.no;
        certain += child.always_yes();
        out.unknown = out.unknown || child.unknown;
        if (out.why_never_yes == Outcomes::kNoReason) out.why_never_yes = child.why_never_yes;
        if (out.why_never_no == Outcomes::kNoReason) out.why_never_no = child.why_never_no;
    }
    out.yes = can >= node.count;
    out.no = cannot_fail < node.count;
    if (node.count > size)
        out.why_never_yes = finding("dead_condition", {}, node,
                                    "can never be true: it asks for " + std::to_string(node.count) +
                                        " of " + count_of(size, " node", " nodes"));
    else if (!out.yes && !out.unknown && out.why_never_yes == Outcomes::kNoReason)
        out.why_never_yes =
            finding("dead_condition", {}, node,
                    "can never be true: only " + std::to_string(can) + " of its nodes can");
    if (certain < node.count) return settled(out);
    out.unknown = false;
    if (node.count == 0)
        out.why_never_no =
            finding("excludes_nobody", {}, node, "keeps nobody out: it asks for none");
    else if (out.why_never_no == Outcomes::kNoReason)
        out.why_never_no = finding("excludes_nobody", {}, node,
                                   "keeps nobody out: enough of its nodes are true for everybody");
    return settled(out);
}

/// The least and the most points of an item over all firms, whatever is known of them; and the most
/// by tiers that can be true.
PointsRange RuleLint::item(const PointsItem& item, std::int64_t& most_certain) {
    most_certain = item.is_manual() && manual_ == Manual::taken_as_true ? item.points : 0;
    if (item.is_manual()) return {0, item.points};
    PointsRange range{INT64_MAX, 0};
    std::vector<const Node*> earlier;
    bool landed = false;
    for (std::size_t i = 0; i < item.tiers.size(); ++i) {
        const PointsTier& tier = item.tiers[i];
        const std::string step = ".tiers[" + std::to_string(i) + ']';
        const Outcomes outcomes = walk_child(tier.when, step + ".when");
        const std::size_t length = path_.size();
        path_ += step;
        if (landed || (outcomes.yes && covered(earlier, tier.when)))
            finding("unreachable_tier", {}, tier.when,
                    "is never reached: an earlier tier is true whenever this one is");
        path_.resize(length);
        earlier.push_back(&tier.when);
        if (landed) continue;
        if (outcomes.yes) most_certain = std::max(most_certain, tier.points);
        if (outcomes.yes || outcomes.unknown) {
            range.least = std::min(range.least, tier.points);
            range.most = std::max(range.most, tier.points);
        }
        landed = outcomes.always_yes();
    }
    if (!landed) range.least = 0;
    return range;
}

Outcomes RuleLint::points(const Node& node) {
    PointsRange sum;
    std::int64_t most = 0; // by tiers that can be true
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        const std::size_t length = path_.size();
        path_ += ".of[" + std::to_string(i) + ']';
        std::int64_t most_certain = 0;
        const PointsRange range = item(node.items[i], most_certain);
        path_.resize(length);
        sum.least += range.least;
        sum.most += range.most;
        most += most_certain;
    }
    Outcomes out;
    out.yes = most >= node.count;
    out.no = sum.least < node.count;
    out.unknown = out.no && sum.most >= node.count;
    if (!out.yes && sum.most < node.count)
        out.why_never_yes =
            finding("dead_condition", {}, node,
                    "can never be true: at most " + count_of(most, " point", " points") +
                        " can be reached, " + std::to_string(node.count) + " are needed");
    if (!out.no)
        out.why_never_no = finding("excludes_nobody", {}, node,
                                   "keeps nobody out: everybody reaches " +
                                       count_of(node.count, " point", " points"));
    return out;
}

} // namespace qice
