// Updates: a base, an overlay, and what is open in each. See engine.hpp.
#include "qice/match/engine.hpp"

#include "base/string_map.hpp"

#include <algorithm>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <unordered_set>

namespace qice {

// ------------------------------------------------------------------------------- snapshots

struct Snapshot::Segment {
    /// Compiles all of them, open or not: that is for the parts to say.
    Segment(const SchemaPtr& schema, std::vector<PolicyPtr> of, CompileOptions options)
        : policies(std::move(of)), query(make(schema, policies, options)) {}

    static FirmQuery make(const SchemaPtr& schema, const std::vector<PolicyPtr>& policies,
                          CompileOptions options) {
        options.include_closed = true;
        std::vector<Policy> copies; // only while compiling
        copies.reserve(policies.size());
        for (const PolicyPtr& policy : policies)
            copies.push_back(*policy);
        return FirmQuery(schema, copies, options);
    }

    std::vector<PolicyPtr> policies; // by number
    FirmQuery query;
};

Snapshot::Snapshot(Part base, Part overlay, std::size_t size)
    : parts_{std::move(base), std::move(overlay)}, size_(size) {}

Snapshot::Scratch::Scratch() = default;
Snapshot::Scratch::Scratch(Scratch&&) noexcept = default;
Snapshot::Scratch& Snapshot::Scratch::operator=(Scratch&&) noexcept = default;
Snapshot::Scratch::~Scratch() = default;

namespace {

/// What one segment says in one status and class; best first.
struct Ranked {
    std::span<const Push> pushes;
    const std::vector<PolicyPtr>* policies = nullptr;

    RankedPolicy operator[](std::size_t i) const {
        return {(*policies)[pushes[i].other].get(), pushes[i].score};
    }
};

/// Appends the first `top` of both.
void merge(const Ranked& a, const Ranked& b, std::size_t top, std::vector<RankedPolicy>& out) {
    std::size_t i = 0, j = 0;
    const auto take_a = [&] {
        if (j == b.pushes.size()) return true;
        if (i == a.pushes.size()) return false;
        if (a.pushes[i].score != b.pushes[j].score) return a.pushes[i].score > b.pushes[j].score;
        return a[i].policy->id < b[j].policy->id;
    };
    for (; top > 0 && i + j < a.pushes.size() + b.pushes.size(); --top)
        out.push_back(take_a() ? a[i++] : b[j++]);
}

} // namespace

const SnapshotAnswer& Snapshot::ask(const FirmRecord& firm, const QueryOptions& options,
                                    Scratch& scratch) const {
    static const FirmAnswer kNothing;
    std::array<const FirmAnswer*, 2> said{&kNothing, &kNothing};
    for (std::size_t i = 0; i < parts_.size(); ++i) {
        Scratch::Part& own = scratch.parts_[i];
        if (own.segment != parts_[i].segment) {
            own.scratch = parts_[i].segment
                              ? std::make_unique<FirmQuery::Scratch>(parts_[i].segment->query)
                              : nullptr;
            own.segment = parts_[i].segment;
        }
        if (own.segment)
            said[i] = &own.segment->query.ask(firm, options, parts_[i].open, *own.scratch);
    }
    SnapshotAnswer& answer = scratch.answer_;
    answer.ranked_.clear();
    for (std::size_t s = 0; s < kStatuses; ++s) {
        const auto status = static_cast<Verdict>(s);
        answer.begin_[s] = static_cast<std::uint32_t>(answer.ranked_.size());
        answer.counts_[s] = said[0]->count(status) + said[1]->count(status);
        std::array<Ranked, 2> all;
        for (std::size_t i = 0; i < all.size(); ++i)
            if (parts_[i].segment) all[i] = {said[i]->pushes(status), &parts_[i].segment->policies};
        if (status != Verdict::needs_data) {
            merge(all[0], all[1], options.top, answer.ranked_);
            continue;
        }
        // Pairs one fact away come before the rest, whatever their score.
        std::array<Ranked, 2> facts = all, others = all;
        for (std::size_t i = 0; i < all.size(); ++i) {
            facts[i].pushes = all[i].pushes.first(said[i]->one_fact_away());
            others[i].pushes = all[i].pushes.subspan(said[i]->one_fact_away());
        }
        merge(facts[0], facts[1], options.top, answer.ranked_);
        answer.one_fact_away_ =
            static_cast<std::uint32_t>(answer.ranked_.size()) - answer.begin_[s];
        merge(others[0], others[1], options.top - answer.one_fact_away_, answer.ranked_);
    }
    answer.begin_[kStatuses] = static_cast<std::uint32_t>(answer.ranked_.size());
    return answer;
}

// ---------------------------------------------------------------------------------- engine

/// What updates work on. Everything but `published` is theirs alone, under `mutex`.
struct Engine::State {
    using Segment = Snapshot::Segment;
    static constexpr std::uint32_t kNotThere = UINT32_MAX;

