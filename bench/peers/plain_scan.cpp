// A plain loop: for each firm, for each policy, its compiled conditions until one fails. No index,
// no bits: what a careful programmer writes first. Counts only.
#include "literals.hpp"

namespace {

using namespace qice;
using namespace qice::peer;

struct Firm {
    const std::uint32_t* codes; // by coded field
    const std::uint8_t* held;   // by plane
};

class PlainScan {
  public:
    explicit PlainScan(const City& city)
        : program_(city.program()), planes_(std::max(program_.planes, 1u)) {
        const FirmIndex& index = city.firms.index;
        for (std::uint32_t slot = 0; slot < program_.fields.size(); ++slot)
            unknown_.push_back(unknown_code(index.width(slot)));
        codes_.resize(index.firms() * unknown_.size());
        held_.resize(index.firms() * planes_);
        for (std::size_t firm = 0; firm < index.firms(); ++firm) {
            for (std::uint32_t slot = 0; slot < unknown_.size(); ++slot)
                codes_[firm * unknown_.size() + slot] = code_at(
                    index.codes(slot, firm / kBlockFirms), index.width(slot), firm % kBlockFirms);
            for (std::uint32_t plane = 0; plane < program_.planes; ++plane)
                held_[firm * planes_ + plane] =
                    index.planes(firm / kBlockFirms)[plane].words[firm % kBlockFirms / 64] >>
                        (firm % 64) &
                    1;
        }
    }

    Seconds round(const City& city) {
        counts_.assign(program_.policies.size(), {});
        Stopwatch watch;
        for (std::size_t row = 0; row < city.firms.index.firms(); ++row) {
            const Firm firm{codes_.data() + row * unknown_.size(), held_.data() + row * planes_};
            for (std::size_t place = 0; place < program_.policies.size(); ++place) {
                const Conjunction& rule = program_.policies[place].rule;
                const Ref* ref = program_.refs.data() + rule.first;
                const Ref* end = ref + rule.literals;
                while (ref < end && certain(firm, program_.literals[*ref & ~kLiteralBit]))
                    ++ref;
                if (ref < end) continue;
                end += rule.others;
                int truth = 2; // 2 certain, 1 once manual conditions are true, 0 neither
                for (; ref < end && truth > 0; ++ref)
                    truth = std::min(truth, others(firm, *ref));
                if (truth > 0) ++counts_[place][truth == 2 ? 0 : 1];
            }
        }
        return {{"rules", watch.lap()}};
    }

    std::string wrong(const City& city, const MatchResult& ours) const {
        return compare_counts(city, counts_, ours);
    }

  private:
    bool certain(const Firm& firm, const Literal& literal) const {
        if (literal.form == Literal::Form::ranges) {
            const std::uint32_t code = firm.codes[literal.slot];
            if (code == unknown_[literal.slot]) return literal.on_unknown == Truth::yes;
            return in_ranges(program_, literal, code);
        }
        if (firm.held[unknown_plane(program_, literal.slot)])
            return literal.on_unknown == Truth::yes;
        return has_elements(program_, literal,
                            [&](std::uint32_t plane) { return firm.held[plane] != 0; });
    }

    bool possible(const Firm& firm, Ref ref) const {
        if ((ref & kLiteralBit) == 0) return possible_node(firm, program_.nodes[ref]);
        const Literal& literal = program_.literals[ref & ~kLiteralBit];
        const bool unknown = literal.form == Literal::Form::ranges
                                 ? firm.codes[literal.slot] == unknown_[literal.slot]
                                 : firm.held[unknown_plane(program_, literal.slot)] != 0;
        return unknown ? literal.on_unknown != Truth::no : certain(firm, literal);
    }

    bool possible_node(const Firm& firm, const GraphNode& node) const {
        const Ref* refs = program_.refs.data() + node.first;
        std::uint32_t sum = 0;
        switch (node.op) {
        case GraphNode::Op::never: return false;
        case GraphNode::Op::always:
        case GraphNode::Op::manual: return true;
        case GraphNode::Op::points: return table(firm, node, true) > 0;
        default: break;
        }
        for (std::uint32_t i = 0; i < node.count; ++i)
            sum += possible(firm, refs[i]);
        return sum >= (node.op == GraphNode::Op::all   ? node.count
                       : node.op == GraphNode::Op::any ? 1
                                                       : node.threshold);
    }

    int others(const Firm& firm, Ref ref) const {
        if ((ref & kLiteralBit) != 0)
            return certain(firm, program_.literals[ref & ~kLiteralBit]) ? 2 : 0;
        const GraphNode& node = program_.nodes[ref];
        const Ref* refs = program_.refs.data() + node.first;
        int truth = 0;
        switch (node.op) {
        case GraphNode::Op::never: return 0;
        case GraphNode::Op::always: return 2;
        case GraphNode::Op::manual: return 1;
        case GraphNode::Op::all:
            truth = 2;
            for (std::uint32_t i = 0; i < node.count && truth > 0; ++i)
                truth = std::min(truth, others(firm, refs[i]));
            return truth;
        case GraphNode::Op::any:
            for (std::uint32_t i = 0; i < node.count && truth < 2; ++i)
                truth = std::max(truth, others(firm, refs[i]));
            return truth;
        case GraphNode::Op::at_least: {
            std::uint32_t sure = 0, hopeful = 0;
            for (std::uint32_t i = 0; i < node.count && sure < node.threshold; ++i) {
                const int child = others(firm, refs[i]);
                sure += child == 2;
                hopeful += child > 0;
            }
            return sure >= node.threshold ? 2 : hopeful >= node.threshold ? 1 : 0;
        }
        case GraphNode::Op::points: return table(firm, node, false);
        }
        return 0;
    }

    /// 2 certain, 1 once manual conditions are true (or, if asked, just possible), 0 neither.
    int table(const Firm& firm, const GraphNode& node, bool just_possible) const {
        std::int64_t manual = 0;
        const auto truth = [&](Ref when) {
            return std::pair(others(firm, when) == 2, possible(firm, when));
        };
        const auto [least, most] = table_points(program_, node, truth, manual);
        const std::int64_t bound = node.threshold;
        if (node.negated) return most < bound ? 2 : just_possible && least < bound ? 1 : 0;
        if (least >= bound) return 2;
        return (just_possible ? most : least) >= bound - manual ? 1 : 0;
    }

    const Program& program_;
    const std::size_t planes_;
    std::vector<std::uint32_t> unknown_, codes_; // codes firm by firm
    std::vector<std::uint8_t> held_;             // set elements, firm by firm
    Counts counts_;
};

} // namespace

int main(int argc, char** argv) { return serve<PlainScan>("plain loop", argc, argv); }
