// Rows of 512 bits, and keys, as vectors. Included once per CPU level, inside the level's namespace
// and under its target, before everything else; the level has defined kRegisterBytes and ShortLane.

typedef std::uint64_t Register __attribute__((vector_size(kRegisterBytes), may_alias));

#if !defined(QICE_FLAT)
#define QICE_FLAT __attribute__((always_inline)) inline
/// Room on the stack of the function that says this, until it returns.
#define QICE_ON_STACK(Type, count)                                                                 \
    static_cast<Type*>(                                                                            \
        __builtin_alloca_with_align((count) * sizeof(Type), 8 * alignof(Type))) // in bits
#endif

template <int kBytes> struct RowOf;

/// A row where a register is narrower. (GCC 12 takes a vector wider than its registers apart
/// through memory.)
template <int kBytes> struct __attribute__((may_alias)) Halves {
    typename RowOf<kBytes / 2>::Type low, high;

    QICE_FLAT friend Halves operator~(const Halves& a) { return {~a.low, ~a.high}; }
    QICE_FLAT friend Halves operator&(const Halves& a, const Halves& b) {
        return {a.low & b.low, a.high & b.high};
    }
    QICE_FLAT friend Halves operator|(const Halves& a, const Halves& b) {
        return {a.low | b.low, a.high | b.high};
    }
    QICE_FLAT friend Halves operator^(const Halves& a, const Halves& b) {
        return {a.low ^ b.low, a.high ^ b.high};
    }
    QICE_FLAT friend Halves operator&(const Halves& a, std::uint64_t mask) {
        return {a.low & mask, a.high & mask};
    }
    QICE_FLAT friend Halves operator<<(const Halves& a, unsigned bits) {
        return {a.low << bits, a.high << bits};
    }
    QICE_FLAT friend Halves operator>>(const Halves& a, unsigned bits) {
        return {a.low >> bits, a.high >> bits};
    }
    QICE_FLAT Halves& operator&=(const Halves& other) { return *this = *this & other; }
    QICE_FLAT Halves& operator|=(const Halves& other) { return *this = *this | other; }
    QICE_FLAT Halves& operator^=(const Halves& other) { return *this = *this ^ other; }
};
template <int kBytes> struct RowOf { using Type = Halves<kBytes>; };
template <> struct RowOf<kRegisterBytes> { using Type = Register; };
using Bits = RowOf<64>::Type;
static_assert(sizeof(Bits) == sizeof(BlockRow));

/// A register at a time: a copy of a whole row goes through narrower ones.
QICE_FLAT Register read(const Register& from) { return from; }
QICE_FLAT void write(Register& to, const Register& bits) { to = bits; }
template <int kBytes> QICE_FLAT Halves<kBytes> read(const Halves<kBytes>& from) {
    return {read(from.low), read(from.high)};
}
template <int kBytes> QICE_FLAT void write(Halves<kBytes>& to, const Halves<kBytes>& bits) {
    write(to.low, bits.low);
    write(to.high, bits.high);
}
QICE_FLAT Bits load(const BlockRow& row) { return read(*reinterpret_cast<const Bits*>(row.words)); }
QICE_FLAT void store(BlockRow& row, const Bits& bits) {
    write(*reinterpret_cast<Bits*>(row.words), bits);
}
QICE_FLAT Bits zeros() { return Bits{}; }
QICE_FLAT Bits ones() { return ~Bits{}; }

QICE_FLAT std::uint32_t popcount(std::uint64_t word) {
    return static_cast<std::uint32_t>(__builtin_popcountll(word));
}

typedef std::uint64_t Word __attribute__((may_alias));
QICE_FLAT std::uint32_t count(const Bits& bits) {
    const Word* const words = reinterpret_cast<const Word*>(&bits);
    int total = 0;
    for (int i = 0; i < 8; ++i)
        total += __builtin_popcountll(words[i]);
    return static_cast<std::uint32_t>(total);
}

template <class Number> QICE_FLAT Number greater(Number a, Number b) { return a > b ? a : b; }
template <class Number> QICE_FLAT Number lesser(Number a, Number b) { return a < b ? a : b; }

/// A register of keys, as numbers of which the greater takes one instruction: integers or, since
/// their bits are such that they are ordered the same, floating-point numbers.
template <class Key> struct KeyVector;
template <> struct KeyVector<std::uint32_t> {
    typedef ShortLane Keys __attribute__((vector_size(kRegisterBytes), may_alias));
};
template <> struct KeyVector<std::uint64_t> {
    typedef double Keys __attribute__((vector_size(kRegisterBytes), may_alias));
};

/// The places of a word's set bits, in order. What follows a call's places is written up to kAhead
/// times: a fixed number of steps a word, whatever it holds, leaves no branch to guess.
class SetBits {
  public:
    explicit SetBits(std::uint64_t word) : left_(word) {}
    QICE_FLAT std::uint32_t next() {
        const int place = __builtin_ctzll(left_ | std::uint64_t{1} << 63);
        left_ &= left_ - 1;
        return static_cast<std::uint32_t>(place);
    }
    bool empty() const { return left_ == 0; }

  private:
    std::uint64_t left_;
};

/// Calls step(i, place) for each set bit, and up to kAhead - 1 times more; returns how many are
/// set.
template <std::uint32_t kAhead, class Step>
QICE_FLAT std::uint32_t for_set_bits(std::uint64_t word, std::uint32_t most, const Step& step) {
    SetBits bits(word);
    std::uint32_t i = 0;
    if constexpr (!kCountsBits) {
        for (; !bits.empty() && i < most; ++i)
            step(i, bits.next());
        return i;
    }
    const auto all = static_cast<std::uint32_t>(__builtin_popcountll(word));
    const std::uint32_t count = all < most ? all : most;
    do {
        for (std::uint32_t ahead = 0; ahead < kAhead; ++ahead)
            step(i + ahead, bits.next());
        i += kAhead;
    } while (__builtin_expect(i < count, 0));
    return count;
}

/// Bit i: is firm positions[i] of a block in a row of it?
inline std::uint64_t are_among_one_by_one(const std::uint32_t* positions, std::uint32_t count,
                                          const BlockRow& row) {
    std::uint64_t found = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint32_t firm = positions[i] % kBlockFirms;
        found |= (row.words[firm / 64] >> (firm % 64) & 1) << i;
    }
    return found;
}
