#include "match/rule_layers.hpp"

#include <algorithm>
#include <bit>
#include <numeric>

namespace qice {
namespace {

constexpr std::uint32_t kMostAlternatives = 64; // of a node
constexpr std::size_t kMostTerms = 512;         // of a block: a term may be one policy's alone
constexpr std::size_t kMostTiers = 128;         // of a table
constexpr int kMostDepth = 16;                  // of layers in layers, as stacks may be small
constexpr int kManySums = 2;                    // among so many nodes that are none
constexpr std::size_t kTermsForATable = 1;      // as much work as judging one

void set(BlockRow& row, std::uint32_t bit) {
    row.words[bit / 64] |= std::uint64_t{1} << (bit % 64);
}
bool has(const BlockRow& row, std::uint32_t bit) {
    return (row.words[bit / 64] >> (bit % 64) & 1) != 0;
}
void clear(BlockRow& row, std::uint32_t bit) {
    row.words[bit / 64] &= ~(std::uint64_t{1} << (bit % 64));
}

} // namespace

/// Lays out the rules of a block after another.
class RuleLayers::Builder {
  public:
    Builder(const Program& program, RuleLayers& out) : program_(program), out_(out) {}

    /// A conjunction of literals for each bit of each term.
    Conjunctions conjunctions() const { return {refs_, spans_}; }

    /// Clears in `exact` who demands something that is left out; of `judged` all tables are. Who
    /// has a table that is not?
    BlockRow lay_out(std::span<const Conjunction> rules, const BlockRow& judged, BlockRow& exact) {
        exact_ = &exact;
        judged_ = &judged;
        with_table_ = {};
        first_term_ = out_.terms_.size();
        PolicyBlock block{};
        std::vector<Nested> nodes;
        for (std::uint32_t bit = 0; bit < rules.size(); ++bit) {
            set(block.term.used, bit);
            for (const Ref ref : program_.others_of(rules[bit]))
                take(bit, ref, block.term, 0, nodes);
        }
        block.nodes = lay_out(std::move(nodes));
        out_.blocks_.push_back(block);
        return with_table_;
    }

  private:
    using Kind = PolicyLayer::Kind;
    static constexpr Kind kKinds[]{Kind::any, Kind::at_least, Kind::points};

    /// What a bit demands: a node, or where it is an alternative of a node also a literal.
    struct Demand {
        std::uint32_t bit;
        Ref ref;
    };
    using Demands = std::vector<Demand>;
    /// A node in the conjunction of a term, by its place among those at hand.
    struct Nested {
        Demand demand;
        std::uint32_t term;
    };

    const GraphNode& node_of(const Demand& demand) const { return program_.nodes[demand.ref]; }
    bool has_room(std::size_t terms) const {
        return out_.terms_.size() - first_term_ + terms <= kMostTerms;
    }
    /// Returns the number of the first.
    std::uint32_t add_terms(std::size_t count) {
        const std::size_t first = out_.terms_.size();
        out_.terms_.resize(first + count);
        spans_.resize(out_.terms_.size() * kBlockFirms);
        return static_cast<std::uint32_t>(first);
    }

    /// A node that is demanded by a term.
    void take(std::uint32_t bit, Ref ref, PolicyTerm& term, std::uint32_t number,
              std::vector<Nested>& nodes) {
        switch (program_.nodes[ref].op) {
        case GraphNode::Op::always: break;
        case GraphNode::Op::never: clear(term.used, bit); break;
        case GraphNode::Op::manual: set(term.manual, bit); break;
        default: nodes.push_back({{bit, ref}, number});
        }
    }

