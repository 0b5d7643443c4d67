// Explanations: sentences, repairs, fields to fill in, scores, benefits, the JSON shape.
#include "base/json.hpp"
#include "qice/match/explain.hpp"
#include "qice/rule/parse.hpp"

#include <catch2/catch.hpp>

#include <initializer_list>
#include <utility>

using namespace qice;

namespace {

constexpr const char* kSchema = R"({"id": "id", "fields": [
  {"name": "name", "label": "企业名称", "kind": "text"},
  {"name": "revenue", "label": "营业收入", "kind": "number", "unit": "元", "decimals": 2},
  {"name": "rd_expense", "label": "研发费用", "kind": "number", "unit": "元", "decimals": 2},
  {"name": "rd_ratio", "label": "研发费用占比", "kind": "number", "derive": {"ratio": ["rd_expense", "revenue"]}},
  {"name": "growth", "label": "增长率", "kind": "number", "decimals": 4},
  {"name": "employees", "label": "从业人员", "kind": "number", "unit": "人"},
  {"name": "year", "label": "上规年份", "kind": "number"},
  {"name": "established", "label": "成立日期", "kind": "date", "fixed": true},
  {"name": "dishonest", "label": "严重失信", "kind": "flag"},
  {"name": "zone", "label": "园区", "kind": "category"},
  {"name": "industry", "label": "行业", "kind": "code", "codes": "gbt4754"},
  {"name": "quals", "label": "资质", "kind": "set", "expires": true},
  {"name": "follows", "label": "关注标签", "kind": "tags"}]})";

SchemaPtr schema() {
    static const SchemaPtr loaded = Schema::parse(kSchema, "schema.json").value();
    return loaded;
}

using Cells = std::initializer_list<std::pair<const char*, const char*>>;

FirmTable firm(Cells cells) {
    FirmTableBuilder builder(schema(), *Date::parse("2026-06-15"));
    builder.begin("F1", 2);
    for (const auto& [name, text] : cells)
        REQUIRE(builder.set(*schema()->find(name), text) == nullptr);
    builder.end();
    return std::move(builder).finish();
}

std::vector<Policy> policies(const std::string& json) {
    PolicySet set = parse_policies(json, "test.json", schema());
    for (const Status& error : set.errors)
        FAIL(error.to_string());
    return std::move(set.policies);
}

Explanation explained(const std::string& policy, Cells cells, ExplainOptions options = {}) {
    const FirmTable table = firm(cells);
    return explain(*schema(), policies(policy), 0, table[0], options);
}

Explanation by_rule(const std::string& rule, Cells cells) {
    return explained(R"({"id": "P", "title": "试", "rule": )" + rule + "}", cells);
}

void says(const std::string& condition, const char* zh, const char* en) {
    const auto set = policies(R"({"id": "P", "rule": )" + condition + "}");
    const Words words = sentence_of(set[0].rule.root, *schema());
    CHECK(words.zh == zh);
    CHECK(words.en == en);
}

void details(const std::string& condition, Cells cells, const char* zh, const char* en) {
    const Explanation of = by_rule(condition, cells);
    CHECK(of.rule.detail.zh == zh);
    CHECK(of.rule.detail.en == en);
}

std::vector<std::uint32_t> changed(const Explanation& of) {
    std::vector<std::uint32_t> out;
    REQUIRE(of.repair);
    for (const ExplainedStep& step : of.repair->change)
        out.push_back(step.index);
    return out;
}

} // namespace

TEST_CASE("a missed bound is told with what the firm has, what is needed and the gap") {
    details(R"({"field": "revenue", "ge": "2000万元"})", {{"revenue", "1800万元"}},
            "营业收入 1,800万元，需 ≥ 2,000万元，还差 200万元",
            "revenue: 1,800万元; needed: ≥ 2,000万元; 200万元 short");
}

