#include "push/replay.hpp"

#include "base/json.hpp"
#include "push/firm_record.hpp"
#include "push/forget.hpp"
#include "push/import.hpp"
#include "push/run.hpp"
#include "qice/base/decimal.hpp"
#include "qice/rule/evaluate.hpp"
#include "store/audit.hpp"

#include <absl/container/flat_hash_map.h>
#include <absl/hash/hash.h>

namespace qice {
namespace {

constexpr std::size_t kBatch = 8192; // pushes judged at a time

Score score_of(const Policy& policy, const FirmView& firm, const Urgency& urgency) {
    Score score = policy.priority + urgency.of(policy, firm.as_of());
    for (const Tag& tag : firm.tags()) {
        const FirmTable& table = firm.table();
        const std::string& name = table.column(*table.schema().tags()).dictionary[tag.name];
        for (const PolicyTag& wanted : policy.tags)
            if (wanted.name == name) score += std::int64_t{tag.weight} * wanted.weight;
    }
    for (const Preference& preference : policy.prefer)
        if (evaluate(preference.when, firm) == Truth::yes) score += preference.add;
    return score;
}

} // namespace

// -------------------------------------------------------------------------------- Replayer

/// What of a run's options its scores depend on.
Status Replayer::read_options(const StoredRun& run) {
    QICE_ASSIGN_OR_RETURN(const Json options, parse_json({"options of a run", run.options}));
    urgency_ = {};
    if (const Json* urgency = options.find("urgency"); urgency != nullptr)
        if (urgency->items.size() == 2)
            urgency_ = {std::atoll(urgency->items[0].text.c_str()),
                        std::atoll(urgency->items[1].text.c_str())};
    tastes_.clear();
    const Json* learn = options.find("learn");
    if (learn == nullptr || !learn->boolean) return {};
    QICE_ASSIGN_OR_RETURN(tastes_, read_tastes_of(store_, run.run));
    return {};
}

/// Reads what does not change from run to run once, and the schema of the run.
Status Replayer::prepare(const StoredRun& run) {
    QICE_RETURN_IF_ERROR(read_options(run));
    if (layouts_.empty()) {
        QICE_RETURN_IF_ERROR(store_.read_layouts([&](std::int64_t layout, std::string_view header) {
            layouts_[layout] = header;
            return Status();
        }));
        QICE_RETURN_IF_ERROR(store_.read_policy_versions(true, [&](const StoredPolicy& policy) {
            contents_[policy.version] = policy.content;
            return Status();
        }));
        QICE_RETURN_IF_ERROR(store_.read_firms([&](const StoredFirm& firm) {
            firm_ids_[firm.firm] = firm.id;
            return Status();
        }));
    }
    QICE_ASSIGN_OR_RETURN(const StoredSchema stored, archive_.schema_of(run.run));
    std::string text = stored.json;
    for (const StoredSchema::CodeList& list : stored.code_lists)
        text += '\0' + list.name + '\0' + list.content;
    if (schema_ != nullptr && text == schema_text_) return {};
    QICE_ASSIGN_OR_RETURN(schema_, parse_schema(stored));
    schema_text_ = std::move(text);
    policies_.clear();
    return {};
}

Result<const Policy*> Replayer::policy(std::int64_t version) {
    const auto found = policies_.find(version);
    if (found != policies_.end()) return static_cast<const Policy*>(found->second.get());
    const auto content = contents_.find(version);
    if (content == contents_.end())
        return Status(StatusCode::storage, "version " + std::to_string(version) +
                                               " of a policy is not in this store any more");
    PolicySet set = parse_policies(content->second, "policies of the store", schema_);
    if (set.policies.size() != 1) return set.errors.front();
    auto& place = policies_[version];
    place = std::make_unique<Policy>(std::move(set.policies.front()));
    return static_cast<const Policy*>(place.get());
}

Result<FirmTable> Replayer::firms(Date as_of, std::span<const RecordedPush> pushes,
                                  std::vector<std::size_t>& rows) {
    FirmRecordReader reader(schema_, layouts_);
    absl::flat_hash_map<std::int64_t, std::size_t> row_of; // of a version
    std::vector<std::int64_t> versions;
    std::vector<std::string_view> ids;
    std::vector<const Taste*> tastes;
    for (const RecordedPush& push : pushes) {
        const auto [found, is_new] = row_of.try_emplace(push.push.firm_version, versions.size());
        rows.push_back(found->second);
        if (!is_new) continue;
        versions.push_back(push.push.firm_version);
        ids.push_back(firm_ids_[push.push.firm]);
        const auto taste = tastes_.find(push.push.firm);
        tastes.push_back(taste == tastes_.end() ? nullptr : &taste->second);
    }
    // A firm may stand there with two versions, and ids must differ: rows of many are numbered.
    std::size_t row = 0;
    QICE_RETURN_IF_ERROR(store_.read_records(versions, [&](const StoredRecord& record) {
        const bool has_name = ids.size() == 1 && !ids[0].empty();
        const std::string name = has_name ? std::string(ids[0]) : std::to_string(row);
        reader.add(name, record.layout, record.record, tastes[row]);
        ++row;
        return Status();
    }));
    QICE_ASSIGN_OR_RETURN(FirmsRead read, reader.read(as_of, 1));
    return std::move(read.firms);
}

Status Replayer::judge(const StoredRun& run, std::span<const RecordedPush> pushes,
                       const Judged& visit) {
    std::vector<std::size_t> rows;
    QICE_ASSIGN_OR_RETURN(const FirmTable table, firms(run.as_of, pushes, rows));
    for (std::size_t i = 0; i < pushes.size(); ++i) {
        QICE_ASSIGN_OR_RETURN(const Policy* policy, this->policy(pushes[i].push.policy_version));
        const FirmView firm = table[rows[i]];
        QICE_RETURN_IF_ERROR(visit(pushes[i], qice::judge(policy->rule, firm).verdict,
                                   score_of(*policy, firm, urgency_)));
    }
    return {};
}

Status Replayer::judge_run(const StoredRun& run, const Judged& visit) {
    QICE_RETURN_IF_ERROR(prepare(run));
    std::vector<RecordedPush> batch;
    const auto finish = [&] {
        const Status status = judge(run, batch, visit);
        batch.clear();
        return status;
    };
    QICE_RETURN_IF_ERROR(archive_.read_pushes(run, [&](const RecordedPush& push) {
        if (is_pseudonym(firm_ids_[push.push.firm])) return Status();
        batch.push_back(push);
        return batch.size() == kBatch ? finish() : Status();
    }));
    return finish();
}

Result<Replay> Replayer::replay(std::int64_t number) {
    QICE_ASSIGN_OR_RETURN(const std::optional<RecordedPush> push, archive_.find_push(number));
    if (!push) return invalid_input("there is no push " + std::to_string(number));
    Replay out;
    out.push = *push;
    QICE_RETURN_IF_ERROR(archive_.read_runs([&](const StoredRun& run) {
        if (run.run == push->run) out.run = run;
        return Status();
    }));
    QICE_RETURN_IF_ERROR(prepare(out.run));
    const std::string& firm = firm_ids_[push->push.firm];
    if (firm.empty() || is_pseudonym(firm))
        return invalid_input("push " + std::to_string(number) +
                             " cannot be replayed: its firm was " +
                             (firm.empty() ? "taken out of the store" : "forgotten"));
    std::vector<std::size_t> rows;
    QICE_ASSIGN_OR_RETURN(const FirmTable table, firms(out.run.as_of, {&*push, 1}, rows));
    QICE_ASSIGN_OR_RETURN(const Policy* policy, this->policy(push->push.policy_version));
    // Only what is open is pushed, and which others superseded it is not asked again.
    const LifeCycle open = LifeCycle::open;
    out.explanation = explain(*schema_, {policy, 1}, 0, table[0],
                              {.urgency = urgency_, .life_cycles = {&open, 1}});
    return out;
}

// ---------------------------------------------------------------------------------- verify

namespace {

class Verifier {
  public:
    Verifier(Store& store, Archive& archive, const VerifyOptions& options)
        : store_(store), archive_(archive), options_(options), replayer_(store, archive) {}

