#include "index/conjunction_rows.hpp"

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
    : blocks_((bits.size() + kBlockBits - 1) / kBlockBits),
      stride_(blocks_ * kBlockWords + (words_for(blocks_) + 7) / 8 * 8), everyone_(stride_) {
    if (bits.empty()) return;
    fill_bits(everyone_.data(), bits.size(), blocks_ * kBlockWords);
    summarise(everyone_.data());
    make_fields(schema, program, bits, sorted_by, settled);
    make_sets(schema, program, bits, settled);
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
            for (std::uint32_t i = 0; i < span.literals; ++i) {
                const Literal& literal =
                    program.literals[program.refs[span.first + i] & ~kLiteralBit];
                if (literal.form != Literal::Form::elements || literal.slot != number) continue;
                const bool lacks = is_one_test(program, literal, true);
                if (!lacks && (has_one || !is_one_test(program, literal, false))) continue;
                settled[span.first + i] = 1;
                any = true;
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
        }
        if (any)
            sets_.push_back(std::move(rows));
        else
            set_rows_.resize(set_rows_.size() - 3 * stride_);
    }
}

void ConjunctionRows::choose(const CodedRecord& firm, Chosen& chosen) const {
    chosen.whole.clear();
    chosen.packed.clear();
    chosen.row_of_block.resize(fields_.size() * blocks_);
    for (const FieldRows& rows : fields_) {
        const std::uint32_t code = firm.codes[rows.slot];
        if (!rows.packed) {
            chosen.whole.push_back(
                {rows.whole.certain(code), rows.whole.possible(code), rows.fixed});
            continue;
        }
        const PackedRows& packed = *rows.packed;
        if (code == packed.codes()) {
            chosen.whole.push_back(
                {packed.unknown_certain(), packed.unknown_possible(), rows.fixed});
            continue;
        }
        const std::size_t first = chosen.packed.size() * blocks_;
        packed.choose(code, chosen.row_of_block.data() + first);
        chosen.packed.push_back({&packed, first, rows.fixed});
    }
    chosen.known = firm.known;
    chosen.has.clear();
    chosen.lacks.clear();
    chosen.has_end.clear();
    chosen.lacks_end.clear();
    for (const SetRows& rows : sets_) {
        for (const std::uint32_t plane : firm.has) {
            const std::uint32_t element = plane - rows.first_plane; // wraps below the set's first
            if (element >= rows.has.size()) continue;
            if (rows.has[element] != SetRows::kNone)
                chosen.has.push_back(set_row(rows.has[element]));
            if (rows.lacks[element] != SetRows::kNone)
                chosen.lacks.push_back(set_row(rows.lacks[element]));
        }
        chosen.has_end.push_back(static_cast<std::uint32_t>(chosen.has.size()));
        chosen.lacks_end.push_back(static_cast<std::uint32_t>(chosen.lacks.size()));
    }
}

ConjunctionRows::Words ConjunctionRows::by_set(const Chosen& chosen, std::size_t set,
                                               std::uint32_t if_unknown, std::size_t first) const {
    const SetRows& rows = sets_[set];
    const auto words_at = [&](const std::uint64_t* row) {
        Words words;
        std::copy_n(row + first, words.size(), words.begin());
        return words;
    };
    if (!chosen.known[rows.set]) return words_at(set_row(if_unknown));
    Words met = words_at(set_row(rows.free));
    for (std::size_t i = set == 0 ? 0 : chosen.has_end[set - 1]; i < chosen.has_end[set]; ++i)
        for (std::size_t w = 0; w < met.size(); ++w)
            met[w] |= chosen.has[i][first + w];
    for (std::size_t i = set == 0 ? 0 : chosen.lacks_end[set - 1]; i < chosen.lacks_end[set]; ++i)
        for (std::size_t w = 0; w < met.size(); ++w)
            met[w] &= ~chosen.lacks[i][first + w];
    return met;
}

ConjunctionRows::Failures ConjunctionRows::failures(const Chosen& chosen, const Words& bits,
                                                    std::size_t block) const {
    const std::size_t first = block * kBlockWords;
    Failures out{bits, {}, {}};
    const auto take = [&](const std::uint64_t* certain, const std::uint64_t* possible, bool fixed) {
        for (std::size_t w = 0; w < bits.size(); ++w) {
            out.met[w] &= certain[w];
            out.for_good[w] |= (fixed ? ~std::uint64_t{0} : out.once[w]) & ~possible[w];
            out.once[w] |= ~possible[w];
        }
    };
    for (const Chosen::Whole& field : chosen.whole)
        take(field.certain + first, field.possible + first, field.fixed);
    for (const Chosen::Packed& field : chosen.packed) {
        const std::uint64_t* const known =
            field.rows->block_row(chosen.row_of_block[field.first + block]);
        take(known, known, field.fixed);
    }
    for (std::size_t set = 0; set < sets_.size(); ++set)
        take(by_set(chosen, set, sets_[set].unknown_certain, first).data(),
             by_set(chosen, set, sets_[set].unknown_possible, first).data(), sets_[set].fixed);
    return out;
}

std::size_t ConjunctionRows::bytes() const {
    std::size_t total = 8 * (everyone_.size() + set_rows_.size());
    for (const FieldRows& rows : fields_) {
        total += rows.whole.bytes();
        if (rows.packed) total += rows.packed->bytes();
    }
    return total;
}

} // namespace qice
