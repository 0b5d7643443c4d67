#include "qice/match/matcher.hpp"

#include "base/in_threads.hpp"
#include "base/large_pages.hpp"
#include "kernels/kernels.hpp"
#include "match/rank.hpp"

#include <algorithm>
#include <cstddef>
#include <new>
#include <numeric>

namespace qice {
namespace {

constexpr std::size_t kCacheLine = 64; // bytes

/// The rank classes of each status, in the order they are pushed.
constexpr std::array<std::pair<RankClass, RankClass>, kStatuses> kClassesOf{{
    {kEligible, kEligible},
    {kReview, kReview},
    {kNeedsFact, kNeedsMore},
    {kNear, kNear},
}};

std::uint32_t wanted_classes(StatusSet statuses) {
    std::uint32_t wanted = 0;
    for (std::size_t status = 0; status < kStatuses; ++status)
        if ((statuses >> status & 1) != 0)
            wanted |= 1u << kClassesOf[status].first | 1u << kClassesOf[status].second;
    return wanted;
}

/// A firm among a policy's best.
struct RankedFirm {
    bool later; // needs_data: more than one fact away
    Score score;
    std::uint32_t row;
};

} // namespace

Pushes MatchResult::pushes(std::uint32_t of, Verdict status) const {
    const auto s = static_cast<std::size_t>(status);
    if (by_firm_[s].counts != nullptr) return pushes_at((*positions_)[of], status);
    if (by_policy_[s].empty()) return {};
    const PushSlice& slice = by_policy_[s][of];
    return {best_firms_.data() + slice.begin, slice.count};
}

Pushes MatchResult::pushes_at(std::uint32_t position, Verdict status) const {
    const FirmKeys& firms = by_firm_[static_cast<std::size_t>(status)];
    const BlockKeys& block = firms.blocks[position / kBlockFirms];
    const auto* const keys = static_cast<const std::byte*>(block.keys);
    return {keys + firms.begins[position] * block.form.key_bytes(), block.form, decode_,
            firms.counts[position]};
}

std::uint64_t MatchResult::total(Verdict status) const {
    std::uint64_t sum = 0;
    const auto& counts = by_firm_[static_cast<std::size_t>(status)].counts;
    for (std::size_t position = 0; counts != nullptr && position < firms_; ++position)
        sum += counts[position];
    for (const PushSlice& slice : by_policy_[static_cast<std::size_t>(status)])
        sum += slice.count;
    return sum;
}

namespace {

/// Room for keys; large chunks on large pages, as a night fills hundreds of megabytes once.
KeyChunk new_chunk(std::size_t bytes) {
    if (bytes < kLargePage) return KeyChunk(std::malloc(bytes));
    bytes = (bytes + kLargePage - 1) / kLargePage * kLargePage;
    KeyChunk chunk(std::aligned_alloc(kLargePage, bytes));
    if (chunk) use_large_pages(chunk.get(), bytes);
    return chunk;
}

} // namespace

Matcher::Matcher(const Schema& schema, std::span<const Policy> policies,
                 const CompileOptions& options)
    : policies_(policies), program_(compile(schema, policies, options)), keys_(program_, policies),
      variant_tags_(std::make_unique<const VariantTags>(program_, keys_)) {}
Matcher::Matcher(Matcher&&) noexcept = default;
Matcher& Matcher::operator=(Matcher&&) noexcept = default;
Matcher::~Matcher() = default;

IndexedFirms Matcher::index(const FirmTable& firms, const IndexOptions& options) const {
    const unsigned threads = std::max(options.threads, 1u);
    IndexedFirms made{&firms,
                      FirmIndex(program_, firms,
                                options.sort ? FirmOrder::by_strongest_fields : FirmOrder::as_given,
                                threads),
                      ZoneMap(program_), TagMatrix()};
    if (options.zones) made.zones = ZoneMap(program_, made.index);
    // Eigen's matrices cannot be moved, and a copy for which memory runs out loses some of it.
    TagMatrix tags = firm_tags(program_, made.index, firms, threads);
    made.tags.swap(tags);
    return made;
}

/// One call of match(): what the threads share, and what each has of its own.
class Matcher::Run {
  public:
    Run(const Matcher& matcher, const IndexedFirms& firms, const MatchOptions& options)
        : matcher_(matcher), program_(matcher.program_), firms_(firms), options_(options),
          wanted_(wanted_classes(options.statuses)),
          all_planes_(options.count_all || (options.statuses & ~kEligibleAndReview) != 0) {
        if (options.by_policy) rank_ids();
    }

    MatchResult run();

  private:
    class Worker;
    void work(MatchResult& result);

