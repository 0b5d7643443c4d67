#include "index/arrange.hpp"

#include <algorithm>
#include <numeric>
#include <span>
#include <tuple>

namespace qice {
namespace {

// Range rows of a block cost as much as some hundred literals, and not all literals of a field are
// asked for in each.
constexpr std::uint32_t kCrowd = 512;
// A table costs a block as much as some twenty lookups; fewer literals than this are not worth its
// memory.
constexpr std::uint32_t kWorthTable = 32;
constexpr std::size_t kMostTableBytes = std::size_t{64} << 20; // of one field
// A row that more policies share is cheaper than its range met for each of them.
constexpr std::uint32_t kMostSharers = 4;

void renumber(Ref& ref, const std::vector<Ref>& number_of) {
    if ((ref & kLiteralBit) != 0) ref = number_of[ref & ~kLiteralBit] | kLiteralBit;
}

/// How often the literals stand in rules, by literal; UINT32_MAX where something else asks, too.
std::vector<std::uint32_t> uses_in_rules(const Program& program) {
    std::vector<std::uint32_t> uses(program.literals.size());
    const auto elsewhere = [&](Ref ref) {
        if ((ref & kLiteralBit) != 0) uses[ref & ~kLiteralBit] = UINT32_MAX;
    };
    for (const CompiledPolicy& policy : program.policies)
        for (Ref ref : program.literals_of(policy.rule))
            ++uses[ref & ~kLiteralBit];
    for (const GraphNode& node : program.nodes)
        if (node.op != GraphNode::Op::points)
            for (Ref ref : std::span(program.refs).subspan(node.first, node.count))
                elsewhere(ref);
    for (const GraphTier& tier : program.tiers)
        elsewhere(tier.when);
    for (const CompiledPreference& preference : program.preferences)
        elsewhere(preference.when);
    return uses;
}

/// All codes but those of one range?
bool leaves_one_range(const Program& program, const Literal& literal) {
    if (literal.count != 2) return false;
    const FieldCuts::Range* const ranges = program.ranges.data() + literal.first;
    return ranges[0].first == 0 && ranges[1].last + 1 == program.fields[literal.slot].cuts.codes();
}

void find_crowded_fields(Program& program) {
    std::vector<std::uint32_t> literals(program.fields.size());
    for (const Literal& literal : program.literals)
        if (literal.form == Literal::Form::ranges)
            program.fields[literal.slot].is_crowded = ++literals[literal.slot] >= kCrowd;
}

/// By literal, whether it is lone.
std::vector<bool> lone_literals(const Program& program) {
    const std::vector<std::uint32_t> uses = uses_in_rules(program);
    std::vector<bool> lone;
    for (std::size_t number = 0; number < uses.size(); ++number) {
        const Literal& literal = program.literals[number];
        lone.push_back(literal.form == Literal::Form::ranges &&
                       program.fields[literal.slot].is_crowded &&
                       (literal.count == 1 || leaves_one_range(program, literal)) &&
                       uses[number] != 0 && uses[number] <= kMostSharers);
    }
    return lone;
}

void put_lone_last(Program& program, const std::vector<bool>& lone) {
    for (CompiledPolicy& policy : program.policies) {
        const auto first = program.refs.begin() + policy.rule.first;
        const auto last = first + policy.rule.literals;
        const auto first_lone =
            std::stable_partition(first, last, [&](Ref ref) { return !lone[ref & ~kLiteralBit]; });
        policy.rule.lone = static_cast<std::uint32_t>(last - first_lone);
    }
}

/// An executor may compute all literals of a field at once, but for the lone ones: these have the
/// last numbers. Those that are looked up stand together, too.
void group_by_field(Program& program, const std::vector<bool>& lone) {
    std::vector<std::uint32_t> order(program.literals.size());
    std::iota(order.begin(), order.end(), 0u);
    const auto group = [&](std::uint32_t number) {
        const Literal& literal = program.literals[number];
        return std::tuple(static_cast<bool>(lone[number]), literal.form, literal.slot,
                          literal.bitmap != Literal::kNoBitmap);
    };
    std::stable_sort(order.begin(), order.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return group(a) < group(b); });
    std::vector<Literal> literals;
    std::vector<Ref> number_of(order.size());
    for (const std::uint32_t old : order) {
        number_of[old] = static_cast<Ref>(literals.size());
        const Literal& literal = literals.emplace_back(program.literals[old]);
        if (literal.form != Literal::Form::ranges || lone[old]) continue;
        CodedField& field = program.fields[literal.slot];
        if (field.literals++ == 0) field.first_literal = number_of[old];
    }
    program.literals = std::move(literals);
    for (Ref& ref : program.refs)
        renumber(ref, number_of);
    for (GraphTier& tier : program.tiers)
        renumber(tier.when, number_of);
    for (CompiledPreference& preference : program.preferences)
        renumber(preference.when, number_of);
}

/// One table of the literals [first, last) of a field.
void add_table(Program& program, CodedField& field, std::uint32_t first, std::uint32_t last) {
    const std::size_t first_row = program.lookup_rows.size();
    program.lookup_rows.resize(first_row + field.cuts.codes() + 1);
    for (std::uint32_t number = first; number < last; ++number) {
        const std::uint32_t bit = number - first;
        const Literal& literal = program.literals[number];
        for (std::uint32_t r = literal.first; r < literal.first + literal.count; ++r)
            for (std::uint32_t code = program.ranges[r].first; code <= program.ranges[r].last;
                 ++code)
                program.lookup_rows[first_row + code].words[bit / 64] |= std::uint64_t{1}
                                                                         << (bit % 64);
    }
    program.lookup_tables.push_back({first, last - first, first_row});
    ++field.tables;
}

void make_tables(Program& program) {
    for (CodedField& field : program.fields) {
        field.first_table = static_cast<std::uint32_t>(program.lookup_tables.size());
        const std::uint32_t last = field.first_literal + field.literals;
        std::uint32_t first = last; // of those that are looked up
        while (first > field.first_literal &&
               program.literals[first - 1].bitmap != Literal::kNoBitmap)
            --first;
        const std::size_t tables = (std::size_t{last - first} + kBlockFirms - 1) / kBlockFirms;
        if (last - first < kWorthTable ||
            tables * (field.cuts.codes() + std::size_t{1}) * sizeof(BlockRow) > kMostTableBytes)
            continue;
        for (; first < last; first += kBlockFirms)
            add_table(program, field, first, std::min<std::uint32_t>(last, first + kBlockFirms));
    }
}

/// Does a rule belong to another shape than the last one?
bool is_of(const Shape& shape, const Conjunction& rule, std::uint32_t place) {
    return shape.literals == rule.literals && shape.others == rule.others &&
           shape.manual == rule.manual && shape.lone == rule.lone &&
           (shape.lone == 0 || place - shape.first < kMostLonePolicies);
}

/// Puts policies of one shape side by side, and their refs in the same order: an executor runs a
/// shape with loops of fixed length over memory in a row.
void group_by_shape(Program& program) {
    const auto refs_of = [&](const Conjunction& rule) {
        return std::span(program.refs).subspan(rule.first, rule.literals + rule.others);
    };
    std::sort(program.policies.begin(), program.policies.end(),
              [&](const CompiledPolicy& one, const CompiledPolicy& other) {
                  const Conjunction &a = one.rule, &b = other.rule;
                  if (a.others != b.others) return a.others < b.others;
                  if (a.literals != b.literals) return a.literals < b.literals;
                  if (a.manual != b.manual) return b.manual;
                  if (a.lone != b.lone) return a.lone < b.lone;
                  const auto left = refs_of(a), right = refs_of(b);
                  const auto [l, r] = std::mismatch(left.begin(), left.end(), right.begin());
                  return l != left.end() ? *l < *r : one.policy < other.policy;
              });
    std::vector<Ref> refs;
    for (CompiledPolicy& policy : program.policies) {
        Conjunction& rule = policy.rule;
        const auto place = static_cast<std::uint32_t>(&policy - program.policies.data());
        const auto first_ref = static_cast<std::uint32_t>(program.refs.size() + refs.size());
        if (program.shapes.empty() || !is_of(program.shapes.back(), rule, place))
            program.shapes.push_back({.first = place,
                                      .last = place,
                                      .first_ref = first_ref,
                                      .literals = rule.literals,
                                      .others = rule.others,
                                      .manual = rule.manual,
                                      .lone = rule.lone});
        ++program.shapes.back().last;
        const auto own = refs_of(rule);
        refs.insert(refs.end(), own.begin(), own.end());
        rule.first = first_ref;
    }
    program.refs.insert(program.refs.end(), refs.begin(), refs.end());
}

/// Numbers unions of elements as policies ask for them: their rows are then read one after another.
void order_unions(Program& program) {
    constexpr std::uint32_t kNone = ElementTest::kNotUnited;
    std::vector<std::uint32_t> number_of(program.unions.size(), kNone);
    std::vector<ElementUnion> unions;
    const auto ask = [&](const Literal& literal) {
        if (literal.form != Literal::Form::elements) return;
        for (std::uint32_t i = literal.first; i < literal.first + literal.count; ++i) {
            const std::uint32_t old = program.element_tests[i].united;
            if (old == kNone || number_of[old] != kNone) continue;
            number_of[old] = static_cast<std::uint32_t>(unions.size());
            unions.push_back(program.unions[old]);
        }
    };
    for (const CompiledPolicy& policy : program.policies)
        for (Ref ref : program.literals_of(policy.rule))
            ask(program.literals[ref & ~kLiteralBit]);
    for (const Literal& literal : program.literals) // of nodes and preferences
        ask(literal);
    program.unions = std::move(unions);
    for (ElementTest& test : program.element_tests)
        if (test.united != kNone) test.united = number_of[test.united];
}

LoneLiteral as_lone(const Program& program, const Literal& literal, std::uint32_t place) {
    const FieldCuts::Range* const ranges = program.ranges.data() + literal.first;
    const bool outside = literal.count == 2;
    const int how = (outside ? LoneLiteral::kOutside : 0) |
                    (literal.on_unknown == Truth::yes ? LoneLiteral::kMetByUnknown : 0) |
                    (literal.on_unknown == Truth::unknown ? LoneLiteral::kLeavesUnknown : 0) |
                    (literal.fixed ? LoneLiteral::kFixed : 0);
    return {.first = outside ? ranges[0].last + 1 : ranges[0].first,
            .end = outside ? ranges[1].first : ranges[0].last + 1,
            .place = static_cast<std::uint16_t>(place),
            .how = static_cast<std::uint16_t>(how)};
}

/// Lists the lone literals of a shape, field by field; by their first codes, as these are then
/// looked up in a row.
void list_lone(Program& program, Shape& shape) {
    std::vector<std::vector<LoneLiteral>> by_slot(program.fields.size());
    for (std::uint32_t place = shape.first; place < shape.last; ++place) {
        const auto literals = program.literals_of(program.policies[place].rule);
        for (Ref ref : literals.last(shape.lone)) {
            const Literal& literal = program.literals[ref & ~kLiteralBit];
            by_slot[literal.slot].push_back(as_lone(program, literal, place - shape.first));
        }
    }
    shape.first_lone_field = static_cast<std::uint32_t>(program.lone_fields.size());
    for (std::uint32_t slot = 0; slot < by_slot.size(); ++slot) {
        std::vector<LoneLiteral>& literals = by_slot[slot];
        if (literals.empty()) continue;
        std::stable_sort(
            literals.begin(), literals.end(),
            [](const LoneLiteral& a, const LoneLiteral& b) { return a.first < b.first; });
        program.lone_fields.push_back({slot,
                                       static_cast<std::uint32_t>(program.lone_literals.size()),
                                       static_cast<std::uint32_t>(literals.size())});
        program.lone_literals.insert(program.lone_literals.end(), literals.begin(), literals.end());
        ++shape.lone_fields;
    }
}

} // namespace

void arrange(Program& program) {
    find_crowded_fields(program);
    const std::vector<bool> lone = lone_literals(program);
    put_lone_last(program, lone);
    group_by_field(program, lone);
    make_tables(program);
    group_by_shape(program);
    order_unions(program);
    for (Shape& shape : program.shapes)
        if (shape.lone != 0) list_lone(program, shape);
}

} // namespace qice
