// One made-up firm: what is true of it, before the gaps that a portal's data has.
//
// Everything about firm `number` follows from (city, seed, number); nothing is shared between
// firms, so any part of a city can be drawn alone. Cost: about a microsecond a firm.
#pragma once

#include "generate/city.hpp"
#include "generate/random.hpp"
#include "qice/base/date.hpp"
#include "qice/model/standards.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace qice {

inline constexpr std::int64_t kUnknown = std::numeric_limits<std::int64_t>::min();
/// Money is held in 分, hundredths of a 元.
inline constexpr std::int64_t kYuan = 100;
inline constexpr std::int64_t kWan = 10'000 * kYuan;

/// The qualifications a firm may hold, by their place in the table of kQualificationIds.
enum class Qualification : std::uint8_t {
    innovative_sme,
    tsme,
    srdi,
    xjr,
    key_xjr,
    champion,
    hnte,
    gazelle,
    listing_reserve,
    technology_centre,
    green_factory,
    above_scale,
};
inline constexpr std::size_t kQualifications = 12;
/// Their ids in standards/qualifications.csv.
extern const std::array<const char*, kQualifications> kQualificationIds;

/// How much the portal knows of a firm.
enum class Knowledge : std::uint8_t {
    registry, // what the registry says
    declared, // the firm filled in its profile
    full,     // statistics or a qualification review looked at it
};

enum class EntityType : std::uint8_t { company, individual, cooperative, social_organisation };

struct Held {
    Qualification what{};
    std::int64_t until = kUnknown; // last valid day; unknown: no end
};

struct Follow {
    std::uint8_t tag = 0;
    std::uint16_t weight = 0; // thousandths
};

struct Firm {
    using Value = std::int64_t; // kUnknown: nothing to write

    std::uint64_t number = 0;
    const Town* town = nullptr;
    const Town* op_town = nullptr;
    const Industry* industry = nullptr;
    SizeClass size = SizeClass::micro;
    EntityType type = EntityType::company;
    Knowledge knowledge = Knowledge::registry;
    bool innovative = false;
    std::uint64_t months = 0; // of age

    std::array<Held, 12> held{};
    std::size_t held_count = 0;
    std::array<Follow, 6> follows{};
    std::size_t follow_count = 0;
    bool in_cluster = false, in_chain = false, labelled = false, smart = false, received = false;

    // Flags are 0 or 1, dates days since 1970, money 分, ratios ten-thousandths.
    Value legal_entity = 1, resident = 1, established = kUnknown, listed = 0;
    Value registered_capital = kUnknown, paid_in_capital = kUnknown;

    Value revenue = kUnknown, revenue_y2 = kUnknown, revenue_y3 = kUnknown, growth = kUnknown;
    Value cagr = kUnknown, main_revenue = kUnknown, main_revenue_y2 = kUnknown;
    Value main_revenue_y3 = kUnknown, total_income = kUnknown, hightech_revenue = kUnknown;
    Value monthly_sales = kUnknown, manufacturing_share = kUnknown, cost_expense = kUnknown;
    Value assets = kUnknown, assets_avg = kUnknown, liabilities = kUnknown;
    Value taxable_income = kUnknown, small_profit = kUnknown, vat_type = kUnknown;
    Value tax_method = kUnknown, accounting_sound = kUnknown, fiscal_contribution = kUnknown;
    Value equity_financing = kUnknown, loan_interest = kUnknown, loan_interest_202504 = kUnknown;

    Value niche_years = kUnknown, market_share = kUnknown, domestic_rank = kUnknown; // years x 10
    Value global_rank = kUnknown, first_above_scale = kUnknown, above_scale_last_year = 0;
    Value output_growth = kUnknown, four_above = 0, strategic = kUnknown, future = kUnknown;
    Value idle_months = kUnknown, chain_entries = kUnknown, production_started = kUnknown;

