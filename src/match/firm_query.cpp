// How one firm is asked about: rows and layers, then checks, then keys.
#include "qice/match/firm_query.hpp"

#include "kernels/kernels.hpp"
#include "match/firm_query_index.hpp"
#include "match/top_keys.hpp"

#include <algorithm>
#include <bit>

namespace qice {

namespace {

constexpr std::size_t kAhead = 16; // seats are fetched this many candidates before they are scored

} // namespace

struct FirmQuery::Scratch::Memory {
    explicit Memory(const Index& index)
        : coded(index.coder.scratch()), truth(index.program, index.literals),
          check_memo(index.check_lists.size()) {
        for (std::vector<std::uint32_t>& of_class : found)
            of_class.resize(index.policies + kAhead); // read and written beyond the last
        unsure.resize(index.policies);
        scored_positions.resize(index.policies + kAhead);
        scored.resize(index.rows.stride());
        keys.resize(index.policies + 1);
    }

    CodedRecord coded;
    RecordTruth truth;
    std::uint64_t preferred = 0;           // bit i + 1: Index::whens[i] is true
    std::vector<std::uint32_t> check_memo; // by check list: stamp x 256 + planes
    ConjunctionRows::Chosen rows, term_rows;
    PolicyTask task;
    std::array<std::vector<std::uint32_t>, kRankClasses> found; // positions
    std::vector<std::uint32_t> unsure; // positions whose checks are to be run
    std::array<std::size_t, kRankClasses> counts;
    std::size_t unsure_count = 0;
    std::vector<const std::uint64_t*> scored_rows; // of its tags and preferences
    AlignedVector<std::uint64_t> scored;           // a row: who may share something with the firm
    std::vector<std::uint32_t> scored_positions;   // of the class at hand
    std::vector<RankKey> keys;
    FirmAnswer answer;
};

FirmQuery::Scratch::Scratch(const FirmQuery& query)
    : memory_(std::make_unique<Memory>(*query.index_)) {}
FirmQuery::Scratch::Scratch(Scratch&&) noexcept = default;
FirmQuery::Scratch& FirmQuery::Scratch::operator=(Scratch&&) noexcept = default;
FirmQuery::Scratch::~Scratch() = default;

/// One question.
class FirmQuery::Run {
  public:
    Run(const Index& index, const QueryOptions& options, Scratch::Memory& memory)
        : index_(index), program_(index.program), options_(options), memory_(memory) {}

    void ask(const FirmRecord& firm, const std::uint64_t* open) {
        index_.coder.code(firm, options_.as_of.value_or(index_.as_of), memory_.coded);
        begin();
        memory_.counts.fill(0);
        memory_.unsure_count = 0;
        const bool all = (options_.statuses & ~kEligibleAndReview) != 0;
        const std::size_t blocks = index_.rows.blocks();
        for (std::size_t w = 0; w * 64 < blocks; ++w) {
            std::uint64_t live = open[blocks * kBlockWords + w];
            if (!all) live = index_.rows.live(memory_.rows, live, w);
            for (; live != 0; live &= live - 1) {
                const std::size_t block = w * 64 + static_cast<std::size_t>(std::countr_zero(live));
                find_scored(block);
                meet(block, open);
            }
        }
        all ? judge_wholly() : run_checks();
        finish();
    }

  private:
    void begin();

    void find_scored(std::size_t block);
    void meet(std::size_t block, const std::uint64_t* open);
    void note_planes(std::size_t block, const PolicyPlanes& planes);

    /// Appends the positions of set bits to a list; returns its new length.
    static std::size_t note(std::uint64_t bits, std::size_t word, std::uint32_t* list,
                            std::size_t count) {
        for (; bits != 0; bits &= bits - 1) {
            const std::size_t position =
                word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
            list[count++] = static_cast<std::uint32_t>(position);
        }
        return count;
    }
    void note(RankClass of_class, std::uint64_t bits, std::size_t word) {
        if (bits == 0) return;
        memory_.counts[of_class] =
            note(bits, word, memory_.found[of_class].data(), memory_.counts[of_class]);
    }
    std::uint8_t check(const CheckList& list) {
        return memory_.truth.judge(index_.checks.data() + list.first, list.count, kConfirmed);
    }
    void run_checks();
    void judge_wholly();
    void found(RankClass of_class, std::uint32_t position) {
        memory_.found[of_class][memory_.counts[of_class]++] = position;
    }

