// CRoaring: one run-optimised bitmap a condition over all firms, AND and OR a policy, then qice's
// ranking.
//
// Bitmaps of conditions are given (their time is said, not counted); those of sub-rules are
// computed once each. The AND of a policy starts at its smallest bitmap and stops when empty.
#include "literals.hpp"
#include "our_ranker.hpp"

#include <roaring/roaring.hh>

#include <optional>

namespace {

using namespace qice;
using namespace qice::peer;

struct Planes { // possible: with manual conditions as true, like confirmed
    Roaring certain, confirmed, possible;
};

Roaring bitmap_of(const std::uint64_t* row, std::size_t words) {
    std::vector<std::uint32_t> firms;
    for_each_bit(row, words,
                 [&](std::size_t firm) { firms.push_back(static_cast<std::uint32_t>(firm)); });
    Roaring bitmap(firms.size(), firms.data());
    bitmap.runOptimize();
    bitmap.shrinkToFit();
    return bitmap;
}

class Bitmaps {
  public:
    explicit Bitmaps(const City& city)
        : program_(city.program()), words_(city.words()), nodes_(program_.nodes.size()),
          ranker_(city) {
        Stopwatch watch;
        std::vector<std::uint64_t> certain(words_), possible(words_);
        for (const Literal& literal : program_.literals) {
            literal_rows(city, literal, certain.data(), possible.data());
            Roaring sure = bitmap_of(certain.data(), words_);
            literals_.push_back({sure, sure, bitmap_of(possible.data(), words_)});
        }
        for (std::size_t block = 0; block < city.firms.index.blocks(); ++block)
            for (std::size_t w = 0; w < kBlockWords; ++w)
                certain[block * kBlockWords + w] = city.firms.index.valid(block).words[w];
        valid_ = bitmap_of(certain.data(), words_);
        std::cerr << "croaring: " << literals_.size() << " conditions in " << watch.lap() << " s\n";
    }

