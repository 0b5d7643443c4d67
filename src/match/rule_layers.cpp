#include "match/rule_layers.hpp"

#include <algorithm>
#include <bit>
#include <numeric>

namespace qice {
namespace {

constexpr std::uint32_t kMostAlternatives = 64; // of a node
constexpr std::size_t kMostTerms = 512;         // of a block: a term may be one policy's alone
constexpr int kMostDepth = 32;                  // of layers in layers, as stacks may be small
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
        PolicyTerm block{};
        std::vector<Demand> demands;
        for (std::uint32_t bit = 0; bit < rules.size(); ++bit) {
            set(block.used, bit);
            for (const Ref ref : program_.others_of(rules[bit]))
                demands.push_back({bit, ref});
        }
        lay_out(demands, block);
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

    const GraphNode& node_of(const Demand& demand) const { return program_.nodes[demand.ref]; }
    void leave_out(const Demands& nodes) {
        for (const Demand& demand : nodes)
            clear(*exact_, demand.bit);
    }
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

    /// Spreads the nodes of a term over layers, each of which takes one of a bit.
    void lay_out(const Demands& demands, PolicyTerm& term) {
        std::vector<Demands> layers[std::size(kKinds)];
        for (const Demand& demand : demands) {
            const GraphNode::Op op = node_of(demand).op;
            if (op == GraphNode::Op::never) {
                clear(term.used, demand.bit);
            } else if (op == GraphNode::Op::manual) {
                set(term.manual, demand.bit);
            } else if (op != GraphNode::Op::always &&
                       (depth_ == kMostDepth ||
                        (op == GraphNode::Op::points && has(*judged_, demand.bit)))) {
                clear(*exact_, demand.bit);
            } else if (op != GraphNode::Op::always) {
                auto& of_kind = layers[static_cast<std::size_t>(kind_of(op))];
                const auto free = std::find_if(of_kind.begin(), of_kind.end(), [&](const auto& l) {
                    return l.back().bit != demand.bit; // bits come in order
                });
                (free == of_kind.end() ? of_kind.emplace_back() : *free).push_back(demand);
            }
        }
        term.first_layer = static_cast<std::uint32_t>(out_.layers_.size());
        for (const auto& of_kind : layers)
            term.layers += static_cast<std::uint32_t>(of_kind.size());
        out_.layers_.resize(out_.layers_.size() + term.layers);
        std::uint32_t number = term.first_layer;
        for (const Kind kind : kKinds)
            for (const Demands& nodes : layers[static_cast<std::size_t>(kind)])
                out_.layers_[number++] =
                    kind == Kind::points ? tables(nodes) : alternatives(nodes, kind);
    }
    static Kind kind_of(GraphNode::Op op) {
        return op == GraphNode::Op::points     ? Kind::points
               : op == GraphNode::Op::at_least ? Kind::at_least
                                               : Kind::any;
    }

    PolicyLayer layer_of(const Demands& nodes, Kind kind) const {
        PolicyLayer layer{};
        layer.kind = kind;
        for (const Demand& demand : nodes) {
            set(layer.nodes, demand.bit);
            layer.manual = layer.manual || node_of(demand).manual;
        }
        return layer;
    }

