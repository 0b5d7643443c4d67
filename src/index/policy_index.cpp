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

/// Calls visit(place, literal) for the coded literals that policies demand outright.
template <class Visit> void for_each_demand(const Program& program, Visit visit) {
    for (std::uint32_t place = 0; place < program.policies.size(); ++place) {
        for (Ref ref : program.literals_of(program.policies[place].rule)) {
            const Literal& literal = program.literals[ref & ~kLiteralBit];
            if (literal.form == Literal::Form::ranges) visit(place, literal);
        }
    }
}

} // namespace

std::vector<std::vector<std::uint32_t>> refusals(const Program& program) {
    std::vector<std::vector<std::uint32_t>> counts;
    for (const CodedField& field : program.fields)
        counts.emplace_back(field.cuts.codes() + 2);
    // Differences first, then running sums. A policy with two literals on a field may count twice:
    // the figures only steer the order of work.
    for_each_demand(program, [&](std::uint32_t, const Literal& literal) {
        std::vector<std::uint32_t>& steps = counts[literal.slot];
        for_each_refused(program, literal, [&](std::uint32_t first, std::uint32_t last) {
            ++steps[first];
            --steps[last + 1]; // unsigned wrap-around cancels in the sums
        });
    });
    for (std::vector<std::uint32_t>& of_field : counts) {
        for (std::size_t i = 1; i < of_field.size(); ++i)
            of_field[i] += of_field[i - 1];
        of_field.pop_back();
    }
    return counts;
}

PolicyRows policy_rows(const Program& program, std::uint32_t slot) {
    const std::size_t rows = program.fields[slot].cuts.codes() + 1;
    const std::size_t policies = program.policies.size();
    PolicyRows out{slot, false, BitMatrix(rows, policies)};
    for (std::size_t row = 0; row < rows; ++row) {
        std::uint64_t* words = out.possible[row];
        std::fill_n(words, policies / 64, ~std::uint64_t{0});
        if (policies % 64 != 0) words[policies / 64] = (std::uint64_t{1} << (policies % 64)) - 1;
    }
    for_each_demand(program, [&](std::uint32_t place, const Literal& literal) {
        if (literal.slot != slot) return;
        out.fixed = literal.fixed;
        const std::uint64_t bit = std::uint64_t{1} << (place % 64);
        for_each_refused(program, literal, [&](std::uint32_t first, std::uint32_t last) {
            for (std::uint32_t code = first; code <= last; ++code)
                out.possible[code][place / 64] &= ~bit;
        });
    });
    return out;
}

} // namespace qice