    void rank_ids() {
        const FirmTable& table = *firms_.table;
        std::vector<std::uint32_t> by_id(table.size());
        std::iota(by_id.begin(), by_id.end(), 0u);
        std::sort(by_id.begin(), by_id.end(),
                  [&](std::uint32_t a, std::uint32_t b) { return table.id(a) < table.id(b); });
        firm_rank_.resize(table.size());
        for (std::uint32_t rank = 0; rank < by_id.size(); ++rank)
            firm_rank_[by_id[rank]] = rank;
    }

    bool before(const RankedFirm& a, const RankedFirm& b) const {
        if (a.later != b.later) return b.later;
        if (a.score != b.score) return a.score > b.score;
        return firm_rank_[a.row] < firm_rank_[b.row];
    }

    using Workers = std::vector<std::unique_ptr<Worker>>;
    void collect_policies(const Workers& workers, MatchResult& result) const;

    const Matcher& matcher_;
    const Program& program_;
    const IndexedFirms& firms_;
    const MatchOptions& options_;
    const std::uint32_t wanted_;
    const bool all_planes_;
    std::vector<std::uint32_t> firm_rank_; // by policy: of each row, its place by id
    std::atomic<std::size_t> next_block_{0};
    std::atomic<bool> cancelled_{false};
};

class Matcher::Run::Worker {
  public:
    Worker(Run& run, MatchResult& result)
        : run_(run), result_(result), scratch_(run.program_), zones_(run.firms_.zones),
          entries_(run.program_, run.matcher_.keys_),
          ranking_(run.matcher_.keys_, *run.matcher_.variant_tags_, run.firms_.tags, kernels_),
          scores_(run.program_, run.firms_.tags), codes_(run.program_.fields.size()) {
        for (std::uint32_t slot = 0; slot < codes_.size(); ++slot)
            widths_.push_back(run.firms_.index.width(slot));
        if (run.options_.by_policy) best_.resize(kStatuses * run.program_.policies.size());
    }

    void work() {
        for (;;) {
            const std::size_t block = run_.next_block_.fetch_add(1, std::memory_order_relaxed);
            if (block >= run_.firms_.index.blocks()) return;
            if (run_.options_.cancel != nullptr && *run_.options_.cancel) {
                run_.cancelled_ = true;
                return;
            }
            match_block(block);
            if (run_.options_.done_blocks != nullptr)
                run_.options_.done_blocks->fetch_add(1, std::memory_order_relaxed);
        }
    }

    void hand_over(MatchResult& result) {
        for (std::size_t place = 0; place < run_.program_.policies.size(); ++place)
            for (std::size_t status = 0; status < kStatuses; ++status)
                result.counts_[run_.program_.policies[place].policy][status] +=
                    scratch_.counts[kStatuses * place + status];
        for (KeyChunk& chunk : chunks_)
            result.chunks_.push_back(std::move(chunk));
    }

    std::vector<RankedFirm>& best(std::size_t place, std::size_t status) {
        return best_[kStatuses * place + status];
    }

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
            for (std::size_t i = 0; i < kBlockFirms * widths_[slot]; i += kCacheLine)
                __builtin_prefetch(index.codes(slot, block + 1) + i);
        ++scratch_.block;
        for (BlockMatches& matches : scratch_.matches)
            matches.size = 0;
        kernels_.run_block(task_, scratch_);
        first_ = block * kBlockFirms;
        firms_ = std::min(kBlockFirms, index.firms() - first_);
        if (run_.options_.statuses == 0) return; // counts are all that is wanted
        if (!run_.options_.by_policy) ranking_.take_firms(first_, firms_);
        for (std::size_t status = 0; status < kStatuses; ++status) {
            if ((run_.options_.statuses >> status & 1) == 0) continue;
            if (run_.options_.by_policy)
                keep_best_firms(status);
            else
                rank_policies(status);
        }
    }

    void rank_policies(std::size_t status) {
        const auto [first, second] = kClassesOf[status];
        MatchResult::FirmKeys& keys = result_.by_firm_[status];
        KeyRanges ranges{keys.begins.get() + first_, keys.counts.get() + first_};
        if (second == first) {
            entries_.fill(scratch_.matches[first], preferences_);
        } else {
            BlockMatches& further = scratch_.matches[second];
            kernels_.take_out_full(scratch_.matches[first], further, run_.options_.top);
            entries_.fill(scratch_.matches[first], further, preferences_);
        }
        ranking_.prepare(entries_, run_.options_.top);
        std::byte* const out = room_for(ranking_.room());
        free_ = out + ranking_.rank(out, ranges, keys.blocks[first_ / kBlockFirms]);
    }

    /// Room for so many bytes in one piece.
    std::byte* room_for(std::size_t bytes) {
        if (static_cast<std::size_t>(end_ - free_) < bytes) {
            constexpr std::size_t kChunk = std::size_t{4} << 20;
            const std::size_t size =
                std::max(bytes, std::min(kChunk, bytes * run_.firms_.index.blocks()));
            chunks_.push_back(new_chunk(size));
            if (!chunks_.back()) throw std::bad_alloc();
            free_ = static_cast<std::byte*>(chunks_.back().get());
            end_ = free_ + size;
        }
        return free_;
    }

