#include "generate/city.hpp"

#include "generate/words.hpp"
#include "qice/model/codes.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <string_view>

namespace qice {
namespace {

// ------------------------------------------------------------------------------------- places

struct Share {
    std::string_view code;
    std::uint64_t weight;
};

/// Legal entities by town in hundreds, 东莞市第五次全国经济普查公报（第七号）, table 7-1. The towns
/// and parks that the published excerpt leaves out share the rest of the 5,328 evenly.
constexpr Share kDongguanTowns[] = {
    {"441900003", 384}, {"441900004", 476}, {"441900005", 164}, {"441900006", 138},
    {"441900101", 91},  {"441900102", 38},  {"441900103", 114}, {"441900104", 104},
    {"441900105", 57},  {"441900106", 100}, {"441900107", 88},  {"441900108", 41},
    {"441900109", 73},  {"441900110", 230}, {"441900111", 270}, {"441900112", 113},
    {"441900113", 231}, {"441900114", 139}, {"441900115", 176}, {"441900116", 311},
    {"441900117", 150}, {"441900118", 237}, {"441900119", 500}, {"441900121", 437},
    {"441900122", 256}, {"441900123", 70}};
constexpr std::uint64_t kOtherDongguanTown = 34;

bool ends_with(std::string_view text, std::string_view ending) {
    return text.size() >= ending.size() && text.substr(text.size() - ending.size()) == ending;
}

/// Of towns without a published count: streets of a city hold more firms than towns, those more
/// than villages (an assumption).
std::uint64_t town_weight(std::string_view code, std::string_view name) {
    for (const Share& share : kDongguanTowns)
        if (share.code == code) return share.weight;
    if (code.substr(0, 4) == "4419") return kOtherDongguanTown;
    if (ends_with(name, "街道") || ends_with(name, "开发区")) return 80;
    if (ends_with(name, "镇")) return 20;
    return ends_with(name, "乡") ? 6 : 30;
}

/// 500100 市辖区 and the like stand in the list only to hold counties.
bool is_real_place(const CodeList::Code& code) {
    return code.name != "市辖区" && code.name != "县";
}

/// A county holds ten times the firms of a town, and cities differ in both. Counties and towns are
/// mixed so that in every city a local policy concerns about one firm in 23.
constexpr std::uint64_t kLocalPpm = 43'000;

struct DistrictLevel {
    std::vector<District> places;

