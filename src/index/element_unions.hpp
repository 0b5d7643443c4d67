// One plane for many set elements: which firms have any of them.
//
// A rule that names a thousand elements would unite a thousand planes in every block; here all
// unions of a set are made at once. Costs a few words a firm and element it has, for each 512
// unions, plus the planes made.
#pragma once

#include "qice/base/bits.hpp"
#include "qice/index/program.hpp"

namespace qice {

/// Program::unions of each block, block by block, from the planes of the elements.
AlignedVector<BlockRow> unite_elements(const Program& program,
                                       const AlignedVector<BlockRow>& planes, std::size_t blocks);

} // namespace qice
