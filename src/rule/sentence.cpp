#include "qice/rule/sentence.hpp"

#include <algorithm>
#include <array>

namespace qice {
namespace {

/// 1234567.5 -> 1,234,567.5
std::string with_separators(std::string digits) {
    const std::size_t sign = !digits.empty() && digits[0] == '-' ? 1 : 0;
    std::size_t end = std::min(digits.find('.'), digits.size());
    while (end > sign + 3) {
        end -= 3;
        digits.insert(end, 1, ',');
    }
    return digits;
}

/// `value` / 10^decimals, also for decimals below 0 and above 18.
std::string exact_text(std::int64_t value, int decimals) {
    std::string text = format_decimal(value, std::max(decimals, 0));
    if (value != 0 && decimals < 0) text.append(static_cast<std::size_t>(-decimals), '0');
    return text;
}

std::size_t decimals_in(const std::string& text) {
    const std::size_t point = text.find('.');
    return point == std::string::npos ? 0 : text.size() - point - 1;
}

bool at_least_one(const std::string& text) { return text[text[0] == '-' ? 1 : 0] != '0'; }

/// One test in words. English needs its verb apart: "is" + "under C39", "has" + "one of A, B".
struct Phrase {
    std::string zh, verb, en;
};

Phrase number_phrase(const Test& test, const Field& field) {
    constexpr std::array<std::string_view, 6> kSigns{"≥ ", "> ", "≤ ", "< ", "= ", "≠ "};
    constexpr std::array<std::string_view, 6> kZh{"不早于 ", "晚于 ", "不晚于 ",
                                                  "早于 ",   "为 ",   "不为 "};
    constexpr std::array<std::string_view, 6> kEn{"on or after ", "after ", "on or before ",
                                                  "before ",      "on ",    "not on "};
    const auto op = static_cast<std::size_t>(test.op);
    if (field.kind == Kind::date) {
        const std::string day = Date{static_cast<std::int32_t>(test.numbers[0])}.to_string();
        return {std::string(kZh[op]) + day, "is ", std::string(kEn[op]) + day};
    }
    const std::string value = field.is_ratio() ? percent_text(test.numbers[0], kRatioDecimals)
                                               : number_text(field, test.numbers[0]);
    return {std::string(kSigns[op]) + value, "", std::string(kSigns[op]) + value};
}

std::vector<Words> names_of(const Test& test, const Field& field) {
    std::vector<Words> names;
    for (std::int64_t number : test.numbers)
        names.push_back(same(code_text(field, static_cast<std::uint32_t>(number))));
    for (const std::string& text : test.strings)
        names.push_back(category_text(field, text));
    return names;
}

/// Membership: the Chinese before and after a list of one or of several, and the English.
struct MemberWords {
    std::string_view zh_one, zh_many, zh_end, verb, en_one, en_many;
};

MemberWords member_words(Op op) {
    switch (op) {
    case Op::in: return {"为 ", "为 ", " 之一", "is ", "", "one of "};
    case Op::not_in: return {"不为 ", "不为 ", " 中任何一个", "is ", "not ", "none of "};
    case Op::under: return {"属于 ", "属于 ", " 之一", "is ", "under ", "under one of "};
    case Op::not_under:
        return {"不属于 ", "不属于 ", " 中任何一个", "is ", "not under ", "under none of "};
    case Op::has_any: return {"含 ", "含 ", " 之一", "has ", "", "one of "};
    case Op::has_all: return {"含 ", "同时含 ", "", "has ", "", "all of "};
    case Op::has_none: return {"不含 ", "不含 ", " 中任何一项", "has ", "no ", "none of "};
    case Op::ever_has_any: return {"曾有 ", "曾有 ", " 之一", "", "ever had ", "ever had one of "};
    default: return {"从未有 ", "从未有 ", " 中任何一项", "", "never had ", "never had any of "};
    }
}

Phrase member_phrase(const Test& test, const Field& field) {
    const std::vector<Words> names = names_of(test, field);
    const MemberWords words = member_words(test.op);
    const bool one = names.size() == 1;
    const Words list = listed(names);
    return {std::string(one ? words.zh_one : words.zh_many) + list.zh +
                std::string(one ? "" : words.zh_end),
            std::string(words.verb), std::string(one ? words.en_one : words.en_many) + list.en};
}

Phrase phrase_of(const Test& test, const Field& field) {
    const bool value = !test.numbers.empty() && test.numbers[0] == 1;
    if (test.op == Op::known)
        return value ? Phrase{"已填写", "is ", "known"} : Phrase{"未填写", "is ", "not known"};
    if (test.op == Op::is)
        return value ? Phrase{"为“是”", "is ", "yes"} : Phrase{"为“否”", "is ", "no"};
    return test.op <= Op::ne ? number_phrase(test, field) : member_phrase(test, field);
}

} // namespace

Words listed(const std::vector<Words>& parts, std::size_t most) {
    Words out;
    for (std::size_t i = 0; i < parts.size() && i < most; ++i) {
        out.zh += (i == 0 ? "" : "、") + parts[i].zh;
        out.en += (i == 0 ? "" : ", ") + parts[i].en;
    }
    if (parts.size() > most) {
        out.zh += " 等" + std::to_string(parts.size()) + "项";
        out.en += " ... (" + std::to_string(parts.size()) + " in all)";
    }
    return out;
}

Words label_of(const Field& field) { return {field.label, field.name}; }

std::string money_text(std::int64_t value, int decimals) {
    for (const auto& [unit, exponent] : {std::pair{"亿元", 8}, std::pair{"万元", 4}}) {
        if (decimals + exponent > 18) continue;
        const std::string text = exact_text(value, decimals + exponent);
        if (at_least_one(text) && decimals_in(text) <= 2) return with_separators(text) + unit;
    }
    return with_separators(exact_text(value, decimals)) + "元";
}

std::string percent_text(std::int64_t value, int decimals) {
    return with_separators(exact_text(value, decimals - 2)) + "%";
}

bool is_percentage(const Field& field) {
    return field.is_ratio() ||
           (field.kind == Kind::number && field.unit_text.empty() && field.decimals >= 4);
}

std::string number_text(const Field& field, std::int64_t value) {
    if (is_percentage(field)) return percent_text(value, field.decimals);
    if (field.unit.base == "元") return money_text(value, field.decimals - field.unit.exponent);
    const std::string plain = exact_text(value, field.decimals);
    constexpr std::int64_t kYears = 10'000; // 2025, not 2,025
    if (field.unit_text.empty() && field.decimals == 0 && value > -kYears && value < kYears)
        return plain;
    return with_separators(plain) + field.unit_text;
}

std::string code_text(const Field& field, std::uint32_t code) {
    const CodeList::Code& of = (*field.codes)[code];
    return of.name.empty() ? of.code : of.code + " " + of.name;
}

Words category_text(const Field& field, std::string_view value) {
    constexpr std::array<std::string_view, 4> kZh{"微型", "小型", "中型", "大型"};
    Words words = same(std::string(value));
    if (field.derive != Derive::sme_size) return words;
    for (std::size_t i = 0; i < kZh.size(); ++i)
        if (value == kSizeClassNames[i]) words.zh = kZh[i];
    return words;
}

Words need_of(const Condition& condition, const Schema& schema) {
    Words out;
    for (const Test& test : condition.tests) {
        const Phrase phrase = phrase_of(test, schema[condition.field]);
        out.zh += (out.zh.empty() ? "" : " 且 ") + phrase.zh;
        out.en += (out.en.empty() ? "" : " and ") + phrase.en;
    }
    return out;
}

Words sentence_of(const Condition& condition, const Schema& schema) {
    const Field& field = schema[condition.field];
    Words out = label_of(field);
    for (std::size_t i = 0; i < condition.tests.size(); ++i) {
        const Phrase phrase = phrase_of(condition.tests[i], field);
        out.zh += (i == 0 ? " " : " 且 ") + phrase.zh;
        out.en += (i == 0 ? " " : " and ") + phrase.verb + phrase.en;
    }
    return out;
}

Words sentence_of(const Node& node, const Schema& schema) {
    if (!node.text.empty()) return same(node.text);
    const std::string count = std::to_string(node.count);
    const std::string size = std::to_string(node.children.size());
    switch (node.kind) {
    case NodeKind::condition: return sentence_of(node.condition, schema);
    case NodeKind::manual: return same(node.manual);
    case NodeKind::always:
        return node.value ? Words{"无条件成立", "always true"} : Words{"一律不成立", "never true"};
    case NodeKind::negation: return {"以下不得成立", "must not hold:"};
    case NodeKind::all:
        return node.children.empty() ? Words{"没有条件，面向所有企业", "no conditions: open to all"}
                                     : Words{"以下须全部满足", "all of these:"};
    case NodeKind::any: return {"以下满足其一即可", "any one of these:"};
    case NodeKind::at_least:
        return {"以下" + size + "项中至少满足" + count + "项",
                "at least " + count + " of these " + size + ":"};
    case NodeKind::points:
        return {"评分合计不低于" + count + "分", "a score of at least " + count + " points"};
    }
    return {};
}

Words inline_sentence_of(const Node& node, const Schema& schema) {
    if (!node.text.empty() || node.children.empty()) return sentence_of(node, schema);
    const std::string count = std::to_string(node.count);
    Words out;
    for (const Node& child : node.children) {
        Words part = inline_sentence_of(child, schema);
        const bool nested = child.text.empty() && child.children.size() > 1;
        if (nested) part = {"（" + part.zh + "）", "(" + part.en + ")"};
        const bool all = node.kind == NodeKind::all, any = node.kind == NodeKind::any;
        out.zh += (out.zh.empty() ? "" : all ? " 且 " : any ? " 或 " : "、") + part.zh;
        out.en += (out.en.empty() ? "" : all ? " and " : any ? " or " : ", ") + part.en;
    }
    if (node.kind == NodeKind::negation) return {"非（" + out.zh + "）", "not (" + out.en + ")"};
    if (node.kind == NodeKind::at_least)
        return {"至少满足" + count + "项：" + out.zh, "at least " + count + " of: " + out.en};
    return out;
}

std::vector<std::string> constants_of(const Test& test, const Field& field) {
    std::vector<std::string> out = test.strings;
    for (std::int64_t number : test.numbers) {
        if (test.op == Op::known || test.op == Op::is)
            out.push_back(number == 1 ? "true" : "false");
        else if (field.kind == Kind::date)
            out.push_back(Date{static_cast<std::int32_t>(number)}.to_string());
        else if (field.kind == Kind::code)
            out.push_back((*field.codes)[static_cast<std::uint32_t>(number)].code);
        else
            out.push_back(
                format_decimal(number, field.is_ratio() ? kRatioDecimals : field.decimals));
    }
    return out;
}

bool negate(const Condition& condition, Condition& out) {
    if (condition.tests.size() != 1) return false;
    out = condition;
    Test& test = out.tests[0];
    switch (test.op) {
    case Op::ge: test.op = Op::lt; return true;
    case Op::gt: test.op = Op::le; return true;
    case Op::le: test.op = Op::gt; return true;
    case Op::lt: test.op = Op::ge; return true;
    case Op::eq: test.op = Op::ne; return true;
    case Op::ne: test.op = Op::eq; return true;
    case Op::is:
    case Op::known: test.numbers[0] = 1 - test.numbers[0]; return true;
    case Op::in: test.op = Op::not_in; return true;
    case Op::not_in: test.op = Op::in; return true;
    case Op::under: test.op = Op::not_under; return true;
    case Op::not_under: test.op = Op::under; return true;
    case Op::has_any: test.op = Op::has_none; return true;
    case Op::has_none: test.op = Op::has_any; return true;
    case Op::ever_has_any: test.op = Op::ever_has_none; return true;
    case Op::ever_has_none: test.op = Op::ever_has_any; return true;
    case Op::has_all: break;
    }
    if (test.strings.size() != 1) return false;
    test.op = Op::has_none;
    return true;
}

} // namespace qice
