#include "match/policy_view.hpp"

#include "base/fetch_ahead.hpp"
#include "index/exact_code.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace qice {
namespace {

/// A column of codes of any width, from place to place.
template <class Code>
void read_codes(const std::uint8_t* column, const std::uint32_t* positions, std::size_t count,
                std::uint32_t* out) {
    const auto* const codes = reinterpret_cast<const Code*>(column);
    for (std::size_t i = 0; i < count; ++i)
        out[i] = codes[positions[i]];
}

template <class Code>
void write_codes(const std::uint32_t* codes, const std::uint16_t* places, std::size_t count,
                 std::uint8_t* column) {
    auto* const out = reinterpret_cast<Code*>(column);
    for (std::size_t i = 0; i < count; ++i)
        out[places[i]] = static_cast<Code>(codes[i]);
}

} // namespace

PolicyView::PolicyView(const BoundPolicy::Parts& policy, const PolicyBinder::Base& base,
                       PolicyViewMemory& memory)
    : policy_(policy), base_(base), memory_(memory) {
    const std::size_t fields = policy.program.fields.size();
    memory.codes.resize(fields);
    memory.widths.resize(fields);
    for (std::size_t own = 0; own < fields; ++own)
        memory.widths[own] = policy.fields[own].width;
    memory.own_codes.resize(fields * 4 * kBlockFirms);
    memory.planes.resize(policy.program.planes);
}

BlockView PolicyView::block(const Reads& reads, std::uint32_t block, const BlockRow& firms) {
    if (policy_.asks) {
        chosen_.size = 0;
        for_each_bit(firms.words, kBlockWords, [&](std::size_t bit) {
            chosen_.positions[chosen_.size] = static_cast<std::uint32_t>(block * kBlockFirms + bit);
            chosen_.places[chosen_.size++] = static_cast<std::uint16_t>(bit);
        });
    }
    for (const std::uint32_t own : reads.fields) {
        if (policy_.fields[own].asks)
            make_codes(own);
        else
            memory_.codes[own] = base_.codes.codes(policy_.fields[own].slot, block);
    }
    const BlockRow* const planes = base_.index.planes(block);
    for (const std::uint32_t own : reads.sets) {
        const BoundSet& set = policy_.sets[own];
        BlockRow* const out = memory_.planes.data() + policy_.program.sets[own].first_plane;
        for (std::size_t i = 0; i < set.planes.size(); ++i)
            out[i] = set.planes[i] == BoundSet::kNoPlane ? BlockRow{} : planes[set.planes[i]];
        if (set.asks) make_planes(own);
    }
    return {memory_.codes.data(), memory_.widths.data(), memory_.planes.data(), firms};
}

void PolicyView::fetch_ahead(const Reads& reads, std::uint32_t block) const {
    for (const std::uint32_t own : reads.fields)
        if (const BoundField& field = policy_.fields[own]; field.slot != BoundField::kNoSlot)
            qice::fetch_ahead(base_.codes.codes(field.slot, block),
                              kBlockFirms * base_.codes.width(field.slot));
    const BlockRow* const planes = base_.index.planes(block);
    for (const std::uint32_t own : reads.sets)
        for (const std::uint32_t plane : policy_.sets[own].planes)
            if (plane != BoundSet::kNoPlane) __builtin_prefetch(planes + plane);
}

BlockView PolicyView::packed(const Reads& reads, std::span<const std::uint32_t> positions) {
    chosen_.size = positions.size();
    BlockRow firms{};
    for (std::size_t i = 0; i < positions.size(); ++i) {
        chosen_.positions[i] = positions[i];
        chosen_.places[i] = static_cast<std::uint16_t>(i);
        firms.words[i / 64] |= std::uint64_t{1} << (i % 64);
    }
    for (const std::uint32_t own : reads.fields)
        policy_.fields[own].asks ? make_codes(own) : gather_codes(own);
    for (const std::uint32_t own : reads.sets) {
        gather_planes(own);
        if (policy_.sets[own].asks) make_planes(own);
    }
    return {memory_.codes.data(), memory_.widths.data(), memory_.planes.data(), firms};
}

void PolicyView::gather_codes(std::uint32_t own) {
    const std::uint8_t width = policy_.fields[own].width;
    const std::uint8_t* const from = base_.codes.codes(policy_.fields[own].slot, 0);
    std::uint8_t* const column = memory_.own_codes.data() + own * 4 * kBlockFirms;
    memory_.codes[own] = column;
    const auto gather = [&]<class Code>(Code) {
        const auto* const codes = reinterpret_cast<const Code*>(from);
        for (std::size_t i = 0; i < chosen_.size; ++i)
            reinterpret_cast<Code*>(column)[i] = codes[chosen_.positions[i]];
    };
    if (width == 1)
        gather(std::uint8_t{});
    else if (width == 2)
        gather(std::uint16_t{});
    else
        gather(std::uint32_t{});
}

