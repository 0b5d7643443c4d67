// What a firm has achieved: qualifications, research spending, intellectual property.
#include "generate/firm.hpp"
#include "generate/words.hpp"

#include <algorithm>

namespace qice {
namespace {

/// High-tech enterprises per million firms, by how innovative the trade is and by size. They come
/// to 0.92 % of all firms, as in Nanshan in 2024 (5,500 of 600,000); the split is an assumption.
constexpr std::uint64_t kHighTech[4][4] = {{500, 2'000, 7'000, 12'000},
                                           {8'500, 31'000, 80'000, 120'000},
                                           {18'000, 75'000, 150'000, 200'000},
                                           {40'000, 155'000, 300'000, 350'000}};

/// The R&D share that a high-tech enterprise needs at its revenue (国科发火〔2016〕32号, 第十一条),
/// in ten-thousandths.
std::int64_t high_tech_bound(std::int64_t revenue) {
    if (revenue <= 5'000 * kWan) return 500;
    return revenue <= 20'000 * kWan ? 400 : 300;
}

/// Firms bunch just above the bound that decides about their qualification.
std::int64_t draw_research_share(Random& random, const Firm& firm) {
    if (firm.months <= 72 && random.percent(25)) return random.between(1'800, 5'000); // start-ups
    const std::int64_t share = std::min<std::int64_t>(lognormal(random, 550, 50), 6'000);
    if (!firm.holds(Qualification::hnte)) return share;
    const std::int64_t bound = high_tech_bound(firm.revenue);
    if (random.percent(35)) return bound + random.between(0, 40);
    return random.percent(92) ? std::max(share, bound + random.between(0, 300)) : share;
}

std::int64_t end_of_year(int year) { return Date::from_civil(year, 12, 31)->days; }

} // namespace

const std::array<const char*, kQualifications> kQualificationIds{"INNOVATIVE_SME",
                                                                 "TSME",
                                                                 "SRDI_SME",
                                                                 "XJR",
                                                                 "KEY_XJR",
                                                                 "SINGLE_CHAMPION",
                                                                 "HNTE",
                                                                 "GAZELLE",
                                                                 "LISTING_RESERVE",
                                                                 "ETC_NATIONAL",
                                                                 "GREEN_FACTORY_NATIONAL",
                                                                 "ABOVE_SCALE"};

bool Firm::holds(Qualification what) const {
    for (std::size_t i = 0; i < held_count; ++i)
        if (held[i].what == what) return true;
    return false;
}

void FirmMaker::hold(Firm& firm, Random& random, Qualification what, std::int64_t valid_months,
                     std::uint64_t expired_percent) const {
    const bool expired = random.percent(expired_percent);
    std::int64_t until = kUnknown;
    if (what == Qualification::tsme) {
        until = end_of_year(expired ? year_ - 1 : year_); // the number is good for its year
    } else if (valid_months > 0) {
        until = expired ? as_of_.days - random.between(1, 700)
                        : as_of_.days + random.between(0, valid_months * 30);
    }
    firm.held[firm.held_count++] = {what, until};
}

/// The ladder 创新型/科技型 → 专精特新 → 小巨人 → 单项冠军. Shares of all firms: SRDI 0.23 %,
/// XJR 0.03 to 0.05 %, innovative and technology SMEs 1 % together (national counts, Nanshan 2024).
void FirmMaker::draw_qualifications(Firm& firm, Random& random) const {
    const auto size = static_cast<std::size_t>(firm.size);
    const std::size_t research = static_cast<std::size_t>(trades()[firm.industry->trade].research);
    const std::uint64_t share = kHighTech[research][size];
    const std::uint64_t lot = random.below(1'000'000);
    firm.innovative = lot < 2 * share && firm.type == EntityType::company;
    firm.listed = firm.type == EntityType::company && random.per_million(size == 3   ? 100'000
                                                                         : size == 2 ? 12'000
                                                                                     : 0);
    if (!firm.innovative) return;
    const bool high_tech = lot < share && firm.months >= 18;
    const bool grown = size > 0 && firm.months >= 36;
    if (high_tech) hold(firm, random, Qualification::hnte, 36, 12);
    if (size < 3 && random.percent(size == 0 ? 30 : 55))
        hold(firm, random, Qualification::tsme, 12, 15);
    if (size < 3 && random.percent(size == 0 ? 8 : 35))
        hold(firm, random, Qualification::innovative_sme, 36, 12);
    if (high_tech && random.percent(6)) hold(firm, random, Qualification::gazelle, 0, 0);
    if (size >= 2 && random.percent(8)) hold(firm, random, Qualification::listing_reserve, 0, 0);
    if (size == 3 && random.percent(8)) hold(firm, random, Qualification::technology_centre, 0, 0);
    if (!high_tech || !grown || !random.percent(size == 1 ? 45 : 70)) return;
    hold(firm, random, Qualification::srdi, 36, 12);
    if (!random.percent(size == 1 ? 14 : 30)) return;
    hold(firm, random, Qualification::xjr, 36, 12);
    firm.xjr_batch = random.between(1, std::max(1, year_ - 2019));
    if (random.percent(15)) hold(firm, random, Qualification::key_xjr, 36, 10);
    if (size >= 2 && random.percent(12)) hold(firm, random, Qualification::champion, 36, 10);
}

void FirmMaker::draw_research(Firm& firm, Random& random) const {
    const bool some = trades()[firm.industry->trade].research > 0 && firm.size != SizeClass::micro;
    std::int64_t share = 0;
    if (firm.innovative)
        share = draw_research_share(random, firm);
    else if (random.percent(some ? 14 : 2))
        share = random.between(20, 320);
    if (firm.revenue != kUnknown) firm.rd_expense = part_of(firm.revenue, share) / kYuan * kYuan;
    if (share != 0 && firm.rd_expense != kUnknown) firm.rd_expense += kYuan; // not below the bound
    if (firm.revenue_y2 != kUnknown)
        firm.rd_expense_y2 =
            part_of(firm.revenue_y2, share * random.between(85, 106) / 100) / kYuan * kYuan;
    if (firm.revenue_y3 != kUnknown)
        firm.rd_expense_y3 =
            part_of(firm.revenue_y3, share * random.between(80, 106) / 100) / kYuan * kYuan;
    if (firm.revenue_y3 != kUnknown) {
        firm.domestic_rd = part_of(firm.rd_expense + firm.rd_expense_y2 + firm.rd_expense_y3,
                                   random.percent(90) ? 10'000 : random.between(5'000, 10'000)) /
                           kYuan * kYuan;
        firm.rd_ratio_avg = share;
    }
    firm.hightech_revenue =
        firm.total_income == kUnknown
            ? kUnknown
            : part_of(firm.total_income, firm.innovative ? random.between(5'600, 9'800) : 0) /
                  kYuan * kYuan;
    firm.rd_reserve = share > 0 && random.percent(30);
    firm.rd_institution =
        firm.innovative && random.percent(firm.size >= SizeClass::medium ? 25 : 3);
    firm.equity_financing = firm.innovative && random.percent(12)
                                ? heaped(random, lognormal(random, 1'500 * kWan, 90), kWan)
                                : 0;
    firm.strategic = trades()[firm.industry->trade].research >= 2 &&
                     (firm.innovative ? random.percent(75) : random.percent(25));
    firm.future = firm.innovative && random.percent(8);
    firm.core_talent = firm.innovative && random.percent(10);
}

void FirmMaker::draw_intellectual_property(Firm& firm, Random& random) const {
    const std::int64_t median = firm.innovative ? 11 + 9 * static_cast<std::int64_t>(firm.size) : 0;
    firm.patents = median > 0          ? lognormal(random, median * kOne, 80) / kOne
                   : random.percent(6) ? random.between(1, 6)
                                       : 0;
    firm.ip_class1 = firm.patents * random.between(0, 40) / 100;
    firm.ip_class2 = firm.patents - firm.ip_class1 + (firm.innovative ? random.between(0, 6) : 0);
    firm.ip_class1_own = firm.ip_class1 * random.between(60, 100) / 100;
    firm.ip_core_self = firm.patents * random.between(20, 70) / 100;
    firm.ip_core_granted = firm.ip_core_self * random.between(40, 100) / 100;
    firm.pct_patents = firm.innovative && random.percent(6) ? random.between(1, 8) : 0;
    firm.owns_core_ip = firm.ip_class1 > 0 || (firm.innovative && firm.ip_class2 >= 4);
    if (!firm.innovative) return;
    const std::int64_t lift = firm.holds(Qualification::srdi) ? 15 : 0;
    firm.srdi_score = std::min<std::int64_t>(100, random.between(32, 82) + lift);
    firm.innovative_score = std::min<std::int64_t>(100, random.between(45, 92) + lift / 2);
    firm.niche_years = std::min<std::int64_t>(static_cast<std::int64_t>(firm.months) * 10 / 12,
                                              random.between(10, 200));
    if (lift > 0) firm.niche_years = std::max<std::int64_t>(firm.niche_years, 30);
    firm.market_share = random.percent(30 + static_cast<std::uint64_t>(lift) * 3)
                            ? random.between(300, 4'500)
                            : kUnknown;
    firm.domestic_rank = lift > 0 && random.percent(60) ? random.between(1, 12) : kUnknown;
    firm.global_rank =
        firm.holds(Qualification::xjr) && random.percent(60) ? random.between(1, 9) : kUnknown;
    if (!firm.holds(Qualification::hnte)) return;
    firm.hnte_times = std::min<std::int64_t>(1 + static_cast<std::int64_t>(firm.months) / 48,
                                             random.between(1, 5));
    firm.hnte_first = firm.hnte_times == 1;
    firm.srdi_first = lift > 0 && random.percent(50);
    firm.xjr_group = firm.holds(Qualification::xjr) ? 0 : flag(random, 8'000);
}

} // namespace qice
