#include "qice/match/matcher.hpp"

#include "base/fetch_ahead.hpp"
#include "base/in_threads.hpp"
#include "kernels/kernels.hpp"
#include "match/key_chunks.hpp"
#include "match/policy_tops.hpp"
#include "match/rank.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace qice {
namespace {

/// The rank classes of a status, in the order they are pushed.
std::span<const RankClass> classes_of(std::size_t status) {
    static constexpr RankClass kClasses[]{kEligible, kReview, kNeedsFact, kNeedsMore, kNear};
    static constexpr std::size_t kFirst[kStatuses + 1]{0, 1, 2, 4, 5};
    return std::span(kClasses).subspan(kFirst[status], kFirst[status + 1] - kFirst[status]);
}

std::uint32_t wanted_classes(StatusSet statuses) {
    std::uint32_t wanted = 0;
    for (std::size_t status = 0; status < kStatuses; ++status)
        for (const RankClass rank_class : classes_of(status))
            wanted |= static_cast<std::uint32_t>(statuses >> status & 1) << rank_class;
    return wanted;
}

} // namespace

Pushes MatchResult::pushes(std::uint32_t of, Verdict status) const {
    const auto s = static_cast<std::size_t>(status);
    if (!by_firm_[s].empty()) return pushes_at((*positions_)[of], status);
    if (by_policy_[s].empty()) return {};
    const PushSlice& slice = by_policy_[s][of];
    return {best_firms_.data() + slice.begin, slice.count};
}

Pushes MatchResult::pushes_at(std::uint32_t position, Verdict status) const {
    const BlockKeys& block = by_firm_[static_cast<std::size_t>(status)][position / kBlockFirms];
    const std::size_t firm = position % kBlockFirms;
    const auto* const keys = static_cast<const std::byte*>(block.keys);
    return {keys + block.begins[firm] * block.form.key_bytes(), block.form, decode_,
            block.counts[firm]};
}

std::uint64_t MatchResult::total(Verdict status) const {
    std::uint64_t sum = 0;
    std::size_t firms = firms_; // left
    for (const BlockKeys& block : by_firm_[static_cast<std::size_t>(status)]) {
        const std::size_t own = std::min(kBlockFirms, firms);
        sum = std::accumulate(block.counts, block.counts + own, sum);
        firms -= own;
    }
    for (const PushSlice& slice : by_policy_[static_cast<std::size_t>(status)])
        sum += slice.count;
    return sum;
}

Matcher::Matcher(const Schema& schema, std::span<const Policy> policies,
                 const CompileOptions& options)
    : policies_(policies), program_(compile(schema, policies, options)), keys_(program_, policies),
      variant_tags_(std::make_unique<const VariantTags>(program_, keys_)),
      chunks_(std::make_shared<KeyChunks>()) {}
Matcher::Matcher(Matcher&&) noexcept = default;
Matcher& Matcher::operator=(Matcher&&) noexcept = default;
Matcher::~Matcher() = default;

IndexedFirms Matcher::index(const FirmTable& firms, const IndexOptions& options) const {
    const unsigned threads = std::max(options.threads, 1u);
    const IndexedFirms* const like = options.like;
    IndexedFirms made{&firms,
                      FirmIndex(program_, firms,
                                options.sort ? FirmOrder::by_strongest_fields : FirmOrder::as_given,
                                threads, like != nullptr ? &like->index : nullptr),
                      ZoneMap(program_), TagMatrix()};
    if (options.zones)
        made.zones = ZoneMap(program_, made.index, like != nullptr ? &like->zones : nullptr);
    // Eigen's matrices cannot be moved, and a copy for which memory runs out loses some of it.
    TagMatrix tags = firm_tags(program_, made.index, firms, threads);
    made.tags.swap(tags);
    return made;
}

/// One call of match(): what the threads share.
class Matcher::Run {
  public:
    Run(const Matcher& matcher, const IndexedFirms& firms, const MatchOptions& options)
        : matcher_(matcher), program_(matcher.program_), firms_(firms), options_(options),
          wanted_(wanted_classes(options.statuses)),
          all_planes_(options.count_all || (options.statuses & ~kEligibleAndReview) != 0) {}

    MatchResult run();

  private:
    class Worker;
    class ByFirm;
    template <class Key> class ByPolicy;
    template <class Work> using Workers = std::vector<std::unique_ptr<Work>>;

    bool wants(std::size_t status) const { return (options_.statuses >> status & 1) != 0; }
    std::size_t threads() const {
        return std::clamp<std::size_t>(options_.threads, 1,
                                       std::max<std::size_t>(firms_.index.blocks(), 1));
    }
    template <class Work, class... With> Workers<Work> work(MatchResult& result, With&&... with);
    void by_firm(MatchResult& result);
    template <class Key> void by_policy(MatchResult& result);

