// Layers of firms, and what updates do to them: see standing_layer.hpp for what a firm is told,
// standing_policies.hpp for who takes part, standing_queries.hpp for a firm asked afresh.
#include "qice/match/standing_match.hpp"

#include "base/in_threads.hpp"
#include "match/day_watch.hpp"
#include "match/standing_extras.hpp"
#include "match/standing_layer.hpp"
#include "match/standing_policies.hpp"
#include "match/standing_queries.hpp"
#include "model/firm_rows.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <mutex>
#include <numeric>

namespace qice {
namespace {

constexpr std::uint32_t kNone = StandingList::kNone;
constexpr std::size_t kAhead = 16; // lists are fetched this many pairs before they are read

struct Home {
    std::uint32_t layer, row;
};

/// A policy that has come since the first night, compiled by itself.
struct LaterPolicy {
    Program alone;
    std::optional<BoundPolicy> bound; // for a layer, and mostly all others
};

/// Firms to be matched anew, as the next layer.
struct ChangedFirms {
    std::optional<FirmTable> table;
    std::vector<std::uint32_t> newcomers; // rows of it: these firms have no home yet
};

struct ListName {
    std::uint32_t layer, position;
    std::uint8_t status;
};

/// What a firm was told when it was asked afresh.
struct OwnList {
    ListName name;
    std::vector<Push> pushes;
};

class Stopwatch {
  public:
    /// Seconds since it was made or last asked.
    double lap() {
        const auto now = std::chrono::steady_clock::now();
        const double seconds = std::chrono::duration<double>(now - since_).count();
        since_ = now;
        return seconds;
    }

  private:
    std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

} // namespace

struct StandingMatch::State {
    State(SchemaPtr of, std::vector<Policy> policies_of, FirmTable firms,
          const StandingOptions& with)
        : schema(std::move(of)), options(with),
          keep(with.top > kNoLimit - with.reserve ? kNoLimit : with.top + with.reserve),
          first_policies(std::move(policies_of)), matcher(*schema, first_policies, with.compile),
          policies(first_policies, with.compile),
          queries(schema, first_policies, matcher.program(), policies) {
        policies.enter(matcher.program());
        homes.reserve(firms.size() + firms.size() / 8); // growing it would cost a night's update
        std::vector<std::uint32_t> all(firms.size());
        std::iota(all.begin(), all.end(), 0u);
        add_layer(made_layer(std::move(firms), options.threads, cost), all);
        layers[0]->calendar(); // no update waits for it, nor for these:
        extras.reserve(2 * layers[0]->table.size());
    }

    // --- firms
    Status check(const StandingChanges& changes) const;
    using Rows = std::vector<std::vector<std::uint32_t>>; // of each layer
    Rows pass_to(Date day);
    ChangedFirms take_out(StandingChanges& changes, const Rows& moved);
    std::unique_ptr<StandingLayer> made_layer(FirmTable table, unsigned threads,
                                              StandingCost& spent) const;
    void add_layer(std::unique_ptr<StandingLayer> made,
                   const std::vector<std::uint32_t>& newcomers);

    // --- lists
    void let_go();
    void lose(StandingList& list, const ListName& name);
    void ask(std::uint32_t slot, bool comes);
    void ask(std::uint32_t slot, bool comes, std::uint32_t number);
    void update_layers(ChangedFirms changed);
    void come(StandingList& list, const Push& push);
    void note_if_short(const StandingList& list, const ListName& name) {
        if (list.kept < options.top && list.cut_slot != kNone) shortened.push_back(name);
    }
    void refill();
    void read(const Home& home, std::size_t status, std::vector<Push>& out) const;
    void ask_afresh(const Home& home, Verdict status, std::vector<Push>& out);

    SchemaPtr schema;
    StandingOptions options;
    std::uint32_t keep;
    std::vector<Policy> first_policies;
    Matcher matcher; // over the first policies
    StandingPolicies policies;
    std::vector<LaterPolicy> later_policies; // of the slots beyond the first set
    StandingQueries queries;
    std::mutex queries_mutex;

