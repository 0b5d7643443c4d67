#include "qice/match/explain.hpp"

#include "match/explain_parts.hpp"

#include <algorithm>

namespace qice {
namespace {

// -------------------------------------------------------------------------------- rule tree

/// Does Chinese set this off with a blank (signs and figures), or not (words)?
bool begins_with_word(const std::string& text) {
    const auto first = text.empty() ? 0u : static_cast<unsigned char>(text[0]);
    return first >= 0xe3 && first <= 0xe9;
}

Words detail_of(const Words& label, const Words& has, const Words& need, const Words& gap) {
    Words out{label.zh + " " + has.zh, label.en + ": " + has.en};
    if (need.empty()) return out;
    out.zh += (begins_with_word(need.zh) ? "，需" : "，需 ") + need.zh;
    out.en += "; needed: " + need.en;
    if (!gap.empty()) {
        out.zh += "，" + gap.zh;
        out.en += "; " + gap.en;
    }
    return out;
}

/// Makes the explained tree of one rule, top down.
class Explainer {
  public:
    Explainer(const FirmView& firm, const RuleTrace& trace)
        : firm_(firm), schema_(firm.table().schema()), trace_(trace) {}

    ExplainedNode node(const Node& node, bool negated) const {
        ExplainedNode out;
        out.index = node.index;
        out.kind = node.kind;
        out.truth = trace_[node];
        out.negated = negated;
        out.written = !node.text.empty() || node.kind == NodeKind::manual;
        out.sentence = sentence_of(node, schema_);
        out.id = node.id;
        out.source = node.source;
        out.count = node.count;
        if (node.kind == NodeKind::condition) fill_condition(out, node.condition);
        const bool below = negated != (node.kind == NodeKind::negation);
        for (const Node& child : node.children)
            out.children.push_back(this->node(child, below));
        if (node.kind == NodeKind::points) fill_table(out, node);
        return out;
    }

  private:
    void fill_condition(ExplainedNode& out, const Condition& condition) const {
        const Field& field = schema_[condition.field];
        out.field = field.name;
        out.fixed = field.fixed;
        for (const Test& test : condition.tests)
            out.tests.push_back({std::string(name_of(test.op)), constants_of(test, field)});
        out.has = has_of(firm_, condition.field);
        Condition wanted = condition;
        const bool sayable = !out.negated || negate(condition, wanted);
        out.need = need_of(wanted, schema_);
        if (!sayable) out.need = {"不得" + out.need.zh, "not (" + out.need.en + ")"};
        if (sayable) out.gap = gap_of(wanted, firm_);
        const bool met = (out.negated ? !out.truth : out.truth) == Truth::yes;
        out.detail = met ? detail_of(label_of(field), ground_of(wanted, firm_), {}, {})
                         : detail_of(label_of(field), out.has, out.need, out.gap);
    }

    void fill_table(ExplainedNode& out, const Node& node) const {
        const std::vector<PointsRange>& ranges = trace_.items[node.index];
        for (std::size_t i = 0; i < node.items.size(); ++i) {
            out.items.push_back(item(node.items[i], ranges[i], out.negated));
            out.points.least += ranges[i].least;
            out.points.most += ranges[i].most;
        }
        const auto number = [](std::int64_t points) { return std::to_string(points); };
        const auto& [least, most] = out.points;
        const std::string has = least == most ? number(least) : number(least) + "–" + number(most);
        out.has = {has + "分", has + " points"};
        const std::string count = number(node.count);
        if (out.negated) {
            out.need = {"低于" + count + "分", "below " + count + " points"};
        } else {
            out.need = {"不低于" + count + "分", "at least " + count + " points"};
            const std::int64_t gap = node.count - (out.truth == Truth::no ? most : least);
            if (gap > 0) out.gap = {"还差 " + number(gap) + "分", number(gap) + " points short"};
        }
        const bool met = (out.negated ? !out.truth : out.truth) == Truth::yes;
        out.detail = detail_of({"得分", "score"}, out.has, met ? Words{} : out.need, out.gap);
    }

    ExplainedItem item(const PointsItem& item, const PointsRange& range, bool negated) const {
        ExplainedItem out{item.label,  item.manual, item.id,     item.text,
                          item.source, range,       item.points, {}};
        for (const PointsTier& tier : item.tiers) {
            ExplainedTier explained{tier.points, node(tier.when, negated)};
            if (!explained.when.written) // a tier stands in one line
                explained.when.sentence = inline_sentence_of(tier.when, schema_);
            out.tiers.push_back(std::move(explained));
            out.best = std::max(out.best, tier.points);
        }
        return out;
    }

