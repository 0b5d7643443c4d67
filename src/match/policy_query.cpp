#include "qice/match/policy_query.hpp"

#include "index/exact_code.hpp"
#include "kernels/filters.hpp"
#include "match/best_firms.hpp"
#include "match/bound_policy.hpp"
#include "match/pieces.hpp"
#include "match/policy_view.hpp"

#include <algorithm>
#include <stdexcept>

namespace qice {
namespace {

bool is_empty(const BlockRow& row) {
    return std::all_of(std::begin(row.words), std::end(row.words),
                       [](std::uint64_t word) { return word == 0; });
}

} // namespace

BoundPolicy::BoundPolicy(std::unique_ptr<const Parts> parts) : parts_(std::move(parts)) {}
BoundPolicy::BoundPolicy(BoundPolicy&&) noexcept = default;
BoundPolicy& BoundPolicy::operator=(BoundPolicy&&) noexcept = default;
BoundPolicy::~BoundPolicy() = default;

bool BoundPolicy::asks_firms() const { return parts_->asks; }

struct PolicyQuery::Scratch::Parts {
    std::vector<std::uint64_t> alive, asked, twice, row; // a bit a block
    std::vector<std::uint32_t> blocks;
    AlignedVector<BlockRow> rows; // of `blocks`: which firms are still in

    BlockScratch block;
    PolicyViewMemory view;
    std::vector<std::uint32_t> positions; // of firms that are packed
    std::vector<std::uint32_t> kept_blocks;
    AlignedVector<BlockRow> kept_rows;

    SelectedFirms selected[kRankClasses];
    std::vector<Piece> pieces; // of what is in view
    TagScores tags;
    BestFirms<std::uint64_t> best;
    __extension__ BestFirms<unsigned __int128> best_of_wide_scores;
};

PolicyQuery::Scratch::Scratch() : parts_(std::make_unique<Parts>()) {}
PolicyQuery::Scratch::Scratch(Scratch&&) noexcept = default;
PolicyQuery::Scratch& PolicyQuery::Scratch::operator=(Scratch&&) noexcept = default;
PolicyQuery::Scratch::~Scratch() = default;

PolicyQuery::PolicyQuery(const Program& program, const FirmIndex& index, const FirmTable& firms,
                         const PolicyIndexOptions& options)
    : program_(program), index_(index), firms_(firms),
      slot_of_(firms.schema().size(), BoundField::kNoSlot),
      codes_(program, index, firms, options.crowd), presence_(program, index, codes_),
      tags_(firms, index) {
    if (options.ranked) ids_.emplace(firms, index);
    for (std::uint32_t slot = 0; slot < program.fields.size(); ++slot)
        slot_of_[program.fields[slot].field] = slot;
    for (std::uint32_t set = 0; set < program.sets.size(); ++set)
        slot_of_[program.sets[set].field] = set;
}

std::size_t PolicyQuery::bytes() const {
    std::size_t total = codes_.bytes() + presence_.bytes() + tags_.bytes();
    if (ids_) total += ids_->bytes();
    return total;
}

Program PolicyQuery::compile_alone(const Schema& schema, const Policy& policy,
                                   const CompileOptions& options) {
    CompileOptions with = options;
    with.include_closed = true; // the life cycle is the caller's
    return compile(schema, {&policy, 1}, with);
}

/// One call of match().
class PolicyQuery::Run {
  public:
    Run(const PolicyQuery& query, const BoundPolicy::Parts& policy,
        const PolicyQueryOptions& options, Scratch::Parts& scratch, PolicyAnswer& answer)
        : query_(query), policy_(policy), options_(options), scratch_(scratch), answer_(answer),
          block_scratch_(scratch.block), view_(policy, base_of(query), scratch.view) {}

    static PolicyBinder::Base base_of(const PolicyQuery& query) {
        return {query.program_, query.index_,    query.firms_,
                query.codes_,   query.presence_, query.slot_of_};
    }
    void run() {
        block_scratch_.fit(policy_.program);
        answer_.pushes_.clear();
        answer_.counts_ = {};
        for (SelectedFirms& firms : scratch_.selected)
            firms.clear();
        const bool all = options_.count_all || (options_.statuses & ~kEligibleAndReview) != 0;
        find_blocks(all);
        if (!all) apply_demands();
        answer_.blocks_ = scratch_.blocks.size();
        if (all)
            judge(kWhole);
        else if (policy_.rest.literals + policy_.rest.others != 0)
            judge_rest();
        else
            take_rows();
        rank();
    }

