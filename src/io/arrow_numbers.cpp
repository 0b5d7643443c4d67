// Columns of numbers, days and flags, 64 values at a time.
#include "io/arrow_blocks.hpp"

#include <array>
#include <bit>
#include <limits>

namespace qice {
namespace {

using Id = ArrowType::Id;

constexpr std::uint32_t kBlock = kArrowBlock;

/// Words of all ones where a bit of four is set.
constexpr auto kWords = [] {
    std::array<std::array<std::uint64_t, 4>, 16> words{};
    for (std::size_t bits = 0; bits < 16; ++bits)
        for (std::size_t i = 0; i < 4; ++i)
            words[bits][i] = 0 - (bits >> i & 1);
    return words;
}();

/// Whole numbers, and decimals of at most the field's, in a field of numbers; days in one of dates.
///
/// A block is converted without a branch and with one question at its end: was a value outside
/// [-2^easy, 2^easy), which may be too large for the field or for a sum? Such blocks are looked at
/// again.
template <class T> class WholeColumn : public ArrowColumn {
  public:
    /// `decimals` of the values themselves.
    WholeColumn(std::uint32_t field, const Field& of, int decimals = 0) : ArrowColumn(field) {
        if (of.kind == Kind::date) {
            least_ = kFirstDay;
            most_ = kLastDay;
            reason_ = kNoSuchDay;
            return;
        }
        scale_ = power_of_ten(of.decimals - decimals);
        most_ = std::numeric_limits<std::int64_t>::max() / scale_;
        least_ = -most_;
        reason_ = describe(NumberError::overflow);
    }

    void write(const ArrowView& view, const ArrowRun& run, FirmCollector& to) override {
        FirmRows& rows = to.values();
        const auto scale = static_cast<std::uint64_t>(scale_);
        const std::uint64_t bound = std::min(static_cast<std::uint64_t>(std::min(most_, -least_)),
                                             rows.harmless(field_) / scale);
        const int easy = static_cast<int>(std::bit_width(bound)) - 1; // -1: none is
        std::int64_t* out = nullptr;
        for_each_block(
            view, run, [&](std::uint32_t first, std::uint32_t count, std::uint64_t valid) {
                if (out == nullptr) {
                    rows.go_to(run.row);
                    out = rows.numbers(field_) + run.row;
                }
                const void* const from = view.at<T>(run.from + first);
                const std::uint64_t beyond =
                    count == kBlock ? put(from, valid, std::max(easy, 0), out + first)
                                    : put_some(from, valid, std::max(easy, 0), out + first, count);
                if (beyond == 0 && easy >= 0) return;
                refuse(view, run, first, valid, to);
                rows.note_numbers(field_, run.row + first, count);
            });
    }

  private:
    bool is_within(T value) const {
        if constexpr (std::is_same_v<T, std::uint64_t>)
            return value <= static_cast<std::uint64_t>(most_);
        else
            return value <= most_ && value >= least_;
    }

    /// 64 values, the null ones as unknown; 0 if all others are easy.
    std::uint64_t put(const void* from, std::uint64_t valid, int easy, std::int64_t* out) const {
        return scale_ == 1 ? put_scaled<false>(from, valid, easy, out)
                           : put_scaled<true>(from, valid, easy, out);
    }
    template <bool kScale>
    std::uint64_t put_scaled(const void* from, std::uint64_t valid, int easy,
                             std::int64_t* out) const {
        constexpr bool kIsSigned = !std::is_same_v<T, std::uint64_t>;
        constexpr std::uint64_t kUnknown = std::uint64_t{1} << 63;
        static_assert(static_cast<std::int64_t>(kUnknown) == kUnknownNumber);
        const auto scale = static_cast<std::uint64_t>(scale_);
        const std::uint64_t up = kIsSigned ? std::uint64_t{1} << easy : 0;
        std::uint64_t low = 0, high = 0; // of all values, moved up; what is above 64 bits
        for (std::uint32_t i = 0; i < kBlock; i += 4) {
            const std::array<std::uint64_t, 4>& is_valid = kWords[valid >> i & 15];
            std::array<T, 4> values;
            std::memcpy(values.data(), static_cast<const char*>(from) + i * sizeof(T),
                        sizeof values);
            for (std::uint32_t j = 0; j < 4; ++j) {
                const auto value = static_cast<std::uint64_t>(values[j]);
                low |= (value + up) & is_valid[j];
                if constexpr (sizeof(T) > 8)
                    high |= (static_cast<std::uint64_t>(values[j] >> 64) ^
                             static_cast<std::uint64_t>(static_cast<std::int64_t>(value) >> 63)) &
                            is_valid[j];
                const std::uint64_t number = kScale ? value * scale : value; // may wrap
                out[i + j] =
                    static_cast<std::int64_t>(((number ^ kUnknown) & is_valid[j]) ^ kUnknown);
            }
        }
        return low >> (easy + (kIsSigned ? 1 : 0)) | high;
    }

    /// The same of fewer: nothing is read or written behind them.
    std::uint64_t put_some(const void* from, std::uint64_t valid, int easy, std::int64_t* out,
                           std::uint32_t count) const {
        std::array<T, kBlock> values{};
        std::array<std::int64_t, kBlock> made;
        std::memcpy(values.data(), from, count * sizeof(T));
        const std::uint64_t beyond = put(values.data(), valid, easy, made.data());
        std::memcpy(out, made.data(), count * sizeof(std::int64_t));
        return beyond;
    }

    /// Values of a block that the field cannot have.
    void refuse(const ArrowView& view, const ArrowRun& run, std::uint32_t first,
                std::uint64_t valid, FirmCollector& to) const {
        std::int64_t* const out = to.values().numbers(field_) + run.row + first;
        for_each_bit(valid, [&](std::uint32_t i) {
            const std::int64_t at = run.from + first + i;
            if (is_within(view.value<T>(at))) return;
            out[i] = kUnknownNumber;
            std::string text;
            to.bad_value(run.row + first + i, field_, text_at(view, at, text), reason_);
        });
    }

    std::int64_t scale_ = 1, least_ = 0, most_ = 0;
    const char* reason_ = nullptr;
};

/// Floats in a field of numbers. A block is read as read_short_decimal() does, without a branch;
/// what that leaves is looked at again.
class FloatColumn : public ArrowColumn {
  public:
    FloatColumn(std::uint32_t field, const Field& of)
        : ArrowColumn(field), decimals_(of.decimals),
          power_(static_cast<double>(power_of_ten(of.decimals))) {}

