// The parts of an explanation that stand in files of their own.
#pragma once

#include "qice/match/explain.hpp"

#include <vector>

namespace qice {

/// What the evaluator said: the truth of every node, the range of every item of a table.
struct RuleTrace {
    explicit RuleTrace(const Rule& rule) : truths(rule.nodes), items(rule.nodes) {}

    void node(const Node& node, Truth truth) { truths[node.index] = truth; }
    void item(const Node& node, std::size_t item, const PointsRange& range) {
        auto& ranges = items[node.index];
        if (ranges.size() <= item) ranges.resize(item + 1);
        ranges[item] = range;
    }
    Truth operator[](const Node& node) const { return truths[node.index]; }

    std::vector<Truth> truths;
    std::vector<std::vector<PointsRange>> items;
};

/// What the firm has in a field: a value, 未填写, or why it cannot be derived.
Words has_of(const FirmView& firm, std::uint32_t field);
/// What of it makes the firm meet a condition: of a set the elements that were asked for.
Words ground_of(const Condition& condition, const FirmView& firm);
/// How far the firm is from a condition that it does not meet; empty where there is no measure.
Words gap_of(const Condition& condition, const FirmView& firm);
/// The fields a firm has to fill in before `field` is known; operands, where it is derived.
std::vector<std::uint32_t> unknown_inputs(const FirmView& firm, std::uint32_t field);

ExplainedNode explain_rule(const Rule& rule, const FirmView& firm, const RuleTrace& trace);

/// Repair, fields to fill in, conditions to confirm; the verdict must be set.
void add_steps(Explanation& out, const Rule& rule, const FirmView& firm, const RuleTrace& trace);

/// Adds the unknown fields below a node that could still change it.
void add_missing(std::vector<MissingField>& out, const Node& node, const FirmView& firm,
                 const RuleTrace& trace, bool decisive = false);
void add_missing(std::vector<MissingField>& out, const FirmView& firm, std::uint32_t field,
                 bool decisive = false);

/// `A、B` of fields.
Words labels_of(const std::vector<MissingField>& fields);

} // namespace qice
