#include "qice/index/tags.hpp"

#include "base/in_threads.hpp"
#include "base/string_map.hpp"

#include <algorithm>
#include <numeric>
#include <span>

namespace qice {

namespace {

constexpr std::size_t kFirmsAtATime = 2'048;
constexpr std::uint32_t kNotCarried = UINT32_MAX;

/// The program's number of each tag in the table's dictionary, or kNotCarried.
std::vector<std::uint32_t> numbers_of(const Program& program, const Dictionary& names) {
    StringMap<std::uint32_t> numbers;
    for (std::uint32_t tag = 0; tag < program.tag_names.size(); ++tag)
        numbers.emplace(program.tag_names[tag], tag);
    std::vector<std::uint32_t> number_of(names.size(), kNotCarried);
    for (std::uint32_t i = 0; i < names.size(); ++i)
        if (const auto found = numbers.find(names[i]); found != numbers.end())
            number_of[i] = found->second;
    return number_of;
}

} // namespace

TagMatrix firm_tags(const Program& program, const FirmIndex& index, const FirmTable& firms,
                    unsigned threads) {
    TagMatrix matrix(static_cast<std::int64_t>(index.firms()),
                     static_cast<std::int64_t>(program.tag_names.size()));
    const auto field = firms.schema().tags();
    if (!field || program.tag_names.empty()) return matrix;
    const std::vector<std::uint32_t> number_of =
        numbers_of(program, firms.column(*field).dictionary);
    const auto for_each_firm = [&](auto&& take) {
        const std::size_t parts = (index.firms() + kFirmsAtATime - 1) / kFirmsAtATime;
        share_out(threads, parts, [&](std::size_t part) {
            const std::size_t end = std::min((part + 1) * kFirmsAtATime, index.firms());
            for (std::size_t position = part * kFirmsAtATime; position < end; ++position)
                take(position, firms[index.row_at(position)].tags());
        });
    };

    std::int64_t* const begins = matrix.outerIndexPtr();
    for_each_firm([&](std::size_t position, std::span<const Tag> tags) {
        begins[position + 1] = std::count_if(tags.begin(), tags.end(), [&](const Tag& tag) {
            return number_of[tag.name] != kNotCarried;
        });
    });
    std::partial_sum(begins, begins + index.firms() + 1, begins);
    matrix.resizeNonZeros(begins[index.firms()]);
    std::int64_t* const numbers = matrix.innerIndexPtr();
    std::int32_t* const weights = matrix.valuePtr();
    for_each_firm([&](std::size_t position, std::span<const Tag> tags) {
        const std::int64_t begin = begins[position];
        std::int64_t end = begin;
        for (const Tag& tag : tags) {
            const std::uint32_t number = number_of[tag.name];
            if (number == kNotCarried) continue;
            std::int64_t at = end++; // sorted in: a firm follows few
            for (; at > begin && numbers[at - 1] > number; --at) {
                numbers[at] = numbers[at - 1];
                weights[at] = weights[at - 1];
            }
            numbers[at] = number;
            weights[at] = static_cast<std::int32_t>(tag.weight);
        }
    });
    return matrix;
}

} // namespace qice
