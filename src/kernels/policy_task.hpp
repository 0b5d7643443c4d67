// What the kernels are asked of one firm: rows with a bit a policy, 512 policies at a time.
#pragma once

#include "qice/base/bits.hpp"

#include <cstddef>
#include <cstdint>

namespace qice {

/// The rows of many conjunctions of literals that one firm has chosen.
struct ChosenRows {
    /// Who wants nothing of a set, or one of the elements that the firm has.
    struct Demand {
        const std::uint64_t* free;
        const std::uint64_t *const *has, *const *has_end;
    };
    /// A set whose elements are known: who gets what he demands, all of it, and wants to be without
    /// none of those that the firm has.
    struct Elements {
        const Demand *demands, *demands_end;
        const std::uint64_t *const *lacks, *const *lacks_end;
    };
    /// What the firm's value of a field, or its elements of a set, say of each conjunction.
    struct Part {
        const std::uint64_t* certain;  // all its literals on the field are true
        const std::uint64_t* possible; // none is false; the same pointer if nothing is unknown
        const std::uint64_t* once;     // at most one is not true; null: of no conjunction more
        // Where the rows of each block begin, in blocks' words; null: one block after another.
        const std::uint32_t* row_of_block;
        const Elements* elements; // null: `certain` is all
        bool fixed;               // the firm cannot mend what is false
    };
    const Part* parts;
    const std::uint16_t* asked;       // which parts each block asks about, block by block
    const std::uint32_t* first_asked; // by block
};

/// Layers side by side.
struct LayerSpan {
    std::uint32_t first = 0, count = 0;
};

/// A conjunction for each of 512 policies: literals, which are a block of rows, what a person
/// judges, and nodes, each of which is in a layer beside.
struct PolicyTerm {
    BlockRow used;   // who has one here
    BlockRow manual; // in whose a person judges something, too
};

/// What 512 policies demand.
struct PolicyBlock {
    PolicyTerm term;
    LayerSpan nodes;
};

/// A node of a layer is in the conjunction of a term, of each policy in one of them.
struct PolicyDemand {
    std::uint32_t term; // among those at hand
    BlockRow who;
};

/// A node for each of 512 policies.
struct PolicyLayer {
    enum class Kind : std::uint8_t { any, at_least, points };

    Kind kind = Kind::any;
    bool manual = false;       // in some of it a person judges something
    bool some_negated = false; // points: there are negated tables
    BlockRow negated;          // points: whose table is
    std::uint32_t first_demand = 0, demands = 0;
    // any, at_least: an alternative of each is a term. points: a tier of an item is.
    std::uint32_t first_term = 0, terms = 0;
    LayerSpan nodes; // in the conjunctions of these
    std::uint32_t first_item = 0, items = 0;
    // at_least, points: a number for each policy, `slices` rows and one more, bit by bit; what
    // makes its node true, or true if a table were not negated, brings that to 2^slices. points:
    // behind it numbers for where a person gives all that may be given.
    std::uint32_t first_slice = 0, slices = 0;
    std::uint64_t most = 0; // at_least, points: that the sum of all these numbers can come to
};

/// An item of a table for each of 512 policies; a tier of each is a term.
struct PolicyItem {
    std::uint32_t first_term = 0, terms = 0; // among those of the layer
    std::uint32_t first_step = 0, steps = 0;
    static constexpr std::uint32_t kMostTerms = 16;
};

/// A step by which the points of an item rise, see GraphItem, for each of 512 policies: rows for
/// the bits of its size, then a row for each of the item's terms, to which of these tiers it leads.
struct PolicyStep {
    std::uint32_t first_row = 0; // of the slices
    std::uint32_t bits = 0;
};

/// One firm against the policies.
struct PolicyTask {
    ChosenRows rows, term_rows;
    const PolicyBlock* blocks;
    const PolicyTerm* terms;
    const PolicyLayer* layers;
    const PolicyDemand* demands;
    const PolicyItem* items;
    const PolicyStep* steps;
    const BlockRow* slices;
    bool all_planes; // also needs_data and near
};

/// What the policies of a block are to the firm; see program.hpp. What the rows cannot tell is left
/// out, so that a bit may be set that should not.
struct PolicyPlanes {
    BlockRow certain, confirmed;
    BlockRow possible, near, fact; // if asked for
};

} // namespace qice
