// THE evaluator: what a rule says of one firm. Everything else must agree with it.
//
// evaluate() gives the Kleene value of a rule and tells a Trace the value of every node, so that
// what decides is also what explains. judge() gives the verdict: the value, the value with every
// manual condition taken as true, and how far the firm is from it. Costs about 50 ns a node.
#pragma once

#include "qice/base/truth.hpp"
#include "qice/model/firm.hpp"
#include "qice/rule/rule.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

namespace qice {

enum class Verdict : std::uint8_t { eligible, review, needs_data, near, ineligible };
inline constexpr int kStatuses = 4; // the verdicts that can be pushed

std::string_view name_of(Verdict verdict);

/// What a condition says of a firm.
Truth evaluate(const Condition& condition, const FirmView& firm);

/// How manual conditions are taken.
enum class Manual : std::uint8_t { unknown, taken_as_true };

/// Least and most points of a table or of one of its items.
struct PointsRange {
    std::int64_t least = 0, most = 0;
};

struct NoTrace {
    void node(const Node&, Truth) {}
    void item(const Node&, std::size_t, const PointsRange&) {}
};

template <class Trace>
Truth evaluate(const Node& node, const FirmView& firm, Manual manual, Trace& trace);

template <class Trace>
PointsRange evaluate(const PointsItem& item, const FirmView& firm, Manual manual, Trace& trace) {
    if (item.is_manual()) return {manual == Manual::unknown ? 0 : item.points, item.points};
    PointsRange range;
    bool first = true;
    const auto could_land = [&](std::int64_t points) {
        range.least = first ? points : std::min(range.least, points);
        range.most = first ? points : std::max(range.most, points);
        first = false;
    };
    bool landed = false;
    for (const PointsTier& tier : item.tiers) {
        const Truth truth = evaluate(tier.when, firm, manual, trace); // every tier is traced
        if (landed || truth == Truth::no) continue;
        could_land(tier.points);
        landed = truth == Truth::yes;
    }
    if (!landed) could_land(0);
    return range;
}

template <class Trace>
Truth evaluate(const Node& node, const FirmView& firm, Manual manual, Trace& trace) {
    Truth truth = Truth::no;
    switch (node.kind) {
    case NodeKind::condition: truth = evaluate(node.condition, firm); break;
    case NodeKind::always: truth = truth_of(node.value); break;
    case NodeKind::manual: truth = manual == Manual::unknown ? Truth::unknown : Truth::yes; break;
    case NodeKind::negation: truth = !evaluate(node.children[0], firm, manual, trace); break;
    case NodeKind::all:
        truth = Truth::yes;
        for (const Node& child : node.children)
            truth = truth & evaluate(child, firm, manual, trace);
        break;
    case NodeKind::any:
        for (const Node& child : node.children)
            truth = truth | evaluate(child, firm, manual, trace);
        break;
    case NodeKind::at_least: {
        std::int64_t yes = 0, unknown = 0;
        for (const Node& child : node.children) {
            const Truth value = evaluate(child, firm, manual, trace);
            yes += value == Truth::yes;
            unknown += value == Truth::unknown;
        }
        truth = at_least(node.count, yes, unknown);
        break;
    }
    case NodeKind::points: {
        PointsRange sum;
        for (std::size_t i = 0; i < node.items.size(); ++i) {
            const PointsRange range = evaluate(node.items[i], firm, manual, trace);
            trace.item(node, i, range);
            sum.least += range.least;
            sum.most += range.most;
        }
        truth = sum.least >= node.count ? Truth::yes
                : sum.most < node.count ? Truth::no
                                        : Truth::unknown;
        break;
    }
    }
    trace.node(node, truth);
    return truth;
}

inline Truth evaluate(const Rule& rule, const FirmView& firm, Manual manual = Manual::unknown) {
    NoTrace none;
    return evaluate(rule.root, firm, manual, none);
}

/// More than any limit: it cannot be mended.
inline constexpr std::int64_t kNoRepair = INT64_MAX / 4;

/// What a count of changes counts: false conditions (near), or unknown ones (one fact away).
enum class Repair : std::uint8_t { change_values, learn_facts };

/// The least number of conditions to change, or to learn, before `node` (or, if `negated`, its
/// negation) is true with manual conditions taken as true; kNoRepair if none suffices.
std::int64_t repair_cost(const Node& node, const FirmView& firm, Repair repair,
                         bool negated = false);

struct Judgement {
    Verdict verdict = Verdict::ineligible;
    bool one_fact_away = false; // of needs_data: a single unknown condition decides
};

Judgement judge(const Rule& rule, const FirmView& firm);

} // namespace qice
