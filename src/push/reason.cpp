#include "push/reason.hpp"

#include "base/string_map.hpp"
#include "match/explain_parts.hpp"

#include <algorithm>
#include <deque>

namespace qice {
namespace {

constexpr std::size_t kMostParts = 3; // conditions named in a sentence

/// The truth of every node, as bytes.
struct TruthTrace {
    std::string& truths;
    void node(const Node& node, Truth truth) { truths[node.index] = static_cast<char>(truth); }
    void item(const Node&, std::size_t, const PointsRange&) {}
};

/// Finds in a rule what a sentence speaks of.
class Speaker {
  public:
    Speaker(const Policy& policy, const FirmView& firm)
        : rule_(policy.rule), firm_(firm), schema_(firm.table().schema()), trace_(policy.rule) {
        evaluate(rule_.root, firm, Manual::unknown, trace_);
    }

    Words words(Verdict status) {
        switch (status) {
        case Verdict::eligible:
            add_grounds(rule_.root, false);
            if (parts_.empty()) return {"面向所有企业", "open to every firm"};
            return joined("符合：", "meets: ");
        case Verdict::review:
            add_open_manual(rule_.root);
            return joined("需人工确认：", "to confirm: ");
        case Verdict::needs_data: {
            std::vector<MissingField> missing;
            add_missing(missing, rule_.root, firm_, trace_);
            for (const MissingField& field : missing)
                add(field.label);
            return joined("缺少信息：", "missing: ");
        }
        case Verdict::near:
            add_change(rule_.root, false);
            return joined("差一项：", "one change away: ");
        case Verdict::ineligible: break;
        }
        return {};
    }

  private:
    void add(const Words& words) {
        const bool is_new = std::none_of(parts_.begin(), parts_.end(), [&](const Words& part) {
            return part.zh == words.zh && part.en == words.en;
        });
        if (is_new) parts_.push_back(words);
    }

    Words joined(std::string_view zh, std::string_view en) const {
        Words out{std::string(zh), std::string(en)};
        const std::size_t shown =
            parts_.size() <= kMostParts + 1 ? parts_.size() : kMostParts; // never "1 more"
        for (std::size_t i = 0; i < shown; ++i) {
            out.zh += (i > 0 ? "；" : "") + parts_[i].zh;
            out.en += (i > 0 ? "; " : "") + parts_[i].en;
        }
        if (shown < parts_.size()) {
            out.zh += "等" + std::to_string(parts_.size()) + "项";
            out.en += "; and " + std::to_string(parts_.size() - shown) + " more";
        }
        return out;
    }

    Truth truth(const Node& node, bool negated) const {
        return negated ? !trace_[node] : trace_[node];
    }

    /// A leaf, or a node its author gave words to.
    Words sentence(const Node& node, bool negated) const {
        if (!negated || !node.text.empty()) return sentence_of(node, schema_);
        Condition opposite;
        if (node.kind == NodeKind::condition && negate(node.condition, opposite))
            return sentence_of(opposite, schema_);
        const Words words = sentence_of(node, schema_);
        return {"非（" + words.zh + "）", "not (" + words.en + ")"};
    }

    /// The conditions that make a true node true: of alternatives the first that do.
    void add_grounds(const Node& node, bool negated) {
        if (!node.text.empty() && !negated) return add(sentence(node, negated));
        const auto count = static_cast<std::int64_t>(node.children.size());
        std::int64_t wanted = 0;
        switch (node.kind) {
        case NodeKind::always: return;
        case NodeKind::manual:
        case NodeKind::condition:
        case NodeKind::points: return add(sentence(node, negated));
        case NodeKind::negation:
            if (!node.text.empty()) return add(sentence(node, negated));
            return add_grounds(node.children[0], !negated);
        case NodeKind::all: wanted = negated ? 1 : count; break;
        case NodeKind::any: wanted = negated ? count : 1; break;
        case NodeKind::at_least: wanted = negated ? count - node.count + 1 : node.count; break;
        }
        for (const Node& child : node.children) {
            if (wanted <= 0) return;
            if (truth(child, negated) != Truth::yes) continue;
            --wanted;
            add_grounds(child, negated);
        }
    }

    void add_open_manual(const Node& node) {
        if (trace_[node] != Truth::unknown) return;
        if (node.kind == NodeKind::manual) add(same(node.manual));
        for (const PointsItem& item : node.items)
            if (item.is_manual())
                add(same(item.label.empty() ? item.manual : item.label + "：" + item.manual));
        for (const Node& child : node.children)
            add_open_manual(child);
    }

