// Rows of 512 bits, and keys, as vectors. Included once per CPU level, inside the level's namespace
// and under its target, before everything else; the level has defined kRegisterBytes and
// kScored.

typedef std::uint64_t Bits __attribute__((vector_size(64), aligned(64), may_alias));

inline Bits load(const BlockRow& row) { return *reinterpret_cast<const Bits*>(row.words); }
inline void store(BlockRow& row, const Bits& bits) { *reinterpret_cast<Bits*>(row.words) = bits; }
inline Bits zeros() { return Bits{}; }
inline Bits ones() { return ~Bits{}; }

inline std::uint32_t count(const Bits& bits) {
    int total = 0;
    for (int i = 0; i < 8; ++i)
        total += __builtin_popcountll(bits[i]);
    return static_cast<std::uint32_t>(total);
}

/// A register of keys. They leave the top bit free, so that signed comparison orders them.
template <class Key> struct KeyVector;
template <> struct KeyVector<std::uint32_t> {
    typedef std::int32_t Keys
        __attribute__((vector_size(kRegisterBytes), aligned(kRegisterBytes), may_alias));
};
template <> struct KeyVector<std::uint64_t> {
    typedef std::int64_t Keys
        __attribute__((vector_size(kRegisterBytes), aligned(kRegisterBytes), may_alias));
};

/// What shared tags add to the scores of kScored pairs.
typedef std::int32_t Affinities
    __attribute__((vector_size(4 * kScored), aligned(4 * kScored), may_alias));