    Result<Verification> run() {
        QICE_RETURN_IF_ERROR(archive_.read_runs([&](const StoredRun& run) {
            runs_[run.run] = run;
            return Status();
        }));
        QICE_RETURN_IF_ERROR(read_firms());
        QICE_RETURN_IF_ERROR(check_log());
        for (const auto& [number, run] : runs_) {
            QICE_RETURN_IF_ERROR(check_pushes(run));
            if (options_.replay) QICE_RETURN_IF_ERROR(check_verdicts(run));
        }
        QICE_RETURN_IF_ERROR(check_memory());
        return std::move(out_);
    }

  private:
    void fault(std::string sentence) {
        constexpr std::size_t kMost = 100;
        if (out_.faults.size() < kMost) out_.faults.push_back(std::move(sentence));
    }

    Status read_firms() {
        return store_.read_firms([&](const StoredFirm& firm) {
            if (is_pseudonym(firm.id)) forgotten_[firm.firm] = true;
            return Status();
        });
    }

    /// Each entry follows from the one before, and each night's says what its run says.
    Status check_log() {
        Digest previous{};
        std::map<std::int64_t, bool> logged;
        QICE_RETURN_IF_ERROR(archive_.read_audit([&](const StoredAudit& entry) {
            const std::string name = "entry " + std::to_string(entry.entry) + " of the audit log";
            if (entry.entry != ++out_.entries) {
                fault(name + ": an entry before it is missing");
                out_.entries = entry.entry;
            }
            if (audit_digest(previous, {entry.entry, entry.recorded, entry.kind, entry.body}) !=
                entry.digest)
                fault(name + ": its digest does not follow from it and the entry before");
            previous = entry.digest;
            if (entry.kind == "night") check_night(name, entry.body, logged);
            return Status();
        }));
        for (const auto& [number, run] : runs_)
            if (!logged.contains(number))
                fault("run " + std::to_string(number) + ": is not in the audit log");
        return {};
    }

