// Sums over rows, bit by bit: slice b holds bit b of 512 numbers, one a firm. Included once per CPU
// level, as block_executor.inl is.

/// Of each of 512 firms the sum of numbers, each of which some rows have and others not: how many
/// of some rows it is in, or its points. A row waits at its level until a second one comes; both
/// and the level's slice are then one full adder, and the carry goes a level up: five operations a
/// row and bit of its number, whatever the rows hold.
///
/// Its levels lie on the stack of whoever adds, no more of them than the sum may need: rules may be
/// deep, and a thread's stack small.
class RowSum {
  public:
    struct Level {
        Bits slice, waiting;
    };
    /// How many a sum of at most this needs, if all rows were full.
    static int levels(std::uint64_t most) { return most == 0 ? 1 : 64 - __builtin_clzll(most); }

    /// As many as the sum needs: QICE_SUM_LEVELS(levels).
    explicit RowSum(Level* levels) : level_(levels) {}
    RowSum(const RowSum&) = delete;
    RowSum& operator=(const RowSum&) = delete;

    void begin_as(const RowSum& other) {
        for (int b = 0; b < other.levels_; ++b)
            level_[b] = other.level_[b];
        waiting_at_ = other.waiting_at_;
        levels_ = other.levels_;
    }
    void add(const Bits& row) { add_at(0, row); }
    void add(const Bits& row, std::uint32_t number) {
        for (; number != 0; number &= number - 1)
            add_at(__builtin_ctz(number), row);
    }

    /// Where the sum is `bound` or more. No row may be added later.
    Bits reaches(std::int64_t bound) {
        for (int b = 0; b < levels_; ++b) {
            if ((waiting_at_ >> b & 1) == 0) continue;
            Bits carry = level_[b].waiting;
            for (int above = b; above < levels_; ++above) {
                const Bits next = level_[above].slice & carry;
                level_[above].slice ^= carry;
                carry = next;
            }
        }
        waiting_at_ = 0;
        if (bound <= 0) return ones();
        if ((bound >> levels_) != 0) return zeros();
        Bits greater = zeros(), equal = ones();
        for (int b = levels_ - 1; b >= 0; --b) {
            if ((bound >> b) & 1) {
                equal &= level_[b].slice;
            } else {
                greater |= equal & level_[b].slice;
                equal &= ~level_[b].slice;
            }
        }
        return greater | equal;
    }

  private:
    /// The highest level has one row that waits, so the sum never outgrows the levels.
    QICE_FLAT void add_at(int b, const Bits& row) {
        Bits carry = row;
        for (; (waiting_at_ >> b & 1) != 0; ++b) {
            Level& level = level_[b];
            const Bits half = level.slice ^ level.waiting;
            const Bits next = (level.slice & level.waiting) | (half & carry);
            level.slice = half ^ carry;
            carry = next;
            waiting_at_ ^= std::uint64_t{1} << b;
        }
        level_[b].waiting = carry;
        waiting_at_ |= std::uint64_t{1} << b;
        while (levels_ <= b)
            level_[levels_++].slice = zeros();
    }

    Level* const level_;
    std::uint64_t waiting_at_ = 0; // a bit a level
    int levels_ = 0;               // that are in use
};

#define QICE_SUM_LEVELS(count) QICE_ON_STACK(RowSum::Level, count)

inline constexpr std::uint32_t kStepsAtOnce = 8; // few items have more

/// What an item of a table of points gives each of 512 firms, at least and at most. From 0 to its
/// highest tier points rise by steps, of which some are looked at here: where the item may have
/// reached each, for the most, and where it may have missed it, for the least.
template <bool Least, bool Most> class ItemPoints {
  public:
    QICE_FLAT ItemPoints(std::uint32_t first, std::uint32_t count) : first_(first), count_(count) {
        for (std::uint32_t s = 0; s < count; ++s)
            reached_[s] = missed_[s] = zeros();
    }

    /// It may land there on a tier to which so many steps of all lead.
    QICE_FLAT void land(const Bits& where, std::uint32_t steps) {
        for (std::uint32_t s = 0; s < count_; ++s) {
            if (first_ + s >= steps) {
                if (Least) missed_[s] |= where;
            } else if (Most) {
                reached_[s] |= where;
            }
        }
    }

    QICE_FLAT void add_to(RowSum& least, RowSum& most, const std::uint32_t* sizes) const {
        for (std::uint32_t s = 0; s < count_; ++s) {
            if (Least) least.add(~missed_[s], sizes[s]);
            if (Most) most.add(reached_[s], sizes[s]);
        }
    }

  private:
    const std::uint32_t first_, count_;
    Bits reached_[kStepsAtOnce], missed_[kStepsAtOnce];
};
