#include "qice/live/firm_set.hpp"

#include "base/string_map.hpp"
#include "qice/base/text.hpp"

#include <algorithm>

namespace qice {

// --------------------------------------------------------------------------------- FirmSet

struct FirmSet::Ids {
    ViewMap<std::uint32_t> rows;
};

/// A table coded for the policies of a moment.
struct FirmSet::Index {
    Index(MomentPtr of, const Matcher& with, const FirmTable& firms, unsigned threads)
        : moment(std::move(of)), matcher(with),
          indexed(matcher.index(firms, {.threads = threads})) {}

    const PolicyQuery& one_policy() const {
        const std::lock_guard lock(mutex);
        if (!query)
            query = std::make_unique<const PolicyQuery>(matcher.program(), indexed.index,
                                                        *indexed.table);
        return *query;
    }

    MomentPtr moment;
    const Matcher& matcher; // of the moment
    IndexedFirms indexed;
    mutable std::mutex mutex;
    mutable std::unique_ptr<const PolicyQuery> query;
};

FirmSet::FirmSet(FirmsRead read) : read_(std::move(read)) {}
FirmSet::~FirmSet() = default;

FirmSetPtr FirmSet::make(FirmsRead read) { return FirmSetPtr(new FirmSet(std::move(read))); }

std::optional<std::uint32_t> FirmSet::find(std::string_view id) const {
    const std::lock_guard lock(mutex_);
    if (!ids_) {
        auto made = std::make_unique<Ids>();
        made->rows.reserve(size());
        for (std::uint32_t row = 0; row < size(); ++row)
            made->rows.emplace(table().id(row), row);
        ids_ = std::move(made);
    }
    const auto found = ids_->rows.find(id);
    return found == ids_->rows.end() ? std::nullopt : std::optional(found->second);
}

Result<std::uint32_t> FirmSet::require(std::string_view id) const {
    if (const auto row = find(id)) return *row;
    for (const Quarantined& entry : quarantine())
        if (entry.firm_id == id)
            return invalid_input("firm " + in_quotes(id) + ": its row was set aside: " +
                                 (entry.field.empty() ? "" : entry.field + " ") + entry.reason);
    return Status(StatusCode::usage,
                  "there is no firm " + in_quotes(id) + " among " + std::to_string(size()));
}

Status FirmSet::check(const PolicyMoment& moment) const {
    if (moment.schema() != table().schema_ptr())
        return {StatusCode::usage, "firms and policies were read with different schemas"};
    if (moment.as_of() != table().as_of())
        return {StatusCode::usage, "the firms were read as of " + table().as_of().to_string() +
                                       ", the policies are judged as of " +
                                       moment.as_of().to_string() +
                                       "; read the firms for that day"};
    return {};
}

/// Gives the index that a question needs, making it where there is none.
class FirmIndexing {
  public:
    using IndexPtr = std::shared_ptr<const FirmSet::Index>;

    /// For the policies of this moment.
    static Result<IndexPtr> for_moment(const FirmSet& firms, const MomentPtr& moment,
                                       unsigned threads) {
        IndexPtr index = last(firms);
        if (index && index->moment == moment) return index;
        return make(firms, moment, threads);
    }
    /// For any policies of the moment's schema and day: enough for one policy.
    static Result<IndexPtr> any(const FirmSet& firms, const MomentPtr& moment) {
        IndexPtr index = last(firms);
        if (index) return index;
        return make(firms, moment, 1);
    }

