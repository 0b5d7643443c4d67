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

/// Does the literal say "has one of these" (or, `lacks`, "has none of these") and nothing more?
bool is_one_test(const Program& program, const Literal& literal, bool lacks) {
    if (literal.count != 1) return false;
    const ElementTest& test = program.element_tests[literal.first];
    const bool has = test.mode == ElementTest::Mode::any ||
                     (test.mode == ElementTest::Mode::all && test.count == 1);
    const bool none = test.mode == ElementTest::Mode::none;
    return (has && literal.negated == lacks) || (none && literal.negated != lacks);
}

} // namespace

ConjunctionRows::ConjunctionRows(const Schema& schema, const Program& program,
                                 std::span<const LiteralSpan> bits,
                                 std::span<const std::uint32_t> sorted_by,
                                 std::vector<std::uint8_t>& settled)
    : blocks_((bits.size() + kBlockFirms - 1) / kBlockFirms),
      stride_(blocks_ * kBlockWords + (words_for(blocks_) + 7) / 8 * 8), everyone_(stride_),
      doubled_(stride_), asked_of_block_(blocks_) {
    if (bits.empty()) return;
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
                                  std::span<const LiteralSpan> bits,
                                  std::span<const std::uint32_t> sorted_by,
                                  std::vector<std::uint8_t>& settled) {
    std::vector<std::vector<CodeRows::Demand>> by_slot(program.fields.size());
    for (std::uint32_t bit = 0; bit < bits.size(); ++bit) {
        for (std::uint32_t i = 0; i < bits[bit].literals; ++i) {
            const std::uint32_t number = program.refs[bits[bit].first + i] & ~kLiteralBit;
            const Literal& literal = program.literals[number];
            if (literal.form != Literal::Form::ranges) continue;
            by_slot[literal.slot].push_back({bit, number});
            settled[bits[bit].first + i] = 1;
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

/// Of each bit, the first "has one of" on a set, and every "has none of".
void ConjunctionRows::make_sets(const Schema& schema, const Program& program,
                                std::span<const LiteralSpan> bits,
                                std::vector<std::uint8_t>& settled) {
    const std::size_t most_rows = kMostSetBytes / 8 / stride_;
    for (std::uint32_t number = 0; number < program.sets.size(); ++number) {
        const CodedSet& set = program.sets[number];
        if (2 * set.elements.size() + 3 > most_rows) continue;
        SetRows rows{number, set.first_plane, schema[set.field].fixed, 0, 0, 0, {}, {}};
        rows.has.assign(set.elements.size(), SetRows::kNone);
        rows.lacks = rows.has;
        const auto add_row = [&](bool filled) {
            set_rows_.resize(set_rows_.size() + stride_);
            if (filled)
                std::copy(everyone_.begin(), everyone_.end(),
                          set_rows_.end() - static_cast<std::ptrdiff_t>(stride_));
            return static_cast<std::uint32_t>(set_rows_.size() / stride_ - 1);
        };
        rows.free = add_row(true);
        rows.unknown_certain = add_row(true);
        rows.unknown_possible = add_row(true);
        const auto word = [&](std::uint32_t row, std::uint32_t bit) -> std::uint64_t& {
            return set_rows_[std::size_t{row} * stride_ + bit / 64];
        };
        bool any = false;
        for (std::uint32_t number_of_bit = 0; number_of_bit < bits.size(); ++number_of_bit) {
            const LiteralSpan& span = bits[number_of_bit];
            const std::uint64_t bit = std::uint64_t{1} << (number_of_bit % 64);
            bool has_one = false;
            std::uint32_t told = 0;
            for (std::uint32_t i = 0; i < span.literals; ++i) {
                const Literal& literal =
                    program.literals[program.refs[span.first + i] & ~kLiteralBit];
                if (literal.form != Literal::Form::elements || literal.slot != number) continue;
                const bool lacks = is_one_test(program, literal, true);
                if (!lacks && (has_one || !is_one_test(program, literal, false))) continue;
                settled[span.first + i] = 1;
                ++told;
                const ElementTest& test = program.element_tests[literal.first];
                for (std::uint32_t e = 0; e < test.count; ++e) {
                    const std::uint32_t element =
                        program.elements[test.first + e] - set.first_plane;
                    std::uint32_t& row = (lacks ? rows.lacks : rows.has)[element];
                    if (row == SetRows::kNone) row = add_row(false);
                    word(row, number_of_bit) |= bit;
                }
                if (!lacks) {
                    has_one = true;
                    word(rows.free, number_of_bit) &= ~bit;
                }
                if (literal.on_unknown != Truth::yes)
                    word(rows.unknown_certain, number_of_bit) &= ~bit;
                if (literal.on_unknown == Truth::no)
                    word(rows.unknown_possible, number_of_bit) &= ~bit;
            }
            if (told > 0) ask(number_of_bit);
            if (told > 1) doubled_[number_of_bit / 64] |= bit;
            any = any || told > 0;
        }
        if (any)
            sets_.push_back(std::move(rows));
        else
            set_rows_.resize(set_rows_.size() - 3 * stride_);
    }
}

void ConjunctionRows::choose(const CodedRecord& firm, Chosen& chosen) const {
    chosen.parts.clear();
    chosen.packed.clear();
    chosen.summaries.clear();
    chosen.row_of_block.resize(fields_.size() * blocks_);
    for (const FieldRows& rows : fields_)
        chosen.parts.push_back(part_of(rows, firm, chosen));
    chosen.elements.resize(2 * firm.has.size()); // an element is of one set
    const std::uint64_t** elements = chosen.elements.data();
    for (const SetRows& rows : sets_)
        chosen.parts.push_back(part_of(rows, firm, elements));
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

/// The rows of the firm's elements are written behind those of the sets before.
ChosenRows::Part ConjunctionRows::part_of(const SetRows& rows, const CodedRecord& firm,
                                          const std::uint64_t**& elements) const {
    ChosenRows::Part part{};
    part.fixed = rows.fixed;
    if (!firm.known[rows.set]) {
        part.certain = set_row(rows.unknown_certain);
        part.possible = set_row(rows.unknown_possible);
        return part;
    }
    part.certain = part.possible = set_row(rows.free);
    const auto list = [&](const std::vector<std::uint32_t>& row_of_element) {
        for (const std::uint32_t plane : firm.has) {
            const std::uint32_t element = plane - rows.first_plane; // wraps below the set's first
            if (element < row_of_element.size() && row_of_element[element] != SetRows::kNone)
                *elements++ = set_row(row_of_element[element]);
        }
    };
    part.has = elements;
    list(rows.has);
    part.has_end = elements;
    list(rows.lacks);
    part.lacks_end = elements;
    return part;
}

std::size_t ConjunctionRows::bytes() const {
    std::size_t total = 8 * (everyone_.size() + doubled_.size() + set_rows_.size()) +
                        2 * asked_.size() + 4 * first_asked_.size();
    for (const FieldRows& rows : fields_) {
        total += rows.whole.bytes();
        if (rows.packed) total += rows.packed->bytes();
    }
    return total;
}

} // namespace qice
