// A realistic made-up city: firms, and policies for them, as files.
//
//   generate({.firms = 5000, .policies = 300, .seed = 1, .out = "city"});
//
// writes OUT/firms.csv, OUT/schema.json (the standard schema) and, when policies are asked for,
// OUT/policies.jsonl. The same options give the same bytes on every machine. Firms stream in
// constant memory; each file stands under its name only once it is whole. Nothing in it is about
// a real company.
#pragma once

#include "qice/base/date.hpp"
#include "qice/base/status.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace qice {

struct GenerateOptions {
    std::uint64_t firms = 5000; // at most kMostFirms
    std::uint64_t policies = 0; // at most kMostPolicies
    std::uint64_t seed = 1;
    std::string out{};           // a folder, made where it does not exist
    std::string city = "441900"; // GB/T 2260 code of a place with places below it
    Date as_of{20619};           // 2026-06-15: ages, windows and expiry dates lie around it
};

/// The numbers in the ids allow no more.
inline constexpr std::uint64_t kMostFirms = 100'000'000;
inline constexpr std::uint64_t kMostPolicies = 10'000'000;

/// Called now and then with how many firms are written.
using GenerateProgress = std::function<void(std::uint64_t firms_done)>;

Status generate(const GenerateOptions& options, const GenerateProgress& progress = {});

} // namespace qice