  private:
    using Place = BoundPolicy::Parts::Place;
    static constexpr Place kWhole = Place::kWhole, kRest = Place::kRest, kKnown = Place::kKnown;

    bool wants(Verdict status) const { return (options_.statuses & status_bit(status)) != 0; }

    void find_blocks(bool all);
    void may_pass(const Demand& demand, bool possible, std::size_t begin, std::size_t end);
    void mark_elements(const Demand& demand, std::size_t begin, std::size_t end);
    void apply_demands();
    void ask_open(const Demand& demand);
    std::uint32_t keep_elements(const Demand& demand, std::uint32_t count);
    BlockRow elements_row(const Literal& literal, const BlockRow* planes) const;

    void judge_rest();
    void judge(Place place);
    template <class Judged> void run_over(Place place, Judged judged);
    bool sparse() const;
    void show_block(const BoundPolicy::Parts::Reads& reads, std::size_t i);
    void show(const BlockView& view);
    void take_rows();
    void add(RankClass rank_class, const BlockRow& firms);
    template <class Take> void by_block(Take take) const;
    void rank();

    const PolicyQuery& query_;
    const BoundPolicy::Parts& policy_;
    const PolicyQueryOptions& options_;
    Scratch::Parts& scratch_;
    PolicyAnswer& answer_;
    BlockScratch& block_scratch_;
    const Kernels& kernels_ = kernels();
    const Filters& filters_ = filters();
    BlockTask task_{};
    PolicyView view_;
    // What is in view: a block, or firms packed together.
    std::uint32_t block_ = 0;
    std::span<const std::uint32_t> packed_;
};

BoundPolicy PolicyQuery::bind(Program alone) const {
    auto parts = std::make_unique<BoundPolicy::Parts>();
    parts->program = std::move(alone);
    PolicyBinder(Run::base_of(*this)).bind(*parts);
    Program& program = parts->program;
    // Lone literals and tables hold codes of the policy's own: here all literals go one by one.
    for (Shape& shape : program.shapes)
        shape.lone = 0;
    for (CodedField& field : program.fields)
        field.tables = 0;
    for (const Conjunction& part : {parts->rest, parts->known}) { // in places kRest and kKnown
        const auto place = static_cast<std::uint32_t>(program.policies.size());
        program.policies.push_back(program.policies[0]);
        program.policies.back().rule = part;
        program.shapes.push_back(
            {place, place + 1, part.first, part.literals, part.others, part.manual});
    }
    return BoundPolicy(std::move(parts));
}

bool PolicyQuery::accepts(const BoundPolicy& policy) const {
    return policy.parts_->of_any == &program_ && !codes_.any_finer();
}

// --------------------------------------------------------------------------- which blocks, firms

/// Fills scratch.row with the blocks in which a firm may pass a demand. `possible`: unknown passes.
void PolicyQuery::Run::may_pass(const Demand& demand, bool possible, std::size_t begin,
                                std::size_t end) {
    std::uint64_t* const row = scratch_.row.data();
    const Literal& literal = policy_.program.literals[demand.literal];
    if (demand.form == Literal::Form::elements) {
        mark_elements(demand, begin, end);
    } else {
        std::fill(row + begin, row + end, 0);
        for (const FieldCuts::Range& range : demand.rows)
            query_.presence_.mark(demand.slot, range.first, range.last, row, begin, end);
    }
    if (!possible || literal.on_unknown != Truth::unknown) return;
    if (demand.form == Literal::Form::elements) {
        const std::uint32_t unknown = policy_.sets[literal.slot].planes.back();
        const std::uint64_t* blocks = query_.presence_.with_plane(unknown);
        for (std::size_t w = begin; w < end; ++w)
            row[w] |= blocks[w];
    } else {
        const std::uint32_t unknown = query_.codes_.cuts(demand.slot).codes();
        query_.presence_.mark(demand.slot, unknown, unknown, row, begin, end);
    }
}

void PolicyQuery::Run::mark_elements(const Demand& demand, std::size_t begin, std::size_t end) {
    const Literal& literal = policy_.program.literals[demand.literal];
    const BoundSet& set = policy_.sets[literal.slot];
    const std::uint32_t first_plane = policy_.program.sets[literal.slot].first_plane;
    std::vector<std::uint64_t>& row = scratch_.row;
    std::fill(row.begin(), row.end(), ~std::uint64_t{0});
    if (literal.negated || literal.on_unknown == Truth::yes) return;
    std::vector<std::uint64_t>& any = scratch_.asked; // not yet in use
    for (std::uint32_t i = 0; i < literal.count; ++i) {
        const ElementTest& test = policy_.program.element_tests[literal.first + i];
        if (test.mode == ElementTest::Mode::none) continue;
        std::fill(any.begin(), any.end(), 0);
        for (std::uint32_t e = 0; e < test.count; ++e) {
            const std::uint32_t plane =
                set.planes[policy_.program.elements[test.first + e] - first_plane];
            if (plane == BoundSet::kNoPlane) {
                if (test.mode == ElementTest::Mode::all) std::fill(row.begin(), row.end(), 0);
                continue;
            }
            const std::uint64_t* blocks = query_.presence_.with_plane(plane);
            for (std::size_t w = begin; w < end; ++w) {
                if (test.mode == ElementTest::Mode::all) row[w] &= blocks[w];
                any[w] |= blocks[w];
            }
        }
        if (test.mode == ElementTest::Mode::any)
            for (std::size_t w = begin; w < end; ++w)
                row[w] &= any[w];
    }
}

/// The blocks that can hold a firm for this policy, and their firms, all still in. For all
/// statuses: where at most one demand, and none that a firm cannot change, fails for every firm.
void PolicyQuery::Run::find_blocks(bool all) {
    const FirmIndex& index = query_.index_;
    const std::size_t words = query_.presence_.words();
    std::vector<std::uint64_t>& alive = scratch_.alive;
    std::vector<std::uint64_t>& twice = scratch_.twice; // no demand has failed there yet
    alive.assign(words, ~std::uint64_t{0});
    twice.assign(words, ~std::uint64_t{0});
    scratch_.asked.resize(words);
    scratch_.row.resize(words);
    if (index.blocks() % 64 != 0) alive.back() = (std::uint64_t{1} << (index.blocks() % 64)) - 1;
    std::size_t begin = 0, end = words;
    for (const Demand& demand : policy_.demands) {
        may_pass(demand, all, begin, end);
        const bool mends = all && !policy_.program.literals[demand.literal].fixed;
        for (std::size_t w = begin; w < end; ++w) {
            alive[w] &= mends ? scratch_.row[w] | twice[w] : scratch_.row[w];
            twice[w] &= scratch_.row[w];
        }
        while (begin < end && alive[begin] == 0)
            ++begin;
        while (begin < end && alive[end - 1] == 0)
            --end;
    }
    scratch_.blocks.clear();
    scratch_.rows.clear();
    if (begin == end) return;
    for_each_bit(alive.data() + begin, end - begin, [&](std::size_t bit) {
        const std::size_t block = begin * 64 + bit;
        scratch_.blocks.push_back(static_cast<std::uint32_t>(block));
        scratch_.rows.push_back(index.valid(block));
    });
}

/// Demand by demand over the blocks that are left; a block that no firm can fail is not looked at.
void PolicyQuery::Run::apply_demands() {
    const FineCodes& codes = query_.codes_;
    std::vector<std::uint64_t>& asked = scratch_.asked;
    auto count = static_cast<std::uint32_t>(scratch_.blocks.size());
    for (const Demand& demand : policy_.demands) {
        if (count == 0) break;
        if (demand.form == Literal::Form::elements) {
            count = keep_elements(demand, count);
            continue;
        }
        const std::size_t begin = scratch_.blocks[0] / 64;
        const std::size_t end = scratch_.blocks[count - 1] / 64 + 1;
        std::fill(asked.begin() + static_cast<std::ptrdiff_t>(begin),
                  asked.begin() + static_cast<std::ptrdiff_t>(end), 0);
        for (const FieldCuts::Range& range : demand.refusing)
            query_.presence_.mark(demand.slot, range.first, range.last, asked.data(), begin, end);
        const RangeFilter filter{codes.codes(demand.slot, 0), codes.width(demand.slot),
                                 demand.passing.data(),
                                 static_cast<std::uint32_t>(demand.passing.size()), asked.data()};
        count =
            filters_.keep_in_ranges(filter, scratch_.blocks.data(), scratch_.rows.data(), count);
    }
    scratch_.blocks.resize(count);
    scratch_.rows.resize(count);
    for (const Demand& demand : policy_.demands)
        if (!demand.open.empty() && !scratch_.blocks.empty()) ask_open(demand);
}

/// Asks the firms whose codes leave a demand open for their exact values.
void PolicyQuery::Run::ask_open(const Demand& demand) {
    const FirmIndex& index = query_.index_;
    const FineCodes& codes = query_.codes_;
    std::vector<std::uint64_t>& holding = scratch_.asked; // blocks with such a firm
    std::fill(holding.begin(), holding.end(), 0);
    for (const FieldCuts::Range& range : demand.open)
        query_.presence_.mark(demand.slot, range.first, range.last, holding.data(), 0,
                              holding.size());
    const RangeFilter filter{codes.codes(demand.slot, 0), codes.width(demand.slot),
                             demand.open.data(), static_cast<std::uint32_t>(demand.open.size()),
                             holding.data()};
    const Literal& literal = policy_.program.literals[demand.literal];
    const CodedField& own = policy_.program.fields[literal.slot];
    const std::span ranges =
        std::span(policy_.program.ranges).subspan(literal.first, literal.count);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < scratch_.blocks.size(); ++i) {
        std::uint32_t block = scratch_.blocks[i];
        BlockRow row = scratch_.rows[i], open = row;
        if ((holding[block / 64] >> (block % 64) & 1) != 0 &&
            filters_.keep_in_ranges(filter, &block, &open, 1) != 0)
            for_each_bit(open.words, kBlockWords, [&](std::size_t bit) {
                const std::size_t at = block * kBlockFirms + bit;
                const std::uint32_t code = exact_code(own, query_.firms_[index.row_at(at)]);
                const bool passes =
                    std::any_of(ranges.begin(), ranges.end(), [&](const FieldCuts::Range& range) {
                        return range.first <= code && code <= range.last;
                    });
                if (!passes) row.words[bit / 64] &= ~(std::uint64_t{1} << (bit % 64));
            });
        if (is_empty(row)) continue;
        scratch_.blocks[kept] = block;
        scratch_.rows[kept++] = row;
    }
    scratch_.blocks.resize(kept);
    scratch_.rows.resize(kept);
}

