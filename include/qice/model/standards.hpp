// National standards as qice uses them: where their tables lie, the size classes, the credit code.
#pragma once

#include "qice/base/status.hpp"
#include "qice/model/codes.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qice {

/// The folder with qice's own data: $QICE_DATA, else `data` beside the shared object that this is a
/// part of, else the one of the installation that the program runs from, else where qice was
/// installed or built.
std::string data_directory();

enum class SizeClass : std::uint8_t { micro, small, medium, large };
inline constexpr std::array<std::string_view, 4> kSizeClassNames{"micro", "small", "medium",
                                                                 "large"};

/// 统计上大中小微型企业划分办法（2017）, read from `standards/sme_size.csv`.
///
/// A firm is in the least class of its indicators; lower bounds are inclusive. An industry that the
/// standard does not list has no class.
class SizeClasses {
  public:
    /// Least value of small, medium and large; empty where the category does not use the indicator.
    using Bounds = std::optional<std::array<std::int64_t, 3>>;
    struct Category {
        std::string id, name;
        Bounds employees; // persons
        Bounds revenue;   // 万元
        Bounds assets;    // 万元
    };
    /// An indicator of a firm: value x 10^exponent in the unit of the bounds, or unknown.
    struct Indicator {
        std::optional<std::int64_t> value;
        int exponent = 0;
    };

    static Result<SizeClasses> load(const std::string& path);

    const std::vector<Category>& categories() const { return categories_; }
    /// The category of an industry code written with its section letter (`C3911`), if it has one;
    /// bare digits are found only where the standard names the division or group itself.
    std::optional<std::uint32_t> category_of(std::string_view industry) const;
    /// The same for every code of a list, by number.
    std::vector<std::optional<std::uint32_t>> categories_of(const CodeList& industries) const;

    /// The class, or nothing where a missing indicator could still change it.
    std::optional<SizeClass> classify(std::uint32_t category, const Indicator& employees,
                                      const Indicator& revenue, const Indicator& assets) const;

  private:
    std::optional<std::uint32_t> exact(std::string_view code) const;

    std::vector<Category> categories_;
    std::vector<std::pair<std::string, std::uint32_t>> codes_; // sorted by code
};

/// GB 32100-2015: do the form and the check character of a unified social credit code fit? Codes
/// that fail are in circulation, so this is ground for a warning only.
bool is_credit_code(std::string_view code);
/// The check character for the first 17 characters; nothing if one is not of the alphabet.
std::optional<char> credit_code_check(std::string_view first_17);

} // namespace qice
