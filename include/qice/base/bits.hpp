// Bit rows: one bit a firm over a block of firms, or one bit a policy over all policies.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

namespace qice {

/// Firms are worked on in blocks of this many: one 512-bit register a row.
inline constexpr std::size_t kBlockFirms = 512;
inline constexpr std::size_t kBlockWords = kBlockFirms / 64;

/// One bit a firm of a block.
struct alignas(64) BlockRow {
    std::uint64_t words[kBlockWords];
};

constexpr std::size_t words_for(std::size_t bits) { return (bits + 63) / 64; }

/// How many bits are set, in place: where the instruction cannot be taken for granted,
/// std::popcount is a call.
constexpr std::uint32_t count_bits(std::uint64_t word) {
    word -= word >> 1 & 0x5555555555555555;
    word = (word & 0x3333333333333333) + (word >> 2 & 0x3333333333333333);
    word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0f;
    return static_cast<std::uint32_t>(word * 0x0101010101010101 >> 56);
}

/// Calls visit(i) for every set bit i, ascending.
template <class Visit>
void for_each_bit(const std::uint64_t* words, std::size_t count, Visit visit) {
    for (std::size_t w = 0; w < count; ++w)
        for (std::uint64_t bits = words[w]; bits != 0; bits &= bits - 1)
            visit(w * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
}

/// Rows of equal length in one piece of memory.
class BitMatrix {
  public:
    BitMatrix() = default;
    BitMatrix(std::size_t rows, std::size_t bits) : words_(words_for(bits)), data_(rows * words_) {}

    std::size_t words() const { return words_; }
    std::uint64_t* operator[](std::size_t row) { return data_.data() + row * words_; }
    const std::uint64_t* operator[](std::size_t row) const { return data_.data() + row * words_; }
    void set(std::size_t row, std::size_t bit) {
        (*this)[row][bit / 64] |= std::uint64_t{1} << (bit % 64);
    }

  private:
    std::size_t words_ = 0;
    std::vector<std::uint64_t> data_;
};

/// Storage on 64-byte boundaries, for rows and codes that registers load whole.
template <class T> struct CacheAligned {
    using value_type = T;
    CacheAligned() = default;
    template <class U> CacheAligned(const CacheAligned<U>&) {}
    T* allocate(std::size_t n) {
        return static_cast<T*>(::operator new (n * sizeof(T), std::align_val_t{64}));
    }
    void deallocate(T* p, std::size_t) { ::operator delete (p, std::align_val_t{64}); }
    template <class U> bool operator==(const CacheAligned<U>&) const { return true; }
};
template <class T> using AlignedVector = std::vector<T, CacheAligned<T>>;

} // namespace qice