    /// Spreads nodes over layers, each of which takes one of a bit: those with most children first,
    /// so that a term is of many.
    LayerSpan lay_out(std::vector<Nested> nodes) {
        std::stable_sort(nodes.begin(), nodes.end(), [&](const Nested& a, const Nested& b) {
            return node_of(a.demand).count > node_of(b.demand).count;
        });
        // An `any` is an `at_least` of 1: where there are many of both they share layers.
        const auto count = [&](Kind kind) {
            return std::count_if(nodes.begin(), nodes.end(),
                                 [&](const Nested& node) { return kind_of(node.demand) == kind; });
        };
        const bool shared = kManySums * count(Kind::at_least) >= count(Kind::any);
        std::vector<std::vector<Nested>> layers[std::size(kKinds)];
        std::vector<std::uint32_t> layers_of_bit[std::size(kKinds)];
        for (auto& of_kind : layers_of_bit)
            of_kind.resize(kBlockFirms);
        for (const Nested& node : nodes) {
            const std::uint32_t bit = node.demand.bit;
            Kind of_node = kind_of(node.demand);
            if (!has_place(node.demand)) {
                clear(*exact_, bit);
                continue;
            }
            if (shared && of_node == Kind::any) of_node = Kind::at_least;
            const auto kind = static_cast<std::size_t>(of_node);
            const std::size_t number = layers_of_bit[kind][bit]++;
            if (number == layers[kind].size()) layers[kind].emplace_back();
            layers[kind][number].push_back(node);
        }
        LayerSpan span{static_cast<std::uint32_t>(out_.layers_.size()), 0};
        for (const auto& of_kind : layers)
            span.count += static_cast<std::uint32_t>(of_kind.size());
        out_.layers_.resize(out_.layers_.size() + span.count);
        std::uint32_t number = span.first;
        ++depth_;
        for (const Kind kind : kKinds)
            for (const std::vector<Nested>& of_layer : layers[static_cast<std::size_t>(kind)])
                out_.layers_[number++] = layer(of_layer, kind);
        --depth_;
        return span;
    }

    bool has_place(const Demand& demand) const {
        if (depth_ == kMostDepth) return false;
        const GraphNode& node = node_of(demand);
        if (kind_of(demand) != Kind::points)
            return node.op == GraphNode::Op::all || node.count <= kMostAlternatives;
        std::size_t tiers = 0, most = 0;
        for (const GraphItem& item : all_items(node)) {
            tiers += item.count;
            most = std::max<std::size_t>(most, item.count);
        }
        return !has(*judged_, demand.bit) && tiers <= kMostTiers && most <= PolicyItem::kMostTerms;
    }

    PolicyLayer layer(const std::vector<Nested>& nodes, Kind kind) {
        Demands demands;
        for (const Nested& node : nodes)
            demands.push_back(node.demand);
        PolicyLayer layer{};
        const bool only_any =
            std::all_of(demands.begin(), demands.end(),
                        [&](const Demand& demand) { return kind_of(demand) == Kind::any; });
        layer.kind = only_any ? Kind::any : kind;
        layer.manual = std::any_of(demands.begin(), demands.end(),
                                   [&](const Demand& demand) { return node_of(demand).manual; });
        const bool fits =
            kind == Kind::points ? add_tables(demands, layer) : add_alternatives(demands, layer);
        if (!fits) {
            for (const Demand& demand : demands)
                clear(*exact_, demand.bit);
            return layer; // of nobody
        }
        layer.first_demand = static_cast<std::uint32_t>(out_.demands_.size());
        for (const auto& [demand, term] : nodes) {
            const auto begin = out_.demands_.begin() + layer.first_demand;
            auto found = std::find_if(begin, out_.demands_.end(),
                                      [&](const PolicyDemand& d) { return d.term == term; });
            if (found == out_.demands_.end()) found = out_.demands_.insert(found, {term, {}});
            set(found->who, demand.bit);
        }
        layer.demands = static_cast<std::uint32_t>(out_.demands_.size()) - layer.first_demand;
        return layer;
    }

    Kind kind_of(const Demand& demand) const {
        switch (node_of(demand).op) {
        case GraphNode::Op::points: return Kind::points;
        case GraphNode::Op::at_least: return Kind::at_least;
        default: return Kind::any;
        }
    }
    /// How much makes the node true.
    std::uint32_t threshold_of(const Demand& demand) const {
        return kind_of(demand) == Kind::any ? 1 : node_of(demand).threshold;
    }

