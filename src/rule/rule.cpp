#include "qice/rule/rule.hpp"

#include <algorithm>
#include <iterator>

namespace qice {

std::string_view name_of(Op op) {
    constexpr std::string_view kNames[] = {"ge",      "gt",       "le",           "lt",
                                           "eq",      "ne",       "is",           "in",
                                           "not_in",  "under",    "not_under",    "has_any",
                                           "has_all", "has_none", "ever_has_any", "ever_has_none",
                                           "known"};
    return kNames[static_cast<std::size_t>(op)];
}

namespace {

void number_nodes(Node& node, Rule& rule) {
    node.index = rule.nodes++;
    if (node.kind == NodeKind::condition) ++rule.conditions;
    if (node.kind == NodeKind::manual) rule.has_manual = true;
    for (Node& child : node.children)
        number_nodes(child, rule);
    for (PointsItem& item : node.items) {
        if (item.is_manual()) rule.has_manual = true;
        for (PointsTier& tier : item.tiers)
            number_nodes(tier.when, rule);
    }
}

} // namespace

Rule make_rule(Node root) {
    Rule rule;
    rule.nodes = 0;
    rule.root = std::move(root);
    number_nodes(rule.root, rule);
    return rule;
}

} // namespace qice
