// What could be done: the cheapest repair, the facts to learn, the conditions to confirm.
//
// The way through the tree is chosen by repair_cost(), so that what is proposed costs what the
// verdict says it costs.
#include "match/explain_parts.hpp"

#include <algorithm>
#include <numeric>

namespace qice {
namespace {

/// Walks the cheapest way to make a rule true.
class Chooser {
  public:
    Chooser(const FirmView& firm, Repair repair) : firm_(firm), repair_(repair) {}

    void choose(const Node& node, bool negated) {
        const auto count = static_cast<std::int64_t>(node.children.size());
        switch (node.kind) {
        case NodeKind::always: return;
        case NodeKind::manual: manual.push_back(&node); return;
        case NodeKind::condition:
        case NodeKind::points:
            if (repair_cost(node, firm_, repair_, negated) > 0)
                leaves.push_back(&node);
            else if (node.kind == NodeKind::points)
                manual.push_back(&node); // it may stand on its manual items
            return;
        case NodeKind::negation: return choose(node.children[0], !negated);
        case NodeKind::all: return cheapest(node, negated, negated ? 1 : count);
        case NodeKind::any: return cheapest(node, negated, negated ? count : 1);
        case NodeKind::at_least:
            return cheapest(node, negated, negated ? count - node.count + 1 : node.count);
        }
    }

    std::vector<const Node*> leaves; // to change, or to learn
    std::vector<const Node*> manual; // conditions and tables on the way that a person may confirm

  private:
    /// The `count` children that cost least; of equal ones the first.
    void cheapest(const Node& node, bool negated, std::int64_t count) {
        if (count <= 0) return;
        std::vector<std::int64_t> costs;
        for (const Node& child : node.children)
            costs.push_back(repair_cost(child, firm_, repair_, negated));
        std::vector<std::size_t> order(costs.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::stable_sort(order.begin(), order.end(),
                         [&](std::size_t a, std::size_t b) { return costs[a] < costs[b]; });
        order.resize(std::min(order.size(), static_cast<std::size_t>(count)));
        std::sort(order.begin(), order.end()); // tell them in the rule's order
        for (std::size_t child : order)
            choose(node.children[child], negated);
    }

    const FirmView& firm_;
    Repair repair_;
};

/// The explained nodes by index.
void index_nodes(const ExplainedNode& node, std::vector<const ExplainedNode*>& out) {
    out[node.index] = &node;
    for (const ExplainedNode& child : node.children)
        index_nodes(child, out);
}

ExplainedStep step_of(const ExplainedNode& node) {
    if (!node.written) {
        if (node.kind != NodeKind::points) return {node.index, node.detail};
    }
    return {node.index,
            {node.sentence.zh + "：" + node.detail.zh, node.sentence.en + ": " + node.detail.en}};
}

/// The manual items of a table whose points are still open.
void add_manual_items(std::vector<ExplainedStep>& out, const Node& table, const RuleTrace& trace) {
    if (trace[table] != Truth::unknown) return;
    for (const PointsItem& item : table.items)
        if (item.is_manual())
            out.push_back(
                {table.index,
                 same(item.label.empty() ? item.manual : item.label + "：" + item.manual)});
}

/// The manual conditions below a node that could still change it.
void add_open_manual(std::vector<ExplainedStep>& out, const Node& node, const RuleTrace& trace) {
    if (trace[node] != Truth::unknown) return;
    if (node.kind == NodeKind::manual) out.push_back({node.index, same(node.manual)});
    if (node.kind == NodeKind::points) add_manual_items(out, node, trace);
    for (const Node& child : node.children)
        add_open_manual(out, child, trace);
}

} // namespace

void add_missing(std::vector<MissingField>& out, const FirmView& firm, std::uint32_t field,
                 bool decisive) {
    const Schema& schema = firm.table().schema();
    for (std::uint32_t input : unknown_inputs(firm, field)) {
        const std::string& name = schema[input].name;
        const bool seen = std::any_of(out.begin(), out.end(), [&](const MissingField& missing) {
            return missing.field == name;
        });
        if (!seen) out.push_back({name, label_of(schema[input]), decisive});
    }
}

void add_missing(std::vector<MissingField>& out, const Node& node, const FirmView& firm,
                 const RuleTrace& trace, bool decisive) {
    if (trace[node] != Truth::unknown) return;
    if (node.kind == NodeKind::condition) add_missing(out, firm, node.condition.field, decisive);
    for (const Node& child : node.children)
        add_missing(out, child, firm, trace, decisive);
    for (const PointsItem& item : node.items) {
        for (const PointsTier& tier : item.tiers) {
            if (trace[tier.when] == Truth::yes) break; // what comes after gives nothing
            add_missing(out, tier.when, firm, trace, decisive);
        }
    }
}

Words labels_of(const std::vector<MissingField>& fields) {
    std::vector<Words> labels;
    for (const MissingField& field : fields)
        labels.push_back(field.label);
    return listed(labels);
}

void add_steps(Explanation& out, const Rule& rule, const FirmView& firm, const RuleTrace& trace) {
    std::vector<const ExplainedNode*> nodes(rule.nodes);
    index_nodes(out.rule, nodes);
    if (out.verdict == Verdict::review || out.verdict == Verdict::needs_data)
        add_open_manual(out.confirm, rule.root, trace);
    if (out.verdict == Verdict::needs_data) {
        Chooser chooser(firm, Repair::learn_facts);
        chooser.choose(rule.root, false);
        for (const Node* leaf : chooser.leaves) {
            out.learn.push_back(step_of(*nodes[leaf->index]));
            add_missing(out.missing, *leaf, firm, trace, true);
        }
        add_missing(out.missing, rule.root, firm, trace);
    }
    if (out.verdict != Verdict::near && out.verdict != Verdict::ineligible) return;
    const std::int64_t cost = repair_cost(rule.root, firm, Repair::change_values);
    if (cost >= kNoRepair) return;
    Chooser chooser(firm, Repair::change_values);
    chooser.choose(rule.root, false);
    out.repair = ExplainedRepair{cost, {}};
    for (const Node* leaf : chooser.leaves)
        out.repair->change.push_back(step_of(*nodes[leaf->index]));
    for (const Node* node : chooser.manual) {
        if (node->kind == NodeKind::points)
            add_manual_items(out.confirm, *node, trace);
        else
            out.confirm.push_back({node->index, same(node->manual)});
    }
}

} // namespace qice
