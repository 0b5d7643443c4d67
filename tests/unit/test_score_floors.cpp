#include "match/score_floors.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace qice;

namespace {

/// Of three blocks, the last one short: floors close together, far apart, all one, or none.
std::vector<Score> random_floors(std::mt19937_64& random) {
    const Score width = Score{1} << random() % 60;
    const Score least = -static_cast<Score>(random() % 1'000'000);
    std::vector<Score> floors(2 * kBlockFirms + 100);
    for (Score& floor : floors)
        floor = random() % 8 == 0 ? ScoreFloors::kNone
                                  : least + static_cast<Score>(random() % std::uint64_t(width));
    return floors;
}

bool holds(const BlockRow& row, std::size_t bit) {
    return (row.words[bit / 64] >> (bit % 64) & 1) != 0;
}

} // namespace

TEST_CASE("a score reaches whoever's floor it is not below, and few others") {
    std::mt19937_64 random(11);
    for (int round = 0; round < 60; ++round) {
        std::vector<Score> exact = random_floors(random);
        ScoreFloors floors(exact);
        std::vector<bool> closed(exact.size());
        for (int i = 0; i < 50; ++i) { // some move, beyond the first ones too; some close
            const std::size_t position = random() % exact.size();
            exact[position] = static_cast<Score>(random() % (1 << 30)) - (1 << 29);
            floors.set(position, exact[position]);
        }
        for (int i = 0; i < 50; ++i) {
            const std::size_t position = random() % exact.size();
            closed[position] = true;
            floors.close(position);
        }
        const Score some = exact[700] == ScoreFloors::kNone ? 0 : exact[700];
        for (const Score score :
             {some, some - 1, some + 1, Score{0}, Score{1} << 61, -(Score{1} << 61)}) {
            INFO("round " << round << ", score " << score);
            std::uint32_t blocks[] = {0, 1, 2};
            BlockRow rows[3];
            for (BlockRow& row : rows)
                for (std::uint64_t& word : row.words)
                    word = random();
            const BlockRow before[] = {rows[0], rows[1], rows[2]};
            const std::uint32_t kept = floors.keep(filters(), score, blocks, rows, 3);
            BlockRow after[3] = {};
            for (std::uint32_t i = 0; i < kept; ++i)
                after[blocks[i]] = rows[i];
            for (std::size_t position = 0; position < exact.size(); ++position) {
                const bool reaches = floors.may_reach(score, position);
                if (closed[position])
                    REQUIRE(!reaches);
                else if (exact[position] <= score)
                    REQUIRE(reaches);
                const std::size_t block = position / kBlockFirms, bit = position % kBlockFirms;
                REQUIRE(holds(after[block], bit) == (reaches && holds(before[block], bit)));
            }
        }
    }
}

TEST_CASE("floors a part in two hundred apart are told from each other") {
    std::vector<Score> exact;
    for (Score floor = 0; floor <= 1'000'000; floor += 5'000)
        exact.push_back(floor);
    const ScoreFloors floors(exact);
    for (std::size_t position = 0; position + 2 < exact.size(); ++position)
        CHECK(!floors.may_reach(exact[position], position + 2));
}

TEST_CASE("without firms nobody is reached") {
    const ScoreFloors floors;
    CHECK(floors.keep(filters(), 5, nullptr, nullptr, 0) == 0);
}
