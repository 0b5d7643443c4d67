// Moments of the wall clock as text, in UTC, as ISO 8601 writes them. Safe in any thread.
#pragma once

#include <ctime>
#include <string>

namespace qice {

/// Seconds since 1970 as 2026-11-25T19:04:05; the caller adds what follows the seconds.
inline std::string utc_text(std::time_t seconds) {
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    char text[32];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc)};
}

/// Now: 2026-11-25T19:04:05Z.
inline std::string utc_now() {
    return utc_text(std::time(nullptr)) + "Z";
}

} // namespace qice
