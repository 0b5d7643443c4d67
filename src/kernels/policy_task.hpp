// What the kernels are asked of one firm: rows with a bit a policy, 512 policies at a time.
#pragma once

#include "qice/base/bits.hpp"

#include <cstddef>
#include <cstdint>

namespace qice {

/// The rows of many conjunctions of literals that one firm has chosen.
struct ChosenRows {
    /// Who wants nothing more of a set, or one of the elements that the firm has.
    struct Demand {
        const std::uint64_t* free;
        const std::uint64_t *const *has, *const *has_end;
    };
    /// What the firm's value of a field, or its elements of a set, say of each conjunction.
    struct Part {
        const std::uint64_t* certain;  // all its literals on the field are true
        const std::uint64_t* possible; // none is false; the same pointer if nothing is unknown
        const std::uint64_t* once;     // at most one is not true; null: of no conjunction more
        // Where the rows of each block begin, in blocks' words; null: one block after another.
        const std::uint32_t* row_of_block;
        // A set whose elements are known: `certain`, and who wants one that it has; of these who
        // wants more and has it, too, demand by demand, and none of those that it has.
        const std::uint64_t *const *has, *const *has_end;
        const Demand *more, *more_end;
        const std::uint64_t *const *lacks, *const *lacks_end;
        bool fixed; // the firm cannot mend what is false
    };
    const Part* parts;
    const std::uint16_t* asked;       // which parts each block asks about, block by block
    const std::uint32_t* first_asked; // by block
};

/// A conjunction for each of 512 policies: literals, which are a block of rows, and nodes.
struct PolicyTerm {
    BlockRow used;   // who has one here
    BlockRow manual; // in whose a person judges something, too
    std::uint32_t first_layer = 0, layers = 0;
};

/// An `any` or an `at_least` for each of 512 policies; an alternative of each is a term.
struct PolicyLayer {
    BlockRow nodes; // who has one here
    std::uint32_t first_term = 0, terms = 0;
    // at_least: a number for each policy, bit by bit, of which many alternatives make 2^slices.
    // Others than `nodes` begin with that.
    std::uint32_t first_slice = 0, slices = 0;
    bool is_sum = false;
    bool manual = false; // in some of it a person judges something
};

/// One firm against the policies.
struct PolicyTask {
    ChosenRows rows, term_rows;
    const PolicyTerm* blocks; // what policies demand, by block of policies
    const PolicyTerm* terms;
    const PolicyLayer* layers;
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
