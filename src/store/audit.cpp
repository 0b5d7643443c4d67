#include "store/audit.hpp"

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

} // namespace qice