    void check_night(const std::string& name, std::string_view body,
                     std::map<std::int64_t, bool>& logged) {
        const Result<Json> json = parse_json({"", body});
        const Json* number = json.ok() ? json->find("run") : nullptr;
        const auto run =
            number == nullptr ? runs_.end() : runs_.find(std::atoll(number->text.c_str()));
        if (run == runs_.end()) return fault(name + ": its run is not in this store");
        logged[run->first] = true;
        if (run_json(run->second) != body)
            fault("run " + std::to_string(run->first) + ": is not as the audit log has it");
    }

    Status check_pushes(const StoredRun& run) {
        Sha256 sha;
        std::int64_t count = 0;
        QICE_RETURN_IF_ERROR(archive_.read_pushes(run, [&](const RecordedPush& recorded) {
            ++count;
            add_to_digest(sha, recorded.push);
            if (recorded.state != Delivery::withdrawn && !forgotten_.contains(recorded.push.firm))
                memory_[recorded.push.firm] +=
                    share({static_cast<std::uint32_t>(recorded.push.policy_version), run.as_of.days,
                           recorded.push.status});
            if (forgotten_.contains(recorded.push.firm)) ++out_.forgotten;
            return Status();
        }));
        ++out_.runs;
        out_.pushes += count;
        if (count != run.total())
            fault("run " + std::to_string(run.run) + ": has " + std::to_string(count) +
                  " pushes, and recorded " + std::to_string(run.total()));
        else if (sha.take() != run.digest)
            fault("run " + std::to_string(run.run) + ": its pushes are not those it recorded");
        return {};
    }

    Status check_verdicts(const StoredRun& run) {
        return replayer_.judge_run(
            run, [&](const RecordedPush& recorded, Verdict verdict, Score score) {
                ++out_.replayed;
                if (score != recorded.push.score)
                    fault("push " + std::to_string(recorded.push.push) + ": had a score of " +
                          format_decimal(recorded.push.score, 6) + ", and has " +
                          format_decimal(score, 6) + " when it is judged again");
                if (verdict != recorded.push.status)
                    fault("push " + std::to_string(recorded.push.push) + ": was " +
                          std::string(name_of(recorded.push.status)) + ", and is " +
                          std::string(name_of(verdict)) + " when it is judged again");
                return Status();
            });
    }

    /// What nights know of earlier pushes is what was pushed and not withdrawn.
    Status check_memory() {
        QICE_RETURN_IF_ERROR(
            archive_.read_pushed([&](std::int64_t firm, std::span<const Pushed> pushed) {
                if (forgotten_.contains(firm)) return Status(); // perhaps a moment ago
                for (const Pushed& pair : pushed)
                    memory_[firm] -= share(pair);
                return Status();
            }));
        for (const auto& [firm, sum] : memory_)
            if (sum != 0)
                fault("firm number " + std::to_string(firm) +
                      ": what nights know of its pushes is not what it was pushed");
        return {};
    }

    /// Sums of these tell sets of pairs apart, whatever their order.
    static std::uint64_t share(const Pushed& pair) {
        return absl::HashOf(pair.policy_version, pair.day, static_cast<int>(pair.status)) | 1u;
    }

    Store& store_;
    Archive& archive_;
    const VerifyOptions options_;
    Replayer replayer_;
    Verification out_;
    std::map<std::int64_t, StoredRun> runs_;
    absl::flat_hash_map<std::int64_t, bool> forgotten_;
    absl::flat_hash_map<std::int64_t, std::uint64_t> memory_;
};

} // namespace

Result<Verification> verify(Store& store, Archive& archive, const VerifyOptions& options) {
    return Verifier(store, archive, options).run();
}

} // namespace qice
