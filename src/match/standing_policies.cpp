#include "match/standing_policies.hpp"

#include <algorithm>
#include <utility>

namespace qice {

StandingPolicies::StandingPolicies(const std::vector<Policy>& first, const CompileOptions& options)
    : first_(first), options_(options) {}

void StandingPolicies::enter(const Program& program) {
    for (const Policy& policy : first_) {
        by_id_.push_back(static_cast<std::uint32_t>(slots_.size()));
        slots_.push_back(&policy);
        alive_.push_back(0);
        place(entries_[policy.id], policy);
        count_superseded(policy, true, nullptr);
    }
    for (const CompiledPolicy& compiled : program.policies) {
        alive_[compiled.policy] = 1;
        entries_[first_[compiled.policy].id].slot = compiled.policy;
    }
    std::sort(by_id_.begin(), by_id_.end(),
              [&](std::uint32_t a, std::uint32_t b) { return slots_[a]->id < slots_[b]->id; });
    for (std::size_t i = 0; i < by_id_.size(); ++i)
        id_begins_.push_back(i == 0 || slots_[by_id_[i]]->id != slots_[by_id_[i - 1]]->id);
    renumber();
}

void StandingPolicies::renumber() {
    rank_.resize(slots_.size());
    std::uint32_t next = 0;
    for (std::size_t i = 0; i < by_id_.size(); ++i) {
        next += id_begins_[i];
        rank_[by_id_[i]] = next;
    }
}

bool StandingPolicies::takes_part(const Policy& policy) const {
    if (options_.include_closed) return true;
    return !superseders_.contains(policy.id) &&
           life_cycles({&policy, 1}, options_.as_of)[0] == LifeCycle::open;
}

/// Do the policies it names give way to it on the day?
bool StandingPolicies::supersedes_now(const Policy& policy) const {
    return policy.publication == Publication::published &&
           (!policy.effective.from || *policy.effective.from <= options_.as_of);
}

/// A policy comes or goes: those that it supersedes may close or reopen.
void StandingPolicies::count_superseded(const Policy& policy, bool comes,
                                        std::vector<std::string>* touched) {
    if (!supersedes_now(policy)) return;
    for (const std::string& id : policy.supersedes) {
        const auto count = superseders_.emplace(id, 0u).first;
        count->second += comes ? 1u : ~0u;
        if (count->second == 0) superseders_.erase(count);
        if (touched != nullptr) touched->push_back(id);
    }
}

void StandingPolicies::place(Entry& entry, const Policy& policy) const {
    entry.policy = &policy;
    entry.unchanged = unchanged_around(policy, options_.urgency, options_.as_of);
}

void StandingPolicies::kill(Entry& entry) {
    alive_[entry.slot] = 0;
    killed_.push_back(entry.slot);
    entry.slot = kNone;
}

std::uint32_t StandingPolicies::bear(const Policy* policy) {
    const auto slot = static_cast<std::uint32_t>(slots_.size());
    slots_.push_back(policy);
    alive_.push_back(1);
    const auto place = std::upper_bound(
        by_id_.begin(), by_id_.end(), policy->id,
        [&](const std::string& id, std::uint32_t of) { return id < slots_[of]->id; });
    const std::ptrdiff_t at = place - by_id_.begin();
    const bool begins = at == 0 || slots_[by_id_[at - 1]]->id != policy->id;
    id_begins_.insert(id_begins_.begin() + at, begins);
    by_id_.insert(place, slot);
    born_.push_back(slot);
    return slot;
}

/// Brings an id's slot in line with its policy.
void StandingPolicies::settle(const std::string& id) {
    const auto found = entries_.find(id);
    if (found == entries_.end()) return;
    Entry& entry = found->second;
    const bool open = takes_part(*entry.policy);
    if (entry.slot != kNone && (!open || slots_[entry.slot] != entry.policy)) kill(entry);
    if (open && entry.slot == kNone) entry.slot = bear(entry.policy);
}

/// Another day opens and closes, supersedes, and moves what counts by days left; most policies
/// stay as they are.
void StandingPolicies::pass_to(Date day, std::vector<std::string>& touched) {
    std::vector<Entry*> changed;
    for (auto& [id, entry] : entries_) {
        if (entry.unchanged.contains(day)) continue;
        count_superseded(*entry.policy, false, &touched);
        changed.push_back(&entry);
        touched.push_back(id);
    }
    const Date before = std::exchange(options_.as_of, day);
    const Urgency& urgency = options_.urgency;
    for (Entry* const entry : changed) {
        const Policy& policy = *entry->policy;
        if (entry->slot != kNone && urgency.of(policy, before) != urgency.of(policy, day))
            kill(*entry);
        count_superseded(policy, true, &touched);
        entry->unchanged = unchanged_around(policy, urgency, day);
    }
    std::sort(touched.begin(), touched.end()); // so that slots do not hang on a hash
}

void StandingPolicies::change(StandingChanges& changes, Date day) {
    killed_.clear();
    born_.clear();
    std::vector<std::string> touched;
    for (const std::string& id : changes.removed_policies) {
        const auto found = entries_.find(id);
        count_superseded(*found->second.policy, false, &touched);
        if (found->second.slot != kNone) kill(found->second);
        entries_.erase(found);
    }
    for (Policy& policy : changes.policies) {
        const Policy& now = later_.emplace_back(std::move(policy));
        Entry& entry = entries_[now.id];
        if (entry.policy != nullptr) count_superseded(*entry.policy, false, &touched);
        if (entry.slot != kNone) kill(entry);
        place(entry, now);
        count_superseded(now, true, &touched);
        touched.push_back(now.id);
    }
    if (day != options_.as_of) pass_to(day, touched);
    for (const std::string& id : touched)
        settle(id);
    if (!born_.empty()) renumber();
}

Status StandingPolicies::check(const StandingChanges& changes) const {
    StringSet seen;
    for (const Policy& policy : changes.policies)
        if (!seen.insert(policy.id))
            return invalid_input("policy \"" + policy.id + "\" stands twice", policy.place);
    for (const std::string& id : changes.removed_policies) {
        if (!seen.insert(id)) return invalid_input("policy \"" + id + "\" stands twice");
        if (!entries_.contains(id)) return invalid_input("there is no policy \"" + id + "\"");
    }
    return {};
}

std::vector<Policy> StandingPolicies::later_policies() const {
    std::vector<Policy> policies;
    for (const std::uint32_t slot : later())
        policies.push_back(policy(slot));
    return policies;
}

std::vector<std::uint32_t> StandingPolicies::later() const {
    std::vector<std::uint32_t> slots;
    for (std::uint32_t slot = first_count(); slot < slots_.size(); ++slot)
        if (alive(slot)) slots.push_back(slot);
    return slots;
}

} // namespace qice