  private:
    static IndexPtr last(const FirmSet& firms) {
        const std::lock_guard lock(firms.mutex_);
        return firms.index_;
    }
    static Result<IndexPtr> make(const FirmSet& firms, const MomentPtr& moment, unsigned threads) {
        QICE_ASSIGN_OR_RETURN(const Matcher* matcher, moment->matcher());
        IndexPtr index =
            std::make_shared<const FirmSet::Index>(moment, *matcher, firms.table(), threads);
        IndexPtr made = index; // the one before goes after the lock
        const std::lock_guard lock(firms.mutex_);
        firms.index_.swap(index);
        return made;
    }
};

// ----------------------------------------------------------------------- all firms at once

BatchAnswer::BatchAnswer(FirmSetPtr firms, std::shared_ptr<const FirmSet::Index> index,
                         const MatchOptions& options, MatchResult result)
    : firms_(std::move(firms)), index_(std::move(index)), moment_(index_->moment),
      options_(options), result_(std::move(result)),
      policies_matched_(index_->matcher.program().policies.size()) {}

const std::vector<std::uint64_t>& BatchAnswer::begins() const {
    const std::lock_guard lock(mutex_);
    if (begins_.empty()) {
        const std::size_t of = options_.by_policy ? moment_->size() : firms_->size();
        std::vector<std::uint64_t> made(of + 1);
        for (std::uint32_t i = 0; i < of; ++i) {
            made[i + 1] = made[i];
            for (std::size_t s = 0; s < kStatuses; ++s)
                made[i + 1] += result_.pushes(i, static_cast<Verdict>(s)).size();
        }
        begins_ = std::move(made);
    }
    return begins_;
}

std::uint64_t BatchAnswer::pushes() const { return begins().back(); }

std::size_t BatchAnswer::read(std::uint64_t first, std::size_t most, const PushColumns& out) const {
    const std::vector<std::uint64_t>& all = begins();
    if (first >= all.back()) return 0;
    std::size_t written = 0;
    std::uint64_t skip = 0; // of the first firm or policy
    auto of = static_cast<std::uint32_t>(std::upper_bound(all.begin(), all.end(), first) -
                                         all.begin() - 1);
    skip = first - all[of];
    for (; of + 1 < all.size() && written < most; ++of) {
        for (std::size_t s = 0; s < kStatuses && written < most; ++s) {
            const Pushes pushes = result_.pushes(of, static_cast<Verdict>(s));
            std::size_t rank = std::min<std::uint64_t>(skip, pushes.size());
            skip -= rank;
            for (; rank < pushes.size() && written < most; ++rank, ++written) {
                const Push push = pushes[rank];
                const std::uint32_t firm = options_.by_policy ? push.other : of;
                const std::uint32_t policy = options_.by_policy ? of : push.other;
                if (out.firms != nullptr) out.firms[written] = firm;
                if (out.statuses != nullptr) out.statuses[written] = static_cast<std::int32_t>(s);
                if (out.ranks != nullptr) out.ranks[written] = static_cast<std::uint32_t>(rank + 1);
                if (out.policies != nullptr) out.policies[written] = policy;
                if (out.scores != nullptr) out.scores[written] = push.score;
            }
        }
    }
    return written;
}

namespace {

Status cancelled() { return {StatusCode::cancelled, "the match was cancelled"}; }

} // namespace

Result<BatchAnswerPtr> match_firms(const MomentPtr& moment, const FirmSetPtr& firms,
                                   MatchOptions options, MatchControl* control) {
    QICE_RETURN_IF_ERROR(firms->check(*moment));
    if (control != nullptr && control->cancel) return cancelled();
    QICE_ASSIGN_OR_RETURN(auto index, FirmIndexing::for_moment(*firms, moment, options.threads));
    if (control != nullptr) {
        control->total = index->indexed.index.blocks();
        options.cancel = &control->cancel;
        options.done_blocks = &control->done;
    }
    MatchResult result = index->matcher.match(index->indexed, options);
    if (!result.complete()) return cancelled();
    options.cancel = nullptr;
    options.done_blocks = nullptr;
    return BatchAnswerPtr(
        std::make_shared<const BatchAnswer>(firms, std::move(index), options, std::move(result)));
}

// ------------------------------------------------------------------------------ one policy

Status find_firms(const MomentPtr& moment, const FirmSet& firms, const Policy& draft,
                  const PolicyQueryOptions& options, PolicyQuery::Scratch& scratch,
                  PolicyFirms& out) {
    QICE_RETURN_IF_ERROR(firms.check(*moment));
    QICE_ASSIGN_OR_RETURN(const auto index, FirmIndexing::any(firms, moment));
    out.life_cycle = life_cycles({&draft, 1}, moment->as_of())[0];
    const PolicyQuery& query = index->one_policy();
    query.match(query.bind(draft, moment->options()), options, scratch, out.answer);
    return {};
}

Status find_firms(const MomentPtr& moment, const FirmSet& firms, std::uint32_t policy,
                  const PolicyQueryOptions& options, PolicyQuery::Scratch& scratch,
                  PolicyFirms& out) {
    const LifeCycle state = moment->life_cycles()[policy];
    if (state != LifeCycle::open && !moment->options().include_closed) {
        out.life_cycle = state;
        out.answer = PolicyAnswer();
        return firms.check(*moment);
    }
    QICE_RETURN_IF_ERROR(find_firms(moment, firms, (*moment)[policy], options, scratch, out));
    out.life_cycle = state;
    return {};
}

} // namespace qice
