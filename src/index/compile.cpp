#include "qice/index/program.hpp"

#include "base/string_map.hpp"
#include "index/arrange.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace qice {
namespace {

/// Which fields and set elements the rules look at, and where they cut.
class Vocabulary {
  public:
    explicit Vocabulary(const Schema& schema)
        : schema_(schema), cuts_(schema.size()), elements_(schema.size()), used_(schema.size()) {}

    void add(const Node& node) {
        if (node.kind == NodeKind::condition) add(node.condition);
        for (const Node& child : node.children)
            add(child);
        for (const PointsItem& item : node.items)
            for (const PointsTier& tier : item.tiers)
                add(tier.when);
    }

    void write(Program& program, std::vector<std::uint32_t>& slot_of) {
        slot_of.assign(schema_.size(), 0);
        for (std::uint32_t field = 0; field < schema_.size(); ++field) {
            if (!used_[field]) continue;
            if (schema_[field].kind == Kind::set) {
                slot_of[field] = static_cast<std::uint32_t>(program.sets.size());
                program.sets.push_back({field, number_elements(elements_[field]), program.planes});
                program.planes +=
                    static_cast<std::uint32_t>(program.sets.back().elements.size()) + 1;
            } else {
                slot_of[field] = static_cast<std::uint32_t>(program.fields.size());
                cuts_[field].finish();
                program.fields.push_back({field, std::move(cuts_[field])});
            }
        }
    }

    /// The number of an element among its set's sorted elements.
    std::uint32_t number_of(std::uint32_t field, const std::string& name, bool ever) const {
        return elements_[field].find(name)->second[ever ? 1 : 0];
    }

  private:
    /// Of a name: the numbers of its elements, once numbered; kUnused where there is none.
    using Elements = StringMap<std::array<std::uint32_t, 2>>; // while valid, ever
    static constexpr std::uint32_t kUnused = UINT32_MAX;

    static std::vector<CodedSet::Element> number_elements(Elements& elements) {
        std::vector<Elements::value_type*> by_name;
        by_name.reserve(elements.size());
        for (auto& element : elements)
            by_name.push_back(&element);
        std::sort(by_name.begin(), by_name.end(),
                  [](const auto* a, const auto* b) { return a->first < b->first; });
        std::vector<CodedSet::Element> sorted;
        for (Elements::value_type* element : by_name) {
            for (const bool ever : {false, true}) {
                std::uint32_t& number = element->second[ever ? 1 : 0];
                if (number == kUnused) continue;
                number = static_cast<std::uint32_t>(sorted.size());
                sorted.push_back({element->first, ever});
            }
        }
        return sorted;
    }

    void add(const Condition& condition) {
        const Field& field = schema_[condition.field];
        used_[condition.field] = true;
        if (field.kind == Kind::set) {
            for (const Test& test : condition.tests)
                for (const std::string& name : test.strings)
                    elements_[condition.field]
                        .emplace(name, std::array{kUnused, kUnused})
                        .first->second[is_ever(test.op) ? 1 : 0] = 0;
        } else if (field.is_string()) {
            cuts_[condition.field].add(string_condition(condition).values);
        } else {
            cuts_[condition.field].add(number_condition(condition, field).values);
        }
    }

  public:
    static bool is_ever(Op op) { return op == Op::ever_has_any || op == Op::ever_has_none; }

  private:
    const Schema& schema_;
    std::vector<FieldCuts> cuts_;
    std::vector<Elements> elements_;
    std::vector<bool> used_;
};

/// Builds the hash-consed graph.
class GraphBuilder {
  public:
    GraphBuilder(const Schema& schema, const Vocabulary& vocabulary,
                 const std::vector<std::uint32_t>& slot_of, Program& program)
        : schema_(schema), vocabulary_(vocabulary), slot_of_(slot_of), program_(program) {
        for (const auto op : {GraphNode::Op::never, GraphNode::Op::always, GraphNode::Op::manual})
            program_.nodes.push_back({.op = op, .manual = op == GraphNode::Op::manual});
    }

