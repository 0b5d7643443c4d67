// An explanation as JSON; docs/explain.md is the contract.
#include "base/json.hpp"
#include "match/explain_parts.hpp"

namespace qice {
namespace {

constexpr int kShapeVersion = 1;

/// Appends one JSON object or list; the comma comes by itself.
class Writer {
  public:
    void open(char bracket) {
        out += bracket;
        fresh_ = true;
    }
    void close(char bracket) {
        out += bracket;
        fresh_ = false;
    }
    void next() {
        if (!fresh_) out += ',';
        fresh_ = false;
    }
    void key(std::string_view name) {
        next();
        append_json_string(out, name);
        out += ':';
    }
    void text(std::string_view name, std::string_view value) {
        key(name);
        append_json_string(out, value);
    }
    void text_if(std::string_view name, std::string_view value) {
        if (!value.empty()) text(name, value);
    }
    void number(std::string_view name, std::int64_t value) {
        key(name);
        out += std::to_string(value);
    }
    void flag(std::string_view name, bool value) {
        key(name);
        out += value ? "true" : "false";
    }
    void words(std::string_view name, const Words& value) {
        if (value.empty()) return;
        key(name);
        open('{');
        text("zh", value.zh);
        text("en", value.en);
        close('}');
    }
    void score(std::string_view name, Score value) {
        std::string digits = format_decimal(value, 6);
        const std::size_t point = digits.find('.');
        if (point == std::string::npos)
            digits += ".000000";
        else
            digits.append(7 - (digits.size() - point), '0');
        key(name);
        out += digits;
    }
    template <class List, class Each>
    void list(std::string_view name, const List& items, const Each& each) {
        key(name);
        open('[');
        for (const auto& item : items) {
            next();
            each(item);
        }
        close(']');
    }

    std::string out;