TEST_CASE("each operator has its sentence in both languages") {
    says(R"({"field": "revenue", "ge": "2000万元"})", "营业收入 ≥ 2,000万元",
         "revenue ≥ 2,000万元");
    says(R"({"field": "revenue", "gt": "1.5亿元"})", "营业收入 > 1.5亿元", "revenue > 1.5亿元");
    says(R"({"field": "revenue", "lt": "1234.56"})", "营业收入 < 1,234.56元",
         "revenue < 1,234.56元");
    says(R"({"field": "employees", "le": 1500})", "从业人员 ≤ 1,500人", "employees ≤ 1,500人");
    says(R"({"field": "year", "eq": 2025})", "上规年份 = 2025", "year = 2025");
    says(R"({"field": "employees", "ne": 3})", "从业人员 ≠ 3人", "employees ≠ 3人");
    says(R"({"field": "rd_ratio", "ge": "3.5%"})", "研发费用占比 ≥ 3.5%", "rd_ratio ≥ 3.5%");
    says(R"({"field": "growth", "ge": 0.1})", "增长率 ≥ 10%", "growth ≥ 10%");
    says(R"({"field": "established", "ge": "2020-01-01"})", "成立日期 不早于 2020-01-01",
         "established is on or after 2020-01-01");
    says(R"({"field": "established", "lt": "2020-01-01"})", "成立日期 早于 2020-01-01",
         "established is before 2020-01-01");
    says(R"({"field": "dishonest", "is": false})", "严重失信 为“否”", "dishonest is no");
    says(R"({"field": "zone", "in": ["A", "B"]})", "园区 为 A、B 之一", "zone is one of A, B");
    says(R"({"field": "zone", "not_in": "A"})", "园区 不为 A", "zone is not A");
    says(R"({"field": "industry", "under": "01"})", "行业 属于 01 农业",
         "industry is under 01 农业");
    says(R"({"field": "industry", "not_under": ["01", "0111"]})",
         "行业 不属于 01 农业、0111 稻谷种植 中任何一个",
         "industry is under none of 01 农业, 0111 稻谷种植");
    says(R"({"field": "quals", "has_any": ["甲", "乙"]})", "资质 含 甲、乙 之一",
         "quals has one of 甲, 乙");
    says(R"({"field": "quals", "has_all": ["甲", "乙"]})", "资质 同时含 甲、乙",
         "quals has all of 甲, 乙");
    says(R"({"field": "quals", "has_none": "甲"})", "资质 不含 甲", "quals has no 甲");
    says(R"({"field": "quals", "ever_has_any": "甲"})", "资质 曾有 甲", "quals ever had 甲");
    says(R"({"field": "quals", "ever_has_none": "甲"})", "资质 从未有 甲", "quals never had 甲");
    says(R"({"field": "revenue", "known": true})", "营业收入 已填写", "revenue is known");
    says(R"({"field": "revenue", "gt": "5000万元", "le": "2亿元"})",
         "营业收入 > 5,000万元 且 ≤ 2亿元", "revenue > 5,000万元 and ≤ 2亿元");
    says(R"({"manual": "属于重点领域"})", "属于重点领域", "属于重点领域");
}

TEST_CASE("gaps are told in the terms of the field") {
    details(R"({"field": "employees", "gt": 5})", {{"employees", "3"}},
            "从业人员 3人，需 > 5人，还差 3人", "employees: 3人; needed: > 5人; 3人 short");
    details(R"({"field": "revenue", "le": "1亿元"})", {{"revenue", "1.25亿元"}},
            "营业收入 1.25亿元，需 ≤ 1亿元，超出 2,500万元",
            "revenue: 1.25亿元; needed: ≤ 1亿元; 2,500万元 over");
    details(R"({"field": "established", "le": "2025-06-15"})", {{"established", "2025-07-01"}},
            "成立日期 2025-07-01，需不晚于 2025-06-15，晚了16天",
            "established: 2025-07-01; needed: on or before 2025-06-15; 16 days too late");
    details(R"({"field": "dishonest", "is": false})", {{"dishonest", "是"}},
            "严重失信 是，需为“否”", "dishonest: yes; needed: no");
    details(R"({"field": "revenue", "ge": 1})", {}, "营业收入 未填写，需 ≥ 1元",
            "revenue: not known; needed: ≥ 1元");
}

TEST_CASE("a ratio is exact where it is short, else rounded down and marked") {
    details(R"({"field": "rd_ratio", "ge": "3%"})", {{"rd_expense", "1"}, {"revenue", "40"}},
            "研发费用占比 2.5%，需 ≥ 3%，还差 0.5个百分点",
            "rd_ratio: 2.5%; needed: ≥ 3%; 0.5 percentage points short");
    details(R"({"field": "rd_ratio", "ge": "3%"})", {{"rd_expense", "1"}, {"revenue", "43"}},
            "研发费用占比 ≈2.32%，需 ≥ 3%，还差 ≈0.68个百分点",
            "rd_ratio: ≈2.32%; needed: ≥ 3%; ≈0.68 percentage points short");
    details(R"({"field": "rd_ratio", "ge": "3%"})", {{"revenue", "43"}},
            "研发费用占比 未填写（缺研发费用），需 ≥ 3%",
            "rd_ratio: not known (rd_expense missing); needed: ≥ 3%");
    details(R"({"field": "rd_ratio", "ge": "3%"})", {{"rd_expense", "1"}, {"revenue", "0"}},
            "研发费用占比 无法计算（营业收入为0），需 ≥ 3%",
            "rd_ratio: not known (revenue is 0); needed: ≥ 3%");
}