    Conjunction conjunction(const Rule& rule) {
        std::vector<Ref> refs;
        append_all(rule.root, false, refs);
        if (std::find(refs.begin(), refs.end(), kNever) != refs.end()) refs = {kNever};
        const auto literals_end = std::stable_partition(
            refs.begin(), refs.end(), [](Ref ref) { return (ref & kLiteralBit) != 0; });
        Conjunction out;
        out.first = static_cast<std::uint32_t>(program_.refs.size());
        out.literals = static_cast<std::uint32_t>(literals_end - refs.begin());
        out.others = static_cast<std::uint32_t>(refs.end() - literals_end);
        out.manual = rule.has_manual;
        program_.refs.insert(program_.refs.end(), refs.begin(), refs.end());
        return out;
    }

    Ref ref(const Node& node, bool negated) {
        switch (node.kind) {
        case NodeKind::condition: return literal(node.condition, negated);
        case NodeKind::always: return node.value != negated ? kAlways : kNever;
        case NodeKind::manual: return kManual;
        case NodeKind::negation: return ref(node.children[0], !negated);
        case NodeKind::points: return points(node, negated);
        case NodeKind::at_least: return at_least(node, negated);
        case NodeKind::all:
        case NodeKind::any: break;
        }
        std::vector<Ref> refs;
        const bool all = (node.kind == NodeKind::all) != negated;
        if (all)
            append_all(node, negated, refs);
        else
            append_any(node, negated, refs);
        return group(all ? GraphNode::Op::all : GraphNode::Op::any, std::move(refs));
    }

  private:
    // A negated `any` is an `all` of the negated (De Morgan); both flatten into their own kind.
    void append_all(const Node& node, bool negated, std::vector<Ref>& out) {
        append(node, negated, NodeKind::all, NodeKind::any, kAlways, out);
    }
    void append_any(const Node& node, bool negated, std::vector<Ref>& out) {
        append(node, negated, NodeKind::any, NodeKind::all, kNever, out);
    }
    void append(const Node& node, bool negated, NodeKind same, NodeKind mirror, Ref neutral,
                std::vector<Ref>& out) {
        if (node.kind == NodeKind::negation)
            return append(node.children[0], !negated, same, mirror, neutral, out);
        if (node.kind == (negated ? mirror : same)) {
            for (const Node& child : node.children)
                append(child, negated, same, mirror, neutral, out);
            return;
        }
        const Ref child = ref(node, negated);
        if (child != neutral) out.push_back(child);
    }

    Ref group(GraphNode::Op op, std::vector<Ref> refs) {
        const Ref neutral = op == GraphNode::Op::all ? kAlways : kNever;
        const Ref absorbing = op == GraphNode::Op::all ? kNever : kAlways;
        if (refs.empty()) return neutral;
        if (std::find(refs.begin(), refs.end(), absorbing) != refs.end()) return absorbing;
        if (refs.size() == 1) return refs[0];
        return shared_node({.op = op}, std::move(refs));
    }

    Ref at_least(const Node& node, bool negated) {
        const auto size = static_cast<std::int64_t>(node.children.size());
        const std::int64_t k = negated ? size - node.count + 1 : node.count;
        if (k <= 0) return kAlways;
        if (k > size) return kNever;
        std::vector<Ref> refs;
        for (const Node& child : node.children)
            refs.push_back(ref(child, negated));
        if (k == 1) return group(GraphNode::Op::any, std::move(refs));
        if (k == size) return group(GraphNode::Op::all, std::move(refs));
        return shared_node(
            {.op = GraphNode::Op::at_least, .threshold = static_cast<std::uint32_t>(k)},
            std::move(refs));
    }

