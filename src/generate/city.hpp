// A city to draw firms and policies for: its towns, the industries and their weights.
//
// Built once from the standards folder, then read only. Weights are whole numbers, so what is drawn
// from them is the same everywhere.
#pragma once

#include "generate/random.hpp"
#include "qice/base/status.hpp"
#include "qice/model/standards.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace qice {

/// The least place of the region list that a firm is registered in: a town, else a county.
struct Town {
    std::string code, name;
    std::string county;       // six digits; of a town directly under the city: the city
    std::uint64_t weight = 0; // share of the city's firms
};

/// Where a local policy holds: a town, or a county of the city.
struct District {
    std::string code, name;
    std::uint64_t firms_ppm = 0; // share of the city's firms
};

/// Bounds of one indicator in a size class: low <= value < high, for micro, small, medium, large.
struct SizeBounds {
    std::array<std::int64_t, 5> at{};
    bool decides = false; // does the standard use the indicator here?
};

/// A four-digit class of GB/T 4754.
struct Industry {
    std::string code, division;
    char section = 'C';
    std::size_t trade = 0;
    SizeBounds employees, revenue, assets; // persons, 万元, 万元
    std::int64_t above_scale = 0; // 万元 of yearly revenue from which a firm is 规模以上; 0: never
};

struct City {
    std::string code, name; // 441900, 东莞市
    std::string province, province_name;
    bool industrial = false; // is a quarter of its firms in manufacturing?
    std::vector<Town> towns;
    std::vector<District> places; // where local policies hold, with their weights in place_choice
    std::vector<Industry> industries;
    WeightedChoice town_choice, industry_choice, place_choice;

    /// The city (or any region with something below it) with this code, from `standards`.
    static Result<City> load(const std::string& code, const std::string& standards);
};

} // namespace qice
