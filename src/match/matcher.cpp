#include "qice/match/matcher.hpp"

#include "kernels/kernels.hpp"
#include "match/rank.hpp"

#include <algorithm>
#include <numeric>
#include <thread>

namespace qice {
namespace {

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

Matcher::Matcher(const Schema& schema, std::span<const Policy> policies,
                 const CompileOptions& options)
    : policies_(policies), program_(compile(schema, policies, options)), policy_index_(program_),
      id_rank_(program_.policies.size()) {
    std::vector<std::uint32_t> by_id(program_.policies.size());
    std::iota(by_id.begin(), by_id.end(), 0u);
    std::sort(by_id.begin(), by_id.end(), [&](std::uint32_t a, std::uint32_t b) {
        return policies[program_.policies[a].policy].id < policies[program_.policies[b].policy].id;
    });
    for (std::uint32_t rank = 0; rank < by_id.size(); ++rank)
        id_rank_[by_id[rank]] = rank;
}

Matcher::~Matcher() = default;

IndexedFirms Matcher::index(const FirmTable& firms) const {
    PolicyIndex policies = policy_index_;
    FirmIndex index(program_, policies, firms);
    TagMatrix tags = firm_tags(program_, index, firms);
    return {&firms, std::move(index), std::move(policies), std::move(tags)};
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

    void collect_policies(const std::vector<std::unique_ptr<Worker>>& workers,
                          MatchResult& result) const;

    const Matcher& matcher_;
    const Program& program_;
    const IndexedFirms& firms_;
    const MatchOptions& options_;
    const std::uint32_t wanted_;
    const bool all_planes_;
    std::vector<std::uint32_t> firm_rank_; // by policy: of each row, its place by id
    std::atomic<std::size_t> next_block_{0};
};

class Matcher::Run::Worker {
  public:
    Worker(Run& run, MatchResult& result, std::uint32_t chunk)
        : run_(run), result_(result), chunk_(chunk), scratch_(run.program_),
          ranker_(run.program_, run.firms_.tags, run.matcher_.id_rank_),
          candidates_(run.program_.policies.size()), row_(run.firms_.policies.words()),
          possible_(row_.size()), repairable_(row_.size()), taken_(kBlockFirms), out_(kBlockFirms) {
        const FirmIndex& index = run.firms_.index;
        for (std::uint32_t slot = 0; slot < run.program_.fields.size(); ++slot)
            widths_.push_back(index.width(slot));
        codes_.resize(widths_.size());
        if (run.options_.by_policy) best_.resize(kStatuses * run.program_.policies.size());
    }

    void work() {
        for (;;) {
            const std::size_t block = run_.next_block_.fetch_add(1, std::memory_order_relaxed);
            if (block >= run_.firms_.index.blocks()) return;
            match_block(block);
            if (run_.options_.done_blocks != nullptr)
                run_.options_.done_blocks->fetch_add(1, std::memory_order_relaxed);
        }
    }

    void add_counts(MatchResult& result) const {
        for (std::size_t place = 0; place < run_.program_.policies.size(); ++place)
            for (std::size_t status = 0; status < kStatuses; ++status)
                result.counts_[run_.program_.policies[place].policy][status] +=
                    scratch_.counts[kStatuses * place + status];
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
                 {codes_.data(), widths_.data(), index.planes(block), index.valid(block)},
                 candidates_.data(),
                 find_candidates(block),
                 run_.all_planes_,
                 run_.wanted_};
        ++scratch_.block;
        for (BlockMatches& matches : scratch_.matches)
            matches.size = 0;
        kernels_.run_block(task_, scratch_);
        first_ = block * kBlockFirms;
        firms_ = std::min(kBlockFirms, index.firms() - first_);
        for (std::size_t status = 0; status < kStatuses; ++status) {
            if ((run_.options_.statuses >> status & 1) == 0) continue;
            if (run_.options_.by_policy)
                keep_best_firms(status);
            else
                rank_policies(status);
        }
    }

    /// The zone map: the policies that some firm of the block could meet, or be one change from.
    std::size_t find_candidates(std::size_t block) {
        const std::size_t policies = run_.firms_.policies.policies();
        const auto& fields = run_.firms_.policies.fields();
        std::fill(possible_.begin(), possible_.end(), ~std::uint64_t{0});
        std::fill(repairable_.begin(), repairable_.end(), ~std::uint64_t{0});
        for (std::size_t f = 0; f < fields.size(); ++f) {
            std::fill(row_.begin(), row_.end(), 0);
            for (std::uint32_t code : run_.firms_.index.present(f, block)) {
                const std::uint64_t* of_code = fields[f].possible[code];
                for (std::size_t w = 0; w < row_.size(); ++w)
                    row_[w] |= of_code[w];
            }
            for (std::size_t w = 0; w < row_.size(); ++w) {
                const std::uint64_t mendable = fields[f].fixed ? 0 : possible_[w] & ~row_[w];
                repairable_[w] = (repairable_[w] & row_[w]) | mendable;
                possible_[w] &= row_[w];
            }
        }
        std::vector<std::uint64_t>& wanted = run_.all_planes_ ? repairable_ : possible_;
        if (policies % 64 != 0) wanted.back() &= (std::uint64_t{1} << (policies % 64)) - 1;
        std::size_t count = 0;
        for_each_bit(wanted.data(), wanted.size(), [&](std::size_t place) {
            candidates_[count++] = static_cast<std::uint32_t>(place);
        });
        return count;
    }

