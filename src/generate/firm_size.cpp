// How large a firm is: registration, size class, staff, revenue, assets.
#include "generate/firm.hpp"
#include "generate/words.hpp"

#include <algorithm>

namespace qice {
namespace {

/// Micro, small, medium, large per million: 85.3 %, 13.2 %, 1.3 %, 0.2 % of enterprises (fourth
/// economic census 2018, series report 12). Manufacturing is larger (split by assumption so that
/// Dongguan comes to the same sum).
constexpr std::array<std::uint64_t, 4> kSizes{896'000, 95'000, 8'300, 700};
constexpr std::array<std::uint64_t, 4> kManufacturingSizes{780'000, 195'000, 21'000, 4'000};

SizeClass draw_class(Random& random, const Industry& industry) {
    const auto& shares = industry.section == 'C' ? kManufacturingSizes : kSizes;
    std::uint64_t at = random.below(1'000'000);
    for (std::size_t size = 0; size < 3; ++size) {
        if (at < shares[size]) return static_cast<SizeClass>(size);
        at -= shares[size];
    }
    return SizeClass::large;
}

/// Months of age at each eighth of the firms: median about 60, one in eight younger than a year
/// (an assumption).
constexpr std::array<std::int64_t, 9> kAges{0, 12, 24, 40, 60, 88, 126, 190, 430};

std::int64_t draw_age(Random& random) {
    const std::int64_t at = random.unit() * 8;
    const auto slot = static_cast<std::size_t>(at / kOne);
    return kAges[slot] + (kAges[slot + 1] - kAges[slot]) * (at % kOne) / kOne;
}

/// A value of the class; large firms have a long tail.
std::int64_t draw_in(Random& random, const SizeBounds& bounds, std::size_t size) {
    return std::clamp(between_sizes(random, bounds.at[size], bounds.at[size + 1]), bounds.at[size],
                      bounds.at[size + 1] - 1);
}

/// Capital is a round number, in 万元 (weights are an assumption).
constexpr std::array<std::int64_t, 16> kCapitals{3,   5,   10,  10,  30,  50,  50,   100,
                                                 100, 100, 200, 300, 500, 500, 1000, 1000};

} // namespace

std::int64_t heaped(Random& random, std::int64_t value, std::int64_t unit) {
    const std::uint64_t kind = random.below(100);
    if (value < 10 * unit) return value / unit * unit;
    if (kind >= 30) return kind >= 60 ? value : value / unit * unit;
    std::int64_t step = unit;
    while (value / step >= (kind < 10 ? 10 : 100))
        step *= 10;
    return (value + step / 2) / step * step;
}

void FirmMaker::draw_registration(Firm& firm, Random& random) const {
    firm.town = &city_->towns[city_->town_choice.pick(random)];
    firm.op_town = random.percent(93) ? firm.town : &city_->towns[city_->town_choice.pick(random)];
    firm.industry = &city_->industries[city_->industry_choice.pick(random)];
    const std::uint64_t kind = random.below(1000);
    const bool shop = firm.industry->section == 'F' || firm.industry->section == 'H' ||
                      firm.industry->section == 'O';
    if (kind < (shop ? 150u : 25u))
        firm.type = EntityType::individual;
    else if (kind >= 997)
        firm.type = EntityType::social_organisation;
    else if (firm.industry->section == 'A' && kind >= 800)
        firm.type = EntityType::cooperative;
    firm.size =
        firm.type == EntityType::company ? draw_class(random, *firm.industry) : SizeClass::micro;
    firm.legal_entity = firm.type != EntityType::individual;
    firm.resident = firm.type != EntityType::individual && !random.per_million(1'000);

    std::int64_t months = draw_age(random);
    if (firm.size != SizeClass::micro) months = std::max(months, draw_age(random));
    if (firm.size > SizeClass::small) months = std::max(months, 30 + draw_age(random));
    firm.months = static_cast<std::uint64_t>(months);
    firm.established = as_of_.days - months * 30436875 / 1'000'000 - random.between(0, 29);
}

void FirmMaker::draw_size(Firm& firm, Random& random) const {
    const Industry& industry = *firm.industry;
    const auto size = static_cast<std::size_t>(firm.size);
    // The class is the least of the indicators: one of them may stand a class higher.
    const std::uint64_t kind = random.below(100);
    const bool room = size < 3 && (size > 0 || kind % 4 == 0);
    const std::size_t revenue_size = room && kind < 26 ? size + 1 : size;
    const std::size_t staff_size = room && kind >= 90 ? size + 1 : size;

    std::int64_t employees = 0, revenue = 0;
    if (staff_size == 0) {
        employees = std::min(lognormal(random, 4 * kOne, 90) / kOne, industry.employees.at[1] - 1);
        employees = std::max<std::int64_t>(employees, random.percent(4) ? 0 : 1);
    } else {
        employees = draw_in(random, industry.employees, staff_size);
    }
    if (revenue_size == 0) {
        const std::int64_t top = industry.revenue.at[1] * kWan;
        revenue = lognormal(random, std::min(80 * kWan, top / 3), 120);
        if (revenue >= top) revenue = random.between(top / 3, top - 1);
    } else {
        revenue = between_sizes(random, industry.revenue.at[revenue_size] * kWan,
                                industry.revenue.at[revenue_size + 1] * kWan);
    }
    if (firm.type == EntityType::individual) employees = std::min<std::int64_t>(employees, 8);
    firm.employees = employees;
    if (employees > 60 && random.percent(20)) firm.employees = employees / 10 * 10;
    firm.employees_avg =
        std::max<std::int64_t>(0, employees + random.between(-employees / 12, employees / 12));
    firm.revenue = heaped(random, revenue, kYuan);

    const std::size_t asset_size = industry.assets.decides ? size : 0;
    if (asset_size > 0) {
        firm.assets = between_sizes(random, industry.assets.at[size] * kWan,
                                    industry.assets.at[size + 1] * kWan);
    } else {
        const std::int64_t median = industry.section == 'F'   ? 45
                                    : industry.section == 'L' ? 110
                                                              : 80;
        firm.assets = lognormal(random, firm.revenue / 100 * median, 70);
        if (industry.assets.decides)
            firm.assets = std::min(firm.assets, industry.assets.at[1] * kWan - 1);
    }
    firm.assets = heaped(random, std::max(firm.assets, kWan), kYuan);
}

void FirmMaker::draw_finance(Firm& firm, Random& random) const {
    const std::int64_t scale[4] = {1, 4, 20, 120};
    firm.registered_capital = kCapitals[random.below(kCapitals.size())] * kWan *
                              scale[static_cast<std::size_t>(firm.size)];
    if (random.percent(12)) firm.registered_capital = firm.registered_capital / 100 * 118;
    firm.paid_in_capital = random.percent(45) ? firm.registered_capital
                           : random.percent(40)
                               ? 0
                               : firm.registered_capital / 10 * random.between(1, 9);
    firm.assets_avg = part_of(firm.assets, random.between(8'800, 10'600)) / kYuan * kYuan;
    const std::int64_t debt =
        std::clamp<std::int64_t>(5'000 + random.normal() * 2'000 / kOne, 200, 14'000);
    firm.liabilities = part_of(firm.assets, debt) / kYuan * kYuan;
    if (firm.months < 12) {
        // no full year yet, so no last year's figures
        firm.revenue = kUnknown;
        return;
    }
    // Mean 5 %, standard deviation 30 %, clipped (an assumption).
    const std::int64_t growth =
        std::clamp<std::int64_t>(500 + random.normal() * 3'000 / kOne, -9'000, 30'000);
    const std::int64_t before =
        std::clamp<std::int64_t>(500 + random.normal() * 3'000 / kOne, -9'000, 30'000);
    const auto earlier = [](std::int64_t value, std::int64_t rate) {
        return static_cast<std::int64_t>(static_cast<__int128>(value) * 10'000 / (10'000 + rate)) /
               kYuan * kYuan;
    };
    if (firm.months >= 24) {
        firm.revenue_y2 = std::max(earlier(firm.revenue, growth), kYuan);
        firm.growth = ten_thousandths(firm.revenue - firm.revenue_y2, firm.revenue_y2);
    }
    if (firm.months >= 36) {
        firm.revenue_y3 = std::max(earlier(firm.revenue_y2, before), kYuan);
        firm.cagr = (growth + before) / 2;
    }
    const std::int64_t main = random.between(8'500, 10'000);
    const auto main_of = [main](std::int64_t value) {
        return value == kUnknown ? kUnknown : part_of(value, main) / kYuan * kYuan;
    };
    firm.main_revenue = main_of(firm.revenue);
    firm.main_revenue_y2 = main_of(firm.revenue_y2);
    firm.main_revenue_y3 = main_of(firm.revenue_y3);
    firm.total_income = part_of(firm.revenue, random.between(10'000, 10'600)) / kYuan * kYuan;
    firm.monthly_sales = firm.revenue / 12 / kYuan * kYuan;
    firm.cost_expense = part_of(firm.revenue, random.between(7'800, 10'200)) / kYuan * kYuan;
    if (firm.industry->section == 'C') firm.manufacturing_share = random.between(6'000, 10'000);
}

/// When the firm was first counted as above scale, and what statistics know since.
void FirmMaker::draw_history(Firm& firm, Random& random) const {
    const std::int64_t bound = firm.industry->above_scale;
    const bool large_enough = bound > 0 && firm.revenue != kUnknown &&
                              firm.revenue >= bound * kWan && firm.type == EntityType::company;
    firm.four_above = large_enough && random.percent(85);
    firm.production_started = firm.established + random.between(20, 400);
    if (firm.production_started > as_of_.days) firm.production_started = kUnknown;
    firm.idle_months = random.percent(96) ? 0 : random.between(1, 20);
    if (!firm.four_above) return;
    const auto years = static_cast<std::int64_t>(firm.months / 12);
    const std::int64_t since =
        std::min(years - 1, random.unit() * random.unit() / kOne * 16 / kOne);
    firm.first_above_scale = year_ - 1 - std::max<std::int64_t>(since, 0);
    firm.above_scale_last_year = firm.first_above_scale == year_ - 1;
    firm.output_growth =
        std::clamp<std::int64_t>(600 + random.normal() * 2'000 / kOne, -6'000, 20'000);
    firm.held[firm.held_count++] = {Qualification::above_scale, kUnknown};
}

} // namespace qice