    std::uint64_t mean_ppm() const {
        std::uint64_t squares = 0, sum = 0;
        for (const District& place : places) {
            squares += (place.firms_ppm + 500) * place.firms_ppm;
            sum += place.firms_ppm;
        }
        return sum == 0 ? 0 : (squares / sum + 1'000'000 / places.size()) / 2;
    }
};

/// Half of the local policies are shared out by firms, half evenly: small towns have rules too.
std::uint64_t place_weight(const District& place, const DistrictLevel& level) {
    return place.firms_ppm + 1'000'000 / level.places.size();
}

void choose_places(City& city, DistrictLevel counties, DistrictLevel towns) {
    std::uint64_t county_part = 0; // per mille of local policies
    if (!counties.places.empty()) {
        const std::uint64_t county_mean = counties.mean_ppm(), town_mean = towns.mean_ppm();
        if (county_mean > town_mean && kLocalPpm > town_mean)
            county_part = std::min<std::uint64_t>(1000, (kLocalPpm - town_mean) * 1000 /
                                                            (county_mean - town_mean));
    }
    std::vector<std::uint64_t> weights;
    for (const District& place : counties.places)
        weights.push_back(place_weight(place, counties) * county_part);
    for (const District& place : towns.places)
        weights.push_back(place_weight(place, towns) * (1000 - county_part));
    city.places = std::move(counties.places);
    std::move(towns.places.begin(), towns.places.end(), std::back_inserter(city.places));
    city.place_choice = WeightedChoice(weights);
}

void add_places(City& city, const CodeList& regions, std::uint32_t top) {
    std::uint64_t total = 0;
    for (const Town& town : city.towns)
        total += town.weight;
    DistrictLevel counties, towns;
    for (std::uint32_t code = top + 1; code < regions[top].end; ++code) {
        if (regions[code].end == code + 1 || !is_real_place(regions[code])) continue;
        std::uint64_t weight = 0;
        for (const Town& town : city.towns)
            if (town.county == regions[code].code) weight += town.weight;
        counties.places.push_back(
            {regions[code].code, regions[code].name, weight * 1'000'000 / total});
    }
    for (const Town& town : city.towns)
        towns.places.push_back({town.code, town.name, town.weight * 1'000'000 / total});
    choose_places(city, std::move(counties), std::move(towns));
}

Status add_towns(City& city, const CodeList& regions) {
    const auto top = regions.find(city.code);
    if (!top || regions[*top].end == *top + 1)
        return {StatusCode::usage,
                "the region list has no city " + city.code + " with places below it"};
    city.name = regions[*top].name;
    std::uint32_t province = *top;
    while (regions[province].parent != CodeList::kRoot &&
           regions[regions[province].parent].parent != CodeList::kRoot)
        province = regions[province].parent;
    city.province = regions[province].code;
    city.province_name = regions[province].name;
    std::vector<std::uint64_t> weights;
    for (std::uint32_t code = *top + 1; code < regions[*top].end; ++code) {
        const CodeList::Code& town = regions[code];
        if (town.end != code + 1 || !is_real_place(town)) continue;
        const std::uint64_t weight = town_weight(town.code, town.name);
        city.towns.push_back({town.code, town.name, regions[town.parent].code, weight});
        weights.push_back(weight);
    }
    city.town_choice = WeightedChoice(weights);
    add_places(city, regions, *top);
    return {};
}

// --------------------------------------------------------------------------------- industries

/// Shares of legal entities by section, per thousand. F, C and L of the nation are those of the
/// fourth economic census (2018), the others fill up (an assumption).
constexpr std::array<std::uint64_t, 18> kNation{16, 3,  150, 6,  70, 298, 27, 20, 53,
                                                7,  36, 117, 66, 9,  33,  31, 12, 46};
/// F, C, L, E, G, A, D, B: 重庆市江津区第五次全国经济普查公报（第二号）; the others fill up.
constexpr std::array<std::uint64_t, 18> kJiangjin{9, 1,  192, 7,  67, 350, 37, 22, 40,
                                                  4, 32, 96,  45, 8,  30,  25, 10, 25};
/// Dongguan has about 200,000 industrial enterprises among its 532,800 legal entities (an
/// unverified figure); the other sections in proportion to the nation's.
constexpr std::array<std::uint64_t, 18> kDongguan{2, 1,  375, 2,  42, 268, 22, 16, 36,
                                                  4, 28, 92,  44, 5,  22,  18, 6,  17};

const std::array<std::uint64_t, 18>& section_weights(std::string_view city) {
    if (city == "441900") return kDongguan;
    return city == "500000" ? kJiangjin : kNation;
}

/// How much of manufacturing is in each division (an assumption); others count 1 a class.
constexpr Share kDivisions[] = {
    {"13", 30}, {"14", 20}, {"15", 10},  {"16", 1},   {"17", 40},  {"18", 70},  {"19", 50},
    {"20", 20}, {"21", 50}, {"22", 40},  {"23", 50},  {"24", 50},  {"25", 1},   {"26", 40},
    {"27", 10}, {"28", 3},  {"29", 100}, {"30", 40},  {"31", 8},   {"32", 20},  {"33", 120},
    {"34", 80}, {"35", 90}, {"36", 20},  {"37", 20},  {"38", 100}, {"39", 120}, {"40", 20},
    {"41", 30}, {"42", 8},  {"43", 20},  {"51", 160}, {"52", 138}, {"63", 3},   {"64", 20},
    {"65", 60}, {"71", 10}, {"72", 107}, {"73", 10},  {"74", 30},  {"75", 26},  {"61", 5},
    {"62", 25}, {"53", 1},  {"54", 60},  {"55", 2},   {"56", 1},   {"57", 1},   {"58", 15},
    {"59", 12}, {"60", 6}};

std::uint64_t division_weight(std::string_view division) {
    for (const Share& share : kDivisions)
        if (share.code == division) return share.weight;
    return 10;
}

/// Some classes of a division are common, most are rare: 1 to 27, by the digits of the code.
std::uint64_t class_weight(std::string_view code) {
    std::uint64_t hash = 7;
    for (char c : code)
        hash = hash * 131 + static_cast<unsigned char>(c);
    const std::uint64_t a = 1 + hash % 97 % 3, b = 1 + hash / 97 % 89 % 3, c = 1 + hash / 8633 % 3;
    return a * b * c;
}

/// 万元 of yearly revenue, from the thresholds statistics offices use (not verified). Construction
/// and real estate go by licence; there the figure is a stand-in.
std::int64_t above_scale_revenue(char section, std::string_view division) {
    switch (section) {
    case 'B':
    case 'C':
    case 'D': return 2000;
    case 'F': return division == "51" ? 2000 : 500;
    case 'H': return 200;
    case 'E':
    case 'K': return 1000;
    case 'G':
    case 'I':
    case 'N': return 2000;
    case 'L':
    case 'M':
    case 'P': return 1000;
    case 'Q': return division == "84" ? 2000 : 500;
    case 'O':
    case 'R': return 500;
    default: return 0;
    }
}

SizeBounds bounds_of(const SizeClasses::Bounds& bounds, std::array<std::int64_t, 3> usual,
                     std::int64_t least, std::int64_t most) {
    const auto& at = bounds ? *bounds : usual;
    return {{least, at[0], at[1], at[2], at[2] * most}, bounds.has_value()};
}

void add_industry(City& city, const CodeList& list, std::uint32_t code, const SizeClasses& sizes) {
    Industry industry;
    industry.code = list[code].code;
    industry.division = industry.code.substr(0, 2);
    std::uint32_t section = code;
    while (list[section].parent != CodeList::kRoot)
        section = list[section].parent;
    industry.section = list[section].code.front();
    industry.trade = trade_of(industry.division);
    industry.above_scale = above_scale_revenue(industry.section, industry.division);
    const auto category = sizes.category_of(industry.section + industry.code);
    const SizeClasses::Category none;
    const SizeClasses::Category& size = category ? sizes.categories()[*category] : none;
    industry.employees = bounds_of(size.employees, {10, 100, 300}, 1, 20);
    industry.revenue = bounds_of(size.revenue, {100, 1000, 20000}, 5, 500);
    industry.assets = bounds_of(size.assets, {100, 2000, 40000}, 5, 500);
    city.industries.push_back(std::move(industry));
}

void weigh_industries(City& city) {
    const auto& sections = section_weights(city.code);
    city.industrial = sections[2] * 4 >= std::accumulate(sections.begin(), sections.end(), 0u);
    std::array<std::uint64_t, 26> section_sum{};
    std::vector<std::uint64_t> division_sum(100, 0);
    const auto number = [](const Industry& industry) {
        return static_cast<std::size_t>((industry.division[0] - '0') * 10 + industry.division[1] -
                                        '0');
    };
    for (const Industry& industry : city.industries)
        division_sum[number(industry)] += class_weight(industry.code);
    std::vector<bool> seen(100, false);
    for (const Industry& industry : city.industries) {
        if (seen[number(industry)]) continue;
        seen[number(industry)] = true;
        section_sum[static_cast<std::size_t>(industry.section - 'A')] +=
            division_weight(industry.division);
    }
    std::vector<std::uint64_t> weights;
    for (const Industry& industry : city.industries) {
        const auto section = static_cast<std::size_t>(industry.section - 'A');
        const std::uint64_t share = section < sections.size() ? sections[section] : 0;
        weights.push_back(share * 1'000'000 * division_weight(industry.division) /
                          section_sum[section] * class_weight(industry.code) /
                          division_sum[number(industry)]);
    }
    city.industry_choice = WeightedChoice(weights);
}

} // namespace

Result<City> City::load(const std::string& code, const std::string& standards) {
    City city;
    city.code = code;
    QICE_ASSIGN_OR_RETURN(const CodeList regions, CodeList::load(standards + "/regions.csv"));
    QICE_ASSIGN_OR_RETURN(const CodeList classes, CodeList::load(standards + "/gbt4754.csv"));
    QICE_ASSIGN_OR_RETURN(const SizeClasses sizes, SizeClasses::load(standards + "/sme_size.csv"));
    QICE_RETURN_IF_ERROR(add_towns(city, regions));
    for (std::uint32_t number = 0; number < classes.size(); ++number)
        if (classes[number].code.size() == 4) add_industry(city, classes, number, sizes);
    weigh_industries(city);
    return city;
}

} // namespace qice