    const BlockRow* preference_row(std::uint32_t preference) {
        return kernels_.certain(task_, scratch_, run_.program_.preferences[preference].when);
    }

    void rank_policies(std::size_t status) {
        const BlockRanker::PreferenceRows rows = [this](std::uint32_t preference) {
            return preference_row(preference);
        };
        std::fill(taken_.begin(), taken_.end(), 0);
        for (std::vector<Push>& pushes : out_)
            pushes.clear();
        const auto [first, second] = kClassesOf[status];
        ranker_.rank(scratch_.matches[first], first_, firms_, run_.options_.top, rows, taken_,
                     out_);
        if (second != first)
            ranker_.rank(scratch_.matches[second], first_, firms_, run_.options_.top, rows, taken_,
                         out_);
        std::vector<Push>& chunk = result_.chunks_[chunk_];
        for (std::size_t bit = 0; bit < firms_; ++bit) {
            const std::uint32_t row = run_.firms_.index.row_at(first_ + bit);
            result_.slices_[status][row] = {chunk_, static_cast<std::uint32_t>(chunk.size()),
                                            static_cast<std::uint32_t>(out_[bit].size())};
            for (const Push& push : out_[bit])
                chunk.push_back({run_.program_.policies[push.other].policy, push.score});
        }
    }

    void keep_best_firms(std::size_t status) {
        const BlockRanker::PreferenceRows rows = [this](std::uint32_t preference) {
            return preference_row(preference);
        };
        const auto [first, second] = kClassesOf[status];
        keep_best_firms(status, first, false, rows);
        if (second != first) keep_best_firms(status, second, true, rows);
    }

    void keep_best_firms(std::size_t status, RankClass rank_class, bool later,
                         const BlockRanker::PreferenceRows& rows) {
        const auto by_rank = [this](const RankedFirm& a, const RankedFirm& b) {
            return run_.before(a, b);
        };
        const BlockMatches& matches = scratch_.matches[rank_class];
        for (std::size_t m = 0; m < matches.size; ++m) {
            const std::uint32_t place = matches.policies[m];
            std::vector<RankedFirm>& heap = best(place, status); // the worst on top
            for_each_bit(matches.firms[m].words, kBlockWords, [&](std::size_t bit) {
                ranker_.load_tags(first_ + bit);
                const RankedFirm firm{later, ranker_.score(place, bit, rows),
                                      run_.firms_.index.row_at(first_ + bit)};
                ranker_.drop_tags(first_ + bit);
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
    const std::uint32_t chunk_;
    const Kernels& kernels_ = kernels();
    BlockScratch scratch_;
    BlockRanker ranker_;
    BlockTask task_{};
    std::size_t first_ = 0, firms_ = 0; // of the block at hand
    std::vector<std::uint8_t> widths_;
    std::vector<const std::uint8_t*> codes_;
    std::vector<std::uint32_t> candidates_;
    std::vector<std::uint64_t> row_, possible_, repairable_; // a bit a policy
    std::vector<std::uint32_t> taken_;
    std::vector<std::vector<Push>> out_;
    std::vector<std::vector<RankedFirm>> best_; // by policy: heaps of the K best firms so far
};

MatchResult Matcher::Run::run() {
    const std::size_t threads = std::clamp<std::size_t>(
        options_.threads, 1, std::max<std::size_t>(firms_.index.blocks(), 1));
    MatchResult result;
    const std::size_t slots = options_.by_policy ? matcher_.policies_.size() : firms_.table->size();
    for (std::size_t status = 0; status < kStatuses; ++status)
        if ((options_.statuses >> status & 1) != 0) result.slices_[status].resize(slots);
    result.chunks_.resize(threads + 1);
    result.counts_.resize(matcher_.policies_.size());

    std::vector<std::unique_ptr<Worker>> workers;
    for (std::size_t t = 0; t < threads; ++t)
        workers.push_back(
            std::make_unique<Worker>(*this, result, static_cast<std::uint32_t>(t + 1)));
    std::vector<std::thread> others;
    for (std::size_t t = 1; t < threads; ++t)
        others.emplace_back([&, t] { workers[t]->work(); });
    workers[0]->work();
    for (std::thread& other : others)
        other.join();

    for (const auto& worker : workers)
        worker->add_counts(result);
    if (options_.by_policy) collect_policies(workers, result);
    return result;
}

void Matcher::Run::collect_policies(const std::vector<std::unique_ptr<Worker>>& workers,
                                    MatchResult& result) const {
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
            std::vector<Push>& chunk = result.chunks_[0];
            result.slices_[status][program_.policies[place].policy] = {
                0, static_cast<std::uint32_t>(chunk.size()),
                static_cast<std::uint32_t>(all.size())};
            for (const RankedFirm& firm : all)
                chunk.push_back({firm.row, firm.score});
        }
    }
}

MatchResult Matcher::match(const IndexedFirms& firms, const MatchOptions& options) const {
    return Run(*this, firms, options).run();
}

} // namespace qice
