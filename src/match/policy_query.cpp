#include "qice/match/policy_query.hpp"

#include "index/dictionary_order.hpp"
#include "index/exact_code.hpp"
#include "kernels/filters.hpp"
#include "match/best_firms.hpp"
#include "match/bound_policy.hpp"

#include <algorithm>
#include <cstring>

namespace qice {

BoundPolicy::BoundPolicy(std::unique_ptr<const Parts> parts) : parts_(std::move(parts)) {}
BoundPolicy::BoundPolicy(BoundPolicy&&) noexcept = default;
BoundPolicy& BoundPolicy::operator=(BoundPolicy&&) noexcept = default;
BoundPolicy::~BoundPolicy() = default;

bool BoundPolicy::asks_firms() const { return parts_->asks; }

struct PolicyQuery::Scratch::Parts {
    std::vector<std::uint64_t> alive, asked, twice, row; // a bit a block
    std::vector<std::uint32_t> blocks;
    AlignedVector<BlockRow> rows; // of `blocks`: which firms are still in

    // One block as the executor reads it.
    std::vector<const std::uint8_t*> codes;
    std::vector<std::uint8_t> widths;
    AlignedVector<std::uint8_t> own_codes; // columns made for one block, a field 4 x 512 bytes
    AlignedVector<BlockRow> planes;

    SelectedFirms selected[kRankClasses];
    std::vector<std::pair<BlockRow, Score>> pieces; // of a row that preferences cut up
    BestFirms<std::uint64_t> best;
    __extension__ BestFirms<unsigned __int128> best_of_wide_scores;
};

PolicyQuery::Scratch::Scratch() : parts_(std::make_unique<Parts>()) {}
PolicyQuery::Scratch::Scratch(Scratch&&) noexcept = default;
PolicyQuery::Scratch& PolicyQuery::Scratch::operator=(Scratch&&) noexcept = default;
PolicyQuery::Scratch::~Scratch() = default;

PolicyQuery::PolicyQuery(const Program& program, const FirmIndex& index, const FirmTable& firms)
    : program_(program), index_(index), firms_(firms),
      slot_of_(firms.schema().size(), BoundField::kNoSlot),
      elements_by_name_(firms.schema().size()), presence_(program, index), ids_(firms, index),
      tags_(firms, index) {
    for (std::uint32_t slot = 0; slot < program.fields.size(); ++slot)
        slot_of_[program.fields[slot].field] = slot;
    for (std::uint32_t set = 0; set < program.sets.size(); ++set)
        slot_of_[program.sets[set].field] = set;
    for (std::uint32_t field = 0; field < firms.schema().size(); ++field)
        if (firms.schema()[field].kind == Kind::set)
            elements_by_name_[field] = order_by_text(firms.column(field).dictionary);
}

std::size_t PolicyQuery::bytes() const {
    std::size_t total = presence_.bytes() + ids_.bytes() + tags_.bytes();
    for (const auto& elements : elements_by_name_)
        total += elements.size() * sizeof(std::uint32_t);
    return total;
}

BoundPolicy PolicyQuery::bind(const Policy& policy, const CompileOptions& options) const {
    auto parts = std::make_unique<BoundPolicy::Parts>();
    CompileOptions alone = options;
    alone.include_closed = true; // the life cycle is the caller's
    parts->program = compile(firms_.schema(), {&policy, 1}, alone);
    PolicyBinder(program_, index_, firms_, slot_of_, elements_by_name_, presence_).bind(*parts);
    Program& program = parts->program;
    program.policies.push_back(program.policies[0]); // the second place: what demands leave open
    const Conjunction& rest = parts->rest;
    program.policies[1].rule = rest;
    program.shapes.push_back({1, 2, rest.first, rest.literals, rest.others, rest.manual});
    for (const CompiledTag& tag : program.tags) {
        const TagPostings::List list = tags_.of(firms_, program.tag_names[tag.tag]);
        if (!list.positions.empty()) parts->tags.push_back({list, tag.weight});
    }
    return BoundPolicy(std::move(parts));
}

/// One call of match().
class PolicyQuery::Run {
  public:
    Run(const PolicyQuery& query, const BoundPolicy::Parts& policy,
        const PolicyQueryOptions& options, Scratch::Parts& scratch, PolicyAnswer& answer)
        : query_(query), policy_(policy), options_(options), scratch_(scratch), answer_(answer),
          block_scratch_(policy.program) {}

