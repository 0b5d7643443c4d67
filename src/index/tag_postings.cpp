#include "qice/index/tag_postings.hpp"

#include "index/dictionary_order.hpp"

#include <algorithm>
#include <numeric>

namespace qice {

TagPostings::TagPostings(const FirmTable& firms, const FirmIndex& index) {
    const auto field = firms.schema().tags();
    if (!field) return;
    const Dictionary& names = firms.column(*field).dictionary;
    by_name_ = order_by_text(names);
    offsets_.assign(std::size_t{names.size()} + 1, 0);
    for (std::size_t row = 0; row < firms.size(); ++row)
        for (const Tag& tag : firms[row].tags())
            if (tag.weight != 0) ++offsets_[tag.name + 1];
    std::partial_sum(offsets_.begin(), offsets_.end(), offsets_.begin());
    positions_.resize(offsets_.back());
    weights_.resize(offsets_.back());
    std::vector<std::uint32_t> next(offsets_.begin(), offsets_.end() - 1);
    for (std::uint32_t position = 0; position < index.firms(); ++position) {
        for (const Tag& tag : firms[index.row_at(position)].tags()) {
            if (tag.weight == 0) continue;
            positions_[next[tag.name]] = position;
            weights_[next[tag.name]++] = static_cast<std::uint16_t>(tag.weight);
        }
    }
}

TagPostings::List TagPostings::of(const FirmTable& firms, std::string_view tag) const {
    const auto field = firms.schema().tags();
    if (!field) return {};
    const std::uint32_t number = look_up(firms.column(*field).dictionary, by_name_, tag);
    if (number == kNotInDictionary) return {};
    const std::uint32_t first = offsets_[number];
    return {std::span(positions_).subspan(first, offsets_[number + 1] - first),
            weights_.data() + first};
}

std::size_t TagPostings::bytes() const {
    return positions_.size() * (sizeof(std::uint32_t) + sizeof(std::uint16_t)) +
           (by_name_.size() + offsets_.size()) * sizeof(std::uint32_t);
}

} // namespace qice
