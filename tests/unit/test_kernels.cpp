// Every CPU level does the same as the plainest way to do it.
#include "kernels/kernels.hpp"

#include "unit/world.hpp"

#include <cstring>
#include <functional>
#include <random>

using namespace qice;

namespace {

constexpr std::uint64_t kAllBits = ~std::uint64_t{0};

BlockRow full_row() {
    BlockRow row;
    for (std::uint64_t& word : row.words)
        word = kAllBits;
    return row;
}

/// A program of one policy that is one literal over one field of codes.
Program one_literal(const std::vector<FieldCuts::Range>& ranges, Truth on_unknown) {
    Program program;
    program.fields.push_back({0, {}});
    for (const auto op : {GraphNode::Op::never, GraphNode::Op::always, GraphNode::Op::manual})
        program.nodes.push_back({op, false, 0, 0, 0});
    Literal literal;
    literal.on_unknown = on_unknown;
    literal.count = static_cast<std::uint32_t>(ranges.size());
    program.ranges = ranges;
    program.literals.push_back(literal);
    program.refs.push_back(0 | kLiteralBit);
    CompiledPolicy policy;
    policy.rule.literals = 1;
    program.policies.push_back(policy);
    return program;
}

/// Which of 512 codes a level finds eligible, and which it finds to need data.
struct Found {
    BlockRow eligible{}, needs_data{};
};

Found run(const Kernels& level, const Program& program, const std::uint8_t* codes,
          std::uint8_t width) {
    BlockScratch scratch(program);
    scratch.block = 1;
    const std::uint32_t candidate = 0;
    BlockTask task{&program, {&codes, &width, nullptr, full_row()}, &candidate, 1, true, 31};
    level.run_block(task, scratch);
    Found found;
    if (scratch.matches[kEligible].size != 0) found.eligible = scratch.matches[kEligible].firms[0];
    if (scratch.matches[kNeedsFact].size != 0)
        found.needs_data = scratch.matches[kNeedsFact].firms[0];
    return found;
}

template <class Code> void check_ranges() {
    constexpr std::uint32_t kUnknown = static_cast<Code>(~Code{0});
    std::mt19937 random(61);
    const std::uint32_t edges[] = {
        0, 1, 2, 127, 128, 200, kUnknown / 2, kUnknown / 2 + 1, kUnknown - 2, kUnknown - 1};
    AlignedVector<Code> codes(kBlockFirms);
    for (Code& code : codes)
        code = static_cast<Code>(random() % 4 == 0   ? kUnknown
                                 : random() % 2 == 0 ? edges[random() % std::size(edges)]
                                                     : random());
    for (const std::uint32_t first : edges) {
        for (const std::uint32_t last : edges) {
            if (first > last || last >= kUnknown) continue;
            for (const Truth on_unknown : {Truth::no, Truth::unknown, Truth::yes}) {
                const Program program = one_literal({{first, last}}, on_unknown);
                for (const Kernels* level : available_kernels()) {
                    INFO(level->name << ' ' << first << " to " << last);
                    const Found found =
                        run(*level, program, reinterpret_cast<const std::uint8_t*>(codes.data()),
                            sizeof(Code));
                    std::size_t faults = 0;
                    for (std::size_t i = 0; i < kBlockFirms; ++i) {
                        const bool unknown = codes[i] == kUnknown;
                        const bool inside = first <= codes[i] && codes[i] <= last;
                        const auto bit = [&](const BlockRow& row) {
                            return (row.words[i / 64] >> (i % 64) & 1) != 0;
                        };
                        faults +=
                            bit(found.eligible) != (unknown ? on_unknown == Truth::yes : inside);
                        faults +=
                            bit(found.needs_data) != (unknown && on_unknown == Truth::unknown);
                    }
                    REQUIRE(faults == 0);
                }
            }
        }
    }
}

} // namespace

TEST_CASE("codes of every width are found in their ranges on every level") {
    check_ranges<std::uint8_t>();
    check_ranges<std::uint16_t>();
    check_ranges<std::uint32_t>();
}

TEST_CASE("rows are transposed on every level, for any number of them") {
    std::mt19937_64 random(62);
    for (std::size_t count = 0; count <= 200; ++count) {
        AlignedVector<BlockRow> rows(count);
        std::vector<const BlockRow*> pointers;
        for (BlockRow& row : rows) {
            for (std::uint64_t& word : row.words)
                word = random() % 3 == 0 ? 0 : random() & random();
            pointers.push_back(&row);
        }
        const std::size_t words = words_for(count);
        std::vector<std::uint64_t> expected(kBlockFirms * words);
        for (std::size_t r = 0; r < count; ++r)
            for_each_bit(rows[r].words, kBlockWords, [&](std::size_t firm) {
                expected[firm * words + r / 64] |= std::uint64_t{1} << (r % 64);
            });
        for (const Kernels* level : available_kernels()) {
            INFO(level->name << ", " << count << " rows");
            std::vector<std::uint64_t> out(kBlockFirms * words, kAllBits);
            level->transpose(pointers.data(), count, out.data(), words);
            REQUIRE(out == expected);
        }
    }
}

TEST_CASE("the first of two lists are merged in order on every level") {
    std::mt19937_64 random(63);
    for (int round = 0; round < 2'000; ++round) {
        std::vector<std::uint64_t> keys;
        const std::size_t plain_count = random() % 30, scored_count = random() % 30;
        while (keys.size() < plain_count + scored_count) {
            const std::uint64_t key = random() >> (random() % 60) | (random() % 2 << 63);
            if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
        }
        std::vector<std::uint64_t> plain(keys.begin(),
                                         keys.begin() + static_cast<std::ptrdiff_t>(plain_count));
        const std::vector<std::uint64_t> scored(
            keys.begin() + static_cast<std::ptrdiff_t>(plain_count), keys.end());
        std::sort(plain.begin(), plain.end(), std::greater<>());
        std::sort(keys.begin(), keys.end(), std::greater<>());
        const auto top = static_cast<std::uint32_t>(1 + random() % 40);
        if (keys.size() > top) keys.resize(top);
        for (const Kernels* level : available_kernels()) {
            std::vector<std::uint64_t> out(top + 64);
            const std::uint32_t kept = level->merge_top(
                plain.data(), static_cast<std::uint32_t>(plain_count), scored.data(),
                static_cast<std::uint32_t>(scored_count), top, out.data());
            out.resize(kept);
            INFO(level->name);
            REQUIRE(out == keys);
        }
    }
}

TEST_CASE("the environment chooses the level, and a wish that cannot be met is told") {
    const char* const before = std::getenv("QICE_KERNELS");
    const std::string kept = before == nullptr ? "" : before;
    for (const Kernels* level : available_kernels()) {
        setenv("QICE_KERNELS", level->name, 1);
        CHECK(std::string_view(kernels().name) == level->name);
        CHECK(unknown_kernels_request().empty());
    }
    setenv("QICE_KERNELS", "mmx", 1);
    CHECK(unknown_kernels_request() == "mmx");
    CHECK(&kernels() == available_kernels().back());
    unsetenv("QICE_KERNELS");
    CHECK(unknown_kernels_request().empty());
    if (before != nullptr) setenv("QICE_KERNELS", kept.c_str(), 1);
    CHECK(std::string_view(available_kernels()[0]->name) == "plain");
}
