// Why a policy fits a firm or not, and what could be done about it.
//
//   Explanation explanation = explain(schema, policies, number, firms[row]);
//   std::cout << to_text(explanation, Language::zh);
//
// Built with a Trace over rule/evaluate.hpp: the evaluator that decides also explains, and what a
// repair costs is what repair_cost() says. Everything is plain data and owns its text. Costs some
// microseconds a condition; made for one pair at a time.
#pragma once

#include "qice/rule/evaluate.hpp"
#include "qice/rule/policy.hpp"
#include "qice/rule/sentence.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace qice {

struct ExplainedTest {
    std::string op;                  // ge, under, has_any, ...
    std::vector<std::string> values; // exact and plain
};

struct ExplainedItem;

struct ExplainedNode {
    std::uint32_t index = 0; // Node::index
    NodeKind kind = NodeKind::always;
    Truth truth = Truth::no; // manual conditions are unknown
    bool negated = false; // under an odd number of `not`: need, gap and detail are of the opposite
    bool written = false; // the sentence is the author's
    Words sentence;
    std::string id, source;
    // Of a condition:
    std::string field;
    bool fixed = false;
    std::vector<ExplainedTest> tests;
    Words has;    // what the firm has; 未填写 where that is unknown
    Words need;   // what is needed
    Words gap;    // how far it is; empty where there is nothing to say
    Words detail; // the three in one sentence
    // Of at_least and points:
    std::int64_t count = 0;
    PointsRange points; // least and most of a table; manual items give 0 to their points
    std::vector<ExplainedNode> children;
    std::vector<ExplainedItem> items;
};

struct ExplainedTier {
    std::int64_t points = 0;
    ExplainedNode when;
};

/// An item of a points table.
struct ExplainedItem {
    std::string label, manual, id, text, source;
    PointsRange points;
    std::int64_t best = 0; // the most that any firm could get
    std::vector<ExplainedTier> tiers;
};

/// A condition to change, to learn or to confirm.
struct ExplainedStep {
    std::uint32_t index = 0; // Node::index; of a manual item of a table, the table's
    Words what;
};

/// The least number of conditions to change before the rule is true (one condition away is a cost
/// of 1).
struct ExplainedRepair {
    std::int64_t cost = 0;
    std::vector<ExplainedStep> change;
};

/// A field that the firm has not filled in.
struct MissingField {
    std::string field;
    Words label;
    bool decisive = false; // one of the least number of conditions to learn
};

enum class ScorePart : std::uint8_t { priority, tag, preference, urgency };

struct ScoreLine {
    ScorePart part = ScorePart::priority;
    Words what;
    Score score = 0;
};

/// What the firm would get, in 分, rounded down and capped; never below 0.
struct ExplainedBenefit {
    enum class State : std::uint8_t {
        none,     // the policy states no benefit
        unstated, // there is one, without an amount
        unknown,  // a field that it needs is not known
        known,
    };
    State state = State::none;
    std::int64_t fen = 0; // where known
    std::string kind, text;
    std::vector<MissingField> missing; // where unknown
    std::optional<std::size_t> tier;   // which tier gave it
    Words how;                         // 新设备购置额 400万元 × 10%
};

struct Explanation {
    std::string firm_id, firm_name; // the name, where the schema has a text field `name`
    Date as_of;
    std::string policy_id, title, issuer, document, url;
    std::int64_t version = 1;
    LifeCycle life_cycle = LifeCycle::open;
    Words life_cycle_reason;
    Verdict verdict = Verdict::ineligible;
    bool one_fact_away = false;
    ExplainedNode rule;
    std::optional<ExplainedRepair> repair; // of a false rule that could be mended
    std::vector<ExplainedStep> learn;      // of needs_data: the fewest conditions to learn
    std::vector<MissingField> missing;     // of needs_data: every field that could still matter
    std::vector<ExplainedStep> confirm;    // manual conditions that a person has to confirm
    Score score = 0;                       // the sum of the lines
    std::vector<ScoreLine> score_lines;
    ExplainedBenefit benefit;
};

struct ExplainOptions {
    Urgency urgency = {};
    /// The state of each policy on the day; computed where it is not given.
    std::span<const LifeCycle> life_cycles;
};

/// Explains policies[policy] for a firm of this schema, as of the day its table was derived for.
Explanation explain(const Schema& schema, std::span<const Policy> policies, std::size_t policy,
                    const FirmView& firm, const ExplainOptions& options = {});

/// What the firm would get of a policy.
ExplainedBenefit estimate_benefit(const Policy& policy, const FirmView& firm);

/// One line: what is missing, to confirm or to change; empty where nothing is.
Words reason_of(const Explanation& explanation);

Words words_for(Verdict verdict);
Words words_for(LifeCycle state);
Words words_for(const ExplainedBenefit& benefit);

std::string to_text(const Explanation& explanation, Language language);
/// The shape is documented in docs/explain.md; "version" counts its incompatible changes.
std::string to_json(const Explanation& explanation);

} // namespace qice