std::uint32_t PolicyQuery::Run::keep_elements(const Demand& demand, std::uint32_t count) {
    const Literal& literal = policy_.program.literals[demand.literal];
    std::uint32_t kept = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
        const BlockRow certain = elements_row(literal, query_.index_.planes(scratch_.blocks[i]));
        BlockRow row = scratch_.rows[i];
        std::uint64_t any = 0;
        for (std::size_t w = 0; w < kBlockWords; ++w)
            any |= row.words[w] &= certain.words[w];
        if (any == 0) continue;
        scratch_.blocks[kept] = scratch_.blocks[i];
        scratch_.rows[kept++] = row;
    }
    return kept;
}

/// Where a set literal is certain, from the rows of the index.
BlockRow PolicyQuery::Run::elements_row(const Literal& literal, const BlockRow* planes) const {
    const BoundSet& set = policy_.sets[literal.slot];
    const std::uint32_t first_plane = policy_.program.sets[literal.slot].first_plane;
    BlockRow passing;
    std::fill_n(passing.words, kBlockWords, ~std::uint64_t{0});
    for (std::uint32_t i = 0; i < literal.count; ++i) {
        const ElementTest& test = policy_.program.element_tests[literal.first + i];
        BlockRow any{}, all;
        std::fill_n(all.words, kBlockWords, ~std::uint64_t{0});
        for (std::uint32_t e = 0; e < test.count; ++e) {
            const std::uint32_t plane =
                set.planes[policy_.program.elements[test.first + e] - first_plane];
            for (std::size_t w = 0; w < kBlockWords; ++w) {
                const std::uint64_t has = plane == BoundSet::kNoPlane ? 0 : planes[plane].words[w];
                any.words[w] |= has;
                all.words[w] &= has;
            }
        }
        for (std::size_t w = 0; w < kBlockWords; ++w)
            passing.words[w] &= test.mode == ElementTest::Mode::any   ? any.words[w]
                                : test.mode == ElementTest::Mode::all ? all.words[w]
                                                                      : ~any.words[w];
    }
    const BlockRow& unknown = planes[set.planes.back()];
    for (std::size_t w = 0; w < kBlockWords; ++w) {
        const std::uint64_t known =
            (literal.negated ? ~passing.words[w] : passing.words[w]) & ~unknown.words[w];
        passing.words[w] = literal.on_unknown == Truth::yes ? known | unknown.words[w] : known;
    }
    return passing;
}