    /// What an alternative of each bit demands: its literals here, its nodes to those of the layer.
    void make_term(PolicyLayer& layer, std::uint32_t i, const Demands& alternatives,
                   std::vector<Nested>& nodes) {
        const std::uint32_t number = layer.first_term + i;
        PolicyTerm term{};
        for (const auto& [bit, ref] : alternatives) {
            set(term.used, bit);
            LiteralSpan& span = spans_[std::size_t{number} * kBlockFirms + bit];
            span.first = static_cast<std::uint32_t>(refs_.size());
            for (const Ref child : conjunction_of(ref))
                if ((child & kLiteralBit) != 0)
                    refs_.push_back(child);
                else
                    take(bit, child, term, i, nodes);
            span.literals = static_cast<std::uint32_t>(refs_.size()) - span.first;
        }
        out_.terms_[number] = term;
    }
    std::span<const Ref> conjunction_of(const Ref& ref) const {
        const bool is_all =
            (ref & kLiteralBit) == 0 && program_.nodes[ref].op == GraphNode::Op::all;
        return is_all ? children_of(ref) : std::span(&ref, 1);
    }
    std::span<const Ref> children_of(Ref ref) const {
        const GraphNode& node = program_.nodes[ref];
        return std::span(program_.refs).subspan(node.first, node.count);
    }

    /// Numbers for bits: 2^slices less what is missing there.
    template <class Missing>
    std::uint32_t add_begins(const Demands& nodes, const PolicyLayer& layer, Missing missing) {
        const std::size_t first = out_.slices_.size();
        out_.slices_.resize(first + layer.slices + 1);
        BlockRow* const slices = out_.slices_.data() + first;
        for (const Demand& demand : nodes)
            set_number(slices, demand.bit, (std::uint32_t{1} << layer.slices) - missing(demand));
        return static_cast<std::uint32_t>(first);
    }
    static std::uint64_t most_begin(const PolicyLayer& layer) {
        return (std::uint64_t{2} << layer.slices) - 1;
    }
    static void set_number(BlockRow* slices, std::uint32_t bit, std::uint32_t number) {
        for (; number != 0; number &= number - 1)
            set(slices[std::countr_zero(number)], bit);
    }

    // --- any, at_least

    /// False if there is no room.
    bool add_alternatives(const Demands& nodes, PolicyLayer& layer) {
        std::vector<std::vector<Ref>> of_node;
        std::size_t most = 0;
        for (const Demand& demand : nodes) {
            of_node.push_back(in_order(demand.ref));
            most = std::max(most, of_node.back().size());
        }
        if (!has_room(most)) return false;
        layer.first_term = add_terms(most);
        layer.terms = static_cast<std::uint32_t>(most);
        if (layer.kind == Kind::at_least) {
            layer.slices = static_cast<std::uint32_t>(std::bit_width(most));
            layer.most = most + most_begin(layer);
            layer.first_slice = add_begins(
                nodes, layer, [&](const Demand& demand) { return threshold_of(demand); });
        }
        std::vector<Nested> nested;
        for (std::uint32_t i = 0; i < most; ++i) {
            Demands ith;
            for (std::size_t n = 0; n < nodes.size(); ++n)
                if (i < of_node[n].size()) ith.push_back({nodes[n].bit, of_node[n][i]});
            make_term(layer, i, ith, nested);
        }
        layer.nodes = lay_out(std::move(nested));
        return true;
    }

    /// The alternatives of a node, those on one field together, so that a term asks about few. An
    /// `all` is its own only one.
    std::vector<Ref> in_order(Ref node) const {
        if (program_.nodes[node].op == GraphNode::Op::all) return {node};
        const std::span<const Ref> children = children_of(node);
        std::vector<Ref> refs(children.begin(), children.end());
        const auto slot = [&](Ref ref) {
            if ((ref & kLiteralBit) == 0) return UINT32_MAX;
            const Literal& literal = program_.literals[ref & ~kLiteralBit];
            return literal.form == Literal::Form::ranges ? literal.slot : UINT32_MAX - 1;
        };
        std::stable_sort(refs.begin(), refs.end(), [&](Ref a, Ref b) { return slot(a) < slot(b); });
        return refs;
    }

    // --- points

