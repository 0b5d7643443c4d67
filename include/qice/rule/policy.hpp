// A policy: its rule, life cycle, windows, tags and benefit. Plain data, read by rule/parse.hpp.
#pragma once

#include "qice/base/date.hpp"
#include "qice/rule/rule.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace qice {

/// Scores are exact whole numbers of millionths.
using Score = std::int64_t;
inline constexpr Score kScoreUnit = 1'000'000;

/// Whole days, both ends included; an absent end is open.
struct Period {
    std::optional<Date> from, to;

    bool contains(Date day) const { return (!from || *from <= day) && (!to || day <= *to); }
};

struct PolicyTag {
    std::string name;
    std::int64_t weight; // thousandths
};

struct Preference {
    Rule when;
    Score add;
    std::string text;
};

/// What a firm would get, in 分 (hundredths of 元): a fixed amount, or a rate of a field up to a
/// cap.
struct BenefitAmount {
    std::optional<std::int64_t> amount;
    std::optional<std::uint32_t> of; // a number field in 元 or a multiple
    std::int64_t rate = 0;           // x 10^kRatioDecimals
    std::optional<std::int64_t> cap;
};

struct BenefitTier {
    Rule when;
    BenefitAmount amount;
};

struct Benefit {
    std::string kind; // grant, tax, loan, title, ...
    std::string text;
    BenefitAmount amount; // used where there are no tiers
    std::vector<BenefitTier> tiers;
};

enum class Publication : std::uint8_t { published, draft, withdrawn };

struct Policy {
    std::string id;
    std::int64_t version = 1;
    std::string title, issuer, document, url, level;
    Publication publication = Publication::published;
    Period effective;
    std::vector<Period> windows;
    std::vector<std::string> supersedes;
    Rule rule;
    std::vector<PolicyTag> tags;
    Score priority = 0;
    std::vector<Preference> prefer;
    std::optional<Benefit> benefit;
    std::string exclusive_group;
    std::optional<std::int64_t> quota;
    Place place; // where its file has it
};

/// Why a policy is matched on a day, or not.
enum class LifeCycle : std::uint8_t { open, draft, withdrawn, not_in_force, superseded, closed };

std::string_view name_of(LifeCycle state);

/// The state of each policy of a set on a day.
std::vector<LifeCycle> life_cycles(std::span<const Policy> policies, Date as_of);

/// Urgency = weight x (days - days left) / days, rounded down; 0 outside the last `days` days.
struct Urgency {
    Score weight = 0;
    std::int64_t days = 0; // 0: no urgency

    Score of(const Policy& policy, Date as_of) const;
};

/// The last day of the windows open on a day (without windows: of being in force), if it has one
/// that is not past.
std::optional<Date> last_day(const Policy& policy, Date as_of);

/// Days around `day` on which, as on it, the policy is in force or not, open or not, and of the
/// same urgency; whether others supersede it is left aside.
Period unchanged_around(const Policy& policy, const Urgency& urgency, Date day);

} // namespace qice
