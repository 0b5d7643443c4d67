// Every CPU level does the same as the plainest way to do it.
#include "kernels/filters.hpp"
#include "kernels/kernels.hpp"
#include "match/rank.hpp"

#include "unit/forced_kernels.hpp"
#include "unit/world.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>
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
    program.shapes.push_back({0, 1, 0, 1, 0, false});
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
    const std::uint64_t candidates = 1;
    BlockTask task{&program, {&codes, &width, nullptr, full_row()}, &candidates, true, 31};
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

/// More ranges than are compared one by one: a bitmap.
template <class Code> void check_bitmaps() {
    constexpr std::uint32_t kUnknown = static_cast<Code>(~Code{0});
    std::mt19937 random(63);
    for (const std::uint32_t last : {0u, 1u, 7u, 63u, 64u, 126u, 127u, 128u, 129u, 191u, 200u, 254u,
                                     255u, 256u, 8'000u, 65'534u, 65'535u, 70'001u}) {
        if (last >= kUnknown) continue;
        std::vector<std::uint64_t> bitmap(last / 64 + 1);
        for (std::uint32_t code = 0; code <= last; ++code)
            if (random() % 2 == 0 || code == last)
                bitmap[code / 64] |= std::uint64_t{1} << code % 64;
        AlignedVector<Code> codes(kBlockFirms);
        for (std::size_t i = 0; i < kBlockFirms; ++i)
            codes[i] = static_cast<Code>(random() % 8 == 0   ? kUnknown
                                         : random() % 8 == 0 ? kUnknown - 1
                                         : random() % 8 == 0 ? last
                                         : random() % 8 == 0 ? last + 1
                                         : random() % 8 == 0 ? random()
                                                             : random() % (last + 1));
        Program program = one_literal({{0, last}}, Truth::no);
        program.bitmaps.assign(3, kAllBits); // of another literal
        program.literals[0].bitmap = 3;
        program.bitmaps.insert(program.bitmaps.end(), bitmap.begin(), bitmap.end());
        for (const Kernels* level : available_kernels()) {
            INFO(level->name << ", " << sizeof(Code) << " bytes, up to " << last);
            const BlockRow found =
                run(*level, program, reinterpret_cast<const std::uint8_t*>(codes.data()),
                    sizeof(Code))
                    .eligible;
            std::size_t faults = 0;
            for (std::size_t i = 0; i < kBlockFirms; ++i) {
                const std::uint32_t code = codes[i];
                const bool inside = code <= last && (bitmap[code / 64] >> code % 64 & 1) != 0;
                faults += ((found.words[i / 64] >> i % 64 & 1) != 0) != inside;
            }
            REQUIRE(faults == 0);
        }
    }
}

