// Seeded random numbers that are the same on every machine and compiler: integers only, no
// distribution of the standard library, no floating point.
//
// A Random is a splitmix64 sequence that starts at a hash of (seed, stream, index), so item `index`
// of a stream can be drawn without drawing the ones before it. Fixed-point values have 16 bits
// after the point: 65536 is one.
#pragma once

#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace qice {

inline constexpr std::int64_t kOne = 65536; // fixed-point one

class Random {
  public:
    Random(std::uint64_t seed, std::uint64_t stream, std::uint64_t index)
        : state_(mix(mix(mix(seed + kStep) ^ (stream * kStep)) + index * kStep)) {}

    std::uint64_t next() {
        state_ += kStep;
        return mix(state_);
    }
    /// 0 <= result < n; n > 0. The bias is below n / 2^64.
    std::uint64_t below(std::uint64_t n) {
        return static_cast<std::uint64_t>((static_cast<unsigned __int128>(next()) * n) >> 64);
    }
    /// Both ends included.
    std::int64_t between(std::int64_t low, std::int64_t high) {
        return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
    }
    bool per_million(std::uint64_t share) { return below(1'000'000) < share; }
    bool percent(std::uint64_t share) { return below(100) < share; }
    /// Fixed point, 0 <= result < one.
    std::int64_t unit() { return static_cast<std::int64_t>(next() >> 48); }
    /// Fixed point, mean 0, standard deviation 1: the sum of eight uniform numbers, |x| < 4.9.
    std::int64_t normal() {
        std::int64_t sum = 0;
        for (int draw = 0; draw < 2; ++draw) {
            const std::uint64_t bits = next();
            for (int part = 0; part < 64; part += 16)
                sum += static_cast<std::int64_t>((bits >> part) & 0xffff);
        }
        return (sum - 8 * 32767 - 4) * 80265 / kOne; // 80265 = sqrt(12 / 8) in fixed point
    }

  private:
    static constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15;

    static constexpr std::uint64_t mix(std::uint64_t z) {
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

    std::uint64_t state_;
};

/// 2^(i / 256) in units of 2^-30, by repeated multiplication with 2^(1/256).
constexpr std::array<std::int64_t, 257> make_powers_of_two() {
    std::array<std::int64_t, 257> powers{};
    unsigned __int128 value = static_cast<unsigned __int128>(1) << 60;
    // 2^(1/256) in units of 2^-60
    const unsigned __int128 root = 1156047391917129430;
    for (auto& power : powers) {
        power = static_cast<std::int64_t>((value + (1u << 29)) >> 30);
        value = (value * root) >> 60;
    }
    return powers;
}
inline constexpr auto kPowersOfTwo = make_powers_of_two();

/// value x 2^exponent, exponent in fixed point, |exponent| < 40 x one; exact to about 1 in 10^6.
constexpr std::int64_t times_power_of_two(std::int64_t value, std::int64_t exponent) {
    const std::int64_t whole = exponent >> 16;
    const std::size_t step = static_cast<std::size_t>((exponent >> 8) & 0xff);
    const std::int64_t rest = exponent & 0xff;
    const std::int64_t factor =
        kPowersOfTwo[step] + (kPowersOfTwo[step + 1] - kPowersOfTwo[step]) * rest / 256;
    const __int128 product = static_cast<__int128>(value) * factor;
    return static_cast<std::int64_t>(whole >= 30 ? product << (whole - 30)
                                                 : product >> (30 - whole));
}

/// The binary logarithm of value >= 1, in fixed point.
constexpr std::int64_t log2_of(std::int64_t value) {
    assert(value >= 1);
    const int whole = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(value))) - 1;
    std::uint64_t mantissa =
        static_cast<std::uint64_t>(value) << (63 - whole) >> 32; // [2^31, 2^32)
    std::int64_t fraction = 0;
    for (int bit = 0; bit < 16; ++bit) {
        const std::uint64_t square = (mantissa * mantissa) >> 31;
        fraction <<= 1;
        mantissa = square;
        if (square >> 32) {
            fraction |= 1;
            mantissa >>= 1;
        }
    }
    return whole * kOne + fraction;
}

/// median x e^(sigma x normal); sigma in hundredths.
inline std::int64_t lognormal(Random& random, std::int64_t median, std::int64_t sigma) {
    // 94548 = 1 / ln 2 in fixed point
    return times_power_of_two(median, random.normal() * sigma / 100 * 94548 / kOne);
}

/// Between low and high (low >= 1), dense at the low end as sizes of firms are.
inline std::int64_t between_sizes(Random& random, std::int64_t low, std::int64_t high) {
    const std::int64_t span = log2_of(high) - log2_of(low);
    const std::int64_t position = random.unit() * random.unit() / kOne;
    return times_power_of_two(low, span * position / kOne);
}

/// Picks an index by whole-number weights in constant time (Walker's and Vose's alias method).
class WeightedChoice {
  public:
    WeightedChoice() = default;
    /// At least one weight, not all zero; their sum times their number fits 63 bits.
    explicit WeightedChoice(std::span<const std::uint64_t> weights);

    std::size_t pick(Random& random) const {
        const std::size_t slot = random.below(slots_.size());
        return random.below(total_) < slots_[slot].own ? slot : slots_[slot].other;
    }
    std::size_t size() const { return slots_.size(); }

  private:
    struct Slot {
        std::uint64_t own = 0; // out of total_
        std::size_t other = 0;
    };

    std::vector<Slot> slots_;
    std::uint64_t total_ = 1;
};

inline WeightedChoice::WeightedChoice(std::span<const std::uint64_t> weights)
    : slots_(weights.size()) {
    assert(!weights.empty());
    total_ = 0;
    for (const std::uint64_t weight : weights)
        total_ += weight;
    assert(total_ > 0);
    std::vector<std::size_t> small, large;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        slots_[i] = {weights[i] * weights.size(), i};
        (slots_[i].own < total_ ? small : large).push_back(i);
    }
    while (!small.empty() && !large.empty()) {
        const std::size_t poor = small.back(), rich = large.back();
        small.pop_back();
        slots_[poor].other = rich;
        slots_[rich].own -= total_ - slots_[poor].own;
        if (slots_[rich].own < total_) {
            large.pop_back();
            small.push_back(rich);
        }
    }
}

} // namespace qice