    void write(const ArrowView& view, const ArrowRun& run, FirmCollector& to) override {
        FirmRows& rows = to.values();
        std::int64_t* out = nullptr;
        const auto harmless = static_cast<double>(rows.harmless(field_));
        for_each_block(view, run,
                       [&](std::uint32_t first, std::uint32_t count, std::uint64_t valid) {
                           if (out == nullptr) {
                               rows.go_to(run.row);
                               out = rows.numbers(field_) + run.row;
                           }
                           std::array<double, kBlock> values{};
                           std::array<std::int64_t, kBlock> made;
                           std::memcpy(values.data(), view.at<double>(run.from + first),
                                       count * sizeof(double));
                           bool may_overflow = false;
                           const std::uint64_t left =
                               put(values.data(), made.data(), harmless, may_overflow) & valid;
                           for_each_bit(~valid, [&](std::uint32_t i) { made[i] = kUnknownNumber; });
                           std::memcpy(out + first, made.data(), count * sizeof(std::int64_t));
                           for_each_bit(left, [&](std::uint32_t i) {
                               look_again(view, run, first + i, out[first + i], to);
                           });
                           if (may_overflow || left != 0)
                               rows.note_numbers(field_, run.row + first, count);
                       });
    }

  private:
    /// Numbers of 64 floats, NaN as unknown; returns for which that was not enough. GCC takes the
    /// loop for vectors only where it is told.
    std::uint64_t put(const double* from, std::int64_t* out, double harmless,
                      bool& may_overflow) const {
        using Floats = double __attribute__((vector_size(16)));
        using Masks = std::int64_t __attribute__((vector_size(16)));
        using Bits = std::uint64_t __attribute__((vector_size(16))); // whose sums may wrap
        // Added to a number, it leaves no bit for a fraction, and the whole part in the lowest.
        constexpr double kBias = 6755399441055744.0; // 1.5 x 2^52
        constexpr auto kBiasBits = std::bit_cast<std::uint64_t>(kBias);
        Masks any_large{};
        std::uint64_t left = 0;
        for (std::uint32_t i = 0; i < kBlock; i += 2) {
            Floats value;
            std::memcpy(&value, from + i, sizeof value);
            const Floats product = value * power_, moved = product + kBias, whole = moved - kBias;
            const Masks is_short = (product < 1e15) & (product > -1e15) & (whole / power_ == value);
            const auto number = std::bit_cast<Masks>(std::bit_cast<Bits>(moved) - kBiasBits);
            const Masks made = (number & is_short) | (kUnknownNumber & ~is_short);
            std::memcpy(out + i, &made, sizeof made);
            any_large |= ((whole > harmless) | (whole < -harmless)) & is_short;
            const Masks is_left = ~is_short & (value == value);
            left |= static_cast<std::uint64_t>((is_left[0] & 1) | (is_left[1] & 2)) << i;
        }
        may_overflow = (any_large[0] | any_large[1]) != 0;
        return left;
    }

    void look_again(const ArrowView& view, const ArrowRun& run, std::uint32_t i, std::int64_t& out,
                    FirmCollector& to) const {
        const char* const reason = number_at(view, run.from + i, decimals_, out);
        if (reason == nullptr) return;
        out = kUnknownNumber;
        std::string text;
        to.bad_value(run.row + i, field_, text_at(view, run.from + i, text), reason);
    }

