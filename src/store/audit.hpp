// The audit log's chain: an entry's digest covers the digest of the one before, so that no byte of
// an earlier entry can be changed, and none taken out, without every later digest being wrong.
#pragma once

#include "push/digest.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace qice {

struct AuditEntry {
    std::int64_t entry = 0; // from 1
    std::string_view recorded, kind, body;
};

/// `previous` of the first entry is 32 zero bytes.
Digest audit_digest(const Digest& previous, const AuditEntry& entry);

} // namespace qice
