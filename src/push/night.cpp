#include "push/night.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace qice {

FirmNight::FirmNight(std::span<const NightPolicy> policies, const NightLimits& limits)
    : policies_(policies), limits_(limits) {}

std::uint32_t FirmNight::room(std::span<const EarlierPush> earlier) const {
    const std::int64_t today = limits_.as_of.days;
    std::int64_t tonight = 0, lately = 0;
    for (const EarlierPush& push : earlier) {
        tonight += push.day == today;
        lately += limits_.in_days && push.day <= today && push.day > today - limits_.in_days->days;
    }
    std::int64_t room = std::int64_t{limits_.per_firm};
    if (limits_.per_firm != kNoLimit) room -= tonight;
    if (limits_.in_days) room = std::min(room, std::int64_t{limits_.in_days->pushes} - lately);
    return static_cast<std::uint32_t>(std::max<std::int64_t>(room, 0));
}

bool FirmNight::is_refused(const NightPolicy& policy, const FirmOptOut* opt_out) const {
    if (opt_out == nullptr) return false;
    return std::any_of(policy.tags.begin(), policy.tags.end(), [&](const std::string& tag) {
        return std::binary_search(opt_out->tags.begin(), opt_out->tags.end(), tag);
    });
}

bool FirmNight::is_known(std::uint32_t edition, Verdict status,
                         std::span<const EarlierPush> earlier) const {
    return std::any_of(earlier.begin(), earlier.end(), [&](const EarlierPush& push) {
        return push.edition == edition && push.status <= status;
    });
}

bool FirmNight::take_group(std::uint32_t group) {
    if (group == 0) return true;
    if (std::find(groups_.begin(), groups_.end(), group) != groups_.end()) return false;
    groups_.push_back(group);
    return true;
}

FirmNight::Walk FirmNight::walk(std::uint32_t firm, const FirmRanking& ranking,
                                std::span<const EarlierPush> earlier, const FirmOptOut* opt_out,
                                std::vector<NightPush>& out) {
    std::uint32_t room = this->room(earlier);
    has_all_ = false;
    if (room == 0 || (opt_out != nullptr && opt_out->everything)) return Walk::done;
    const std::size_t before = out.size();
    HeldBack held;
    groups_.clear();
    for (std::size_t s = 0; s < kStatuses; ++s) {
        const auto status = static_cast<Verdict>(s);
        if ((limits_.statuses >> s & 1) == 0) continue;
        const Pushes& pushes = ranking.pushes[s];
        for (std::size_t i = 0; i < pushes.size(); ++i) {
            const Push push = pushes[i];
            const NightPolicy& policy = policies_[push.other];
            std::int64_t* const reason = is_refused(policy, opt_out) ? &held.opted_out
                                         : !take_group(policy.group) ? &held.group
                                         : is_known(policy.edition, status, earlier)
                                             ? &held.pushed_before
                                             : nullptr;
            if (reason != nullptr) {
                ++*reason;
                continue;
            }
            out.push_back({.firm = firm,
                           .policy = push.other,
                           .status = status,
                           .rank = static_cast<std::uint32_t>(i + 1),
                           .score = push.score});
            if (--room > 0) continue;
            held_back_ += held;
            return Walk::done;
        }
        if (pushes.size() < ranking.top) continue;
        out.resize(before);
        return Walk::cut_short;
    }
    has_all_ = true;
    held_back_ += held;
    return Walk::done;
}

void apply_quotas(const QuotaInput& input, std::vector<NightPush>& pushes,
                  std::vector<std::uint32_t>* firms_cut) {
    std::map<std::uint32_t, std::vector<std::uint32_t>> by_policy; // places of pushes
    for (std::uint32_t i = 0; i < pushes.size(); ++i)
        if (input.policies[pushes[i].policy].quota) by_policy[pushes[i].policy].push_back(i);
    std::vector<bool> cut(pushes.size());
    const auto key = [&](std::uint32_t i) {
        const NightPush& push = pushes[i];
        return std::tuple(push.status, push.later, -push.score, input.id(push.firm));
    };
    for (auto& [policy, places] : by_policy) {
        const NightPolicy& of = input.policies[policy];
        std::sort(places.begin(), places.end(),
                  [&](std::uint32_t a, std::uint32_t b) { return key(a) < key(b); });
        std::int64_t left = *of.quota - input.firms_pushed[of.edition];
        for (const std::uint32_t place : places) {
            if (input.had(pushes[place].firm, of.edition)) continue;
            cut[place] = left <= 0;
            --left;
        }
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < pushes.size(); ++i)
        if (!cut[i])
            pushes[kept++] = pushes[i];
        else if (firms_cut != nullptr)
            firms_cut->push_back(pushes[i].firm);
    pushes.resize(kept);
}

} // namespace qice
