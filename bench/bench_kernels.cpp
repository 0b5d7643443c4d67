// What does each hot loop cost by itself, on every CPU level that the machine has?
//
//   build/bench/bench/qice_bench --benchmark_filter=kernel
//
// On made-up blocks like those of the reference city: 512 firms, 700 entries of which a firm has a
// quarter, 64 tags. Before a level is timed its answer is compared with the plain level's.
#include "kernels/filters.hpp"
#include "kernels/kernels.hpp"
#include "match/rank.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace qice;

/// A kernel that has its task and can do it again and again.
struct Task {
    std::function<void()> run;
    std::function<std::vector<std::uint64_t>()> answer; // of the last run
    double items;                                       // that one run works on
};
using MakeTask = Task (*)(const Kernels& level, const Filters& filters);

BlockRow random_row(std::mt19937_64& random, int halvings) { // of the density, from 1
    BlockRow row;
    for (std::uint64_t& word : row.words) {
        word = ~std::uint64_t{0};
        for (int i = 0; i < halvings; ++i)
            word &= random();
    }
    return row;
}

void append(std::vector<std::uint64_t>& words, const BlockRow& row) {
    words.insert(words.end(), row.words, row.words + kBlockWords);
}

// --------------------------------------------------------------------------------- rules

constexpr std::uint32_t kPolicies = 256;

/// 256 policies, each of one range of one-byte codes: a literal is compared with 512 codes.
struct Literals {
    Program program;
    AlignedVector<std::uint8_t> codes;
    const std::uint8_t* pointer = nullptr;
    std::uint8_t width = 1;
    std::vector<std::uint64_t> candidates;
    BlockScratch scratch;
    BlockTask task{};

    Literals() : codes(kBlockFirms), candidates(words_for(kPolicies), ~std::uint64_t{0}) {
        std::mt19937_64 random(1);
        for (std::uint8_t& code : codes)
            code = static_cast<std::uint8_t>(random() % 200);
        program.fields.push_back({0, {}});
        for (const auto op : {GraphNode::Op::never, GraphNode::Op::always, GraphNode::Op::manual})
            program.nodes.push_back({op, false, 0, 0, 0});
        for (std::uint32_t number = 0; number < kPolicies; ++number) {
            Literal literal;
            literal.on_unknown = Truth::unknown;
            literal.first = number;
            literal.count = 1;
            const auto least = static_cast<std::uint32_t>(random() % 150);
            program.ranges.push_back({least, least + 50});
            program.literals.push_back(literal);
            program.refs.push_back(number | kLiteralBit);
            CompiledPolicy policy;
            policy.rule.first = number;
            policy.rule.literals = 1;
            program.policies.push_back(policy);
        }
        program.shapes.push_back({0, kPolicies, 0, 1, 0, false});
        scratch.fit(program);
        pointer = codes.data();
        task = {&program, {&pointer, &width, nullptr, {}}, candidates.data(), false, 3};
        std::fill(std::begin(task.view.valid.words), std::end(task.view.valid.words),
                  ~std::uint64_t{0});
    }
};

Task literals(const Kernels& level, const Filters&) {
    const auto made = std::make_shared<Literals>();
    const auto run = [made, &level] {
        ++made->scratch.block;
        for (BlockMatches& matches : made->scratch.matches)
            matches.size = 0;
        level.run_block(made->task, made->scratch);
    };
    const auto answer = [made] {
        std::vector<std::uint64_t> words;
        const BlockMatches& eligible = made->scratch.matches[kEligible];
        for (std::size_t i = 0; i < eligible.size; ++i)
            append(words, eligible.firms[i]);
        return words;
    };
    return {run, answer, kPolicies};
}

// -------------------------------------------------------------------------------- entries

constexpr std::size_t kEntries = 700;