// -------------------------------------------------------------------------------- what is left

/// Firms that the index rules out are gone before any is asked for its values.
void PolicyQuery::Run::judge_rest() {
    if (policy_.asks && policy_.known.others != 0) {
        scratch_.kept_blocks.clear();
        scratch_.kept_rows.clear();
        task_.wanted = 1u << kEligible | 1u << kReview;
        run_over(kKnown, [&] {
            BlockRow confirmed{};
            for (const RankClass rank_class : {kEligible, kReview})
                if (const auto& matches = block_scratch_.matches[rank_class]; matches.size != 0)
                    for (std::size_t w = 0; w < kBlockWords; ++w)
                        confirmed.words[w] |= matches.firms[0].words[w];
            scratch_.pieces.assign(1, {confirmed, 0});
            by_block([&](std::uint32_t block, const BlockRow& row, Score) {
                scratch_.kept_blocks.push_back(block);
                scratch_.kept_rows.push_back(row);
            });
        });
        scratch_.blocks.swap(scratch_.kept_blocks);
        scratch_.rows.swap(scratch_.kept_rows);
    }
    judge(kRest);
}

void PolicyQuery::Run::judge(Place place) {
    task_.wanted = 0;
    constexpr std::array<std::pair<RankClass, Verdict>, kRankClasses> kStatusOf{{
        {kEligible, Verdict::eligible},
        {kReview, Verdict::review},
        {kNeedsFact, Verdict::needs_data},
        {kNeedsMore, Verdict::needs_data},
        {kNear, Verdict::near},
    }};
    for (const auto& [rank_class, status] : kStatusOf)
        if (wants(status)) task_.wanted |= 1u << rank_class;
    run_over(place, [&] {
        for (const auto& [rank_class, status] : kStatusOf) {
            const BlockMatches& matches = block_scratch_.matches[rank_class];
            if (matches.size != 0) add(rank_class, matches.firms[0]);
        }
    });
    for (std::size_t status = 0; status < kStatuses; ++status)
        answer_.counts_[status] = block_scratch_.counts[kStatuses * place + status];
}

