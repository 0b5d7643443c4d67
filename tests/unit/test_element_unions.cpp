// Unions of set elements against the planes they are made of.
#include "index/element_unions.hpp"

#include "unit/world.hpp"

#include <random>

using namespace qice;

TEST_CASE("a union of elements is what its planes have together, for any number of unions") {
    std::mt19937 random(64);
    const auto element = [](std::uint32_t i) {
        return CodedSet::Element{std::to_string(i), false};
    };
    for (const std::uint32_t unions : {0u, 1u, 63u, 64u, 65u, 512u, 513u, 700u}) {
        Program program;
        for (std::uint32_t set = 0; set < 2; ++set) {
            program.sets.push_back({set, {}, program.planes});
            for (std::uint32_t i = 0; i < 20; ++i)
                program.sets.back().elements.push_back(element(i));
            program.planes += 21;
        }
        for (std::uint32_t i = 0; i < unions; ++i) {
            const auto set = static_cast<std::uint32_t>(random() % 8 == 0);
            const auto first = static_cast<std::uint32_t>(program.elements.size());
            for (std::uint32_t e = 0; e < 20; ++e)
                if (random() % 3 == 0)
                    program.elements.push_back(program.sets[set].first_plane + e);
            program.unions.push_back(
                {set, first, static_cast<std::uint32_t>(program.elements.size()) - first});
        }
        const std::size_t blocks = 3;
        AlignedVector<BlockRow> planes(blocks * program.planes);
        for (BlockRow& row : planes)
            for (std::uint64_t& word : row.words)
                word = std::uint64_t{random()} << 32 & std::uint64_t{random()} << 20;
        const AlignedVector<BlockRow> made = unite_elements(program, planes, blocks);
        REQUIRE(made.size() == blocks * unions);
        std::size_t faults = 0;
        for (std::size_t block = 0; block < blocks; ++block)
            for (std::uint32_t i = 0; i < unions; ++i)
                for (std::size_t w = 0; w < kBlockWords; ++w) {
                    std::uint64_t any = 0;
                    for (std::uint32_t e = 0; e < program.unions[i].count; ++e)
                        any |= planes[block * program.planes +
                                      program.elements[program.unions[i].first + e]]
                                   .words[w];
                    faults += made[block * unions + i].words[w] != any;
                }
        REQUIRE(faults == 0);
    }
}
