#include "kernels/kernels.hpp"

#include <algorithm>
#include <cstdlib>

namespace qice {

namespace level_plain {
extern const Kernels kKernels;
}
#if defined(__x86_64__)
namespace level_avx2 {
extern const Kernels kKernels;
}
namespace level_avx512 {
extern const Kernels kKernels;
}
#endif

void BlockScratch::fit(const Program& program, std::uint32_t wanted) {
    block = 0;
    for (std::vector<std::uint32_t>* const stamps : {&field_stamps, &range_stamps})
        stamps->assign(program.fields.size(), 0);
    literal_stamps.assign(program.literals.size(), 0);
    node_stamps.assign(program.nodes.size(), 0);
    certain_rows.resize(program.literals.size());
    possible_rows.resize(program.literals.size());
    node_rows.resize(5 * program.nodes.size());
    unknown_rows.resize(program.fields.size());
    asked.assign(program.fields.size(), {});
    range_rows.resize(program.fields.size());
    left.clear();
    counts.assign(4 * program.policies.size(), 0);
    constexpr std::uint32_t kCostOfRangeRows = 64, kCostOfTable = 16; // in literals one by one
    for (std::size_t slot = 0; slot < asked.size(); ++slot) {
        const CodedField& field = program.fields[slot];
        if (field.is_crowded)
            asked[slot].many_ranges = std::max(kCostOfRangeRows, field.literals / 8);
        if (field.tables != 0) {
            asked[slot].many_lookups = kCostOfTable * field.tables;
            looked_up.resize(kBlockFirms);
        }
    }
    std::vector<std::uint32_t> limits(program.fields.size());
    for (const Literal& literal : program.literals)
        if (literal.form == Literal::Form::ranges)
            for (std::uint32_t i = 0; i < literal.count; ++i)
                limits[literal.slot] =
                    std::max(limits[literal.slot], program.ranges[literal.first + i].last + 1);
    for (std::size_t slot = 0; slot < limits.size(); ++slot)
        range_rows[slot].set_limit(limits[slot]);
    for (const Shape& shape : program.shapes)
        if (shape.lone != 0)
            left.resize(std::max<std::size_t>(left.size(), 4 * (shape.last - shape.first)));
    for (std::size_t rank_class = 0; rank_class < kRankClasses; ++rank_class) {
        if ((wanted >> rank_class & 1) == 0) continue;
        matches[rank_class].policies.resize(program.policies.size());
        matches[rank_class].firms.resize(program.policies.size());
    }
}

std::vector<const Kernels*> available_kernels() {
    std::vector<const Kernels*> levels{&level_plain::kKernels};
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"))
        levels.push_back(&level_avx2::kKernels);
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("bmi2"))
        levels.push_back(&level_avx512::kKernels);
#endif
    return levels;
}

namespace {

std::string_view requested() {
    const char* name = std::getenv("QICE_KERNELS");
    return name == nullptr ? "" : name;
}

} // namespace

const Kernels& kernels() {
    const std::vector<const Kernels*> levels = available_kernels();
    for (const Kernels* level : levels)
        if (level->name == requested()) return *level;
    return *levels.back();
}

std::string_view unknown_kernels_request() {
    const std::string_view name = requested();
    return name.empty() || kernels().name == name ? std::string_view{} : name;
}

} // namespace qice
