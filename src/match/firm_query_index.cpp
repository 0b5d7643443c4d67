#include "match/firm_query_index.hpp"

#include "qice/index/policy_index.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <unordered_map>

namespace qice {
namespace {

// A field whose rows would be larger is left to what is checked policy by policy.
constexpr std::size_t kMostRowBytes = std::size_t{64} << 20;
constexpr std::size_t kMostTagBytes = std::size_t{16} << 20;
constexpr std::size_t kBlockPolicies = 512;
constexpr std::size_t kBlockPolicyWords = kBlockPolicies / 64;

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

/// Does the literal say "has one of these" (or, `lacks`, "has none of these") and nothing more?
bool is_one_test(const Program& program, const Literal& literal, bool lacks) {
    if (literal.count != 1) return false;
    const ElementTest& test = program.element_tests[literal.first];
    const bool has = test.mode == ElementTest::Mode::any ||
                     (test.mode == ElementTest::Mode::all && test.count == 1);
    const bool none = test.mode == ElementTest::Mode::none;
    return (has && literal.negated == lacks) || (none && literal.negated != lacks);
}

} // namespace

FirmQuery::Index::Index(SchemaPtr schema_ptr, std::span<const Policy> set, Program compiled,
                        Date as_of)
    : schema(std::move(schema_ptr)), program(std::move(compiled)), keys(program, set),
      coder(*schema, program, as_of), literals(program), policies(program.policies.size()),
      blocks((policies + kBlockPolicies - 1) / kBlockPolicies),
      stride(blocks * kBlockPolicyWords + (words_for(blocks) + 7) / 8 * 8),
      position_of(set.size(), UINT32_MAX) {
    for (const Policy& policy : set)
        ids.append(policy.id);
    const std::vector<std::uint32_t> slots = strongest_slots();
    order_policies(slots);
    for (std::uint32_t position = 0; position < policies; ++position)
        position_of[program.policies[places[position]].policy] = position;
    everyone.resize(stride);
    fill_bits(everyone.data(), policies, blocks * kBlockPolicyWords);
    summarise(everyone.data());
    choose_whens();
    std::vector<std::uint8_t> in_rows(program.refs.size());
    make_dimensions(slots, in_rows);
    make_sets(in_rows);
    make_checks(in_rows);
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
        Sortable demands[2];
        std::uint32_t order; // by prior
        std::uint32_t place;
    };
    std::vector<Keyed> keyed;
    for (std::uint32_t place = 0; place < policies; ++place) {
        Keyed entry{{}, keys.variant(place, 0).order, place};
        for (std::size_t i = 0; i < std::min<std::size_t>(slots.size(), 2); ++i)
            entry.demands[i] = demand_on(program, program.policies[place], slots[i]);
        keyed.push_back(entry);
    }
    std::sort(keyed.begin(), keyed.end(), [](const Keyed& a, const Keyed& b) {
        for (std::size_t i = 0; i < 2; ++i)
            if (a.demands[i] != b.demands[i]) return a.demands[i] < b.demands[i];
        return a.order < b.order;
    });
    for (const Keyed& entry : keyed)
        places.push_back(entry.place);
}

