// An explanation as text for people, in Chinese or English.
#include "match/explain_parts.hpp"

#include "qice/base/decimal.hpp"

#include <algorithm>

namespace qice {
namespace {

std::string score_text(Score score) {
    std::string text = format_decimal(score, 6);
    const std::size_t point = text.find('.');
    if (point == std::string::npos) return text + ".000000";
    return text + std::string(7 - (text.size() - point), '0');
}

class Writer {
  public:
    Writer(const Explanation& explanation, Language language)
        : of_(explanation), language_(language) {}

    std::string write() {
        header();
        verdict();
        steps();
        line(0, zh("申报条件", "Conditions"));
        root();
        benefit();
        score();
        return std::move(out_);
    }

  private:
    bool chinese() const { return language_ == Language::zh; }
    std::string zh(const char* chinese_text, const char* english) const {
        return chinese() ? chinese_text : english;
    }
    const std::string& in(const Words& words) const { return words.in(language_); }
    std::string brackets(const std::string& text) const {
        return chinese() ? "（" + text + "）" : " (" + text + ")";
    }
    void line(int depth, const std::string& text) {
        out_.append(static_cast<std::size_t>(depth) * 2, ' ');
        out_ += text;
        out_ += '\n';
    }

    void header() {
        std::string firm = of_.firm_id;
        if (!of_.firm_name.empty()) firm += "  " + of_.firm_name;
        line(0, zh("企业  ", "Firm    ") + firm);
        const std::string version = chinese() ? "第" + std::to_string(of_.version) + "版"
                                              : "version " + std::to_string(of_.version);
        line(0, zh("政策  ", "Policy  ") + of_.policy_id + "  " + of_.title + brackets(version));
        std::string from = of_.issuer;
        if (!of_.document.empty()) from += (from.empty() ? "" : "  ") + of_.document;
        if (!from.empty()) line(0, zh("来源  ", "From    ") + from);
        if (!of_.url.empty()) line(0, zh("网址  ", "Link    ") + of_.url);
        line(0, zh("日期  ", "As of   ") + of_.as_of.to_string());
        line(0, zh("状态  ", "State   ") + in(words_for(of_.life_cycle)) +
                    brackets(in(of_.life_cycle_reason)));
    }

    void verdict() {
        std::string text = in(words_for(of_.verdict));
        if (of_.one_fact_away) text += brackets(zh("只差一项数据", "one fact away"));
        line(0, zh("结论  ", "Verdict ") + text);
        if (of_.life_cycle != LifeCycle::open && of_.verdict != Verdict::ineligible)
            line(0, zh("      政策此时不开放，不会推送",
                       "        not pushed: the policy is not open"));
        out_ += '\n';
    }

    void list(const std::string& title, const std::vector<ExplainedStep>& steps) {
        if (steps.empty()) return;
        line(0, title);
        for (const ExplainedStep& step : steps)
            line(1, "• " + in(step.what));
        out_ += '\n';
    }

    void steps() {
        if (of_.repair) {
            const std::string cost = std::to_string(of_.repair->cost);
            list(chinese()     ? "最少改变" + cost + "项即可符合"
                 : cost == "1" ? "One change would do"
                               : cost + " changes would do, no fewer",
                 of_.repair->change);
        }
        if (of_.verdict == Verdict::ineligible && !of_.repair)
            line(0, zh("      固定条件不满足或数据未知，没有只靠改变已知条件就能符合的办法\n",
                       "        no change of known values would do: a fixed one is in the way, or "
                       "an unknown\n"));
        if (!of_.missing.empty()) {
            line(0, zh("待填写的字段", "Fields to fill in"));
            fields(true, zh("先填：", "first: "));
            fields(false, zh("也可能影响结果：", "may matter too: "));
            out_ += '\n';
        }
        list(zh("需人工确认", "To be confirmed"), of_.confirm);
    }

    void fields(bool decisive, const std::string& title) {
        std::vector<Words> labels;
        for (const MissingField& field : of_.missing)
            if (field.decisive == decisive) labels.push_back(field.label);
        if (!labels.empty()) line(1, "• " + title + in(listed(labels, 40)));
    }

    /// A plain `all` needs no heading: its parts stand alone.
    void root() {
        const ExplainedNode& root = of_.rule;
        if (root.kind != NodeKind::all || root.written || root.children.empty())
            return node(root, 1, false);
        for (const ExplainedNode& child : root.children)
            node(child, 1, false);
    }

    static const char* mark(const ExplainedNode& node) {
        if (node.kind == NodeKind::manual && node.truth == Truth::unknown) return "◇ ";
        return mark(node.truth);
    }
    static const char* mark(Truth truth) {
        return truth == Truth::yes ? "✓ " : truth == Truth::no ? "✗ " : "? ";
    }

    /// `settled`: what is above is true already, so what is below is told in short.
    void node(const ExplainedNode& node, int depth, bool settled) {
        std::string text = mark(node);
        const bool met = (node.negated ? !node.truth : node.truth) == Truth::yes;
        const bool details = node.kind == NodeKind::condition || node.kind == NodeKind::points;
        if (!details)
            text += in(node.sentence);
        else if (node.kind == NodeKind::condition && !node.written)
            text += node.negated || met ? in(node.sentence) : in(node.detail);
        else
            text += in(node.sentence);
        if (details && (met || settled)) text += brackets(short_detail(node));
        if (node.kind == NodeKind::manual) text += brackets(zh("需人工确认", "to be confirmed"));
        if (!node.source.empty())
            text += chinese() ? "〔" + node.source + "〕" : " [" + node.source + "]";
        line(depth, text);
        const bool told = node.kind == NodeKind::condition && !node.written && !node.negated;
        if (details && !met && !settled && !told) line(depth + 2, in(node.detail));
        below(node, depth, settled);
    }

