#include "generate/rules.hpp"

#include "base/json.hpp"
#include "generate/words.hpp"

#include <array>
#include <initializer_list>
#include <span>
#include <vector>

namespace qice {
namespace {

using Nodes = std::vector<std::string>;
using Words = std::initializer_list<std::string_view>;

// --------------------------------------------------------------------------------- JSON pieces

std::string quoted(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

std::string condition(std::string_view field, std::string_view op, std::string_view json,
                      std::string_view text = {}) {
    std::string out = "{\"field\":" + quoted(field) + "," + quoted(op) + ":" + std::string(json);
    if (!text.empty()) out += ",\"text\":" + quoted(text);
    return out + "}";
}

std::string least(std::string_view field, std::string_view amount) {
    return condition(field, "ge", quoted(amount));
}
std::string least(std::string_view field, std::int64_t amount) {
    return condition(field, "ge", std::to_string(amount));
}
std::string most(std::string_view field, std::string_view amount) {
    return condition(field, "le", quoted(amount));
}
std::string most(std::string_view field, std::int64_t amount) {
    return condition(field, "le", std::to_string(amount));
}

template <class List> std::string array_of(const List& words) {
    std::string out = "[";
    for (const auto& word : words) {
        if (out.size() > 1) out += ',';
        out += quoted(word);
    }
    return out + "]";
}

std::string has_any(Words names) { return condition("qualifications", "has_any", array_of(names)); }

std::string group(std::string_view word, const Nodes& nodes) {
    std::string out = "{" + quoted(word) + ":[";
    for (const std::string& node : nodes) {
        if (out.back() != '[') out += ',';
        out += node;
    }
    return out + "]}";
}
std::string all(const Nodes& nodes) { return group("all", nodes); }
std::string any(const Nodes& nodes) { return group("any", nodes); }

std::string at_least(std::size_t count, const Nodes& nodes) {
    std::string out = group("of", nodes);
    return "{\"at_least\":" + std::to_string(count) + "," + out.substr(1);
}

template <std::size_t N>
std::string_view one_of(Random& random, const std::string_view (&words)[N]) {
    return words[random.below(N)];
}
template <std::size_t N> std::int64_t one_of(Random& random, const std::int64_t (&numbers)[N]) {
    return numbers[random.below(N)];
}

// ------------------------------------------------- sub-rules, copied from level to level as text

const char* const kHighTech = "高新技术企业";
const char* const kTechSme = "科技型中小企业";
const char* const kInnovative = "创新型中小企业";
const char* const kSpecial = "专精特新中小企业";
const char* const kLittleGiant = "专精特新“小巨人”企业";
const char* const kKeyLittleGiant = "重点“小巨人”企业";
const char* const kChampion = "制造业单项冠军企业";
const char* const kReserve = "上市后备企业";
const char* const kAboveScale = "规模以上企业";

std::string clean(Random& random) {
    const std::string honest = condition("dishonest", "is", "false", "未被列入严重失信主体名单");
    const std::string normal = condition("abnormal", "is", "false", "未被列入经营异常名录");
    const std::uint64_t kind = random.below(10);
    if (kind < 3) return all({honest, normal});
    if (kind < 8) return honest;
    return "{\"not\":" +
           any({condition("dishonest", "is", "true"),
                condition("judgment_defaulter", "is", "true")}) +
           "}";
}

/// 研发费用占比 by revenue, as in the recognition of high-tech enterprises.
std::string research_by_revenue() {
    return any({all({most("revenue", "5000万元"), least("rd_ratio", "5%")}),
                all({condition("revenue", "gt", "\"5000万元\""), most("revenue", "20000万元"),
                     least("rd_ratio", "4%")}),
                all({condition("revenue", "gt", "\"20000万元\""), least("rd_ratio", "3%")})});
}

std::string strong_or_growing() {
    const std::string inventive = any({least("patents", 10), least("rd_ratio", "5%")});
    return any({has_any({kSpecial, kLittleGiant}),
                all({least("revenue", "5000万元"), least("growth", "10%")}),
                all({has_any({kHighTech}), inventive})});
}

std::string two_of_three() {
    return at_least(2, {least("rd_ratio", "3%"), least("patents", 5), least("growth", "10%")});
}

std::string recognised() {
    return any({has_any({kHighTech, kTechSme}), has_any({kInnovative, kSpecial})});
}

std::string tier(const std::string& when, int points) {
    return "{\"when\":" + when + ",\"points\":" + std::to_string(points) + "}";
}

std::string item(std::string_view label, const Nodes& tiers) {
    std::string out = group("tiers", tiers);
    return "{\"label\":" + quoted(label) + "," + out.substr(1);
}

std::string score_table(Random& random) {
    constexpr std::int64_t kPoints[] = {50, 60, 70};
    const Nodes items{
        item("研发投入强度", {tier(least("rd_ratio", "6%"), 40), tier(least("rd_ratio", "5%"), 30),
                              tier(least("rd_ratio", "3%"), 20)}),
        item("知识产权", {tier(least("patents", 10), 30), tier(least("patents", 3), 15)}),
        item("成长性", {tier(least("growth", "20%"), 20), tier(least("growth", "5%"), 10)}),
        random.percent(50) ? item("资质", {tier(has_any({kSpecial, kLittleGiant}), 30),
                                           tier(has_any({kHighTech}), 20)})
                           : std::string("{\"label\":\"创新能力\",\"manual\":\"专家评分\","
                                         "\"points\":20}")};
    const std::string of = group("of", items);
    return "{\"points\":" + std::to_string(one_of(random, kPoints)) + "," + of.substr(1);
}

// ---------------------------------------------------------------------------------- industries

/// For whom a rule is made.
struct Scope {
    const City& city;
    Level level;
};

/// Which industries a rule names, as a condition; sets the rule's subject.
std::string divisions_of_a_trade(Random& random, MadeRule& rule, bool services) {
    const std::size_t first = services ? 18 : 0, count = services ? 8 : 14;
    rule.trade = first + random.below(count);
    const Trade& trade = trades()[rule.trade];
    rule.subject = trade.subject;
    Nodes divisions;
    for (std::size_t at = 0; at < trade.divisions.size(); at += 3)
        divisions.emplace_back(trade.divisions.substr(at, 2));
    if (divisions.size() > 3) { // a run of three
        const std::size_t from = random.below(divisions.size() - 2);
        divisions = {divisions[from], divisions[from + 1], divisions[from + 2]};
    }
    if (!services && random.percent(8)) divisions.emplace_back("65");
    return condition("industry", "under", array_of(divisions));
}

/// Whole sections; a city with little manufacturing names others beside it.
std::string sections(Random& random, const City& city, MadeRule& rule, bool services) {
    constexpr std::string_view kMixed[] = {R"(["C","F51"])", R"(["C","E","I"])",
                                           R"(["C","G","I65"])", R"(["B","C","D","E"])"};
    constexpr std::string_view kIndustry[] = {R"(["C"])", R"(["C"])", R"(["C","I65"])",
                                              R"(["B","C","D"])"};
    constexpr std::string_view kServices[] = {R"(["F"])", R"(["G","H","L","M"])", R"(["F","H"])",
                                              R"(["I","L","M"])"};
    rule.subject = services ? "服务业企业" : city.industrial ? "制造业企业" : "实体企业";
    const auto& lists = services ? kServices : city.industrial ? kIndustry : kMixed;
    return condition("industry", "under", one_of(random, lists));
}

/// Wide rules name sections rather than divisions: most of those of a city and above.
std::string industries(Random& random, const Scope& scope, MadeRule& rule, bool services) {
    return random.percent(scope.level == Level::local ? 62 : 82)
               ? sections(random, scope.city, rule, services)
               : divisions_of_a_trade(random, rule, services);
}

// -------------------------------------------------------------------------------------- themes

constexpr std::string_view kMoney[] = {"300万元",  "500万元",  "1000万元",  "2000万元",
                                       "2000万元", "5000万元", "10000万元", "20000万元"};
constexpr std::string_view kCapital[] = {"50万元", "100万元", "100万元", "500万元", "1000万元"};
constexpr std::int64_t kLeastAge[] = {12, 24, 36, 36, 60};
constexpr std::int64_t kMostAge[] = {12, 24, 36, 60};
constexpr std::int64_t kLeastStaff[] = {10, 20, 50, 100, 300};
constexpr std::int64_t kMostStaff[] = {30, 100, 200, 300};
constexpr std::string_view kResearch[] = {"3%", "3%", "4%", "5%", "6%"};

std::string company() { return condition("entity_type", "in", R"(["企业"])"); }

/// One more demand, from registry data that is nearly always known.
void add_registry(Random& random, Nodes& nodes) {
    switch (random.below(4)) {
    case 0: nodes.push_back(least("registered_capital", one_of(random, kCapital))); break;
    case 1: nodes.push_back(least("age_months", one_of(random, kLeastAge))); break;
    case 2: nodes.push_back(condition("legal_entity", "is", "true")); break;
    default:
        nodes.push_back(company());
        nodes.push_back(least("age_months", one_of(random, kLeastAge)));
    }
}

void add_upgrade(Random& random, Nodes& nodes, MadeRule& rule, const Scope& scope) {
    nodes.push_back(industries(random, scope, rule, false));
    nodes.push_back(clean(random));
    add_registry(random, nodes);
    if (random.percent(rule.trade != kNoTrade ? 40 : 28))
        nodes.push_back(random.percent(50) ? least("revenue", one_of(random, kMoney))
                                           : least("employees", one_of(random, kLeastStaff)));
    if (random.percent(25)) nodes.push_back(condition("four_above", "is", "true"));
}

void add_qualification(Random& random, Nodes& nodes, MadeRule& rule) {
    constexpr std::size_t kKinds = 6;
    const std::string kinds[kKinds] = {has_any({kHighTech}),
                                       has_any({kTechSme, kInnovative}),
                                       has_any({kSpecial, kLittleGiant}),
                                       has_any({kHighTech, kTechSme}),
                                       has_any({kAboveScale}),
                                       has_any({kLittleGiant, kKeyLittleGiant, kChampion})};
    nodes.push_back(kinds[random.below(kKinds)]);
    nodes.push_back(clean(random));
    if (random.percent(40)) nodes.push_back(divisions_of_a_trade(random, rule, false));
    if (random.percent(30)) nodes.push_back(recognised());
}

void add_growth(Random& random, Nodes& nodes, MadeRule& rule) {
    nodes.push_back(random.percent(60) ? condition("industry", "under", R"(["B","C","D"])")
                                       : divisions_of_a_trade(random, rule, random.percent(50)));
    nodes.push_back(condition("four_above", "is", "true"));
    nodes.push_back(clean(random));
    nodes.push_back(least("revenue", one_of(random, kMoney)));
    if (random.percent(40)) nodes.push_back(least("growth", random.percent(50) ? "5%" : "10%"));
    if (random.percent(30)) nodes.push_back(least("employees", one_of(random, kLeastStaff)));
}

void add_small(Random& random, Nodes& nodes, MadeRule& rule) {
    nodes.push_back(condition("scale", "in", R"(["small","micro"])"));
    nodes.push_back(divisions_of_a_trade(random, rule, random.percent(50)));
    nodes.push_back(clean(random));
    if (random.percent(50)) nodes.push_back(most("employees", one_of(random, kMostStaff)));
    if (random.percent(30)) nodes.push_back(most("assets", "5000万元"));
    add_registry(random, nodes);
}

void add_startup(Random& random, Nodes& nodes, MadeRule& rule, const Scope& scope) {
    nodes.push_back(most("age_months", one_of(random, kMostAge)));
    nodes.push_back(company());
    const bool open = scope.level != Level::local && random.percent(48); // to every industry
    if (!open) nodes.push_back(industries(random, scope, rule, random.percent(60)));
    nodes.push_back(clean(random));
    if (!open && random.percent(25)) nodes.push_back(most("employees", one_of(random, kMostStaff)));
    if (random.percent(40)) nodes.push_back(least("registered_capital", one_of(random, kCapital)));
}

void add_research(Random& random, Nodes& nodes, MadeRule& rule) {
    nodes.push_back(recognised());
    if (random.percent(50)) nodes.push_back(divisions_of_a_trade(random, rule, false));
    nodes.push_back(clean(random));
    nodes.push_back(random.percent(40) ? research_by_revenue()
                                       : least("rd_ratio", one_of(random, kResearch)));
    if (random.percent(40)) nodes.push_back(least("tech_staff_ratio", "10%"));
    if (random.percent(40)) nodes.push_back(least("patents", random.percent(50) ? 3 : 10));
}

void add_table(Random& random, Nodes& nodes, MadeRule& rule) {
    nodes.push_back(has_any({kHighTech, kTechSme, kInnovative}));
    nodes.push_back(clean(random));
    if (random.percent(50)) nodes.push_back(divisions_of_a_trade(random, rule, false));
    nodes.push_back(score_table(random));
}

void add_choice(Random& random, Nodes& nodes, MadeRule& rule) {
    nodes.push_back(divisions_of_a_trade(random, rule, false));
    nodes.push_back(clean(random));
    if (random.percent(50)) {
        nodes.push_back(recognised());
        nodes.push_back(two_of_three());
        return;
    }
    nodes.push_back(at_least(2, {least("registered_capital", "500万元"), least("age_months", 60),
                                 condition("four_above", "is", "true"), has_any({kHighTech})}));
}

void add_services(Random& random, Nodes& nodes, MadeRule& rule, const Scope& scope) {
    nodes.push_back(industries(random, scope, rule, true));
    nodes.push_back(clean(random));
    add_registry(random, nodes);
    if (random.percent(40)) nodes.push_back(least("registered_capital", one_of(random, kCapital)));
    if (random.percent(rule.trade != kNoTrade ? 40 : 28))
        nodes.push_back(least("revenue", one_of(random, kMoney)));
}

void add_capital(Random& random, Nodes& nodes, MadeRule&) {
    nodes.push_back(any({condition("listed", "is", "true"), has_any({kReserve}),
                         all({has_any({kLittleGiant}), least("revenue", "10000万元")})}));
    nodes.push_back(clean(random));
    nodes.push_back(least("revenue", "5000万元"));
    if (random.percent(50)) nodes.push_back(least("assets", "10000万元"));
}

void add_ladder(Random& random, Nodes& nodes, MadeRule& rule) {
    if (random.percent(60)) nodes.push_back(divisions_of_a_trade(random, rule, false));
    nodes.push_back(condition("scale", "in", R"(["medium","small","micro"])"));
    nodes.push_back(recognised());
    nodes.push_back(clean(random));
    nodes.push_back(strong_or_growing());
    if (random.percent(50)) nodes.push_back(two_of_three());
}

void add_theme(Random& random, const Scope& scope, Theme theme, Nodes& nodes, MadeRule& rule) {
    switch (theme) {
    case Theme::upgrade: return add_upgrade(random, nodes, rule, scope);
    case Theme::qualification: return add_qualification(random, nodes, rule);
    case Theme::growth: return add_growth(random, nodes, rule);
    case Theme::small: return add_small(random, nodes, rule);
    case Theme::startup: return add_startup(random, nodes, rule, scope);
    case Theme::research: return add_research(random, nodes, rule);
    case Theme::table: return add_table(random, nodes, rule);
    case Theme::choice: return add_choice(random, nodes, rule);
    case Theme::services: return add_services(random, nodes, rule, scope);
    case Theme::capital: return add_capital(random, nodes, rule);
    case Theme::ladder: return add_ladder(random, nodes, rule);
    }
}

/// Themes with few demands; what no data can decide is rarer there.
bool is_wide(Theme theme) {
    return theme == Theme::upgrade || theme == Theme::small || theme == Theme::startup ||
           theme == Theme::services;
}

} // namespace

std::string_view title_of(Theme theme) {
    constexpr std::string_view kTitles[kThemes] = {
        "技术改造补助",   "资质认定奖励", "上规发展奖励", "小微企业纾困",
        "创业扶持",       "研发投入补助", "创新能力评价", "高质量发展扶持",
        "服务业发展扶持", "上市融资奖励", "梯度培育奖励"};
    return kTitles[static_cast<std::size_t>(theme)];
}

MadeRule make_rule(Random& random, const City& city, Level level, Theme theme,
                   std::string_view region) {
    constexpr std::string_view kManual[] = {
        "项目符合当地产业发展方向", "主导产品在细分市场处于领先地位",
        "核心技术属于国家重点支持的领域", "项目已按要求完成竣工验收", "申报材料经主管部门审核属实"};
    MadeRule rule;
    rule.trade = kNoTrade;
    rule.subject = "企业";
    Nodes nodes;
    if (!region.empty()) {
        Nodes regions{std::string(region)};
        // a cluster's core zone lies in two towns
        if (level == Level::local && random.percent(6))
            regions.push_back(city.places[city.place_choice.pick(random)].code);
        nodes.push_back(condition("region", "under", array_of(regions)));
    }
    add_theme(random, {city, level}, theme, nodes, rule);
    if (random.percent(is_wide(theme) ? 12 : 30))
        nodes.push_back("{\"manual\":" + quoted(one_of(random, kManual)) + "}");
    rule.json = all(nodes);
    return rule;
}

std::string make_preference(Random& random) {
    switch (random.below(5)) {
    case 0: return condition("scale", "in", R"(["small","micro"])");
    case 1: return has_any({kSpecial, kLittleGiant});
    case 2: return has_any({kHighTech});
    case 3: return most("age_months", 36);
    default: return condition("four_above", "is", "true");
    }
}

} // namespace qice
