// Firms of a block cut up by what preferences add to their score.
#pragma once

#include "qice/base/bits.hpp"
#include "qice/index/program.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace qice {

struct Piece {
    BlockRow firms;
    Score added;
};

/// Cuts what is there, one piece mostly, into one for each score that the preferences of a policy
/// leave; none is empty. where(ref): the firms of the block for which a condition is certain.
template <class Where>
void cut_up(std::vector<Piece>& pieces, const Program& program, const CompiledPolicy& policy,
            const Where& where) {
    for (std::uint32_t p = 0; p < policy.preferences; ++p) {
        const CompiledPreference& preference = program.preferences[policy.first_preference + p];
        const BlockRow when = where(preference.when);
        const std::size_t count = pieces.size();
        for (std::size_t i = 0; i < count; ++i) {
            BlockRow with, without;
            std::uint64_t any_with = 0, any_without = 0;
            for (std::size_t w = 0; w < kBlockWords; ++w) {
                any_with |= with.words[w] = pieces[i].firms.words[w] & when.words[w];
                any_without |= without.words[w] = pieces[i].firms.words[w] & ~when.words[w];
            }
            if (any_with == 0) continue;
            const Score added = pieces[i].added + preference.add;
            if (any_without != 0) pieces.push_back({without, pieces[i].added});
            pieces[i] = {with, added};
        }
    }
}

} // namespace qice
