// The schema and the firms of a random world.
#include "world.hpp"

#include <algorithm>

namespace qice::agree {
namespace {

/// The civil date some days after 1970-01-01 (H. Hinnant, chrono-compatible date algorithms).
std::string date_text(std::int64_t days, char separator) {
    const std::int64_t z = days + 719468, era = z / 146097, doe = z - era * 146097;
    const std::int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    const std::int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    const std::int64_t day = doy - (153 * mp + 2) / 5 + 1, month = mp < 10 ? mp + 3 : mp - 9;
    const std::int64_t year = yoe + era * 400 + (month <= 2);
    const auto two = [](std::int64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    const std::string bar = separator == 0 ? "" : std::string(1, separator);
    return std::to_string(year) + bar + two(month) + bar + two(day);
}

struct Day {
    const char* text;
    std::int64_t days;
};
constexpr Day kDays[] = {
    {"2026-11-23", 20780}, {"2024-02-29", 19782}, {"2026-02-28", 20512}, {"2026-12-31", 20818}};

} // namespace

std::string decimal_text(std::int64_t value, int decimals) {
    std::string digits = std::to_string(value < 0 ? -value : value);
    const auto places = static_cast<std::size_t>(decimals);
    if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
    if (places > 0) digits.insert(digits.size() - places, 1, '.');
    return (value < 0 ? "-" : "") + digits;
}

std::string quoted(const std::string& text) { return '"' + text + '"'; }

std::string joined(const std::vector<std::string>& parts, const std::string& separator) {
    std::string out;
    for (std::size_t i = 0; i < parts.size(); ++i)
        out += (i == 0 ? "" : separator) + parts[i];
    return out;
}

/// Industries that touch every way the size standard can answer; regions with towns straight under
/// a city and a county straight under a province.
const std::map<std::string, std::string>& code_lists() {
    static const std::map<std::string, std::string> kLists{
        {"industry_list.csv",
         "code,name,parent,level,alias\n"
         "A,农,,section,\n01,农业,A,division,A01\n0111,稻谷,01,class,A0111\n"
         "C,制造,,section,\n39,电子,C,division,C39\n391,计算机,39,group,C391\n"
         "3911,整机,391,class,C3911|制造3911\n16,烟草,C,division,C16\n"
         "E,建筑,,section,\n47,房屋,E,division,\nF,批零,,section,\n51,批发,F,division,\n"
         "52,零售,F,division,\n5211,百货,52,class,\nG,交通,,section,\n59,仓储,G,division,\n"
         "591,装卸,59,group,\n592,通用仓储,59,group,\nI,信息,,section,\n65,软件,I,division,I65\n"
         "6513,应用软件,65,class,I6513\nJ,金融,,section,\n66,货币,J,division,\n"
         "K,房产,,section,\n701,开发,K,group,\n702,物业,K,group,\nL,商务,,section,\n"
         "72,商务服务,L,division,\nM,科研,,section,\n"},
        {"region_list.csv", "code,name,parent,level,alias\n"
                            "100000,中国,,country,\n440000,广东,100000,province,粤\n"
                            "441900,东莞,440000,city,东莞\n441900003,东城,441900,town,\n"
                            "441900006,万江,441900,town,\n440300,深圳,440000,city,\n"
                            "440305,南山,440300,county,\n440305001,南头,440305,town,\n"
                            "500000,重庆,100000,province,\n500103,渝中,500000,county,\n"
                            "500103001,七星岗,500103,town,\n650000,新疆,100000,province,\n"
                            "659001,石河子,650000,county,\n659001001,新城,659001,town,\n"}};
    return kLists;
}

std::string World::schema() const {
    return "{\"id\": \"uscc\", \"fields\": [\n" + joined(fields, ",\n") + "]}";
}

WorldMaker::WorldMaker(std::uint64_t seed, Shape shape, const WorldOptions& options)
    : random_(seed * 0x2545f4914f6cdd1du + static_cast<std::uint64_t>(shape)), options_(options) {
    world_.seed = seed;
    world_.shape = shape;
    const Day day = kDays[random_.below(std::size(kDays))];
    world_.as_of = day.text;
    as_of_days_ = day.days;
    unknown_percent_ = random_.one_of<int>({1, 5, 10, 20, 40});
    set_names_ = {"高新技术企业", "专精特新", "小巨人", "创新型", "A级", "瞪羚"};
    tag_names_ = {"智能制造", "出口", "小升规", "绿色", "a:b", "AI"};
    brands_ = {"甲", "乙", "丙", "x,y", "丁 "};
    if (shape == Shape::wide) {
        for (int i = 0; i < 150; ++i)
            set_names_.push_back("资质" + std::to_string(i));
        const int tags = random_.one_of<int>({90, 400}); // a row each for all, or not
        for (int i = 0; i < tags; ++i)
            tag_names_.push_back("标签" + std::to_string(i));
    }
    const int brands = shape == Shape::wide || shape == Shape::apart ? 300
                       : shape == Shape::very_wide                   ? 40'000
                                                                     : 0;
    for (int i = 0; i < brands; ++i)
        brands_.push_back("v" + std::to_string(i));
    make_fields();
}

// ---------------------------------------------------------------------------------- schema

void WorldMaker::add(FieldSpec field) {
    if (random_.chance(12)) field.rest += ", \"fixed\": true";
    specs_.push_back(std::move(field));
}

void WorldMaker::add_number(const std::string& name, const std::string& unit, int decimals,
                            const std::vector<std::int64_t>& wholes) {
    FieldSpec field{name,     "number", unit, ", \"decimals\": " + std::to_string(decimals),
                    decimals, false,    {}};
    std::int64_t scale = 1;
    for (int i = 0; i < decimals; ++i)
        scale *= 10;
    for (std::int64_t whole : wholes)
        field.constants.push_back(whole * scale + (random_.chance(20) ? 1 : 0));
    add(std::move(field));
}

void WorldMaker::add_money(const std::string& name, const std::string& unit, int decimals) {
    const std::int64_t shrink = unit == "万元" ? 10'000 : 1;
    std::vector<std::int64_t> wholes{0};
    for (int i = 0; i < 5; ++i)
        wholes.push_back(random_.one_of<std::int64_t>(
                             {500, 1000, 2000, 5000, 40000, random_.between(-300, 3000)}) *
                         10'000 / shrink);
    add_number(name, unit, decimals, wholes);
}

void WorldMaker::add_ratio(const std::string& name, const std::string& operands,
                           std::int64_t scale) {
    FieldSpec field{name, "number", "", ", \"derive\": {\"ratio\": [" + operands + "]}",
                    9,    true,     {}};
    for (std::int64_t constant :
         {0L, 30'000'000L, 50'000'000L, 50'000'001L, 333'333'333L, 1'000'000'000L, -200'000'000L})
        field.constants.push_back(constant * scale);
    add(std::move(field));
}

void WorldMaker::make_fields() {
    const auto unit = random_.one_of<std::string>({"元", "元", "万元", ""});
    add_money("revenue", unit, random_.one_of<int>({0, 2, 4}));
    add_money("rd", unit, random_.one_of<int>({0, 2, 3}));
    add_money("profit", unit, random_.one_of<int>({0, 1}));
    add_money("assets", "万元", random_.one_of<int>({0, 2, 4}));
    add_number("employees", "人", 0, {10, 20, 100, 300, 1000, 0});
    add_number("growth", "%", random_.one_of<int>({0, 1, 3}), {-10, 0, 5, 10, 30});
    add_number("index", "", random_.one_of<int>({0, 3, 9}), {0, 1, 2, 3, 5});
    add_number("patents", "", 0, {0, 1, 5, 10, 15});
    if (random_.chance(30)) specs_.back().constants.push_back(INT64_MAX);
    const bool wide = world_.shape == Shape::wide, very_wide = world_.shape == Shape::very_wide;
    const bool apart = world_.shape == Shape::apart;
    for (std::int64_t i = 0; wide && i < 360; ++i)
        specs_.back().constants.push_back(2 * i);
    for (std::int64_t i = 0; apart && i < 1'500; ++i)
        specs_.back().constants.push_back(2 * i);
    for (std::int64_t i = 0; very_wide && i < 75'000; ++i)
        specs_.back().constants.push_back(3 * i);
    add_ratio("rd_ratio", "\"rd\", \"revenue\"", 1);
    add_ratio("margin", "\"profit\", \"gap\"", 1);
    add_ratio("per_head", "\"total\", \"employees\"", 1'000'000);
    const int money_decimals =
        std::max({spec("revenue").decimals, spec("rd").decimals, spec("profit").decimals});
    const auto constants = spec("revenue").constants;
    add({"total", "number", "", ", \"derive\": {\"sum\": [\"revenue\", \"rd\", \"profit\"]}",
         money_decimals, true, constants});
    add({"gap", "number", "", ", \"derive\": {\"difference\": [\"revenue\", \"profit\"]}",
         std::max(spec("revenue").decimals, spec("profit").decimals), true, constants});
    add({"established",
         "date",
         "",
         "",
         0,
         false,
         {0, -1, 1, -30, -365, -730, random_.between(-4000, 400)}});
    add({"audited", "date", "", "", 0, false, {0, -1, -365, random_.between(-400, 40)}});
    add({"age",
         "number",
         "",
         ", \"derive\": {\"months_since\": \"established\"}",
         0,
         true,
         {-1, 0, 1, 12, 24, 36, 60}});
    const auto level = random_.one_of<std::string>({"", "", "\"town\"", "[\"town\", \"county\"]"});
    add({"region",
         "code",
         "",
         ", \"codes\": \"region_list.csv\"" + (level.empty() ? "" : ", \"level\": " + level),
         0,
         false,
         {}});
    add({"industry", "code", "", ", \"codes\": \"industry_list.csv\"", 0, false, {}});
    add({"park", "code", "", ", \"codes\": \"prefix\"", 0, false, {}});
    add({"scale",
         "category",
         "",
         ", \"derive\": {\"sme_size\": [\"industry\", \"employees\", \"revenue\", \"assets\"]}",
         0,
         true,
         {}});
    add({"stage",
         "category",
         "",
         ", \"values\": [\"种子\", \"成长\", \"成熟\", \"other\"]",
         0,
         false,
         {}});
    add({"brand", "category", "", "", 0, false, {}});
    add({"dishonest", "flag", "", "", 0, false, {}});
    add({"exporter", "flag", "", "", 0, false, {}});
    add({"quals", "set", "", ", \"expires\": true", 0, false, {}});
    add({"certs", "set", "", ", \"expires\": true, \"missing\": \"unknown\"", 0, false, {}});
    add({"awards", "set", "", "", 0, false, {}});
    add({"follows", "tags", "", "", 0, false, {}});
    add({"remark", "text", "", "", 0, false, {}});
    random_.shuffle(specs_);
    for (const FieldSpec& field : specs_)
        world_.fields.push_back(schema_json(field));
}

std::string WorldMaker::schema_json(const FieldSpec& field) {
    return "{\"name\": " + quoted(field.name) + ", \"kind\": " + quoted(field.kind) +
           (field.unit.empty() ? "" : ", \"unit\": " + quoted(field.unit)) + field.rest + "}";
}

const WorldMaker::FieldSpec& WorldMaker::spec(const std::string& name) const {
    return *std::find_if(specs_.begin(), specs_.end(),
                         [&](const FieldSpec& field) { return field.name == name; });
}

std::vector<std::string> WorldMaker::field_names() const {
    std::vector<std::string> names;
    for (const FieldSpec& field : specs_)
        names.push_back(field.name);
    return names;
}

std::string WorldMaker::day(std::int64_t days) const { return date_text(as_of_days_ + days, '-'); }

// ----------------------------------------------------------------------------------- firms

WorldFirm WorldMaker::firm(std::size_t number) {
    WorldFirm firm{"F" + std::to_string(number * 7919 % 10'007) + "-" + std::to_string(number), {}};
    for (const FieldSpec& field : specs_) {
        const bool open_set = field.kind == "set" && random_.chance(50);
        if (random_.chance(open_set ? 40 : unknown_percent_)) continue;
        std::string text = cell(field.name, firm);
        if (!text.empty()) firm.cells[field.name] = std::move(text);
    }
    return firm;
}

std::string WorldMaker::cell(const std::string& name, const WorldFirm& firm) {
    const FieldSpec& field = spec(name);
    if (field.derived) return "";
    if (random_.chance(1))
        return random_.one_of<std::string>({"好", "-", "1e5", "1.2345678901",
                                            "99999999999999999999", "2026-02-30", "@", "x:2", " "});
    if (field.kind == "number") return number_cell(field, firm);
    if (field.kind == "date") {
        const std::int64_t days = as_of_days_ + random_.one_of(field.constants) +
                                  random_.one_of<int>({0, 0, 0, 1, -1, 30, -400});
        return date_text(days, random_.one_of<char>({'-', '-', '/', '\0'}));
    }
    if (field.kind == "flag")
        return random_.one_of<std::string>(
            {"true", "false", "1", "0", "是", "否", "False", " TRUE "});
    if (name == "region")
        return random_.one_of<std::string>({"441900003", "441900006", "440305001", "500103001",
                                            "659001001", "440305", "659001", "441900", "440000",
                                            "粤", "999999"});
    if (name == "industry")
        return random_.one_of<std::string>({"0111", "3911", "C3911", "制造3911", "391",  "39",
                                            "16",   "47",   "51",    "52",       "5211", "59",
                                            "591",  "592",  "6513",  "I65",      "66",   "701",
                                            "702",  "72",   "J",     "C",        "M"});
    if (name == "park")
        return random_.one_of<std::string>(
            {"P", "P1", "P12", "P123", "P124", "Q1", "园区1", "园区", "R"});
    if (name == "stage")
        return random_.one_of<std::string>({"种子", "成长", "成熟", "other", "倒闭"});
    if (name == "brand") return random_.chance(10) ? "戊" : random_.one_of(brands_);
    if (field.kind == "set") return set_cell(name != "awards");
    if (field.kind == "tags") return tags_cell();
    return random_.one_of<std::string>({"说明", "x", " "});
}

std::string WorldMaker::number_cell(const FieldSpec& field, const WorldFirm& firm) {
    std::int64_t value = random_.one_of(field.constants);
    const int roll = static_cast<int>(random_.below(100));
    if (field.name == "rd" && roll < 40 && firm.cells.contains("revenue")) {
        const std::string& text = firm.cells.at("revenue"); // so that a ratio is hit exactly
        if (text.size() < 15 && text.find_first_not_of("0123456789") == std::string::npos) {
            value = std::stoll(text) * random_.one_of<std::int64_t>({3, 5, 10}) / 100;
            for (int i = 0; i < field.decimals; ++i)
                value *= 10;
        }
    } else if (roll < 80) {
        value += value < INT64_MAX ? random_.one_of<std::int64_t>({0, 0, 1, -1}) : 0;
    } else if (roll < 98) {
        value = random_.between(-100, std::max<std::int64_t>(value / 2, 1)) * 2;
    } else {
        value = random_.one_of<std::int64_t>({INT64_MAX, -INT64_MAX, INT64_MAX / 2});
        return decimal_text(value, field.decimals);
    }
    return spelling(field, value);
}

/// One of the ways to write value / 10^decimals in the field's unit.
std::string WorldMaker::spelling(const FieldSpec& field, std::int64_t value) {
    const std::string bare = decimal_text(value, field.decimals);
    switch (random_.below(8)) {
    case 0: return bare + field.unit;
    case 1: return " " + bare + " " + field.unit;
    case 2: return field.decimals > 0 ? bare + "00" : bare;
    case 3:
        if (field.unit == "元" || field.unit.empty())
            return decimal_text(value, field.decimals + 4) + "万元";
        if (field.unit == "万元") return decimal_text(value, field.decimals + 4) + "亿";
        return bare;
    case 4:
        if (field.unit.empty() && value < INT64_MAX / 100 && value > -INT64_MAX / 100)
            return decimal_text(value * 100, field.decimals) + "%";
        return bare;
    default: return bare;
    }
}

std::string WorldMaker::set_cell(bool expires) {
    std::vector<std::string> parts = random_.some(set_names_, world_.shape == Shape::wide ? 60 : 3);
    if (random_.chance(5)) parts.push_back(parts[0]);
    for (std::string& part : parts)
        if (expires && random_.chance(50))
            part += "@" + day(random_.one_of<int>({-400, -1, 0, 1, 300}));
    return joined(parts, random_.one_of<std::string>({"|", " | ", "||"}));
}

std::string WorldMaker::tags_cell() {
    std::vector<std::string> parts = random_.some(tag_names_, world_.shape == Shape::wide ? 30 : 4);
    for (std::string& part : parts)
        if (part == "a:b" || random_.chance(60))
            part += ":" + random_.one_of<std::string>({"0.5", "1", "0", "0.125", "0.001"});
    if (random_.chance(2)) parts.push_back(parts[0]);
    return joined(parts, "|");
}

} // namespace qice::agree