    std::vector<std::unique_ptr<StandingLayer>> layers;
    ViewMap<Home> homes; // by firm id
    StandingExtras extras;
    std::vector<OwnList> own_lists;
    std::vector<ListName> shortened;
    StandingCost cost;
    PolicyQuery::Scratch scratch; // kept: what it grows to is grown once
    PolicyAnswer answer;
};

// ----------------------------------------------------------------------------------- firms

Status StandingMatch::State::check(const StandingChanges& changes) const {
    QICE_RETURN_IF_ERROR(policies.check(changes));
    ViewSet firms;
    firms.reserve(changes.removed_firms.size() + (changes.firms ? changes.firms->size() : 0));
    if (changes.firms) {
        if (changes.firms->schema_ptr() != schema)
            return {StatusCode::usage, "the changed firms are of another schema"};
        if (changes.firms->as_of() != changes.day.value_or(options.compile.as_of))
            return {StatusCode::usage, "the changed firms are derived for another day"};
        for (std::size_t row = 0; row < changes.firms->size(); ++row)
            if (!firms.insert(changes.firms->id(row)))
                return invalid_input("firm \"" + std::string(changes.firms->id(row)) +
                                     "\" stands twice");
    }
    const std::vector<std::string>& removed = changes.removed_firms;
    Status status;
    const auto removed_id = [&](std::size_t i) { return std::string_view(removed[i]); };
    homes.in_batches(removed.size(), removed_id, [&](std::size_t i) {
        if (!status.ok()) return;
        if (!firms.insert(removed[i]))
            status = invalid_input("firm \"" + removed[i] + "\" stands twice");
        else if (!homes.contains(removed[i]))
            status = invalid_input("there is no firm \"" + removed[i] + "\"");
    });
    return status;
}

/// Moves all tables to another day; the firms that this moves across a boundary of a policy that
/// took part so far have to be matched anew. A policy that comes is asked about all firms anyway.
StandingMatch::State::Rows StandingMatch::State::pass_to(Date day) {
    std::vector<const Program*> programs = {&matcher.program()};
    for (const LaterPolicy& policy : later_policies)
        programs.push_back(&policy.alone);
    const DayWatch watch(*schema, programs);
    Rows moved;
    for (const auto& layer : layers)
        moved.push_back(watch.change_day(layer->table, layer->calendar(), day));
    return moved;
}

/// Takes changed, moved and removed firms out of their layers; those that are not removed get the
/// layer to come as their home.
ChangedFirms StandingMatch::State::take_out(StandingChanges& changes, const Rows& moved) {
    const auto next = static_cast<std::uint32_t>(layers.size());
    const auto leave = [&](const Home& home) {
        StandingLayer& layer = *layers[home.layer];
        layer.take_out(layer.position(home.row));
    };
    const std::vector<std::string>& removed = changes.removed_firms;
    const auto removed_id = [&](std::size_t i) { return std::string_view(removed[i]); };
    homes.in_batches(removed.size(), removed_id, [&](std::size_t i) {
        const auto found = homes.find(removed[i]);
        leave(found->second);
        homes.erase(found);
    });
    ChangedFirms changed{std::move(changes.firms), {}};
    std::optional<FirmTable>& table = changed.table;
    if (table) {
        const auto id_of = [&](std::size_t row) { return table->id(row); };
        homes.in_batches(table->size(), id_of, [&](std::size_t i) {
            const auto row = static_cast<std::uint32_t>(i);
            if (const auto found = homes.find(id_of(row)); found != homes.end()) {
                leave(found->second);
                found->second = {next, row};
            } else {
                changed.newcomers.push_back(row);
            }
        });
    }
    bool appended = false;
    for (std::size_t number = 0; number < moved.size(); ++number) {
        StandingLayer& layer = *layers[number];
        std::vector<std::uint32_t> rows;
        for (const std::uint32_t row : moved[number]) {
            if (layer.gone[layer.position(row)] != 0) continue;
            layer.take_out(layer.position(row));
            rows.push_back(row);
        }
        if (rows.empty()) continue;
        if (!table) table.emplace(schema);
        for (std::size_t i = 0; i < rows.size(); ++i)
            homes.find(layer.table.id(rows[i]))->second = {
                next, static_cast<std::uint32_t>(table->size() + i)};
        FirmTableWriter::append(*table, layer.table, rows);
        appended = true;
        cost.firms_moved += rows.size();
    }
    if (appended) table->derive(options.compile.as_of, options.threads);
    return changed;
}

/// Reads nothing that asking changes: see update_layers.
std::unique_ptr<StandingLayer> StandingMatch::State::made_layer(FirmTable table, unsigned threads,
                                                                StandingCost& spent) const {
    Stopwatch watch;
    const IndexedFirms* const first = layers.empty() ? nullptr : &layers[0]->firms;
    auto layer = std::make_unique<StandingLayer>(matcher, std::move(table), threads, first);
    spent.index = watch.lap();
    layer->result = matcher.match(
        layer->firms, {.top = keep, .statuses = kEligibleAndReview, .threads = threads});
    spent.match = watch.lap();
    return layer;
}

void StandingMatch::State::add_layer(std::unique_ptr<StandingLayer> made,
                                     const std::vector<std::uint32_t>& newcomers) {
    const auto number = static_cast<std::uint32_t>(layers.size());
    layers.push_back(std::move(made));
    StandingLayer& layer = *layers.back();
    // A firm that had a home keeps its key, text of the table it came with: layers stay.
    for (const std::uint32_t row : newcomers)
        homes.emplace(layer.table.id(row), Home{number, row});
    layer.make_lists(keep, policies, options.threads);
    for (std::uint8_t status = 0; status < kStandingStatuses; ++status)
        for (std::uint32_t position = 0; position < layer.table.size(); ++position)
            note_if_short(layer.lists[status][position], {number, position, status});
}

// ----------------------------------------------------------------------------------- lists

/// A later policy over all layers: which lists it goes out of or comes into. What a list is told
/// never moves its cut, so that the order of questions does not matter.
void StandingMatch::State::ask(std::uint32_t slot, bool comes) {
    for (std::uint32_t number = 0; number < layers.size(); ++number)
        ask(slot, comes, number);
}

void StandingMatch::State::ask(std::uint32_t slot, bool comes, std::uint32_t number) {
    StandingLayer& layer = *layers[number];
    LaterPolicy& policy = later_policies[slot - policies.first_count()];
    if (!policy.bound || !layer.query.accepts(*policy.bound))
        policy.bound = layer.query.bind(policy.alone);
    layer.query.match(*policy.bound,
                      {.top = kNoLimit,
                       .statuses = kEligibleAndReview,
                       .ranked = false,
                       .positions = true,
                       .floors = {&layer.floors[0], &layer.floors[1]}},
                      scratch, answer);
    for (std::uint8_t status = 0; status < kStandingStatuses; ++status) {
        StandingList* const lists = layer.lists[status].data();
        const std::span<const Push> firms = answer.pushes(static_cast<Verdict>(status));
        for (std::size_t i = 0; i < firms.size(); ++i) {
            if (i + kAhead < firms.size()) __builtin_prefetch(&lists[firms[i + kAhead].other], 1);
            const std::uint32_t position = firms[i].other;
            const Push push{slot, firms[i].score};
            StandingList& list = lists[position];
            if (!list.keeps(push, policies)) continue;
            if (comes) {
                come(list, push);
                continue;
            }
            lose(list, {number, position, status});
        }
    }
}

void StandingMatch::State::lose(StandingList& list, const ListName& name) {
    --list.kept;
    ++cost.pairs_gone;
    note_if_short(list, name);
}

/// Takes the policies that go out of all lists.
void StandingMatch::State::let_go() {
    const auto is_first = [&](std::uint32_t slot) { return slot < policies.first_count(); };
    std::vector<std::uint32_t> first;
    for (const std::uint32_t slot : policies.killed())
        if (is_first(slot)) {
            first.push_back(slot);
        } else { // few
            ask(slot, false);
            later_policies[slot - policies.first_count()] = {};
        }
    std::sort(first.begin(), first.end());
    for (std::uint32_t number = 0; number < layers.size(); ++number) {
        for (std::uint8_t status = 0; status < kStandingStatuses; ++status) {
            StandingList* const lists = layers[number]->lists[status].data();
            for (const std::uint32_t slot : first) {
                const auto holders = layers[number]->holders[status].of(slot);
                for (std::size_t i = 0; i < holders.size(); ++i) {
                    if (i + kAhead < holders.size())
                        __builtin_prefetch(&lists[holders[i + kAhead]], 1);
                    StandingList& list = lists[holders[i]];
                    if (list.own == kNone) lose(list, {number, holders[i], status});
                }
            }
        }
    }
    for (std::size_t own = 0; own < own_lists.size(); ++own) {
        const ListName& name = own_lists[own].name;
        StandingList& list = layers[name.layer]->lists[name.status][name.position];
        if (list.own != own) continue; // asked afresh once more since
        for (const Push& push : own_lists[own].pushes)
            if (std::binary_search(first.begin(), first.end(), push.other)) lose(list, name);
    }
}

void StandingMatch::State::come(StandingList& list, const Push& push) {
    list.first_extra = extras.add({push.score, push.other, list.first_extra});
    ++list.kept;
    ++cost.pairs_come;
}

/// Asks firms afresh that have lost more pairs than their reserve.
void StandingMatch::State::refill() {
    for (const ListName& name : shortened) {
        StandingLayer& layer = *layers[name.layer];
        StandingList& list = layer.lists[name.status][name.position];
        if (layer.gone[name.position] != 0 || list.cut_slot == kNone || list.kept >= options.top)
            continue;
        std::vector<Push> own;
        queries.ask(layer.table[layer.firms.index.row_at(name.position)],
                    static_cast<Verdict>(name.status), keep, options.compile, own);
        list = {};
        if (own.size() >= keep) {
            list.cut = own.back().score;
            list.cut_slot = own.back().other;
        }
        layer.floors[name.status].set(name.position, list.cut);
        list.kept = static_cast<std::uint32_t>(own.size());
        list.own = static_cast<std::uint32_t>(own_lists.size());
        own_lists.push_back({name, std::move(own)});
        ++cost.lists_refilled;
    }
    shortened.clear();
}

void StandingMatch::State::update_layers(ChangedFirms changed) {
    // Changed firms are matched beside the questions to the others, if there may be two threads.
    std::unique_ptr<StandingLayer> made;
    StandingCost spent;
    const auto make = [&] {
        std::optional<FirmTable>& table = changed.table;
        if (table && table->size() != 0) made = made_layer(std::move(*table), 1, spent);
    };
    if (options.threads < 2) make();
    Stopwatch watch;
    in_threads(options.threads < 2 ? 1 : 2, [&](unsigned thread) {
        if (thread == 1) return make();
        let_go();
        for (const std::uint32_t slot : policies.born()) {
            later_policies.push_back(
                {PolicyQuery::compile_alone(*schema, policies.policy(slot), options.compile), {}});
            ask(slot, true);
        }
        cost.ask = watch.lap();
    });
    cost.wait = watch.lap();
    cost.index = spent.index;
    cost.match = spent.match;
    if (made) {
        add_layer(std::move(made), changed.newcomers); // matched with the first policies
        for (const std::uint32_t slot : policies.later())
            ask(slot, true, static_cast<std::uint32_t>(layers.size() - 1));
    }
    cost.ask += watch.lap();
    refill();
    cost.refill = watch.lap();
}

void StandingMatch::State::read(const Home& home, std::size_t status,
                                std::vector<Push>& out) const {
    const StandingLayer& layer = *layers[home.layer];
    const StandingList& list = layer.lists[status][layer.position(home.row)];
    for (std::uint32_t extra = list.first_extra; extra != kNone; extra = extras[extra].next)
        if (policies.alive(extras[extra].slot))
            out.push_back({extras[extra].slot, extras[extra].score});
    const std::size_t come = out.size();
    const auto take = [&](const auto& pushes) {
        for (std::size_t i = 0; i < pushes.size() && out.size() - come < options.top; ++i)
            if (const Push push = pushes[i]; policies.alive(push.other)) out.push_back(push);
    };
    if (list.own != kNone)
        take(own_lists[list.own].pushes);
    else
        take(layer.result.pushes(home.row, static_cast<Verdict>(status)));
    if (come != 0)
        std::sort(out.begin(), out.end(),
                  [&](const Push& a, const Push& b) { return policies.before(a, b); });
    if (out.size() > options.top) out.resize(options.top);
}

void StandingMatch::State::ask_afresh(const Home& home, Verdict status, std::vector<Push>& out) {
    const std::lock_guard lock(queries_mutex);
    queries.ask(layers[home.layer]->table[home.row], status, options.top, options.compile, out);
}

// ------------------------------------------------------------------------------------ face

StandingMatch::StandingMatch(SchemaPtr schema, std::vector<Policy> policies, FirmTable firms,
                             const StandingOptions& options)
    : state_(std::make_unique<State>(std::move(schema), std::move(policies), std::move(firms),
                                     options)) {
    assert(state_->layers[0]->table.as_of() == options.compile.as_of);
}
StandingMatch::StandingMatch(StandingMatch&&) noexcept = default;
StandingMatch& StandingMatch::operator=(StandingMatch&&) noexcept = default;
StandingMatch::~StandingMatch() = default;

Status StandingMatch::update(StandingChanges changes) {
    QICE_RETURN_IF_ERROR(state_->check(changes));
    state_->cost = {};
    Stopwatch watch;
    const Date day = changes.day.value_or(state_->options.compile.as_of);
    const bool another_day = day != state_->options.compile.as_of;
    State::Rows moved;
    if (another_day) moved = state_->pass_to(day);
    state_->options.compile.as_of = day;
    state_->cost.day = watch.lap();
    state_->policies.change(changes, day);
    state_->queries.forget();
    ChangedFirms changed = state_->take_out(changes, moved);
    state_->cost.policies = watch.lap();
    state_->update_layers(std::move(changed));
    return {};
}

bool StandingMatch::pushes(std::string_view firm, Verdict status, std::vector<Push>& out) const {
    out.clear();
    const auto home = state_->homes.find(firm);
    if (home == state_->homes.end()) return false;
    if (const auto s = static_cast<std::size_t>(status); s < kStandingStatuses)
        state_->read(home->second, s, out);
    else if (status == Verdict::needs_data || status == Verdict::near)
        state_->ask_afresh(home->second, status, out);
    return true;
}

const Policy& StandingMatch::policy(std::uint32_t number) const {
    return state_->policies.policy(number);
}
Date StandingMatch::as_of() const { return state_->options.compile.as_of; }
std::size_t StandingMatch::firms() const { return state_->homes.size(); }
const StandingCost& StandingMatch::cost() const { return state_->cost; }

} // namespace qice
