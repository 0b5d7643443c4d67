// The rules of many policies as the kernels ask them of one firm: 512 policies side by side.
//
// The first alternatives that the policies of a block name are one term, a bit each; their second
// ones the next. What the literals of a term demand are rows of ConjunctionRows. Nodes inside the
// alternatives of a node are layers again, beside its terms: the first such node of each policy,
// whichever of its alternatives it is in, then the second ones. What many policies word in their
// own way so costs what one does.
//
// Immutable once built, for any number of threads. A block costs an AND of 64 bytes for each of its
// terms and what a term asks about. What has no place here (nodes of very many alternatives or
// very deep in others, too many terms in a block, tables of points that stand alone, what
// ConjunctionRows leaves out) is left out, and who demands it told: the planes of these policies
// are too wide.
#pragma once

#include "match/conjunction_rows.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace qice {

class RuleLayers {
  public:
    RuleLayers() = default;
    /// Of rules, a bit each, whose literals rows tell if `settled` says so, by ref of the program.
    RuleLayers(const Schema& schema, const Program& program, std::span<const Conjunction> rules,
               std::span<const std::uint8_t> settled);

    const ConjunctionRows& term_rows() const { return term_rows_; }
    /// The terms of a block of policies: in term_rows() the blocks from the first to the next's.
    struct Terms {
        std::size_t first, count;
    };
    Terms terms(std::size_t block) const {
        return {first_term_[block], first_term_[block + 1] - first_term_[block]};
    }
    /// Does a block's rules demand more than literals?
    bool has_more(std::size_t block) const {
        const PolicyBlock& all = blocks_[block];
        return all.nodes.count != 0 ||
               std::any_of(all.term.manual.words, all.term.manual.words + kBlockWords,
                           [](std::uint64_t word) { return word != 0; });
    }
    /// The planes of these policies are exact.
    const BlockRow& exact(std::size_t block) const { return exact_[block]; }

    void lend_to(PolicyTask& task) const {
        task.blocks = blocks_.data();
        task.terms = terms_.data();
        task.layers = layers_.data();
        task.demands = demands_.data();
        task.items = items_.data();
        task.steps = steps_.data();
        task.slices = slices_.data();
    }
    std::size_t bytes() const;

  private:
    class Builder;

    bool lay_out(const Schema& schema, const Program& program, std::span<const Conjunction> rules,
                 std::span<const std::uint8_t> settled, AlignedVector<BlockRow>& judged);

    std::vector<PolicyBlock> blocks_;
    std::vector<PolicyTerm> terms_;
    std::vector<PolicyLayer> layers_;
    std::vector<PolicyDemand> demands_;
    std::vector<PolicyItem> items_;
    std::vector<PolicyStep> steps_;
    AlignedVector<BlockRow> slices_;
    ConjunctionRows term_rows_;
    std::vector<std::size_t> first_term_; // by block
    AlignedVector<BlockRow> exact_;
};

} // namespace qice
