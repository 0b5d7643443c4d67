// A firm that wants to be forgotten: out of the store and the ledger, with a keyed pseudonym left.
//
//   const PseudonymKey key = ...;                       // of the store, or of a file of the portal
//   QICE_ASSIGN_OR_RETURN(bool was_there, forget_firm(store, "91440300MA5EXAMPLE", key));
//
// The pseudonym is HMAC-SHA-256 of the id under a key: who has the key can still say whether an
// entry of the audit log was about a given firm, and nobody else can.
#pragma once

#include "push/store.hpp"

#include <string>
#include <string_view>

namespace qice {

/// 32 bytes in 64 hexadecimal digits.
struct PseudonymKey {
    std::string hex;
};

/// The key that the store keeps; makes one where there is none. Between begin(write) and commit().
Result<PseudonymKey> store_key(Store& store);
/// The key in a file: its content, whatever it is, at least 16 bytes of it.
Result<PseudonymKey> key_of_file(const std::string& path);

std::string pseudonym_of(std::string_view firm_id, const PseudonymKey& key);
/// Does it stand in the place of an id?
bool is_pseudonym(std::string_view firm_id);

/// Forgets a firm and writes that into the audit log; false if there is no such firm.
Result<bool> forget_firm(Store& store, std::string_view firm_id, const PseudonymKey& key);

/// Adds or takes back opt-outs of a firm and writes that into the audit log. No tags: everything.
Status opt_out(Store& store, std::string_view firm_id, std::span<const std::string> tags, bool undo,
               const PseudonymKey& key);

} // namespace qice
