// The sparse matrix firm × tag, over the tags that policies carry.
//
// Eigen's row-major compressed form: row = position in the firm index, column = Program tag, value
// = weight in thousandths. Tags no policy carries are dropped. score = prior + row · policy's
// weights.
#pragma once

#include "qice/index/firm_index.hpp"

#include <Eigen/SparseCore>

#include <cstdint>

namespace qice {

using TagMatrix = Eigen::SparseMatrix<std::int32_t, Eigen::RowMajor, std::int64_t>;

TagMatrix firm_tags(const Program& program, const FirmIndex& index, const FirmTable& firms,
                    unsigned threads = 1);

} // namespace qice