TEST_CASE("sets tell what is missing, expired or in the way") {
    details(R"({"field": "quals", "has_any": ["甲"]})", {{"quals", "甲@2026-06-14|丙"}},
            "资质 甲（已于2026-06-14过期）、丙，需含 甲，甲（已于2026-06-14过期）",
            "quals: 甲 (expired 2026-06-14), 丙; needed: 甲; 甲 (expired 2026-06-14)");
    details(R"({"field": "quals", "has_all": ["甲", "乙"]})", {{"quals", "甲"}},
            "资质 甲，需同时含 甲、乙，缺乙", "quals: 甲; needed: all of 甲, 乙; 乙 missing");
    details(R"({"field": "quals", "has_any": ["甲", "乙"]})", {},
            "资质 无，需含 甲、乙 之一，一项都没有",
            "quals: none; needed: one of 甲, 乙; has none of them");
    details(R"({"field": "quals", "has_none": ["甲"]})", {{"quals", "甲@2026-06-15"}},
            "资质 甲（有效至2026-06-15），需不含 甲，现有甲（有效至2026-06-15）",
            "quals: 甲 (until 2026-06-15); needed: no 甲; has 甲 (until 2026-06-15)");
    details(R"({"field": "quals", "has_any": ["甲"]})", {{"quals", "丙|甲"}}, "资质 甲",
            "quals: 甲");
}

TEST_CASE("under not, the opposite is needed") {
    const Explanation of =
        by_rule(R"({"not": {"field": "employees", "ge": 300}})", {{"employees", "310"}});
    CHECK(of.verdict == Verdict::near);
    REQUIRE(of.rule.children.size() == 1);
    CHECK(of.rule.children[0].truth == Truth::yes);
    CHECK(of.rule.children[0].negated);
    CHECK(of.rule.children[0].detail.zh == "从业人员 310人，需 < 300人，超出 11人");
    CHECK(changed(of) == std::vector<std::uint32_t>{1});
}

TEST_CASE("the repair takes the cheapest branch of any") {
    const Explanation of = by_rule(R"({"all": [
        {"any": [{"all": [{"field": "employees", "ge": 100}, {"field": "dishonest", "is": true}]},
                 {"field": "revenue", "ge": 100},
                 {"field": "established", "ge": "2030-01-01"}]},
        {"field": "growth", "ge": "10%"}]})",
                                   {{"employees", "5"},
                                    {"dishonest", "0"},
                                    {"revenue", "1"},
                                    {"established", "2020-01-01"},
                                    {"growth", "0.05"}});
    CHECK(of.verdict == Verdict::ineligible);
    CHECK(of.repair->cost == 2);
    CHECK(changed(of) == std::vector<std::uint32_t>{5, 7});
    CHECK(of.repair->change[1].what.zh == "增长率 5%，需 ≥ 10%，还差 5个百分点");
}

TEST_CASE("the repair of at_least takes the fewest, never a fixed or an unknown one") {
    const char* rule = R"({"at_least": 2, "of": [
        {"field": "established", "ge": "2030-01-01"}, {"field": "revenue", "ge": 5},
        {"field": "employees", "ge": 5}, {"field": "growth", "ge": 1}, {"field": "dishonest", "is": false}]})";
    const Explanation near = by_rule(rule, {{"established", "2020-01-01"},
                                            {"employees", "1"},
                                            {"growth", "0"},
                                            {"revenue", "1"},
                                            {"dishonest", "0"}});
    CHECK(near.verdict == Verdict::near);
    CHECK(changed(near) == std::vector<std::uint32_t>{2});
    const Explanation fixed = by_rule(
        R"({"all": [{"field": "established", "ge": "2030-01-01"}, {"field": "revenue", "ge": 5}]})",
        {{"established", "2020-01-01"}, {"revenue", "1"}});
    CHECK(fixed.verdict == Verdict::ineligible);
    CHECK_FALSE(fixed.repair);
}

