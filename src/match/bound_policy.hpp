// A policy compiled by itself and tied to the codes of an index that was built for other policies.
//
// A boundary of the policy that is a cut of the index, or lies where no code needs to be divided,
// costs nothing: its conditions become ranges of the index's own codes. A boundary inside an
// interval leaves the firms of that one interval open, and only they are asked for their values.
#pragma once

#include "kernels/kernels.hpp"
#include "qice/index/block_presence.hpp"
#include "qice/match/policy_query.hpp"

#include <cstdint>
#include <vector>

namespace qice {

/// Where the cuts of a policy fall among those of an index.
struct CutBinding {
    static constexpr std::uint32_t kUnknown = UINT32_MAX, kAsk = UINT32_MAX - 1;

    struct Place {
        std::uint32_t code; // of the index: the last one that begins before the cut
        bool inside;        // the cut divides it; else it is the end of it
    };
    std::vector<Place> places; // of each own cut
    bool asks = false;         // is any inside?

    CutBinding() = default;
    CutBinding(const FieldCuts& own, const FieldCuts& base);

    /// The codes of the index that lie wholly inside a range of own codes; empty if last < first.
    struct Settled {
        std::int64_t first, last;
    };
    Settled settled(const FieldCuts::Range& own, std::uint32_t base_codes) const;
    /// Of each code of the index, the own code of all its values, or kAsk; kUnknown for unknown.
    std::vector<std::uint32_t> own_codes(std::uint32_t base_codes) const;
};

/// A field of the policy's own program.
struct BoundField {
    static constexpr std::uint32_t kNoSlot = UINT32_MAX;
    std::uint32_t slot = kNoSlot; // of the index, if it has the field
    bool asks = false;            // then a column of own codes is made for the firms in question
    std::uint8_t width = 1;       // of the codes that the program is run on
    CutBinding cuts;
    std::vector<std::uint32_t> own_codes; // where it asks: of each code of the index
};

/// A set of the policy's own program.
struct BoundSet {
    static constexpr std::uint32_t kNoPlane = UINT32_MAX;
    /// Where the index has a row for each own element (and, last, for unknown).
    std::vector<std::uint32_t> planes;
    /// The elements it has no row for, by their number in the table.
    struct Missing {
        std::uint32_t name;
        std::uint32_t plane; // own
        bool ever;
    };
    std::vector<Missing> missing;
    bool asks = false; // some row must be made from the table
};

/// A condition that the policy demands outright, as it can be tested on whole columns; the firms
/// that their codes leave open are asked one by one.
struct Demand {
    std::uint32_t literal = 0; // of the own program
    Literal::Form form = Literal::Form::ranges;
    std::uint32_t slot = 0;                 // ranges: of the index
    std::vector<FieldCuts::Range> passing;  // codes that may pass, as the column holds them
    std::vector<FieldCuts::Range> rows;     // the same, as BlockPresence numbers them
    std::vector<FieldCuts::Range> refusing; // codes of which some firm may fail
    std::vector<FieldCuts::Range> open;     // codes of which some may pass and some may fail
    std::uint64_t firms = 0;                // how many may pass
};

struct BoundPolicy::Parts {
    Program program; // of this one policy, its literals rewritten to codes of the index where all
                     // of a field is settled
    std::vector<BoundField> fields;
    std::vector<BoundSet> sets;
    std::vector<Demand> demands;                          // the most selective first
    Conjunction rest;                                     // what the demands do not settle
    Conjunction known;                                    // of the rest, what asks no firm
    enum Place : std::uint32_t { kWhole, kRest, kKnown }; // of the three in Program::policies
    struct Reads {
        std::vector<std::uint32_t> fields, sets; // own
    };
    Reads reads[3]; // by place; what preferences read is with the rest
    bool asks = false;
    /// The program of the index, if all that was bound is the same for any index of it whose codes
    /// are its own.
    const Program* of_any = nullptr;
};

/// Fields, sets, literals and demands of a compiled policy; `program` is the index's. Codes of the
/// index are those of `codes` throughout.
class PolicyBinder {
  public:
    /// What an index and its table are read by.
    struct Base {
        const Program& program;
        const FirmIndex& index;
        const FirmTable& firms;
        const FineCodes& codes;
        const BlockPresence& presence;
        const std::vector<std::uint32_t>& slot_of;
    };
    explicit PolicyBinder(const Base& base) : base_(base) {}

    void bind(BoundPolicy::Parts& parts) const;

  private:
    void bind_field(BoundPolicy::Parts& parts, std::uint32_t own) const;
    void bind_set(BoundPolicy::Parts& parts, std::uint32_t own) const;
    void bind_demands(BoundPolicy::Parts& parts) const;
    void bind_ranges(const BoundPolicy::Parts& parts, const Literal& literal, Demand& demand) const;
    void bind_elements(const BoundPolicy::Parts& parts, const Literal& literal,
                       Demand& demand) const;
    void bind_rest(BoundPolicy::Parts& parts) const;
    static void rewrite(BoundPolicy::Parts& parts, std::uint32_t base_codes, Literal& literal);

    const Base base_;
};

} // namespace qice
