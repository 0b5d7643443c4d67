#include "qice/index/id_order.hpp"

#include <algorithm>

namespace qice {
namespace {

/// The eight bytes from `start` on as a number that compares like them; what is missing is zero.
std::uint64_t leading_bytes(std::string_view id, std::size_t start) {
    std::uint64_t bytes = 0;
    for (std::size_t i = start; i < start + 8; ++i)
        bytes = bytes << 8 | (i < id.size() ? static_cast<unsigned char>(id[i]) : 0u);
    return bytes;
}

std::size_t common_prefix(const FirmTable& firms) {
    if (firms.size() == 0) return 0;
    std::size_t length = firms.id(0).size();
    for (std::size_t row = 1; row < firms.size(); ++row) {
        const std::string_view id = firms.id(row);
        length = std::min(length, id.size());
        while (firms.id(0).substr(0, length) != id.substr(0, length))
            --length;
    }
    return length;
}

} // namespace

IdOrder::IdOrder(const FirmTable& firms, const FirmIndex& index)
    : ranks_(index.blocks() * kBlockFirms, UINT32_MAX), rows_(firms.size()) {
    struct Keyed {
        std::uint64_t leading;
        std::uint32_t row;
    };
    const std::size_t prefix = common_prefix(firms);
    std::vector<Keyed> keyed(firms.size());
    for (std::uint32_t row = 0; row < keyed.size(); ++row)
        keyed[row] = {leading_bytes(firms.id(row), prefix), row};
    std::sort(keyed.begin(), keyed.end(), [&](const Keyed& a, const Keyed& b) {
        return a.leading != b.leading ? a.leading < b.leading : firms.id(a.row) < firms.id(b.row);
    });
    for (std::uint32_t rank = 0; rank < keyed.size(); ++rank) {
        rows_[rank] = keyed[rank].row;
        ranks_[(*index.positions())[keyed[rank].row]] = rank;
    }
}

} // namespace qice
