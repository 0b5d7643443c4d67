#include "match/rank.hpp"

#include <algorithm>
#include <bit>

namespace qice {

BlockRanker::BlockRanker(const Program& program, const TagMatrix& tags,
                         const std::vector<std::uint32_t>& id_rank)
    : program_(program), tags_(tags), id_rank_(id_rank), weights_(program.tag_names.size()) {}

void BlockRanker::load_tags(std::size_t position) {
    for (TagMatrix::InnerIterator tag(tags_, static_cast<std::int64_t>(position)); tag; ++tag)
        weights_[static_cast<std::size_t>(tag.col())] = tag.value();
}

void BlockRanker::drop_tags(std::size_t position) {
    for (TagMatrix::InnerIterator tag(tags_, static_cast<std::int64_t>(position)); tag; ++tag)
        weights_[static_cast<std::size_t>(tag.col())] = 0;
}

Score BlockRanker::score(std::uint32_t place, std::size_t bit,
                         const PreferenceRows& preference_rows) const {
    const CompiledPolicy& policy = program_.policies[place];
    Score score = policy.prior;
    for (std::uint32_t i = 0; i < policy.tags; ++i) {
        const CompiledTag& tag = program_.tags[policy.first_tag + i];
        score += std::int64_t{tag.weight} * weights_[tag.tag]; // thousandths squared: millionths
    }
    for (std::uint32_t i = 0; i < policy.preferences; ++i) {
        const BlockRow* row = preference_rows(policy.first_preference + i);
        if ((row->words[bit / 64] >> (bit % 64) & 1) != 0)
            score += program_.preferences[policy.first_preference + i].add;
    }
    return score;
}

/// Which matches carry each tag, and which have preferences.
void BlockRanker::mark_scored(const BlockMatches& matches, std::size_t words) {
    words_ = words;
    with_tag_.assign(program_.tag_names.size() * words, 0);
    with_preference_.assign(words, 0);
    for (std::size_t m = 0; m < matches.size; ++m) {
        const CompiledPolicy& policy = program_.policies[matches.policies[m]];
        const std::uint64_t bit = std::uint64_t{1} << (m % 64);
        for (std::uint32_t i = 0; i < policy.tags; ++i)
            with_tag_[program_.tags[policy.first_tag + i].tag * words + m / 64] |= bit;
        if (policy.preferences != 0) with_preference_[m / 64] |= bit;
    }
}

void BlockRanker::rank(const BlockMatches& matches, std::size_t first_position, std::size_t firms,
                       std::uint32_t top, const PreferenceRows& preference_rows,
                       std::vector<std::uint32_t>& taken, std::vector<std::vector<Push>>& out) {
    if (matches.size == 0) return;
    const std::size_t words = words_for(matches.size);
    bits_.resize(kBlockFirms * words);
    kernels().transpose(matches.firms.data(), matches.size, bits_.data(), words);
    mark_scored(matches, words);
    for (std::size_t bit = 0; bit < firms; ++bit) {
        if (taken[bit] >= top) continue;
        std::vector<Push>& firm_out = out[bit];
        const std::size_t before = firm_out.size();
        rank_firm(bits_.data() + bit * words, matches, first_position + bit, bit, top - taken[bit],
                  preference_rows, firm_out);
        taken[bit] += static_cast<std::uint32_t>(firm_out.size() - before);
    }
}

void BlockRanker::rank_firm(const std::uint64_t* pairs, const BlockMatches& matches,
                            std::size_t position, std::size_t bit, std::uint32_t top,
                            const PreferenceRows& preference_rows, std::vector<Push>& out) {
    // Pairs whose score may differ from the policy's prior.
    scored_row_ = with_preference_;
    for (TagMatrix::InnerIterator tag(tags_, static_cast<std::int64_t>(position)); tag; ++tag) {
        const std::uint64_t* row = with_tag_.data() + static_cast<std::size_t>(tag.col()) * words_;
        for (std::size_t w = 0; w < words_; ++w)
            scored_row_[w] |= row[w];
    }
    load_tags(position);
    scored_.clear();
    for (std::size_t w = 0; w < words_; ++w) {
        for (std::uint64_t b = pairs[w] & scored_row_[w]; b != 0; b &= b - 1) {
            const std::uint32_t place =
                matches.policies[w * 64 + static_cast<std::size_t>(std::countr_zero(b))];
            scored_.push_back({place, score(place, bit, preference_rows)});
        }
    }
    drop_tags(position);
    const auto by_rank = [this](const Push& a, const Push& b) { return before(a, b); };
    if (scored_.size() > top) {
        std::nth_element(scored_.begin(), scored_.begin() + top, scored_.end(), by_rank);
        scored_.resize(top);
    }
    std::sort(scored_.begin(), scored_.end(), by_rank);

    // Merge with the pairs that keep the prior order.
    std::size_t next_scored = 0;
    std::uint32_t left = top;
    for (std::size_t w = 0; w < words_ && left > 0; ++w) {
        for (std::uint64_t b = pairs[w] & ~scored_row_[w]; b != 0 && left > 0; b &= b - 1) {
            const std::uint32_t place =
                matches.policies[w * 64 + static_cast<std::size_t>(std::countr_zero(b))];
            const Push plain{place, program_.policies[place].prior};
            while (left > 0 && next_scored < scored_.size() &&
                   before(scored_[next_scored], plain)) {
                out.push_back(scored_[next_scored++]);
                --left;
            }
            if (left == 0) break;
            out.push_back(plain);
            --left;
        }
    }
    for (; left > 0 && next_scored < scored_.size(); --left)
        out.push_back(scored_[next_scored++]);
}

} // namespace qice