    /// False if there is no room, or it does not pay.
    bool add_tables(const Demands& nodes, PolicyLayer& layer) {
        std::vector<std::vector<GraphItem>> of_node;
        std::vector<std::uint32_t> most_tiers; // of the i-th items
        std::uint32_t most_points = 0;
        for (const Demand& demand : nodes) {
            most_points = std::max(most_points, threshold_of(demand));
            of_node.push_back(items_of(demand.ref));
            const std::vector<GraphItem>& items = of_node.back();
            most_tiers.resize(std::max(most_tiers.size(), items.size()));
            for (std::size_t i = 0; i < items.size(); ++i)
                most_tiers[i] = std::max(most_tiers[i], items[i].count);
        }
        const std::size_t terms = std::reduce(most_tiers.begin(), most_tiers.end(), std::size_t{});
        if (terms > kMostTiers || !has_room(terms) || !pays(nodes, terms)) return false;
        for (const Demand& demand : nodes) {
            set(with_table_, demand.bit);
            if (!node_of(demand).negated) continue;
            set(layer.negated, demand.bit);
            layer.some_negated = true;
        }
        layer.slices = static_cast<std::uint32_t>(std::bit_width(most_points));
        layer.first_slice =
            add_begins(nodes, layer, [&](const Demand& demand) { return threshold_of(demand); });
        add_begins(nodes, layer, [&](const Demand& demand) {
            const std::uint32_t threshold = threshold_of(demand);
            return threshold - std::min(threshold, manual_points(node_of(demand)));
        });
        layer.most = most_begin(layer);
        layer.first_term = add_terms(terms);
        layer.terms = static_cast<std::uint32_t>(terms);
        layer.items = static_cast<std::uint32_t>(most_tiers.size());
        layer.first_item = static_cast<std::uint32_t>(out_.items_.size());
        std::vector<Nested> nested;
        std::uint32_t first_term = 0;
        for (std::size_t i = 0; i < most_tiers.size(); ++i) {
            std::vector<Item> ith;
            for (std::size_t n = 0; n < nodes.size(); ++n)
                if (i < of_node[n].size()) ith.push_back({nodes[n].bit, &of_node[n][i]});
            out_.items_.push_back(add_steps(ith, {first_term, most_tiers[i]}, layer));
            for (std::uint32_t t = 0; t < most_tiers[i]; ++t) {
                Demands tier;
                for (const auto& [bit, item] : ith)
                    if (t < item->count)
                        tier.push_back({bit, program_.tiers[item->first + t].when});
                make_term(layer, first_term + t, tier, nested);
            }
            first_term += most_tiers[i];
        }
        layer.nodes = lay_out(std::move(nested));
        return true;
    }

    /// Tables that many policies share are judged once for a firm.
    static bool pays(Demands nodes, std::size_t terms) {
        const auto by_ref = [](const Demand& a, const Demand& b) { return a.ref < b.ref; };
        const auto same = [](const Demand& a, const Demand& b) { return a.ref == b.ref; };
        std::sort(nodes.begin(), nodes.end(), by_ref);
        nodes.erase(std::unique(nodes.begin(), nodes.end(), same), nodes.end());
        return terms <= kTermsForATable * nodes.size();
    }

    /// Items that have tiers, those with the most first, so that a term is of many.
    std::vector<GraphItem> items_of(Ref table) const {
        std::vector<GraphItem> items;
        for (const GraphItem& item : all_items(program_.nodes[table]))
            if (item.count != 0) items.push_back(item);
        std::stable_sort(items.begin(), items.end(),
                         [](const GraphItem& a, const GraphItem& b) { return a.count > b.count; });
        return items;
    }
    std::uint32_t manual_points(const GraphNode& table) const {
        std::uint32_t points = 0;
        for (const GraphItem& item : all_items(table))
            points += item.manual_points;
        return points;
    }
    std::span<const GraphItem> all_items(const GraphNode& table) const {
        return std::span(program_.items).subspan(table.first, table.count);
    }

