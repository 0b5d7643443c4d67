#include "qice/match/rank_keys.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace qice {
namespace {

struct Span {
    __int128 least = 0, most = 0;
    void add(__int128 value) { (value < 0 ? least : most) += value; }
};

/// All scores that a policy can have, firm's weights being 0 to 1.
Span scores_of(const Program& program, const CompiledPolicy& policy) {
    Span span{policy.prior, policy.prior};
    for (std::uint32_t i = 0; i < policy.preferences; ++i)
        span.add(program.preferences[policy.first_preference + i].add);
    for (std::uint32_t i = 0; i < policy.tags; ++i)
        span.add(__int128{program.tags[policy.first_tag + i].weight} * 1000);
    return span;
}

/// The greatest number that all that is ever added to a score is a multiple of; 0 if nothing is.
Score unit_of(const Program& program) {
    Score unit = 0;
    for (const CompiledPolicy& policy : program.policies) {
        for (std::uint32_t i = 0; i < policy.preferences; ++i)
            unit = std::gcd(unit, program.preferences[policy.first_preference + i].add);
        for (std::uint32_t i = 0; i < policy.tags; ++i) // times whole thousandths of the firm's
            unit = std::gcd(unit, Score{program.tags[policy.first_tag + i].weight});
    }
    return unit;
}

} // namespace

RankKeys::RankKeys(const Program& program, std::span<const Policy> policies) {
    const std::vector<CompiledPolicy>& compiled = program.policies;
    if (compiled.empty()) return;
    Span all = scores_of(program, compiled[0]);
    for (const CompiledPolicy& policy : compiled) {
        const Span span = scores_of(program, policy);
        all = {std::min(all.least, span.least), std::max(all.most, span.most)};
    }
    const __int128 span = all.most - all.least;
    const Score unit = unit_of(program); // 0: no score is ever raised
    tie_bits_ = static_cast<int>(std::bit_width(compiled.size() - 1));
    const __int128 end = (unit == 0 ? 1 : span / unit + 1) << tie_bits_;
    __int128 ahead = 1;
    while (ahead < end)
        ahead *= 2;
    if (ahead + end > kRange || span >= std::numeric_limits<Score>::max())
        throw std::length_error("the scores of these policies lie too far apart to be ranked: "
                                "lower priorities, preferences or tag weights");
    unit_ = unit == 0 ? static_cast<Score>(span) + 1 : unit;
    ahead_ = static_cast<RankKey>(ahead);
    take_bounds(program);

    // Ties: less beyond whole units is lower, then a greater id.
    const auto least = static_cast<Score>(all.least);
    std::vector<Tie> tie_of; // by place
    for (const CompiledPolicy& policy : compiled)
        tie_of.push_back({least + (policy.prior - least) % unit_, policy.policy});
    std::vector<std::uint32_t> order(compiled.size());
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
        if (tie_of[a].least != tie_of[b].least) return tie_of[a].least < tie_of[b].least;
        return policies[tie_of[a].policy].id > policies[tie_of[b].policy].id;
    });
    std::vector<std::uint32_t> tie_at(compiled.size());
    for (const std::uint32_t place : order) {
        tie_at[place] = static_cast<std::uint32_t>(ties_.size());
        all_ties_.push_back(tie_at[place]);
        ties_.push_back(tie_of[place]);
    }

    for (std::uint32_t place = 0; place < compiled.size(); ++place) {
        const CompiledPolicy& policy = compiled[place];
        first_variant_.push_back(static_cast<std::uint32_t>(variants_.size()));
        for (std::uint32_t subset = 0; subset < variants_of(policy); ++subset) {
            Score score = policy.prior;
            for (std::uint32_t i = 0; subset >> i != 0; ++i)
                if ((subset >> i & 1) != 0)
                    score += program.preferences[policy.first_preference + i].add;
            const auto units = static_cast<RankKey>((score - least) / unit_);
            variants_.push_back({kFirst + (units << tie_bits_) + tie_at[place], 0});
        }
    }
    order.resize(variants_.size());
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
        return variants_[a].key != variants_[b].key ? variants_[a].key > variants_[b].key : a < b;
    });
    for (std::uint32_t i = 0; i < order.size(); ++i) {
        variants_[order[i]].order = i;
        keys_.push_back(variants_[order[i]].key);
    }
}

/// What tags can do to keys; the weights of a tag that a policy has several times are added.
void RankKeys::take_bounds(const Program& program) {
    std::vector<Score> of_tag(program.tag_names.size());
    for (const CompiledPolicy& policy : program.policies) {
        const auto tags = std::span(program.tags).subspan(policy.first_tag, policy.tags);
        for (const CompiledTag& tag : tags)
            of_tag[tag.tag] += Score{tag.weight} / unit_ * 1000;
        RankKey lowered = 0;
        for (const CompiledTag& tag : tags) {
            const Score units = std::exchange(of_tag[tag.tag], 0);
            if (units < 0) lowered += static_cast<RankKey>(-units);
            most_raised_ = std::max(most_raised_, static_cast<RankKey>(std::abs(units)));
        }
        most_lowered_ = std::max(most_lowered_, lowered);
    }
}

} // namespace qice
