#include "match/rule_layers.hpp"

#include <algorithm>
#include <bit>

namespace qice {
namespace {

constexpr std::uint32_t kMostAlternatives = 64; // of a node
constexpr std::size_t kMostTerms = 512;         // of a block: a term may be one policy's alone

void set(BlockRow& row, std::uint32_t bit) {
    row.words[bit / 64] |= std::uint64_t{1} << (bit % 64);
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
    const std::vector<LiteralSpan>& spans() const { return spans_; }

    void lay_out(std::span<const Conjunction> rules, BlockRow& exact) {
        exact_ = &exact;
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
    }

  private:
    /// A node in the conjunction of a bit.
    struct Demand {
        std::uint32_t bit;
        Ref ref;
    };

    void leave_out(std::uint32_t bit) { clear(*exact_, bit); }

    /// Spreads the nodes of a term over layers, each of which takes one of a bit.
    void lay_out(std::span<const Demand> demands, PolicyTerm& term) {
        std::vector<std::vector<Demand>> layers[2]; // any, at_least
        for (const Demand& demand : demands) {
            const GraphNode& node = program_.nodes[demand.ref];
            if (node.op == GraphNode::Op::never) {
                clear(term.used, demand.bit);
            } else if (node.op == GraphNode::Op::manual) {
                set(term.manual, demand.bit);
            } else if (node.op == GraphNode::Op::points ||
                       (node.op != GraphNode::Op::all && node.count > kMostAlternatives)) {
                leave_out(demand.bit);
            } else if (node.op != GraphNode::Op::always) {
                auto& of_kind = layers[node.op == GraphNode::Op::at_least ? 1 : 0];
                const auto free = std::find_if(of_kind.begin(), of_kind.end(), [&](const auto& l) {
                    return l.back().bit != demand.bit; // bits come in order
                });
                (free == of_kind.end() ? of_kind.emplace_back() : *free).push_back(demand);
            }
        }
        term.first_layer = static_cast<std::uint32_t>(out_.layers_.size());
        term.layers = static_cast<std::uint32_t>(layers[0].size() + layers[1].size());
        out_.layers_.resize(out_.layers_.size() + term.layers);
        std::uint32_t number = term.first_layer;
        for (const bool is_sum : {false, true})
            for (const std::vector<Demand>& nodes : layers[is_sum ? 1 : 0])
                out_.layers_[number++] = layer(nodes, is_sum);
    }

    PolicyLayer layer(const std::vector<Demand>& nodes, bool is_sum) {
        std::vector<std::vector<std::uint32_t>> alternatives; // places in Program::refs
        std::size_t most = 0;
        for (const Demand& demand : nodes) {
            alternatives.push_back(in_order(program_.nodes[demand.ref]));
            most = std::max(most, alternatives.back().size());
        }
        PolicyLayer layer{};
        layer.is_sum = is_sum;
        if (out_.terms_.size() - first_term_ + most > kMostTerms) {
            for (const Demand& demand : nodes)
                leave_out(demand.bit);
            return layer; // of nobody
        }
        layer.first_term = static_cast<std::uint32_t>(out_.terms_.size());
        layer.terms = static_cast<std::uint32_t>(most);
        out_.terms_.resize(out_.terms_.size() + most);
        spans_.resize(out_.terms_.size() * kBlockFirms);
        for (const Demand& demand : nodes) {
            set(layer.nodes, demand.bit);
            layer.manual = layer.manual || program_.nodes[demand.ref].manual;
        }
        if (is_sum) add_slices(nodes, layer);
        for (std::uint32_t i = 0; i < most; ++i)
            out_.terms_[layer.first_term + i] = term(nodes, alternatives, layer.first_term, i);
        return layer;
    }

    /// The i-th alternative of each node.
    PolicyTerm term(const std::vector<Demand>& nodes,
                    const std::vector<std::vector<std::uint32_t>>& alternatives,
                    std::uint32_t first_term, std::uint32_t i) {
        PolicyTerm term{};
        std::vector<Demand> demands;
        for (std::size_t n = 0; n < nodes.size(); ++n) {
            const std::uint32_t bit = nodes[n].bit;
            if (i >= alternatives[n].size()) continue;
            set(term.used, bit);
            const GraphNode& node = program_.nodes[nodes[n].ref];
            if (node.op == GraphNode::Op::all) {
                add_conjunction(first_term + i, bit, node, demands);
                continue;
            }
            const std::uint32_t at = alternatives[n][i];
            const Ref ref = program_.refs[at];
            if ((ref & kLiteralBit) != 0)
                span(first_term + i, bit) = {at, 1};
            else if (program_.nodes[ref].op == GraphNode::Op::all)
                add_conjunction(first_term + i, bit, program_.nodes[ref], demands);
            else
                demands.push_back({bit, ref});
        }
        lay_out(demands, term);
        return term;
    }

    void add_conjunction(std::uint32_t term, std::uint32_t bit, const GraphNode& all,
                         std::vector<Demand>& demands) {
        std::uint32_t others = 0; // literals come last
        for (; others < all.count && (program_.refs[all.first + others] & kLiteralBit) == 0;
             ++others)
            demands.push_back({bit, program_.refs[all.first + others]});
        span(term, bit) = {all.first + others, all.count - others};
    }

    LiteralSpan& span(std::uint32_t term, std::uint32_t bit) {
        return spans_[std::size_t{term} * kBlockFirms + bit];
    }

    /// The alternatives of a node, those on one field together, so that a term asks about few. An
    /// `all` is its own only one.
    std::vector<std::uint32_t> in_order(const GraphNode& node) const {
        std::vector<std::uint32_t> places{node.first};
        if (node.op == GraphNode::Op::all) return places;
        for (std::uint32_t i = 1; i < node.count; ++i)
            places.push_back(node.first + i);
        const auto slot = [&](std::uint32_t place) {
            const Ref ref = program_.refs[place];
            if ((ref & kLiteralBit) == 0) return UINT32_MAX;
            const Literal& literal = program_.literals[ref & ~kLiteralBit];
            return literal.form == Literal::Form::ranges ? literal.slot : UINT32_MAX - 1;
        };
        std::stable_sort(places.begin(), places.end(),
                         [&](std::uint32_t a, std::uint32_t b) { return slot(a) < slot(b); });
        return places;
    }

    /// 2^slices less the alternatives that a node needs; 2^slices where there is none.
    void add_slices(const std::vector<Demand>& nodes, PolicyLayer& layer) {
        layer.slices = static_cast<std::uint32_t>(std::bit_width(layer.terms));
        layer.first_slice = static_cast<std::uint32_t>(out_.slices_.size());
        out_.slices_.resize(out_.slices_.size() + layer.slices + 1);
        BlockRow* const slices = out_.slices_.data() + layer.first_slice;
        for (std::size_t w = 0; w < kBlockWords; ++w)
            slices[layer.slices].words[w] = ~layer.nodes.words[w];
        for (const Demand& demand : nodes) {
            const std::uint32_t begin =
                (std::uint32_t{1} << layer.slices) - program_.nodes[demand.ref].threshold;
            for (std::uint32_t b = 0; b < layer.slices; ++b)
                if ((begin >> b & 1) != 0) set(slices[b], demand.bit);
        }
    }

    const Program& program_;
    RuleLayers& out_;
    BlockRow* exact_ = nullptr; // of the block at hand
    std::size_t first_term_ = 0;
    std::vector<LiteralSpan> spans_;
};

RuleLayers::RuleLayers(const Schema& schema, const Program& program,
                       std::span<const Conjunction> rules, const ConjunctionRows& rows,
                       std::vector<std::uint8_t> settled) {
    const std::size_t blocks = rows.blocks();
    const auto is_told = [&](const LiteralSpan& span) {
        const auto first = settled.begin() + span.first;
        return std::all_of(first, first + span.literals,
                           [](std::uint8_t told) { return told != 0; });
    };
    Builder builder(program, *this);
    exact_.resize(blocks);
    for (std::size_t block = 0; block < blocks; ++block) {
        const std::size_t first = block * kBlockFirms;
        const auto own = rules.subspan(first, std::min(kBlockFirms, rules.size() - first));
        for (std::uint32_t bit = 0; bit < own.size(); ++bit)
            if (is_told({own[bit].first, own[bit].literals})) set(exact_[block], bit);
        first_term_.push_back(terms_.size());
        builder.lay_out(own, exact_[block]);
    }
    first_term_.push_back(terms_.size());
    term_rows_ = ConjunctionRows(schema, program, builder.spans(), {}, settled);

    for (std::size_t block = 0; block < blocks; ++block)
        for (std::size_t term = first_term_[block]; term < first_term_[block + 1]; ++term)
            for (std::uint32_t bit = 0; bit < kBlockFirms; ++bit)
                if (!is_told(builder.spans()[term * kBlockFirms + bit])) clear(exact_[block], bit);
}

std::size_t RuleLayers::bytes() const {
    const auto size = [](const auto& items) { return items.size() * sizeof items[0]; };
    return size(blocks_) + size(terms_) + size(layers_) + size(slices_) + term_rows_.bytes() +
           size(first_term_) + size(exact_);
}

} // namespace qice
