// What a sender gets: claimed pushes that are still true.
//
//   const HandoverOptions options{.as_of = day, .claim = {token, now, now + 600, 1000}};
//   QICE_ASSIGN_OR_RETURN(Handover handover, claim_true_pushes(store, outbox, options));
//   for (const HandedOver& push : handover.pushes) ... push.offer.firm_id, push.title ...
//
// A push that was recorded last night may be untrue by now: its window has closed, the firm's
// figures or the policy have changed, the firm has opted out. Such a push is withdrawn before it is
// sent; a later night pushes it again when it is true again. Costs a call: the schema, the policies
// of the batch and those that supersede one of them, parsed; the texts of all that supersede any;
// and a verdict for each push whose firm, policy or day is not that of its night any more.
#pragma once

#include "push/import.hpp"
#include "push/outbox.hpp"
#include "push/store.hpp"

#include <string>
#include <vector>

namespace qice {

struct HandoverOptions {
    Date as_of; // pushes are judged as of this day
    Claim claim;
    PolicyLimits limits;
};

/// A push to send, and what a message says of its policy.
struct HandedOver {
    Offer offer;
    std::string title, url;
};

struct Handover {
    std::vector<HandedOver> pushes;
    std::size_t withdrawn = 0;
};

/// Claims until there are `most` pushes that are true on the day, or no more pending ones.
Result<Handover> claim_true_pushes(Store& store, Outbox& outbox, const HandoverOptions& options);

} // namespace qice