    Ref points(const Node& node, bool negated) {
        std::string key = "p";
        append_key(key, negated);
        append_key(key, node.count);
        std::vector<GraphItem> items;
        std::vector<GraphTier> tiers;
        for (const PointsItem& item : node.items) {
            GraphItem out{static_cast<std::uint32_t>(tiers.size()),
                          static_cast<std::uint32_t>(item.tiers.size()),
                          static_cast<std::uint32_t>(item.points)};
            for (const PointsTier& tier : item.tiers)
                tiers.push_back({ref(tier.when, false), static_cast<std::uint32_t>(tier.points)});
            items.push_back(out);
            append_key(key, out.count);
            append_key(key, out.manual_points);
        }
        for (const GraphTier& tier : tiers) {
            append_key(key, tier.when);
            append_key(key, tier.points);
        }
        const auto [known, is_new] = nodes_.emplace(key, static_cast<Ref>(program_.nodes.size()));
        if (!is_new) return known->second;
        const auto first_tier = static_cast<std::uint32_t>(program_.tiers.size());
        for (GraphItem& item : items) {
            make_steps(item, std::span(tiers).subspan(item.first, item.count));
            item.first += first_tier;
        }
        const bool manual = std::any_of(items.begin(), items.end(),
                                        [](const GraphItem& item) { return item.count == 0; }) ||
                            std::any_of(tiers.begin(), tiers.end(), [&](const GraphTier& tier) {
                                return is_manual(tier.when);
                            });
        program_.nodes.push_back({.op = GraphNode::Op::points,
                                  .negated = negated,
                                  .manual = manual,
                                  .first = static_cast<std::uint32_t>(program_.items.size()),
                                  .count = static_cast<std::uint32_t>(items.size()),
                                  .threshold = static_cast<std::uint32_t>(node.count)});
        program_.items.insert(program_.items.end(), items.begin(), items.end());
        program_.tiers.insert(program_.tiers.end(), tiers.begin(), tiers.end());
        return known->second;
    }

    void make_steps(GraphItem& item, std::span<GraphTier> tiers) {
        std::vector<std::uint32_t> levels{0};
        for (const GraphTier& tier : tiers)
            levels.push_back(tier.points);
        std::sort(levels.begin(), levels.end());
        levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
        item.most = item.count == 0 ? item.manual_points : levels.back();
        item.first_step = static_cast<std::uint32_t>(program_.steps.size());
        item.steps = static_cast<std::uint32_t>(levels.size()) - 1;
        for (std::size_t i = 1; i < levels.size(); ++i)
            program_.steps.push_back(levels[i] - levels[i - 1]);
        for (GraphTier& tier : tiers)
            tier.steps = static_cast<std::uint32_t>(
                std::lower_bound(levels.begin(), levels.end(), tier.points) - levels.begin());
    }

    /// Children are sorted, so that the same sub-rule in another order is the same node. They are
    /// never merged: the same false condition twice costs two repairs.
    Ref shared_node(GraphNode node, std::vector<Ref> refs) {
        std::sort(refs.begin(), refs.end());
        std::string key = "n";
        append_key(key, node.op);
        append_key(key, node.threshold);
        for (Ref ref : refs)
            append_key(key, ref);
        const auto [known, is_new] = nodes_.emplace(key, static_cast<Ref>(program_.nodes.size()));
        if (!is_new) return known->second;
        node.manual =
            std::any_of(refs.begin(), refs.end(), [&](Ref child) { return is_manual(child); });
        node.first = static_cast<std::uint32_t>(program_.refs.size());
        node.count = static_cast<std::uint32_t>(refs.size());
        program_.refs.insert(program_.refs.end(), refs.begin(), refs.end());
        program_.nodes.push_back(node);
        return known->second;
    }

    bool is_manual(Ref ref) const { return (ref & kLiteralBit) == 0 && program_.nodes[ref].manual; }

    Ref literal(const Condition& condition, bool negated) {
        const Field& field = schema_[condition.field];
        if (field.kind == Kind::set) return set_literal(condition, negated);
        if (field.is_string())
            return range_literal(condition, string_condition(condition), negated);
        return range_literal(condition, number_condition(condition, field), negated);
    }

    template <class T>
    Ref range_literal(const Condition& condition, ScalarCondition<T> scalar, bool negated) {
        Literal out;
        out.slot = slot_of_[condition.field];
        out.fixed = schema_[condition.field].fixed;
        out.on_unknown = negated ? !scalar.on_unknown : scalar.on_unknown;
        ValueSet<T>& values = scalar.values;
        if (negated) values.from_start = !values.from_start; // the complement
        if (values.is_everything() && out.on_unknown == Truth::yes) return kAlways;
        const auto ranges = program_.fields[out.slot].cuts.ranges_of(values);
        std::string key = "r";
        append_key(key, out.slot);
        append_key(key, out.on_unknown);
        for (const FieldCuts::Range& range : ranges)
            append_key(key, range);
        return shared_literal(key, out, [&](Literal& literal) {
            literal.first = static_cast<std::uint32_t>(program_.ranges.size());
            literal.count = static_cast<std::uint32_t>(ranges.size());
            program_.ranges.insert(program_.ranges.end(), ranges.begin(), ranges.end());
            if (ranges.size() > kMostRanges) literal.bitmap = bitmap_of(ranges);
        });
    }