/// Runs a part of the program over the firms that are left; judged() reads what came of it. Where
/// they stand thinly they are packed, so that a row of 512 bits is about 512 firms.
template <class Judged> void PolicyQuery::Run::run_over(Place place, Judged judged) {
    const std::uint64_t candidates = std::uint64_t{1} << place;
    task_.candidates = &candidates;
    task_.all_planes = place == kWhole;
    if (place == kWhole || !sparse()) {
        for (std::size_t i = 0; i < scratch_.blocks.size(); ++i) {
            show_block(policy_.reads[place], i);
            kernels_.run_block(task_, block_scratch_);
            judged();
        }
        return;
    }
    std::vector<std::uint32_t>& positions = scratch_.positions;
    positions.clear();
    for (std::size_t i = 0; i < scratch_.blocks.size(); ++i)
        for_each_bit(scratch_.rows[i].words, kBlockWords, [&](std::size_t bit) {
            positions.push_back(static_cast<std::uint32_t>(scratch_.blocks[i] * kBlockFirms + bit));
        });
    for (std::size_t begin = 0; begin < positions.size(); begin += kBlockFirms) {
        packed_ =
            std::span(positions).subspan(begin, std::min(kBlockFirms, positions.size() - begin));
        show(view_.packed(policy_.reads[place], packed_));
        kernels_.run_block(task_, block_scratch_);
        judged();
    }
    packed_ = {};
}

bool PolicyQuery::Run::sparse() const {
    constexpr std::uint64_t kDense = kBlockFirms / 4; // from so many firms a block on packing costs
    const std::size_t blocks = scratch_.blocks.size();
    return blocks > 1 && filters_.count_firms(scratch_.rows.data(), blocks) < blocks * kDense;
}

/// Shows the i-th of the blocks that are left, and asks for the memory of one that follows.
void PolicyQuery::Run::show_block(const BoundPolicy::Parts::Reads& reads, std::size_t i) {
    constexpr std::size_t kAhead = 4;
    const std::vector<std::uint32_t>& blocks = scratch_.blocks;
    if (i + kAhead < blocks.size()) view_.fetch_ahead(reads, blocks[i + kAhead]);
    block_ = blocks[i];
    show(view_.block(reads, block_, scratch_.rows[i]));
}

void PolicyQuery::Run::show(const BlockView& view) {
    task_.program = &policy_.program;
    task_.view = view;
    ++block_scratch_.block;
    for (BlockMatches& matches : block_scratch_.matches)
        matches.size = 0;
}