    // --- scores
    RankKey key_of(std::uint32_t position) {
        const Seat& seat = index_.seats[position];
        if (seat.preference == Seat::kLong) return long_key(position);
        const std::int32_t* const weights = memory_.coded.weights.data();
        Score more = 0;
        for (std::size_t i = 0; i < Seat::kTags; ++i)
            more += std::int32_t{seat.weight[i]} * weights[seat.tag[i]];
        const SeatPreference& preference = index_.preferences[seat.preference];
        more += preference.add & -static_cast<Score>(memory_.preferred >> preference.when & 1);
        return index_.keys.raised(seat.key, more);
    }
    RankKey long_key(std::uint32_t position);
    void finish();
    void write(RankClass of_class, std::uint32_t top);

    const Index& index_;
    const Program& program_;
    const QueryOptions& options_;
    Scratch::Memory& memory_;
    const Kernels& kernels_ = *index_.kernels;
};

// ----------------------------------------------------------------------------------- rows

void FirmQuery::Run::begin() {
    const bool all = (options_.statuses & ~kEligibleAndReview) != 0;
    if (memory_.truth.begin(memory_.coded, all))
        std::fill(memory_.check_memo.begin(), memory_.check_memo.end(), 0);
    index_.rows.choose(memory_.coded, memory_.rows);
    index_.rows.choose_blocks(memory_.rows, 0, index_.rows.blocks());
    index_.layers.term_rows().choose(memory_.coded, memory_.term_rows);
    memory_.task.rows = index_.rows.view(memory_.rows);
    memory_.task.term_rows = index_.layers.term_rows().view(memory_.term_rows);
    index_.layers.lend_to(memory_.task);
    memory_.task.all_planes = all;
    memory_.scored_rows.clear();
    for (std::uint32_t tag : memory_.coded.carried)
        if (index_.tag_row[tag] != Index::kNone)
            memory_.scored_rows.push_back(index_.tag_rows.data() +
                                          std::size_t{index_.tag_row[tag]} * index_.rows.stride());
    memory_.preferred = 0;
    for (std::size_t i = 0; i < index_.whens.size(); ++i) {
        if ((memory_.truth.planes(index_.whens[i]) & kCertain) != 0) {
            memory_.preferred |= std::uint64_t{1} << (i + 1);
            memory_.scored_rows.push_back(index_.when_rows.data() + i * index_.rows.stride());
        }
    }
}

void FirmQuery::Run::find_scored(std::size_t block) {
    const std::size_t first = block * kBlockWords;
    BlockRow scored;
    std::copy_n(index_.always_scored.data() + first, kBlockWords, scored.words);
    for (const std::uint64_t* row : memory_.scored_rows)
        for (std::size_t w = 0; w < kBlockWords; ++w)
            scored.words[w] |= row[first + w];
    std::copy_n(scored.words, kBlockWords, memory_.scored.data() + first);
}

void FirmQuery::Run::meet(std::size_t block, const std::uint64_t* open) {
    BlockRow takes_part;
    std::copy_n(open + block * kBlockWords, kBlockWords, takes_part.words);
    PolicyPlanes planes;
    if (!kernels_.meet_rows(memory_.task, block, takes_part, planes)) return;
    if (index_.layers.has_more(block)) {
        const RuleLayers::Terms terms = index_.layers.terms(block);
        index_.layers.term_rows().choose_blocks(memory_.term_rows, terms.first, terms.count);
        kernels_.meet_layers(memory_.task, block, planes);
    }
    note_planes(block, planes);
}

/// Of policies whose planes are not exact, it is only known who may come in question.
void FirmQuery::Run::note_planes(std::size_t block, const PolicyPlanes& planes) {
    const bool all = memory_.task.all_planes;
    const BlockRow& exact_row = index_.layers.exact(block);
    for (std::size_t w = 0; w < kBlockWords; ++w) {
        const std::size_t word = block * kBlockWords + w;
        const std::uint64_t exact = exact_row.words[w];
        const std::uint64_t certain = planes.certain.words[w],
                            confirmed = planes.confirmed.words[w];
        std::uint64_t maybe = confirmed;
        note(kEligible, certain & exact, word);
        note(kReview, confirmed & ~certain & exact, word);
        if (all) {
            const std::uint64_t possible = planes.possible.words[w], near = planes.near.words[w],
                                fact = planes.fact.words[w];
            note(kNeedsFact, possible & ~confirmed & fact & exact, word);
            note(kNeedsMore, possible & ~confirmed & ~fact & exact, word);
            note(kNear, near & ~possible & exact, word);
            maybe = possible | near;
        }
        if ((maybe & ~exact) != 0)
            memory_.unsure_count =
                note(maybe & ~exact, word, memory_.unsure.data(), memory_.unsure_count);
    }
}

/// What policies demand beyond rows and layers.
void FirmQuery::Run::run_checks() {
    std::uint32_t* const eligible = memory_.found[kEligible].data();
    std::uint32_t* const review = memory_.found[kReview].data();
    std::size_t eligible_count = memory_.counts[kEligible], review_count = memory_.counts[kReview];
    for (std::size_t i = 0; i < memory_.unsure_count; ++i) {
        const std::uint32_t position = memory_.unsure[i];
        const std::uint32_t number = index_.check_of[position];
        std::uint32_t& memo = memory_.check_memo[number];
        if (memo >> 8 != memory_.truth.stamp())
            memo = memory_.truth.stamp() << 8 | check(index_.check_lists[number]);
        // Who passes is hard to guess for a processor: everyone is written, some are kept.
        const std::uint32_t certain = memo & kCertain;
        eligible[eligible_count] = position;
        eligible_count += certain;
        review[review_count] = position;
        review_count += (memo / kConfirmed & 1u) & ~certain;
    }
    memory_.counts[kEligible] = eligible_count;
    memory_.counts[kReview] = review_count;
}

/// Everything that policies demand.
void FirmQuery::Run::judge_wholly() {
    for (std::size_t i = 0; i < memory_.unsure_count; ++i) {
        const std::uint32_t position = memory_.unsure[i];
        const Conjunction& rule = program_.policies[index_.places[position]].rule;
        const std::uint8_t said = memory_.truth.judge(
            program_.refs.data() + rule.first, rule.literals + rule.others, kPossible | kNearly);
        if ((said & kConfirmed) != 0)
            found((said & kCertain) != 0 ? kEligible : kReview, position);
        else if ((said & kPossible) != 0)
            found((said & kFact) != 0 ? kNeedsFact : kNeedsMore, position);
        else if ((said & kNearly) != 0)
            found(kNear, position);
    }
}

// --------------------------------------------------------------------------------- scores

RankKey FirmQuery::Run::long_key(std::uint32_t position) {
    const CompiledPolicy& policy = program_.policies[index_.places[position]];
    Score more = 0;
    for (std::uint32_t i = 0; i < policy.tags; ++i) {
        const CompiledTag& tag = program_.tags[policy.first_tag + i];
        more += std::int64_t{tag.weight} * memory_.coded.weights[tag.tag];
    }
    for (std::uint32_t i = 0; i < policy.preferences; ++i) {
        const CompiledPreference& preference = program_.preferences[policy.first_preference + i];
        if ((memory_.truth.planes(preference.when) & kCertain) != 0) more += preference.add;
    }
    return index_.keys.raised(index_.seats[position].key, more);
}

void FirmQuery::Run::write(RankClass of_class, std::uint32_t top) {
    const std::size_t count = memory_.counts[of_class];
    const std::uint32_t* const positions = memory_.found[of_class].data();
    RankKey* const keys = memory_.keys.data();
    // First those whose score is their policy's own; who they are is hard to guess, so both lists
    // are written and one of them kept.
    std::uint32_t* const scored = memory_.scored_positions.data();
    std::size_t plain_count = 0, scored_count = 0;
    KeySpan span;
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t position = positions[i];
        __builtin_prefetch(index_.seats.data() + positions[i + kAhead]);
        const std::uint64_t is_scored = memory_.scored[position / 64] >> (position % 64) & 1;
        const RankKey key = index_.seats[position].key;
        keys[plain_count] = key;
        plain_count += is_scored ^ 1;
        scored[scored_count] = position;
        scored_count += is_scored;
        span.add(key); // a wider span does no harm
    }
    for (std::size_t i = 0; i < scored_count; ++i) {
        keys[plain_count + i] = key_of(scored[i]);
        span.add(keys[plain_count + i]);
    }
    const std::size_t kept = keep_greatest(keys, count, top, span);
    for (std::size_t i = 0; i < kept; ++i)
        memory_.answer.pushes_.push_back({index_.keys.policy(keys[i]), index_.keys.score(keys[i])});
}