    /// Of a node that is one change away from true: that change.
    void add_change(const Node& node, bool negated) {
        if (node.kind == NodeKind::condition || node.kind == NodeKind::points)
            return add(sentence(node, negated));
        const bool below = negated != (node.kind == NodeKind::negation);
        for (const Node& child : node.children)
            if (repair_cost(child, firm_, Repair::change_values, below) == 1)
                return add_change(child, below);
    }

    const Rule& rule_;
    const FirmView& firm_;
    const Schema& schema_;
    RuleTrace trace_;
    std::vector<Words> parts_;
};

void add_inputs(const Schema& schema, std::uint32_t field, std::vector<std::uint32_t>& out) {
    if (std::find(out.begin(), out.end(), field) != out.end()) return;
    out.push_back(field);
    for (const std::uint32_t operand : schema[field].operands)
        add_inputs(schema, operand, out);
}

/// The fields that a rule looks at, with all that they are derived from.
void add_inputs(const Schema& schema, const Node& node, std::vector<std::uint32_t>& out) {
    if (node.kind == NodeKind::condition) add_inputs(schema, node.condition.field, out);
    for (const Node& child : node.children)
        add_inputs(schema, child, out);
    for (const PointsItem& item : node.items)
        for (const PointsTier& tier : item.tiers)
            add_inputs(schema, tier.when, out);
}

} // namespace

struct ReasonBook::Memory {
    std::span<const Policy> policies;
    Language language;
    StringMap<std::uint32_t> by_pattern; // policy, status, truths
    StringMap<std::uint32_t> by_text;
    std::deque<std::string> texts;
    std::vector<std::vector<std::uint32_t>> inputs; // of each policy, where they were asked for
    std::string key;

    std::uint32_t intern(std::string text) {
        const auto [found, is_new] =
            by_text.emplace(std::move(text), static_cast<std::uint32_t>(texts.size()));
        if (is_new) texts.push_back(found->first);
        return found->second;
    }
};

ReasonBook::ReasonBook(std::span<const Policy> policies, Language language)
    : memory_(std::make_unique<Memory>()) {
    memory_->policies = policies;
    memory_->language = language;
    memory_->inputs.resize(policies.size());
}
ReasonBook::ReasonBook(ReasonBook&&) noexcept = default;
ReasonBook& ReasonBook::operator=(ReasonBook&&) noexcept = default;
ReasonBook::~ReasonBook() = default;

std::uint32_t ReasonBook::number(std::uint32_t policy, Verdict status, const FirmView& firm) {
    const Policy& of = memory_->policies[policy];
    std::string& key = memory_->key;
    key.assign(of.rule.nodes, '\0');
    TruthTrace trace{key};
    evaluate(of.rule.root, firm, Manual::unknown, trace);
    if (status == Verdict::needs_data) { // which operand is missing, no truth tells
        std::vector<std::uint32_t>& inputs = memory_->inputs[policy];
        if (inputs.empty()) add_inputs(firm.table().schema(), of.rule.root, inputs);
        for (const std::uint32_t field : inputs)
            key += firm.known(field) ? '+' : '-';
    }
    key += static_cast<char>('0' + static_cast<int>(status));
    for (int i = 0; i < 4; ++i)
        key += static_cast<char>(policy >> (8 * i));
    if (const auto found = memory_->by_pattern.find(key); found != memory_->by_pattern.end())
        return found->second;
    const Words words = Speaker(of, firm).words(status);
    const std::uint32_t number = memory_->intern(words.in(memory_->language));
    memory_->by_pattern.emplace(key, number);
    return number;
}

const std::string& ReasonBook::text(std::uint32_t number) const { return memory_->texts[number]; }
std::uint32_t ReasonBook::size() const { return static_cast<std::uint32_t>(memory_->texts.size()); }

std::int64_t benefit_fen(const Policy& policy, const FirmView& firm) {
    if (!policy.benefit) return -1;
    if (policy.benefit->tiers.empty() && policy.benefit->amount.amount)
        return *policy.benefit->amount.amount;
    const ExplainedBenefit benefit = estimate_benefit(policy, firm);
    return benefit.state == ExplainedBenefit::State::known ? benefit.fen : -1;
}

} // namespace qice
