// SuiteSparse:GraphBLAS: the scores as one masked sparse product, scores<eligible> = firms x
// policies'.
#include "scores.hpp"

extern "C" { // the header of 7.4 does not say so itself
#include <GraphBLAS.h>
}

namespace {

using namespace qice;
using namespace qice::peer;

void check(GrB_Info info) {
    if (info != GrB_SUCCESS) {
        std::cerr << "graphblas: error " << static_cast<int>(info) << "\n";
        std::exit(1);
    }
}

GrB_Matrix matrix_of(const Sparse& from) {
    std::vector<GrB_Index> rows;
    for (std::size_t row = 0; row < from.rows(); ++row)
        rows.insert(rows.end(), static_cast<std::size_t>(from.starts[row + 1] - from.starts[row]),
                    row);
    const std::vector<GrB_Index> columns(from.column.begin(), from.column.end());
    GrB_Matrix matrix = nullptr;
    check(GrB_Matrix_new(&matrix, GrB_INT64, from.rows(), from.columns));
    check(GrB_Matrix_build_INT64(matrix, rows.data(), columns.data(), from.value.data(),
                                 rows.size(), GrB_PLUS_INT64));
    check(GrB_Matrix_wait(matrix, GrB_MATERIALIZE));
    return matrix;
}

class Product {
  public:
    explicit Product(const City& city) : task_(city) {
        check(GrB_init(GrB_NONBLOCKING));
        check(GxB_Global_Option_set(GxB_GLOBAL_NTHREADS, 1));
        firms_ = matrix_of(task_.firms);
        policies_ = matrix_of(task_.policies);
        mask_ = matrix_of(task_.mask);
    }

    Seconds round(const City&) {
        Stopwatch watch;
        GrB_Matrix scores = nullptr;
        check(GrB_Matrix_new(&scores, GrB_INT64, task_.firms.rows(), task_.policies.rows()));
        check(GrB_mxm(scores, mask_, nullptr, GrB_PLUS_TIMES_SEMIRING_INT64, firms_, policies_,
                      GrB_DESC_ST1));
        check(GrB_Matrix_wait(scores, GrB_MATERIALIZE));
        const double product = watch.lap();
        GrB_Index found = 0;
        check(GrB_Matrix_nvals(&found, scores));
        std::vector<GrB_Index> rows(found), columns(found);
        std::vector<std::int64_t> values(found);
        check(GrB_Matrix_extractTuples_INT64(rows.data(), columns.data(), values.data(), &found,
                                             scores));
        check(GrB_Matrix_free(&scores));
        const double out = watch.lap();
        for (std::size_t firm = 0, at = 0; firm < task_.firms.rows(); ++firm) {
            const std::size_t from = at;
            while (at < found && rows[at] == firm)
                ++at;
            task_.keep_best(firm, reinterpret_cast<const std::int64_t*>(columns.data()) + from,
                            values.data() + from, at - from);
        }
        return {{"product", product}, {"tuples", out}, {"best", watch.lap()}};
    }

    std::string wrong(const City&, const MatchResult& ours) const { return task_.wrong(ours); }

  private:
    ScoreTask task_;
    GrB_Matrix firms_ = nullptr, policies_ = nullptr, mask_ = nullptr;
};

} // namespace

int main(int argc, char** argv) {
    return serve<Product>("SuiteSparse:GraphBLAS " + std::to_string(GxB_IMPLEMENTATION_MAJOR) +
                              "." + std::to_string(GxB_IMPLEMENTATION_MINOR) + "." +
                              std::to_string(GxB_IMPLEMENTATION_SUB),
                          argc, argv);
}
