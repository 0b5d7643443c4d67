#include "qice/index/tag_postings.hpp"

namespace qice {

TagPostings::TagPostings(const FirmTable& firms, const FirmIndex& index) {
    const auto field = firms.schema().tags();
    if (!field) return;
    places_.resize(std::size_t{firms.column(*field).dictionary.size()} + 1);
    for (std::size_t row = 0; row < firms.size(); ++row)
        for (const Tag& tag : firms[row].tags())
            if (tag.weight != 0) ++places_[tag.name + 1].first;
    for (std::size_t tag = 1; tag < places_.size(); ++tag)
        places_[tag].first += places_[tag - 1].first;
    positions_.resize(places_.back().first);
    weights_.resize(places_.back().first);
    std::vector<std::uint32_t> next(places_.size());
    for (std::size_t tag = 0; tag < places_.size(); ++tag)
        next[tag] = places_[tag].first;
    for (std::uint32_t position = 0; position < index.firms(); ++position) {
        for (const Tag& tag : firms[index.row_at(position)].tags()) {
            if (tag.weight == 0) continue;
            positions_[next[tag.name]] = position;
            weights_[next[tag.name]++] = static_cast<std::uint16_t>(tag.weight);
        }
    }
    set_begins(index.blocks());
}

void TagPostings::set_begins(std::size_t blocks) {
    for (std::size_t tag = 0; tag + 1 < places_.size(); ++tag) {
        Place& place = places_[tag];
        const std::uint32_t first = place.first, size = places_[tag + 1].first - first;
        place.begins = static_cast<std::uint32_t>(begins_.size());
        while (blocks >> place.shift > size)
            ++place.shift;
        std::uint32_t at = 0;
        for (std::size_t block = 0; block <= blocks; block += std::size_t{1} << place.shift) {
            while (at < size && positions_[first + at] < block * kBlockFirms)
                ++at;
            begins_.push_back(at);
        }
    }
}

TagPostings::List TagPostings::of(const FirmTable& firms, std::string_view tag) const {
    const auto field = firms.schema().tags();
    if (!field) return {};
    const auto number = firms.column(*field).dictionary.find(tag);
    if (!number) return {};
    const Place& place = places_[*number];
    return {std::span(positions_).subspan(place.first, places_[*number + 1].first - place.first),
            weights_.data() + place.first, begins_.data() + place.begins, place.shift};
}

std::size_t TagPostings::bytes() const {
    return positions_.size() * (sizeof(std::uint32_t) + sizeof(std::uint16_t)) +
           begins_.size() * sizeof(std::uint32_t) + places_.size() * sizeof(Place);
}

} // namespace qice
