// Who follows a tag, and where the followers of each block begin.
#include "qice/index/tag_postings.hpp"

#include "unit/world.hpp"

#include <algorithm>
#include <map>

using namespace qice;

namespace {

/// Of a firm: a common tag, tags of a few firms each, one of a firm in the last block; some weigh
/// nothing.
std::string tags_of(std::size_t row) {
    std::string cell;
    const auto follow = [&](const std::string& tag, std::size_t weight) {
        cell += (cell.empty() ? "" : "|") + tag + ":0." + std::to_string(weight);
    };
    if (row % 3 != 0) follow("common", 1 + row % 9);
    for (const std::size_t every : {500u, 512u, 1'700u, 4'096u})
        if (row % every == 0) follow("every" + std::to_string(every), row % 7);
    if (row == 9'998) follow("one", 5);
    return cell;
}

} // namespace

TEST_CASE("a tag's followers are there, in order and by block, however rare it is") {
    std::vector<world::Cells> rows;
    for (std::size_t row = 0; row < 10'000; ++row)
        rows.push_back({{"patents", std::to_string(row * 7'919 % 10)}, {"follows", tags_of(row)}});
    const SchemaPtr schema = world::schema();
    const Date day = world::day("2026-11-23");
    const FirmTable firms = world::firms(schema, day, rows);
    const std::vector<Policy> policies =
        world::policies(schema, R"([{"id": "P", "rule": {"field": "patents", "ge": 3, "lt": 8}}])");
    const Program program = compile(*schema, policies, {.as_of = day});
    const FirmIndex index(program, firms);
    const TagPostings postings(firms, index);

    std::map<std::string, std::vector<std::pair<std::uint32_t, std::uint32_t>>> wanted;
    const Dictionary& names = firms.column(*schema->tags()).dictionary;
    for (std::uint32_t position = 0; position < firms.size(); ++position)
        for (const Tag& tag : firms[index.row_at(position)].tags())
            if (tag.weight != 0) wanted[names[tag.name]].emplace_back(position, tag.weight);
    REQUIRE(wanted.size() == 6);
    REQUIRE(postings.of(firms, "nobody's").positions.empty());
    for (const auto& [tag, followers] : wanted) {
        const TagPostings::List list = postings.of(firms, tag);
        INFO(tag);
        REQUIRE(list.positions.size() == followers.size());
        for (std::size_t i = 0; i < followers.size(); ++i) {
            REQUIRE(list.positions[i] == followers[i].first);
            REQUIRE(list.weights[i] == followers[i].second);
        }
        for (std::size_t block = 0; block <= index.blocks(); ++block) {
            const auto first =
                std::lower_bound(list.positions.begin(), list.positions.end(), block * kBlockFirms);
            REQUIRE(list.begin_of(block) ==
                    static_cast<std::size_t>(first - list.positions.begin()));
        }
    }
}
