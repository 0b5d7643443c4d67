// What a block's matches need to become entries in key order: src/match/rank.cpp. Included once per
// CPU level, after transpose.inl.

/// The numbers of the bits that are set, ascending; returns how many. Writes up to kListedBehind
/// more.
inline std::size_t list_bits(const std::uint64_t* words, std::size_t word_count,
                             std::uint32_t* out) {
    std::size_t size = 0;
    for (std::size_t w = 0; w < word_count; ++w) {
        const auto first = static_cast<std::uint32_t>(w * 64);
        size += for_set_bits<kListedBehind>(
            words[w], 64, [&](std::uint32_t i, std::uint32_t bit) { out[size + i] = first + bit; });
    }
    return size;
}

/// Splits a row by another. Bit 0 of the answer: is `inside` not empty? Bit 1: is `outside`?
inline unsigned split_row(const BlockRow& row, const BlockRow& by, BlockRow& inside,
                          BlockRow& outside) {
    const Bits all = load(row), some = load(by), in = all & some, out = all & ~some;
    store(inside, in);
    store(outside, out);
    return (is_zero(in) ? 0u : 1u) | (is_zero(out) ? 0u : 2u);
}

/// The columns of masks of `mask_words` words, of as many entries as a row of `row_words` has bits:
/// bit b of an entry's mask is its bit of row b. Word w of the mask of entry 512 p + 64 g + i is
/// number ((p x mask_words + w) x 64 + i) x 8 + g.
inline void lay_out_carriers(const std::uint64_t* masks, std::size_t mask_words,
                             std::size_t row_words, std::uint64_t* carriers) {
    for (std::size_t first_word = 0; first_word < row_words; first_word += kBlockWords)
        for (std::size_t w = 0; w < mask_words; ++w) {
            Bits rows[64];
            for (Bits& row : rows) {
                write(row, read(*reinterpret_cast<const Bits*>(masks)));
                masks += kBlockWords;
            }
            transpose_squares(rows);
            for (std::size_t i = 0; i < 64; ++i)
                write(*reinterpret_cast<Bits*>(carriers + (w * 64 + i) * row_words + first_word),
                      read(rows[i]));
        }
}
