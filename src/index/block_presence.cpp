#include "qice/index/block_presence.hpp"

#include <algorithm>
#include <numeric>

namespace qice {
namespace {

constexpr std::uint32_t kMostRows = 2'048; // a field: more would cost more than they skip

} // namespace

BlockPresence::BlockPresence(const Program& program, const FirmIndex& index, const FineCodes& codes)
    : words_(words_for(index.blocks())), fields_(program.fields.size()),
      planes_(program.planes, index.blocks()), plane_firms_(program.planes) {
    for (std::uint32_t slot = 0; slot < fields_.size(); ++slot) {
        const std::uint32_t unknown = codes.cuts(slot).codes();
        Field& field = fields_[slot];
        while (unknown >> field.shift >= kMostRows)
            ++field.shift;
        field.rows = BitMatrix((unknown >> field.shift) + 1, index.blocks());
        field.sums.assign(std::size_t{unknown} + 2, 0);
        if (codes.width(slot) == 1)
            fill<std::uint8_t>(field, index.firms(), codes, slot);
        else if (codes.width(slot) == 2)
            fill<std::uint16_t>(field, index.firms(), codes, slot);
        else
            fill<std::uint32_t>(field, index.firms(), codes, slot);
        std::partial_sum(field.sums.begin(), field.sums.end(), field.sums.begin());
    }
    for (std::size_t block = 0; block < index.blocks(); ++block) {
        for (std::uint32_t plane = 0; plane < program.planes; ++plane) {
            int firms = 0;
            for (std::uint64_t word : index.planes(block)[plane].words)
                firms += std::popcount(word);
            plane_firms_[plane] += static_cast<std::uint32_t>(firms);
            if (firms != 0) planes_.set(plane, block);
        }
    }
}

template <class Code>
void BlockPresence::fill(Field& field, std::size_t firms, const FineCodes& codes,
                         std::uint32_t slot) {
    const std::uint32_t unknown = codes.cuts(slot).codes();
    const auto* const column = reinterpret_cast<const Code*>(codes.codes(slot, 0));
    for (std::size_t position = 0; position < firms; ++position) {
        const std::uint32_t code = std::min(std::uint32_t{column[position]}, unknown);
        ++field.sums[code + 1];
        field.rows.set(code >> field.shift, position / kBlockFirms);
    }
}

void BlockPresence::mark(std::uint32_t slot, std::uint32_t first, std::uint32_t last,
                         std::uint64_t* row, std::size_t begin, std::size_t end) const {
    const Field& field = fields_[slot];
    for (std::uint32_t i = first >> field.shift; i <= last >> field.shift; ++i) {
        const std::uint64_t* of_code = field.rows[i];
        for (std::size_t w = begin; w < end; ++w)
            row[w] |= of_code[w];
    }
}

std::size_t BlockPresence::bytes() const {
    std::size_t total = plane_firms_.size() * (words_ * 8 + sizeof(std::uint32_t));
    for (const Field& field : fields_)
        total += (((field.sums.size() - 2) >> field.shift) + 1) * words_ * 8 +
                 field.sums.size() * sizeof(std::uint32_t);
    return total;
}

} // namespace qice
