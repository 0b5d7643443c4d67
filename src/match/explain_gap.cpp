// What a firm has, and how far that is from a condition. Words only: nothing here decides.
#include "match/explain_parts.hpp"

#include <algorithm>

namespace qice {
namespace {

using Wide = __int128;
constexpr int kPercentDecimals = 4; // a ratio is shown in hundredths of a percent

Wide floor_divide(Wide a, Wide b) {
    const Wide quotient = a / b;
    return (a % b != 0 && (a < 0) != (b < 0)) ? quotient - 1 : quotient;
}

/// A ratio in hundredths of a percent, rounded down.
struct RoundedRatio {
    std::int64_t value = 0;
    bool exact = true;
    bool fits = true;
};

RoundedRatio rounded(const Ratio& ratio) {
    Wide top = static_cast<Wide>(ratio.numerator) * power_of_ten(kPercentDecimals);
    Wide bottom = ratio.denominator;
    if (ratio.shift > 0) top *= power_of_ten(ratio.shift);
    if (ratio.shift < 0) bottom *= power_of_ten(-ratio.shift);
    const Wide value = floor_divide(top, bottom);
    if (value > INT64_MAX || value < -INT64_MAX) return {0, false, false};
    return {static_cast<std::int64_t>(value), value * bottom == top, true};
}

Words ratio_words(const FirmView& firm, std::uint32_t field) {
    const RoundedRatio ratio = rounded(*firm.ratio(field));
    if (!ratio.fits) return {"极大", "beyond measure"};
    return same((ratio.exact ? "" : "≈") + percent_text(ratio.value, kPercentDecimals));
}

Words element_words(const FirmView& firm, const std::string& name, std::int32_t until) {
    if (until == kForever) return same(name);
    const std::string day = Date{until}.to_string();
    if (until >= firm.as_of().days)
        return {name + "（有效至" + day + "）", name + " (until " + day + ")"};
    return {name + "（已于" + day + "过期）", name + " (expired " + day + ")"};
}

/// The elements of a set; with `wanted` only those.
Words set_words(const FirmView& firm, std::uint32_t field, const Test* wanted = nullptr) {
    const auto shown = [&](const std::string& name) {
        return wanted == nullptr || std::find(wanted->strings.begin(), wanted->strings.end(),
                                              name) != wanted->strings.end();
    };
    const Dictionary& names = firm.table().column(field).dictionary;
    std::vector<Words> parts;
    const auto elements = firm.elements(field);
    for (const SetElement& element : *elements)
        if (shown(names[element.name]))
            parts.push_back(element_words(firm, names[element.name], element.until));
    return parts.empty() ? Words{"无", "none"} : listed(parts);
}

/// Why a derived field is not known.
Words underived(const FirmView& firm, std::uint32_t field) {
    const Schema& schema = firm.table().schema();
    std::vector<Words> labels;
    for (std::uint32_t input : unknown_inputs(firm, field))
        if (input != field) labels.push_back(label_of(schema[input]));
    if (!labels.empty()) {
        const Words list = listed(labels, 3);
        return {"未填写（缺" + list.zh + "）", "not known (" + list.en + " missing)"};
    }
    if (schema[field].is_ratio()) {
        const Words bottom = label_of(schema[schema[field].operands[1]]);
        return {"无法计算（" + bottom.zh + "为0）", "not known (" + bottom.en + " is 0)"};
    }
    if (schema[field].derive == Derive::sme_size)
        return {"无法划型（标准未列此行业）",
                "not known (the standard does not list the industry)"};
    return {"未填写", "not known"};
}

/// The size classes do not ask every industry for every indicator.
bool size_uses(const FirmView& firm, const Field& size, std::size_t operand) {
    const Schema& schema = firm.table().schema();
    const std::uint32_t industry = size.operands[0];
    const auto code = firm.scalar(industry);
    if (operand == 0 || !code) return operand == 0;
    const std::string_view name =
        schema[industry].codes
            ? std::string_view((*schema[industry].codes)[static_cast<std::uint32_t>(*code)].code)
            : *firm.string(industry);
    const auto category = schema.size_classes()->category_of(name);
    if (!category) return false;
    const SizeClasses::Category& bounds = schema.size_classes()->categories()[*category];
    return (operand == 1   ? bounds.employees
            : operand == 2 ? bounds.revenue
                           : bounds.assets)
        .has_value();
}

Words short_by(const std::string& amount) { return {"还差" + amount, amount + " short"}; }
Words over_by(const std::string& amount) { return {"超出" + amount, amount + " over"}; }

/// `below`: what the firm has is below the bound, by `amount`.
Words distance(Op op, bool below, const std::string& amount, bool strict_amount) {
    if (op == Op::eq) return {"相差" + amount, amount + " off"};
    if (op == Op::ne) return {"不得相同", "must differ"};
    if (!strict_amount)
        return below ? Words{"还差超过" + amount, "more than " + amount + " short"}
                     : Words{"超出" + amount + "或以上", amount + " or more over"};
    return below ? short_by(" " + amount) : over_by(" " + amount);
}

Words tidy(Words words) {
    if (!words.en.empty() && words.en[0] == ' ') words.en.erase(0, 1);
    return words;
}

Words date_gap(const Test& test, std::int64_t has) {
    const std::int64_t days = has - test.numbers[0];
    const std::string count = std::to_string(days < 0 ? -days : days);
    const std::string en = count + (count == "1" ? " day too " : " days too ");
    if (test.op == Op::ne) return {"不得是这一天", "must differ"};
    if (days == 0) return {"差1天", "1 day off"};
    return days < 0 ? Words{"早了" + count + "天", en + "early"}
                    : Words{"晚了" + count + "天", en + "late"};
}

Words number_gap(const Test& test, const Field& field, std::int64_t has) {
    const Wide wide = static_cast<Wide>(has) - test.numbers[0];
    const bool below = test.op == Op::ge || test.op == Op::gt || (test.op == Op::eq && wide < 0);
    Wide amount = wide < 0 ? -wide : wide;
    const bool strict = test.op == Op::gt || test.op == Op::lt;
    const bool whole = field.decimals == 0 && field.unit.base != "元"; // 人, 件: one more will do
    if (strict && whole) ++amount;
    if (amount > INT64_MAX) return {};
    if (strict && !whole && amount == 0)
        return below ? Words{"须更高", "must be more"} : Words{"须更低", "must be less"};
    std::string text = number_text(field, static_cast<std::int64_t>(amount));
    if (is_percentage(field)) {
        text.pop_back();
        return tidy(distance(test.op, below, text + "个百分点", !strict || whole));
    }
    return tidy(distance(test.op, below, text, !strict || whole));
}

Words in_points(Words words) { // percentage points, in English too
    if (const auto at = words.en.find("个百分点"); at != std::string::npos)
        words.en.replace(at, std::string("个百分点").size(), " percentage points");
    return words;
}

Words ratio_gap(const Test& test, const Ratio& ratio) {
    const RoundedRatio has = rounded(ratio);
    const int shift = kRatioDecimals - kPercentDecimals;
    if (!has.fits || test.numbers[0] % power_of_ten(shift) != 0) return {};
    const std::int64_t bound = test.numbers[0] / power_of_ten(shift);
    const bool below = test.op == Op::ge || test.op == Op::gt ||
                       (test.op == Op::eq && compare(ratio, test.numbers[0]) < 0);
    const Wide amount =
        below ? static_cast<Wide>(bound) - has.value : static_cast<Wide>(has.value) - bound;
    if (amount > INT64_MAX || amount < 0) return {};
    const bool strict = test.op == Op::gt || test.op == Op::lt;
    if (amount == 0)
        return has.exact && strict
                   ? below ? Words{"须更高", "must be more"} : Words{"须更低", "must be less"}
                   : Words{"相差不足0.01个百分点", "less than 0.01 percentage points off"};
    std::string text = percent_text(static_cast<std::int64_t>(amount), kPercentDecimals);
    text.pop_back();
    return tidy(distance(test.op, below, (has.exact ? "" : "≈") + text + "个百分点", true));
}

/// What stands in the way among the wanted elements.
Words set_gap(const Test& test, const FirmView& firm, std::uint32_t field) {
    const Dictionary& names = firm.table().column(field).dictionary;
    const bool none = test.op == Op::has_none || test.op == Op::ever_has_none;
    const bool ever = test.op == Op::ever_has_any || test.op == Op::ever_has_none;
    std::vector<Words> present, expired, missing;
    const auto elements = firm.elements(field);
    for (const std::string& wanted : test.strings) {
        const auto found =
            std::find_if(elements->begin(), elements->end(),
                         [&](const SetElement& element) { return names[element.name] == wanted; });
        if (found == elements->end())
            missing.push_back(same(wanted));
        else if (!ever && found->until < firm.as_of().days)
            expired.push_back(element_words(firm, wanted, found->until));
        else
            present.push_back(element_words(firm, wanted, found->until));
    }
    if (none) {
        const Words list = listed(present);
        return {"现有" + list.zh, "has " + list.en};
    }
    if (expired.empty() && test.op != Op::has_all && test.strings.size() > 1)
        return {"一项都没有", "has none of them"};
    Words out;
    if (!expired.empty()) out = listed(expired);
    // Of a single element the need says it all.
    if (!missing.empty() && test.op == Op::has_all && test.strings.size() > 1) {
        const Words list = listed(missing);
        out.zh += (out.empty() ? "缺" : "，缺") + list.zh;
        out.en += (out.en.empty() ? "" : ", ") + list.en + " missing";
    }
    return out;
}

Words gap_of(const Test& test, const FirmView& firm, std::uint32_t field) {
    const Field& of = firm.table().schema()[field];
    if (test.op == Op::known || !firm.known(field)) return {};
    if (of.kind == Kind::set) return set_gap(test, firm, field);
    if (test.op > Op::ne) return {};
    if (of.is_ratio()) return in_points(ratio_gap(test, *firm.ratio(field)));
    if (of.kind == Kind::date) return date_gap(test, *firm.scalar(field));
    return in_points(number_gap(test, of, *firm.scalar(field)));
}

} // namespace

std::vector<std::uint32_t> unknown_inputs(const FirmView& firm, std::uint32_t field) {
    const Field& of = firm.table().schema()[field];
    if (firm.known(field)) return {};
    std::vector<std::uint32_t> out;
    for (std::size_t i = 0; i < of.operands.size(); ++i) {
        if (of.derive == Derive::sme_size && !size_uses(firm, of, i)) continue;
        for (std::uint32_t input : unknown_inputs(firm, of.operands[i]))
            if (std::find(out.begin(), out.end(), input) == out.end()) out.push_back(input);
    }
    if (out.empty()) out.push_back(field); // not derived, or by nothing that could be filled in
    return out;
}

Words has_of(const FirmView& firm, std::uint32_t field) {
    const Field& of = firm.table().schema()[field];
    if (of.kind == Kind::tags) return {"已填写", "known"};
    if (!firm.known(field))
        return of.derived() ? underived(firm, field) : Words{"未填写", "not known"};
    switch (of.kind) {
    case Kind::set: return set_words(firm, field);
    case Kind::text: return {"已填写", "known"};
    case Kind::flag: return *firm.scalar(field) == 1 ? Words{"是", "yes"} : Words{"否", "no"};
    case Kind::date: return same(Date{static_cast<std::int32_t>(*firm.scalar(field))}.to_string());
    case Kind::number:
        return of.is_ratio() ? ratio_words(firm, field)
                             : same(number_text(of, *firm.scalar(field)));
    default:
        if (of.is_string()) return category_text(of, *firm.string(field));
        return same(code_text(of, static_cast<std::uint32_t>(*firm.scalar(field))));
    }
}

Words ground_of(const Condition& condition, const FirmView& firm) {
    const Test& test = condition.tests[0];
    const bool has =
        test.op == Op::has_any || test.op == Op::has_all || test.op == Op::ever_has_any;
    return has && firm.known(condition.field) ? set_words(firm, condition.field, &test)
                                              : has_of(firm, condition.field);
}

Words gap_of(const Condition& condition, const FirmView& firm) {
    for (const Test& test : condition.tests) {
        const Condition alone{condition.field, {test}};
        if (evaluate(alone, firm) != Truth::no) continue;
        return gap_of(test, firm, condition.field);
    }
    return {};
}

} // namespace qice
