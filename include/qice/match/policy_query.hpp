// One policy, new or changed, against firms that are indexed already: who can be told of it, best
// first, in well under a millisecond.
//
//   PolicyQuery query(matcher.program(), firms.index, table);
//   BoundPolicy bound = query.bind(policy, {.as_of = day});
//   PolicyQuery::Scratch scratch;
//   query.match(bound, {.top = 1000}, scratch, answer);
//   for (const Push& push : answer.pushes(Verdict::eligible)) ...
//
// The policy need not be one that the firms were indexed for. Where it cuts a field inside an
// interval of the index, or names an element that the index has no row for, the exact values of the
// firms that this leaves open are looked up in the table; so the answer is the same as that of a
// Matcher that knows the policy. Its life cycle is not judged: that takes the whole set and is the
// caller's.
//
// Immutable once built; any number of threads may ask, each with a Scratch of its own. Program,
// index and table must outlive it. Memory beside the index: about 20 bytes a firm, and 6 to 10 a
// tag that a firm follows.
#pragma once

#include "qice/index/block_presence.hpp"
#include "qice/index/id_order.hpp"
#include "qice/index/tag_postings.hpp"
#include "qice/match/matcher.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace qice {

/// A policy compiled against the codes of an index. Immutable; for the query that bound it, and for
/// those that accept it.
class BoundPolicy {
  public:
    BoundPolicy(BoundPolicy&&) noexcept;
    BoundPolicy& operator=(BoundPolicy&&) noexcept;
    ~BoundPolicy();

    /// Must single firms be asked for exact values, because the policy names boundaries or elements
    /// that the index does not know?
    bool asks_firms() const;

    struct Parts; // of no use outside qice

  private:
    friend class PolicyQuery;
    explicit BoundPolicy(std::unique_ptr<const Parts> parts);
    std::unique_ptr<const Parts> parts_;
};

class ScoreFloors; // of no use outside qice

/// No answer depends on `crowd`.
struct PolicyIndexOptions {
    std::uint32_t crowd = FineCodes::kCrowd; // of firms that share a code: it is cut finer
    bool ranked = true; // false: is only asked for what is not ranked, and spares a sort of the ids
};

struct PolicyQueryOptions {
    std::uint32_t top = 1'000; // of each status; kNoLimit ranks all
    StatusSet statuses = kEligibleAndReview;
    bool count_all = false; // count all four statuses, whatever `statuses` asks for
    bool ranked = true;     // false: all firms whatever `top` is, in no order, which costs less
    bool positions = false; // not ranked only: `other` is a position of the index, not a row
    /// Not ranked only, by status: leaves out most of the pairs that score less than a firm's
    /// floor.
    std::array<const ScoreFloors*, kStatuses> floors{};
};

/// The firms of one policy.
class PolicyAnswer {
  public:
    /// `other` is a row of the table. Best first: score descending, then firm id ascending; in
    /// needs_data firms one fact away first.
    std::span<const Push> pushes(Verdict status) const {
        const auto s = static_cast<std::size_t>(status);
        return std::span(pushes_).subspan(begins_[s], begins_[s + 1] - begins_[s]);
    }
    /// How many firms are in a status; zero for one that was not computed.
    std::uint64_t count(Verdict status) const { return counts_[static_cast<std::size_t>(status)]; }
    /// How many blocks of firms were looked at.
    std::size_t blocks() const { return blocks_; }

  private:
    friend class PolicyQuery;
    std::vector<Push> pushes_;
    std::array<std::size_t, kStatuses + 1> begins_{};
    std::array<std::uint64_t, kStatuses> counts_{};
    std::size_t blocks_ = 0;
};

class PolicyQuery {
  public:
    /// Working memory of one thread, reused from policy to policy.
    class Scratch {
      public:
        Scratch();
        Scratch(Scratch&&) noexcept;
        Scratch& operator=(Scratch&&) noexcept;
        ~Scratch();

      private:
        friend class PolicyQuery;
        struct Parts;
        std::unique_ptr<Parts> parts_;
    };

    /// `program` is the one that `index` was built with. Costs a pass over codes, ids and tags, one
    /// over the values of each crowded field, and a sort of the ids.
    PolicyQuery(const Program& program, const FirmIndex& index, const FirmTable& firms,
                const PolicyIndexOptions& options = {});

    /// A policy compiled by itself: its rule, preferences, tags and, by `options`, its urgency. The
    /// same for all tables of a schema.
    static Program compile_alone(const Schema& schema, const Policy& policy,
                                 const CompileOptions& options);
    BoundPolicy bind(Program alone) const; // of compile_alone()
    BoundPolicy bind(const Policy& policy, const CompileOptions& options) const {
        return bind(compile_alone(firms_.schema(), policy, options));
    }
    /// Can a policy be matched here that another query bound, whose program still lives? Yes if
    /// both are of one program and cut no codes finer, and the policy names no element of a set
    /// that the program does not know.
    bool accepts(const BoundPolicy& policy) const;
    /// Throws std::logic_error if asked to rank and built without.
    void match(const BoundPolicy& policy, const PolicyQueryOptions& options, Scratch& scratch,
               PolicyAnswer& answer) const;
    /// Bytes of memory beside the index.
    std::size_t bytes() const;

  private:
    class Run;

    const Program& program_;
    const FirmIndex& index_;
    const FirmTable& firms_;
    std::vector<std::uint32_t> slot_of_; // of each field of the schema: its slot, or set
    FineCodes codes_;
    BlockPresence presence_;
    std::optional<IdOrder> ids_;
    TagPostings tags_;
};

} // namespace qice