/// So many literals over one field that all of them are made at once.
template <class Code> void check_many_literals(std::uint32_t codes_there_are) {
    constexpr std::uint32_t kUnknown = static_cast<Code>(~Code{0});
    constexpr std::uint32_t kLiterals = 1'500;
    std::mt19937 random(67);
    const auto code = [&] { return static_cast<std::uint32_t>(random() % codes_there_are); };
    Program program = one_literal({}, Truth::no);
    program.ranges.clear();
    program.literals.clear();
    program.refs.clear();
    program.policies.assign(kLiterals, program.policies[0]);
    program.shapes[0].last = kLiterals;
    program.fields[0].literals = kLiterals;
    program.fields[0].is_crowded = true;
    const Truth truths[] = {Truth::no, Truth::unknown, Truth::yes};
    for (std::uint32_t number = 0; number < kLiterals; ++number) {
        Literal literal;
        literal.on_unknown = truths[random() % 3];
        literal.first = static_cast<std::uint32_t>(program.ranges.size());
        literal.count = 1 + static_cast<std::uint32_t>(random() % 3);
        if (number % 100 == 7) { // the last code alone, or what is past the last of a block
            program.ranges.insert(program.ranges.end(), 3, {kUnknown - 1, kUnknown - 1});
        } else {
            for (std::uint32_t r = 0; r < literal.count; ++r) {
                const std::uint32_t a = random() % 5 == 0 ? 0 : code(), b = code();
                program.ranges.push_back({std::min(a, b), std::max(a, b)});
            }
        }
        if (number % 50 == 3) { // looked up
            literal.bitmap = static_cast<std::uint32_t>(program.bitmaps.size());
            program.bitmaps.push_back(random());
            literal.count = 1;
            program.ranges.back() = {0, 63};
            literal.first = static_cast<std::uint32_t>(program.ranges.size()) - 1;
        }
        program.literals.push_back(literal);
        program.refs.push_back(number | kLiteralBit);
    }
    const auto inside = [&](const Literal& literal, std::uint32_t of) {
        if (literal.bitmap != Literal::kNoBitmap)
            return of < 64 && (program.bitmaps[literal.bitmap] >> of & 1) != 0;
        for (std::uint32_t r = literal.first; r < literal.first + literal.count; ++r)
            if (program.ranges[r].first <= of && of <= program.ranges[r].last) return true;
        return false;
    };
    const std::vector<std::uint64_t> candidates(words_for(kLiterals), kAllBits);
    const std::uint8_t width = sizeof(Code);
    for (const Kernels* level : available_kernels()) {
        BlockScratch scratch(program);
        for (int block = 1; block <= 6; ++block) {
            AlignedVector<Code> codes(kBlockFirms);
            for (Code& of : codes) // the last blocks: all unknown, all alike
                of = static_cast<Code>(block == 5                        ? kUnknown
                                       : block == 6                      ? 7
                                       : random() % 4 == 0               ? kUnknown
                                       : block == 1 && random() % 9 == 0 ? kUnknown - 1
                                                                         : code());
            const auto* bytes = reinterpret_cast<const std::uint8_t*>(codes.data());
            const bool all_planes = block % 2 == 0;
            BlockTask task{
                &program, {&bytes, &width, nullptr, full_row()}, candidates.data(), all_planes, 31};
            scratch.block = static_cast<std::uint32_t>(block);
            for (BlockMatches& matches : scratch.matches)
                matches.size = 0;
            level->run_block(task, scratch);
            std::vector<BlockRow> eligible(kLiterals), needs_data(kLiterals);
            for (std::size_t m = 0; m < scratch.matches[kEligible].size; ++m)
                eligible[scratch.matches[kEligible].policies[m]] =
                    scratch.matches[kEligible].firms[m];
            for (std::size_t m = 0; m < scratch.matches[kNeedsFact].size; ++m)
                needs_data[scratch.matches[kNeedsFact].policies[m]] =
                    scratch.matches[kNeedsFact].firms[m];
            std::size_t faults = 0;
            for (std::uint32_t number = 0; number < kLiterals; ++number) {
                const Literal& literal = program.literals[number];
                for (std::size_t i = 0; i < kBlockFirms; ++i) {
                    const bool unknown = codes[i] == kUnknown;
                    const auto bit = [&](const BlockRow& row) {
                        return (row.words[i / 64] >> (i % 64) & 1) != 0;
                    };
                    faults += bit(eligible[number]) != (unknown ? literal.on_unknown == Truth::yes
                                                                : inside(literal, codes[i]));
                    faults += bit(needs_data[number]) !=
                              (all_planes && unknown && literal.on_unknown == Truth::unknown);
                }
            }
            INFO(level->name << ", " << sizeof(Code) << " bytes, block " << block);
            REQUIRE(faults == 0);
        }
    }
}

} // namespace

