#include "match/firm_query_index.hpp"

#include "qice/index/policy_index.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <numeric>
#include <unordered_map>

namespace qice {
namespace {

constexpr std::size_t kMostTagBytes = std::size_t{16} << 20;
constexpr std::size_t kSortedBy = 2; // fields

/// What a policy demands of a field as a place in an order: wide ranges before what lies in them.
struct Sortable {
    std::uint32_t first = 0, last = UINT32_MAX;

    bool operator==(const Sortable&) const = default;
    bool operator<(const Sortable& other) const {
        return first != other.first ? first < other.first : last > other.last;
    }
};

Sortable demand_on(const Program& program, const CompiledPolicy& policy, std::uint32_t slot) {
    for (Ref ref : program.literals_of(policy.rule)) {
        const Literal& literal = program.literals[ref & ~kLiteralBit];
        if (literal.form != Literal::Form::ranges || literal.slot != slot) continue;
        if (literal.count == 0) continue;
        return {program.ranges[literal.first].first,
                program.ranges[literal.first + literal.count - 1].last};
    }
    return {};
}

/// How many conditions and nodes there are in a node, as a tree.
class NodeSizes {
  public:
    explicit NodeSizes(const Program& program) : program_(program), sizes_(program.nodes.size()) {}

    std::uint64_t of(Ref ref) {
        if ((ref & kLiteralBit) != 0) return 1;
        if (sizes_[ref] == 0) sizes_[ref] = 1 + inside(program_.nodes[ref]);
        return sizes_[ref];
    }

  private:
    std::uint64_t inside(const GraphNode& node) {
        std::uint64_t sum = 0;
        for (std::uint32_t i = node.first; i < node.first + node.count; ++i) {
            if (node.op != GraphNode::Op::points) {
                sum += of(program_.refs[i]);
                continue;
            }
            const GraphItem& item = program_.items[i];
            for (std::uint32_t t = item.first; t < item.first + item.count; ++t)
                sum += of(program_.tiers[t].when);
        }
        return std::min(sum, kMost);
    }

    static constexpr std::uint64_t kMost = std::uint64_t{1} << 31; // shared nodes count each time

    const Program& program_;
    std::vector<std::uint64_t> sizes_; // by node; 0: not known yet
};

} // namespace

FirmQuery::Index::Index(SchemaPtr schema_ptr, std::span<const Policy> set, Program compiled,
                        Date day)
    : kernels(&qice::kernels()), schema(std::move(schema_ptr)), program(std::move(compiled)),
      keys(program, set), coder(*schema, program), literals(program), as_of(day),
      policies(program.policies.size()), position_of(set.size(), UINT32_MAX) {
    for (const Policy& policy : set)
        ids.append(policy.id);
    std::vector<std::uint32_t> slots = strongest_slots();
    slots.resize(std::min(slots.size(), kSortedBy));
    order_policies(slots);
    for (std::uint32_t position = 0; position < policies; ++position)
        position_of[program.policies[places[position]].policy] = position;
    choose_whens();
    make_rows(slots);
    make_seats();
    make_tag_rows();
}

/// Fields by the share of (code, policy) pairs that they refuse, the greatest first.
std::vector<std::uint32_t> FirmQuery::Index::strongest_slots() const {
    const auto refused = refusals(program);
    std::vector<double> share;
    for (const std::vector<std::uint32_t>& of_field : refused) {
        const double sum = std::accumulate(of_field.begin(), of_field.end(), 0.0);
        share.push_back(sum / static_cast<double>(of_field.size()));
    }
    std::vector<std::uint32_t> slots(share.size());
    std::iota(slots.begin(), slots.end(), 0u);
    std::stable_sort(slots.begin(), slots.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return share[a] > share[b]; });
    return slots;
}

