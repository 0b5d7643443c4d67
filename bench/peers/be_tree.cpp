// be-tree: boolean expressions in a tree that is split by the values they ask for; an event finds
// those that are true of it. A policy is an expression or two, a firm an event. Counts only.
#include "literals.hpp"

#include <stdexcept>

extern "C" {
#include "betree.h"

// What betree_search_with_event() does, in its two steps; from headers that are not C++.
void fill_event(const struct config* config, struct betree_event* event);
bool betree_search_with_preds(const struct config* config, const struct betree_variable** preds,
                              const struct cnode* cnode, struct report* report);
}

namespace {

using namespace qice;
using namespace qice::peer;
using Mode = ElementTest::Mode;
using Text = std::string; // an expression

const Text kTrue = "true", kFalse = "false";
constexpr std::size_t kMostChoices = 1000; // of at_least

struct CannotSay {};

Text field_name(std::size_t slot) { return "field" + std::to_string(slot); }
Text set_name(std::size_t set) { return "set" + std::to_string(set); }

/// `all` or any of the parts. Nested to the right, as of two sides that cost the same be-tree asks
/// the left one first: so conditions keep their order.
Text joined(const std::vector<Text>& parts, bool all) {
    Text text = all ? kTrue : kFalse;
    const Text neutral = text, &settled = all ? kFalse : kTrue;
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
        if (*part == settled) return settled;
        if (*part == neutral) continue;
        text = text == neutral ? *part : "(" + *part + (all ? " and " : " or ") + text + ")";
    }
    return text;
}

Text listed(const std::vector<std::uint32_t>& values) {
    Text text;
    for (const std::uint32_t value : values)
        text += (text.empty() ? "(" : ", ") + std::to_string(value);
    return text + ")";
}

/// Says compiled rules. An undefined variable leads be-tree down all branches, and it shuns those
/// that may be undefined where it splits. So unknown is a value here, 0, and code c and element e
/// of a set are c + 1 and e + 1: a firm then asks 480 of 2,800 expressions, not 600.
class Expressions {
  public:
    explicit Expressions(const Program& program) : program_(program) {}

    /// Where a rule is certainly true, or (`manual`) true once its manual conditions are.
    Text of(const Conjunction& rule, bool manual) const {
        return joined(all_of(rule.first, rule.literals + rule.others, manual), true);
    }

  private:
    std::vector<Text> all_of(std::uint32_t first, std::uint32_t count, bool manual) const {
        std::vector<Text> parts;
        for (std::uint32_t i = 0; i < count; ++i)
            parts.push_back(of(program_.refs[first + i], manual));
        return parts;
    }

    Text of(Ref ref, bool manual) const {
        if ((ref & kLiteralBit) != 0) {
            const Literal& literal = program_.literals[ref & ~kLiteralBit];
            return literal.form == Literal::Form::ranges ? in_ranges(literal) : in_set(literal);
        }
        const GraphNode& node = program_.nodes[ref];
        switch (node.op) {
        case GraphNode::Op::never: return kFalse;
        case GraphNode::Op::always: return kTrue;
        case GraphNode::Op::manual: return manual ? kTrue : kFalse;
        case GraphNode::Op::points: throw CannotSay{};
        case GraphNode::Op::all: return joined(all_of(node.first, node.count, manual), true);
        case GraphNode::Op::any: return joined(all_of(node.first, node.count, manual), false);
        case GraphNode::Op::at_least: break;
        }
        std::vector<Text> choices, chosen;
        choose(all_of(node.first, node.count, manual), 0, node.threshold, chosen, choices);
        return joined(choices, false);
    }

    static void choose(const std::vector<Text>& parts, std::size_t from, std::size_t more,
                       std::vector<Text>& chosen, std::vector<Text>& choices) {
        if (choices.size() == kMostChoices) throw CannotSay{};
        if (more == 0) return choices.push_back(joined(chosen, true));
        for (std::size_t at = from; at + more <= parts.size(); ++at) {
            chosen.push_back(parts[at]);
            choose(parts, at + 1, more - 1, chosen, choices);
            chosen.pop_back();
        }
    }