    Value employees = kUnknown, employees_avg = kUnknown, tech_staff = kUnknown;
    Value rd_staff = kUnknown, bachelor_staff = kUnknown, disabled_staff = kUnknown;
    Value ui_months = kUnknown, ui_staff = kUnknown, layoff_rate = kUnknown;
    Value youth_hires = kUnknown, insured_months = kUnknown,
          contract_years = kUnknown; // years x 10
    Value new_target_hires = kUnknown, graduates = kUnknown, phds = kUnknown, masters = kUnknown;
    Value bachelors = kUnknown, arrears = 0, core_talent = kUnknown;

    Value rd_expense = kUnknown, rd_expense_y2 = kUnknown, rd_expense_y3 = kUnknown;
    Value domestic_rd = kUnknown, rd_ratio_avg = kUnknown, rd_reserve = kUnknown;
    Value rd_institution = kUnknown, owns_core_ip = kUnknown, patents = kUnknown;
    Value ip_class1 = kUnknown, ip_class2 = kUnknown, ip_class1_own = kUnknown;
    Value ip_core_self = kUnknown, ip_core_granted = kUnknown, pct_patents = kUnknown;
    Value srdi_score = kUnknown, innovative_score = kUnknown;

    Value hnte_first = kUnknown, hnte_times = kUnknown, srdi_first = kUnknown;
    Value xjr_batch = kUnknown, xjr_group = kUnknown;

    Value dishonest = 0, abnormal = 0, defaulter = 0, risk_record = 0, research_dishonesty = 0;
    Value accident_3y = 0, major_accident_3y = 0, violation_12m = 0, violation_24m = 0;
    Value accident_or_evasion = 0, product_restricted = 0, industry_restricted = 0;
    Value catalogue_restricted = 0, dg_excluded = 0;

    Value green_factory = 0, removed_from_green = 0, pollutant_permit = kUnknown;
    Value iso9001 = kUnknown, iso14001 = kUnknown, iso45001 = kUnknown, iso50001 = kUnknown;
    Value upgrade_investment = kUnknown, upgrade_filed = kUnknown, equipment_purchase = kUnknown;
    Value advanced_list = kUnknown;

    bool holds(Qualification what) const;
};

/// Draws the firms of one city.
class FirmMaker {
  public:
    FirmMaker(const City& city, std::uint64_t seed, Date as_of);

    Firm draw(std::uint64_t number) const;

  private:
    // Called in this order; each adds one side of the firm from what is already drawn.
    void draw_registration(Firm& firm, Random& random) const;
    void draw_size(Firm& firm, Random& random) const;
    void draw_finance(Firm& firm, Random& random) const;
    void draw_history(Firm& firm, Random& random) const;
    void draw_qualifications(Firm& firm, Random& random) const;
    void draw_research(Firm& firm, Random& random) const;
    void draw_intellectual_property(Firm& firm, Random& random) const;
    void draw_staff(Firm& firm, Random& random) const;
    void draw_tax(Firm& firm, Random& random) const;
    void draw_risks(Firm& firm, Random& random) const;
    void draw_certificates(Firm& firm, Random& random) const;
    void draw_interests(Firm& firm, Random& random) const;
    void hold(Firm& firm, Random& random, Qualification what, std::int64_t valid_months,
              std::uint64_t expired_percent) const;

    const City* city_;
    std::uint64_t seed_;
    Date as_of_;
    int year_; // of the as-of date
    std::vector<std::array<std::uint8_t, 3>> trade_tags_;
};

/// Draws that several sides of a firm use.
inline std::int64_t flag(Random& random, std::uint64_t share_per_million) {
    return random.per_million(share_per_million) ? 1 : 0;
}
/// x / y in ten-thousandths, towards zero; y is not zero.
inline std::int64_t ten_thousandths(std::int64_t x, std::int64_t y) {
    return static_cast<std::int64_t>(static_cast<__int128>(x) * 10'000 / y);
}
/// x x y / 10,000 without overflow.
inline std::int64_t part_of(std::int64_t x, std::int64_t y) {
    return static_cast<std::int64_t>(static_cast<__int128>(x) * y / 10'000);
}
/// People round what they report: a part of the values to one or two leading digits, the rest of
/// the money to whole 元.
std::int64_t heaped(Random& random, std::int64_t value, std::int64_t unit);

} // namespace qice