  private:
    bool fresh_ = true;
};

const char* name_of(NodeKind kind) {
    switch (kind) {
    case NodeKind::all: return "all";
    case NodeKind::any: return "any";
    case NodeKind::negation: return "not";
    case NodeKind::at_least: return "at_least";
    case NodeKind::always: return "always";
    case NodeKind::condition: return "condition";
    case NodeKind::manual: return "manual";
    case NodeKind::points: return "points";
    }
    return "";
}

const char* name_of(ScorePart part) {
    switch (part) {
    case ScorePart::priority: return "priority";
    case ScorePart::tag: return "tag";
    case ScorePart::preference: return "prefer";
    case ScorePart::urgency: return "urgency";
    }
    return "";
}

const char* name_of(ExplainedBenefit::State state) {
    switch (state) {
    case ExplainedBenefit::State::none: return "none";
    case ExplainedBenefit::State::unstated: return "unstated";
    case ExplainedBenefit::State::unknown: return "unknown";
    case ExplainedBenefit::State::known: return "known";
    }
    return "";
}

void write_node(Writer& json, const ExplainedNode& node);

void write_item(Writer& json, const ExplainedItem& item) {
    json.open('{');
    json.text_if("label", item.label);
    json.text_if("id", item.id);
    json.text_if("text", item.text);
    json.text_if("source", item.source);
    json.text_if("manual", item.manual);
    json.number("least", item.points.least);
    json.number("most", item.points.most);
    json.number("best", item.best);
    json.list("tiers", item.tiers, [&](const ExplainedTier& tier) {
        json.open('{');
        json.number("points", tier.points);
        json.key("when");
        write_node(json, tier.when);
        json.close('}');
    });
    json.close('}');
}

void write_condition(Writer& json, const ExplainedNode& node) {
    json.text("field", node.field);
    if (node.fixed) json.flag("fixed", true);
    json.list("tests", node.tests, [&](const ExplainedTest& test) {
        json.open('{');
        json.text("op", test.op);
        json.list("values", test.values,
                  [&](const std::string& value) { append_json_string(json.out, value); });
        json.close('}');
    });
}

void write_node(Writer& json, const ExplainedNode& node) {
    json.open('{');
    json.number("node", node.index);
    json.text("kind", name_of(node.kind));
    json.text("truth", qice::name_of(node.truth));
    if (node.negated) json.flag("negated", true);
    json.words("sentence", node.sentence);
    json.text_if("id", node.id);
    json.text_if("source", node.source);
    if (node.kind == NodeKind::condition) write_condition(json, node);
    json.words("has", node.has);
    json.words("need", node.need);
    json.words("gap", node.gap);
    json.words("detail", node.detail);
    if (node.kind == NodeKind::at_least || node.kind == NodeKind::points)
        json.number("count", node.count);
    if (node.kind == NodeKind::points) {
        json.number("least", node.points.least);
        json.number("most", node.points.most);
        json.list("items", node.items, [&](const ExplainedItem& item) { write_item(json, item); });
    }
    if (!node.children.empty())
        json.list("children", node.children,
                  [&](const ExplainedNode& child) { write_node(json, child); });
    json.close('}');
}

void write_steps(Writer& json, std::string_view name, const std::vector<ExplainedStep>& steps) {
    json.list(name, steps, [&](const ExplainedStep& step) {
        json.open('{');
        json.number("node", step.index);
        json.words("what", step.what);
        json.close('}');
    });
}

void write_missing(Writer& json, std::string_view name, const std::vector<MissingField>& fields,
                   bool decisive) {
    json.list(name, fields, [&](const MissingField& field) {
        json.open('{');
        json.text("field", field.field);
        json.words("label", field.label);
        if (decisive) json.flag("decisive", field.decisive);
        json.close('}');
    });
}

void write_header(Writer& json, const Explanation& of) {
    json.text("format", "qice-explanation");
    json.number("version", kShapeVersion);
    json.text("as_of", of.as_of.to_string());
    json.key("firm");
    json.open('{');
    json.text("id", of.firm_id);
    json.text_if("name", of.firm_name);
    json.close('}');
    json.key("policy");
    json.open('{');
    json.text("id", of.policy_id);
    json.number("version", of.version);
    json.text_if("title", of.title);
    json.text_if("issuer", of.issuer);
    json.text_if("document", of.document);
    json.text_if("url", of.url);
    json.close('}');
    json.key("life_cycle");
    json.open('{');
    json.text("state", qice::name_of(of.life_cycle));
    json.words("why", of.life_cycle_reason);
    json.close('}');
}

void write_benefit(Writer& json, const ExplainedBenefit& benefit) {
    json.key("benefit");
    json.open('{');
    json.text("state", name_of(benefit.state));
    json.text_if("kind", benefit.kind);
    json.text_if("text", benefit.text);
    if (benefit.state == ExplainedBenefit::State::known) json.number("fen", benefit.fen);
    json.words("words", words_for(benefit));
    json.words("how", benefit.how);
    if (benefit.tier) json.number("tier", static_cast<std::int64_t>(*benefit.tier));
    if (benefit.state == ExplainedBenefit::State::unknown)
        write_missing(json, "missing", benefit.missing, false);
    json.close('}');
}

} // namespace

std::string to_json(const Explanation& of) {
    Writer json;
    json.open('{');
    write_header(json, of);
    json.text("verdict", qice::name_of(of.verdict));
    if (of.verdict == Verdict::needs_data) json.flag("one_fact_away", of.one_fact_away);
    json.words("reason", reason_of(of));
    json.key("rule");
    write_node(json, of.rule);
    json.key("repair");
    if (of.repair) {
        json.open('{');
        json.number("cost", of.repair->cost);
        write_steps(json, "change", of.repair->change);
        json.close('}');
    } else {
        json.out += "null";
    }
    write_steps(json, "learn", of.learn);
    write_missing(json, "missing", of.missing, true);
    write_steps(json, "confirm", of.confirm);
    json.score("score", of.score);
    json.list("score_lines", of.score_lines, [&](const ScoreLine& line) {
        json.open('{');
        json.text("part", name_of(line.part));
        json.words("what", line.what);
        json.score("score", line.score);
        json.close('}');
    });
    write_benefit(json, of.benefit);
    json.close('}');
    return std::move(json.out);
}

} // namespace qice