    void run() {
        answer_.pushes_.clear();
        answer_.counts_ = {};
        for (SelectedFirms& firms : scratch_.selected)
            firms.clear();
        const bool all = options_.count_all || (options_.statuses & ~kEligibleAndReview) != 0;
        find_blocks(all);
        if (!all) apply_demands();
        answer_.blocks_ = scratch_.blocks.size();
        prepare_view();
        if (all)
            judge_blocks(true);
        else if (policy_.rest.literals + policy_.rest.others != 0)
            judge_blocks(false);
        else
            take_rows();
        rank();
    }

  private:
    bool wants(Verdict status) const { return (options_.statuses & status_bit(status)) != 0; }

    void find_blocks(bool all);
    void may_pass(const Demand& demand, bool possible, std::size_t begin, std::size_t end);
    void mark_elements(const Demand& demand, std::size_t begin, std::size_t end);
    void apply_demands();
    std::uint32_t keep_elements(const Demand& demand, std::uint32_t count);
    BlockRow elements_row(const Literal& literal, const BlockRow* planes) const;

    void prepare_view();
    void judge_blocks(bool all);
    void take_rows();
    void view_block(std::uint32_t block, const BlockRow& firms);
    void fill_codes(std::uint32_t own, std::uint32_t block, const BlockRow& firms);
    template <class Code>
    void fill_codes(std::uint32_t own, std::uint32_t block, const BlockRow& firms);
    void fill_planes(std::uint32_t block, const BlockRow& firms);
    void fill_planes_from_table(std::uint32_t own, std::uint32_t block, const BlockRow& firms);
    void add(RankClass rank_class, std::uint32_t block, const BlockRow& firms);
    void rank();

    const PolicyQuery& query_;
    const BoundPolicy::Parts& policy_;
    const PolicyQueryOptions& options_;
    Scratch::Parts& scratch_;
    PolicyAnswer& answer_;
    BlockScratch block_scratch_;
    const Kernels& kernels_ = kernels();
    const Filters& filters_ = filters();
    BlockTask task_{};
};

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
        const std::uint32_t unknown = query_.program_.fields[demand.slot].cuts.codes();
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
    const FirmIndex& index = query_.index_;
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
        const RangeFilter filter{index.codes(demand.slot, 0), index.width(demand.slot),
                                 demand.passing.data(),
                                 static_cast<std::uint32_t>(demand.passing.size()), asked.data()};
        count =
            filters_.keep_in_ranges(filter, scratch_.blocks.data(), scratch_.rows.data(), count);
    }
    scratch_.blocks.resize(count);
    scratch_.rows.resize(count);
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

// ------------------------------------------------------------------------------------ one block

void PolicyQuery::Run::prepare_view() {
    const Program& program = policy_.program;
    scratch_.codes.resize(program.fields.size());
    scratch_.widths.resize(program.fields.size());
    for (std::size_t own = 0; own < program.fields.size(); ++own)
        scratch_.widths[own] = policy_.fields[own].width;
    scratch_.own_codes.resize(program.fields.size() * 4 * kBlockFirms);
    scratch_.planes.resize(program.planes);
}

/// Lays out a block in the terms of the policy's program; what the index does not know is made for
/// these firms only.
void PolicyQuery::Run::view_block(std::uint32_t block, const BlockRow& firms) {
    for (std::uint32_t own = 0; own < policy_.fields.size(); ++own) {
        const BoundField& field = policy_.fields[own];
        if (field.asks)
            fill_codes(own, block, firms);
        else
            scratch_.codes[own] = query_.index_.codes(field.slot, block);
    }
    if (!policy_.sets.empty()) fill_planes(block, firms);
    task_.program = &policy_.program;
    task_.view = {scratch_.codes.data(), scratch_.widths.data(), scratch_.planes.data(), firms};
    ++block_scratch_.block;
    for (BlockMatches& matches : block_scratch_.matches)
        matches.size = 0;
}