    Text in_ranges(const Literal& literal) const {
        std::vector<FieldCuts::Range> ranges; // of values
        if (literal.on_unknown == Truth::yes) ranges.push_back({0, 0});
        for (std::uint32_t r = 0; r < literal.count; ++r) {
            const auto [first, last] = program_.ranges[literal.first + r];
            if (!ranges.empty() && ranges.back().last == first)
                ranges.back().last = last + 1;
            else
                ranges.push_back({first + 1, last + 1});
        }
        const Text name = field_name(literal.slot);
        if (ranges.empty()) return kFalse;
        const auto [first, last] = ranges.front();
        if (ranges.size() == 1 && first == last) return name + " = " + std::to_string(first);
        if (ranges.size() == 1) {
            const bool below = first > 0, above = last < program_.fields[literal.slot].cuts.codes();
            return joined({below ? name + " >= " + std::to_string(first) : kTrue,
                           above ? name + " <= " + std::to_string(last) : kTrue},
                          true);
        }
        std::vector<std::uint32_t> values;
        for (const auto& range : ranges)
            for (std::uint32_t value = range.first; value <= range.last; ++value)
                values.push_back(value);
        return name + " in " + listed(values);
    }

    Text in_set(const Literal& literal) const {
        std::vector<Text> tests;
        for (std::uint32_t t = 0; t < literal.count; ++t)
            tests.push_back(in_set(literal, program_.element_tests[literal.first + t]));
        const Text known = joined(tests, !literal.negated);
        if (literal.on_unknown != Truth::yes) return known;
        return joined({known, set_name(literal.slot) + " one of (0)"}, false);
    }

    /// One test of known elements, or its negation.
    Text in_set(const Literal& literal, const ElementTest& test) const {
        const Text name = set_name(literal.slot);
        std::vector<std::uint32_t> values;
        for (std::uint32_t e = 0; e < test.count; ++e)
            values.push_back(program_.elements[test.first + e] -
                             program_.sets[literal.slot].first_plane + 1);
        if (test.mode == Mode::all && !literal.negated)
            return values.empty() ? name + " none of (0)" : name + " all of " + listed(values);
        if (test.mode == Mode::all) { // not all: one of them is missing
            std::vector<Text> missing;
            for (const std::uint32_t value : values)
                missing.push_back(name + " none of " + listed({0, value}));
            return joined(missing, false);
        }
        if ((test.mode == Mode::any) != literal.negated)
            return values.empty() ? kFalse : name + " one of " + listed(values);
        values.insert(values.begin(), 0); // known, and none of them
        return name + " none of " + listed(values);
    }

    const Program& program_;
};

class BeTree {
  public:
    explicit BeTree(const City& city) : program_(city.program()), tree_(betree_make()) {
        for (std::size_t slot = 0; slot < program_.fields.size(); ++slot)
            betree_add_integer_variable(tree_, field_name(slot).c_str(), false, 0,
                                        program_.fields[slot].cuts.codes());
        for (std::size_t set = 0; set < program_.sets.size(); ++set)
            betree_add_integer_list_variable(
                tree_, set_name(set).c_str(), false, 0,
                static_cast<std::int64_t>(program_.sets[set].elements.size()));
        plant();
        make_events(city.firms.index);
    }
    ~BeTree() {
        for (const auto& [value, variable] : variables_)
            betree_free_variable(variable);
        betree_free(tree_);
    }
    BeTree(const BeTree&) = delete;

    std::size_t expressed() const {
        return static_cast<std::size_t>(std::ranges::count(left_out_, false));
    }

    Seconds round(const City& city) {
        std::vector<std::array<std::uint64_t, 2>> found(program_.policies.size());
        Stopwatch watch;
        for (std::size_t firm = 0; firm < city.firms.index.firms(); ++firm) {
            const betree_event event{width(), events_.data() + firm * width()};
            report* const report = make_report();
            betree_search_with_preds(tree_->config, make_environment(width(), &event), tree_->cnode,
                                     report);
            for (std::size_t i = 0; i < report->matched; ++i)
                ++found[report->subs[i] / 2][report->subs[i] % 2];
            free_report(report);
        }
        const double seconds = watch.lap();
        counts_.clear();
        for (std::size_t place = 0; place < found.size(); ++place) {
            const auto [certain, hopeful] = found[place];
            counts_.push_back({certain, hopeful_[place] ? hopeful - certain : 0});
        }
        return {{"rules", seconds}};
    }