void FirmQuery::Index::order_policies(const std::vector<std::uint32_t>& slots) {
    struct Keyed {
        int size; // of what it demands beyond literals, to a power of two
        Sortable demands[kSortedBy];
        std::uint32_t order; // by prior
        std::uint32_t place;
    };
    NodeSizes sizes(program);
    std::vector<Keyed> keyed;
    for (std::uint32_t place = 0; place < policies; ++place) {
        std::uint64_t size = 0;
        for (const Ref ref : program.others_of(program.policies[place].rule))
            size += sizes.of(ref);
        Keyed entry{
            static_cast<int>(std::bit_width(size)), {}, keys.variant(place, 0).order, place};
        for (std::size_t i = 0; i < slots.size(); ++i)
            entry.demands[i] = demand_on(program, program.policies[place], slots[i]);
        keyed.push_back(entry);
    }
    std::sort(keyed.begin(), keyed.end(), [](const Keyed& a, const Keyed& b) {
        if (a.size != b.size) return a.size < b.size;
        for (std::size_t i = 0; i < kSortedBy; ++i)
            if (a.demands[i] != b.demands[i]) return a.demands[i] < b.demands[i];
        return a.order < b.order;
    });
    for (const Keyed& entry : keyed)
        places.push_back(entry.place);
}

void FirmQuery::Index::choose_whens() {
    std::unordered_map<Ref, std::uint32_t> uses;
    for (const CompiledPolicy& policy : program.policies)
        if (policy.preferences == 1) ++uses[program.preferences[policy.first_preference].when];
    std::vector<std::pair<std::uint32_t, Ref>> most;
    for (const auto& [when, count] : uses)
        most.emplace_back(count, when);
    std::sort(most.begin(), most.end(), std::greater<>());
    most.resize(std::min(most.size(), kMostWhens));
    for (const auto& [count, when] : most)
        whens.push_back(when);
}

std::uint32_t FirmQuery::Index::number_of(Ref when) const {
    const auto found = std::find(whens.begin(), whens.end(), when);
    return found == whens.end() ? 0 : static_cast<std::uint32_t>(found - whens.begin() + 1);
}

void FirmQuery::Index::make_rows(const std::vector<std::uint32_t>& sorted_by) {
    std::vector<Conjunction> rules;
    std::vector<LiteralSpan> literals_of;
    for (const std::uint32_t place : places) {
        rules.push_back(program.policies[place].rule);
        literals_of.push_back({rules.back().first, rules.back().literals});
    }
    std::vector<std::uint8_t> settled(program.refs.size()); // by ref: the rows tell this literal
    rows = ConjunctionRows(*schema, program, {program.refs, literals_of}, sorted_by, settled);
    layers = RuleLayers(*schema, program, rules, settled);
    make_checks(settled);
}

/// Of policies whose planes are not exact, all that the rows of their literals do not tell.
void FirmQuery::Index::make_checks(const std::vector<std::uint8_t>& settled) {
    StringMap<std::uint32_t> known;
    std::vector<Ref> list;
    for (std::uint32_t position = 0; position < policies; ++position) {
        const Conjunction& rule = program.policies[places[position]].rule;
        list.clear();
        for (std::uint32_t at = rule.first; at < rule.first + rule.literals + rule.others; ++at)
            if (!settled[at]) list.push_back(program.refs[at]);
        const BlockRow& exact = layers.exact(position / kBlockFirms);
        if ((exact.words[position / 64 % kBlockWords] >> (position % 64) & 1) != 0) list.clear();
        const std::string key(reinterpret_cast<const char*>(list.data()),
                              list.size() * sizeof(Ref));
        const auto [number, is_new] =
            known.emplace(key, static_cast<std::uint32_t>(check_lists.size()));
        if (is_new) {
            check_lists.push_back({static_cast<std::uint32_t>(checks.size()),
                                   static_cast<std::uint32_t>(list.size())});
            checks.insert(checks.end(), list.begin(), list.end());
        }
        check_of.push_back(number->second);
    }
}

void FirmQuery::Index::make_seats() {
    preferences.push_back({0, 0});
    seats.reserve(policies);
    for (std::uint32_t place : places) {
        const CompiledPolicy& policy = program.policies[place];
        Seat seat{};
        seat.key = keys.variant(place, 0).key;
        seat.preference = preference_of(policy);
        if (!set_tags(policy, seat)) seat.preference = Seat::kLong;
        seats.push_back(seat);
    }
}

