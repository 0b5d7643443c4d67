// The matcher: a compiled policy set against firms, exact and ranked.
//
//   Matcher matcher(*schema, policies, {.as_of = day});
//   MatchResult result = matcher.match(firms, {.top = 20, .threads = 2});
//   for (const Push& push : result.pushes(row, Verdict::eligible)) ...
//
// Immutable once built; any number of threads may match with it. The policies must outlive it. The
// answer does not depend on threads, CPU or the order of firms. It keeps the memory of results that
// are let go (4 or 8 bytes a push) for the next ones, until it goes itself.
#pragma once

#include "qice/index/firm_index.hpp"
#include "qice/index/program.hpp"
#include "qice/index/tags.hpp"
#include "qice/index/zone_map.hpp"
#include "qice/match/rank_keys.hpp"
#include "qice/rule/evaluate.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

namespace qice {

/// A set of statuses; bit = Verdict.
using StatusSet = std::uint8_t;
constexpr StatusSet status_bit(Verdict verdict) {
    return static_cast<StatusSet>(1u << static_cast<unsigned>(verdict));
}
inline constexpr StatusSet kEligibleAndReview =
    status_bit(Verdict::eligible) | status_bit(Verdict::review);
inline constexpr StatusSet kAllStatuses = 15;
inline constexpr std::uint32_t kNoLimit = std::numeric_limits<std::uint32_t>::max();

struct MatchOptions {
    std::uint32_t top = 20; // of each status, a firm (or a policy), 1 or more; kNoLimit keeps all
    StatusSet statuses = kEligibleAndReview;
    bool by_policy = false; // rank the firms of each policy instead
    bool count_all = false; // count all four statuses, whatever `statuses` asks for
    unsigned threads = 1;
    std::atomic<std::size_t>* done_blocks = nullptr; // for progress
    const std::atomic<bool>* cancel = nullptr;       // looked at before each block
};

/// One row of the answer. By firm: `other` is the policy, by its number in the set; by policy: the
/// firm, by its row in the table.
struct Push {
    std::uint32_t other;
    Score score;
};

/// The pushes of one firm (or policy) in one status, best first.
class Pushes {
  public:
    class Iterator {
      public:
        Iterator(const Pushes& pushes, std::size_t i) : pushes_(&pushes), i_(i) {}
        Push operator*() const { return (*pushes_)[i_]; }
        Iterator& operator++() {
            ++i_;
            return *this;
        }
        bool operator!=(const Iterator& other) const { return i_ != other.i_; }

      private:
        const Pushes* pushes_;
        std::size_t i_;
    };

    Pushes() = default;
    Pushes(const void* keys, const ShortForm& form, const RankKeys* decode, std::size_t size)
        : keys_(keys), form_(form), decode_(decode), size_(size) {}
    Pushes(const Push* plain, std::size_t size) : plain_(plain), size_(size) {}

    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    Push operator[](std::size_t i) const {
        if (plain_ != nullptr) return plain_[i];
        const RankKey key =
            form_.is_short() ? decode_->restored(static_cast<const std::uint32_t*>(keys_)[i], form_)
                             : static_cast<const RankKey*>(keys_)[i];
        return {decode_->policy(key), decode_->score(key)};
    }
    Iterator begin() const { return {*this, 0}; }
    Iterator end() const { return {*this, size_}; }
    /// By firm: what the pushes are kept as, so that memory can be asked for it ahead of use.
    std::span<const std::byte> bytes() const {
        return {static_cast<const std::byte*>(keys_),
                keys_ != nullptr ? size_ * form_.key_bytes() : 0};
    }

  private:
    const void* keys_ = nullptr;
    ShortForm form_;
    const RankKeys* decode_ = nullptr;
    const Push* plain_ = nullptr;
    std::size_t size_ = 0;
};

class KeyChunks; // of no use outside qice, as is VariantTags
class VariantTags;

/// Memory for keys. Goes back to a matcher that is still there, else it is freed.
struct ReturnChunk {
    std::weak_ptr<KeyChunks> to;
    void operator()(void* chunk) const;
};
using KeyChunk = std::unique_ptr<void, ReturnChunk>;

/// The answer of one call. Refers to the matcher that gave it.
class MatchResult {
  public:
    /// False if the match was cancelled before its end: then there is nothing to ask it.
    bool complete() const { return complete_; }
    /// By firm: `of` is a row of the table. By policy: a policy's number. Best first.
    Pushes pushes(std::uint32_t of, Verdict status) const;
    /// Only of a result by firm: of the firm at this position of the index, where they are kept.
    Pushes pushes_at(std::uint32_t position, Verdict status) const;
    /// How many pushes there are in a status.
    std::uint64_t total(Verdict status) const;
    /// Pairs of a policy (by its number in the set) in each status that was computed.
    const std::array<std::uint64_t, kStatuses>& counts(std::uint32_t policy) const {
        return counts_[policy];
    }

  private:
    friend class Matcher;
    struct PushSlice { // of a policy
        std::size_t begin;
        std::uint32_t count;
    };
    bool complete_ = true;
    const RankKeys* decode_ = nullptr;
    std::shared_ptr<const std::vector<std::uint32_t>> positions_; // of rows
    std::vector<KeyChunk> chunks_;
    std::array<std::vector<BlockKeys>, kStatuses> by_firm_; // by block of firms
    std::size_t firms_ = 0;
    std::vector<Push> best_firms_;
    std::array<std::vector<PushSlice>, kStatuses> by_policy_;
    std::vector<std::array<std::uint64_t, kStatuses>> counts_;
};

/// Firms made ready for one matcher. Costs a pass over the table; see FirmIndex.
struct IndexedFirms {
    const FirmTable* table;
    FirmIndex index;
    ZoneMap zones;
    TagMatrix tags;
};

/// No answer depends on them. `sort` and `zones` are for tables that are sorted already, and for
/// measuring what each is worth.
struct IndexOptions {
    bool sort = true;  // firms that meet the same policies side by side
    bool zones = true; // policies that no firm of a block could meet drop out unseen
    unsigned threads = 1;
    /// Of the same matcher: its firms' order is taken over, and what policies alone decide is
    /// shared, which spares a small table half a millisecond for 10,000 policies.
    const IndexedFirms* like = nullptr;
};

class Matcher {
  public:
    Matcher(const Schema& schema, std::span<const Policy> policies, const CompileOptions& options);
    Matcher(Matcher&&) noexcept;
    Matcher& operator=(Matcher&&) noexcept;
    ~Matcher();

    const Program& program() const { return program_; }
    /// `firms` must have been read for the as-of date, and must outlive the result.
    IndexedFirms index(const FirmTable& firms, const IndexOptions& options = {}) const;
    MatchResult match(const IndexedFirms& firms, const MatchOptions& options) const;
    MatchResult match(const FirmTable& firms, const MatchOptions& options) const {
        return match(index(firms, {.threads = options.threads}), options);
    }

  private:
    class Run;

    std::span<const Policy> policies_;
    Program program_;
    RankKeys keys_;
    std::unique_ptr<const VariantTags> variant_tags_;
    std::shared_ptr<KeyChunks> chunks_;
};

} // namespace qice