    /// What one of these demands is a conjunction.
    void make_term(std::uint32_t number, const Demands& alternatives) {
        PolicyTerm term{};
        Demands demands;
        for (const auto& [bit, ref] : alternatives) {
            set(term.used, bit);
            LiteralSpan& span = spans_[std::size_t{number} * kBlockFirms + bit];
            span.first = static_cast<std::uint32_t>(refs_.size());
            for (const Ref child : conjunction_of(ref))
                if ((child & kLiteralBit) != 0)
                    refs_.push_back(child);
                else
                    demands.push_back({bit, child});
            span.literals = static_cast<std::uint32_t>(refs_.size()) - span.first;
        }
        ++depth_;
        lay_out(demands, term);
        --depth_;
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

    /// Numbers for bits: 2^slices less what is missing there, 2^slices for others than `nodes`.
    template <class Missing>
    std::uint32_t add_begins(const Demands& nodes, const PolicyLayer& layer, Missing missing) {
        const std::size_t first = out_.slices_.size();
        out_.slices_.resize(first + layer.slices + 1);
        BlockRow* const slices = out_.slices_.data() + first;
        for (std::size_t w = 0; w < kBlockWords; ++w)
            slices[layer.slices].words[w] = ~layer.nodes.words[w];
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

    PolicyLayer alternatives(const Demands& nodes, Kind kind) {
        std::vector<std::vector<Ref>> of_node;
        std::size_t most = 0;
        for (const Demand& demand : nodes) {
            of_node.push_back(in_order(demand.ref));
            most = std::max(most, of_node.back().size());
        }
        if (most > kMostAlternatives || !has_room(most)) {
            leave_out(nodes);
            return {}; // of nobody
        }
        PolicyLayer layer = layer_of(nodes, kind);
        layer.first_term = add_terms(most);
        layer.terms = static_cast<std::uint32_t>(most);
        if (kind == Kind::at_least) {
            layer.slices = static_cast<std::uint32_t>(std::bit_width(most));
            layer.most = most + most_begin(layer);
            layer.first_slice = add_begins(
                nodes, layer, [&](const Demand& demand) { return node_of(demand).threshold; });
        }
        for (std::uint32_t i = 0; i < most; ++i) {
            Demands ith;
            for (std::size_t n = 0; n < nodes.size(); ++n)
                if (i < of_node[n].size()) ith.push_back({nodes[n].bit, of_node[n][i]});
            make_term(layer.first_term + i, ith);
        }
        return layer;
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

    PolicyLayer tables(const Demands& nodes) {
        std::vector<std::vector<GraphItem>> of_node;
        std::vector<std::uint32_t> most_tiers; // of the i-th items
        for (const Demand& demand : nodes) {
            of_node.push_back(items_of(demand.ref));
            const std::vector<GraphItem>& items = of_node.back();
            most_tiers.resize(std::max(most_tiers.size(), items.size()));
            for (std::size_t i = 0; i < items.size(); ++i)
                most_tiers[i] = std::max(most_tiers[i], items[i].count);
        }
        const std::size_t terms = std::reduce(most_tiers.begin(), most_tiers.end(), std::size_t{});
        const bool too_many = !most_tiers.empty() && most_tiers[0] > PolicyItem::kMostTerms;
        if (too_many || !has_room(terms) || !pays(nodes, terms)) {
            leave_out(nodes);
            return {}; // of nobody
        }
        PolicyLayer layer = layer_of(nodes, Kind::points);
        std::uint32_t most_points = 0;
        for (const Demand& demand : nodes) {
            set(with_table_, demand.bit);
            most_points = std::max(most_points, node_of(demand).threshold);
            if (!node_of(demand).negated) continue;
            set(layer.negated, demand.bit);
            layer.some_negated = true;
        }
        layer.slices = static_cast<std::uint32_t>(std::bit_width(most_points));
        layer.first_slice = add_begins(
            nodes, layer, [&](const Demand& demand) { return node_of(demand).threshold; });
        add_begins(nodes, layer, [&](const Demand& demand) {
            const std::uint32_t threshold = node_of(demand).threshold;
            return threshold - std::min(threshold, manual_points(node_of(demand)));
        });
        layer.most = most_begin(layer);
        layer.items = static_cast<std::uint32_t>(most_tiers.size());
        layer.first_item = static_cast<std::uint32_t>(out_.items_.size());
        out_.items_.resize(out_.items_.size() + most_tiers.size());
        std::uint32_t first_term = add_terms(terms);
        for (std::size_t i = 0; i < most_tiers.size(); ++i) {
            layer.most +=
                add_item(nodes, of_node, i, {first_term, most_tiers[i]}, layer.first_item + i);
            first_term += most_tiers[i];
        }
        return layer;
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

    /// The i-th item of each table, in terms that are there; returns the most that it may add.
    std::uint64_t add_item(const Demands& nodes, const std::vector<std::vector<GraphItem>>& of_node,
                           std::size_t i, PolicyItem item, std::size_t number) {
        struct Own {
            std::uint32_t bit;
            const GraphItem* item;
        };
        std::vector<Own> own;
        std::uint32_t most_steps = 0;
        std::uint64_t most = 0;
        for (std::size_t n = 0; n < nodes.size(); ++n) {
            if (i >= of_node[n].size()) continue;
            own.push_back({nodes[n].bit, &of_node[n][i]});
            most_steps = std::max(most_steps, own.back().item->steps);
        }
        item.first_step = static_cast<std::uint32_t>(out_.steps_.size());
        item.steps = most_steps;
        const GraphTier* const tiers = program_.tiers.data();
        for (std::uint32_t s = 0; s < most_steps; ++s) {
            const auto size_of = [&](const Own& of) {
                return s < of.item->steps ? program_.steps[of.item->first_step + s] : 0;
            };
            std::uint32_t greatest = 0;
            for (const Own& of : own)
                greatest = std::max(greatest, size_of(of));
            const auto bits = static_cast<std::uint32_t>(std::bit_width(greatest));
            most += (std::uint64_t{1} << bits) - 1;
            const std::size_t first_row = out_.slices_.size();
            out_.slices_.resize(first_row + bits + item.terms);
            BlockRow* const rows = out_.slices_.data() + first_row;
            for (const Own& of : own) {
                set_number(rows, of.bit, size_of(of));
                for (std::uint32_t t = 0; t < of.item->count; ++t)
                    if (tiers[of.item->first + t].steps > s) set(rows[bits + t], of.bit);
            }
            out_.steps_.push_back({static_cast<std::uint32_t>(first_row), bits});
        }
        out_.items_[number] = item;
        for (std::uint32_t t = 0; t < item.terms; ++t) {
            Demands tier;
            for (const Own& of : own)
                if (t < of.item->count) tier.push_back({of.bit, tiers[of.item->first + t].when});
            make_term(item.first_term + t, tier);
        }
        return most;
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
    return size(blocks_) + size(terms_) + size(layers_) + size(items_) + size(steps_) +
           size(slices_) + term_rows_.bytes() + size(first_term_) + size(exact_);
}

} // namespace qice
