// What policies demand of single fields: the other direction of the program.
//
// Built from the leaves that a policy demands outright (those of its topmost conjunction). Refusals
// count, code by code, the policies that turn a firm away; rows say which policies a firm with a
// code could still meet. A policy's bit is its place in Program::policies.
#pragma once

#include "qice/base/bits.hpp"
#include "qice/index/program.hpp"

#include <cstdint>
#include <vector>

namespace qice {

/// Of each coded field and code, how many policies refuse it for certain. The last entry of a field
/// is for an unknown value.
std::vector<std::vector<std::uint32_t>> refusals(const Program& program);

/// Rows of policy bits: which policies a firm with a code of this field could still meet.
struct PolicyRows {
    std::uint32_t slot; // in Program::fields
    bool fixed;         // a firm cannot change the field
    BitMatrix possible; // a row a code; the last row is for an unknown value
};

/// Costs (codes + 1) x policies bits.
PolicyRows policy_rows(const Program& program, std::uint32_t slot);

} // namespace qice
