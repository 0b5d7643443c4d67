#include "index/record_truth.hpp"

#include <algorithm>
#include <array>

namespace qice {
namespace {

// The literals of a field whose rows would be larger are tested one by one.
constexpr std::size_t kMostBytes = std::size_t{8} << 20;

/// all(a, b) of five planes: at most one of the children may need its one change.
std::uint8_t both(std::uint8_t a, std::uint8_t b) {
    constexpr unsigned kCosts = kNearly | kFact;
    const unsigned a_confirmed = 0u - (a / kConfirmed & 1u),
                   b_confirmed = 0u - (b / kConfirmed & 1u);
    const unsigned costs = ((a & b_confirmed) | (b & a_confirmed)) & kCosts;
    return static_cast<std::uint8_t>((a & b & ~kCosts) | costs);
}

} // namespace

// --------------------------------------------------------------------------- LiteralTable

LiteralTable::LiteralTable(const Program& program)
    : places_(program.literals.size()), if_false_(program.fields.size(), kNearly) {
    std::vector<std::vector<CodeRows::Demand>> by_slot(program.fields.size());
    for (std::uint32_t number = 0; number < program.literals.size(); ++number) {
        const Literal& literal = program.literals[number];
        if (literal.form != Literal::Form::ranges) continue;
        auto& demands = by_slot[literal.slot];
        demands.push_back({static_cast<std::uint32_t>(demands.size()), number});
        if (literal.fixed) if_false_[literal.slot] = 0;
    }
    for (std::uint32_t slot = 0; slot < by_slot.size(); ++slot) {
        const auto& demands = by_slot[slot];
        const std::size_t words = std::max<std::size_t>(words_for(demands.size()), 1);
        rows_.emplace_back(program, slot, demands, demands.size(), words, kMostBytes);
        if (rows_.back().is_empty()) continue;
        for (const CodeRows::Demand& demand : demands)
            places_[demand.literal] = {slot, demand.bit};
    }
}

std::size_t LiteralTable::bytes() const {
    std::size_t total = places_.size() * sizeof(Place) + if_false_.size();
    for (const CodeRows& rows : rows_)
        total += rows.bytes();
    return total;
}

// ---------------------------------------------------------------------------- RecordTruth

RecordTruth::RecordTruth(const Program& program, const LiteralTable& literals)
    : program_(program), literals_(literals), literal_memo_(program.literals.size()),
      node_memo_(program.nodes.size()), certain_(literals.slots()), possible_(literals.slots()) {}

bool RecordTruth::begin(const CodedRecord& coded, bool near_too) {
    coded_ = &coded;
    near_too_ = near_too;
    for (std::uint32_t slot = 0; slot < literals_.slots(); ++slot) {
        const CodeRows& rows = literals_.rows(slot);
        if (rows.is_empty()) continue;
        certain_[slot] = rows.certain(coded.codes[slot]);
        possible_[slot] = rows.possible(coded.codes[slot]);
    }
    stamp_ = (stamp_ + 1) & 0xffffff;
    if (stamp_ != 0) return false;
    std::fill(literal_memo_.begin(), literal_memo_.end(), 0);
    std::fill(node_memo_.begin(), node_memo_.end(), 0);
    stamp_ = 1;
    return true;
}

std::uint8_t RecordTruth::judge(const Ref* refs, std::size_t count, std::uint8_t needed) {
    std::uint8_t said = kTrue;
    for (std::size_t i = 0; i < count; ++i) {
        said = both(said, planes(refs[i]));
        if ((said & needed) == 0) break;
    }
    return said;
}

std::uint8_t RecordTruth::worth(const Literal& literal, bool known, bool holds) const {
    const Truth truth = known ? truth_of(holds) : literal.on_unknown;
    if (truth == Truth::yes) return kTrue;
    if (truth == Truth::unknown) return kPossible | kFact;
    return literal.fixed ? 0 : kNearly;
}

std::uint8_t RecordTruth::literal_without_place(std::uint32_t number) {
    std::uint32_t& memo = literal_memo_[number];
    if (memo >> 8 != stamp_) {
        const Literal& literal = program_.literals[number];
        const std::uint8_t value =
            literal.form == Literal::Form::ranges ? test_ranges(literal) : test_elements(literal);
        memo = stamp_ << 8 | value;
    }
    return static_cast<std::uint8_t>(memo);
}

std::uint8_t RecordTruth::test_ranges(const Literal& literal) const {
    const std::uint32_t code = coded_->codes[literal.slot];
    const bool known = code != program_.fields[literal.slot].cuts.codes();
    const FieldCuts::Range* const begin = program_.ranges.data() + literal.first;
    const FieldCuts::Range* const end = begin + literal.count;
    const FieldCuts::Range* const after =
        std::upper_bound(begin, end, code, [](std::uint32_t c, const FieldCuts::Range& range) {
            return c < range.first;
        });
    return worth(literal, known, after != begin && code <= (after - 1)->last);
}

std::uint8_t RecordTruth::test_elements(const Literal& literal) const {
    const bool known = coded_->known[literal.slot] != 0;
    bool holds = true;
    for (std::uint32_t i = 0; holds && i < literal.count; ++i)
        holds = passes(program_.element_tests[literal.first + i]);
    return worth(literal, known, holds != literal.negated);
}

bool RecordTruth::passes(const ElementTest& test) const {
    const std::uint32_t* const elements = program_.elements.data() + test.first;
    const auto has = [&](std::uint32_t plane) {
        return (coded_->planes[plane / 64] >> (plane % 64) & 1) != 0;
    };
    switch (test.mode) {
    case ElementTest::Mode::any: return std::any_of(elements, elements + test.count, has);
    case ElementTest::Mode::all: return std::all_of(elements, elements + test.count, has);
    case ElementTest::Mode::none: break;
    }
    return std::none_of(elements, elements + test.count, has);
}

std::uint8_t RecordTruth::compute(const GraphNode& node) {
    const Ref* const first = program_.refs.data() + node.first;
    std::uint8_t said = 0;
    switch (node.op) {
    case GraphNode::Op::never: return 0;
    case GraphNode::Op::always: return kTrue;
    case GraphNode::Op::manual: return kTrue & ~kCertain;
    case GraphNode::Op::all: return judge(first, node.count, needed_of(node));
    case GraphNode::Op::any:
        for (std::uint32_t i = 0; i < node.count && said != kTrue; ++i)
            said |= planes(first[i]);
        return said;
    case GraphNode::Op::at_least: return at_least(node);
    case GraphNode::Op::points: return points(node);
    }
    return 0;
}

std::uint8_t RecordTruth::needed_of(const GraphNode& node) const {
    if (near_too_) return kTrue;
    return node.in_table ? kPossible : kConfirmed; // what is certain is confirmed, and so on
}

std::uint8_t RecordTruth::at_least(const GraphNode& node) {
    const Ref* const first = program_.refs.data() + node.first;
    std::array<std::uint32_t, 5> counts{}; // by plane
    for (std::uint32_t i = 0; i < node.count; ++i) {
        const std::uint8_t child = planes(first[i]);
        for (std::size_t plane = 0; plane < counts.size(); ++plane)
            counts[plane] += child >> plane & 1u;
    }
    const std::uint32_t k = node.threshold;
    unsigned said = 0;
    for (std::size_t plane = 0; plane < counts.size(); ++plane)
        said |= static_cast<unsigned>(counts[plane] >= k) << plane;
    // The k least costs add up to at most 1: k children cost at most 1, k - 1 cost nothing.
    if (counts[1] + 1 < k) said &= ~unsigned{kNearly | kFact};
    return static_cast<std::uint8_t>(said);
}

/// Ends where the items that are left make no difference.
std::uint8_t RecordTruth::points(const GraphNode& node) {
    const GraphItem* const items = program_.items.data() + node.first;
    std::int64_t least = 0, most = 0, manual = 0; // most: with all that a person may give
    for (std::uint32_t i = 0; i < node.count; ++i)
        most += items[i].most;
    for (std::uint32_t i = 0; i < node.count && least < node.threshold && most >= node.threshold;
         ++i) {
        const GraphItem& item = items[i];
        if (item.count == 0) {
            manual += item.manual_points;
            continue;
        }
        // The item lands on its first true tier, or on an unknown one before it, or on 0.
        std::int64_t low = INT64_MAX, high = 0;
        bool open = true;
        for (std::uint32_t t = 0; open && t < item.count; ++t) {
            const GraphTier& tier = program_.tiers[item.first + t];
            const std::uint8_t when = planes(tier.when);
            if ((when & kPossible) == 0) continue;
            low = std::min(low, std::int64_t{tier.points});
            high = std::max(high, std::int64_t{tier.points});
            open = (when & kCertain) == 0;
        }
        if (open) low = 0;
        least += low;
        most -= item.most - high;
    }
    const bool certain = least >= node.threshold;
    const bool confirmed = least >= node.threshold - manual;
    const bool possible = most >= node.threshold;
    if (node.negated) // a negated table has no manual items
        return !possible ? kTrue : !certain ? kPossible | kFact : kNearly;
    unsigned said = (certain ? kCertain : 0u) | (confirmed ? kConfirmed : 0u);
    said |= possible ? kPossible | kFact : 0u;
    if (confirmed || !possible) said |= kNearly;
    return static_cast<std::uint8_t>(said);
}

} // namespace qice
