#include "match/policy_holders.hpp"

#include "base/large_pages.hpp"

#include <numeric>

namespace qice {

PolicyHolders::PolicyHolders(std::span<const std::uint32_t> told, std::span<const std::size_t> ends,
                             std::size_t policies)
    : begins_(policies + 2) {
    for (const std::uint32_t policy : told)
        ++begins_[policy + 2];
    std::partial_sum(begins_.begin(), begins_.end(), begins_.begin());
    reserve_large(positions_, told.size(), told.size());
    positions_.resize(told.size());
    std::size_t at = 0;
    for (std::uint32_t position = 0; position < ends.size(); ++position)
        for (; at < ends[position]; ++at) // the next one's begin moves on to where this one's ends
            positions_[begins_[told[at] + 1]++] = position;
}

} // namespace qice
