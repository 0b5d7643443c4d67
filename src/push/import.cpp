#include "push/import.hpp"

#include "base/string_map.hpp"
#include "push/firm_record.hpp"
#include "qice/base/text.hpp"

#include <algorithm>
#include <deque>
#include <filesystem>

namespace qice {
namespace {

constexpr std::size_t kBatch = 4096;

/// Something with an id that the store knows.
struct Known {
    std::int64_t number = 0;
    std::int64_t version = 0; // 0: gone
    std::int64_t edition = 0;
    Digest digest{};
    bool given = false; // in this import
};

/// Numbers the store's things and finds out what has to be written.
class Ledger {
  public:
    explicit Ledger(std::int64_t& next) : next_(next) {}

    void know(std::string_view id, Known known) { known_.emplace(std::string(id), known); }
    /// What is known of an id now; a new one has version 0 and a new number.
    Known& find(std::string_view id) {
        const auto found = known_.find(id);
        if (found != known_.end()) return found->second;
        return known_.emplace(std::string(id), Known{next_++, 0, 0, {}, false}).first->second;
    }
    /// Those that are there but were not given, by number.
    std::vector<std::int64_t> not_given() const {
        std::vector<std::int64_t> out;
        for (const auto& [id, known] : known_)
            if (known.version != 0 && !known.given) out.push_back(known.number);
        std::sort(out.begin(), out.end());
        return out;
    }

  private:
    StringMap<Known> known_;
    std::int64_t& next_;
};

Digest digest_of(std::string_view text) {
    Sha256 sha;
    sha.add(text);
    return sha.take();
}

} // namespace

// ----------------------------------------------------------------------------------- schema

Result<SchemaPtr> parse_schema(const StoredSchema& stored) {
    std::vector<CodeListText> lists;
    for (const StoredSchema::CodeList& list : stored.code_lists)
        lists.push_back({list.name, list.content});
    return Schema::parse(stored.json, stored.file, lists);
}

Result<StoredSchema> read_schema_file(const std::string& path) {
    namespace fs = std::filesystem;
    QICE_ASSIGN_OR_RETURN(const SchemaPtr schema, Schema::load(path));
    StoredSchema out;
    out.file = fs::path(path).filename().string();
    QICE_ASSIGN_OR_RETURN(out.json, read_file(path));
    std::map<std::string, std::string> beside;
    for (const Field& field : schema->fields()) {
        const std::string& name = field.codes_name;
        std::error_code ignored;
        const bool is_standard =
            name.find('/') == name.npos &&
            fs::exists(data_directory() + "/standards/" + name + ".csv", ignored);
        if (!field.codes || is_standard || beside.contains(name)) continue;
        QICE_ASSIGN_OR_RETURN(beside[name],
                              read_file((fs::path(path).parent_path() / name).string()));
    }
    for (auto& [name, content] : beside)
        out.code_lists.push_back({name, std::move(content)});
    return out;
}

namespace {

/// Puts stored policies together to be parsed at once, each as a text that is named by its id.
class PolicyGatherer {
  public:
    void add(const StoredPolicy& policy) {
        texts_.push_back(
            {"policy " + in_quotes(policy.id) + " of the store", std::string(policy.content)});
        stored_.push_back(policy);
        stored_.back().id = stored_.back().content = {};
        ids_.emplace_back(policy.id);
    }

    CurrentPolicies parse(const SchemaPtr& schema, const PolicyLimits& limits) {
        CurrentPolicies out;
        out.set = parse_policy_texts(texts_, schema, limits);
        // Those that are wrong under today's schema are left out; the others keep their order.
        std::size_t place = 0;
        for (std::size_t i = 0; i < ids_.size() && place < out.set.policies.size(); ++i) {
            if (out.set.policies[place].id != ids_[i]) continue;
            out.stored.push_back(stored_[i]);
            ++place;
        }
        return out;
    }