/// The most usual tags have rows; policies with another tag are scored whatever the firm has.
void FirmQuery::Index::make_tag_rows() {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> uses; // how many policies, tag
    for (std::uint32_t tag = 0; tag < program.tag_names.size(); ++tag)
        uses.emplace_back(0, tag);
    for (const CompiledTag& tag : program.tags)
        ++uses[tag.tag].first;
    std::sort(uses.begin(), uses.end(), std::greater<>());
    uses.resize(std::min(uses.size(), kMostTagBytes / 8 / std::max<std::size_t>(rows.stride(), 1)));
    tag_row.assign(program.tag_names.size(), kNone);
    for (std::uint32_t row = 0; row < uses.size(); ++row)
        tag_row[uses[row].second] = row;
    const std::size_t stride = rows.stride();
    tag_rows.resize(uses.size() * stride);
    when_rows.resize(whens.size() * stride);
    always_scored.resize(stride);
    for (std::uint32_t position = 0; position < policies; ++position) {
        const CompiledPolicy& policy = program.policies[places[position]];
        const std::uint64_t bit = std::uint64_t{1} << (position % 64);
        if (policy.preferences > 0) {
            const std::uint32_t when =
                policy.preferences > 1
                    ? 0
                    : number_of(program.preferences[policy.first_preference].when);
            std::uint64_t* const words =
                when == 0 ? always_scored.data() : when_rows.data() + (when - 1) * stride;
            words[position / 64] |= bit;
        }
        for (std::uint32_t i = 0; i < policy.tags; ++i) {
            const std::uint32_t row = tag_row[program.tags[policy.first_tag + i].tag];
            std::uint64_t* const words =
                row == kNone ? always_scored.data() : tag_rows.data() + std::size_t{row} * stride;
            words[position / 64] |= bit;
        }
    }
}

/// False if they do not fit.
bool FirmQuery::Index::set_tags(const CompiledPolicy& policy, Seat& seat) const {
    if (policy.tags > Seat::kTags) return false;
    for (std::uint32_t i = 0; i < policy.tags; ++i) {
        const CompiledTag& tag = program.tags[policy.first_tag + i];
        if (tag.tag > UINT16_MAX || tag.weight > INT16_MAX || tag.weight < INT16_MIN) return false;
        seat.tag[i] = static_cast<std::uint16_t>(tag.tag);
        seat.weight[i] = static_cast<std::int16_t>(tag.weight);
    }
    return true;
}

std::uint16_t FirmQuery::Index::preference_of(const CompiledPolicy& policy) {
    constexpr std::size_t kMost = 1024; // they are looked for one by one
    if (policy.preferences == 0) return 0;
    const CompiledPreference& only = program.preferences[policy.first_preference];
    const SeatPreference wanted{number_of(only.when), only.add};
    if (policy.preferences > 1 || wanted.when == 0) return Seat::kLong;
    const auto found = std::find(preferences.begin(), preferences.end(), wanted);
    if (found == preferences.end()) {
        if (preferences.size() == kMost) return Seat::kLong;
        preferences.push_back(wanted);
        return static_cast<std::uint16_t>(preferences.size() - 1);
    }
    return static_cast<std::uint16_t>(found - preferences.begin());
}

std::size_t FirmQuery::Index::bytes() const {
    const auto size = [](const auto& items) { return items.size() * sizeof items[0]; };
    return sizeof *this + coder.bytes() + size(position_of) + size(seats) + size(places) +
           size(check_of) + size(check_lists) + size(checks) + rows.bytes() + layers.bytes() +
           size(tag_row) + size(tag_rows) + size(when_rows) + size(always_scored) +
           literals.bytes() + size(program.literals) + size(program.ranges) +
           size(program.bitmaps) + size(program.nodes) + size(program.refs) + size(program.items) +
           size(program.tiers) + size(program.steps) + size(program.policies) +
           size(program.preferences) + size(program.tags) + size(program.lone_literals) +
           size(program.lookup_rows) + size(program.elements) + size(program.element_tests) +
           keys.variants() * sizeof(RankKeys::Variant);
}

} // namespace qice
