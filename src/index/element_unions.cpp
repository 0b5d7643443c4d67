#include "index/element_unions.hpp"

#include <algorithm>

namespace qice {
namespace {

/// Bit c of word r becomes bit r of word c.
void transpose(std::uint64_t* square) {
    std::uint64_t low = 0x00000000ffffffff; // the columns that stay in the upper rows
    for (std::uint32_t half = 32; half != 0; half /= 2, low ^= low << half) {
        for (std::uint32_t row = 0; row < 64; row = ((row | half) + 1) & ~half) {
            std::uint64_t &upper = square[row], &lower = square[row | half];
            const std::uint64_t differ = (upper >> half ^ lower) & low;
            upper ^= differ << half;
            lower ^= differ;
        }
    }
}

/// Up to 512 unions of one set: of each of its elements, which of the unions it is in.
class UnionGroup {
  public:
    UnionGroup(const Program& program, const CodedSet& set, std::vector<std::uint32_t> unions)
        : set_(set), unions_(std::move(unions)), words_(words_for(unions_.size())),
          of_element_(set.elements.size()) {
        for (std::size_t i = 0; i < unions_.size(); ++i) {
            const ElementUnion& united = program.unions[unions_[i]];
            for (std::uint32_t e = 0; e < united.count; ++e)
                of_element_[program.elements[united.first + e] - set.first_plane].words[i / 64] |=
                    std::uint64_t{1} << (i % 64);
        }
    }

    void fill(const BlockRow* planes, BlockRow* out) {
        // A row a firm, with a bit a union, then squares of 64 firms and unions turned round.
        std::fill_n(of_firm_, words_ * kBlockFirms, 0);
        for (std::size_t e = 0; e < of_element_.size(); ++e)
            for_each_bit(planes[set_.first_plane + e].words, kBlockWords, [&](std::size_t firm) {
                for (std::size_t w = 0; w < words_; ++w)
                    of_firm_[w * kBlockFirms + firm] |= of_element_[e].words[w];
            });
        for (std::size_t w = 0; w < words_; ++w) {
            const std::size_t count = std::min<std::size_t>(unions_.size() - w * 64, 64);
            for (std::size_t to = 0; to < kBlockWords; ++to) {
                std::uint64_t* const square = of_firm_ + w * kBlockFirms + to * 64;
                transpose(square);
                for (std::size_t i = 0; i < count; ++i)
                    out[unions_[w * 64 + i]].words[to] = square[i];
            }
        }
    }

  private:
    const CodedSet& set_;
    std::vector<std::uint32_t> unions_;
    std::size_t words_;
    std::vector<BlockRow> of_element_;                 // bit i: it is in unions_[i]
    std::uint64_t of_firm_[kBlockWords * kBlockFirms]; // word by word: a bit a union
};

} // namespace

AlignedVector<BlockRow> unite_elements(const Program& program,
                                       const AlignedVector<BlockRow>& planes, std::size_t blocks) {
    AlignedVector<BlockRow> out(blocks * program.unions.size());
    std::vector<std::vector<std::uint32_t>> open(program.sets.size());
    const auto make = [&](std::uint32_t set) {
        if (open[set].empty()) return;
        UnionGroup group(program, program.sets[set], std::move(open[set]));
        open[set].clear();
        for (std::size_t block = 0; block < blocks; ++block)
            group.fill(planes.data() + block * program.planes,
                       out.data() + block * program.unions.size());
    };
    for (std::uint32_t i = 0; i < program.unions.size(); ++i) {
        const std::uint32_t set = program.unions[i].set;
        open[set].push_back(i);
        if (open[set].size() == kBlockFirms) make(set);
    }
    for (std::uint32_t set = 0; set < open.size(); ++set)
        make(set);
    return out;
}

} // namespace qice