Task list_bits(const Kernels& level, const Filters&) {
    std::mt19937_64 random(2);
    const auto bits = std::make_shared<std::vector<std::uint64_t>>();
    std::size_t set = 0;
    for (int word = 0; word < 200; ++word) {
        bits->push_back(random() & random() & random() & random());
        set += count_bits(bits->back());
    }
    const auto out = std::make_shared<std::vector<std::uint32_t>>(set + kListedBehind);
    return {[bits, out, &level] { level.list_bits(bits->data(), bits->size(), out->data()); },
            [out, set] { return std::vector<std::uint64_t>(out->begin(), out->begin() + set); },
            static_cast<double>(set)};
}

Task split_row(const Kernels& level, const Filters&) {
    std::mt19937_64 random(3);
    struct Rows {
        std::vector<BlockRow> rows;
        BlockRow by, inside, outside;
        unsigned found = 0;
    };
    const auto made = std::make_shared<Rows>();
    for (std::size_t i = 0; i < kEntries; ++i)
        made->rows.push_back(random_row(random, 2));
    made->by = random_row(random, 1);
    const auto run = [made, &level] {
        for (const BlockRow& row : made->rows)
            made->found += level.split_row(row, made->by, made->inside, made->outside);
    };
    const auto answer = [made] {
        std::vector<std::uint64_t> words;
        append(words, made->inside);
        append(words, made->outside);
        return words;
    };
    return {run, answer, kEntries};
}

Task lay_out_carriers(const Kernels& level, const Filters&) {
    constexpr std::size_t kRowWords = 16; // 1,024 entries
    std::mt19937_64 random(4);
    const auto masks = std::make_shared<AlignedVector<std::uint64_t>>(kRowWords * 64);
    const auto carriers = std::make_shared<AlignedVector<std::uint64_t>>(kRowWords * 64);
    for (std::uint64_t& mask : *masks)
        mask = random() & random() & random() & random();
    return {[masks, carriers, &level] {
                level.lay_out_carriers(masks->data(), 1, kRowWords, carriers->data());
            },
            [carriers] { return std::vector<std::uint64_t>(carriers->begin(), carriers->end()); },
            kRowWords * 64};
}

// -------------------------------------------------------------------------------- ranking

constexpr std::uint32_t kTop = 20, kTags = 64, kSpare = 4;

/// A block's entries; each carries three of 64 tags, and half of the firms follow one or two.
template <class Key> struct Ranking {
    RankTask<Key> task;
    AlignedVector<Key> keys;
    AlignedVector<BlockRow> rows;
    std::vector<const BlockRow*> entries;
    AlignedVector<std::uint64_t> carriers;
    std::vector<TagGroup> groups;
    std::vector<GroupRange> carried;
    std::vector<FollowedTag> followed;
    std::vector<std::uint32_t> first_followed{0};
    FirmsByTags by_tags;
    RankScratch<Key> scratch;
    std::vector<Key> out;
    std::vector<std::uint32_t> begins, counts;
    std::size_t written = 0;

    explicit Ranking(bool tagged) : rows(kEntries), begins(kBlockFirms), counts(kBlockFirms) {
        std::mt19937_64 random(5);
        task.entry_count = kEntries;
        task.words = words_for(kEntries);
        task.row_words = (task.words + 7) / 8 * 8;
        task.tie_bits = 10;
        task.top = kTop;
        constexpr Key kMiddle = Key{1} << (sizeof(Key) == 4 ? 29 : 61);
        for (std::size_t e = 0; e < kEntries; ++e)
            keys.push_back(kMiddle + static_cast<Key>((random() % 1000 << 10) + e));
        std::sort(keys.begin(), keys.end(), std::greater<>());
        keys.resize(task.row_words * 64);
        TagGroup none;
        for (std::uint32_t i = 0; i < kSpare; ++i)
            none.items[i] = {i, 0};
        task.rows = kSpare + kTags;
        task.spare_rows = kSpare;
        carriers.resize(task.rows * task.row_words);
        for (std::size_t e = 0; e < kEntries; ++e) {
            rows[e] = random_row(random, 2);
            entries.push_back(&rows[e]);
            carried.push_back({static_cast<std::uint32_t>(groups.size()), tagged ? 1u : 0u});
            if (!tagged) continue;
            groups.push_back(none);
            for (std::uint32_t i = 0; i < 3; ++i) { // in thirds, so that none comes twice
                const auto row = static_cast<std::uint32_t>(kSpare + i * 21 + random() % 21);
                groups.back().items[i] = {row, static_cast<std::int32_t>(1 + random() % 1000) / 10};
                carriers[row * task.row_words + e / 64] |= std::uint64_t{1} << (e % 64);
            }
        }
        for (std::size_t firm = 0; firm < kBlockFirms; ++firm) {
            for (std::uint64_t n = tagged && firm % 2 == 0 ? 1 + random() % 2 : 0; n > 0; --n)
                followed.push_back({static_cast<std::uint32_t>(kSpare + n * 21 + random() % 21),
                                    static_cast<std::int32_t>(1 + random() % 1000)});
            first_followed.push_back(static_cast<std::uint32_t>(followed.size()));
        }
        by_tags.take(followed, first_followed);
        by_tags.lend_to(task);
        task.keys = keys.data();
        task.entries = entries.data();
        task.carriers = carriers.data();
        task.group_count = groups.size();
        task.item_count = 3 * groups.size();
        task.carried = carried.data();
        groups.push_back(none);
        task.tag_groups = groups.data();
        scratch.fit(task);
        out.resize(kBlockFirms * kTop + kKeySlack);
    }
};