    const Matcher& matcher_;
    const Program& program_;
    const IndexedFirms& firms_;
    const MatchOptions& options_;
    const std::uint32_t wanted_;
    const bool all_planes_;
    std::atomic<std::size_t> next_block_{0};
    std::atomic<bool> cancelled_{false};
};

/// A thread of it, which counts the pairs of each block that it takes.
class Matcher::Run::Worker {
  public:
    explicit Worker(Run& run)
        : run_(run), scratch_(run.program_, run.wanted_), zones_(run.firms_.zones),
          codes_(run.program_.fields.size()) {
        for (std::uint32_t slot = 0; slot < codes_.size(); ++slot)
            widths_.push_back(run.firms_.index.width(slot));
    }
    virtual ~Worker() = default;

    void work() {
        for (;;) {
            const std::size_t block = run_.next_block_.fetch_add(1, std::memory_order_relaxed);
            if (block >= run_.firms_.index.blocks()) return;
            if (run_.options_.cancel != nullptr && *run_.options_.cancel) {
                run_.cancelled_ = true;
                return;
            }
            match_block(block);
            take_block(block,
                       std::min(kBlockFirms, run_.firms_.index.firms() - block * kBlockFirms));
            if (run_.options_.done_blocks != nullptr)
                run_.options_.done_blocks->fetch_add(1, std::memory_order_relaxed);
        }
    }

    void hand_over(MatchResult& result) const {
        for (std::size_t place = 0; place < run_.program_.policies.size(); ++place)
            for (std::size_t status = 0; status < kStatuses; ++status)
                result.counts_[run_.program_.policies[place].policy][status] +=
                    scratch_.counts[kStatuses * place + status];
    }

  protected:
    /// What else is to be done with the matches of a block of so many firms.
    virtual void take_block(std::size_t /*block*/, std::size_t /*firms*/) {}

    Run& run_;
    const Kernels& kernels_ = kernels();
    BlockScratch scratch_; // the matches
    BlockTask task_{};
    PreferenceRows preferences_{kernels_, task_, scratch_};

  private:
    void match_block(std::size_t block) {
        const FirmIndex& index = run_.firms_.index;
        for (std::uint32_t slot = 0; slot < codes_.size(); ++slot)
            codes_[slot] = index.codes(slot, block);
        task_ = {&run_.program_,
                 {codes_.data(), widths_.data(), index.planes(block), index.valid(block),
                  index.unions(block)},
                 run_.firms_.zones.candidates(block, run_.all_planes_, zones_),
                 run_.all_planes_,
                 run_.wanted_};
        // Each field's codes are too short a stretch for the processor to foresee the next.
        for (std::uint32_t slot = 0; slot < codes_.size() && block + 1 < index.blocks(); ++slot)
            fetch_ahead(index.codes(slot, block + 1), kBlockFirms * widths_[slot]);
        ++scratch_.block;
        for (BlockMatches& matches : scratch_.matches)
            matches.size = 0;
        kernels_.run_block(task_, scratch_);
    }

    ZoneMap::Scratch zones_;
    std::vector<const std::uint8_t*> codes_;
    std::vector<std::uint8_t> widths_;
};

/// Ranks the policies of each firm, block by block.
class Matcher::Run::ByFirm : public Worker {
  public:
    ByFirm(Run& run, MatchResult& result)
        : Worker(run), result_(result), entries_(run.program_, run.matcher_.keys_, kernels_),
          ranking_(run.matcher_.keys_, *run.matcher_.variant_tags_, run.firms_.tags, kernels_) {}

    std::vector<KeyChunk>& chunks() { return chunks_; }

  private:
    void take_block(std::size_t block, std::size_t firms) override {
        ranking_.take_firms(block * kBlockFirms, firms);
        for (std::size_t status = 0; status < kStatuses; ++status)
            if (run_.wants(status)) rank(block, status);
    }

    void rank(std::size_t block, std::size_t status) {
        const std::span<const RankClass> classes = classes_of(status);
        const BlockMatches& first = scratch_.matches[classes.front()];
        if (classes.size() == 1) {
            entries_.fill(first, preferences_);
        } else {
            BlockMatches& second = scratch_.matches[classes.back()];
            kernels_.take_out_full(first, second, run_.options_.top);
            entries_.fill(first, second, preferences_);
        }
        ranking_.prepare(entries_, run_.options_.top);
        std::byte* const out = room_for(ranking_.room());
        free_ = out + ranking_.rank(out, result_.by_firm_[status][block]);
    }

    /// Room for so many bytes in one piece.
    std::byte* room_for(std::size_t bytes) {
        if (static_cast<std::size_t>(end_ - free_) < bytes) {
            const std::size_t size =
                std::max(bytes, std::min(KeyChunks::kBytes, bytes * run_.firms_.index.blocks()));
            chunks_.push_back(run_.matcher_.chunks_->take(size, pages_));
            free_ = static_cast<std::byte*>(chunks_.back().get());
            end_ = free_ + size;
        }
        return free_;
    }