TEST_CASE("many literals over one field are as right as few, on every level") {
    check_many_literals<std::uint8_t>(200);
    check_many_literals<std::uint16_t>(20'000);
    check_many_literals<std::uint32_t>(1'000'000);
}

TEST_CASE("codes of every width are looked up in bitmaps on every level") {
    check_bitmaps<std::uint8_t>();
    check_bitmaps<std::uint16_t>();
    check_bitmaps<std::uint32_t>();
}

TEST_CASE("codes of every width are found in their ranges on every level") {
    check_ranges<std::uint8_t>();
    check_ranges<std::uint16_t>();
    check_ranges<std::uint32_t>();
}

namespace {

std::size_t rank(const Kernels& level, const RankTask<std::uint32_t>& task,
                 RankScratch<std::uint32_t>& scratch, std::uint32_t* out, KeyRanges ranges) {
    return level.rank_narrow(task, scratch, out, ranges);
}
std::size_t rank(const Kernels& level, const RankTask<std::uint64_t>& task,
                 RankScratch<std::uint64_t>& scratch, std::uint64_t* out, KeyRanges ranges) {
    return level.rank_wide(task, scratch, out, ranges);
}
/// A random task: some entries, some tags, some firms that follow them.
template <class Key> struct RandomRanking {
    std::mt19937_64& random;
    RankTask<Key> task;
    AlignedVector<Key> keys;
    AlignedVector<BlockRow> rows;
    std::vector<const BlockRow*> entries;
    AlignedVector<std::uint64_t> carriers;
    std::vector<TagGroup> tag_groups;
    std::vector<GroupRange> carried;
    std::vector<FollowedTag> followed;
    std::vector<std::uint32_t> first_followed{0};
    FirmsByTags by_tags;

    /// Keys about a middle that weights may raise or lower by a quarter of all.
    RandomRanking(std::mt19937_64& source, Key middle) : random(source), rows(1 + source() % 700) {
        const std::uint32_t tags = random() % 10; // so that some entries have more than a group
        task.entry_count = rows.size();
        task.words = words_for(rows.size());
        task.row_words = (task.words + 7) / 8 * 8;
        task.tie_bits = 10; // 700 entries
        const std::uint32_t some = 1 + static_cast<std::uint32_t>(random() % kNetworkKeys);
        task.top = random() % 2 == 0   ? some
                   : random() % 4 == 0 ? UINT32_MAX
                                       : kNetworkKeys + 8 * some;
        for (std::size_t e = 0; e < rows.size(); ++e)
            keys.push_back(middle + static_cast<Key>(((random() % 64) << 10) + e));
        std::sort(keys.begin(), keys.end(), std::greater<>());
        keys.resize(task.row_words * 64);
        const std::uint64_t halvings = random() % 6; // of the density
        for (BlockRow& row : rows) {
            for (std::uint64_t& word : row.words) {
                word = random();
                for (std::uint64_t i = 0; i < halvings; ++i)
                    word &= random();
            }
            entries.push_back(&row);
        }
        constexpr std::uint32_t kSpare = 4; // an item of a group each
        TagGroup none;
        for (std::uint32_t i = 0; i < kSpare; ++i)
            none.items[i] = {i, 0};
        task.rows = kSpare + tags;
        task.spare_rows = kSpare;
        carriers.resize(task.rows * task.row_words);
        for (std::size_t e = 0; e < rows.size(); ++e) {
            const auto first = static_cast<std::uint32_t>(tag_groups.size());
            std::size_t items = 0;
            for (std::uint32_t tag = 0; tag < tags; ++tag) {
                if (random() % 3 != 0) continue;
                carriers[(kSpare + tag) * task.row_words + e / 64] |= std::uint64_t{1} << (e % 64);
                if (items % 4 == 0) tag_groups.push_back(none);
                tag_groups.back().items[items++ % 4] = {kSpare + tag,
                                                        static_cast<int>(random() % 100) - 20};
            }
            carried.push_back({first, static_cast<std::uint32_t>(tag_groups.size()) - first});
        }
        const std::size_t firms = 1 + random() % kBlockFirms;
        for (std::size_t firm = 0; firm < firms; ++firm) {
            const bool follows = random() % 3 != 0;
            for (std::uint32_t tag = 0; tag < tags; ++tag)
                if (follows && random() % 2 == 0)
                    followed.push_back({kSpare + tag, static_cast<int>(1 + random() % 1000)});
            first_followed.push_back(static_cast<std::uint32_t>(followed.size()));
        }
        by_tags.take(followed, first_followed);
        by_tags.lend_to(task);
        task.keys = keys.data();
        task.entries = entries.data();
        task.carriers = carriers.data();
        task.group_count = tag_groups.size();
        task.item_count = random() % 2 == 0 ? 0 : 1'000'000; // score pair by pair, or tag by tag
        task.carried = carried.data();
        task.tag_groups = tag_groups.data();
    }

    /// All keys of a firm, the plainest way.
    std::vector<Key> keys_of(std::size_t firm) const {
        std::vector<Key> all;
        for (std::size_t e = 0; e < rows.size(); ++e) {
            if ((rows[e].words[firm / 64] >> (firm % 64) & 1) == 0) continue;
            std::int64_t more = 0;
            for (std::uint32_t i = task.first_followed[firm]; i < task.first_followed[firm + 1];
                 ++i)
                for (std::uint32_t g = 0; g < carried[e].count; ++g)
                    for (const TagGroup::Item& item : tag_groups[carried[e].first + g].items)
                        if (item.row == task.followed[i].row)
                            more += std::int64_t{item.weight} * task.followed[i].weight;
            all.push_back(static_cast<Key>(keys[e] + (static_cast<Key>(more) << task.tie_bits)));
        }
        std::sort(all.begin(), all.end(), std::greater<>());
        return all;
    }
};

template <class Key> void check_ranking(int rounds, Key middle) {
    std::mt19937_64 random(62);
    for (int round = 0; round < rounds; ++round) {
        const RandomRanking<Key> ranking(random, middle);
        const RankTask<Key>& task = ranking.task;
        for (const Kernels* level : available_kernels()) {
            if (sizeof(Key) == sizeof level->most_short_key && middle > level->most_short_key)
                continue;
            INFO(level->name << ", round " << round);
            RankScratch<Key> scratch;
            scratch.fit(task);
            // Firms in several goes.
            if (round % 3 == 0) scratch.slots = 1 + random() % scratch.slots;
            if (round % 3 == 1)
                scratch.room = std::min(scratch.room, most_room(task) + random() % 4000);
            std::vector<Key> out(task.firm_count * std::min<std::size_t>(task.top, 700) +
                                 kKeySlack);
            std::vector<std::uint32_t> begins(task.firm_count), counts(task.firm_count);
            const std::size_t used =
                rank(*level, task, scratch, out.data(), {begins.data(), counts.data()});
            std::size_t sum = 0;
            for (std::size_t firm = 0; firm < task.firm_count; ++firm) {
                std::vector<Key> expected = ranking.keys_of(firm);
                if (expected.size() > task.top) expected.resize(task.top);
                const auto begin = out.begin() + begins[firm];
                REQUIRE(std::vector<Key>(begin, begin + counts[firm]) == expected);
                sum += counts[firm];
            }
            REQUIRE(used == sum);
        }
    }
}

} // namespace

TEST_CASE(
    "the first keys of every firm are found in order on every level, for keys of both widths") {
    check_ranking<std::uint32_t>(40, 1u << 29);
    check_ranking<std::uint32_t>(20, 5u << 29);
    check_ranking<std::uint64_t>(60, std::uint64_t{1} << 61);
}

TEST_CASE("set bits are listed in order on every level, whatever is behind them") {
    std::mt19937_64 random(63);
    for (const std::size_t words : {0u, 1u, 3u, 190u}) {
        for (int thinned = 0; thinned < 7; ++thinned) { // from half of the bits to hardly any
            std::vector<std::uint64_t> bits(words);
            std::vector<std::uint32_t> expected;
            for (std::size_t w = 0; w < words; ++w) {
                bits[w] = w == 1 ? kAllBits : random();
                for (int i = 0; i < thinned && w != 1; ++i)
                    bits[w] &= random();
                for (std::uint32_t bit = 0; bit < 64; ++bit)
                    if ((bits[w] >> bit & 1) != 0)
                        expected.push_back(static_cast<std::uint32_t>(w * 64) + bit);
            }
            for (const Kernels* level : available_kernels()) {
                INFO(level->name << ", " << words << " words");
                std::vector<std::uint32_t> listed(expected.size() + kListedBehind);
                REQUIRE(level->list_bits(bits.data(), words, listed.data()) == expected.size());
                listed.resize(expected.size());
                REQUIRE(listed == expected);
            }
        }
    }
}

TEST_CASE("a row is split by another on every level, and empty parts are told") {
    std::mt19937_64 random(64);
    for (int round = 0; round < 64; ++round) {
        BlockRow row{}, by{}, inside, outside;
        row.words[round % 8] = round % 2 == 0 ? std::uint64_t{1} << round : random();
        row.words[0] |= round % 5 == 0 ? random() : 0;
        for (std::size_t w = 0; w < kBlockWords; ++w)
            by.words[w] = round % 3 == 0 ? 0 : round % 3 == 1 ? kAllBits : random();
        unsigned expected = 0;
        for (std::size_t w = 0; w < kBlockWords; ++w)
            expected |= ((row.words[w] & by.words[w]) != 0 ? 1u : 0u) |
                        ((row.words[w] & ~by.words[w]) != 0 ? 2u : 0u);
        for (const Kernels* level : available_kernels()) {
            INFO(level->name << ", round " << round);
            REQUIRE(level->split_row(row, by, inside, outside) == expected);
            for (std::size_t w = 0; w < kBlockWords; ++w) {
                REQUIRE(inside.words[w] == (row.words[w] & by.words[w]));
                REQUIRE(outside.words[w] == (row.words[w] & ~by.words[w]));
            }
        }
    }
}

TEST_CASE("masks of tags become rows of entries on every level") {
    std::mt19937_64 random(65);
    for (const std::size_t mask_words : {1u, 2u, 4u}) {
        for (const std::size_t row_words : {8u, 24u}) {
            AlignedVector<std::uint64_t> masks(64 * row_words * mask_words);
            for (std::uint64_t& word : masks)
                word = random() & random();
            for (const Kernels* level : available_kernels()) {
                INFO(level->name << ", " << mask_words << " x " << row_words << " words");
                AlignedVector<std::uint64_t> carriers(64 * mask_words * row_words);
                level->lay_out_carriers(masks.data(), mask_words, row_words, carriers.data());
                for (std::size_t entry = 0; entry < 64 * row_words; ++entry) {
                    for (std::size_t bit = 0; bit < 64 * mask_words; ++bit) {
                        const std::size_t part = entry / 512, group = entry / 64 % 8;
                        const std::uint64_t word =
                            masks[((part * mask_words + bit / 64) * 64 + entry % 64) * 8 + group];
                        const std::uint64_t row = carriers[bit * row_words + entry / 64];
                        if ((word >> (bit % 64) & 1) != (row >> (entry % 64) & 1))
                            FAIL("bit " << bit << " of entry " << entry);
                    }
                }
            }
        }
    }
}

TEST_CASE("positions that are in a row are found on every level") {
    std::mt19937_64 random(66);
    for (const std::uint32_t count : {0u, 1u, 15u, 16u, 17u, 100u, 512u}) {
        BlockRow row;
        for (std::uint64_t& word : row.words)
            word = count % 2 == 0 ? random() : random() & random() & random();
        std::vector<std::uint32_t> all(kBlockFirms), positions(count);
        std::iota(all.begin(), all.end(), 7 * static_cast<std::uint32_t>(kBlockFirms));
        std::sample(all.begin(), all.end(), positions.begin(), count, random);
        std::vector<std::uint32_t> expected;
        for (std::uint32_t i = 0; i < count; ++i)
            if (const std::uint32_t bit = positions[i] % kBlockFirms;
                (row.words[bit / 64] >> (bit % 64) & 1) != 0)
                expected.push_back(i);
        for (const Kernels* level : available_kernels()) {
            INFO(level->name << ", " << count);
            std::vector<std::uint32_t> found(count + kListedBehind);
            found.resize(filters_of(*level).find_among(positions.data(), count, row, found.data()));
            CHECK(found == expected);
        }
    }
}

TEST_CASE("the environment chooses the level, and a wish that cannot be met is told") {
    for (const Kernels* level : available_kernels()) {
        const ForcedKernels forced(level->name);
        CHECK(std::string_view(kernels().name) == level->name);
        CHECK(unknown_kernels_request().empty());
    }
    const ForcedKernels forced("mmx");
    CHECK(unknown_kernels_request() == "mmx");
    CHECK(&kernels() == available_kernels().back());
    unsetenv("QICE_KERNELS");
    CHECK(unknown_kernels_request().empty());
    CHECK(std::string_view(available_kernels()[0]->name) == "plain");
}
