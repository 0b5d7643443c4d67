#include "generate/policies.hpp"

#include "base/json.hpp"
#include "generate/rules.hpp"
#include "generate/words.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace qice {
namespace {

/// In 25 policies one is national, two are of the province, six of the city, the others of a town
/// or county. Fixed turns, not draws: the share of eligible pairs hangs on the few wide policies.
Level level_of(std::uint64_t number) {
    const std::uint64_t turn = number % 25;
    if (turn == 12) return Level::national;
    if (turn == 4 || turn == 20) return Level::province;
    return turn % 4 == 1 ? Level::city : Level::local;
}

Theme theme_of(std::uint64_t number) {
    constexpr std::array<Theme, 20> kTurns{
        Theme::upgrade,       Theme::small,    Theme::services, Theme::upgrade,
        Theme::qualification, Theme::startup,  Theme::growth,   Theme::upgrade,
        Theme::research,      Theme::services, Theme::upgrade,  Theme::qualification,
        Theme::table,         Theme::choice,   Theme::growth,   Theme::startup,
        Theme::upgrade,       Theme::capital,  Theme::ladder,   Theme::choice};
    // Within one level the themes take turns too.
    return kTurns[(number / 25 + number % 25 * 7) % kTurns.size()];
}

/// value / 10^6 without trailing zeros, as a JSON number.
void append_millionths(std::string& out, std::uint64_t value) {
    out += std::to_string(value / 1'000'000);
    std::string digits = std::to_string(1'000'000 + value % 1'000'000).substr(1);
    while (!digits.empty() && digits.back() == '0')
        digits.pop_back();
    if (!digits.empty()) out += '.' + digits;
}

void append_key(std::string& out, std::string_view key) {
    out += ',';
    append_json_string(out, key);
    out += ':';
}

void append_text(std::string& out, std::string_view key, std::string_view text) {
    append_key(out, key);
    append_json_string(out, text);
}

std::string day(Date date) { return '"' + date.to_string() + '"'; }
Date shifted(Date date, std::int64_t days) { return {static_cast<std::int32_t>(date.days + days)}; }

struct Issuer {
    std::string code, name, level; // of its region
};

Issuer issuer_of(Random& random, const City& city, Level level) {
    switch (level) {
    case Level::national: return {"CN", "全国", "national"};
    case Level::province: return {city.province, city.province_name, "province"};
    case Level::city: return {city.code, city.name, "city"};
    case Level::local: break;
    }
    const District& place = city.places[city.place_choice.pick(random)];
    return {place.code, city.name + place.name, place.code.size() > 6 ? "town" : "county"};
}

void append_title(std::string& out, Random& random, const Issuer& issuer, const MadeRule& rule,
                  Theme theme, Date as_of) {
    constexpr std::string_view kOffices[] = {"工业和信息化部门", "科技部门", "商务部门",
                                             "人力资源部门", "财政部门"};
    std::string title = issuer.name + as_of.to_string().substr(0, 4) + "年" +
                        std::string(rule.subject) + std::string(title_of(theme)) + "（示例）";
    append_text(out, "title", title);
    append_text(out, "issuer", issuer.name + std::string(kOffices[random.below(5)]));
    append_text(out, "level", issuer.level);
}

/// About one in a hundred has closed, one in two hundred is a draft.
void append_life(std::string& out, Random& random, Date as_of) {
    append_text(out, "status", random.per_million(5'000) ? "draft" : "published");
    append_key(out, "effective");
    out += "{\"from\":" + day(shifted(as_of, -random.between(130, 900)));
    if (random.percent(60)) out += ",\"to\":" + day(shifted(as_of, random.between(200, 1'000)));
    out += '}';
    const std::uint64_t kind = random.below(100);
    if (kind < 12) return; // open all the time
    const std::int64_t closes = kind == 99 ? -random.between(1, 60) : random.between(0, 90);
    const std::int64_t opens = -random.between(61, 120);
    append_key(out, "windows");
    out += "[{\"opens\":" + day(shifted(as_of, opens)) +
           ",\"closes\":" + day(shifted(as_of, closes)) + '}';
    if (kind < 20)
        out += ",{\"opens\":" + day(shifted(as_of, 150)) +
               ",\"closes\":" + day(shifted(as_of, 180)) + '}';
    out += ']';
}

void append_tags(std::string& out, Random& random, const MadeRule& rule) {
    const std::int64_t wanted = random.between(1, 5);
    std::vector<std::size_t> tags;
    for (std::int64_t turn = 0; turn < wanted; ++turn) {
        std::size_t tag = 0;
        if (rule.trade != kNoTrade && random.percent(60))
            tag = tag_number(trades()[rule.trade].tags[random.below(3)]);
        else
            tag = static_cast<std::size_t>(random.unit() * random.unit() / kOne *
                                           static_cast<std::int64_t>(kTags) / kOne);
        if (std::find(tags.begin(), tags.end(), tag) == tags.end()) tags.push_back(tag);
    }
    append_key(out, "tags");
    out += '{';
    for (std::size_t i = 0; i < tags.size(); ++i) {
        if (i > 0) out += ',';
        append_json_string(out, tag_names()[tags[i]]);
        out += ':';
        const std::uint64_t kind = random.below(100);
        append_millionths(out, kind < 30   ? 1'000'000
                               : kind < 90 ? 100'000 * (1 + random.below(9))
                                           : 1'000 * (1 + random.below(999)));
    }
    out += '}';
}

void append_ranking(std::string& out, Random& random) {
    append_key(out, "priority");
    append_millionths(out,
                      random.percent(90) ? 10'000 * random.below(101) : random.below(1'000'001));
    if (!random.percent(20)) return;
    append_key(out, "prefer");
    out += "[{\"when\":" + make_preference(random) + ",\"add\":";
    append_millionths(out, 50'000 * (1 + random.below(6)));
    out += "}]";
}

void append_benefit(std::string& out, Random& random, Theme theme) {
    constexpr int kAmounts[] = {1, 2, 5, 10, 20, 30, 50, 100, 200};
    append_key(out, "benefit");
    const std::string amount = std::to_string(kAmounts[random.below(9)]);
    if (theme == Theme::research)
        out += "{\"kind\":\"grant\",\"rate\":\"" + std::to_string(5 * (1 + random.below(4))) +
               "%\",\"of\":\"rd_expense\",\"cap\":\"" + amount + "0万元\"}";
    else
        out += "{\"kind\":\"grant\",\"amount\":\"" + amount + "万元\"}";
}

} // namespace

void append_policy(std::string& out, const City& city, std::uint64_t seed, Date as_of,
                   std::uint64_t number) {
    constexpr std::uint64_t kPolicies = 10; // stream
    Random random(seed, kPolicies, number);
    const Level level = level_of(number);
    const Theme theme = theme_of(number);
    const Issuer issuer = issuer_of(random, city, level);
    const MadeRule rule =
        make_rule(random, city, level, theme, level == Level::national ? "" : issuer.code);
    std::string digits = std::to_string(number + 1);
    digits.insert(0, digits.size() < 6 ? 6 - digits.size() : 0, '0');
    out += "{\"id\":\"" + issuer.code + "-" + digits +
           "\",\"version\":" + std::to_string(1 + random.below(10) / 8);
    append_title(out, random, issuer, rule, theme, as_of);
    append_life(out, random, as_of);
    append_key(out, "rule");
    out += rule.json;
    append_tags(out, random, rule);
    append_ranking(out, random);
    append_benefit(out, random, theme);
    if (random.percent(5))
        append_text(out, "exclusive_group",
                    issuer.code + "-" + std::to_string(static_cast<int>(theme)));
    if (random.percent(3)) {
        append_key(out, "quota");
        out += std::to_string(10 * (1 + random.below(50)));
    }
    out += "}\n";
}

} // namespace qice
