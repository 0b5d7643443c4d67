#include "push/night_input.hpp"

#include <algorithm>

namespace qice {

std::uint32_t Editions::add(std::int64_t policy, std::int64_t edition, std::int64_t version) {
    const auto [found, is_new] = numbers_.emplace(std::pair(policy, edition), count_);
    count_ += is_new;
    if (of_version_.size() <= static_cast<std::size_t>(version))
        of_version_.resize(static_cast<std::size_t>(version) + 1);
    return of_version_[static_cast<std::size_t>(version)] = found->second;
}

namespace {

class InputReader {
  public:
    InputReader(Store& store, const NightOptions& options) : store_(store), options_(options) {}

    Result<NightInput> read() {
        QICE_RETURN_IF_ERROR(read_schema());
        QICE_RETURN_IF_ERROR(read_policies());
        QICE_RETURN_IF_ERROR(read_firms());
        QICE_RETURN_IF_ERROR(read_opt_outs());
        if (options_.learn) QICE_RETURN_IF_ERROR(read_tastes());
        out_.digest = sha_.take();
        return std::move(out_);
    }

  private:
    Status read_schema() {
        QICE_ASSIGN_OR_RETURN(const std::optional<StoredSchema> stored, store_.schema());
        if (!stored)
            return {StatusCode::storage,
                    "this store has no firms and no policies yet: qice import"};
        QICE_ASSIGN_OR_RETURN(out_.schema, parse_schema(*stored));
        Sha256 schema;
        for (Sha256* sha : {&sha_, &schema}) {
            sha->add_text(stored->json);
            for (const StoredSchema::CodeList& list : stored->code_lists)
                sha->add_text(list.content);
        }
        out_.schema_digest = schema.take();
        return {};
    }

    Status read_policies() {
        QICE_ASSIGN_OR_RETURN(out_.policies,
                              current_policies(store_, out_.schema, options_.policy_limits));
        const std::vector<Status>& errors = out_.policies.set.errors;
        if (!errors.empty() && !options_.skip_bad_policies)
            return invalid_input(errors.front().message() +
                                     "; import it again, or leave it out with --skip-bad-policies",
                                 errors.front().place());
        QICE_RETURN_IF_ERROR(store_.read_policy_versions(false, [&](const StoredPolicy& policy) {
            out_.editions.add(policy.policy, policy.edition, policy.version);
            out_.policy_ids[policy.version] = policy.id;
            return Status();
        }));
        std::map<std::string, std::uint32_t> groups;
        for (std::size_t i = 0; i < out_.policies.stored.size(); ++i) {
            const Policy& policy = out_.policies.set.policies[i];
            const StoredPolicy& stored = out_.policies.stored[i];
            NightPolicy night{out_.editions.of(stored.version), 0, policy.quota, {}};
            if (!policy.exclusive_group.empty())
                night.group =
                    groups.emplace(policy.exclusive_group, groups.size() + 1).first->second;
            for (const PolicyTag& tag : policy.tags)
                night.tags.push_back(tag.name);
            std::sort(night.tags.begin(), night.tags.end());
            out_.night_policies.push_back(std::move(night));
            sha_.add_text(policy.id);
            sha_.add(stored.digest);
        }
        sha_.add_number(static_cast<std::int64_t>(out_.policies.stored.size()));
        return {};
    }

    Status read_firms() {
        QICE_RETURN_IF_ERROR(store_.read_layouts([&](std::int64_t number, std::string_view header) {
            out_.layouts[number] = header;
            return Status();
        }));
        return store_.read_firms([&](const StoredFirm& firm) {
            if (firm.version == 0) return Status();
            out_.firms.numbers.push_back(firm.firm);
            out_.firms.versions.push_back(firm.version);
            out_.firms.ids.append(firm.id);
            sha_.add_text(firm.id);
            sha_.add(firm.digest);
            return Status();
        });
    }

    Status read_opt_outs() {
        std::map<std::string, FirmOptOut, std::less<>> by_id;
        QICE_RETURN_IF_ERROR(store_.read_opt_outs([&](const OptOut& opt_out) {
            sha_.add_text(opt_out.firm_id);
            sha_.add_text(opt_out.tag);
            FirmOptOut& of = by_id[opt_out.firm_id];
            of.everything = of.everything || opt_out.tag.empty();
            of.tags.push_back(opt_out.tag);
            return Status();
        }));
        for (auto& [id, opt_out] : by_id)
            std::sort(opt_out.tags.begin(), opt_out.tags.end());
        NightFirms& firms = out_.firms;
        for (std::uint32_t place = 0; place < firms.numbers.size() && !by_id.empty(); ++place)
            if (const auto found = by_id.find(firms.ids[place]); found != by_id.end())
                firms.opt_outs[place] = std::move(found->second);
        return {};
    }

    Status read_tastes() {
        QICE_ASSIGN_OR_RETURN(out_.tastes, qice::read_tastes(store_));
        for (const auto& [firm, taste] : out_.tastes) {
            sha_.add_number(firm);
            sha_.add_text(to_json(taste));
        }
        return {};
    }

    Store& store_;
    const NightOptions& options_;
    NightInput out_;
    Sha256 sha_;
};

} // namespace

Result<NightInput> read_night_input(Store& store, const NightOptions& options) {
    return InputReader(store, options).read();
}

Status read_earlier(Store& store, NightInput& input) {
    NightFirms& firms = input.firms;
    input.firms_had.resize(input.editions.size());
    std::vector<bool> has_quota(input.editions.size());
    for (const NightPolicy& policy : input.night_policies)
        if (policy.quota) has_quota[policy.edition] = true;
    std::size_t place = 0;
    const auto end_places_before = [&](std::int64_t firm) {
        while (place < firms.numbers.size() && firms.numbers[place] < firm) {
            firms.first_earlier.push_back(firms.earlier.size());
            ++place;
        }
    };
    std::vector<std::uint32_t> had;
    QICE_RETURN_IF_ERROR(
        store.read_pushed([&](std::int64_t firm, std::span<const Pushed> pushed) -> Status {
            end_places_before(firm);
            const bool is_there = place < firms.numbers.size() && firms.numbers[place] == firm;
            if (is_there) end_places_before(firm + 1);
            had.clear();
            for (const Pushed& push : pushed) {
                if (!input.editions.knows(push.policy_version))
                    return {StatusCode::storage, "a push is of a policy the store does not know"};
                const std::uint32_t edition = input.editions.of(push.policy_version);
                if (is_there) firms.earlier.push_back({edition, push.day, push.status});
                if (!has_quota[edition] || std::find(had.begin(), had.end(), edition) != had.end())
                    continue;
                had.push_back(edition);
                ++input.firms_had[edition];
            }
            return Status();
        }));
    end_places_before(INT64_MAX);
    firms.first_earlier.push_back(firms.earlier.size());
    return {};
}

} // namespace qice