/// One bit a block that has a policy in the row.
void FirmQuery::Index::summarise(std::uint64_t* row) const {
    std::uint64_t* const summary = row + blocks * kBlockPolicyWords;
    std::fill(summary, row + stride, 0);
    for (std::size_t block = 0; block < blocks; ++block) {
        std::uint64_t any = 0;
        for (std::size_t w = 0; w < kBlockPolicyWords; ++w)
            any |= row[block * kBlockPolicyWords + w];
        if (any != 0) summary[block / 64] |= std::uint64_t{1} << (block % 64);
    }
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

/// Rows of the coded fields; marks the refs of program.refs that they settle.
void FirmQuery::Index::make_dimensions(const std::vector<std::uint32_t>& slots,
                                       std::vector<std::uint8_t>& in_rows) {
    std::vector<std::vector<CodeRows::Demand>> by_slot(program.fields.size());
    std::vector<bool> fixed(program.fields.size());
    for (std::uint32_t position = 0; position < policies; ++position) {
        for (Ref ref : program.literals_of(program.policies[places[position]].rule)) {
            const Literal& literal = program.literals[ref & ~kLiteralBit];
            if (literal.form != Literal::Form::ranges) continue;
            by_slot[literal.slot].push_back({position, ref & ~kLiteralBit});
            fixed[literal.slot] = literal.fixed;
        }
    }
    std::vector<bool> has_rows(program.fields.size());
    for (std::uint32_t slot : slots) {
        if (by_slot[slot].empty()) continue;
        CodeRows rows(program, slot, by_slot[slot], policies, stride, kMostRowBytes);
        if (rows.is_empty()) continue;
        for (std::size_t row = 0; row < rows.rows(); ++row)
            summarise(rows.row(row));
        has_rows[slot] = true;
        dimensions.push_back({slot, fixed[slot], std::move(rows)});
    }
    for (const CompiledPolicy& policy : program.policies) {
        for (std::uint32_t i = 0; i < policy.rule.literals; ++i) {
            const Literal& literal =
                program.literals[program.refs[policy.rule.first + i] & ~kLiteralBit];
            if (literal.form == Literal::Form::ranges && has_rows[literal.slot])
                in_rows[policy.rule.first + i] = 1;
        }
    }
}

/// Rows of the sets: of a policy, the first "has one of" on a set, and every "has none of".
void FirmQuery::Index::make_sets(std::vector<std::uint8_t>& in_rows) {
    const std::size_t most_rows = kMostRowBytes / 8 / std::max<std::size_t>(stride, 1);
    for (std::uint32_t number = 0; number < program.sets.size(); ++number) {
        const CodedSet& set = program.sets[number];
        if (2 * set.elements.size() + 3 > most_rows) continue;
        SetRows rows{number, (*schema)[set.field].fixed, 0, 0, 0, {}, {}};
        rows.has.assign(set.elements.size(), SetRows::kNone);
        rows.lacks = rows.has;
        const auto add_row = [&](bool filled) {
            set_rows.resize(set_rows.size() + stride);
            if (filled)
                std::copy(everyone.begin(), everyone.end(),
                          set_rows.end() - static_cast<std::ptrdiff_t>(stride));
            return static_cast<std::uint32_t>(set_rows.size() / stride - 1);
        };
        rows.free = add_row(true);
        rows.unknown_certain = add_row(true);
        rows.unknown_possible = add_row(true);
        const auto word = [&](std::uint32_t row, std::uint32_t position) -> std::uint64_t& {
            return set_rows[std::size_t{row} * stride + position / 64];
        };
        bool any = false;
        for (std::uint32_t position = 0; position < policies; ++position) {
            const Conjunction& rule = program.policies[places[position]].rule;
            const std::uint64_t bit = std::uint64_t{1} << (position % 64);
            bool has_one = false;
            for (std::uint32_t i = 0; i < rule.literals; ++i) {
                const Literal& literal =
                    program.literals[program.refs[rule.first + i] & ~kLiteralBit];
                if (literal.form != Literal::Form::elements || literal.slot != number) continue;
                const bool lacks = is_one_test(program, literal, true);
                if (!lacks && (has_one || !is_one_test(program, literal, false))) continue;
                in_rows[rule.first + i] = 1;
                any = true;
                const ElementTest& test = program.element_tests[literal.first];
                for (std::uint32_t e = 0; e < test.count; ++e) {
                    const std::uint32_t element =
                        program.elements[test.first + e] - set.first_plane;
                    std::uint32_t& row = (lacks ? rows.lacks : rows.has)[element];
                    if (row == SetRows::kNone) row = add_row(false);
                    word(row, position) |= bit;
                }
                if (!lacks) {
                    has_one = true;
                    word(rows.free, position) &= ~bit;
                }
                if (literal.on_unknown != Truth::yes) word(rows.unknown_certain, position) &= ~bit;
                if (literal.on_unknown == Truth::no) word(rows.unknown_possible, position) &= ~bit;
            }
        }
        if (any)
            sets.push_back(std::move(rows));
        else
            set_rows.resize(set_rows.size() - 3 * stride);
    }
}

void FirmQuery::Index::make_checks(const std::vector<std::uint8_t>& in_rows) {
    plain.resize(stride);
    StringMap<std::uint32_t> known;
    std::vector<Ref> list;
    for (std::uint32_t position = 0; position < policies; ++position) {
        const Conjunction& rule = program.policies[places[position]].rule;
        list.clear();
        for (std::uint32_t i = 0; i < rule.literals + rule.others; ++i)
            if (!in_rows[rule.first + i]) list.push_back(program.refs[rule.first + i]);
        if (list.empty()) plain[position / 64] |= std::uint64_t{1} << (position % 64);
        std::string key(reinterpret_cast<const char*>(list.data()), list.size() * sizeof(Ref));
        const auto [number, is_new] =
            known.emplace(std::move(key), static_cast<std::uint32_t>(check_lists.size()));
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
    uses.resize(std::min(uses.size(), kMostTagBytes / 8 / std::max<std::size_t>(stride, 1)));
    tag_row.assign(program.tag_names.size(), SetRows::kNone);
    for (std::uint32_t row = 0; row < uses.size(); ++row)
        tag_row[uses[row].second] = row;
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
            std::uint64_t* const words = row == SetRows::kNone
                                             ? always_scored.data()
                                             : tag_rows.data() + std::size_t{row} * stride;
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
    std::size_t total =
        sizeof *this + coder.bytes() + size(position_of) + size(seats) + size(places) +
        size(check_of) + size(check_lists) + size(checks) + size(everyone) + size(plain) +
        size(set_rows) + size(tag_row) + size(tag_rows) + size(when_rows) + size(always_scored) +
        literals.bytes() + size(program.literals) + size(program.ranges) + size(program.bitmaps) +
        size(program.nodes) + size(program.refs) + size(program.items) + size(program.tiers) +
        size(program.steps) + size(program.policies) + size(program.preferences) +
        size(program.tags) + size(program.lone_literals) + size(program.lookup_rows) +
        size(program.elements) + size(program.element_tests) +
        keys.variants() * sizeof(RankKeys::Variant);
    for (const Dimension& dimension : dimensions)
        total += dimension.rows.bytes();
    return total;
}

} // namespace qice