    std::string short_detail(const ExplainedNode& node) const {
        return node.written && node.kind == NodeKind::condition ? in(node.detail) : in(node.has);
    }

    void below(const ExplainedNode& node, int depth, bool settled) {
        const bool met = (node.negated ? !node.truth : node.truth) == Truth::yes;
        for (const ExplainedNode& child : node.children) {
            const bool child_met = (child.negated ? !child.truth : child.truth) == Truth::yes;
            if ((met || settled) && !child_met) { // an alternative that is not needed
                if (!settled) line(depth + 1, mark(child) + in(child.sentence));
                continue;
            }
            this->node(child, depth + 1, settled || met);
        }
        if (!settled)
            for (const ExplainedItem& item : node.items)
                this->item(item, depth + 1);
    }

    std::string range(const PointsRange& points) const {
        std::string text = std::to_string(points.least);
        if (points.most != points.least) text += "–" + std::to_string(points.most);
        return text;
    }

    void item(const ExplainedItem& item, int depth) {
        const std::string best = std::to_string(item.best);
        std::string text = "· " + (item.label.empty() ? item.text : item.label);
        text += chinese() ? " " + range(item.points) + "/" + best + "分"
                          : " " + range(item.points) + " of " + best + " points";
        if (!item.manual.empty())
            text += brackets(item.manual + zh("，需人工确认", ", to be confirmed"));
        const ExplainedTier* next = nullptr; // the least tier above what is certain
        for (const ExplainedTier& tier : item.tiers) {
            if (tier.points > item.points.least && tier.when.truth != Truth::yes &&
                (next == nullptr || tier.points < next->points))
                next = &tier;
        }
        if (next != nullptr) {
            const std::string points = std::to_string(next->points);
            const std::string& detail =
                next->when.detail.empty() ? in(next->when.sentence) : in(next->when.detail);
            text += chinese() ? "；得" + points + "分：" + detail
                              : "; for " + points + " points: " + detail;
        }
        line(depth, text);
    }

    void benefit() {
        if (of_.benefit.state == ExplainedBenefit::State::none) return;
        out_ += '\n';
        std::string text = in(words_for(of_.benefit));
        if (!of_.benefit.how.empty()) text += brackets(in(of_.benefit.how));
        line(0, zh("估算收益  ", "Estimated benefit  ") + text);
        if (!of_.benefit.text.empty()) line(1, of_.benefit.text);
    }

    void score() {
        out_ += '\n';
        line(0, zh("得分  ", "Score  ") + score_text(of_.score));
        for (const ScoreLine& part : of_.score_lines) {
            const std::string text = score_text(part.score);
            const std::string sign = part.score < 0 ? "" : "+";
            std::string what = in(part.what);
            if (part.part == ScorePart::preference) what = zh("优先：", "preferred: ") + what;
            if (part.part == ScorePart::urgency) what = zh("紧迫：", "urgent: ") + what;
            line(1, sign + text + "  " + what);
        }
    }

    const Explanation& of_;
    Language language_;
    std::string out_;
};

Words joined(const std::vector<ExplainedStep>& steps) {
    std::vector<Words> parts;
    for (const ExplainedStep& step : steps)
        parts.push_back(step.what);
    Words out;
    for (const Words& part : parts) {
        out.zh += (out.zh.empty() ? "" : "；") + part.zh;
        out.en += (out.en.empty() ? "" : "; ") + part.en;
    }
    return out;
}

} // namespace

Words words_for(Verdict verdict) {
    switch (verdict) {
    case Verdict::eligible: return {"符合", "eligible"};
    case Verdict::review: return {"待人工确认", "to be reviewed"};
    case Verdict::needs_data: return {"待补数据", "needs data"};
    case Verdict::near: return {"只差一项", "one condition away"};
    case Verdict::ineligible: return {"不符合", "not eligible"};
    }
    return {};
}

Words words_for(LifeCycle state) {
    switch (state) {
    case LifeCycle::open: return {"开放", "open"};
    case LifeCycle::draft: return {"草案", "draft"};
    case LifeCycle::withdrawn: return {"已撤回", "withdrawn"};
    case LifeCycle::not_in_force: return {"不在有效期", "not in force"};
    case LifeCycle::superseded: return {"已被取代", "superseded"};
    case LifeCycle::closed: return {"不在申报期", "closed"};
    }
    return {};
}

Words reason_of(const Explanation& explanation) {
    switch (explanation.verdict) {
    case Verdict::review: {
        const Words what = joined(explanation.confirm);
        return {"须确认：" + what.zh, "to be confirmed: " + what.en};
    }
    case Verdict::needs_data: {
        std::vector<MissingField> decisive;
        for (const MissingField& field : explanation.missing)
            if (field.decisive) decisive.push_back(field);
        const Words labels = labels_of(decisive);
        return {"缺" + labels.zh, labels.en + " missing"};
    }
    case Verdict::near: return joined(explanation.repair->change);
    default: return {};
    }
}

std::string to_text(const Explanation& explanation, Language language) {
    return Writer(explanation, language).write();
}

} // namespace qice
