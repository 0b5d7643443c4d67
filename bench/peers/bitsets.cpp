// Plain bitsets over all firms, unblocked: one a condition and one a distinct sub-rule, an AND a
// policy, then qice's ranking. What remains of qice if blocks and the zone map are taken away.
//
// Rows of conditions are given (their time is said, not counted); rows of sub-rules are computed
// once each. Loops over words are left to the compiler.
#include "literals.hpp"
#include "our_ranker.hpp"

namespace {

using namespace qice;
using namespace qice::peer;

using Row = AlignedVector<std::uint64_t>;

struct Planes { // possible: with manual conditions as true, like confirmed
    const std::uint64_t *certain, *confirmed, *possible;
};

void and_into(std::uint64_t* __restrict out, const std::uint64_t* __restrict row,
              std::size_t words) {
    for (std::size_t w = 0; w < words; ++w)
        out[w] &= row[w];
}

void or_into(std::uint64_t* __restrict out, const std::uint64_t* __restrict row,
             std::size_t words) {
    for (std::size_t w = 0; w < words; ++w)
        out[w] |= row[w];
}

/// sums[j] holds where at least j + 1 of the rows so far are set.
void count_into(std::vector<Row>& sums, const std::uint64_t* __restrict row, std::size_t words) {
    for (std::size_t j = sums.size(); j-- > 0;)
        for (std::size_t w = 0; w < words; ++w)
            sums[j][w] |= j == 0 ? row[w] : sums[j - 1][w] & row[w];
}

class Bitsets {
  public:
    explicit Bitsets(const City& city)
        : program_(city.program()), words_(city.words()), nodes_(program_.nodes.size()),
          valid_(words_), ranker_(city) {
        Stopwatch watch;
        for (const Literal& literal : program_.literals) {
            literals_.push_back({Row(words_), Row(words_)});
            literal_rows(city, literal, literals_.back()[0].data(), literals_.back()[1].data());
        }
        for (std::size_t block = 0; block < city.firms.index.blocks(); ++block) {
            const BlockRow valid = city.firms.index.valid(block);
            std::copy(valid.words, valid.words + kBlockWords,
                      valid_.begin() + static_cast<std::ptrdiff_t>(block * kBlockWords));
        }
        std::cerr << "bitsets: " << literals_.size() << " conditions in " << watch.lap() << " s\n";
    }

    Seconds round(const City&) {
        for (std::array<Row, 3>& node : nodes_)
            for (Row& row : node)
                row.clear();
        ranker_.clear();
        counts_.assign(program_.policies.size(), {});
        Stopwatch watch;
        Row certain(words_), confirmed(words_);
        for (std::uint32_t place = 0; place < program_.policies.size(); ++place) {
            const Conjunction& rule = program_.policies[place].rule;
            certain = valid_;
            for (Ref ref : program_.literals_of(rule))
                and_into(certain.data(), planes(ref).certain, words_);
            if (rule.manual) confirmed = certain;
            for (Ref ref : program_.others_of(rule)) {
                const Planes other = planes(ref);
                and_into(certain.data(), other.certain, words_);
                if (rule.manual) and_into(confirmed.data(), other.confirmed, words_);
            }
            emit(0, place, certain.data());
            if (!rule.manual) continue;
            for (std::size_t w = 0; w < words_; ++w)
                confirmed[w] &= ~certain[w];
            emit(1, place, confirmed.data());
        }
        const double rules = watch.lap();
        ranker_.rank();
        return {{"rules", rules}, {"ranking", watch.lap()}};
    }

    std::string wrong(const City& city, const MatchResult& ours) const {
        const std::string counts = compare_counts(city, counts_, ours);
        return counts.empty() ? ranker_.wrong(ours) : counts;
    }

  private:
    void emit(int status, std::uint32_t place, const std::uint64_t* row) {
        std::uint64_t sum = 0;
        for (std::size_t w = 0; w < words_; ++w)
            sum += static_cast<std::uint64_t>(std::popcount(row[w]));
        counts_[place][static_cast<std::size_t>(status)] = sum;
        if (sum != 0) ranker_.add(status, place, row);
    }

