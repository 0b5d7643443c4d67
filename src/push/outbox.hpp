// The outbox: recorded pushes on their way to firms, taken in batches by any number of senders.
//
//   std::unique_ptr<Outbox> outbox = open_outbox("sqlite:qice.db").value();
//   outbox->claim({.token = token, .now = now, .until = now + 600, .most = 1000}, offers);
//   ... the sender sends ...
//   outbox->move(moves, now, outcomes);               // pending -> sent -> opened -> ...
//
// Each call is a transaction of its own, and is on the disk when it returns. Two senders are never
// given the same push; a claim that came to nothing ends at its time, and the push is given to the
// next who asks. Which moves there are is said by move_of(), for every store. Made for senders of
// any number beside each other, each with an Outbox of its own; one thread an Outbox.
#pragma once

#include "qice/base/date.hpp"
#include "qice/base/status.hpp"
#include "qice/rule/evaluate.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qice {

/// In the ledger by number.
enum class Delivery : std::uint8_t {
    pending, // recorded by a night, not yet with the firm
    sent,
    opened,
    dismissed, // the firm does not want it
    applied,   // the firm has applied for the policy
    accepted,
    returned,
    withdrawn, // it was no longer true before it was sent: the firm never saw it
};
inline constexpr int kDeliveryStates = 8;

std::string_view name_of(Delivery state);
std::optional<Delivery> delivery_named(std::string_view name);

/// Whether a push in one state may come into another. A sender may leave out states on the way
/// (sent, then applied); a push is never taken back from the firm, and never sent twice.
bool may_move(Delivery from, Delivery to);

/// A push that was claimed, and whether what it rests on is still as it was. Who has gone from the
/// store without a trace has no id.
struct Offer {
    std::int64_t push = 0, run = 0;
    Date as_of; // of its night
    std::int64_t firm = 0;
    std::int64_t firm_version = 0, firm_version_now = 0; // now: 0 where it has gone
    std::int64_t policy_version = 0, policy_version_now = 0;
    std::string firm_id, policy_id;
    std::int64_t edition = 1; // the policy's own version
    Verdict status = Verdict::eligible;
    std::uint32_t rank = 0;
    std::int64_t score = 0;              // millionths
    std::optional<std::int64_t> benefit; // 分
    std::string reason;
};

/// No claim holds longer. One that would end later than this from now was made by a clock that was
/// wrong, and has ended.
inline constexpr std::int64_t kMostLease = 1'000'000; // seconds

/// Times are seconds since 1970 by the wall clock, whatever the time zone.
struct Claim {
    std::string token; // who claims: not empty, another for each claim
    std::int64_t now = 0, until = 0;
    std::size_t most = 1000;
};

struct Move {
    std::int64_t push = 0;
    Delivery to = Delivery::sent;
    std::string claim; // where not empty: only if the push is still claimed so
};

enum class Moved : std::uint8_t {
    done,
    already,  // it was in that state
    unknown,  // there is no such push
    refused,  // no way leads there from the state it is in
    not_yours // another sender has claimed it since
};
struct Outcome {
    Moved moved = Moved::done;
    Delivery from = Delivery::pending;
};

class Outbox {
  public:
    virtual ~Outbox() = default;
    Outbox() = default;
    Outbox(const Outbox&) = delete;
    Outbox& operator=(const Outbox&) = delete;

    /// Claims the first so many pending pushes that nobody has claimed, or whose claim has ended,
    /// by number; appends them to `offers`.
    virtual Status claim(const Claim& claim, std::vector<Offer>& offers) = 0;
    /// One outcome a move, in order. What cannot be moved does not keep the others from it. A push
    /// that is withdrawn no longer counts as pushed: a later night may push it again.
    virtual Status move(std::span<const Move> moves, std::int64_t now,
                        std::vector<Outcome>& outcomes) = 0;
    /// How many pushes are in each state.
    virtual Result<std::array<std::int64_t, kDeliveryStates>> counts() = 0;
};

/// The outbox of a store that exists; see open_store().
Result<std::unique_ptr<Outbox>> open_outbox(const std::string& where);

/// What a move of a push that is in `from`, and claimed by `claim`, comes to.
Moved moved(const Move& move, Delivery from, std::string_view claim);

} // namespace qice
