#include "push/outbox.hpp"

#include <algorithm>

namespace qice {
namespace {

constexpr std::array<std::string_view, kDeliveryStates> kNames{
    "pending", "sent", "opened", "dismissed", "applied", "accepted", "returned", "withdrawn"};

constexpr unsigned bit(Delivery state) { return 1u << static_cast<unsigned>(state); }

/// By state: where it may go.
constexpr std::array<unsigned, kDeliveryStates> kWays{
    bit(Delivery::sent) | bit(Delivery::withdrawn),                            // pending
    bit(Delivery::opened) | bit(Delivery::dismissed) | bit(Delivery::applied), // sent
    bit(Delivery::dismissed) | bit(Delivery::applied),                         // opened
    bit(Delivery::applied),                                                    // dismissed
    bit(Delivery::accepted) | bit(Delivery::returned),                         // applied
    0,                                                                         // accepted
    bit(Delivery::applied),                                                    // returned
    0,                                                                         // withdrawn
};

} // namespace

std::string_view name_of(Delivery state) { return kNames[static_cast<std::size_t>(state)]; }

std::optional<Delivery> delivery_named(std::string_view name) {
    const auto* found = std::find(kNames.begin(), kNames.end(), name);
    if (found == kNames.end()) return std::nullopt;
    return static_cast<Delivery>(found - kNames.begin());
}

bool may_move(Delivery from, Delivery to) {
    return (kWays[static_cast<std::size_t>(from)] & bit(to)) != 0;
}

Moved moved(const Move& move, Delivery from, std::string_view claim) {
    // Who was too slow is told, also where the other has sent it meanwhile: it was sent twice.
    const bool is_sending = move.to == Delivery::sent && from <= Delivery::sent;
    if (is_sending && !move.claim.empty() && move.claim != claim) return Moved::not_yours;
    if (from == move.to) return Moved::already;
    return may_move(from, move.to) ? Moved::done : Moved::refused;
}

} // namespace qice