    Planes planes(Ref ref) {
        if ((ref & kLiteralBit) != 0) {
            const std::array<Row, 2>& literal = literals_[ref & ~kLiteralBit];
            return {literal[0].data(), literal[0].data(), literal[1].data()};
        }
        std::array<Row, 3>& rows = nodes_[ref];
        if (rows[0].empty()) compute(program_.nodes[ref], rows);
        return {rows[0].data(), rows[1].data(), rows[2].data()};
    }

    void fill(std::array<Row, 3>& rows, bool certain, bool confirmed) {
        const Row none(words_);
        rows = {certain ? valid_ : none, confirmed ? valid_ : none, confirmed ? valid_ : none};
    }

    void compute(const GraphNode& node, std::array<Row, 3>& rows) {
        const Ref* refs = program_.refs.data() + node.first;
        switch (node.op) {
        case GraphNode::Op::never: return fill(rows, false, false);
        case GraphNode::Op::always: return fill(rows, true, true);
        case GraphNode::Op::manual: return fill(rows, false, true);
        case GraphNode::Op::all:
        case GraphNode::Op::any: {
            const bool all = node.op == GraphNode::Op::all;
            fill(rows, all, all);
            for (std::uint32_t i = 0; i < node.count; ++i) {
                const Planes child = planes(refs[i]);
                const auto fold = all ? and_into : or_into;
                fold(rows[0].data(), child.certain, words_);
                fold(rows[1].data(), child.confirmed, words_);
                fold(rows[2].data(), child.possible, words_);
            }
            return;
        }
        case GraphNode::Op::at_least: return at_least(node, refs, rows);
        case GraphNode::Op::points: return points(node, rows);
        }
    }

    void at_least(const GraphNode& node, const Ref* refs, std::array<Row, 3>& rows) {
        if (node.threshold == 0) return fill(rows, true, true);
        if (node.threshold > node.count) return fill(rows, false, false);
        for (int plane = 0; plane < 3; ++plane) {
            std::vector<Row> sums(node.threshold, Row(words_));
            for (std::uint32_t i = 0; i < node.count; ++i) {
                const Planes child = planes(refs[i]);
                count_into(sums,
                           plane == 0   ? child.certain
                           : plane == 1 ? child.confirmed
                                        : child.possible,
                           words_);
            }
            rows[static_cast<std::size_t>(plane)] = std::move(sums.back());
        }
    }

    /// Tables are looked up firm by firm: there are few of them.
    void points(const GraphNode& node, std::array<Row, 3>& rows) {
        fill(rows, false, false);
        std::vector<std::pair<Ref, Planes>> tiers;
        for (std::uint32_t i = 0; i < node.count; ++i) {
            const GraphItem& item = program_.items[node.first + i];
            for (std::uint32_t t = 0; t < item.count; ++t)
                tiers.emplace_back(program_.tiers[item.first + t].when,
                                   planes(program_.tiers[item.first + t].when));
        }
        for_each_bit(valid_.data(), words_, [&](std::size_t firm) {
            std::size_t next = 0;
            const auto bit = [&](const std::uint64_t* row) {
                return (row[firm / 64] >> (firm % 64) & 1) != 0;
            };
            const auto truth = [&](Ref when) {
                while (tiers[next % tiers.size()].first != when)
                    ++next;
                const Planes& tier = tiers[next % tiers.size()].second;
                return std::pair(bit(tier.certain), bit(tier.possible));
            };
            std::int64_t manual = 0;
            const auto [least, most] = table_points(program_, node, truth, manual);
            const std::int64_t bound = node.threshold;
            bool certain = least >= bound, confirmed = least >= bound - manual,
                 possible = most >= bound - manual;
            if (node.negated) {
                const bool was_certain = certain;
                certain = confirmed = !possible;
                possible = !was_certain;
            }
            const std::uint64_t mask = std::uint64_t{1} << (firm % 64);
            if (certain) rows[0][firm / 64] |= mask;
            if (confirmed) rows[1][firm / 64] |= mask;
            if (possible) rows[2][firm / 64] |= mask;
        });
    }

    const Program& program_;
    const std::size_t words_;
    std::vector<std::array<Row, 2>> literals_; // certain, possible
    std::vector<std::array<Row, 3>> nodes_;    // certain, confirmed, possible
    Row valid_;
    OurRanker ranker_;
    Counts counts_;
};

} // namespace

int main(int argc, char** argv) { return serve<Bitsets>("plain bitsets", argc, argv); }