void FirmQuery::Run::finish() {
    FirmAnswer& answer = memory_.answer;
    answer.pushes_.clear();
    const auto& counts = memory_.counts;
    const std::array<std::size_t, kStatuses> of_status{
        counts[kEligible], counts[kReview], counts[kNeedsFact] + counts[kNeedsMore], counts[kNear]};
    answer.one_fact_away_ = 0;
    for (std::size_t status = 0; status < kStatuses; ++status) {
        answer.begin_[status] = static_cast<std::uint32_t>(answer.pushes_.size());
        const bool asked = (options_.statuses >> status & 1) != 0;
        answer.counts_[status] = asked ? static_cast<std::uint32_t>(of_status[status]) : 0;
        if (!asked) continue;
        switch (static_cast<Verdict>(status)) {
        case Verdict::eligible: write(kEligible, options_.top); break;
        case Verdict::review: write(kReview, options_.top); break;
        case Verdict::needs_data: {
            const auto facts =
                static_cast<std::uint32_t>(std::min<std::size_t>(options_.top, counts[kNeedsFact]));
            answer.one_fact_away_ = facts;
            write(kNeedsFact, facts);
            write(kNeedsMore, options_.top - facts);
            break;
        }
        default: write(kNear, options_.top); break;
        }
    }
    answer.begin_[kStatuses] = static_cast<std::uint32_t>(answer.pushes_.size());
}