void PolicyQuery::Run::fill_codes(std::uint32_t own, std::uint32_t block, const BlockRow& firms) {
    const std::uint8_t width = policy_.fields[own].width;
    if (width == 1)
        fill_codes<std::uint8_t>(own, block, firms);
    else if (width == 2)
        fill_codes<std::uint16_t>(own, block, firms);
    else
        fill_codes<std::uint32_t>(own, block, firms);
}

template <class Code>
void PolicyQuery::Run::fill_codes(std::uint32_t own, std::uint32_t block, const BlockRow& firms) {
    const BoundField& field = policy_.fields[own];
    const CodedField& coded = policy_.program.fields[own];
    const FirmIndex& index = query_.index_;
    const std::uint32_t unknown = coded.cuts.codes();
    const auto base_unknown = static_cast<std::uint32_t>(field.own_codes.size()) - 1;
    std::uint8_t* const column = scratch_.own_codes.data() + own * 4 * kBlockFirms;
    scratch_.codes[own] = column;
    for_each_bit(firms.words, kBlockWords, [&](std::size_t bit) {
        const std::size_t position = block * kBlockFirms + bit;
        std::uint32_t code = CutBinding::kAsk;
        if (field.slot != BoundField::kNoSlot)
            code = field.own_codes[std::min(index.code_at(field.slot, position), base_unknown)];
        if (code == CutBinding::kAsk)
            code = exact_code(coded, query_.firms_[index.row_at(position)]);
        const Code narrow = code == unknown ? static_cast<Code>(~Code{0}) : static_cast<Code>(code);
        std::memcpy(column + bit * sizeof(Code), &narrow, sizeof(Code));
    });
}

void PolicyQuery::Run::fill_planes(std::uint32_t block, const BlockRow& firms) {
    const BlockRow* const planes = query_.index_.planes(block);
    for (std::uint32_t own = 0; own < policy_.sets.size(); ++own) {
        const BoundSet& set = policy_.sets[own];
        BlockRow* const out = scratch_.planes.data() + policy_.program.sets[own].first_plane;
        for (std::size_t i = 0; i < set.planes.size(); ++i)
            out[i] = set.planes[i] == BoundSet::kNoPlane ? BlockRow{} : planes[set.planes[i]];
        if (set.asks) fill_planes_from_table(own, block, firms);
    }
}

void PolicyQuery::Run::fill_planes_from_table(std::uint32_t own, std::uint32_t block,
                                              const BlockRow& firms) {
    const BoundSet& set = policy_.sets[own];
    const CodedSet& coded = policy_.program.sets[own];
    const std::int32_t today = query_.firms_.as_of().days;
    for_each_bit(firms.words, kBlockWords, [&](std::size_t bit) {
        const std::uint64_t in_word = std::uint64_t{1} << (bit % 64);
        const FirmView firm = query_.firms_[query_.index_.row_at(block * kBlockFirms + bit)];
        const auto elements = firm.elements(coded.field);
        if (!elements) {
            const std::size_t unknown = coded.first_plane + coded.elements.size();
            scratch_.planes[unknown].words[bit / 64] |= in_word;
            return;
        }
        for (const SetElement& element : *elements)
            for (const BoundSet::Missing& missing : set.missing)
                if (missing.name == element.name && (missing.ever || element.until >= today))
                    scratch_.planes[missing.plane].words[bit / 64] |= in_word;
    });
}

// -------------------------------------------------------------------------------- what is left

