// A night in numbers for Prometheus: a file in its text form, for the textfile collector of
// node_exporter.
//
//   QICE_ASSIGN_OR_RETURN(const std::int64_t before, last_success(path));
//   write_metrics(path, night_metrics({.exit = code, .report = &report, .now = now, ...}));
//
// The file is put in its place whole. A night that failed writes one too: its exit code, and when
// the last one went well.
#pragma once

#include "push/run.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace qice::cli {

struct NightMetrics {
    int exit = 0;
    const NightReport* report = nullptr; // none of a night that failed
    StatusSet statuses = kEligibleAndReview;
    std::int64_t now = 0;          // seconds since 1970
    std::int64_t last_success = 0; // of an earlier night; 0: none
    double seconds = 0;            // the whole
    std::int64_t quarantined = 0;
    double peak_bytes = 0;
    std::string kernels, store;
    unsigned threads = 1;
};

std::string night_metrics(const NightMetrics& night);

/// When the night before went well, from the file it wrote; 0 where that says nothing.
std::int64_t last_success(const std::string& path);

} // namespace qice::cli
