// The conditions of a program, firm by firm or as whole rows of bits over all firms.
#pragma once

#include "peer.hpp"

#include <algorithm>
#include <bit>

namespace qice::peer {

inline std::uint32_t code_at(const std::uint8_t* codes, std::uint8_t width, std::size_t i) {
    if (width == 1) return codes[i];
    if (width == 2) return reinterpret_cast<const std::uint16_t*>(codes)[i];
    return reinterpret_cast<const std::uint32_t*>(codes)[i];
}

inline std::uint32_t unknown_code(std::uint8_t width) {
    return width == 1 ? 0xff : width == 2 ? 0xffff : 0xffffffff;
}

inline std::uint32_t unknown_plane(const Program& program, std::uint32_t set) {
    return program.sets[set].first_plane +
           static_cast<std::uint32_t>(program.sets[set].elements.size());
}

/// `holds(plane)` says whether a firm has an element.
template <class Holds>
bool has_elements(const Program& program, const Literal& literal, Holds holds) {
    bool all_tests = true;
    for (std::uint32_t t = 0; t < literal.count && all_tests; ++t) {
        const ElementTest& test = program.element_tests[literal.first + t];
        bool any = false, all = true;
        for (std::uint32_t e = 0; e < test.count; ++e) {
            const bool has = holds(program.elements[test.first + e]);
            any |= has;
            all &= has;
        }
        all_tests = test.mode == ElementTest::Mode::any   ? any
                    : test.mode == ElementTest::Mode::all ? all
                                                          : !any;
    }
    return all_tests != literal.negated;
}

inline bool in_ranges(const Program& program, const Literal& literal, std::uint32_t code) {
    if (literal.bitmap != Literal::kNoBitmap) {
        if (code > program.ranges[literal.first + literal.count - 1].last) return false;
        return (program.bitmaps[literal.bitmap + code / 64] >> (code % 64) & 1) != 0;
    }
    for (std::uint32_t r = 0; r < literal.count; ++r) {
        const FieldCuts::Range& range = program.ranges[literal.first + r];
        if (range.first <= code && code <= range.last) return true;
    }
    return false;
}

/// Fills (certain, possible) of one literal over all firms, in the order of the firm index. `row`
/// has city.words() words.
inline void literal_rows(const City& city, const Literal& literal, std::uint64_t* certain,
                         std::uint64_t* possible) {
    const Program& program = city.program();
    const FirmIndex& index = city.firms.index;
    for (std::size_t block = 0; block < index.blocks(); ++block) {
        const BlockRow valid = index.valid(block);
        std::uint64_t inside[kBlockWords] = {}, unknown[kBlockWords] = {};
        if (literal.form == Literal::Form::ranges) {
            const std::uint8_t width = index.width(literal.slot);
            const std::uint8_t* codes = index.codes(literal.slot, block);
            for (std::size_t i = 0; i < kBlockFirms; ++i) {
                const std::uint32_t code = code_at(codes, width, i);
                inside[i / 64] |= std::uint64_t{in_ranges(program, literal, code)} << (i % 64);
                unknown[i / 64] |= std::uint64_t{code == unknown_code(width)} << (i % 64);
            }
        } else {
            const BlockRow* planes = index.planes(block);
            for (std::size_t w = 0; w < kBlockWords; ++w) {
                unknown[w] = planes[unknown_plane(program, literal.slot)].words[w];
                for (std::size_t i = 0; i < 64; ++i)
                    inside[w] |=
                        std::uint64_t{has_elements(program, literal,
                                                   [&](std::uint32_t plane) {
                                                       return (planes[plane].words[w] >> i & 1) !=
                                                              0;
                                                   })}
                        << i;
            }
        }
        for (std::size_t w = 0; w < kBlockWords; ++w) {
            std::uint64_t sure = inside[w] & ~unknown[w];
            if (literal.on_unknown == Truth::yes) sure |= unknown[w];
            const std::uint64_t may =
                literal.on_unknown == Truth::unknown ? sure | unknown[w] : sure;
            certain[block * kBlockWords + w] = sure & valid.words[w];
            possible[block * kBlockWords + w] = may & valid.words[w];
        }
    }
}

/// The least and most points of a scoring table for one firm. `truth(ref)` is (certain, possible).
template <class TruthOf>
std::pair<std::int64_t, std::int64_t> table_points(const Program& program, const GraphNode& node,
                                                   TruthOf truth, std::int64_t& manual) {
    std::int64_t least = 0, most = 0;
    manual = 0;
    for (std::uint32_t i = 0; i < node.count; ++i) {
        const GraphItem& item = program.items[node.first + i];
        if (item.count == 0) {
            manual += item.manual_points;
            continue;
        }
        std::int64_t low = INT64_MAX, high = INT64_MIN;
        bool open = true;
        for (std::uint32_t t = 0; t < item.count && open; ++t) {
            const GraphTier& tier = program.tiers[item.first + t];
            const auto [certain, possible] = truth(tier.when);
            if (possible) {
                low = std::min<std::int64_t>(low, tier.points);
                high = std::max<std::int64_t>(high, tier.points);
            }
            open = !certain;
        }
        if (open) {
            low = std::min<std::int64_t>(low, 0);
            high = std::max<std::int64_t>(high, 0);
        }
        least += low;
        most += high;
    }
    return {least, most};
}

} // namespace qice::peer