    struct Entry {
        PolicyPtr policy;
        std::uint32_t in_base = kNotThere; // its number there
    };

    State(SchemaPtr of, const CompileOptions& with, std::size_t most)
        : schema(std::move(of)), options(with), most_overlay(most), merge_above(most) {}

    /// Unless others supersede it.
    static bool can_be_open(const Policy& policy, const CompileOptions& on) {
        return on.include_closed || life_cycles({&policy, 1}, on.as_of)[0] == LifeCycle::open;
    }
    bool is_open(const std::string& id) const {
        return options.include_closed || !superseders.contains(id);
    }
    /// Do the policies it names give way to it on the day?
    bool supersedes_now(const Policy& policy) const {
        return policy.publication == Publication::published &&
               (!policy.effective.from || *policy.effective.from <= options.as_of);
    }

    void count_superseded(const Policy& policy, bool comes);
    void open_in_base(const std::string& id);
    template <class Stays> std::vector<PolicyPtr> overlay_of(Stays&& stays) const;
    std::shared_ptr<const Segment> compiled(std::vector<PolicyPtr> policies,
                                            const CompileOptions& with) const;
    void take_over(std::shared_ptr<const Segment> made);
    FirmQuery::Open open_of(const Segment& segment) const;
    void set_base(std::shared_ptr<const Segment> segment, FirmQuery::Open open);
    Status rebuild(StringMap<Entry> from, const CompileOptions& with);
    void take_out(std::string_view id);
    void put_in(const PolicyPtr& policy);
    void set_overlay(std::shared_ptr<const Segment> next);
    std::shared_ptr<const Snapshot> snapshot_of(Snapshot::Part of_base,
                                                std::shared_ptr<const Segment> changes) const;
    void publish(std::shared_ptr<const Snapshot> next);
    void start_merge();
    void merge(std::vector<PolicyPtr> policies, CompileOptions with, std::uint64_t begun_in);

    SchemaPtr schema;
    CompileOptions options;
    StringMap<Entry> entries;
    StringMap<std::uint32_t> superseders; // of an id: how often it is named by policies in time
    std::shared_ptr<const Segment> base, overlay;
    FirmQuery::Open base_open;

    std::uint64_t epoch = 0; // a base begun in another epoch is out of date
    bool merging = false;
    std::size_t most_overlay, merge_above;
    std::thread merger;
    mutable std::mutex mutex;