/// Own codes: from the index's where these settle them, from exact values where they do not.
void PolicyView::make_codes(std::uint32_t own) {
    const BoundField& field = policy_.fields[own];
    const CodedField& coded = policy_.program.fields[own];
    const std::size_t count = chosen_.size;
    std::uint32_t codes[kBlockFirms];
    std::uint16_t asked[kBlockFirms + 1]; // written without a branch: who is asked is hard to guess
    std::size_t asking = 0;
    if (field.slot == BoundField::kNoSlot) {
        std::iota(asked, asked + count, std::uint16_t{0});
        asking = count;
    } else {
        const std::uint8_t* const column = base_.codes.codes(field.slot, 0);
        const std::uint8_t width = base_.codes.width(field.slot);
        if (width == 1)
            read_codes<std::uint8_t>(column, chosen_.positions, count, codes);
        else if (width == 2)
            read_codes<std::uint16_t>(column, chosen_.positions, count, codes);
        else
            read_codes<std::uint32_t>(column, chosen_.positions, count, codes);
        const std::uint32_t* const own_codes = field.own_codes.data();
        const auto unknown = static_cast<std::uint32_t>(field.own_codes.size()) - 1;
        for (std::size_t i = 0; i < count; ++i) {
            codes[i] = own_codes[std::min(codes[i], unknown)];
            asked[asking] = static_cast<std::uint16_t>(i);
            asking += codes[i] == CutBinding::kAsk ? 1 : 0;
        }
    }
    const std::uint32_t unknown = coded.cuts.codes();
    for (std::size_t n = 0; n < asking; ++n) {
        const std::uint32_t row = base_.index.row_at(chosen_.positions[asked[n]]);
        const std::uint32_t code = exact_code(coded, base_.firms[row]);
        codes[asked[n]] = code == unknown ? CutBinding::kUnknown : code;
    }
    std::uint8_t* const column = memory_.own_codes.data() + own * 4 * kBlockFirms;
    memory_.codes[own] = column;
    if (field.width == 1)
        write_codes<std::uint8_t>(codes, chosen_.places, count, column);
    else if (field.width == 2)
        write_codes<std::uint16_t>(codes, chosen_.places, count, column);
    else
        write_codes<std::uint32_t>(codes, chosen_.places, count, column);
}

void PolicyView::gather_planes(std::uint32_t own) {
    const BoundSet& set = policy_.sets[own];
    const std::uint32_t first = policy_.program.sets[own].first_plane;
    const BlockRow* const blocks = base_.index.planes(0);
    const std::size_t stride = base_.program.planes;
    for (std::size_t i = 0; i < set.planes.size(); ++i) {
        BlockRow row{};
        for (std::size_t n = 0; set.planes[i] != BoundSet::kNoPlane && n < chosen_.size; ++n) {
            const std::uint32_t at = chosen_.positions[n];
            const BlockRow& of = blocks[at / kBlockFirms * stride + set.planes[i]];
            const std::uint64_t bit = of.words[at % kBlockFirms / 64] >> (at % 64) & 1;
            row.words[n / 64] |= bit << (n % 64);
        }
        memory_.planes[first + i] = row;
    }
}

/// The elements, or who is unknown, that the index has no row for.
void PolicyView::make_planes(std::uint32_t own) {
    const BoundSet& set = policy_.sets[own];
    const CodedSet& coded = policy_.program.sets[own];
    const std::int32_t today = base_.firms.as_of().days;
    for (std::size_t i = 0; i < chosen_.size; ++i) {
        const std::size_t word = chosen_.places[i] / 64;
        const std::uint64_t bit = std::uint64_t{1} << (chosen_.places[i] % 64);
        const auto elements =
            base_.firms[base_.index.row_at(chosen_.positions[i])].elements(coded.field);
        if (!elements) {
            memory_.planes[coded.first_plane + coded.elements.size()].words[word] |= bit;
            continue;
        }
        for (const SetElement& element : *elements)
            for (const BoundSet::Missing& missing : set.missing)
                if (missing.name == element.name && (missing.ever || element.until >= today))
                    memory_.planes[missing.plane].words[word] |= bit;
    }
}

} // namespace qice
