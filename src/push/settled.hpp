// Firms that have been told all there is: nothing to match for them until something changes.
//
// A firm is settled by a night when all its pairs were looked at, its limits left room, and no
// quota cut any: what is left of it was pushed. It stays so as long as its values, opt-outs, taste
// and pushes are the same (the fingerprint), no value of it changes with the day (until), and no
// policy that could reach it comes, changes, or leaves its group to another (stirring()). Then a
// night that skips it comes to the same as one that does not. Kept as a memo of the store; without
// it, or when it does not fit, everything is matched. 20 bytes a settled firm.
#pragma once

#include "push/learn.hpp"
#include "push/night.hpp"
#include "qice/model/firm.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qice {

struct SettledFirm {
    std::int64_t firm = 0;
    std::uint64_t fingerprint = 0;
    std::int32_t until = 0; // from this day on it must be looked at again

    bool operator==(const SettledFirm&) const = default;
};

struct OpenPolicy {
    std::int64_t version = 0;
    std::uint64_t group = 0; // a number for its name; 0: none
};

/// As of one night.
struct Settled {
    Digest world{}; // of what must be the same for all: schema, program, options
    Date day;
    std::vector<OpenPolicy> open;   // by version, ascending
    std::vector<SettledFirm> firms; // by number, ascending

    std::string to_memo() const;
    static std::optional<Settled> from_memo(std::string_view memo);
    /// Is this firm settled on a day, if it has this fingerprint?
    const SettledFirm* find(std::int64_t firm, std::uint64_t fingerprint, Date day) const;
};

/// Of all that decides about a firm beside the policies and the day. The order of pushes is none.
std::uint64_t fingerprint_of(std::int64_t version, const FirmOptOut* opt_out, const Taste* taste,
                             std::span<const EarlierPush> earlier,
                             std::span<const EarlierPush> tonight);
std::uint64_t group_number(std::string_view name);

/// The first day after the table's on which a value of the firm changes by itself; INT32_MAX: none.
std::int32_t quiet_until(const FirmView& firm);

/// Which of tonight's open policies can give a firm something that was settled when those of `then`
/// were open: by place in `now`.
std::vector<std::uint32_t> stirring(std::span<const OpenPolicy> then,
                                    std::span<const OpenPolicy> now);

} // namespace qice
