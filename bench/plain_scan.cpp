#include "plain_scan.hpp"

#include "match/top_keys.hpp"

#include <algorithm>

namespace qice::bench {

PlainScan::PlainScan(const Schema& schema, std::span<const Policy> policies, const Program& program,
                     Date as_of)
    : program_(program), keys_(program, policies), coder_(schema, program), as_of_(as_of),
      coded_(coder_.scratch()) {}

const std::vector<RankKey>& PlainScan::ask(const FirmRecord& firm, std::size_t top) {
    coder_.code(firm, as_of_, coded_);
    found_.clear();
    KeySpan span;
    for (std::uint32_t place = 0; place < program_.policies.size(); ++place) {
        const Conjunction& rule = program_.policies[place].rule;
        const Ref* const refs = program_.refs.data() + rule.first;
        if (std::all_of(refs, refs + rule.literals + rule.others,
                        [&](Ref ref) { return certain(ref); }))
            span.add(found_.emplace_back(key_of(place)));
    }
    found_.resize(keep_greatest(found_.data(), found_.size(), top, span));
    return found_;
}

std::size_t PlainScan::met_in(const FirmRecord& firm, std::uint32_t field) {
    coder_.code(firm, as_of_, coded_);
    std::size_t met = 0;
    for (const CompiledPolicy& policy : program_.policies) {
        const auto literals = program_.literals_of(policy.rule);
        met += std::all_of(literals.begin(), literals.end(), [&](Ref ref) {
            const Literal& of = program_.literals[ref & ~kLiteralBit];
            return of.form != Literal::Form::ranges || program_.fields[of.slot].field != field ||
                   certain(ref);
        });
    }
    return met;
}

bool PlainScan::certain(Ref ref) const {
    return (ref & kLiteralBit) != 0 ? literal(ref & ~kLiteralBit) : node(program_.nodes[ref]);
}

bool PlainScan::literal(std::uint32_t number) const {
    const Literal& literal = program_.literals[number];
    if (literal.form == Literal::Form::ranges) {
        const std::uint32_t code = coded_.codes[literal.slot];
        const FieldCuts::Range* const ranges = program_.ranges.data() + literal.first;
        for (std::uint32_t i = 0; i < literal.count; ++i)
            if (code - ranges[i].first <= ranges[i].last - ranges[i].first) return true;
        return literal.on_unknown == Truth::yes &&
               code == program_.fields[literal.slot].cuts.codes();
    }
    if (coded_.known[literal.slot] == 0) return literal.on_unknown == Truth::yes;
    bool holds = true;
    for (std::uint32_t i = 0; holds && i < literal.count; ++i) {
        const ElementTest& test = program_.element_tests[literal.first + i];
        const std::uint32_t* const elements = program_.elements.data() + test.first;
        const auto has = [&](std::uint32_t plane) {
            return (coded_.planes[plane / 64] >> (plane % 64) & 1) != 0;
        };
        const auto count = std::count_if(elements, elements + test.count, has);
        holds = test.mode == ElementTest::Mode::any   ? count > 0
                : test.mode == ElementTest::Mode::all ? count == test.count
                                                      : count == 0;
    }
    return holds != literal.negated;
}

bool PlainScan::node(const GraphNode& node) const {
    const Ref* const first = program_.refs.data() + node.first;
    const auto holds = [&](Ref ref) { return certain(ref); };
    switch (node.op) {
    case GraphNode::Op::never:
    case GraphNode::Op::manual: return false;
    case GraphNode::Op::always: return true;
    case GraphNode::Op::all: return std::all_of(first, first + node.count, holds);
    case GraphNode::Op::any: return std::any_of(first, first + node.count, holds);
    case GraphNode::Op::at_least: {
        std::uint32_t found = 0;
        for (std::uint32_t i = 0; i < node.count && found < node.threshold; ++i)
            found += certain(first[i]);
        return found >= node.threshold;
    }
    case GraphNode::Op::points: break;
    }
    // Good enough for a peer: tables of this city have no negation, and an unknown tier gives 0
    // where a lesser one is true, as the least of both.
    std::int64_t sum = 0;
    for (std::uint32_t i = 0; i < node.count; ++i) {
        const GraphItem& item = program_.items[node.first + i];
        for (std::uint32_t t = 0; t < item.count; ++t) {
            const GraphTier& tier = program_.tiers[item.first + t];
            if (!certain(tier.when)) continue;
            sum += tier.points;
            break;
        }
    }
    return sum >= node.threshold;
}

RankKey PlainScan::key_of(std::uint32_t place) const {
    const CompiledPolicy& policy = program_.policies[place];
    Score more = 0;
    for (std::uint32_t i = 0; i < policy.tags; ++i) {
        const CompiledTag& tag = program_.tags[policy.first_tag + i];
        more += std::int64_t{tag.weight} * coded_.weights[tag.tag];
    }
    for (std::uint32_t i = 0; i < policy.preferences; ++i) {
        const CompiledPreference& preference = program_.preferences[policy.first_preference + i];
        if (certain(preference.when)) more += preference.add;
    }
    return keys_.raised(keys_.variant(place, 0).key, more);
}

} // namespace qice::bench
