#include "qice/model/standards.hpp"

#include "qice/base/csv.hpp"
#include "qice/base/decimal.hpp"
#include "qice/base/text.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#ifndef QICE_DATA_DIRECTORIES
#define QICE_DATA_DIRECTORIES "data"
#endif

namespace qice {

std::string data_directory() {
    if (const char* chosen = std::getenv("QICE_DATA"); chosen != nullptr && *chosen != '\0')
        return chosen;
    namespace fs = std::filesystem;
    std::error_code ignored;
    std::vector<std::string> candidates;
    // Beside the library that this is a part of: a Python package carries its own, and lib/ or
    // lib/x86_64-linux-gnu/ has a share/ beside it.
    Dl_info object{};
    if (dladdr(reinterpret_cast<const void*>(&data_directory), &object) != 0 &&
        std::string_view(object.dli_fname).find(".so") != std::string_view::npos) {
        const fs::path folder = fs::absolute(object.dli_fname, ignored).parent_path();
        candidates.push_back((folder / "data").string());
        candidates.push_back((folder.parent_path() / "share/qice").string());
        candidates.push_back((folder.parent_path().parent_path() / "share/qice").string());
    }
    // Beside the program, so that an installation may be moved as a whole.
    const fs::path program = fs::read_symlink("/proc/self/exe", ignored);
    if (!ignored)
        candidates.push_back((program.parent_path().parent_path() / "share/qice").string());
    for (std::string_view compiled_in : split(QICE_DATA_DIRECTORIES, ':'))
        candidates.emplace_back(compiled_in);
    for (const std::string& candidate : candidates)
        if (fs::is_directory(candidate + "/standards", ignored)) return candidate;
    return candidates.back();
}

// ---------------------------------------------------------------------------- size classes

Result<SizeClasses> SizeClasses::load(const std::string& path) {
    QICE_ASSIGN_OR_RETURN(const std::string text, read_file(path));
    constexpr std::array<std::string_view, 12> kHeader{
        "category",        "name",          "codes",          "employees_small", "employees_medium",
        "employees_large", "revenue_small", "revenue_medium", "revenue_large",   "assets_small",
        "assets_medium",   "assets_large"};
    CsvScanner scanner(text);
    if (!scanner.next() ||
        !std::equal(scanner.cells().begin(), scanner.cells().end(), kHeader.begin(), kHeader.end()))
        return invalid_input("the size classes need the header category,name,codes,employees_small,"
                             "... as in the standards folder",
                             {path, 1});
    SizeClasses classes;
    while (scanner.next()) {
        const Place place{path, static_cast<std::uint32_t>(scanner.line())};
        const auto& cells = scanner.cells();
        if (cells.size() != kHeader.size()) return invalid_input("this line needs 12 cells", place);
        const auto number = static_cast<std::uint32_t>(classes.categories_.size());
        Category category{std::string(cells[0]), std::string(cells[1]), {}, {}, {}};
        Bounds* const indicators[] = {&category.employees, &category.revenue, &category.assets};
        for (std::size_t i = 0; i < 3; ++i) {
            if (cells[3 + 3 * i].empty()) continue;
            std::array<std::int64_t, 3> bounds{};
            for (std::size_t j = 0; j < 3; ++j)
                if (parse_number(cells[3 + 3 * i + j], {}, 0, bounds[j]) != NumberError::none)
                    return invalid_input("\"" + std::string(cells[3 + 3 * i + j]) +
                                             "\" is not a whole number",
                                         place);
            *indicators[i] = bounds;
        }
        for (std::string_view code : split(cells[2], '|'))
            classes.codes_.emplace_back(std::string(trim(code)), number);
        classes.categories_.push_back(std::move(category));
    }
    std::sort(classes.codes_.begin(), classes.codes_.end());
    return classes;
}

std::optional<std::uint32_t> SizeClasses::exact(std::string_view code) const {
    const auto at =
        std::lower_bound(codes_.begin(), codes_.end(), code,
                         [](const auto& entry, std::string_view c) { return entry.first < c; });
    if (at == codes_.end() || at->first != code) return {};
    return at->second;
}

std::optional<std::uint32_t> SizeClasses::category_of(std::string_view industry) const {
    const bool lettered = !industry.empty() && industry[0] >= 'A' && industry[0] <= 'Z';
    const std::string_view digits = industry.substr(lettered ? 1 : 0);
    for (std::size_t length = digits.size(); length > 0; --length)
        if (const auto found = exact(digits.substr(0, length))) return found;
    return lettered ? exact(industry.substr(0, 1)) : std::nullopt;
}

std::vector<std::optional<std::uint32_t>>
SizeClasses::categories_of(const CodeList& industries) const {
    std::vector<std::optional<std::uint32_t>> categories(industries.size());
    for (std::uint32_t code = 0; code < industries.size(); ++code) { // parents come first
        categories[code] = exact(industries[code].code);
        if (!categories[code] && industries[code].parent != CodeList::kRoot)
            categories[code] = categories[industries[code].parent];
    }
    return categories;
}

namespace {

SizeClass class_by(const std::array<std::int64_t, 3>& bounds, std::int64_t value, int exponent) {
    int reached = 0;
    for (std::int64_t bound : bounds) {
        __int128 left = value, right = bound;
        (exponent >= 0 ? left : right) *= power_of_ten(std::abs(exponent));
        if (left >= right) ++reached;
    }
    return static_cast<SizeClass>(reached);
}

} // namespace

std::optional<SizeClass> SizeClasses::classify(std::uint32_t category, const Indicator& employees,
                                               const Indicator& revenue,
                                               const Indicator& assets) const {
    const Category& bounds = categories_[category];
    SizeClass least = SizeClass::large;
    bool missing = false;
    const auto judge = [&](const Bounds& needed, const Indicator& indicator) {
        if (!needed) return;
        if (!indicator.value) {
            missing = true;
            return;
        }
        least = std::min(least, class_by(*needed, *indicator.value, indicator.exponent));
    };
    judge(bounds.employees, employees);
    judge(bounds.revenue, revenue);
    judge(bounds.assets, assets);
    // Whatever the missing indicator is, it cannot lift a firm above its least class.
    if (missing && least != SizeClass::micro) return {};
    return least;
}

// ----------------------------------------------------------------------------- credit code

std::optional<char> credit_code_check(std::string_view first_17) {
    // GB 32100-2015, 5.2: weights 3^(i-1) mod 31 over an alphabet without I, O, S, V, Z.
    constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    if (first_17.size() != 17) return {};
    unsigned sum = 0, weight = 1;
    for (char c : first_17) {
        const std::size_t value = kAlphabet.find(c);
        if (value == std::string_view::npos) return {};
        sum += static_cast<unsigned>(value) * weight;
        weight = weight * 3 % 31;
    }
    return kAlphabet[(31 - sum % 31) % 31];
}

bool is_credit_code(std::string_view code) {
    if (code.size() != 18) return false;
    const std::optional<char> check = credit_code_check(code.substr(0, 17));
    return check && *check == code[17];
}

} // namespace qice
