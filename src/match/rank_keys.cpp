#include "qice/match/rank_keys.hpp"

#include <algorithm>
#include <bit>
#include <numeric>
#include <stdexcept>

namespace qice {
namespace {

/// The integers whose bits are those of positive floating-point numbers that no setting of the
/// processor rounds to zero, of 32 and of 64 bits. These are ordered like their bits.
struct KeyRange {
    std::int64_t begin, end;
};
constexpr KeyRange kNarrow{std::int64_t{1} << 23, std::int64_t{255} << 23};
constexpr KeyRange kWide{std::int64_t{1} << 52, std::int64_t{2047} << 52};

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

/// The greatest number that all differences of scores are multiples of.
Score unit_of(const Program& program) {
    Score unit = 0;
    for (const CompiledPolicy& policy : program.policies) {
        unit = std::gcd(unit, policy.prior - program.policies[0].prior);
        for (std::uint32_t i = 0; i < policy.preferences; ++i)
            unit = std::gcd(unit, program.preferences[policy.first_preference + i].add);
        for (std::uint32_t i = 0; i < policy.tags; ++i) // times whole thousandths of the firm's
            unit = std::gcd(unit, Score{program.tags[policy.first_tag + i].weight});
    }
    return std::max<Score>(unit, 1);
}

} // namespace

RankKeys::RankKeys(const Program& program, std::span<const Policy> policies) {
    const std::vector<CompiledPolicy>& compiled = program.policies;
    if (compiled.empty()) return;
    std::vector<std::uint32_t> places(compiled.size());
    std::iota(places.begin(), places.end(), 0u);
    std::sort(places.begin(), places.end(), [&](std::uint32_t a, std::uint32_t b) {
        return policies[compiled[a].policy].id < policies[compiled[b].policy].id;
    });
    std::vector<std::uint32_t> by_id(compiled.size());
    for (std::uint32_t rank = 0; rank < places.size(); ++rank) {
        by_id[places[rank]] = rank;
        policy_by_id_.push_back(compiled[places[rank]].policy);
    }

    Span all = scores_of(program, compiled[0]);
    for (const CompiledPolicy& policy : compiled) {
        const Span span = scores_of(program, policy);
        all = {std::min(all.least, span.least), std::max(all.most, span.most)};
    }
    tie_bits_ = static_cast<int>(std::bit_width(compiled.size() - 1));
    unit_ = unit_of(program);
    const __int128 most = ((all.most - all.least) / unit_ + 1) << tie_bits_;
    __int128 ahead = 1;
    while (ahead < most)
        ahead *= 2;
    narrow_ = ahead + most <= kNarrow.end - kNarrow.begin;
    first_key_ = narrow_ ? kNarrow.begin : kWide.begin;
    if (ahead + most > kWide.end - kWide.begin)
        throw std::length_error("the scores of these policies lie too far apart to be ranked: "
                                "lower priorities, preferences or tag weights");
    ahead_ = static_cast<RankKey>(ahead);
    least_ = static_cast<Score>(all.least);

    const RankKey last = compiled.size() - 1;
    for (std::uint32_t place = 0; place < compiled.size(); ++place) {
        const CompiledPolicy& policy = compiled[place];
        first_variant_.push_back(static_cast<std::uint32_t>(variants_.size()));
        for (std::uint32_t subset = 0; subset < variants_of(policy); ++subset) {
            Score score = policy.prior;
            for (std::uint32_t i = 0; i < policy.preferences; ++i)
                if ((subset >> i & 1) != 0)
                    score += program.preferences[policy.first_preference + i].add;
            const auto above = static_cast<RankKey>(score) - static_cast<RankKey>(least_);
            const RankKey units_above = above / static_cast<RankKey>(unit_);
            variants_.push_back(
                {first_key_ + (units_above << tie_bits_) + (last - by_id[place]), 0});
        }
    }
    std::vector<std::uint32_t> order(variants_.size());
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
        return variants_[a].key != variants_[b].key ? variants_[a].key > variants_[b].key : a < b;
    });
    for (std::uint32_t i = 0; i < order.size(); ++i) {
        variants_[order[i]].order = i;
        keys_.push_back(variants_[order[i]].key);
    }
}

} // namespace qice
