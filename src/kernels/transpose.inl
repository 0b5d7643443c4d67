// Rows of bits to columns. Included once per CPU level, after bits.inl.

template <class Lanes, int kLanes, int kHalf, std::size_t... I>
inline void exchange(Lanes& a, Lanes& b, std::index_sequence<I...>) {
    const Lanes low = __builtin_shufflevector(
        a, b, static_cast<int>((I & kHalf) != 0 ? kLanes + I - kHalf : I)...);
    b = __builtin_shufflevector(a, b,
                                static_cast<int>((I & kHalf) != 0 ? kLanes + I : I + kHalf)...);
    a = low;
}

/// Exchanges rows and lanes of a square of registers.
template <class Lanes, int kLanes, int kHalf = kLanes / 2>
inline void transpose_square(Lanes* rows) {
    for (int i = 0; i < kLanes; ++i)
        if ((i & kHalf) == 0)
            exchange<Lanes, kLanes, kHalf>(rows[i], rows[i + kHalf],
                                           std::make_index_sequence<kLanes>());
    if constexpr (kHalf > 1) transpose_square<Lanes, kLanes, kHalf / 2>(rows);
}

/// Exchanges rows and words of eight rows: squares of registers, which change places.
inline void transpose_words(Bits* rows) {
    constexpr int kLanes = kRegisterBytes / 8, kSquares = 8 / kLanes;
    Register* const registers = reinterpret_cast<Register*>(rows);
    Register squares[kSquares][kSquares][kLanes];
    for (int i = 0; i < 8; ++i)
        for (int j = 0; j < kSquares; ++j)
            squares[j][i / kLanes][i % kLanes] = registers[i * kSquares + j];
    for (int i = 0; i < kSquares; ++i)
        for (int j = 0; j < kSquares; ++j)
            transpose_square<Register, kLanes>(squares[i][j]);
    for (int i = 0; i < 8; ++i)
        for (int j = 0; j < kSquares; ++j)
            registers[i * kSquares + j] = squares[i / kLanes][j][i % kLanes];
}

/// 64 rows by 8 x 64 firms, the eight squares side by side in the words of a vector: bit f of row e
/// becomes bit e of row f (Hacker's Delight, 7-3).
inline void transpose_squares(Bits* rows) {
    std::uint64_t mask = 0x00000000ffffffffu;
    for (unsigned half = 32; half != 0; half >>= 1, mask ^= mask << half) {
        for (unsigned base = 0; base < 64; base += 2 * half) {
            for (unsigned i = base; i < base + half; ++i) {
                const Bits swap = ((rows[i] >> half) ^ rows[i + half]) & mask;
                rows[i] ^= swap << half;
                rows[i + half] ^= swap;
            }
        }
    }
}

/// The columns of `count` rows of 512 bits: column c has the words out[c x words, (c + 1) x words),
/// a multiple of eight of them.
inline void transpose(const BlockRow* const* rows_in, std::size_t count, std::uint64_t* out,
                      std::size_t words) {
    Bits rows[kBlockWords][64];
    for (std::size_t first_word = 0; first_word < words; first_word += kBlockWords) {
        for (std::size_t w = 0; w < kBlockWords; ++w) {
            const std::size_t first = (first_word + w) * 64;
            for (std::size_t i = 0; i < 64; ++i)
                write(rows[w][i], first + i < count ? load(*rows_in[first + i]) : zeros());
            if (first < count) transpose_squares(rows[w]);
        }
        for (std::size_t i = 0; i < 64; ++i) {
            Bits square[kBlockWords];
            for (std::size_t w = 0; w < kBlockWords; ++w)
                write(square[w], rows[w][i]);
            transpose_words(square);
            for (std::size_t group = 0; group < kBlockWords; ++group)
                write(*reinterpret_cast<Bits*>(out + (group * 64 + i) * words + first_word),
                      square[group]);
        }
    }
}
