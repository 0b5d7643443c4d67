// The estimate of what a firm would get: whole 分, rounded down, capped, never below 0.
#include "match/explain_parts.hpp"

#include <algorithm>

namespace qice {
namespace {

using Wide = __int128;

/// value x rate in 分. |value| < 2^63, rate <= 10^9 and the unit at most 亿: below 2^127.
std::int64_t fen_of(const Field& field, std::int64_t value, std::int64_t rate) {
    if (value <= 0) return 0;
    Wide product = static_cast<Wide>(value) * rate * 100;
    int decimals = field.decimals + kRatioDecimals - field.unit.exponent;
    for (; decimals < 0; ++decimals)
        product *= 10;
    for (; decimals > 0; --decimals)
        product /= 10; // floor of floor is the floor of the whole
    return product > INT64_MAX ? INT64_MAX : static_cast<std::int64_t>(product);
}

void apply(ExplainedBenefit& out, const BenefitAmount& amount, const FirmView& firm) {
    using State = ExplainedBenefit::State;
    if (amount.amount) {
        out.state = State::known;
        out.fen = *amount.amount;
        out.how = {"定额", "fixed amount"};
        return;
    }
    if (!amount.of) {
        out.state = State::unstated;
        return;
    }
    const Field& field = firm.table().schema()[*amount.of];
    const auto value = firm.scalar(*amount.of);
    const Words label = label_of(field);
    const std::string rate = " × " + percent_text(amount.rate, kRatioDecimals);
    if (!value) {
        out.state = State::unknown;
        add_missing(out.missing, firm, *amount.of);
        out.how = {label.zh + rate, label.en + rate};
        return;
    }
    out.state = State::known;
    out.fen = fen_of(field, *value, amount.rate);
    const std::string has = " " + number_text(field, *value) + rate;
    out.how = {label.zh + has, label.en + has};
    if (amount.cap && out.fen > *amount.cap) {
        out.fen = *amount.cap;
        const std::string cap = money_text(*amount.cap, 2);
        out.how.zh += "，最高" + cap;
        out.how.en += ", at most " + cap;
    }
}

} // namespace

ExplainedBenefit estimate_benefit(const Policy& policy, const FirmView& firm) {
    using State = ExplainedBenefit::State;
    ExplainedBenefit out;
    if (!policy.benefit) return out;
    const Benefit& benefit = *policy.benefit;
    out.kind = benefit.kind;
    out.text = benefit.text;
    if (benefit.tiers.empty()) {
        apply(out, benefit.amount, firm);
        return out;
    }
    const Schema& schema = firm.table().schema();
    for (std::size_t i = 0; i < benefit.tiers.size(); ++i) {
        const BenefitTier& tier = benefit.tiers[i];
        RuleTrace trace(tier.when);
        const Truth truth = evaluate(tier.when.root, firm, Manual::unknown, trace);
        if (truth == Truth::no) continue;
        const bool otherwise = tier.when.root.kind == NodeKind::always;
        const Words when =
            otherwise ? Words{"其他情形", "otherwise"} : inline_sentence_of(tier.when.root, schema);
        out.tier = i;
        if (truth == Truth::unknown) {
            out.state = State::unknown;
            add_missing(out.missing, tier.when.root, firm, trace);
            out.how = {"是否适用「" + when.zh + "」尚不能定", "not known whether " + when.en};
            return out;
        }
        apply(out, tier.amount, firm);
        out.how = {when.zh + (out.how.empty() ? "" : "：") + out.how.zh,
                   when.en + (out.how.empty() ? "" : ": ") + out.how.en};
        return out;
    }
    out.state = State::known; // no tier applies
    out.how = {"各档均不适用", "no tier applies"};
    return out;
}

Words words_for(const ExplainedBenefit& benefit) {
    switch (benefit.state) {
    case ExplainedBenefit::State::none: return {};
    case ExplainedBenefit::State::unstated: return {"未定金额", "no amount stated"};
    case ExplainedBenefit::State::known: return same(money_text(benefit.fen, 2));
    case ExplainedBenefit::State::unknown: break;
    }
    if (benefit.missing.empty()) return {"待定", "not settled"};
    const Words missing = labels_of(benefit.missing);
    return {"未知，缺" + missing.zh, "not known, " + missing.en + " missing"};
}

} // namespace qice