TEST_CASE("a points table is one condition, with the least and most of each item") {
    const char* rule = R"({"points": 60, "of": [
        {"label": "研发", "tiers": [{"when": {"field": "rd_ratio", "ge": "6%"}, "points": 50},
                                    {"when": {"field": "rd_ratio", "ge": "3%"}, "points": 20}]},
        {"label": "人员", "tiers": [{"when": {"field": "employees", "ge": 10}, "points": 20}]},
        {"label": "专家", "manual": "专家评分", "points": 10}]})";
    const Explanation of =
        by_rule(rule, {{"rd_expense", "4"}, {"revenue", "100"}, {"employees", "10"}});
    CHECK(of.verdict == Verdict::near);
    CHECK(of.rule.points.least == 40);
    CHECK(of.rule.points.most == 50);
    CHECK(of.rule.items[0].points.least == 20);
    CHECK(of.rule.items[2].points.most == 10);
    CHECK(of.rule.detail.zh == "得分 40–50分，需不低于60分，还差 10分");
    CHECK(changed(of) == std::vector<std::uint32_t>{0});

    const Explanation open = by_rule(rule, {{"employees", "10"}, {"revenue", "100"}});
    CHECK(open.verdict == Verdict::needs_data);
    CHECK(open.one_fact_away);
    REQUIRE(open.missing.size() == 1);
    CHECK(open.missing[0].field == "rd_expense");
    CHECK(open.missing[0].decisive);
    REQUIRE(open.confirm.size() == 1);
    CHECK(open.confirm[0].what.zh == "专家：专家评分");
}

TEST_CASE("needs_data names the fields to fill in, the decisive ones first") {
    const Explanation of = by_rule(R"({"any": [
        {"all": [{"field": "rd_ratio", "ge": "3%"}, {"field": "growth", "ge": 0}]},
        {"field": "dishonest", "is": false}]})",
                                   {});
    CHECK(of.verdict == Verdict::needs_data);
    CHECK(of.one_fact_away);
    std::vector<std::pair<std::string, bool>> fields;
    for (const MissingField& field : of.missing)
        fields.emplace_back(field.field, field.decisive);
    CHECK(fields ==
          std::vector<std::pair<std::string, bool>>{
              {"dishonest", true}, {"rd_expense", false}, {"revenue", false}, {"growth", false}});
    CHECK(reason_of(of).zh == "缺严重失信");
}

TEST_CASE("the score is told line by line and adds up") {
    Urgency urgency{200'000, 100};
    const Explanation of =
        explained(R"({"id": "P", "rule": {"all": []}, "priority": 0.6,
        "tags": {"出口": 0.5, "数字": -1, "无": 1},
        "windows": [{"closes": "2026-06-25"}],
        "prefer": [{"when": {"field": "employees", "ge": 5}, "add": 0.2},
                   {"when": {"field": "employees", "ge": 50}, "add": 9}]})",
                  {{"employees", "7"}, {"follows", "出口:0.8|数字:0.125"}}, {urgency, {}});
    std::vector<Score> lines;
    for (const ScoreLine& line : of.score_lines)
        lines.push_back(line.score);
    CHECK(lines == std::vector<Score>{600'000, 400'000, -125'000, 200'000, 180'000});
    CHECK(of.score == 1'255'000);
    CHECK(of.score_lines[1].what.zh == "关注标签「出口」：企业 0.8 × 政策 0.5");
    CHECK(of.score_lines[3].what.zh == "从业人员 ≥ 5人");
}

TEST_CASE("a benefit is exact, rounded down to 分 and capped") {
    const auto benefit = [](const std::string& json, Cells cells) {
        return explained(R"({"id": "P", "rule": {"all": []}, "benefit": )" + json + "}", cells)
            .benefit;
    };
    using State = ExplainedBenefit::State;
    CHECK(benefit(R"({"kind": "grant", "amount": "15万元"})", {}).fen == 15'000'000);
    const char* rate = R"({"kind": "grant", "rate": "33.3%", "of": "rd_expense", "cap": "1万元"})";
    CHECK(benefit(rate, {{"rd_expense", "0.05"}}).fen == 1); // 1.665 分
    CHECK(benefit(rate, {{"rd_expense", "100万元"}}).fen == 1'000'000);
    CHECK(benefit(rate, {{"rd_expense", "-5"}}).fen == 0);
    const ExplainedBenefit unknown = benefit(rate, {});
    CHECK(unknown.state == State::unknown);
    CHECK(unknown.missing[0].field == "rd_expense");
    CHECK(words_for(unknown).zh == "未知，缺研发费用");
    CHECK(benefit(R"({"kind": "title"})", {}).state == State::unstated);
}

TEST_CASE("benefit tiers: the first true one, unknown if an unknown one comes before") {
    const char* tiers = R"({"kind": "grant", "tiers": [
        {"when": {"field": "employees", "ge": 100}, "amount": "10万元"},
        {"when": {"field": "revenue", "ge": 100}, "amount": "5万元"}]})";
    const auto benefit = [&](Cells cells) {
        return explained(R"({"id": "P", "rule": {"all": []}, "benefit": )" + std::string(tiers) +
                             "}",
                         cells)
            .benefit;
    };
    CHECK(benefit({{"employees", "100"}}).fen == 10'000'000);
    const ExplainedBenefit open = benefit({{"revenue", "100"}});
    CHECK(open.state == ExplainedBenefit::State::unknown);
    CHECK(open.missing[0].field == "employees");
    const ExplainedBenefit second = benefit({{"employees", "1"}, {"revenue", "100"}});
    CHECK(second.fen == 5'000'000);
    CHECK(*second.tier == 1);
    const ExplainedBenefit none = benefit({{"employees", "1"}, {"revenue", "1"}});
    CHECK(none.state == ExplainedBenefit::State::known);
    CHECK(none.fen == 0);
}