    void keep_best_firms(std::size_t status) {
        const auto [first, second] = kClassesOf[status];
        keep_best_firms(status, first, false);
        if (second != first) keep_best_firms(status, second, true);
    }

    void keep_best_firms(std::size_t status, RankClass rank_class, bool later) {
        const auto by_rank = [this](const RankedFirm& a, const RankedFirm& b) {
            return run_.before(a, b);
        };
        const BlockMatches& matches = scratch_.matches[rank_class];
        for (std::size_t m = 0; m < matches.size; ++m) {
            const std::uint32_t place = matches.policies[m];
            std::vector<RankedFirm>& heap = best(place, status); // the worst on top
            for_each_bit(matches.firms[m].words, kBlockWords, [&](std::size_t bit) {
                const Score score = scores_.score(place, first_ + bit, bit, preferences_);
                const RankedFirm firm{later, score, run_.firms_.index.row_at(first_ + bit)};
                if (heap.size() >= run_.options_.top) {
                    if (!run_.before(firm, heap.front())) return;
                    std::pop_heap(heap.begin(), heap.end(), by_rank);
                    heap.pop_back();
                }
                heap.push_back(firm);
                std::push_heap(heap.begin(), heap.end(), by_rank);
            });
        }
    }

    Run& run_;
    MatchResult& result_;
    const Kernels& kernels_ = kernels();
    BlockScratch scratch_;
    ZoneMap::Scratch zones_;
    BlockTask task_{};
    PreferenceRows preferences_{kernels_, task_, scratch_};
    BlockEntries entries_;
    BlockRanking ranking_;
    PairScores scores_;
    std::size_t first_ = 0, firms_ = 0; // of the block at hand
    std::vector<const std::uint8_t*> codes_;
    std::vector<std::uint8_t> widths_;
    std::vector<KeyChunk> chunks_;
    std::byte* free_ = nullptr; // in the last chunk
    std::byte* end_ = nullptr;
    std::vector<std::vector<RankedFirm>> best_; // by policy: heaps of the K best firms so far
};

MatchResult Matcher::Run::run() {
    MatchResult result;
    result.decode_ = &matcher_.keys_;
    result.positions_ = firms_.index.positions();
    result.counts_.resize(matcher_.policies_.size());
    result.firms_ = firms_.table->size();
    for (std::size_t status = 0; status < kStatuses; ++status) {
        if ((options_.statuses >> status & 1) == 0) continue;
        if (options_.by_policy) {
            result.by_policy_[status].resize(matcher_.policies_.size());
            continue;
        }
        MatchResult::FirmKeys& keys = result.by_firm_[status];
        keys.blocks.resize(firms_.index.blocks());
        keys.begins = std::make_unique_for_overwrite<std::uint32_t[]>(result.firms_);
        keys.counts = std::make_unique_for_overwrite<std::uint32_t[]>(result.firms_);
    }
    work(result);
    return result;
}

void Matcher::Run::work(MatchResult& result) {
    const std::size_t threads = std::clamp<std::size_t>(
        options_.threads, 1, std::max<std::size_t>(firms_.index.blocks(), 1));
    Workers workers;
    for (std::size_t t = 0; t < threads; ++t)
        workers.push_back(std::make_unique<Worker>(*this, result));
    in_threads(static_cast<unsigned>(threads), [&](unsigned t) { workers[t]->work(); });
    result.complete_ = !cancelled_;
    if (cancelled_) return;

    for (const auto& worker : workers)
        worker->hand_over(result);
    if (options_.by_policy) collect_policies(workers, result);
}

void Matcher::Run::collect_policies(const Workers& workers, MatchResult& result) const {
    std::vector<RankedFirm> all;
    for (std::size_t place = 0; place < program_.policies.size(); ++place) {
        for (std::size_t status = 0; status < kStatuses; ++status) {
            if ((options_.statuses >> status & 1) == 0) continue;
            all.clear();
            for (const auto& worker : workers) {
                const std::vector<RankedFirm>& best = worker->best(place, status);
                all.insert(all.end(), best.begin(), best.end());
            }
            std::sort(all.begin(), all.end(),
                      [this](const RankedFirm& a, const RankedFirm& b) { return before(a, b); });
            if (all.size() > options_.top) all.resize(options_.top);
            std::vector<Push>& out = result.best_firms_;
            result.by_policy_[status][program_.policies[place].policy] = {
                static_cast<std::uint32_t>(out.size()), static_cast<std::uint32_t>(all.size())};
            for (const RankedFirm& firm : all)
                out.push_back({firm.row, firm.score});
        }
    }
}

MatchResult Matcher::match(const IndexedFirms& firms, const MatchOptions& options) const {
    return Run(*this, firms, options).run();
}

} // namespace qice