    MatchResult& result_;
    BlockEntries entries_;
    BlockRanking ranking_;
    LargePages pages_;
    std::vector<KeyChunk> chunks_;
    std::byte* free_ = nullptr; // in the last chunk
    std::byte* end_ = nullptr;
};

/// Keeps the first firms of each policy.
template <class Key> class Matcher::Run::ByPolicy : public Worker {
  public:
    ByPolicy(Run& run, const IdOrder& ids)
        : Worker(run), tops_(run.program_, run.firms_.tags, ids, run.options_.top) {}

    PolicyTops<Key>& tops() { return tops_; }

  private:
    void take_block(std::size_t block, std::size_t firms) override {
        tops_.take_firms(static_cast<std::uint32_t>(block), firms);
        for (int rank_class = 0; rank_class < kRankClasses; ++rank_class) // not wanted: no matches
            tops_.take(static_cast<RankClass>(rank_class), scratch_.matches[rank_class],
                       preferences_);
    }

    PolicyTops<Key> tops_;
};

MatchResult Matcher::Run::run() {
    MatchResult result;
    result.decode_ = &matcher_.keys_;
    result.positions_ = firms_.index.positions();
    result.counts_.resize(matcher_.policies_.size());
    result.firms_ = firms_.table->size();
    const auto is_wide = [&](const CompiledPolicy& policy) {
        return firm_key_bits(program_, policy, firms_.index.firms()) > 64;
    };
    if (options_.statuses == 0)
        work<Worker>(result);
    else if (!options_.by_policy)
        by_firm(result);
    else if (std::none_of(program_.policies.begin(), program_.policies.end(), is_wide))
        by_policy<std::uint64_t>(result);
    else
        __extension__ by_policy<unsigned __int128>(result);
    return result;
}

/// Matches all blocks and takes the counts over; the workers that did.
template <class Work, class... With>
Matcher::Run::Workers<Work> Matcher::Run::work(MatchResult& result, With&&... with) {
    Workers<Work> workers(threads());
    in_threads(static_cast<unsigned>(workers.size()), [&](unsigned t) {
        workers[t] = std::make_unique<Work>(*this, with...); // here, as its rows are megabytes
        workers[t]->work();
    });
    result.complete_ = !cancelled_;
    if (result.complete_)
        for (const auto& worker : workers)
            worker->hand_over(result);
    return workers;
}

void Matcher::Run::by_firm(MatchResult& result) {
    for (std::size_t status = 0; status < kStatuses; ++status)
        if (wants(status)) result.by_firm_[status].resize(firms_.index.blocks());
    for (const auto& worker : work<ByFirm>(result, result))
        for (KeyChunk& chunk : worker->chunks())
            result.chunks_.push_back(std::move(chunk));
}

template <class Key> void Matcher::Run::by_policy(MatchResult& result) {
    const IdOrder ids(*firms_.table, firms_.index);
    const Workers<ByPolicy<Key>> workers = work<ByPolicy<Key>>(result, ids);
    if (!result.complete_) return;
    const std::size_t top = options_.top;
    std::size_t pushes = 0;
    for (std::size_t status = 0; status < kStatuses; ++status) {
        if (!wants(status)) continue;
        result.by_policy_[status].resize(matcher_.policies_.size());
        for (std::uint32_t place = 0; place < program_.policies.size(); ++place) {
            std::size_t found = 0;
            for (const RankClass rank_class : classes_of(status))
                for (const auto& worker : workers)
                    found += worker->tops().found(rank_class, place);
            const auto count = static_cast<std::uint32_t>(std::min(found, top));
            result.by_policy_[status][program_.policies[place].policy] = {pushes, count};
            pushes += count;
        }
    }
    result.best_firms_.resize(pushes);

    const auto write = [&](std::uint32_t place, std::size_t status, std::vector<Key>& spare) {
        PolicyTops<Key>& all = workers[0]->tops();
        Push* const begin = result.best_firms_.data() +
                            result.by_policy_[status][program_.policies[place].policy].begin;
        Push* out = begin;
        for (const RankClass rank_class : classes_of(status)) {
            for (std::size_t t = 1; t < workers.size(); ++t)
                all.merge(workers[t]->tops(), rank_class, place);
            const std::size_t open = top - static_cast<std::size_t>(out - begin);
            for (const Key key : all.first(rank_class, place, open, spare))
                *out++ = all.push(place, key);
        }
    };
    share_out(static_cast<unsigned>(threads()), program_.policies.size(), [&](std::size_t place) {
        std::vector<Key> spare;
        for (std::size_t status = 0; status < kStatuses; ++status)
            if (wants(status)) write(static_cast<std::uint32_t>(place), status, spare);
    });
}

MatchResult Matcher::match(const IndexedFirms& firms, const MatchOptions& options) const {
    return Run(*this, firms, options).run();
}

} // namespace qice
