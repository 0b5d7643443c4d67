#include "push/forget.hpp"

#include "base/json.hpp"
#include "push/digest.hpp"
#include "qice/base/text.hpp"

namespace qice {
namespace {

constexpr std::string_view kPseudonym = "forgotten-";
constexpr std::string_view kKeyName = "pseudonym_key";

} // namespace

Result<PseudonymKey> store_key(Store& store) {
    QICE_ASSIGN_OR_RETURN(std::optional<std::string> key, store.setting(kKeyName));
    if (key) return PseudonymKey{*std::move(key)};
    PseudonymKey made{to_hex(random_digest())};
    QICE_RETURN_IF_ERROR(store.put_setting(kKeyName, made.hex));
    return made;
}

Result<PseudonymKey> key_of_file(const std::string& path) {
    constexpr std::size_t kLeast = 16;
    QICE_ASSIGN_OR_RETURN(const std::string content, read_file(path));
    if (content.size() < kLeast)
        return invalid_input("a key needs at least 16 bytes; head -c 32 /dev/urandom makes one",
                             {path});
    Sha256 sha;
    sha.add(content);
    return PseudonymKey{to_hex(sha.take())};
}

std::string pseudonym_of(std::string_view firm_id, const PseudonymKey& key) {
    return std::string(kPseudonym) + to_hex(hmac_sha256(key.hex, firm_id));
}

bool is_pseudonym(std::string_view firm_id) {
    return firm_id.size() == kPseudonym.size() + 64 && firm_id.starts_with(kPseudonym);
}

Result<bool> forget_firm(Store& store, std::string_view firm_id, const PseudonymKey& key) {
    std::optional<StoredFirm> firm;
    QICE_RETURN_IF_ERROR(store.read_firms([&](const StoredFirm& candidate) {
        if (candidate.id == firm_id) firm = candidate;
        return Status();
    }));
    if (!firm) return false;
    firm->id = firm_id;
    // Who comes again after being forgotten, and is forgotten again, is another with the same name.
    const std::string pseudonym =
        pseudonym_of(std::string(firm_id) + '\0' + std::to_string(firm->firm), key);
    QICE_RETURN_IF_ERROR(store.forget_firm(*firm, pseudonym));
    QICE_RETURN_IF_ERROR(
        store.append_audit("forget", "{\"firm\": \"" + pseudonym_of(firm_id, key) +
                                         "\", \"firm_no\": " + std::to_string(firm->firm) + "}"));
    return true;
}

Status opt_out(Store& store, std::string_view firm_id, std::span<const std::string> tags, bool undo,
               const PseudonymKey& key) {
    std::vector<OptOut> opt_outs;
    std::string names;
    for (const std::string& tag : tags) {
        opt_outs.push_back({std::string(firm_id), tag});
        names += names.empty() ? "" : ", ";
        append_json_string(names, tag);
    }
    if (tags.empty()) opt_outs.push_back({std::string(firm_id), ""});
    QICE_RETURN_IF_ERROR(undo ? store.remove_opt_outs(opt_outs) : store.add_opt_outs(opt_outs));
    return store.append_audit(undo ? "opt-in" : "opt-out", "{\"firm\": \"" +
                                                               pseudonym_of(firm_id, key) +
                                                               "\", \"tags\": [" + names + "]}");
}

} // namespace qice
