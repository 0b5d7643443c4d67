// Eigen: the scores as a sparse product, a block of firms at a time, kept where the mask is.
#include "scores.hpp"

#include <Eigen/SparseCore>

namespace {

using namespace qice;
using namespace qice::peer;

using Matrix = Eigen::SparseMatrix<std::int64_t, Eigen::RowMajor, std::int64_t>;

Eigen::Map<const Matrix> view(const Sparse& matrix, std::size_t first, std::size_t rows) {
    const auto count = matrix.starts[first + rows] - matrix.starts[first];
    return {static_cast<std::int64_t>(rows),
            static_cast<std::int64_t>(matrix.columns),
            count,
            matrix.starts.data() + first,
            matrix.column.data(),
            matrix.value.data()};
}

class Product {
  public:
    explicit Product(const City& city) : task_(city) {}

    Seconds round(const City&) {
        constexpr std::size_t kRows = 4096;
        Stopwatch watch;
        double product = 0, best = 0;
        const Matrix policies = view(task_.policies, 0, task_.policies.rows()).transpose();
        for (std::size_t first = 0; first < task_.firms.rows(); first += kRows) {
            const std::size_t rows = std::min(kRows, task_.firms.rows() - first);
            Sparse part; // Eigen wants rows that start at zero
            part.columns = task_.firms.columns;
            for (std::size_t row = first; row < first + rows; ++row) {
                for (auto at = task_.firms.starts[row]; at < task_.firms.starts[row + 1]; ++at)
                    part.add(
                        static_cast<std::size_t>(task_.firms.column[static_cast<std::size_t>(at)]),
                        task_.firms.value[static_cast<std::size_t>(at)]);
                part.end_row();
            }
            const Matrix scores = view(part, 0, rows) * policies;
            product += watch.lap();
            for (std::size_t row = 0; row < rows; ++row) {
                const auto from = scores.outerIndexPtr()[row], to = scores.outerIndexPtr()[row + 1];
                task_.keep_best(first + row, scores.innerIndexPtr() + from,
                                scores.valuePtr() + from, static_cast<std::size_t>(to - from));
            }
            best += watch.lap();
        }
        return {{"product", product}, {"best", best}};
    }

    std::string wrong(const City&, const MatchResult& ours) const { return task_.wrong(ours); }

  private:
    ScoreTask task_;
};

} // namespace

int main(int argc, char** argv) {
    return serve<Product>("Eigen " + std::to_string(EIGEN_WORLD_VERSION) + "." +
                              std::to_string(EIGEN_MAJOR_VERSION) + "." +
                              std::to_string(EIGEN_MINOR_VERSION),
                          argc, argv);
}
