// How a firm lives: people, tax, risks, certificates, what it follows; and the order of it all.
#include "generate/firm.hpp"
#include "generate/words.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>

namespace qice {

FirmMaker::FirmMaker(const City& city, std::uint64_t seed, Date as_of)
    : city_(&city), seed_(seed), as_of_(as_of), year_(std::atoi(as_of.to_string().c_str())) {
    for (const Trade& trade : trades()) {
        std::array<std::uint8_t, 3> tags{};
        for (std::size_t i = 0; i < tags.size(); ++i)
            tags[i] = static_cast<std::uint8_t>(tag_number(trade.tags[i]));
        trade_tags_.push_back(tags);
    }
}

Firm FirmMaker::draw(std::uint64_t number) const {
    constexpr std::uint64_t kFirms = 1; // stream
    Random random(seed_, kFirms, number);
    Firm firm;
    firm.number = number;
    draw_registration(firm, random);
    draw_size(firm, random);
    draw_finance(firm, random);
    draw_history(firm, random);
    draw_qualifications(firm, random);
    draw_research(firm, random);
    draw_intellectual_property(firm, random);
    draw_staff(firm, random);
    draw_tax(firm, random);
    draw_risks(firm, random);
    draw_certificates(firm, random);
    draw_interests(firm, random);
    const bool reviewed = firm.held_count > 0 || firm.size >= SizeClass::medium;
    firm.knowledge = reviewed             ? Knowledge::full
                     : random.percent(30) ? Knowledge::declared
                                          : Knowledge::registry;
    return firm;
}

void FirmMaker::draw_staff(Firm& firm, Random& random) const {
    const std::int64_t all = firm.employees;
    const char section = firm.industry->section;
    // Ten-thousandths of the staff; people round up to whole persons where a bound asks for it.
    const std::int64_t technical = firm.innovative
                                       ? std::max<std::int64_t>(lognormal(random, 1'900, 45), 1'000)
                                       : random.between(0, 1'200);
    firm.tech_staff = std::min(all, (all * technical + 9'999) / 10'000);
    firm.rd_staff = firm.tech_staff * random.between(40, 95) / 100;
    const bool office = section == 'I' || section == 'M' || section == 'J' || section == 'P';
    firm.bachelor_staff =
        all * (office ? random.between(35, 90) : random.between(2, firm.innovative ? 55 : 28)) /
        100;
    firm.disabled_staff =
        random.percent(80) ? 0 : (all * random.between(100, 260) + 9'999) / 10'000;
    firm.ui_months = std::min<std::int64_t>(static_cast<std::int64_t>(firm.months),
                                            random.percent(80) ? 600 : random.between(0, 24));
    firm.ui_staff = all * random.between(55, 100) / 100;
    firm.layoff_rate =
        random.percent(70) ? 0 : std::min<std::int64_t>(lognormal(random, 380, 90), 10'000);
    firm.youth_hires = random.percent(65) ? 0 : random.between(1, 2 + all / 20);
    firm.graduates = firm.youth_hires * random.between(20, 100) / 100;
    const bool hired = firm.youth_hires > 0 || random.percent(30);
    firm.insured_months = hired ? random.between(0, 18) : 0;
    firm.contract_years = hired ? 5 * random.between(0, 8) : kUnknown;
    firm.new_target_hires = random.percent(60) ? 0 : random.between(1, 1 + all / 8);
    firm.phds = firm.innovative && random.percent(10) ? random.between(1, 4) : 0;
    firm.masters = firm.innovative && random.percent(25) ? random.between(1, 8) : 0;
    firm.bachelors = random.percent(firm.innovative ? 40 : 8) ? random.between(1, 10) : 0;
    firm.arrears = flag(random, 9'000);
}

void FirmMaker::draw_tax(Firm& firm, Random& random) const {
    const bool company = firm.type == EntityType::company;
    // Above 5 million 元 a year a taxpayer is a general one; below most stay small-scale.
    const bool above = firm.revenue != kUnknown && firm.revenue > 500 * kWan;
    firm.vat_type = above || random.percent(company ? 24 : 3) ? 0 : 1;
    firm.tax_method = random.percent(company ? 92 : 45) ? 0 : 1;
    firm.accounting_sound = firm.tax_method == 0 && random.percent(97);
    if (firm.revenue == kUnknown) return;
    const std::int64_t margin =
        std::clamp<std::int64_t>(450 + random.normal() * 800 / kOne, -4'000, 4'500);
    firm.taxable_income =
        heaped(random, std::max<std::int64_t>(part_of(firm.revenue, margin), 0), kYuan);
    firm.small_profit = company && firm.taxable_income <= 300 * kWan && firm.employees_avg <= 300 &&
                        firm.assets_avg <= 5'000 * kWan;
    firm.fiscal_contribution =
        part_of(firm.taxable_income, random.between(300, 900)) / kYuan * kYuan;
    const bool borrows = random.percent(8 + 14 * static_cast<std::uint64_t>(firm.size));
    firm.loan_interest =
        borrows ? part_of(firm.liabilities, random.between(60, 320)) / kYuan * kYuan : 0;
    firm.loan_interest_202504 =
        part_of(firm.loan_interest, random.between(5'000, 12'000)) / kYuan * kYuan;
}

/// Records are rare (the shares are assumptions); a firm with one tends to have another.
void FirmMaker::draw_risks(Firm& firm, Random& random) const {
    firm.abnormal = flag(random, 26'000);
    const std::uint64_t worse = firm.abnormal ? 12 : 1;
    firm.dishonest = flag(random, 3'000 * worse);
    firm.defaulter = flag(random, 5'000 * worse);
    firm.risk_record = firm.dishonest | flag(random, 3'000);
    firm.research_dishonesty = flag(random, 100);
    firm.violation_12m = flag(random, 1'500);
    firm.violation_24m = firm.violation_12m | flag(random, 1'500);
    firm.major_accident_3y = firm.violation_24m | flag(random, 1'000);
    firm.accident_3y = firm.major_accident_3y | flag(random, 4'000);
    firm.accident_or_evasion = firm.accident_3y | flag(random, 3'000);
    firm.product_restricted = flag(random, 1'500);
    firm.industry_restricted = firm.product_restricted & flag(random, 600'000);
    firm.catalogue_restricted = firm.product_restricted;
    firm.dg_excluded = flag(random, 900);
}

void FirmMaker::draw_certificates(Firm& firm, Random& random) const {
    const auto size = static_cast<std::uint64_t>(firm.size);
    const char section = firm.industry->section;
    const bool industrial = section >= 'B' && section <= 'D';
    const std::uint64_t base = industrial ? 60'000 + 240'000 * size : 8'000 + 40'000 * size;
    firm.iso9001 = flag(random, base);
    firm.iso14001 = firm.iso9001 & flag(random, 450'000);
    firm.iso45001 = firm.iso14001 & flag(random, 700'000);
    firm.iso50001 = firm.iso45001 & flag(random, 180'000 + 150'000 * size);
    firm.pollutant_permit = industrial ? flag(random, 350'000 + 150'000 * size) : 0;
    firm.green_factory = firm.iso50001 & flag(random, size >= 2 ? 220'000 : 12'000);
    firm.removed_from_green = firm.green_factory & flag(random, 20'000);
    if (firm.green_factory && random.percent(35))
        hold(firm, random, Qualification::green_factory, 0, 0);
    if (!industrial) return;
    firm.upgrade_investment =
        random.percent(5 + 9 * size) ? heaped(random, lognormal(random, 180 * kWan, 110), kWan) : 0;
    firm.upgrade_filed = firm.upgrade_investment >= 100 * kWan && random.percent(45);
    firm.equipment_purchase =
        part_of(firm.upgrade_investment, random.between(5'000, 10'000)) / kYuan * kYuan;
    firm.advanced_list = firm.holds(Qualification::hnte) && section == 'C' && random.percent(55);
}

/// Half of the firms follow tags: mostly those of their trade, then the common ones.
void FirmMaker::draw_interests(Firm& firm, Random& random) const {
    firm.in_cluster = random.percent(35);
    firm.in_chain = random.percent(18);
    firm.labelled = random.percent(30);
    firm.smart = firm.industry->section == 'C' && random.percent(4);
    firm.received = random.percent(2);
    firm.chain_entries = firm.in_chain ? random.between(0, 3) : 0;
    if (random.percent(50)) return;
    const auto& own = trade_tags_[firm.industry->trade];
    const std::size_t wanted = static_cast<std::size_t>(random.between(1, 6));
    for (std::size_t turn = 0; turn < wanted; ++turn) {
        const std::int64_t low = random.unit() * random.unit() / kOne;
        const auto common =
            static_cast<std::uint8_t>(low * static_cast<std::int64_t>(kTags) / kOne);
        const std::uint8_t tag = random.percent(40) ? own[random.below(own.size())] : common;
        bool again = false;
        for (std::size_t i = 0; i < firm.follow_count; ++i)
            again = again || firm.follows[i].tag == tag;
        if (again) continue;
        const std::uint64_t kind = random.below(100);
        const std::int64_t weight = kind < 30   ? 1'000
                                    : kind < 90 ? 100 * random.between(1, 9)
                                                : random.between(1, 999);
        firm.follows[firm.follow_count++] = {tag, static_cast<std::uint16_t>(weight)};
    }
}

} // namespace qice
