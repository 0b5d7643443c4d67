// Sums over rows, bit by bit: slice b holds bit b of 512 numbers, one a firm. Included once per CPU
// level, as block_executor.inl is.

/// Numbers of 512 firms as bit slices: slice b holds bit b of each firm's number.
struct Slices {
    static constexpr int kMost = 32; // counts are 32 bits; greater sums of points saturate
    Bits slice[kMost];
    Bits over; // where the sum has passed 2^kMost: above every bound
    int used = 0;

    Slices() { over = zeros(); }

    void add(const Bits* number, int width) {
        Bits carry = zeros();
        for (int b = 0; b < width || !is_zero(carry); ++b) {
            if (b == kMost) {
                over |= carry;
                return;
            }
            if (b == used) slice[used++] = zeros();
            const Bits addend = b < width ? number[b] : zeros();
            const Bits half = slice[b] ^ addend;
            const Bits next = (slice[b] & addend) | (half & carry);
            slice[b] = half ^ carry;
            carry = next;
        }
    }
    Bits reaches(std::int64_t bound) const;
};

/// Where a number of `width` slices is `bound` or more.
inline Bits reaches(const Bits* slice, int width, std::int64_t bound) {
    if (bound <= 0) return ones();
    if ((bound >> width) != 0) return zeros();
    Bits greater = zeros(), equal = ones();
    for (int b = width - 1; b >= 0; --b) {
        if ((bound >> b) & 1) {
            equal &= slice[b];
        } else {
            greater |= equal & slice[b];
            equal &= ~slice[b];
        }
    }
    return greater | equal;
}

inline Bits Slices::reaches(std::int64_t bound) const {
    return QICE_LEVEL::reaches(slice, used, bound) | over;
}

/// How many of some rows each of 512 firms is in. A row waits at its level until a second one
/// comes; both and the level's slice are then one full adder, and the carry goes a level up: five
/// operations a row, whatever the rows hold.
class RowCount {
  public:
    void add(const Bits& row) {
        Bits carry = row;
        int b = 0;
        for (; (rows_ >> b & 1) != 0; ++b) {
            const Bits half = slice_[b] ^ waiting_[b];
            const Bits next = (slice_[b] & waiting_[b]) | (half & carry);
            slice_[b] = half ^ carry;
            carry = next;
        }
        waiting_[b] = carry;
        ++rows_;
        if ((rows_ & (rows_ - 1)) == 0) slice_[levels_++] = zeros();
    }

    /// Where the count is `bound` or more. No row may be added later.
    Bits reaches(std::int64_t bound) {
        for (int b = 0; b < levels_; ++b) {
            if ((rows_ >> b & 1) == 0) continue;
            Bits carry = waiting_[b];
            for (int above = b; above < levels_; ++above) {
                const Bits next = slice_[above] & carry;
                slice_[above] ^= carry;
                carry = next;
            }
        }
        rows_ = 0;
        return QICE_LEVEL::reaches(slice_, levels_, bound);
    }

  private:
    static constexpr int kMost = 32; // a node has less than 2^32 children
    Bits slice_[kMost], waiting_[kMost];
    std::uint32_t rows_ = 0;
    int levels_ = 0; // slices
};
