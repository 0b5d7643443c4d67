#include "match/standing_layer.hpp"

#include "base/in_threads.hpp"
#include "base/large_pages.hpp"

namespace qice {

void StandingLayer::make_lists(std::uint32_t keep, const StandingPolicies& policies,
                               unsigned threads) {
    const auto size = static_cast<std::uint32_t>(table.size());
    share_out(threads, kStandingStatuses, [&](std::size_t s) {
        const auto status = static_cast<Verdict>(s);
        lists[s].resize(size);
        std::vector<Score> cuts(size);
        Array<std::uint32_t> told; // the policies of all positions, for the holders
        const std::size_t pushes = result.total(status);
        reserve_large(told, pushes, pushes);
        told.resize(pushes);
        std::size_t told_so_far = 0;
        std::vector<std::size_t> ends(size);
        for (std::uint32_t position = 0; position < size; ++position) {
            StandingList& list = lists[s][position];
            const Pushes said = result.pushes_at(position, status);
            std::uint32_t kept = 0;
            for (std::size_t i = 0; i < said.size(); ++i) {
                const std::uint32_t policy = said[i].other;
                told[told_so_far++] = policy;
                kept += policies.alive(policy) ? 1 : 0;
            }
            list.kept = kept;
            ends[position] = told_so_far;
            if (said.size() == keep) {
                const Push last = said[said.size() - 1];
                list.cut = last.score;
                list.cut_slot = last.other;
            }
            cuts[position] = list.cut;
        }
        floors[s] = ScoreFloors(cuts);
        holders[s] = PolicyHolders(told, ends, policies.first_count());
    });
}

} // namespace qice