    const FirmView& firm_;
    const Schema& schema_;
    const RuleTrace& trace_;
};

// ------------------------------------------------------------------------------- life cycle

Words days_left(Date last, Date as_of) {
    const std::string days = std::to_string(last.days - as_of.days);
    if (days == "0") return {"今天截止", "closes today"};
    return {last.to_string() + "截止，还有" + days + "天",
            "closes " + last.to_string() + ", " + days + (days == "1" ? " day" : " days") +
                " left"};
}

Words closed_reason(const Policy& policy, Date as_of) {
    std::optional<Date> last, next;
    for (const Period& window : policy.windows) {
        if (window.to && *window.to < as_of) last = last ? std::max(*last, *window.to) : *window.to;
        if (window.from && as_of < *window.from)
            next = next ? std::min(*next, *window.from) : *window.from;
    }
    Words out;
    if (last)
        out = {"申报已于" + last->to_string() + "截止", "applications closed " + last->to_string()};
    if (next) {
        const std::string day = next->to_string();
        out.zh += (out.empty() ? "申报" : "，下次") + day + "开始";
        out.en += (out.en.empty() ? "applications open " : "; they open next ") + day;
    }
    return out;
}

Words superseded_reason(std::span<const Policy> policies, const Policy& policy, Date as_of) {
    for (const Policy& other : policies) {
        if (other.publication != Publication::published) continue;
        if (other.effective.from && as_of < *other.effective.from) continue;
        const auto& ids = other.supersedes;
        if (std::find(ids.begin(), ids.end(), policy.id) == ids.end()) continue;
        return {"已被 " + other.id + " " + other.title + " 取代",
                "superseded by " + other.id + " " + other.title};
    }
    return {};
}

Words life_cycle_reason(std::span<const Policy> policies, const Policy& policy, LifeCycle state,
                        Date as_of) {
    switch (state) {
    case LifeCycle::draft: return {"草案，尚未发布", "a draft, not yet published"};
    case LifeCycle::withdrawn: return {"发文机关已撤回", "its issuer withdrew it"};
    case LifeCycle::superseded: return superseded_reason(policies, policy, as_of);
    case LifeCycle::closed: return closed_reason(policy, as_of);
    case LifeCycle::not_in_force: {
        const Period& period = policy.effective;
        if (period.from && as_of < *period.from)
            return {period.from->to_string() + "起施行",
                    "in force from " + period.from->to_string()};
        return {"已于" + period.to->to_string() + "失效", "it ended " + period.to->to_string()};
    }
    case LifeCycle::open: break;
    }
    if (const auto last = last_day(policy, as_of)) return days_left(*last, as_of);
    return {"没有截止日期", "no closing date"};
}

// ------------------------------------------------------------------------------------ score

void add_score(Explanation& out, const Policy& policy, const FirmView& firm,
               const Urgency& urgency) {
    const Schema& schema = firm.table().schema();
    const auto add = [&](ScorePart part, Words what, Score score) {
        out.score_lines.push_back({part, std::move(what), score});
        out.score += score;
    };
    add(ScorePart::priority, {"政策优先级", "priority of the policy"}, policy.priority);
    for (const Tag& tag : firm.tags()) {
        const std::string& name = firm.table().column(*schema.tags()).dictionary[tag.name];
        for (const PolicyTag& wanted : policy.tags) {
            if (wanted.name != name) continue;
            const std::string firm_weight = format_decimal(tag.weight, 3);
            const std::string policy_weight = format_decimal(wanted.weight, 3);
            add(ScorePart::tag,
                {"关注标签「" + name + "」：企业 " + firm_weight + " × 政策 " + policy_weight,
                 "tag \"" + name + "\": firm " + firm_weight + " × policy " + policy_weight},
                std::int64_t{tag.weight} * wanted.weight);
        }
    }
    for (const Preference& preference : policy.prefer) {
        if (evaluate(preference.when, firm) != Truth::yes) continue;
        const Words when = preference.text.empty()
                               ? inline_sentence_of(preference.when.root, schema)
                               : same(preference.text);
        add(ScorePart::preference, when, preference.add);
    }
    if (const Score score = urgency.of(policy, out.as_of); score != 0)
        add(ScorePart::urgency, days_left(*last_day(policy, out.as_of), out.as_of), score);
}

std::string name_of_firm(const FirmView& firm) {
    const Schema& schema = firm.table().schema();
    const auto field = schema.find("name");
    if (!field || schema[*field].kind != Kind::text || !firm.known(*field)) return {};
    return std::string(firm.table().column(*field).texts[firm.row()]);
}

} // namespace

ExplainedNode explain_rule(const Rule& rule, const FirmView& firm, const RuleTrace& trace) {
    return Explainer(firm, trace).node(rule.root, false);
}

Explanation explain(const Schema&, std::span<const Policy> policies, std::size_t policy,
                    const FirmView& firm, const ExplainOptions& options) {
    const Policy& of = policies[policy];
    Explanation out;
    out.firm_id = firm.id();
    out.firm_name = name_of_firm(firm);
    out.as_of = firm.as_of();
    out.policy_id = of.id;
    out.title = of.title;
    out.issuer = of.issuer;
    out.document = of.document;
    out.url = of.url;
    out.version = of.version;
    out.life_cycle = options.life_cycles.empty() ? life_cycles(policies, out.as_of)[policy]
                                                 : options.life_cycles[policy];
    out.life_cycle_reason = life_cycle_reason(policies, of, out.life_cycle, out.as_of);

    const Judgement judgement = judge(of.rule, firm);
    out.verdict = judgement.verdict;
    out.one_fact_away = judgement.one_fact_away;
    RuleTrace trace(of.rule);
    evaluate(of.rule.root, firm, Manual::unknown, trace);
    out.rule = explain_rule(of.rule, firm, trace);
    add_steps(out, of.rule, firm, trace);
    add_score(out, of, firm, options.urgency);
    out.benefit = estimate_benefit(of, firm);
    return out;
}

} // namespace qice
