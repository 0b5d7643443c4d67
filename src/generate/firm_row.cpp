#include "generate/firm_row.hpp"

#include "generate/words.hpp"
#include "qice/base/csv.hpp"
#include "qice/base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace qice {
namespace {

// -------------------------------------------------------------------------------- the columns

/// How a value is written.
enum class Form : std::uint8_t {
    whole,
    money,      // 分 as 元
    ratio,      // ten-thousandths
    tenth,      // tenths
    flag,       // 1 or 0
    day,        // a date
    vat,        // 一般纳税人, 小规模纳税人
    tax_method, // 查账征收, 核定征收
    name,
    entity_type,
    region,
    op_region,
    industry,
    qualifications,
    clusters,
    chains,
    labels,
    follows,
    received,
};

/// Fields that are known or missing together.
enum class Group : std::uint8_t {
    never, // sets, which are never missing
    registry,
    staff,
    finance,
    accounts,
    tax,
    research,
    people,
    rights,
    insurance,
    hiring,
    certificates,
    projects,
};
constexpr std::size_t kGroups = 13;

/// Missing, in percent of the firms that the portal knows by the registry, by their own profile,
/// in full. Together: registry data 0 to 2 %, employees about 30 %, revenue and assets about 55 %,
/// research, staff and IP detail about 75 % (assumptions; no portal publishes its gaps).
constexpr std::uint8_t kMissing[kGroups][3] = {
    {0, 0, 0},    {0, 0, 0},   {42, 8, 3},   {75, 18, 6},  {93, 40, 10}, {55, 15, 6}, {97, 60, 10},
    {96, 55, 12}, {90, 50, 8}, {60, 30, 12}, {95, 50, 25}, {90, 40, 10}, {92, 50, 20}};

struct FirmColumn {
    std::string_view name;
    Form form;
    Group group;
    Firm::Value Firm::*value = nullptr;
};

constexpr FirmColumn kColumns[] = {
    {"name", Form::name, Group::never},
    {"entity_type", Form::entity_type, Group::never},
    {"legal_entity", Form::flag, Group::registry, &Firm::legal_entity},
    {"resident_enterprise", Form::flag, Group::registry, &Firm::resident},
    {"region", Form::region, Group::registry},
    {"op_region", Form::op_region, Group::insurance},
    {"industry", Form::industry, Group::registry},
    {"established", Form::day, Group::registry, &Firm::established},
    {"registered_capital", Form::money, Group::registry, &Firm::registered_capital},
    {"paid_in_capital", Form::money, Group::finance, &Firm::paid_in_capital},
    {"listed", Form::flag, Group::registry, &Firm::listed},
    {"clusters", Form::clusters, Group::never},
    {"chains", Form::chains, Group::never},
    {"labels", Form::labels, Group::never},
    {"follows", Form::follows, Group::never},
    {"qualifications", Form::qualifications, Group::never},
    {"received", Form::received, Group::never},
    {"hnte_first_recognition", Form::flag, Group::rights, &Firm::hnte_first},
    {"hnte_consecutive_recognitions", Form::whole, Group::rights, &Firm::hnte_times},
    {"first_srdi_recognition", Form::flag, Group::rights, &Firm::srdi_first},
    {"xjr_batch", Form::whole, Group::registry, &Firm::xjr_batch},
    {"controlled_by_xjr_group", Form::flag, Group::rights, &Firm::xjr_group},
    {"srdi_score", Form::whole, Group::rights, &Firm::srdi_score},
    {"innovative_score", Form::whole, Group::rights, &Firm::innovative_score},
    {"employees", Form::whole, Group::staff, &Firm::employees},
    {"employees_avg", Form::whole, Group::tax, &Firm::employees_avg},
    {"tech_staff", Form::whole, Group::people, &Firm::tech_staff},
    {"rd_staff", Form::whole, Group::people, &Firm::rd_staff},
    {"bachelor_staff", Form::whole, Group::people, &Firm::bachelor_staff},
    {"disabled_staff", Form::whole, Group::insurance, &Firm::disabled_staff},
    {"core_talent", Form::flag, Group::people, &Firm::core_talent},
    {"revenue", Form::money, Group::finance, &Firm::revenue},
    {"revenue_y2", Form::money, Group::finance, &Firm::revenue_y2},
    {"revenue_y3", Form::money, Group::accounts, &Firm::revenue_y3},
    {"growth", Form::ratio, Group::finance, &Firm::growth},
    {"revenue_cagr_2y", Form::ratio, Group::accounts, &Firm::cagr},
    {"main_revenue", Form::money, Group::accounts, &Firm::main_revenue},
    {"main_revenue_y2", Form::money, Group::accounts, &Firm::main_revenue_y2},
    {"main_revenue_y3", Form::money, Group::accounts, &Firm::main_revenue_y3},
    {"total_income", Form::money, Group::accounts, &Firm::total_income},
    {"hightech_revenue", Form::money, Group::research, &Firm::hightech_revenue},
    {"monthly_sales", Form::money, Group::tax, &Firm::monthly_sales},
    {"manufacturing_sales_ratio", Form::ratio, Group::accounts, &Firm::manufacturing_share},
    {"cost_expense", Form::money, Group::accounts, &Firm::cost_expense},
    {"assets", Form::money, Group::finance, &Firm::assets},
    {"assets_avg", Form::money, Group::tax, &Firm::assets_avg},
    {"liabilities", Form::money, Group::accounts, &Firm::liabilities},
    {"equity_financing_2y", Form::money, Group::accounts, &Firm::equity_financing},
    {"loan_interest_paid", Form::money, Group::accounts, &Firm::loan_interest},
    {"loan_interest_paid_202405_202504", Form::money, Group::accounts, &Firm::loan_interest_202504},
    {"vat_taxpayer_type", Form::vat, Group::tax, &Firm::vat_type},
    {"tax_collection_method", Form::tax_method, Group::tax, &Firm::tax_method},
    {"accounting_sound", Form::flag, Group::tax, &Firm::accounting_sound},
    {"small_profit", Form::flag, Group::tax, &Firm::small_profit},
    {"taxable_income", Form::money, Group::tax, &Firm::taxable_income},
    {"fiscal_contribution", Form::money, Group::tax, &Firm::fiscal_contribution},
    {"rd_expense", Form::money, Group::research, &Firm::rd_expense},
    {"rd_expense_y2", Form::money, Group::research, &Firm::rd_expense_y2},
    {"rd_expense_y3", Form::money, Group::research, &Firm::rd_expense_y3},
    {"domestic_rd_expense_3y", Form::money, Group::research, &Firm::domestic_rd},
    {"rd_ratio_avg_2y", Form::ratio, Group::research, &Firm::rd_ratio_avg},
    {"rd_reserve_system", Form::flag, Group::research, &Firm::rd_reserve},
    {"provincial_rd_institution", Form::flag, Group::research, &Firm::rd_institution},
    {"owns_core_ip", Form::flag, Group::rights, &Firm::owns_core_ip},
    {"patents", Form::whole, Group::rights, &Firm::patents},
    {"ip_class1", Form::whole, Group::rights, &Firm::ip_class1},
    {"ip_class2", Form::whole, Group::rights, &Firm::ip_class2},
    {"ip_class1_own", Form::whole, Group::rights, &Firm::ip_class1_own},
    {"ip_core_self", Form::whole, Group::rights, &Firm::ip_core_self},
    {"ip_core_granted", Form::whole, Group::rights, &Firm::ip_core_granted},
    {"pct_patents", Form::whole, Group::rights, &Firm::pct_patents},
    {"niche_years", Form::tenth, Group::research, &Firm::niche_years},
    {"market_share", Form::ratio, Group::research, &Firm::market_share},
    {"domestic_rank", Form::whole, Group::research, &Firm::domestic_rank},
    {"global_rank", Form::whole, Group::research, &Firm::global_rank},
    {"strategic_emerging", Form::flag, Group::certificates, &Firm::strategic},
    {"future_industry", Form::flag, Group::certificates, &Firm::future},
    {"first_above_scale_year", Form::whole, Group::registry, &Firm::first_above_scale},
    {"first_above_scale_last_year", Form::flag, Group::registry, &Firm::above_scale_last_year},
    {"four_above", Form::flag, Group::registry, &Firm::four_above},
    {"output_growth_2024", Form::ratio, Group::accounts, &Firm::output_growth},
    {"idle_months", Form::whole, Group::certificates, &Firm::idle_months},
    {"production_started", Form::day, Group::certificates, &Firm::production_started},
    {"ui_paid_months", Form::whole, Group::insurance, &Firm::ui_months},
    {"ui_insured_staff", Form::whole, Group::insurance, &Firm::ui_staff},
    {"layoff_rate", Form::ratio, Group::insurance, &Firm::layoff_rate},
    {"hired_target_youth", Form::whole, Group::hiring, &Firm::youth_hires},
    {"hired_graduates", Form::whole, Group::hiring, &Firm::graduates},
    {"hired_insured_months", Form::whole, Group::hiring, &Firm::insured_months},
    {"labour_contract_years", Form::tenth, Group::hiring, &Firm::contract_years},
    {"new_target_hires_12m", Form::whole, Group::hiring, &Firm::new_target_hires},
    {"hired_phd_or_senior", Form::whole, Group::hiring, &Firm::phds},
    {"hired_master_or_intermediate", Form::whole, Group::hiring, &Firm::masters},
    {"hired_bachelor_or_technician", Form::whole, Group::hiring, &Firm::bachelors},
    {"wage_or_social_arrears", Form::flag, Group::registry, &Firm::arrears},
    {"dishonest", Form::flag, Group::registry, &Firm::dishonest},
    {"abnormal", Form::flag, Group::registry, &Firm::abnormal},
    {"judgment_defaulter", Form::flag, Group::registry, &Firm::defaulter},
    {"risk_record_3y", Form::flag, Group::registry, &Firm::risk_record},
    {"research_dishonesty_24m", Form::flag, Group::registry, &Firm::research_dishonesty},
    {"accident_3y", Form::flag, Group::registry, &Firm::accident_3y},
    {"major_accident_3y", Form::flag, Group::registry, &Firm::major_accident_3y},
    {"accident_or_violation_12m", Form::flag, Group::registry, &Firm::violation_12m},
    {"accident_or_violation_24m", Form::flag, Group::registry, &Firm::violation_24m},
    {"accident_or_tax_evasion_3y", Form::flag, Group::registry, &Firm::accident_or_evasion},
    {"product_restricted", Form::flag, Group::registry, &Firm::product_restricted},
    {"industry_restricted", Form::flag, Group::registry, &Firm::industry_restricted},
    {"catalogue_restricted", Form::flag, Group::registry, &Firm::catalogue_restricted},
    {"dg_excluded", Form::flag, Group::registry, &Firm::dg_excluded},
    {"provincial_green_factory", Form::flag, Group::registry, &Firm::green_factory},
    {"removed_from_green_list", Form::flag, Group::registry, &Firm::removed_from_green},
    {"pollutant_permit", Form::flag, Group::certificates, &Firm::pollutant_permit},
    {"iso9001", Form::flag, Group::certificates, &Firm::iso9001},
    {"iso14001", Form::flag, Group::certificates, &Firm::iso14001},
    {"iso45001", Form::flag, Group::certificates, &Firm::iso45001},
    {"iso50001", Form::flag, Group::certificates, &Firm::iso50001},
    {"tech_upgrade_investment", Form::money, Group::projects, &Firm::upgrade_investment},
    {"tech_upgrade_filed", Form::flag, Group::projects, &Firm::upgrade_filed},
    {"new_equipment_purchase", Form::money, Group::projects, &Firm::equipment_purchase},
    {"chain_entries", Form::whole, Group::projects, &Firm::chain_entries},
    {"advanced_mfg_listed", Form::flag, Group::certificates, &Firm::advanced_list},
};

// --------------------------------------------------------------------------- pieces of a cell

void append_whole(std::string& out, std::int64_t value) {
    char text[24];
    const auto end = std::to_chars(text, text + sizeof text, value).ptr;
    out.append(text, static_cast<std::size_t>(end - text));
}

/// value / 10^decimals, without trailing zeros.
void append_decimal(std::string& out, std::int64_t value, int decimals) {
    if (value < 0) {
        out += '-';
        value = -value;
    }
    std::int64_t scale = 1;
    for (int i = 0; i < decimals; ++i)
        scale *= 10;
    append_whole(out, value / scale);
    std::int64_t rest = value % scale;
    if (rest == 0) return;
    out += '.';
    while (rest != 0) {
        scale /= 10;
        out += static_cast<char>('0' + rest / scale);
        rest %= scale;
    }
}

void append_follows(std::string& out, const Firm& firm) {
    for (std::size_t i = 0; i < firm.follow_count; ++i) {
        if (i > 0) out += '|';
        out += tag_names()[firm.follows[i].tag];
        if (firm.follows[i].weight == 1'000) continue;
        out += ':';
        append_decimal(out, firm.follows[i].weight, 3);
    }
}

void append_labels(std::string& out, const Firm& firm) {
    const std::string_view label = trades()[firm.industry->trade].label;
    if (firm.labelled) out += label;
    if (!firm.smart || (firm.labelled && label == "智能制造")) return;
    if (firm.labelled && !label.empty()) out += '|';
    out += "智能制造";
}

void append_entity_type(std::string& out, EntityType type) {
    constexpr std::string_view kNames[] = {"企业", "个体工商户", "农民专业合作社", "社会组织"};
    out += kNames[static_cast<std::size_t>(type)];
}

// ----------------------------------------------------------------------------- the credit code

/// A different number below `size` for each number below `size`: an affine map, `step` prime to
/// `size`.
std::uint64_t shuffled(std::uint64_t number, std::uint64_t size, std::uint64_t step,
                       std::uint64_t seed) {
    const auto product = static_cast<unsigned __int128>(number % size) * step + seed % size;
    return static_cast<std::uint64_t>(product % size);
}

/// The check character of an organisation code (GB 11714), of its first eight characters.
char organisation_check(const char* body) {
    constexpr int kWeights[] = {3, 7, 9, 10, 5, 8, 4, 2};
    int sum = 0;
    for (int i = 0; i < 8; ++i) {
        const int value = body[i] <= '9' ? body[i] - '0' : body[i] - 'A' + 10;
        sum += value * kWeights[i];
    }
    const int check = 11 - sum % 11;
    if (check == 10) return 'X';
    return check == 11 ? '0' : static_cast<char>('0' + check);
}

void write_organisation(char* body, std::uint64_t number, std::uint64_t seed, bool recent) {
    constexpr char kAlphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    if (recent) {
        std::uint64_t rest = shuffled(number, 887'503'681, 367'918'463, seed); // 31^6
        body[0] = 'M';
        body[1] = 'A';
        for (int i = 7; i >= 2; --i, rest /= 31)
            body[i] = kAlphabet[rest % 31];
    } else {
        std::uint64_t rest = shuffled(number, 100'000'000, 38'196'601, seed);
        for (int i = 7; i >= 0; --i, rest /= 10)
            body[i] = static_cast<char>('0' + rest % 10);
    }
    body[8] = organisation_check(body);
}

} // namespace

std::string credit_code(const Firm& firm, std::uint64_t seed) {
    // Registries hand out codes that begin with MA to whoever registered since October 2015.
    const Date reform = *Date::from_civil(2015, 10, 1);
    constexpr std::string_view kKinds[] = {"91", "92", "93", "52"};
    std::string code;
    code.reserve(18);
    code += kKinds[static_cast<std::size_t>(firm.type)];
    code += std::string_view(firm.town->county).substr(0, 6);
    code.resize(17);
    const bool recent = firm.established >= reform.days;
    write_organisation(code.data() + 8, firm.number, Random(seed, 4, 0).next(), recent);
    code += *credit_code_check(code);
    return code;
}

std::vector<std::string_view> firm_columns() {
    std::vector<std::string_view> names{"uscc"};
    for (const FirmColumn& column : kColumns)
        names.push_back(column.name);
    return names;
}

// -------------------------------------------------------------------------------------- rows

Result<FirmRows> FirmRows::load(const City& city, const std::string& standards, std::uint64_t seed,
                                Date as_of) {
    FirmRows rows;
    rows.city_ = &city;
    rows.seed_ = seed;
    const std::string path = standards + "/qualifications.csv";
    QICE_ASSIGN_OR_RETURN(const std::string text, read_file(path));
    rows.qualification_names_.resize(kQualifications);
    CsvScanner scanner(text);
    while (scanner.next())
        for (std::size_t i = 0; i < kQualifications; ++i)
            if (scanner.cells().size() > 1 && scanner.cells()[0] == kQualificationIds[i])
                rows.qualification_names_[i] = scanner.cells()[1];
    for (std::size_t i = 0; i < kQualifications; ++i)
        if (rows.qualification_names_[i].empty())
            return invalid_input(std::string("no name for ") + kQualificationIds[i], {path});
    rows.first_day_ = as_of.days - 45 * 366;
    const std::int64_t last_day = as_of.days + 5 * 366;
    for (std::int64_t day = rows.first_day_; day <= last_day; ++day)
        rows.days_.push_back(Date{static_cast<std::int32_t>(day)}.to_string());
    return rows;
}

void FirmRows::append_header(std::string& out) {
    bool first = true;
    for (std::string_view name : firm_columns()) {
        if (!first) out += ',';
        first = false;
        out += name;
    }
    out += '\n';
}

void FirmRows::append_date(std::string& out, std::int64_t day) const {
    out += days_[static_cast<std::size_t>(day - first_day_)];
}

void FirmRows::append_name(std::string& out, const Firm& firm) const {
    Random random(seed_, 2, firm.number);
    const auto heads = name_heads(), tails = name_tails();
    out += city_->name;
    if (firm.type == EntityType::individual) out += firm.town->name;
    out += heads[random.below(heads.size())];
    if (random.percent(35)) out += heads[random.below(heads.size())];
    out += tails[random.below(tails.size())];
    out += trades()[firm.industry->trade].words[random.below(3)];
    switch (firm.type) {
    case EntityType::individual: out += random.percent(50) ? "经营部" : "店"; return;
    case EntityType::cooperative: out += "农民专业合作社"; return;
    case EntityType::social_organisation: out += "服务中心"; return;
    case EntityType::company: break;
    }
    out += firm.listed || random.percent(1) ? "股份有限公司" : "有限公司";
}

void FirmRows::append_qualifications(std::string& out, const Firm& firm) const {
    for (std::size_t i = 0; i < firm.held_count; ++i) {
        if (i > 0) out += '|';
        out += qualification_names_[static_cast<std::size_t>(firm.held[i].what)];
        if (firm.held[i].until == kUnknown) continue;
        out += '@';
        append_date(out, firm.held[i].until);
    }
}

void FirmRows::append(std::string& out, const Firm& firm) const {
    Random random(seed_, 3, firm.number);
    std::uint32_t missing = 0; // a bit a group
    for (std::size_t group = 2; group < kGroups; ++group)
        if (random.percent(kMissing[group][static_cast<std::size_t>(firm.knowledge)]))
            missing |= 1u << group;
    const Trade& trade = trades()[firm.industry->trade];
    out += credit_code(firm, seed_);
    for (const FirmColumn& column : kColumns) {
        out += ',';
        if (column.group != Group::never) {
            if (missing >> static_cast<unsigned>(column.group) & 1) continue;
            if (random.below(1000) < (column.group == Group::registry ? 8 : 20)) continue;
        }
        const Firm::Value value = column.value != nullptr ? firm.*column.value : 0;
        if (value == kUnknown) continue;
        switch (column.form) {
        case Form::whole: append_whole(out, value); break;
        case Form::money: append_decimal(out, value, 2); break;
        case Form::ratio: append_decimal(out, value, 4); break;
        case Form::tenth: append_decimal(out, value, 1); break;
        case Form::flag: out += value != 0 ? '1' : '0'; break;
        case Form::day: append_date(out, value); break;
        case Form::vat: out += value == 0 ? "一般纳税人" : "小规模纳税人"; break;
        case Form::tax_method: out += value == 0 ? "查账征收" : "核定征收"; break;
        case Form::name: append_name(out, firm); break;
        case Form::entity_type: append_entity_type(out, firm.type); break;
        case Form::region: out += firm.town->code; break;
        case Form::op_region: out += firm.op_town->code; break;
        case Form::industry: out += firm.industry->code; break;
        case Form::qualifications: append_qualifications(out, firm); break;
        case Form::clusters:
            if (firm.in_cluster) out += trade.cluster;
            break;
        case Form::chains:
            if (firm.in_chain) out += trade.chain;
            break;
        case Form::labels: append_labels(out, firm); break;
        case Form::follows: append_follows(out, firm); break;
        case Form::received:
            if (firm.received) out += "财政贴息";
            break;
        }
    }
    out += '\n';
}

} // namespace qice