    Ref set_literal(const Condition& condition, bool negated) {
        Literal out;
        out.form = Literal::Form::elements;
        out.negated = negated;
        out.slot = slot_of_[condition.field];
        out.fixed = schema_[condition.field].fixed;
        const CodedSet& set = program_.sets[out.slot];
        Truth on_unknown = Truth::yes;
        std::vector<ElementTest> tests;
        std::vector<std::uint32_t> elements;
        for (const Test& test : condition.tests) {
            ElementTest element_test{mode_of(test.op), static_cast<std::uint32_t>(elements.size()),
                                     0};
            if (test.op == Op::known) {
                on_unknown = on_unknown & truth_of(test.numbers[0] == 0);
                if (test.numbers[0] == 1) continue; // every known set passes
                tests.push_back(element_test);      // any of nothing: no known set does
                continue;
            }
            on_unknown = on_unknown & Truth::unknown;
            for (const std::string& name : test.strings)
                elements.push_back(
                    set.first_plane +
                    vocabulary_.number_of(condition.field, name, Vocabulary::is_ever(test.op)));
            const auto begin = elements.begin() + element_test.first;
            std::sort(begin, elements.end());
            elements.erase(std::unique(begin, elements.end()), elements.end());
            element_test.count = static_cast<std::uint32_t>(elements.size()) - element_test.first;
            tests.push_back(element_test);
        }
        out.on_unknown = negated ? !on_unknown : on_unknown;
        std::string key = "s";
        append_key(key, out.slot);
        append_key(key, out.negated);
        append_key(key, out.on_unknown);
        for (const ElementTest& test : tests) {
            append_key(key, test.mode);
            append_key(key, test.count);
        }
        for (std::uint32_t element : elements)
            append_key(key, element);
        return shared_literal(key, out, [&](Literal& literal) {
            literal.first = static_cast<std::uint32_t>(program_.element_tests.size());
            literal.count = static_cast<std::uint32_t>(tests.size());
            for (ElementTest& test : tests) {
                if (test.mode != ElementTest::Mode::all && test.count > kMostElements)
                    test.united =
                        union_of(out.slot, elements.data() + test.first, test.count,
                                 static_cast<std::uint32_t>(program_.elements.size()) + test.first);
                test.first += static_cast<std::uint32_t>(program_.elements.size());
            }
            program_.element_tests.insert(program_.element_tests.end(), tests.begin(), tests.end());
            program_.elements.insert(program_.elements.end(), elements.begin(), elements.end());
        });
    }

    /// The number of a union of elements; tests of the same elements share it.
    std::uint32_t union_of(std::uint32_t set, const std::uint32_t* elements, std::uint32_t count,
                           std::uint32_t first) {
        std::string key(reinterpret_cast<const char*>(elements), count * sizeof *elements);
        const auto [known, is_new] =
            unions_.emplace(std::move(key), static_cast<std::uint32_t>(program_.unions.size()));
        if (is_new) program_.unions.push_back({set, first, count});
        return known->second;
    }

    static ElementTest::Mode mode_of(Op op) {
        if (op == Op::has_all) return ElementTest::Mode::all;
        return op == Op::has_none || op == Op::ever_has_none ? ElementTest::Mode::none
                                                             : ElementTest::Mode::any;
    }

    template <class Fill> Ref shared_literal(const std::string& key, Literal literal, Fill fill) {
        const auto [known, is_new] =
            literals_.emplace(key, static_cast<Ref>(program_.literals.size()) | kLiteralBit);
        if (is_new) {
            fill(literal);
            program_.literals.push_back(literal);
        }
        return known->second;
    }

    /// A bit a code, for literals with too many ranges to compare one by one.
    std::uint32_t bitmap_of(const std::vector<FieldCuts::Range>& ranges) {
        const auto first = static_cast<std::uint32_t>(program_.bitmaps.size());
        program_.bitmaps.resize(first + ranges.back().last / 64 + 1);
        for (const FieldCuts::Range& range : ranges)
            for (std::uint32_t code = range.first; code <= range.last; ++code)
                program_.bitmaps[first + code / 64] |= std::uint64_t{1} << (code % 64);
        return first;
    }