TEST_CASE("every life cycle is told with its reason") {
    const auto reason = [](const std::string& members) {
        const Explanation of = explained(R"([{"id": "P", "rule": {"all": []})" + members + "]", {});
        return std::string(name_of(of.life_cycle)) + ": " + of.life_cycle_reason.zh;
    };
    CHECK(reason("}") == "open: 没有截止日期");
    CHECK(reason(R"(, "status": "draft"})") == "draft: 草案，尚未发布");
    CHECK(reason(R"(, "effective": {"to": "2025-12-31"}})") == "not_in_force: 已于2025-12-31失效");
    CHECK(reason(R"(, "windows": [{"closes": "2026-05-25"}, {"opens": "2026-07-01"}]})") ==
          "closed: 申报已于2026-05-25截止，下次2026-07-01开始");
    CHECK(reason(R"(}, {"id": "Q", "title": "新", "supersedes": ["P"], "rule": {"all": []}})") ==
          "superseded: 已被 Q 新 取代");
    CHECK(reason(R"(, "windows": [{"closes": "2026-06-15"}]})") == "open: 今天截止");
}

TEST_CASE("the text tells verdict, repair and rule") {
    const Explanation of =
        by_rule(R"({"all": [{"field": "revenue", "ge": "2000万元", "source": "第六条（二）"},
                            {"manual": "属于重点领域"}]})",
                {{"name", "试验公司"}, {"revenue", "1800万元"}});
    CHECK(to_text(of, Language::zh) == R"(企业  F1  试验公司
政策  P  试（第1版）
日期  2026-06-15
状态  开放（没有截止日期）
结论  只差一项

最少改变1项即可符合
  • 营业收入 1,800万元，需 ≥ 2,000万元，还差 200万元

需人工确认
  • 属于重点领域

申报条件
  ✗ 营业收入 1,800万元，需 ≥ 2,000万元，还差 200万元〔第六条（二）〕
  ◇ 属于重点领域（需人工确认）

得分  0.000000
  +0.000000  政策优先级
)");
    CHECK(to_text(of, Language::en)
              .find("One change would do\n  • revenue: 1,800万元; needed: "
                    "≥ 2,000万元; 200万元 short\n") != std::string::npos);
}

TEST_CASE("the JSON is one object of the documented shape") {
    const Explanation of =
        by_rule(R"({"all": [{"field": "revenue", "ge": "2000万元", "text": "说\"明\""}]})",
                {{"revenue", "1800万元"}});
    const std::string text = to_json(of);
    const Result<Json> parsed = parse_json({"", text});
    REQUIRE(parsed.ok());
    const Json& json = parsed.value();
    CHECK(json.find("format")->text == "qice-explanation");
    CHECK(json.find("version")->text == "1");
    CHECK(json.find("verdict")->text == "near");
    CHECK(json.find("repair")->find("cost")->text == "1");
    const Json& leaf = json.find("rule")->find("children")->items[0];
    CHECK(leaf.find("sentence")->find("zh")->text == "说\"明\"");
    CHECK(leaf.find("truth")->text == "no");
    CHECK(leaf.find("gap")->find("en")->text == "200万元 short");
    CHECK(leaf.find("tests")->items[0].find("values")->items[0].text == "20000000");
    CHECK(json.find("score")->text == "0.000000");
    CHECK(json.find("benefit")->find("state")->text == "none");
}
