#include "match/policy_holders.hpp"

#include "base/large_pages.hpp"

#include <numeric>

namespace qice {

PolicyHolders::PolicyHolders(const MatchResult& result, Verdict status, std::uint32_t firms,
                             std::size_t policies)
    : begins_(policies + 1) {
    const auto for_each_push = [&](auto take) {
        for (std::uint32_t position = 0; position < firms; ++position)
            for (const Push& push : result.pushes_at(position, status))
                take(push.other, position);
    };
    for_each_push([&](std::uint32_t policy, std::uint32_t) { ++begins_[policy + 1]; });
    std::partial_sum(begins_.begin(), begins_.end(), begins_.begin());
    reserve_large(positions_, begins_.back(), begins_.back());
    positions_.resize(begins_.back());
    std::vector<std::size_t> next(begins_.begin(), begins_.end() - 1);
    for_each_push([&](std::uint32_t policy, std::uint32_t position) {
        positions_[next[policy]++] = position;
    });
}

} // namespace qice