// -------------------------------------------------------------------------------- FirmQuery

FirmQuery::FirmQuery(SchemaPtr schema, std::span<const Policy> policies,
                     const CompileOptions& options)
    : FirmQuery(schema, policies, compile(*schema, policies, options), options.as_of) {}

FirmQuery::FirmQuery(SchemaPtr schema, std::span<const Policy> policies, Program program,
                     Date as_of)
    : index_(
          std::make_unique<const Index>(std::move(schema), policies, std::move(program), as_of)) {}
FirmQuery::FirmQuery(FirmQuery&&) noexcept = default;
FirmQuery& FirmQuery::operator=(FirmQuery&&) noexcept = default;
FirmQuery::~FirmQuery() = default;

const FirmAnswer& FirmQuery::ask(const FirmRecord& firm, const QueryOptions& options,
                                 Scratch& scratch) const {
    Run(*index_, options, *scratch.memory_).ask(firm, index_->rows.everyone().data());
    return scratch.memory_->answer;
}

const FirmAnswer& FirmQuery::ask(const FirmRecord& firm, const QueryOptions& options,
                                 const Open& open, Scratch& scratch) const {
    Run(*index_, options, *scratch.memory_).ask(firm, open.bits_.data());
    return scratch.memory_->answer;
}

FirmQuery::Open FirmQuery::all_open() const {
    Open open;
    open.bits_ = index_->rows.everyone();
    return open;
}

void FirmQuery::set_open(Open& open, std::uint32_t policy, bool takes_part) const {
    const std::uint32_t position = index_->position_of[policy];
    if (position == UINT32_MAX) return;
    const std::uint64_t bit = std::uint64_t{1} << (position % 64);
    std::uint64_t& word = open.bits_[position / 64];
    word = takes_part ? word | bit : word & ~bit; // the summary stays: it may say too much
}

const Program& FirmQuery::program() const { return index_->program; }
std::string_view FirmQuery::id(std::uint32_t policy) const { return index_->ids[policy]; }
std::size_t FirmQuery::bytes() const { return index_->bytes(); }

} // namespace qice
