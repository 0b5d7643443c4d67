// Conditions and values in words, in Chinese and English.
//
// Numbers are written exactly, with separators and in 万元 or 亿元 where that is short; nothing
// here decides anything. Labels are the schema's in Chinese and the field's name in English.
#pragma once

#include "qice/base/date.hpp"
#include "qice/model/schema.hpp"
#include "qice/rule/rule.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qice {

enum class Language : std::uint8_t { zh, en };

/// The same thing said in both languages.
struct Words {
    std::string zh, en;

    const std::string& in(Language language) const { return language == Language::zh ? zh : en; }
    bool empty() const { return zh.empty() && en.empty(); }
};

/// The same text in both.
inline Words same(std::string text) { return {text, text}; }

/// `A、B、C` and `A, B, C`; after `most` parts `等12项` and `... (12 in all)`.
Words listed(const std::vector<Words>& parts, std::size_t most = 8);

Words label_of(const Field& field);

/// Money held as `value` / 10^decimals 元: 2,000万元, 1.5亿元, 18,234.56元.
std::string money_text(std::int64_t value, int decimals);
/// A number (not a ratio) of a field, with its unit.
std::string number_text(const Field& field, std::int64_t value);
/// `value` / 10^decimals as a percentage, exactly: 3%, 12.5%.
std::string percent_text(std::int64_t value, int decimals);
/// Is a number of this field read as a percentage? Ratios, and numbers without a unit that have at
/// least four decimals.
bool is_percentage(const Field& field);
/// A code with its name, `C39 计算机...`, by its number in the field's list.
std::string code_text(const Field& field, std::uint32_t code);
/// A category, or a code without a list; the size classes have Chinese names.
Words category_text(const Field& field, std::string_view value);

/// What a condition asks for, without the field: `≥ 2,000万元`, `属于 440000 广东省`; English
/// leaves the verb out: `under 440000 广东省`.
Words need_of(const Condition& condition, const Schema& schema);
/// The whole condition: `营业收入 ≥ 2,000万元`, `revenue ≥ 2,000万元`.
Words sentence_of(const Condition& condition, const Schema& schema);
/// The text its author gave, else one made from the node itself (not from what is below it).
Words sentence_of(const Node& node, const Schema& schema);
/// The node and what is below it in one line: `营业收入 ≥ 2,000万元 且 规模 为 小型`.
Words inline_sentence_of(const Node& node, const Schema& schema);
/// The constants of a test, exact and plain: 20000000, 2026-01-05, true, C39, 高新技术企业.
std::vector<std::string> constants_of(const Test& test, const Field& field);

/// Can `not` be said by turning the operator round? Then `out` is the condition turned round.
bool negate(const Condition& condition, Condition& out);

} // namespace qice