  private:
    std::vector<PolicyText> texts_;
    std::vector<StoredPolicy> stored_;
    std::vector<std::string> ids_;
};

/// Whether a policy may supersede one of these: does one of their names stand behind the word? No
/// policy is missed; of text with escapes nobody asks further.
bool may_supersede(std::string_view content, const ViewSet& ids) {
    const std::size_t word = content.find("\"supersedes\"");
    if (word == content.npos) return false;
    const std::vector<std::string_view> parts = split(content.substr(word), '"');
    if (content.find('\\', word) != content.npos) return true;
    for (std::size_t i = 3; i < parts.size(); i += 2) // behind the word each second part is a text
        if (ids.contains(parts[i])) return true;
    return false;
}

} // namespace

Result<CurrentPolicies> current_policies(Store& store, const SchemaPtr& schema,
                                         const PolicyLimits& limits) {
    PolicyGatherer gathered;
    QICE_RETURN_IF_ERROR(store.read_policies([&](const StoredPolicy& policy) {
        if (policy.version != 0) gathered.add(policy);
        return Status();
    }));
    return gathered.parse(schema, limits);
}

Result<CurrentPolicies> current_policies_about(Store& store, const SchemaPtr& schema,
                                               const PolicyLimits& limits,
                                               std::span<const std::string_view> ids) {
    PolicyGatherer gathered;
    ViewSet asked;
    for (const std::string_view id : ids)
        asked.insert(id);
    QICE_RETURN_IF_ERROR(store.read_policies_about(ids, [&](const StoredPolicy& policy) {
        if (asked.contains(policy.id) || may_supersede(policy.content, asked)) gathered.add(policy);
        return Status();
    }));
    return gathered.parse(schema, limits);
}

// --------------------------------------------------------------------------------- Importer

Status Importer::begin() {
    QICE_ASSIGN_OR_RETURN(next_, store_.next_numbers());
    return {};
}

Result<std::int64_t> Importer::layout_of(const Schema& schema) {
    const std::string header = layout_header(schema);
    std::int64_t layout = 0;
    QICE_RETURN_IF_ERROR(store_.read_layouts([&](std::int64_t number, std::string_view text) {
        if (text == header) layout = number;
        return Status();
    }));
    if (layout != 0) return layout;
    QICE_RETURN_IF_ERROR(store_.put_layout(next_.layout, header));
    return next_.layout++;
}

Result<Changes> Importer::firms(const FirmTable& firms, bool replace) {
    Changes out;
    Ledger ledger(next_.firm);
    QICE_RETURN_IF_ERROR(store_.read_firms([&](const StoredFirm& firm) {
        ledger.know(firm.id, {firm.firm, firm.version, 0, firm.digest, false});
        return Status();
    }));
    QICE_ASSIGN_OR_RETURN(const std::int64_t layout, layout_of(firms.schema()));
    FirmRecordWriter writer(firms);
    std::vector<FirmChange> batch;
    std::deque<std::string> records;
    const auto flush = [&] {
        Status status = store_.put_firms(batch);
        batch.clear();
        records.clear();
        return status;
    };
    for (std::size_t row = 0; row < firms.size(); ++row) {
        const FirmRecordWriter::Written written = writer.write(row);
        Known& known = ledger.find(firms.id(row));
        known.given = true;
        if (known.version != 0 && known.digest == written.digest) {
            ++out.unchanged;
            continue;
        }
        ++(known.version == 0 ? out.added : out.changed);
        known.version = next_.firm_version++;
        records.emplace_back(written.record);
        batch.push_back(
            {known.number, known.version, firms.id(row), written.digest, layout, records.back()});
        if (batch.size() == kBatch) QICE_RETURN_IF_ERROR(flush());
    }
    if (replace) {
        for (const std::int64_t firm : ledger.not_given()) {
            batch.push_back({firm, 0, {}, {}, 0, {}});
            ++out.gone;
        }
    }
    QICE_RETURN_IF_ERROR(flush());
    return out;
}

Result<Importer::PolicyChanges> Importer::policies(const PolicySet& set, bool replace) {
    PolicyChanges out;
    Ledger ledger(next_.policy);
    QICE_RETURN_IF_ERROR(store_.read_policies([&](const StoredPolicy& policy) {
        ledger.know(policy.id,
                    {policy.policy, policy.version, policy.edition, policy.digest, false});
        return Status();
    }));
    std::vector<PolicyChange> changes;
    for (std::size_t i = 0; i < set.policies.size(); ++i) {
        const Policy& policy = set.policies[i];
        Known& known = ledger.find(policy.id);
        known.given = true;
        const Digest digest = digest_of(set.contents[i]);
        if (known.version != 0 && known.digest == digest) {
            ++out.unchanged;
            continue;
        }
        if (known.version != 0 && known.edition == policy.version)
            out.same_edition.push_back(policy.id);
        ++(known.version == 0 ? out.added : out.changed);
        changes.push_back({known.number, next_.policy_version++, policy.id, policy.version, digest,
                           set.contents[i]});
    }
    if (replace) {
        for (const std::int64_t policy : ledger.not_given()) {
            changes.push_back({policy, 0, {}, 1, {}, {}});
            ++out.gone;
        }
    }
    QICE_RETURN_IF_ERROR(store_.put_policies(changes));
    return out;
}

Result<Changes> Importer::opt_outs(std::vector<OptOut> opt_outs, bool replace) {
    std::sort(opt_outs.begin(), opt_outs.end());
    opt_outs.erase(std::unique(opt_outs.begin(), opt_outs.end()), opt_outs.end());
    std::vector<OptOut> known;
    QICE_RETURN_IF_ERROR(store_.read_opt_outs([&](const OptOut& opt_out) {
        known.push_back(opt_out);
        return Status();
    }));
    std::sort(known.begin(), known.end());
    Changes out;
    std::vector<OptOut> added, gone;
    std::set_difference(opt_outs.begin(), opt_outs.end(), known.begin(), known.end(),
                        std::back_inserter(added));
    if (replace)
        std::set_difference(known.begin(), known.end(), opt_outs.begin(), opt_outs.end(),
                            std::back_inserter(gone));
    out.added = static_cast<std::int64_t>(added.size());
    out.gone = static_cast<std::int64_t>(gone.size());
    out.unchanged = static_cast<std::int64_t>(opt_outs.size() - added.size());
    QICE_RETURN_IF_ERROR(store_.add_opt_outs(added));
    QICE_RETURN_IF_ERROR(store_.remove_opt_outs(gone));
    return out;
}

} // namespace qice
