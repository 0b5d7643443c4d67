#include "match/short_keys.hpp"

#include <algorithm>
#include <bit>

namespace qice {

bool ShortKeys::make(std::span<const RankKey> keys, std::size_t policies, std::size_t size) {
    if (keys.empty()) return false;
    form_ = {nullptr,
             std::min(static_cast<int>(std::bit_width(policies - 1)), rank_keys_.tie_bits()),
             rank_keys_.least_units(keys.back())};
    if (!rank_keys_.can_be_short(keys.front(), form_, most_)) return false;
    if (form_.bits >= failed_bits_ && blocks_to_wait_ > 0) {
        --blocks_to_wait_;
        return false;
    }
    keys_.assign(size, 0);
    if (form_.bits == rank_keys_.tie_bits()) { // numbers would be no shorter
        ties_.clear();
        form_.ties = rank_keys_.all_ties();
        const RankKey less =
            keys[0] - rank_keys_.shortened(keys[0], rank_keys_.tie(keys[0]), form_);
        for (std::size_t e = 0; e < keys.size(); ++e)
            keys_[e] = static_cast<std::uint32_t>(keys[e] - less);
        return true;
    }
    number_ties(keys);
    for (std::size_t e = 0; e < keys.size(); ++e)
        keys_[e] = rank_keys_.shortened(keys[e], number_of_[rank_keys_.tie(keys[e])], form_);
    return true;
}

void ShortKeys::number_ties(std::span<const RankKey> keys) {
    for (const RankKey key : keys) {
        const std::uint32_t tie = rank_keys_.tie(key);
        present_[tie / 64] |= std::uint64_t{1} << (tie % 64);
    }
    ties_.clear();
    for_each_bit(present_.data(), present_.size(), [&](std::size_t tie) {
        number_of_[tie] = static_cast<std::uint32_t>(ties_.size());
        ties_.push_back(static_cast<std::uint32_t>(tie));
    });
    std::fill(present_.begin(), present_.end(), 0);
}

void ShortKeys::failed() {
    failed_bits_ = form_.bits;
    blocks_to_wait_ = kBlocksToWait;
}

std::size_t ShortKeys::bytes_of_form() const {
    return (ties_.size() * sizeof(std::uint32_t) + sizeof(RankKey) - 1) / sizeof(RankKey) *
           sizeof(RankKey);
}

ShortForm ShortKeys::write_form(std::byte* out) const {
    if (form_.ties != nullptr) return form_;
    auto* const ties = reinterpret_cast<std::uint32_t*>(out);
    std::copy(ties_.begin(), ties_.end(), ties);
    return {ties, form_.bits, form_.least};
}

} // namespace qice