/// Runs what the demands leave open, or, for all statuses, the whole rule.
void PolicyQuery::Run::judge_blocks(bool all) {
    const std::uint32_t place = all ? 0 : 1;
    const std::uint64_t candidates = std::uint64_t{1} << place;
    task_.candidates = &candidates;
    task_.all_planes = all;
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
    for (std::size_t i = 0; i < scratch_.blocks.size(); ++i) {
        view_block(scratch_.blocks[i], scratch_.rows[i]);
        kernels_.run_block(task_, block_scratch_);
        for (const auto& [rank_class, status] : kStatusOf) {
            const BlockMatches& matches = block_scratch_.matches[rank_class];
            if (matches.size != 0) add(rank_class, scratch_.blocks[i], matches.firms[0]);
        }
    }
    for (std::size_t status = 0; status < kStatuses; ++status)
        answer_.counts_[status] = block_scratch_.counts[kStatuses * place + status];
}

/// The demands have settled everything: what is left is eligible.
void PolicyQuery::Run::take_rows() {
    answer_.counts_[static_cast<std::size_t>(Verdict::eligible)] =
        filters_.count_firms(scratch_.rows.data(), scratch_.rows.size());
    if (!wants(Verdict::eligible)) return;
    const bool views = policy_.program.policies[0].preferences != 0;
    for (std::size_t i = 0; i < scratch_.blocks.size(); ++i) {
        if (views) view_block(scratch_.blocks[i], scratch_.rows[i]);
        add(kEligible, scratch_.blocks[i], scratch_.rows[i]);
    }
}

/// Cuts firms of the block at hand up by what preferences add to their score.
void PolicyQuery::Run::add(RankClass rank_class, std::uint32_t block, const BlockRow& firms) {
    SelectedFirms& selected = scratch_.selected[rank_class];
    const CompiledPolicy& policy = policy_.program.policies[0];
    if (policy.preferences == 0) return selected.add(block, firms, 0);
    auto& pieces = scratch_.pieces;
    pieces.assign(1, {firms, 0});
    for (std::uint32_t p = 0; p < policy.preferences; ++p) {
        const CompiledPreference& preference =
            policy_.program.preferences[policy.first_preference + p];
        const BlockRow when = *kernels_.certain(task_, block_scratch_, preference.when);
        const std::size_t count = pieces.size();
        for (std::size_t i = 0; i < count; ++i) {
            BlockRow with, without;
            std::uint64_t any_with = 0, any_without = 0;
            for (std::size_t w = 0; w < kBlockWords; ++w) {
                any_with |= with.words[w] = pieces[i].first.words[w] & when.words[w];
                any_without |= without.words[w] = pieces[i].first.words[w] & ~when.words[w];
            }
            if (any_with == 0) continue;
            const Score added = pieces[i].second + preference.add;
            if (any_without != 0) pieces.push_back({without, pieces[i].second});
            pieces[i] = {with, added};
        }
    }
    for (const auto& [row, added] : pieces)
        selected.add(block, row, added);
}

void PolicyQuery::Run::rank() {
    const bool wide = key_bits(policy_.program, query_.index_.firms()) > 64;
    const auto select = [&](RankClass rank_class, std::uint32_t top) {
        SelectedFirms& firms = scratch_.selected[rank_class];
        if (firms.blocks.empty()) return;
        if (!options_.ranked)
            wide ? scratch_.best_of_wide_scores.take_all(firms, policy_, query_.ids_, query_.index_,
                                                         answer_.pushes_)
                 : scratch_.best.take_all(firms, policy_, query_.ids_, query_.index_,
                                          answer_.pushes_);
        else if (wide)
            scratch_.best_of_wide_scores.select(firms, top, policy_, query_.ids_, filters_,
                                                answer_.pushes_);
        else
            scratch_.best.select(firms, top, policy_, query_.ids_, filters_, answer_.pushes_);
    };
    for (std::size_t status = 0; status < kStatuses; ++status) {
        const std::size_t begin = answer_.begins_[status] = answer_.pushes_.size();
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
    Run(*this, *policy.parts_, options, *scratch.parts_, answer).run();
}

} // namespace qice
