// Layers of firms, lists of pairs that are never rewritten, and what updates do to them.
//
// A list is what the matcher said of a firm when its layer was made: the best pairs down to a cut.
// Policies that have gone since are passed over when a list is read; pairs that have come stand in
// a chain beside it. So that a pair comes or goes by one counter of the list, without touching it.
#include "qice/match/standing_match.hpp"

#include "base/string_map.hpp"
#include "qice/match/firm_query.hpp"
#include "qice/match/policy_query.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <deque>
#include <thread>

namespace qice {
namespace {

constexpr std::uint32_t kNone = UINT32_MAX;
constexpr std::size_t kAhead = 16; // lists are fetched this many pairs before they are read
constexpr std::size_t kLists = 2;  // eligible, review: the values of Verdict

/// The pairs of one firm in one status. All that match and rank at or before the cut are kept.
struct List {
    Score cut_score = 0;
    std::uint32_t cut_slot = kNone;    // kNone: nothing is cut off, all pairs are kept
    std::uint32_t first_extra = kNone; // pairs that have come since
    std::uint32_t own = kNone;         // asked afresh: stands in place of what the matcher said
    std::uint32_t kept = 0;            // how many of the pairs are of policies that take part
};

/// A pair that has come since its list was made.
struct Extra {
    Push push;
    std::uint32_t next;
};

/// A policy that takes part or did. One that changes gets a new slot.
struct Slot {
    const Policy* policy;
    bool alive;
};

struct Entry {
    const Policy* policy = nullptr;
    std::uint32_t slot = kNone; // while it takes part
};

struct Home {
    std::uint32_t layer, row;
};

/// A pair comes or goes.
struct PairChange {
    std::uint32_t layer, position;
    Push push;
    std::uint8_t status;
    bool comes;
};

/// Who is to be asked for.
struct Question {
    std::uint32_t layer, slot;
    bool comes;
};

struct ListName {
    std::uint32_t layer, position;
    std::uint8_t status;
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

/// Firms that were read together.
struct Layer {
    Layer(const Matcher& matcher, FirmTable of)
        : table(std::move(of)), firms(matcher.index(table)),
          query(matcher.program(), firms.index, table), gone(table.size()) {}
    Layer(const Layer&) = delete;

    FirmTable table;
    IndexedFirms firms;
    PolicyQuery query;
    MatchResult result;
    std::vector<List> lists[kLists]; // by position in the index: a policy's firms stand together
    std::vector<std::uint8_t> gone;  // by position: removed, or stands in a later layer

    std::uint32_t position(std::uint32_t row) const { return (*firms.index.positions())[row]; }
};

} // namespace

struct StandingMatch::State {
    State(SchemaPtr of, std::vector<Policy> policies, FirmTable firms, const StandingOptions& with)
        : schema(std::move(of)), options(with),
          keep(with.top > kNoLimit - with.reserve ? kNoLimit : with.top + with.reserve),
          first_policies(std::move(policies)), matcher(*schema, first_policies, with.compile) {
        enter_policies();
        add_layer(made_layer(std::move(firms), options.threads, cost));
        extras.reserve(layers[0]->table.size()); // address space, not memory
    }

    // --- policies
    void enter_policies();
    bool takes_part(const Policy& policy) const;
    bool supersedes_now(const Policy& policy) const;
    void count_superseded(const Policy& policy, bool comes, std::vector<std::string>* touched);
    void change_policies(StandingChanges& changes);
    void settle(const std::string& id);
    void kill(std::uint32_t slot);
    std::uint32_t bear(const Policy* policy);
    void renumber();
    bool before(const Push& a, const Push& b) const {
        return a.score != b.score ? a.score > b.score : rank[a.other] < rank[b.other];
    }

    // --- firms
    Status check(const StandingChanges& changes) const;
    std::unique_ptr<Layer> made_layer(FirmTable table, unsigned threads, StandingCost& spent) const;
    void add_layer(std::unique_ptr<Layer> made);
    void make_lists(std::uint32_t layer);
    void take_out_firms(const StandingChanges& changes);