std::size_t rank(const Kernels& level, Ranking<std::uint32_t>& of) {
    return level.rank_narrow(of.task, of.scratch, of.out.data(),
                             {of.begins.data(), of.counts.data()});
}
std::size_t rank(const Kernels& level, Ranking<std::uint64_t>& of) {
    return level.rank_wide(of.task, of.scratch, of.out.data(),
                           {of.begins.data(), of.counts.data()});
}

template <class Key, bool Tagged> Task ranking(const Kernels& level, const Filters&) {
    const auto made = std::make_shared<Ranking<Key>>(Tagged);
    const auto answer = [made] {
        std::vector<std::uint64_t> keys;
        for (std::size_t firm = 0; firm < kBlockFirms; ++firm)
            keys.insert(keys.end(), made->out.begin() + made->begins[firm],
                        made->out.begin() + made->begins[firm] + made->counts[firm]);
        return keys;
    };
    return {[made, &level] { made->written = rank(level, *made); }, answer, kBlockFirms * kTop};
}

// -------------------------------------------------------------------------------- filters

constexpr std::uint32_t kBlocks = 1'000;

/// A column of 512,000 firms, one block in three still asked about.
struct Column {
    AlignedVector<std::uint8_t> codes;
    AlignedVector<std::uint32_t> ranks;
    std::vector<std::uint64_t> asked;
    std::vector<std::uint32_t> all_blocks, blocks;
    AlignedVector<BlockRow> all_rows, rows;
    std::uint32_t left = 0;

    Column()
        : codes(kBlocks * kBlockFirms), ranks(kBlocks * kBlockFirms),
          asked(words_for(kBlocks), ~std::uint64_t{0}) {
        std::mt19937_64 random(6);
        for (std::uint8_t& code : codes)
            code = static_cast<std::uint8_t>(random() % 200);
        for (std::uint32_t& rank : ranks)
            rank = static_cast<std::uint32_t>(random());
        for (std::uint32_t block = 0; block < kBlocks; block += 3) {
            all_blocks.push_back(block);
            all_rows.push_back(random_row(random, 1));
        }
    }
};

Task keep_in_ranges(const Kernels&, const Filters& filters) {
    const auto made = std::make_shared<Column>();
    static constexpr FieldCuts::Range kRange{50, 120};
    const auto run = [made, &filters] {
        made->blocks = made->all_blocks;
        made->rows = made->all_rows;
        made->left = filters.keep_in_ranges({made->codes.data(), 1, &kRange, 1, made->asked.data()},
                                            made->blocks.data(), made->rows.data(),
                                            static_cast<std::uint32_t>(made->blocks.size()));
    };
    const auto answer = [made] {
        std::vector<std::uint64_t> words{made->left};
        for (std::uint32_t i = 0; i < made->left; ++i)
            append(words, made->rows[i]);
        return words;
    };
    return {run, answer, static_cast<double>(made->all_blocks.size())};
}

