#include "qice/index/tags.hpp"

#include "base/string_map.hpp"

namespace qice {

TagMatrix firm_tags(const Program& program, const FirmIndex& index, const FirmTable& firms) {
    TagMatrix matrix(static_cast<std::int64_t>(index.firms()),
                     static_cast<std::int64_t>(program.tag_names.size()));
    const auto field = firms.schema().tags();
    if (!field || program.tag_names.empty()) return matrix;

    StringMap<std::uint32_t> numbers;
    for (std::uint32_t tag = 0; tag < program.tag_names.size(); ++tag)
        numbers.emplace(program.tag_names[tag], tag);
    constexpr std::uint32_t kNotCarried = UINT32_MAX;
    const Dictionary& names = firms.column(*field).dictionary;
    std::vector<std::uint32_t> tag_of(names.size(), kNotCarried);
    for (std::uint32_t i = 0; i < names.size(); ++i)
        if (const auto found = numbers.find(names[i]); found != numbers.end())
            tag_of[i] = found->second;

    std::vector<Tag> row;
    for (std::size_t position = 0; position < index.firms(); ++position) {
        row.clear();
        for (const Tag& tag : firms[index.row_at(position)].tags())
            if (tag_of[tag.name] != kNotCarried) row.push_back({tag_of[tag.name], tag.weight});
        std::sort(row.begin(), row.end(),
                  [](const Tag& a, const Tag& b) { return a.name < b.name; });
        matrix.startVec(static_cast<std::int64_t>(position));
        for (const Tag& tag : row)
            matrix.insertBack(static_cast<std::int64_t>(position), tag.name) =
                static_cast<std::int32_t>(tag.weight);
    }
    matrix.finalize();
    return matrix;
}

} // namespace qice
