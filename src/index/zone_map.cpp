#include "qice/index/zone_map.hpp"

#include <algorithm>

namespace qice {
namespace {

// Rows beyond this are left out: a field of very many codes settles little for what it costs.
constexpr std::size_t kMostRowBytes = std::size_t{32} << 20;
// A row is looked at after so many codes: where firms have all sorts of codes every policy is soon
// in it, and the other codes add nothing.
constexpr std::uint32_t kLookAfter = 8;

bool has_all(const std::vector<std::uint64_t>& row, std::size_t policies) {
    const std::size_t whole = policies / 64;
    for (std::size_t w = 0; w < whole; ++w)
        if (row[w] != ~std::uint64_t{0}) return false;
    return policies % 64 == 0 || ~row[whole] << (64 - policies % 64) == 0;
}

} // namespace

ZoneMap::ZoneMap(const Program& program)
    : policies_(program.policies.size()), words_(words_for(policies_)) {}

ZoneMap::ZoneMap(const Program& program, const FirmIndex& firms, const ZoneMap* like)
    : ZoneMap(program) {
    for (std::uint32_t slot : firms.sorted_by()) {
        const std::uint32_t unknown = program.fields[slot].cuts.codes();
        if ((std::size_t{unknown} + 1) * words_ * 8 > kMostRowBytes) continue;
        Field field{like != nullptr ? like->rows_of(slot) : nullptr, {0}, {}};
        if (!field.rows)
            field.rows = std::make_shared<const PolicyRows>(policy_rows(program, slot));
        std::vector<std::size_t> seen_in(std::size_t{unknown} + 1, SIZE_MAX);
        for (std::size_t block = 0; block < firms.blocks(); ++block) {
            const std::size_t end = std::min(firms.firms(), (block + 1) * kBlockFirms);
            for (std::size_t position = block * kBlockFirms; position < end; ++position) {
                const std::uint32_t code = std::min(firms.code_at(slot, position), unknown);
                if (seen_in[code] == block) continue;
                seen_in[code] = block;
                field.codes.push_back(code);
            }
            field.offsets.push_back(static_cast<std::uint32_t>(field.codes.size()));
        }
        fields_.push_back(std::move(field));
    }
}

std::shared_ptr<const PolicyRows> ZoneMap::rows_of(std::uint32_t slot) const {
    for (const Field& field : fields_)
        if (field.rows->slot == slot) return field.rows;
    return nullptr;
}

const std::uint64_t* ZoneMap::candidates(std::size_t block, bool near, Scratch& scratch) const {
    std::fill(scratch.possible.begin(), scratch.possible.end(), ~std::uint64_t{0});
    std::fill(scratch.near.begin(), scratch.near.end(), ~std::uint64_t{0});
    for (const Field& field : fields_) {
        std::fill(scratch.row.begin(), scratch.row.end(), 0);
        const std::uint32_t first = field.offsets[block];
        for (std::uint32_t i = first; i < field.offsets[block + 1]; ++i) {
            const std::uint64_t* of_code = field.rows->possible[field.codes[i]];
            for (std::size_t w = 0; w < words_; ++w)
                scratch.row[w] |= of_code[w];
            if ((i - first) % kLookAfter == kLookAfter - 1 && has_all(scratch.row, policies_))
                break;
        }
        if (near) {
            for (std::size_t w = 0; w < words_; ++w) {
                const std::uint64_t mended =
                    field.rows->fixed ? 0 : scratch.possible[w] & ~scratch.row[w];
                scratch.near[w] = (scratch.near[w] & scratch.row[w]) | mended;
            }
        }
        for (std::size_t w = 0; w < words_; ++w)
            scratch.possible[w] &= scratch.row[w];
    }
    std::vector<std::uint64_t>& wanted = near ? scratch.near : scratch.possible;
    if (policies_ % 64 != 0) wanted.back() &= (std::uint64_t{1} << (policies_ % 64)) - 1;
    return wanted.data();
}

} // namespace qice
