#include "qice/index/id_order.hpp"

#include "base/digit_sort.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace qice {
namespace {

/// Ids as numbers that are ordered like them as far as 64 bits reach. A place takes as many bits as
/// it has different bytes, so that all of a credit code mostly fits.
class LeadingPart {
  public:
    explicit LeadingPart(const FirmTable& firms) {
        std::array<std::array<bool, kCodes>, kMostPlaces> seen{};
        for (std::size_t row = 0; row < firms.size(); ++row) {
            const std::string_view id = firms.id(row);
            const std::size_t length = std::min(id.size(), kMostPlaces);
            for (std::size_t place = 0; place < length; ++place)
                seen[place][1 + static_cast<unsigned char>(id[place])] = true;
            if (length < kMostPlaces) seen[length][kEnd] = true;
        }
        bool some_ended = false;
        int used = 0;
        for (const auto& of_place : seen) {
            Place place;
            std::uint16_t next = 0;
            some_ended = some_ended || of_place[kEnd];
            for (std::size_t code = 0; code < kCodes; ++code)
                if (of_place[code] || (code == kEnd && some_ended)) place.number[code] = next++;
            place.bits = next == 0 ? 0 : static_cast<int>(std::bit_width(next - 1u));
            if (used + place.bits > 64) break;
            used += place.bits;
            places_.push_back(place);
        }
    }

    std::uint64_t operator()(std::string_view id) const {
        std::uint64_t number = 0;
        for (std::size_t i = 0; i < places_.size(); ++i) {
            const std::size_t code = i < id.size() ? 1u + static_cast<unsigned char>(id[i]) : kEnd;
            number = number << places_[i].bits | places_[i].number[code];
        }
        return number;
    }

  private:
    static constexpr std::size_t kMostPlaces = 32, kEnd = 0, kCodes = 257; // the end, or 1 + byte
    struct Place {
        int bits = 0;
        std::array<std::uint16_t, kCodes> number{}; // of each code that occurs, ascending
    };
    std::vector<Place> places_;
};

} // namespace

IdOrder::IdOrder(const FirmTable& firms, const FirmIndex& index)
    : ranks_(index.blocks() * kBlockFirms, UINT32_MAX), rows_(firms.size()) {
    struct Keyed {
        std::uint64_t leading;
        std::uint32_t row;
    };
    const LeadingPart leading_part(firms);
    std::vector<Keyed> keyed(firms.size()), spare;
    for (std::uint32_t row = 0; row < keyed.size(); ++row)
        keyed[row] = {leading_part(firms.id(row)), row};
    sort_by_digits(keyed, spare, [](const Keyed& firm) { return firm.leading; });
    for (auto begin = keyed.begin(); begin != keyed.end();) { // where that does not tell them apart
        const auto end = std::find_if(
            begin, keyed.end(), [&](const Keyed& firm) { return firm.leading != begin->leading; });
        if (end - begin > 1)
            std::sort(begin, end, [&](const Keyed& a, const Keyed& b) {
                return firms.id(a.row) < firms.id(b.row);
            });
        begin = end;
    }
    for (std::uint32_t rank = 0; rank < keyed.size(); ++rank) {
        rows_[rank] = keyed[rank].row;
        ranks_[(*index.positions())[keyed[rank].row]] = rank;
    }
}

} // namespace qice
