#include "match/conjunction_rows.hpp"

#include <algorithm>

namespace qice {
namespace {

// Whole rows have summaries, packed ones are small and stay in the caches. So whole rows pay up to
// here, and up to there where summaries tell much.
constexpr std::size_t kMostWholeBytes = std::size_t{1} << 20;
constexpr std::size_t kMostSortedBytes = std::size_t{64} << 20;
// A set whose rows would be larger is left out.
constexpr std::size_t kMostSetBytes = std::size_t{64} << 20;

constexpr std::size_t kMostDemands = 8; // "has one of" that a bit makes of a set

/// How many "has one of" a literal makes, beside what it wants to be absent; none if what it says
/// is not that all of them hold.
std::optional<std::size_t> demands_of(const Program& program, const Literal& literal) {
    if (literal.negated && literal.count > 1) return {};
    if (literal.negated && literal.count == 0) return 1; // of nothing
    std::size_t demands = 0;
    for (std::uint32_t i = 0; i < literal.count; ++i) {
        const ElementTest& test = program.element_tests[literal.first + i];
        switch (test.mode) {
        case ElementTest::Mode::any: demands += literal.negated ? 0 : 1; break;
        case ElementTest::Mode::none: demands += literal.negated ? 1 : 0; break;
        case ElementTest::Mode::all:
            if (literal.negated && test.count != 1) return {};
            demands += literal.negated ? 0 : test.count;
            break;
        }
    }
    return demands;
}

} // namespace

ConjunctionRows::ConjunctionRows(const Schema& schema, const Program& program,
                                 const Conjunctions& bits, std::span<const std::uint32_t> sorted_by,
                                 std::vector<std::uint8_t>& settled)
    : blocks_((bits.size() + kBlockFirms - 1) / kBlockFirms),
      stride_(blocks_ * kBlockWords + (words_for(blocks_) + 7) / 8 * 8), everyone_(stride_),
      asked_of_block_(blocks_) {
    if (bits.size() == 0) return;
    fill_bits(everyone_.data(), bits.size(), blocks_ * kBlockWords);
    summarise(everyone_.data());
    make_fields(schema, program, bits, sorted_by, settled);
    make_sets(schema, program, bits, settled);
    list_asked();
}

void ConjunctionRows::ask(std::size_t bit) {
    std::vector<std::uint16_t>& asked = asked_of_block_[bit / kBlockFirms];
    const auto part = static_cast<std::uint16_t>(fields_.size() + sets_.size());
    if (asked.empty() || asked.back() != part) asked.push_back(part);
}

void ConjunctionRows::list_asked() {
    for (const std::vector<std::uint16_t>& parts : asked_of_block_) {
        first_asked_.push_back(static_cast<std::uint32_t>(asked_.size()));
        asked_.insert(asked_.end(), parts.begin(), parts.end());
    }
    first_asked_.push_back(static_cast<std::uint32_t>(asked_.size()));
    asked_of_block_ = {};
}

void ConjunctionRows::summarise(std::uint64_t* row) const {
    std::uint64_t* const summary = row + blocks_ * kBlockWords;
    std::fill(summary, row + stride_, 0);
    for (std::size_t block = 0; block < blocks_; ++block) {
        std::uint64_t any = 0;
        for (std::size_t w = 0; w < kBlockWords; ++w)
            any |= row[block * kBlockWords + w];
        if (any != 0) summary[block / 64] |= std::uint64_t{1} << (block % 64);
    }
}

void ConjunctionRows::make_fields(const Schema& schema, const Program& program,
                                  const Conjunctions& bits,
                                  std::span<const std::uint32_t> sorted_by,
                                  std::vector<std::uint8_t>& settled) {
    std::vector<std::vector<CodeRows::Demand>> by_slot(program.fields.size());
    for (std::uint32_t bit = 0; bit < bits.size(); ++bit) {
        const LiteralSpan& span = bits.of_bit[bit];
        for (std::uint32_t at = span.first; at < span.first + span.literals; ++at) {
            const std::uint32_t number = bits.refs[at] & ~kLiteralBit;
            const Literal& literal = program.literals[number];
            if (literal.form != Literal::Form::ranges) continue;
            by_slot[literal.slot].push_back({bit, number});
            settled[at] = 1;
        }
    }
    for (std::uint32_t slot = 0; slot < by_slot.size(); ++slot) {
        const auto& demands = by_slot[slot];
        if (demands.empty()) continue;
        for (const CodeRows::Demand& demand : demands)
            ask(demand.bit);
        const bool sorted = std::find(sorted_by.begin(), sorted_by.end(), slot) != sorted_by.end();
        FieldRows rows{slot,
                       schema[program.fields[slot].field].fixed,
                       CodeRows(program, slot, demands, bits.size(), stride_,
                                sorted ? kMostSortedBytes : kMostWholeBytes),
                       {}};
        for (std::size_t row = 0; row < rows.whole.rows(); ++row)
            summarise(rows.whole.row(row));
        if (rows.whole.is_empty()) {
            PackedRows& packed = rows.packed.emplace(program, slot, demands, bits.size(), stride_);
            summarise(packed.unknown_certain());
            summarise(packed.unknown_possible());
        }
        fields_.push_back(std::move(rows));
    }
}

std::uint32_t ConjunctionRows::add_set_row(bool filled) {
    set_rows_.resize(set_rows_.size() + stride_);
    if (filled)
        std::copy(everyone_.begin(), everyone_.end(),
                  set_rows_.end() - static_cast<std::ptrdiff_t>(stride_));
    return static_cast<std::uint32_t>(set_rows_.size() / stride_ - 1);
}

void ConjunctionRows::mark(std::vector<std::uint32_t>& row_of_element, std::uint32_t first_plane,
                           std::span<const std::uint32_t> planes, std::size_t bit) {
    for (const std::uint32_t plane : planes) {
        std::uint32_t& row = row_of_element[plane - first_plane];
        if (row == SetRows::kNone) row = add_set_row(false);
        set_word(row, bit) |= std::uint64_t{1} << (bit % 64);
    }
}

void ConjunctionRows::add_demand(SetRows& rows, std::size_t demand, std::size_t bit,
                                 std::span<const std::uint32_t> planes) {
    if (demand == rows.demands.size())
        rows.demands.push_back(
            {add_set_row(true), std::vector<std::uint32_t>(rows.lacks.size(), SetRows::kNone)});
    set_word(rows.demands[demand].free, bit) &= ~(std::uint64_t{1} << (bit % 64));
    mark(rows.demands[demand].has, rows.first_plane, planes, bit);
}

void ConjunctionRows::add_literal(SetRows& rows, const Program& program, const Literal& literal,
                                  std::size_t bit) {
    std::size_t demands = 0;
    if (literal.negated && literal.count == 0) add_demand(rows, demands++, bit, {});
    for (std::uint32_t i = 0; i < literal.count; ++i) {
        const ElementTest& test = program.element_tests[literal.first + i];
        const std::span planes(program.elements.data() + test.first, test.count);
        if ((test.mode == ElementTest::Mode::none) != literal.negated ||
            (test.mode == ElementTest::Mode::all && literal.negated))
            mark(rows.lacks, rows.first_plane, planes, bit);
        else if (test.mode != ElementTest::Mode::all)
            add_demand(rows, demands++, bit, planes);
        else
            for (const std::uint32_t& plane : planes)
                add_demand(rows, demands++, bit, {&plane, 1});
    }
    const std::uint64_t mask = ~(std::uint64_t{1} << (bit % 64));
    if (literal.on_unknown != Truth::yes) set_word(rows.unknown_certain, bit) &= mask;
    if (literal.on_unknown == Truth::no) set_word(rows.unknown_possible, bit) &= mask;
}

/// The first literals that bits have on a set stand together, then their second ones, as long as
/// there is room.
void ConjunctionRows::make_sets(const Schema& schema, const Program& program,
                                const Conjunctions& bits, std::vector<std::uint8_t>& settled) {
    const std::size_t most_rows = kMostSetBytes / 8 / stride_;
    for (std::uint32_t set = 0; set < program.sets.size(); ++set) {
        const std::size_t before = set_rows_.size() / stride_;
        for (std::size_t n = 0;; ++n) {
            const std::size_t left = most_rows - (set_rows_.size() / stride_ - before);
            if (!make_set(schema, program, bits, {set, n}, left, settled)) break;
        }
    }
}

/// False if no bit has such a literal, or there is no room for it.
bool ConjunctionRows::make_set(const Schema& schema, const Program& program,
                               const Conjunctions& bits, const NthLiteral& wanted,
                               std::size_t most_rows, std::vector<std::uint8_t>& settled) {
    const CodedSet& set = program.sets[wanted.set];
    const std::size_t elements = set.elements.size();
    if (2 * elements + 3 > most_rows) return false;
    const std::size_t most_demands =
        std::min(kMostDemands, (most_rows - elements - 2) / (elements + 1));
    const std::size_t size_before = set_rows_.size();
    const std::vector<std::uint32_t> no_rows(elements, SetRows::kNone);
    SetRows rows{wanted.set,
                 set.first_plane,
                 schema[set.field].fixed,
                 add_set_row(true),
                 add_set_row(true),
                 {{add_set_row(true), no_rows}},
                 no_rows};
    bool any = false;
    for (std::uint32_t bit = 0; bit < bits.size(); ++bit) {
        const LiteralSpan& span = bits.of_bit[bit];
        std::size_t n = 0;
        for (std::uint32_t at = span.first; at < span.first + span.literals; ++at) {
            const Literal& literal = program.literals[bits.refs[at] & ~kLiteralBit];
            if (literal.form != Literal::Form::elements || literal.slot != wanted.set) continue;
            const std::optional<std::size_t> demands = demands_of(program, literal);
            if (!demands || *demands > most_demands || n++ != wanted.n) continue;
            add_literal(rows, program, literal, bit);
            settled[at] = 1;
            ask(bit);
            any = true;
            break;
        }
    }
    if (!any) {
        set_rows_.resize(size_before);
        return false;
    }
    demands_ += rows.demands.size();
    sets_.push_back(std::move(rows));
    return true;
}

void ConjunctionRows::choose(const CodedRecord& firm, Chosen& chosen) const {
    chosen.parts.clear();
    chosen.packed.clear();
    chosen.summaries.clear();
    chosen.row_of_block.resize(fields_.size() * blocks_);
    for (const FieldRows& rows : fields_)
        chosen.parts.push_back(part_of(rows, firm, chosen));
    chosen.sets.resize(sets_.size());
    chosen.demands.resize(demands_);
    chosen.elements.resize((demands_ + sets_.size()) * firm.has.size());
    Room room{chosen.sets.data(), chosen.demands.data(), chosen.elements.data()};
    for (const SetRows& rows : sets_)
        chosen.parts.push_back(part_of(rows, firm, room));
}

ChosenRows::Part ConjunctionRows::part_of(const FieldRows& rows, const CodedRecord& firm,
                                          Chosen& chosen) const {
    const std::uint32_t code = firm.codes[rows.slot];
    ChosenRows::Part part{};
    part.fixed = rows.fixed;
    if (rows.packed && code != rows.packed->codes()) {
        const std::size_t first = chosen.packed.size() * blocks_;
        chosen.packed.push_back({&*rows.packed, code, first});
        part.certain = part.possible = rows.packed->block_rows();
        part.once = rows.packed->once();
        part.row_of_block = chosen.row_of_block.data() + first;
        return part;
    }
    part.certain = rows.packed ? rows.packed->unknown_certain() : rows.whole.certain(code);
    part.possible = rows.packed ? rows.packed->unknown_possible() : rows.whole.possible(code);
    part.once = rows.packed ? rows.packed->unknown_once() : rows.whole.once(code);
    chosen.summaries.push_back(part.certain + blocks_ * kBlockWords);
    return part;
}

/// Takes as much of the room as the firm's elements need.
ChosenRows::Part ConjunctionRows::part_of(const SetRows& rows, const CodedRecord& firm,
                                          Room& room) const {
    ChosenRows::Part part{};
    part.fixed = rows.fixed;
    if (!firm.known[rows.set]) {
        part.certain = set_row(rows.unknown_certain);
        part.possible = set_row(rows.unknown_possible);
        return part;
    }
    const auto list = [&](const std::vector<std::uint32_t>& row_of_element) {
        for (const std::uint32_t plane : firm.has) {
            const std::uint32_t element = plane - rows.first_plane; // wraps below the set's first
            if (element < row_of_element.size() && row_of_element[element] != SetRows::kNone)
                *room.elements++ = set_row(row_of_element[element]);
        }
        return room.elements;
    };
    ChosenRows::Elements& elements = *room.sets++;
    elements.demands = room.demands;
    for (const SetRows::Demand& demand : rows.demands) {
        const std::uint64_t* const* const has = room.elements;
        *room.demands++ = {set_row(demand.free), has, list(demand.has)};
    }
    elements.demands_end = room.demands;
    elements.lacks = room.elements;
    elements.lacks_end = list(rows.lacks);
    part.certain = part.possible = everyone_.data();
    part.elements = &elements;
    return part;
}

std::size_t ConjunctionRows::bytes() const {
    std::size_t total =
        8 * (everyone_.size() + set_rows_.size()) + 2 * asked_.size() + 4 * first_asked_.size();
    for (const FieldRows& rows : fields_) {
        total += rows.whole.bytes();
        if (rows.packed) total += rows.packed->bytes();
    }
    return total;
}

} // namespace qice