    // --- lists
    bool is_kept(const List& list, const Push& push) const {
        return list.cut_slot == kNone || push.score > list.cut_score ||
               (push.score == list.cut_score && rank[push.other] <= rank[list.cut_slot]);
    }
    template <class Take> void ask(const Question& question, Take take);
    void ask_and_apply(const std::vector<Question>& questions);
    void update_layers(StandingChanges& changes);
    void apply(const PairChange& change);
    void note_if_short(const List& list, const ListName& name) {
        if (list.kept < options.top && list.cut_slot != kNone) shortened.push_back(name);
    }
    void refill();
    void read(const Home& home, std::size_t status, std::vector<Push>& out) const;

    SchemaPtr schema;
    StandingOptions options;
    std::uint32_t keep;
    std::vector<Policy> first_policies;
    std::deque<Policy> later_policies;
    Matcher matcher; // over the first policies

    StringMap<Entry> entries;
    StringMap<std::uint32_t> superseders;    // of an id: how often it is named by policies in time
    std::vector<Slot> slots;                 // the first ones are the matcher's numbers
    std::vector<std::uint32_t> by_id;        // slots
    std::vector<std::uint32_t> rank;         // of a slot among the ids; of one id the same
    std::vector<std::uint32_t> killed, born; // slots, in the update at hand