    struct Item {
        std::uint32_t bit;
        const GraphItem* item;
    };
    /// The steps of the i-th item of each table.
    PolicyItem add_steps(const std::vector<Item>& items, PolicyItem out, PolicyLayer& layer) {
        out.first_step = static_cast<std::uint32_t>(out_.steps_.size());
        for (const Item& of : items)
            out.steps = std::max(out.steps, of.item->steps);
        for (std::uint32_t s = 0; s < out.steps; ++s) {
            const auto size_of = [&](const GraphItem& item) {
                return s < item.steps ? program_.steps[item.first_step + s] : 0;
            };
            std::uint32_t greatest = 0;
            for (const Item& of : items)
                greatest = std::max(greatest, size_of(*of.item));
            const auto bits = static_cast<std::uint32_t>(std::bit_width(greatest));
            const std::size_t first_row = out_.slices_.size();
            out_.slices_.resize(first_row + bits + out.terms);
            BlockRow* const rows = out_.slices_.data() + first_row;
            for (const auto& [bit, item] : items) {
                set_number(rows, bit, size_of(*item));
                for (std::uint32_t t = 0; t < item->count; ++t)
                    if (program_.tiers[item->first + t].steps > s) set(rows[bits + t], bit);
            }
            out_.steps_.push_back({static_cast<std::uint32_t>(first_row), bits});
            layer.most += (std::uint64_t{1} << bits) - 1;
        }
        return out;
    }

    const Program& program_;
    RuleLayers& out_;
    BlockRow* exact_ = nullptr; // of the block at hand, as what follows
    const BlockRow* judged_ = nullptr;
    BlockRow with_table_;
    std::size_t first_term_ = 0;
    int depth_ = 0;         // of the layers at hand
    std::vector<Ref> refs_; // of spans_
    std::vector<LiteralSpan> spans_;
};

RuleLayers::RuleLayers(const Schema& schema, const Program& program,
                       std::span<const Conjunction> rules, std::span<const std::uint8_t> settled) {
    AlignedVector<BlockRow> judged((rules.size() + kBlockFirms - 1) / kBlockFirms);
    while (!lay_out(schema, program, rules, settled, judged))
        *this = {};
}

/// False if a table was laid out of somebody of whom something else is left out. What is left out
/// counts as true, which makes the planes of alternatives too wide, but those of a table wrong: it
/// may hide a tier of more points. So all tables of that bit are `judged` now.
bool RuleLayers::lay_out(const Schema& schema, const Program& program,
                         std::span<const Conjunction> rules, std::span<const std::uint8_t> settled,
                         AlignedVector<BlockRow>& judged) {
    const std::size_t blocks = judged.size();
    const auto is_told = [](std::span<const std::uint8_t> by_ref, const LiteralSpan& span) {
        const auto own = by_ref.subspan(span.first, span.literals);
        return std::all_of(own.begin(), own.end(), [](std::uint8_t told) { return told != 0; });
    };
    Builder builder(program, *this);
    exact_.resize(blocks);
    AlignedVector<BlockRow> with_table(blocks);
    for (std::size_t block = 0; block < blocks; ++block) {
        const std::size_t first = block * kBlockFirms;
        const auto own = rules.subspan(first, std::min(kBlockFirms, rules.size() - first));
        for (std::uint32_t bit = 0; bit < own.size(); ++bit)
            if (is_told(settled, {own[bit].first, own[bit].literals})) set(exact_[block], bit);
        first_term_.push_back(terms_.size());
        with_table[block] = builder.lay_out(own, judged[block], exact_[block]);
    }
    first_term_.push_back(terms_.size());
    const Conjunctions conjunctions = builder.conjunctions();
    std::vector<std::uint8_t> told(conjunctions.refs.size());
    term_rows_ = ConjunctionRows(schema, program, conjunctions, {}, told);

    bool all_right = true;
    for (std::size_t block = 0; block < blocks; ++block) {
        for (std::size_t term = first_term_[block]; term < first_term_[block + 1]; ++term)
            for (std::uint32_t bit = 0; bit < kBlockFirms; ++bit)
                if (!is_told(told, conjunctions.of_bit[term * kBlockFirms + bit]))
                    clear(exact_[block], bit);
        for (std::size_t w = 0; w < kBlockWords; ++w) {
            const std::uint64_t wrong = with_table[block].words[w] & ~exact_[block].words[w];
            judged[block].words[w] |= wrong;
            all_right = all_right && wrong == 0;
        }
    }
    return all_right;
}

std::size_t RuleLayers::bytes() const {
    const auto size = [](const auto& items) { return items.size() * sizeof items[0]; };
    return size(blocks_) + size(terms_) + size(layers_) + size(demands_) + size(items_) +
           size(steps_) + size(slices_) + term_rows_.bytes() + size(first_term_) + size(exact_);
}

} // namespace qice