/// The demands have settled everything: what is left is eligible.
void PolicyQuery::Run::take_rows() {
    answer_.counts_[static_cast<std::size_t>(Verdict::eligible)] =
        filters_.count_firms(scratch_.rows.data(), scratch_.rows.size());
    if (!wants(Verdict::eligible)) return;
    const bool views = policy_.program.policies[kWhole].preferences != 0;
    for (std::size_t i = 0; i < scratch_.blocks.size(); ++i) {
        if (views)
            show_block(policy_.reads[kRest], i);
        else
            block_ = scratch_.blocks[i];
        add(kEligible, scratch_.rows[i]);
    }
}

/// Takes firms in view into a class, cut up by what preferences add to their score.
void PolicyQuery::Run::add(RankClass rank_class, const BlockRow& firms) {
    scratch_.pieces.assign(1, {firms, 0});
    cut_up(scratch_.pieces, policy_.program, policy_.program.policies[kWhole],
           [&](Ref when) { return *kernels_.certain(task_, block_scratch_, when); });
    by_block([&](std::uint32_t block, const BlockRow& row, Score added) {
        scratch_.selected[rank_class].add(block, row, added);
    });
}

/// The pieces of what is in view: take(block, row, added), blocks ascending.
template <class Take> void PolicyQuery::Run::by_block(Take take) const {
    if (packed_.empty()) {
        for (const auto& [row, added] : scratch_.pieces)
            take(block_, row, added);
        return;
    }
    for (std::size_t begin = 0, end; begin < packed_.size(); begin = end) {
        const auto block = static_cast<std::uint32_t>(packed_[begin] / kBlockFirms);
        end = begin + 1;
        while (end < packed_.size() && packed_[end] / kBlockFirms == block)
            ++end;
        for (const auto& [firms, added] : scratch_.pieces) {
            BlockRow row{};
            std::uint64_t any = 0;
            for (std::size_t i = begin; i < end; ++i) {
                const std::uint64_t in = firms.words[i / 64] >> (i % 64) & 1;
                row.words[packed_[i] % kBlockFirms / 64] |= in << (packed_[i] % 64);
                any |= in;
            }
            if (any != 0) take(block, row, added);
        }
    }
}

void PolicyQuery::Run::rank() {
    const Program& program = policy_.program;
    const bool wide = firm_key_bits(program, program.policies[0], query_.index_.firms()) > 64;
    const ScoreFloors* floors = nullptr;
    if (std::any_of(std::begin(scratch_.selected), std::end(scratch_.selected),
                    [](const SelectedFirms& firms) { return !firms.blocks.empty(); }))
        scratch_.tags.take_tags(program, query_.tags_, query_.firms_);
    const auto select = [&](RankClass rank_class, std::uint32_t top) {
        SelectedFirms& firms = scratch_.selected[rank_class];
        if (firms.blocks.empty()) return;
        if (!options_.ranked)
            take_all(firms, policy_, {query_.index_, options_.positions, floors, filters_},
                     scratch_.tags, answer_.pushes_);
        else if (wide)
            scratch_.best_of_wide_scores.select(firms, top, policy_, *query_.ids_, filters_,
                                                scratch_.tags, answer_.pushes_);
        else
            scratch_.best.select(firms, top, policy_, *query_.ids_, filters_, scratch_.tags,
                                 answer_.pushes_);
    };
    for (std::size_t status = 0; status < kStatuses; ++status) {
        const std::size_t begin = answer_.begins_[status] = answer_.pushes_.size();
        floors = options_.floors[status];
        switch (static_cast<Verdict>(status)) {
        case Verdict::eligible: select(kEligible, options_.top); break;
        case Verdict::review: select(kReview, options_.top); break;
        case Verdict::near: select(kNear, options_.top); break;
        default:
            select(kNeedsFact, options_.top);
            select(kNeedsMore,
                   options_.top - static_cast<std::uint32_t>(answer_.pushes_.size() - begin));
        }
    }
    answer_.begins_[kStatuses] = answer_.pushes_.size();
}

void PolicyQuery::match(const BoundPolicy& policy, const PolicyQueryOptions& options,
                        Scratch& scratch, PolicyAnswer& answer) const {
    if (options.ranked && !ids_)
        throw std::logic_error("a query that was built with ranked = false was asked to rank");
    Run(*this, *policy.parts_, options, *scratch.parts_, answer).run();
}

} // namespace qice