Task count_firms(const Kernels&, const Filters& filters) {
    const auto made = std::make_shared<Column>();
    const auto count = std::make_shared<std::uint64_t>();
    return {[made, count, &filters] {
                *count = filters.count_firms(made->all_rows.data(), made->all_rows.size());
            },
            [count] { return std::vector<std::uint64_t>{*count}; },
            static_cast<double>(made->all_rows.size())};
}

Task ranks_up_to(const Kernels&, const Filters& filters) {
    const auto made = std::make_shared<Column>();
    const auto out = std::make_shared<std::vector<std::uint32_t>>(kBlocks * kBlockFirms);
    const auto found = std::make_shared<std::size_t>();
    return {[made, out, found, &filters] {
                *found = filters.ranks_up_to(made->ranks.data(), made->all_blocks.data(),
                                             made->all_rows.data(), made->all_blocks.size(),
                                             UINT32_MAX / 100, out->data());
            },
            [out, found] {
                return std::vector<std::uint64_t>(
                    out->begin(), out->begin() + static_cast<std::ptrdiff_t>(*found));
            },
            static_cast<double>(made->all_rows.size())};
}

Task find_among(const Kernels&, const Filters& filters) {
    constexpr std::uint32_t kPositions = 64;
    std::mt19937_64 random(7);
    const auto row = std::make_shared<BlockRow>(random_row(random, 1));
    const auto positions = std::make_shared<std::vector<std::uint32_t>>();
    for (std::uint32_t i = 0; i < kPositions; ++i)
        positions->push_back(8 * i + static_cast<std::uint32_t>(random() % 8));
    const auto out = std::make_shared<std::vector<std::uint32_t>>(kPositions + kListedBehind);
    const auto found = std::make_shared<std::uint32_t>();
    return {
        [row, positions, out, found, &filters] {
            *found = filters.find_among(positions->data(), kPositions, *row, out->data());
        },
        [out, found] { return std::vector<std::uint64_t>(out->begin(), out->begin() + *found); },
        kPositions};
}

// ------------------------------------------------------------------------------- all of them

void time(benchmark::State& state, MakeTask make, const Kernels& level) {
    const Kernels& plain = *available_kernels().front();
    const Task wanted = make(plain, filters_of(plain)), task = make(level, filters_of(level));
    wanted.run();
    task.run();
    if (task.answer() != wanted.answer()) {
        state.SkipWithError("the answer differs from the plain level's");
        return;
    }
    for (auto _ : state) {
        task.run();
        benchmark::ClobberMemory();
    }
    state.counters["ns_each"] =
        benchmark::Counter(task.items * 1e-9, benchmark::Counter::kIsIterationInvariantRate |
                                                  benchmark::Counter::kInvert);
}

[[maybe_unused]] const bool kRegistered = [] {
    const struct {
        const char *name, *each;
        MakeTask make;
    } tasks[] = {
        {"run_block", "a policy of one literal and 512 firms", literals},
        {"list_bits", "a bit that is set", list_bits},
        {"split_row", "a row of 512 firms", split_row},
        {"lay_out_carriers", "an entry and 64 tags", lay_out_carriers},
        {"rank_narrow/no tags", "a push", ranking<std::uint32_t, false>},
        {"rank_narrow", "a push", ranking<std::uint32_t, true>},
        {"rank_wide", "a push", ranking<std::uint64_t, true>},
        {"keep_in_ranges", "a block of 512 firms", keep_in_ranges},
        {"count_firms", "a block of 512 firms", count_firms},
        {"ranks_up_to", "a block of 512 firms", ranks_up_to},
        {"find_among", "a position", find_among},
    };
    for (const auto& task : tasks)
        for (const Kernels* const level : available_kernels())
            benchmark::RegisterBenchmark(
                ("kernel/" + std::string(task.name) + "/" + level->name).c_str(),
                [make = task.make, each = task.each, level](benchmark::State& state) {
                    state.SetLabel(std::string("each: ") + each);
                    time(state, make, *level);
                });
    return true;
}();

} // namespace
