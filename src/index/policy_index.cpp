#include "qice/index/policy_index.hpp"

#include <algorithm>

namespace qice {
namespace {

/// Calls refused(first, last) for each run of codes that a literal refuses for certain; the unknown
/// value has the code after the last.
template <class Refused>
void for_each_refused(const Program& program, const Literal& literal, Refused refused) {
    const std::uint32_t codes = program.fields[literal.slot].cuts.codes();
    std::uint32_t next = 0;
    for (std::uint32_t i = 0; i < literal.count; ++i) {
        const FieldCuts::Range& range = program.ranges[literal.first + i];
        if (next < range.first) refused(next, range.first - 1);
        next = range.last + 1;
    }
    if (next < codes) refused(next, codes - 1);
    if (literal.on_unknown == Truth::no) refused(codes, codes);
}

/// Calls visit(policy, literal) for the coded literals that policies demand outright.
template <class Visit> void for_each_demand(const Program& program, Visit visit) {
    for (std::uint32_t p = 0; p < program.policies.size(); ++p) {
        for (Ref ref : program.literals_of(program.policies[p].rule)) {
            const Literal& literal = program.literals[ref & ~kLiteralBit];
            if (literal.form == Literal::Form::ranges) visit(p, literal);
        }
    }
}

} // namespace

PolicyIndex::PolicyIndex(const Program& program)
    : policies_(program.policies.size()), refusals_(program.fields.size()) {
    for (std::size_t slot = 0; slot < refusals_.size(); ++slot)
        refusals_[slot].assign(program.fields[slot].cuts.codes() + 2, 0);
    // Differences first, then running sums. A policy with two literals on a field may count twice:
    // the figures only steer the order of work.
    for_each_demand(program, [&](std::uint32_t, const Literal& literal) {
        std::vector<std::uint32_t>& steps = refusals_[literal.slot];
        for_each_refused(program, literal, [&](std::uint32_t first, std::uint32_t last) {
            ++steps[first];
            --steps[last + 1]; // unsigned wrap-around cancels in the sums
        });
    });
    for (std::vector<std::uint32_t>& counts : refusals_) {
        for (std::size_t i = 1; i < counts.size(); ++i)
            counts[i] += counts[i - 1];
        counts.pop_back();
    }
}

void PolicyIndex::build_rows(const Program& program, const std::vector<std::uint32_t>& slots,
                             std::size_t most_bytes) {
    std::vector<std::size_t> place(program.fields.size(), SIZE_MAX);
    fields_.clear();
    for (std::uint32_t slot : slots) {
        const std::size_t rows = program.fields[slot].cuts.codes() + 1;
        if (rows * words() * 8 > most_bytes) continue;
        FieldRows field{slot, false, BitMatrix(rows, policies_)};
        std::fill_n(field.possible[0], rows * words(), ~std::uint64_t{0});
        place[slot] = fields_.size();
        fields_.push_back(std::move(field));
    }
    for_each_demand(program, [&](std::uint32_t policy, const Literal& literal) {
        if (place[literal.slot] == SIZE_MAX) return;
        FieldRows& field = fields_[place[literal.slot]];
        field.fixed = literal.fixed;
        const std::uint64_t bit = std::uint64_t{1} << (policy % 64);
        for_each_refused(program, literal, [&](std::uint32_t first, std::uint32_t last) {
            for (std::uint32_t code = first; code <= last; ++code)
                field.possible[code][policy / 64] &= ~bit;
        });
    });
}

} // namespace qice
