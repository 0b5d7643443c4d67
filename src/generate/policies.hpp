// Made-up policies for a city, with the shape of real ones: levels from the nation to a town,
// sub-rules copied from level to level, thresholds from a short list of round numbers.
//
// Policy `number` follows from (city, seed, number). Over a generated city of the same place about
// 1.8 % of the pairs are eligible and 2.6 % possible. Rules use about 16 fields of the standard
// schema and are always valid against it.
#pragma once

#include "generate/city.hpp"
#include "qice/base/date.hpp"

#include <cstdint>
#include <string>

namespace qice {

/// Appends policy `number` as one line of JSON.
void append_policy(std::string& out, const City& city, std::uint64_t seed, Date as_of,
                   std::uint64_t number);

} // namespace qice