    std::string wrong(const City& city, const MatchResult& ours) const {
        return compare_counts(city, counts_, ours, left_out_);
    }

  private:
    using Value = std::pair<std::size_t, std::vector<std::uint32_t>>; // variable and its values

    std::size_t width() const { return program_.fields.size() + program_.sets.size(); }

    /// All expressions are made before the first is inserted, so that all bounds are known then.
    void plant() {
        const Expressions expressions(program_);
        std::vector<const betree_sub*> made;
        const auto make = [&](std::size_t id, const Text& text) {
            if (text == kFalse) return;
            made.push_back(betree_make_sub(tree_, id, 0, nullptr, text.c_str()));
            if (made.back() == nullptr) throw std::runtime_error("be-tree refuses " + text);
        };
        for (std::size_t place = 0; place < program_.policies.size(); ++place) {
            const Conjunction& rule = program_.policies[place].rule;
            left_out_.push_back(false);
            hopeful_.push_back(false);
            try {
                const Text certain = expressions.of(rule, false);
                const Text hopeful = rule.manual ? expressions.of(rule, true) : certain;
                hopeful_.back() = hopeful != certain;
                make(place * 2, certain);
                if (hopeful_.back()) make(place * 2 + 1, hopeful);
            } catch (const CannotSay&) {
                left_out_.back() = true;
            }
        }
        for (const betree_sub* sub : made)
            betree_insert_sub(tree_, sub);
    }

    /// An event is its variables, and firms with the same value of one have the same variable.
    void make_events(const FirmIndex& index) {
        events_.reserve(index.firms() * width());
        for (std::size_t firm = 0; firm < index.firms(); ++firm) {
            const std::size_t block = firm / kBlockFirms, i = firm % kBlockFirms;
            for (std::uint32_t slot = 0; slot < program_.fields.size(); ++slot) {
                const std::uint8_t width = index.width(slot);
                const std::uint32_t code = code_at(index.codes(slot, block), width, i);
                events_.push_back(variable({slot, {code == unknown_code(width) ? 0 : code + 1}}));
            }
            const auto holds = [&](std::uint32_t plane) {
                return (index.planes(block)[plane].words[i / 64] >> (i % 64) & 1) != 0;
            };
            for (std::uint32_t set = 0; set < program_.sets.size(); ++set) {
                Value value{program_.fields.size() + set, {}};
                if (holds(unknown_plane(program_, set)))
                    value.second.push_back(0);
                else
                    for (std::uint32_t e = 0; e < program_.sets[set].elements.size(); ++e)
                        if (holds(program_.sets[set].first_plane + e))
                            value.second.push_back(e + 1);
                events_.push_back(variable(value));
            }
        }
    }

    betree_variable* variable(const Value& value) {
        betree_variable*& made = variables_[value];
        if (made != nullptr) return made;
        const auto& [at, values] = value;
        if (at < program_.fields.size()) {
            made = betree_make_integer_variable(field_name(at).c_str(), values[0]);
        } else {
            betree_integer_list* const list = betree_make_integer_list(values.size());
            for (std::size_t i = 0; i < values.size(); ++i)
                betree_add_integer(list, i, values[i]);
            made = betree_make_integer_list_variable(set_name(at - program_.fields.size()).c_str(),
                                                     list);
        }
        betree_event event{1, &made};
        fill_event(tree_->config, &event);
        return made;
    }

    const Program& program_;
    betree* const tree_;
    std::vector<bool> left_out_, hopeful_; // policies: not expressed, with a second expression
    std::map<Value, betree_variable*> variables_;
    std::vector<betree_variable*> events_; // firm by firm
    Counts counts_;
};

} // namespace

int main(int argc, char** argv) {
    return serve<BeTree>("be-tree " QICE_BE_TREE_COMMIT, argc, argv);
}