    const int decimals_;
    const double power_;
};

/// A byte for each of eight bits.
constexpr auto kBytes = [] {
    std::array<std::uint64_t, 256> bytes{};
    for (std::size_t bits = 0; bits < 256; ++bits)
        for (std::size_t i = 0; i < 8; ++i) {
            const std::size_t place = std::endian::native == std::endian::little ? i : 7 - i;
            bytes[bits] |= std::uint64_t{bits >> i & 1} << 8 * place;
        }
    return bytes;
}();

class FlagColumn : public ArrowColumn {
  public:
    using ArrowColumn::ArrowColumn;
    void write(const ArrowView& view, const ArrowRun& run, FirmCollector& to) override {
        std::uint8_t* out = nullptr;
        for_each_block(view, run,
                       [&](std::uint32_t first, std::uint32_t count, std::uint64_t valid) {
                           if (out == nullptr) {
                               to.values().go_to(run.row);
                               out = to.values().flags(field_) + run.row;
                           }
                           const std::uint64_t flags = view.flag_bits(run.from + first, count);
                           std::array<std::uint64_t, kBlock / 8> bytes;
                           for (std::uint32_t i = 0; i < kBlock; i += 8)
                               bytes[i / 8] = kBytes[(flags & valid) >> i & 0xff] |
                                              kBytes[~valid >> i & 0xff] << 1;
                           std::memcpy(out + first, bytes.data(), count);
                       });
    }
};

/// Whole numbers in a field of flags: 1 and 0.
template <class T> class WholeFlagColumn : public ArrowColumn {
  public:
    WholeFlagColumn(std::uint32_t field, const Field& of) : ArrowColumn(field), of_(of) {}

    void write(const ArrowView& view, const ArrowRun& run, FirmCollector& to) override {
        std::uint8_t* out = nullptr;
        for_each_block(
            view, run, [&](std::uint32_t first, std::uint32_t count, std::uint64_t valid) {
                if (out == nullptr) {
                    to.values().go_to(run.row);
                    out = to.values().flags(field_) + run.row;
                }
                std::array<T, kBlock> values{};
                std::array<std::uint8_t, kBlock> made;
                bool are_flags = true;
                std::memcpy(values.data(), view.at<T>(run.from + first), count * sizeof(T));
                for (std::uint32_t i = 0; i < kBlock; ++i) {
                    const T value = values[i];
                    made[i] = value == 1 ? 1 : value == 0 ? 0 : kNone;
                    are_flags &= made[i] != kNone;
                }
                for_each_bit(~valid, [&](std::uint32_t i) { made[i] = kNone; });
                std::memcpy(out + first, made.data(), count);
                if (are_flags) return;
                for_each_bit(valid, [&](std::uint32_t i) {
                    if (made[i] == kNone) refuse(view, run, first + i, to);
                });
            });
    }

  private:
    static constexpr std::uint8_t kNone = 2;

    void refuse(const ArrowView& view, const ArrowRun& run, std::uint32_t i,
                FirmCollector& to) const {
        std::int64_t value = 0;
        std::string text;
        const char* const reason =
            read_arrow_value(view, run.from + i, field_, of_, to.values(), value);
        to.bad_value(run.row + i, field_, text_at(view, run.from + i, text), reason);
    }

    const Field& of_;
};

/// A column for whole numbers of the type's width and sign.
template <template <class> class Column>
std::unique_ptr<ArrowColumn> make_whole(const ArrowType& type, const Field& of,
                                        std::uint32_t field) {
    const auto make = [&](auto of_signed, auto of_unsigned) -> std::unique_ptr<ArrowColumn> {
        if (type.is_signed) return std::make_unique<Column<decltype(of_signed)>>(field, of);
        return std::make_unique<Column<decltype(of_unsigned)>>(field, of);
    };
    switch (type.bits) {
    case 8: return make(std::int8_t{}, std::uint8_t{});
    case 16: return make(std::int16_t{}, std::uint16_t{});
    case 32: return make(std::int32_t{}, std::uint32_t{});
    default: return make(std::int64_t{}, std::uint64_t{});
    }
}

} // namespace

std::unique_ptr<ArrowColumn> make_arrow_numbers(const ArrowType& type, const Field& of,
                                                std::uint32_t field) {
    if (type.id == Id::integer && of.kind == Kind::number)
        return make_whole<WholeColumn>(type, of, field);
    if (type.id == Id::integer && of.kind == Kind::flag)
        return make_whole<WholeFlagColumn>(type, of, field);
    if (type.id == Id::decimal && type.bits == 128 && of.kind == Kind::number && type.scale >= 0 &&
        type.scale <= of.decimals)
        return std::make_unique<WholeColumn<__int128>>(field, of, type.scale);
    if (type.id == Id::date && type.bits == 32)
        return std::make_unique<WholeColumn<std::int32_t>>(field, of);
    if (type.id == Id::floating && type.bits == 64 && of.kind == Kind::number)
        return std::make_unique<FloatColumn>(field, of);
    if (type.id == Id::boolean) return std::make_unique<FlagColumn>(field);
    return nullptr;
}

} // namespace qice