    Seconds round(const City&) {
        for (std::optional<Planes>& node : nodes_)
            node.reset();
        ranker_.clear();
        counts_.assign(program_.policies.size(), {});
        Stopwatch watch;
        for (std::uint32_t place = 0; place < program_.policies.size(); ++place) {
            const Conjunction& rule = program_.policies[place].rule;
            std::vector<const Roaring*> certain, confirmed;
            for (Ref ref : program_.literals_of(rule))
                certain.push_back(&planes(ref).certain);
            if (rule.manual) confirmed = certain;
            for (Ref ref : program_.others_of(rule)) {
                certain.push_back(&planes(ref).certain);
                if (rule.manual) confirmed.push_back(&planes(ref).confirmed);
            }
            const Roaring sure = all_of(std::move(certain));
            emit(0, place, sure);
            if (rule.manual) emit(1, place, all_of(std::move(confirmed)) - sure);
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
    Roaring all_of(std::vector<const Roaring*> parts) const {
        if (parts.empty()) return valid_;
        std::sort(parts.begin(), parts.end(), [](const Roaring* a, const Roaring* b) {
            return a->cardinality() < b->cardinality();
        });
        if (parts.size() == 1) return *parts[0];
        Roaring out = *parts[0] & *parts[1];
        for (std::size_t i = 2; i < parts.size() && !out.isEmpty(); ++i)
            out &= *parts[i];
        return out;
    }

    void emit(int status, std::uint32_t place, const Roaring& firms) {
        counts_[place][static_cast<std::size_t>(status)] = firms.cardinality();
        if (firms.isEmpty()) return;
        row_.assign(words_, 0);
        for (std::uint32_t firm : positions(firms))
            row_[firm / 64] |= std::uint64_t{1} << (firm % 64);
        ranker_.add(status, place, row_.data());
    }

    std::vector<std::uint32_t>& positions(const Roaring& firms) {
        positions_.resize(firms.cardinality());
        firms.toUint32Array(positions_.data());
        return positions_;
    }

    const Planes& planes(Ref ref) {
        if ((ref & kLiteralBit) != 0) return literals_[ref & ~kLiteralBit];
        if (!nodes_[ref]) {
            Planes computed = compute(program_.nodes[ref]);
            nodes_[ref] = std::move(computed);
        }
        return *nodes_[ref];
    }

    Planes compute(const GraphNode& node) {
        const Ref* refs = program_.refs.data() + node.first;
        switch (node.op) {
        case GraphNode::Op::never: return {};
        case GraphNode::Op::always: return {valid_, valid_, valid_};
        case GraphNode::Op::manual: return {{}, valid_, valid_};
        case GraphNode::Op::all:
        case GraphNode::Op::any: {
            Planes out = planes(refs[0]);
            const bool all = node.op == GraphNode::Op::all;
            for (std::uint32_t i = 1; i < node.count; ++i) {
                const Planes& child = planes(refs[i]);
                for (Roaring Planes::*plane :
                     {&Planes::certain, &Planes::confirmed, &Planes::possible})
                    all ? out.*plane &= child.*plane : out.*plane |= child.*plane;
            }
            return out;
        }
        case GraphNode::Op::at_least: {
            Planes out;
            for (Roaring Planes::*plane : {&Planes::certain, &Planes::confirmed, &Planes::possible})
                out.*plane = at_least(node, refs, plane);
            return out;
        }
        case GraphNode::Op::points: return points(node);
        }
        return {};
    }

    Roaring at_least(const GraphNode& node, const Ref* refs, Roaring Planes::*plane) {
        if (node.threshold == 0) return valid_;
        if (node.threshold > node.count) return {};
        std::vector<Roaring> sums(node.threshold); // sums[j]: at least j + 1 so far
        for (std::uint32_t i = 0; i < node.count; ++i) {
            const Roaring& child = planes(refs[i]).*plane;
            for (std::size_t j = sums.size(); j-- > 1;)
                sums[j] |= sums[j - 1] & child;
            sums[0] |= child;
        }
        return sums.back();
    }

    /// Tables are looked up firm by firm: there are few of them.
    Planes points(const GraphNode& node) {
        std::map<Ref, std::array<std::vector<std::uint64_t>, 2>> tiers;
        for (std::uint32_t i = 0; i < node.count; ++i) {
            const GraphItem& item = program_.items[node.first + i];
            for (std::uint32_t t = 0; t < item.count; ++t) {
                const Ref when = program_.tiers[item.first + t].when;
                const Planes& rows = planes(when);
                for (int plane = 0; plane < 2; ++plane) {
                    std::vector<std::uint64_t>& row = tiers[when][static_cast<std::size_t>(plane)];
                    row.assign(words_, 0);
                    for (std::uint32_t firm : positions(plane == 0 ? rows.certain : rows.possible))
                        row[firm / 64] |= std::uint64_t{1} << (firm % 64);
                }
            }
        }
        std::vector<std::uint64_t> out[3];
        for (std::vector<std::uint64_t>& row : out)
            row.assign(words_, 0);
        std::vector<std::uint32_t> all(valid_.cardinality());
        valid_.toUint32Array(all.data());
        for (std::uint32_t firm : all) {
            const auto bit = [&](const std::vector<std::uint64_t>& row) {
                return (row[firm / 64] >> (firm % 64) & 1) != 0;
            };
            const auto truth = [&](Ref when) {
                const auto& rows = tiers.find(when)->second;
                return std::pair(bit(rows[0]), bit(rows[1]));
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
            if (certain) out[0][firm / 64] |= mask;
            if (confirmed) out[1][firm / 64] |= mask;
            if (possible) out[2][firm / 64] |= mask;
        }
        return {bitmap_of(out[0].data(), words_), bitmap_of(out[1].data(), words_),
                bitmap_of(out[2].data(), words_)};
    }

    const Program& program_;
    const std::size_t words_;
    std::vector<Planes> literals_;
    std::vector<std::optional<Planes>> nodes_;
    Roaring valid_;
    OurRanker ranker_;
    Counts counts_;
    std::vector<std::uint64_t> row_;
    std::vector<std::uint32_t> positions_;
};

} // namespace

int main(int argc, char** argv) {
    return serve<Bitmaps>("CRoaring " + std::to_string(ROARING_VERSION_MAJOR) + "." +
                              std::to_string(ROARING_VERSION_MINOR) + "." +
                              std::to_string(ROARING_VERSION_REVISION),
                          argc, argv);
}