    std::vector<std::unique_ptr<Layer>> layers;
    absl::flat_hash_map<std::string_view, Home, StringHash, StringEq> homes; // by firm id
    std::vector<Extra> extras;
    std::vector<std::vector<Push>> own_lists;
    std::vector<ListName> shortened;
    std::unique_ptr<FirmQuery> first_query; // over the first policies; made when it is needed
    FirmQuery::Open first_open;
    StandingCost cost;
    PolicyQuery::Scratch scratch; // kept: what it grows to is grown once
    PolicyAnswer answer;
};

// -------------------------------------------------------------------------------- policies

void StandingMatch::State::enter_policies() {
    for (const Policy& policy : first_policies) {
        const auto slot = static_cast<std::uint32_t>(slots.size());
        slots.push_back({&policy, false});
        by_id.push_back(slot);
        entries[policy.id].policy = &policy;
        count_superseded(policy, true, nullptr);
    }
    for (const CompiledPolicy& compiled : matcher.program().policies) {
        slots[compiled.policy].alive = true;
        entries[first_policies[compiled.policy].id].slot = compiled.policy;
    }
    std::sort(by_id.begin(), by_id.end(), [&](std::uint32_t a, std::uint32_t b) {
        return slots[a].policy->id < slots[b].policy->id;
    });
    renumber();
}

void StandingMatch::State::renumber() {
    rank.resize(slots.size());
    std::uint32_t next = 0;
    for (std::size_t i = 0; i < by_id.size(); ++i) {
        if (i != 0 && slots[by_id[i]].policy->id != slots[by_id[i - 1]].policy->id) ++next;
        rank[by_id[i]] = next;
    }
}

bool StandingMatch::State::takes_part(const Policy& policy) const {
    if (options.compile.include_closed) return true;
    return !superseders.contains(policy.id) &&
           life_cycles({&policy, 1}, options.compile.as_of)[0] == LifeCycle::open;
}

/// Do the policies it names give way to it on the day?
bool StandingMatch::State::supersedes_now(const Policy& policy) const {
    return policy.publication == Publication::published &&
           (!policy.effective.from || *policy.effective.from <= options.compile.as_of);
}

/// A policy comes or goes: those that it supersedes may close or reopen.
void StandingMatch::State::count_superseded(const Policy& policy, bool comes,
                                            std::vector<std::string>* touched) {
    if (!supersedes_now(policy)) return;
    for (const std::string& id : policy.supersedes) {
        const auto count = superseders.try_emplace(id, 0).first;
        count->second += comes ? 1u : ~0u;
        if (count->second == 0) superseders.erase(count);
        if (touched != nullptr) touched->push_back(id);
    }
}

void StandingMatch::State::kill(std::uint32_t slot) {
    slots[slot].alive = false;
    killed.push_back(slot);
    if (first_query && slot < first_policies.size()) first_query->set_open(first_open, slot, false);
}

std::uint32_t StandingMatch::State::bear(const Policy* policy) {
    const auto slot = static_cast<std::uint32_t>(slots.size());
    slots.push_back({policy, true});
    const auto place = std::upper_bound(
        by_id.begin(), by_id.end(), policy->id,
        [&](const std::string& id, std::uint32_t of) { return id < slots[of].policy->id; });
    by_id.insert(place, slot);
    born.push_back(slot);
    return slot;
}

/// Brings an id's slot in line with its policy.
void StandingMatch::State::settle(const std::string& id) {
    const auto found = entries.find(id);
    if (found == entries.end()) return;
    Entry& entry = found->second;
    const bool open = takes_part(*entry.policy);
    if (entry.slot != kNone && (!open || slots[entry.slot].policy != entry.policy)) {
        kill(entry.slot);
        entry.slot = kNone;
    }
    if (open && entry.slot == kNone) entry.slot = bear(entry.policy);
}

void StandingMatch::State::change_policies(StandingChanges& changes) {
    killed.clear();
    born.clear();
    std::vector<std::string> touched;
    for (const std::string& id : changes.removed_policies) {
        const auto found = entries.find(id);
        count_superseded(*found->second.policy, false, &touched);
        if (found->second.slot != kNone) kill(found->second.slot);
        entries.erase(found);
    }
    for (Policy& policy : changes.policies) {
        const Policy& now = later_policies.emplace_back(std::move(policy));
        Entry& entry = entries[now.id];
        if (entry.policy != nullptr) count_superseded(*entry.policy, false, &touched);
        entry.policy = &now;
        count_superseded(now, true, &touched);
        touched.push_back(now.id);
    }
    for (const std::string& id : touched)
        settle(id);
    if (!born.empty()) renumber();
}

// ----------------------------------------------------------------------------------- firms

Status StandingMatch::State::check(const StandingChanges& changes) const {
    StringSet seen;
    for (const Policy& policy : changes.policies)
        if (!seen.insert(policy.id).second)
            return invalid_input("policy \"" + policy.id + "\" stands twice", policy.place);
    for (const std::string& id : changes.removed_policies) {
        if (!seen.insert(id).second) return invalid_input("policy \"" + id + "\" stands twice");
        if (!entries.contains(id)) return invalid_input("there is no policy \"" + id + "\"");
    }
    absl::flat_hash_set<std::string_view, StringHash, StringEq> firms;
    if (changes.firms) {
        if (changes.firms->schema_ptr() != schema)
            return {StatusCode::usage, "the changed firms are of another schema"};
        if (changes.firms->as_of() != options.compile.as_of)
            return {StatusCode::usage,
                    "the changed firms are derived for another day; a new day is a full match"};
        for (std::size_t row = 0; row < changes.firms->size(); ++row)
            if (!firms.insert(changes.firms->id(row)).second)
                return invalid_input("firm \"" + std::string(changes.firms->id(row)) +
                                     "\" stands twice");
    }
    for (const std::string& id : changes.removed_firms) {
        if (!firms.insert(id).second) return invalid_input("firm \"" + id + "\" stands twice");
        if (!homes.contains(id)) return invalid_input("there is no firm \"" + id + "\"");
    }
    return {};
}

void StandingMatch::State::take_out_firms(const StandingChanges& changes) {
    const auto take_out = [&](std::string_view id) {
        const auto found = homes.find(id);
        if (found == homes.end()) return;
        Layer& layer = *layers[found->second.layer];
        layer.gone[layer.position(found->second.row)] = 1;
        homes.erase(found);
    };
    for (const std::string& id : changes.removed_firms)
        take_out(id);
    if (changes.firms)
        for (std::size_t row = 0; row < changes.firms->size(); ++row)
            take_out(changes.firms->id(row));
}

/// Reads nothing that asking changes: see update_layers.
std::unique_ptr<Layer> StandingMatch::State::made_layer(FirmTable table, unsigned threads,
                                                        StandingCost& spent) const {
    Stopwatch watch;
    auto layer = std::make_unique<Layer>(matcher, std::move(table));
    spent.index = watch.lap();
    layer->result = matcher.match(
        layer->firms, {.top = keep, .statuses = kEligibleAndReview, .threads = threads});
    spent.match = watch.lap();
    return layer;
}

void StandingMatch::State::add_layer(std::unique_ptr<Layer> made) {
    const auto number = static_cast<std::uint32_t>(layers.size());
    layers.push_back(std::move(made));
    const FirmTable& table = layers.back()->table;
    homes.reserve(homes.size() + table.size());
    for (std::uint32_t row = 0; row < table.size(); ++row)
        homes[table.id(row)] = {number, row};
    make_lists(number);
}

void StandingMatch::State::make_lists(std::uint32_t number) {
    Layer& layer = *layers[number];
    const bool all_alive = slots.size() == first_policies.size() && killed.empty();
    for (std::uint8_t status = 0; status < kLists; ++status) {
        layer.lists[status].resize(layer.table.size());
        for (std::uint32_t position = 0; position < layer.table.size(); ++position) {
            const std::uint32_t row = layer.firms.index.row_at(position);
            const Pushes said = layer.result.pushes(row, static_cast<Verdict>(status));
            List& list = layer.lists[status][position];
            list.kept = static_cast<std::uint32_t>(said.size());
            if (said.size() == keep) {
                const Push last = said[said.size() - 1];
                list.cut_score = last.score;
                list.cut_slot = last.other;
            }
            if (all_alive) continue;
            for (const Push& push : said)
                list.kept -= slots[push.other].alive ? 0 : 1;
            note_if_short(list, {number, position, status});
        }
    }
}

// ----------------------------------------------------------------------------------- lists

/// A policy over a layer: which lists it goes out of or comes into.
template <class Take> void StandingMatch::State::ask(const Question& question, Take take) {
    const Layer& layer = *layers[question.layer];
    const BoundPolicy bound = layer.query.bind(*slots[question.slot].policy, options.compile);
    layer.query.match(bound, {.top = kNoLimit, .statuses = kEligibleAndReview, .ranked = false},
                      scratch, answer);
    for (std::uint8_t status = 0; status < kLists; ++status) {
        const List* const lists = layer.lists[status].data();
        const std::uint32_t* const positions = layer.firms.index.positions()->data();
        const std::span<const Push> firms = answer.pushes(static_cast<Verdict>(status));
        for (std::size_t i = 0; i < firms.size(); ++i) {
            if (i + kAhead < firms.size())
                __builtin_prefetch(&lists[positions[firms[i + kAhead].other]]);
            const Push push{question.slot, firms[i].score};
            const std::uint32_t position = positions[firms[i].other];
            if (is_kept(lists[position], push) && layer.gone[position] == 0)
                take(PairChange{question.layer, position, push, status, question.comes});
        }
    }
}

/// What a list is told never moves its cut, so that the order of questions does not matter.
void StandingMatch::State::ask_and_apply(const std::vector<Question>& questions) {
    for (const Question& question : questions)
        ask(question, [&](const PairChange& change) { apply(change); });
}

void StandingMatch::State::apply(const PairChange& change) {
    List& list = layers[change.layer]->lists[change.status][change.position];
    if (change.comes) {
        extras.push_back({change.push, list.first_extra});
        list.first_extra = static_cast<std::uint32_t>(extras.size() - 1);
        ++list.kept;
        ++cost.pairs_come;
        return;
    }
    --list.kept;
    ++cost.pairs_gone;
    note_if_short(list, {change.layer, change.position, change.status});
}

/// Asks firms afresh that have lost more pairs than their reserve.
void StandingMatch::State::refill() {
    std::vector<std::uint32_t> later_slots;
    std::unique_ptr<FirmQuery> later_query;
    std::unique_ptr<FirmQuery::Scratch> first_scratch, later_scratch;
    FirmRecord record(schema);
    for (const ListName& name : shortened) {
        Layer& layer = *layers[name.layer];
        List& list = layer.lists[name.status][name.position];
        if (layer.gone[name.position] != 0 || list.cut_slot == kNone || list.kept >= options.top)
            continue;
        if (!first_query) {
            first_query = std::make_unique<FirmQuery>(schema, first_policies, matcher.program(),
                                                      options.compile.as_of);
            first_open = first_query->all_open();
            for (std::uint32_t slot = 0; slot < first_policies.size(); ++slot)
                if (!slots[slot].alive) first_query->set_open(first_open, slot, false);
        }
        if (!later_query) {
            std::vector<Policy> later; // only while compiling
            for (auto slot = static_cast<std::uint32_t>(first_policies.size()); slot < slots.size();
                 ++slot) {
                if (!slots[slot].alive) continue;
                later_slots.push_back(slot);
                later.push_back(*slots[slot].policy);
            }
            CompileOptions all = options.compile;
            all.include_closed = true; // who takes part is decided
            later_query = std::make_unique<FirmQuery>(schema, later, all);
            first_scratch = std::make_unique<FirmQuery::Scratch>(*first_query);
            later_scratch = std::make_unique<FirmQuery::Scratch>(*later_query);
        }
        const auto status = static_cast<Verdict>(name.status);
        const QueryOptions ask{keep, status_bit(status)};
        record.assign(layer.table[layer.firms.index.row_at(name.position)]);
        const FirmAnswer& first = first_query->ask(record, ask, first_open, *first_scratch);
        const FirmAnswer& later = later_query->ask(record, ask, *later_scratch);
        std::vector<Push> own(first.pushes(status).begin(), first.pushes(status).end());
        for (const Push& push : later.pushes(status))
            own.push_back({later_slots[push.other], push.score});
        std::sort(own.begin(), own.end(),
                  [&](const Push& a, const Push& b) { return before(a, b); });
        list = {};
        if (own.size() >= keep) {
            own.resize(keep);
            list.cut_score = own.back().score;
            list.cut_slot = own.back().other;
        }
        list.kept = static_cast<std::uint32_t>(own.size());
        list.own = static_cast<std::uint32_t>(own_lists.size());
        own_lists.push_back(std::move(own));
        ++cost.lists_refilled;
    }
    shortened.clear();
}

void StandingMatch::State::update_layers(StandingChanges& changes) {
    std::vector<Question> questions;
    const auto ask_about = [&](std::uint32_t layer, const std::vector<std::uint32_t>& of,
                               bool comes) {
        for (std::uint32_t slot : of)
            questions.push_back({layer, slot, comes});
    };
    for (std::uint32_t layer = 0; layer < layers.size(); ++layer) {
        ask_about(layer, killed, false);
        ask_about(layer, born, true);
    }
    // Changed firms are matched beside the questions to the others, if there may be two threads.
    std::unique_ptr<Layer> made;
    StandingCost spent;
    std::thread beside;
    if (changes.firms && changes.firms->size() != 0) {
        const auto make = [&] { made = made_layer(std::move(*changes.firms), 1, spent); };
        if (options.threads > 1)
            beside = std::thread(make);
        else
            make();
    }
    Stopwatch watch;
    ask_and_apply(questions);
    cost.ask = watch.lap();
    if (beside.joinable()) beside.join();
    cost.wait = watch.lap();
    cost.index = spent.index;
    cost.match = spent.match;
    if (made) {
        // The new layer was matched with the first policies; of the later ones it knows nothing.
        questions.clear();
        const auto number = static_cast<std::uint32_t>(layers.size());
        for (auto slot = static_cast<std::uint32_t>(first_policies.size()); slot < slots.size();
             ++slot)
            if (slots[slot].alive) questions.push_back({number, slot, true});
        add_layer(std::move(made));
        ask_and_apply(questions);
    }
    cost.ask += watch.lap();
    refill();
    cost.refill = watch.lap();
}

void StandingMatch::State::read(const Home& home, std::size_t status,
                                std::vector<Push>& out) const {
    const Layer& layer = *layers[home.layer];
    const List& list = layer.lists[status][layer.position(home.row)];
    for (std::uint32_t extra = list.first_extra; extra != kNone; extra = extras[extra].next)
        if (slots[extras[extra].push.other].alive) out.push_back(extras[extra].push);
    const std::size_t come = out.size();
    const auto take = [&](const auto& pushes) {
        for (std::size_t i = 0; i < pushes.size() && out.size() - come < options.top; ++i)
            if (const Push push = pushes[i]; slots[push.other].alive) out.push_back(push);
    };
    if (list.own != kNone)
        take(own_lists[list.own]);
    else
        take(layer.result.pushes(home.row, static_cast<Verdict>(status)));
    if (come != 0)
        std::sort(out.begin(), out.end(),
                  [&](const Push& a, const Push& b) { return before(a, b); });
    if (out.size() > options.top) out.resize(options.top);
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
    state_->change_policies(changes);
    state_->take_out_firms(changes);
    state_->cost.policies = watch.lap();
    state_->update_layers(changes);
    return {};
}

bool StandingMatch::pushes(std::string_view firm, Verdict status, std::vector<Push>& out) const {
    out.clear();
    const auto home = state_->homes.find(firm);
    if (home == state_->homes.end()) return false;
    if (const auto s = static_cast<std::size_t>(status); s < kLists)
        state_->read(home->second, s, out);
    return true;
}

const Policy& StandingMatch::policy(std::uint32_t number) const {
    return *state_->slots[number].policy;
}
std::size_t StandingMatch::firms() const { return state_->homes.size(); }
const StandingCost& StandingMatch::cost() const { return state_->cost; }

} // namespace qice
