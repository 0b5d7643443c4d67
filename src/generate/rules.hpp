// The rules of made-up policies: conditions, sub-rules that go from level to level, themes.
#pragma once

#include "generate/city.hpp"
#include "generate/random.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace qice {

/// Who issues a policy, and so where it holds.
enum class Level : std::uint8_t { national, province, city, local };

/// What a policy is for.
enum class Theme : std::uint8_t {
    upgrade,       // 技术改造
    qualification, // 资质奖励
    growth,        // 上规发展
    small,         // 小微企业
    startup,       // 创业
    research,      // 研发投入
    table,         // 按评分表
    choice,        // 若干条件中满足几条
    services,      // 服务业
    capital,       // 上市融资
    ladder,        // 梯度培育
};
inline constexpr std::size_t kThemes = 11;
std::string_view title_of(Theme theme);

struct MadeRule {
    std::string json;
    std::size_t trade = 0;    // whose industries it names; kNoTrade: none in particular
    std::string_view subject; // of the title: 电子企业, 企业
};
inline constexpr std::size_t kNoTrade = static_cast<std::size_t>(-1);

/// `region` is empty for a rule that holds everywhere.
MadeRule make_rule(Random& random, const City& city, Level level, Theme theme,
                   std::string_view region);

/// A short rule for a `prefer` entry.
std::string make_preference(Random& random);

} // namespace qice
