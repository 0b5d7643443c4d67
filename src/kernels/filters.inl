// The filters of filters.hpp. Included once per CPU level, inside a namespace of that level; the
// level has defined codes_in_range(). No standard templates are instantiated here.

inline std::uint32_t keep_in_ranges(const RangeFilter& filter, std::uint32_t* blocks,
                                    BlockRow* rows, std::uint32_t count) {
    std::uint32_t kept = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint32_t block = blocks[i];
        BlockRow row = rows[i];
        if ((filter.asked[block / 64] >> (block % 64) & 1) != 0) {
            const std::uint8_t* const codes =
                filter.codes + std::size_t{block} * kBlockFirms * filter.width;
            BlockRow inside{}, in_range;
            for (std::uint32_t r = 0; r < filter.range_count; ++r) {
                codes_in_range(codes, filter.width, filter.ranges[r].first, filter.ranges[r].last,
                               in_range);
                for (std::size_t w = 0; w < kBlockWords; ++w)
                    inside.words[w] |= in_range.words[w];
            }
            std::uint64_t any = 0;
            for (std::size_t w = 0; w < kBlockWords; ++w)
                any |= row.words[w] &= inside.words[w];
            if (any == 0) continue;
        }
        blocks[kept] = block;
        rows[kept] = row;
        ++kept;
    }
    return kept;
}

inline std::uint64_t count_firms(const BlockRow* rows, std::size_t count) {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < count; ++i)
        for (std::size_t w = 0; w < kBlockWords; ++w)
            total += static_cast<std::uint64_t>(__builtin_popcountll(rows[i].words[w]));
    return total;
}

inline std::size_t ranks_up_to(const std::uint32_t* ranks, const std::uint32_t* blocks,
                               const BlockRow* rows, std::size_t count, std::uint32_t last,
                               std::uint32_t* out) {
    std::size_t found = 0;
    BlockRow in_range{};
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t* const of_block = ranks + std::size_t{blocks[i]} * kBlockFirms;
        codes_in_range(reinterpret_cast<const std::uint8_t*>(of_block), 4, 0, last, in_range);
        for (std::size_t w = 0; w < kBlockWords; ++w)
            for (std::uint64_t bits = rows[i].words[w] & in_range.words[w]; bits != 0;
                 bits &= bits - 1)
                out[found++] = of_block[w * 64 + static_cast<std::size_t>(__builtin_ctzll(bits))];
    }
    return found;
}

inline std::uint32_t find_among(const std::uint32_t* positions, std::uint32_t count,
                                const BlockRow& row, std::uint32_t* out) {
    constexpr std::uint32_t kAtATime = 16;
    std::uint32_t size = 0;
    for (std::uint32_t first = 0; first < count; first += kAtATime) {
        const std::uint32_t left = count - first;
        const std::uint64_t found =
            are_among(positions + first, left < kAtATime ? left : kAtATime, row);
        size += static_cast<std::uint32_t>(for_set_bits<kListedBehind>(
            found, kAtATime,
            [&](std::uint32_t i, std::uint32_t bit) { out[size + i] = first + bit; }));
    }
    return size;
}
