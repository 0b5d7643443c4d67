#include "store/audit.hpp"

#include <ctime>

namespace qice {

Digest audit_digest(const Digest& previous, const AuditEntry& entry) {
    Sha256 sha;
    sha.add(previous);
    sha.add_number(entry.entry);
    sha.add_text(entry.recorded);
    sha.add_text(entry.kind);
    sha.add_text(entry.body);
    return sha.take();
}

std::string utc_now() {
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    gmtime_r(&now, &utc);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return text;
}

} // namespace qice
