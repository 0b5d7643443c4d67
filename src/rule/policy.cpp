#include "qice/rule/policy.hpp"

#include "base/string_map.hpp"

#include <algorithm>

namespace qice {

std::string_view name_of(LifeCycle state) {
    constexpr std::string_view kNames[] = {"open",         "draft",      "withdrawn",
                                           "not_in_force", "superseded", "closed"};
    return kNames[static_cast<std::size_t>(state)];
}

std::vector<LifeCycle> life_cycles(std::span<const Policy> policies, Date as_of) {
    ViewSet superseded;
    for (const Policy& policy : policies) {
        const bool in_time = !policy.effective.from || *policy.effective.from <= as_of;
        if (policy.publication == Publication::published && in_time)
            for (const std::string& id : policy.supersedes)
                superseded.insert(id);
    }
    const auto state_of = [&](const Policy& policy) {
        if (policy.publication == Publication::draft) return LifeCycle::draft;
        if (policy.publication == Publication::withdrawn) return LifeCycle::withdrawn;
        if (!policy.effective.contains(as_of)) return LifeCycle::not_in_force;
        if (superseded.contains(policy.id)) return LifeCycle::superseded;
        const bool open = policy.windows.empty() ||
                          std::any_of(policy.windows.begin(), policy.windows.end(),
                                      [&](const Period& window) { return window.contains(as_of); });
        return open ? LifeCycle::open : LifeCycle::closed;
    };
    std::vector<LifeCycle> states;
    states.reserve(policies.size());
    for (const Policy& policy : policies)
        states.push_back(state_of(policy));
    return states;
}

std::optional<Date> last_day(const Policy& policy, Date as_of) {
    if (policy.windows.empty()) {
        const auto& end = policy.effective.to;
        return end && *end >= as_of ? end : std::nullopt;
    }
    std::optional<Date> last;
    for (const Period& window : policy.windows) {
        if (!window.contains(as_of)) continue;
        if (!window.to) return {};
        last = last ? std::max(*last, *window.to) : *window.to;
    }
    return last;
}

Score Urgency::of(const Policy& policy, Date as_of) const {
    if (days <= 0) return 0;
    const auto last = last_day(policy, as_of);
    if (!last) return 0;
    const std::int64_t left = last->days - as_of.days;
    if (left > days) return 0;
    const __int128 product = static_cast<__int128>(weight) * (days - left);
    const __int128 quotient = product / days;
    const bool below = product < 0 && quotient * days != product;
    return static_cast<Score>(below ? quotient - 1 : quotient);
}

Period unchanged_around(const Policy& policy, const Urgency& urgency, Date day) {
    Period around;
    const auto something_begins = [&](Date on) {
        if (on <= day)
            around.from = std::max(around.from.value_or(on), on);
        else
            around.to = std::min(around.to.value_or(Date{on.days - 1}), Date{on.days - 1});
    };
    const auto add = [&](const Period& period) {
        if (period.from) something_begins(*period.from);
        if (period.to) something_begins({period.to->days + 1});
    };
    add(policy.effective);
    for (const Period& window : policy.windows)
        add(window);
    if (const auto last = last_day(policy, day); last && urgency.days > 0) {
        if (last->days - day.days < urgency.days) return {day, day}; // it grows day by day
        something_begins({static_cast<std::int32_t>(last->days - urgency.days + 1)});
    }
    return around;
}

} // namespace qice