    mutable std::mutex published_mutex;
    std::shared_ptr<const Snapshot> published;
};

std::shared_ptr<const Snapshot::Segment> Engine::State::compiled(std::vector<PolicyPtr> policies,
                                                                 const CompileOptions& with) const {
    if (policies.empty()) return nullptr;
    return std::make_shared<const Segment>(schema, std::move(policies), with);
}

/// A policy comes or goes: those that it supersedes close or reopen.
void Engine::State::count_superseded(const Policy& policy, bool comes) {
    if (!supersedes_now(policy)) return;
    for (const std::string& id : policy.supersedes) {
        const auto count = superseders.emplace(id, 0u).first;
        count->second += comes ? 1u : ~0u;
        const bool changed = count->second == (comes ? 1u : 0u);
        if (count->second == 0) superseders.erase(count);
        if (changed) open_in_base(id);
    }
}

/// Brings a policy's bit in the base up to date.
void Engine::State::open_in_base(const std::string& id) {
    const auto found = entries.find(id);
    if (found == entries.end() || found->second.in_base == kNotThere) return;
    base->query.set_open(base_open, found->second.in_base, is_open(id));
}

/// The policies of the overlay that stay in it.
template <class Stays> std::vector<PolicyPtr> Engine::State::overlay_of(Stays&& stays) const {
    std::vector<PolicyPtr> policies;
    if (overlay)
        std::copy_if(overlay->policies.begin(), overlay->policies.end(),
                     std::back_inserter(policies), stays);
    return policies;
}

/// Which policies of a base are still the ones, and open.
FirmQuery::Open Engine::State::open_of(const Segment& segment) const {
    FirmQuery::Open open = segment.query.all_open();
    for (std::uint32_t number = 0; number < segment.policies.size(); ++number) {
        const PolicyPtr& policy = segment.policies[number];
        const auto found = entries.find(policy->id);
        const bool current = found != entries.end() && found->second.policy == policy;
        segment.query.set_open(open, number, current && is_open(policy->id));
    }
    return open;
}

void Engine::State::set_base(std::shared_ptr<const Segment> segment, FirmQuery::Open open) {
    base = std::move(segment);
    base_open = std::move(open);
    for (auto& [id, entry] : entries)
        entry.in_base = kNotThere;
    for (std::uint32_t number = 0; base && number < base->policies.size(); ++number) {
        const PolicyPtr& policy = base->policies[number];
        const auto found = entries.find(policy->id);
        if (found != entries.end() && found->second.policy == policy)
            found->second.in_base = number;
    }
}

/// A new base of everything, in the calling thread; on an error nothing has changed.
Status Engine::State::rebuild(StringMap<Entry> from, const CompileOptions& with) {
    std::vector<PolicyPtr> policies;
    for (const auto& [id, entry] : from)
        if (can_be_open(*entry.policy, with)) policies.push_back(entry.policy);
    std::shared_ptr<const Segment> made;
    try {
        made = compiled(std::move(policies), with);
    } catch (const std::length_error& error) {
        return invalid_input(error.what());
    }
    ++epoch;
    merge_above = most_overlay;
    options = with;
    entries = std::move(from);
    superseders.clear();
    for (const auto& [id, entry] : entries)
        if (supersedes_now(*entry.policy))
            for (const std::string& superseded : entry.policy->supersedes)
                ++superseders[superseded];
    overlay = nullptr;
    FirmQuery::Open open;
    if (made) open = open_of(*made);
    set_base(std::move(made), std::move(open));
    publish(snapshot_of({base, base_open}, overlay));
    return {};
}

void Engine::State::take_out(std::string_view id) {
    const auto found = entries.find(id);
    if (found == entries.end()) return;
    if (found->second.in_base != kNotThere)
        base->query.set_open(base_open, found->second.in_base, false);
    const PolicyPtr old = std::move(found->second.policy);
    entries.erase(found);
    count_superseded(*old, false);
}

void Engine::State::put_in(const PolicyPtr& policy) {
    take_out(policy->id);
    entries[policy->id] = {policy, kNotThere};
    count_superseded(*policy, true);
}

/// The last step of a change: the overlay that goes with the entries as they are now.
void Engine::State::set_overlay(std::shared_ptr<const Segment> next) {
    overlay = std::move(next);
    publish(snapshot_of({base, base_open}, overlay));
    if (overlay && overlay->policies.size() > merge_above) start_merge();
}

std::shared_ptr<const Snapshot>
Engine::State::snapshot_of(Snapshot::Part of_base, std::shared_ptr<const Segment> changes) const {
    Snapshot::Part changed{std::move(changes), {}};
    if (const Segment* const segment = changed.segment.get()) {
        changed.open = segment->query.all_open();
        for (std::uint32_t number = 0; number < segment->policies.size(); ++number)
            if (!is_open(segment->policies[number]->id))
                segment->query.set_open(changed.open, number, false);
    }
    return std::shared_ptr<const Snapshot>(
        new Snapshot(std::move(of_base), std::move(changed), entries.size()));
}

void Engine::State::publish(std::shared_ptr<const Snapshot> next) {
    const std::lock_guard lock(published_mutex);
    published.swap(next); // the old one, if it was the last, goes after the lock
}

void Engine::State::start_merge() {
    if (merging) return;
    if (merger.joinable()) merger.join(); // it has ended: `merging` is false
    std::vector<PolicyPtr> policies;
    for (const auto& [id, entry] : entries)
        if (can_be_open(*entry.policy, options)) policies.push_back(entry.policy);
    try {
        merger =
            std::thread([this, of = std::move(policies), with = options,
                         begun_in = epoch]() mutable { merge(std::move(of), with, begun_in); });
        merging = true;                  // `mutex` is held: the merger has not asked yet
    } catch (const std::system_error&) { // no thread is to be had now
    }
}

/// In a thread of its own: compiles a base, then takes it over with what has changed meanwhile.
/// What cannot be done, as base and overlay can be ranked apart but not as one, or for want of
/// memory, is left as it is until the overlay has doubled.
void Engine::State::merge(std::vector<PolicyPtr> policies, CompileOptions with,
                          std::uint64_t begun_in) {
    std::shared_ptr<const Segment> made;
    try {
        made = std::make_shared<const Segment>(schema, std::move(policies), with);
    } catch (const std::exception&) {
    }
    const std::lock_guard lock(mutex);
    merging = false;
    if (begun_in != epoch) return;
    merge_above *= 2;
    if (!made) return;
    try {
        take_over(std::move(made));
    } catch (const std::exception&) {
    }
}

/// A base that was begun some changes ago; all that may fail comes before anything is changed.
void Engine::State::take_over(std::shared_ptr<const Segment> made) {
    FirmQuery::Open open = open_of(*made);
    std::unordered_set<const Policy*> in_base;
    for (const PolicyPtr& policy : made->policies)
        in_base.insert(policy.get());
    std::vector<PolicyPtr> rest;
    if (overlay)
        for (const PolicyPtr& policy : overlay->policies)
            if (!in_base.contains(policy.get())) rest.push_back(policy);
    // Part of what was one overlay: can be ranked.
    std::shared_ptr<const Segment> next_overlay = compiled(std::move(rest), options);
    auto next = snapshot_of({made, open}, next_overlay);
    set_base(std::move(made), std::move(open));
    overlay = std::move(next_overlay);
    merge_above = most_overlay;
    publish(std::move(next));
}

// ------------------------------------------------------------------------------------ face

Engine::Engine(SchemaPtr schema, const CompileOptions& options, std::size_t most_overlay)
    : state_(std::make_unique<State>(std::move(schema), options, most_overlay)) {
    const std::lock_guard lock(state_->mutex);
    state_->publish(state_->snapshot_of({}, nullptr));
}

Engine::~Engine() {
    if (state_->merger.joinable()) state_->merger.join();
}

Status Engine::replace_all(std::vector<Policy> policies) {
    std::vector<PolicyPtr> held;
    held.reserve(policies.size());
    for (Policy& policy : policies)
        held.push_back(std::make_shared<const Policy>(std::move(policy)));
    return replace_all(held);
}

Status Engine::replace_all(const std::vector<PolicyPtr>& policies) {
    StringMap<State::Entry> entries;
    for (const PolicyPtr& policy : policies)
        if (!entries.emplace(policy->id, State::Entry{policy}).second)
            return invalid_input("policy \"" + policy->id + "\" stands twice", policy->place);
    const std::lock_guard lock(state_->mutex);
    return state_->rebuild(std::move(entries), state_->options);
}

Status Engine::set_day(Date as_of) {
    const std::lock_guard lock(state_->mutex);
    CompileOptions with = state_->options;
    with.as_of = as_of;
    return state_->rebuild(state_->entries, with);
}

Status Engine::upsert(Policy policy) {
    const PolicyPtr made = std::make_shared<const Policy>(std::move(policy));
    return upsert({&made, 1});
}

Status Engine::upsert(std::span<const PolicyPtr> policies) {
    if (policies.empty()) return {};
    ViewMap<const Policy*> last; // of each id
    for (const PolicyPtr& policy : policies)
        last[policy->id] = policy.get();
    const std::lock_guard lock(state_->mutex);
    std::vector<PolicyPtr> next =
        state_->overlay_of([&](const PolicyPtr& policy) { return !last.contains(policy->id); });
    for (const PolicyPtr& policy : policies)
        if (last.find(policy->id)->second == policy.get() &&
            State::can_be_open(*policy, state_->options))
            next.push_back(policy);
    std::shared_ptr<const State::Segment> overlay;
    try {
        overlay = state_->compiled(std::move(next), state_->options);
    } catch (const std::length_error& error) {
        return invalid_input(error.what());
    }
    for (const PolicyPtr& policy : policies)
        state_->put_in(policy);
    state_->set_overlay(std::move(overlay));
    return {};
}

bool Engine::remove(std::string_view id) {
    const std::lock_guard lock(state_->mutex);
    if (!state_->entries.contains(id)) return false;
    std::vector<PolicyPtr> left =
        state_->overlay_of([&](const PolicyPtr& policy) { return policy->id != id; });
    const bool same = left.size() == (state_->overlay ? state_->overlay->policies.size() : 0);
    auto overlay = same ? state_->overlay : state_->compiled(std::move(left), state_->options);
    state_->take_out(id);
    state_->set_overlay(std::move(overlay));
    return true;
}

std::shared_ptr<const Snapshot> Engine::snapshot() const {
    const std::lock_guard lock(state_->published_mutex);
    return state_->published;
}

void Engine::settle() {
    std::thread merger;
    {
        const std::lock_guard lock(state_->mutex);
        merger = std::move(state_->merger);
    }
    if (merger.joinable()) merger.join();
}

} // namespace qice