    template <class T> static void append_key(std::string& key, const T& value) {
        key.append(reinterpret_cast<const char*>(&value), sizeof value);
    }

    const Schema& schema_;
    const Vocabulary& vocabulary_;
    const std::vector<std::uint32_t>& slot_of_;
    Program& program_;
    StringMap<Ref> nodes_, literals_;
    StringMap<std::uint32_t> unions_;
};

/// Notes which nodes stand in a table of points. Children come before their parents.
void mark_tables(Program& program) {
    const auto mark = [&](Ref ref) {
        if ((ref & kLiteralBit) == 0) program.nodes[ref].in_table = true;
    };
    for (auto node = program.nodes.rbegin(); node != program.nodes.rend(); ++node) {
        if (node->op == GraphNode::Op::points) {
            for (std::uint32_t i = node->first; i < node->first + node->count; ++i)
                for (std::uint32_t t = 0; t < program.items[i].count; ++t)
                    mark(program.tiers[program.items[i].first + t].when);
        } else if (node->in_table) {
            for (std::uint32_t i = 0; i < node->count; ++i)
                mark(program.refs[node->first + i]);
        }
    }
}

/// Notes which nodes are asked for more than once.
void mark_shared(Program& program) {
    std::vector<bool> asked(program.nodes.size());
    const auto ask = [&](Ref ref) {
        if ((ref & kLiteralBit) != 0) return;
        program.nodes[ref].shared = asked[ref];
        asked[ref] = true;
    };
    for (Ref ref : program.refs) // of rules and of nodes
        ask(ref);
    for (const GraphTier& tier : program.tiers)
        ask(tier.when);
    for (const CompiledPreference& preference : program.preferences)
        if ((preference.when & kLiteralBit) == 0) program.nodes[preference.when].shared = true;
}

} // namespace

Program compile(const Schema& schema, std::span<const Policy> policies,
                const CompileOptions& options) {
    Program program;
    const std::vector<LifeCycle> states = life_cycles(policies, options.as_of);
    std::vector<std::uint32_t> matched;
    Vocabulary vocabulary(schema);
    for (std::uint32_t i = 0; i < policies.size(); ++i) {
        if (states[i] != LifeCycle::open && !options.include_closed) continue;
        matched.push_back(i);
        vocabulary.add(policies[i].rule.root);
        for (const Preference& preference : policies[i].prefer)
            vocabulary.add(preference.when.root);
    }
    std::vector<std::uint32_t> slot_of;
    vocabulary.write(program, slot_of);

    std::vector<Score> priors(policies.size());
    for (std::uint32_t i : matched) {
        priors[i] = policies[i].priority + options.urgency.of(policies[i], options.as_of);
    }
    GraphBuilder graph(schema, vocabulary, slot_of, program);
    StringMap<std::uint32_t> tag_numbers;
    for (std::uint32_t i : matched) {
        const Policy& policy = policies[i];
        CompiledPolicy out;
        out.policy = i;
        out.prior = priors[i];
        out.rule = graph.conjunction(policy.rule);
        out.first_preference = static_cast<std::uint32_t>(program.preferences.size());
        for (const Preference& preference : policy.prefer)
            program.preferences.push_back({graph.ref(preference.when.root, false), preference.add});
        out.preferences = static_cast<std::uint32_t>(policy.prefer.size());
        out.first_tag = static_cast<std::uint32_t>(program.tags.size());
        for (const PolicyTag& tag : policy.tags) {
            const auto [number, is_new] =
                tag_numbers.emplace(tag.name, static_cast<std::uint32_t>(program.tag_names.size()));
            if (is_new) program.tag_names.push_back(tag.name);
            program.tags.push_back({number->second, static_cast<std::int32_t>(tag.weight)});
        }
        out.tags = static_cast<std::uint32_t>(policy.tags.size());
        program.policies.push_back(out);
    }
    mark_tables(program);
    mark_shared(program);
    arrange(program);
    return program;
}

} // namespace qice
