#include "qice/base/date.hpp"

#include <chrono>
#include <cstdio>
#include <ctime>

namespace qice {
namespace {

bool read_digits(std::string_view text, int& out) {
    if (text.empty() || text.size() > 4) return false;
    out = 0;
    for (char c : text) {
        if (c < '0' || c > '9') return false;
        out = out * 10 + (c - '0');
    }
    return true;
}

std::chrono::year_month_day civil(Date date) {
    return std::chrono::year_month_day{std::chrono::sys_days{std::chrono::days{date.days}}};
}

} // namespace

std::optional<Date> Date::from_civil(int year, int month, int day) {
    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31) return {};
    const std::chrono::year_month_day ymd{std::chrono::year{year},
                                          std::chrono::month{static_cast<unsigned>(month)},
                                          std::chrono::day{static_cast<unsigned>(day)}};
    if (!ymd.ok()) return {};
    return Date{static_cast<std::int32_t>(std::chrono::sys_days{ymd}.time_since_epoch().count())};
}

std::optional<Date> Date::parse(std::string_view text) {
    int year = 0, month = 0, day = 0;
    const std::size_t first = text.find_first_of("-/");
    if (first == std::string_view::npos) {
        if (text.size() != 8) return {};
        if (!read_digits(text.substr(0, 4), year) || !read_digits(text.substr(4, 2), month) ||
            !read_digits(text.substr(6, 2), day))
            return {};
    } else {
        const std::size_t second = text.find(text[first], first + 1);
        if (second == std::string_view::npos || first != 4) return {};
        const std::string_view month_text = text.substr(first + 1, second - first - 1);
        const std::string_view day_text = text.substr(second + 1);
        if (month_text.size() > 2 || day_text.size() > 2) return {};
        if (!read_digits(text.substr(0, first), year) || !read_digits(month_text, month) ||
            !read_digits(day_text, day))
            return {};
    }
    return from_civil(year, month, day);
}

Date Date::today() {
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    localtime_r(&now, &local);
    return *from_civil(local.tm_year + 1900, local.tm_mon + 1, local.tm_mday);
}

std::string Date::to_string() const {
    const auto ymd = civil(*this);
    char text[16];
    std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(ymd.year()),
                  static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()));
    return text;
}

unsigned Date::day_of_month() const { return static_cast<unsigned>(civil(*this).day()); }

std::int64_t completed_months(Date from, Date to) {
    const auto a = civil(from);
    const auto b = civil(to);
    const std::int64_t years = static_cast<int>(b.year()) - static_cast<int>(a.year());
    const std::int64_t months = static_cast<std::int64_t>(static_cast<unsigned>(b.month())) -
                                static_cast<std::int64_t>(static_cast<unsigned>(a.month()));
    return years * 12 + months - (b.day() < a.day() ? 1 : 0);
}

} // namespace qice
