// A checked look at an ArrowArray: where its values stand, with every offset added up.
//
// look_at() checks what a structure says of itself, check_rows() what its buffers say of some rows.
// Buffers do not say how long they are, so that much is taken on trust. After both, reading a value
// of these rows stays within what the producer promised. Buffers may be unaligned.
#pragma once

#include "io/arrow_type.hpp"

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace qice {

struct ArrowView {
    const ArrowType* type = nullptr;
    std::int64_t offset = 0, length = 0;     // value i stands at offset + i of the buffers
    const void* validity = nullptr;          // a bit a value; null: all are valid
    const void* values = nullptr;            // numbers, bits, offsets or views
    const char* bytes = nullptr;             // of texts
    const void* const* view_bytes = nullptr; // of text_view: buffers, their number and sizes
    std::int64_t view_buffers = 0;
    const void* view_sizes = nullptr;
    std::vector<ArrowView> parts; // children; of a dictionary its values
    bool is_utf8 = true;          // of a dictionary: are all of its texts?

    bool is_valid(std::int64_t i) const { return validity == nullptr || bit(validity, offset + i); }
    template <class T> T value(std::int64_t i) const { return load<T>(values, offset + i); }
    template <class T> const void* at(std::int64_t i) const {
        return static_cast<const char*>(values) + (offset + i) * std::int64_t{sizeof(T)};
    }
    bool flag(std::int64_t i) const { return bit(values, offset + i); }
    /// Whether the 64 values from i on are valid, a bit each; those from `count` on are 0.
    std::uint64_t valid_bits(std::int64_t i, std::int64_t count) const {
        return validity == nullptr ? low_bits(count) : bits(validity, offset + i, count);
    }
    std::uint64_t flag_bits(std::int64_t i, std::int64_t count) const {
        return bits(values, offset + i, count);
    }
    /// Of text and lists.
    std::int64_t begin(std::int64_t i) const {
        return type->bits == 32 ? value<std::int32_t>(i) : value<std::int64_t>(i);
    }
    std::int64_t end(std::int64_t i) const { return begin(i + 1); }
    std::string_view text(std::int64_t i) const {
        if (type->id == ArrowType::Id::text_view) return viewed(i);
        const std::int64_t from = begin(i), to = end(i);
        if (from == to) return {};
        return {bytes + from, static_cast<std::size_t>(to - from)};
    }
    /// Of an integer below 2^63; also the number of a dictionary's value.
    std::int64_t integer(std::int64_t i) const;
    /// The digits of a decimal; false if they do not fit 128 bits.
    bool digits(std::int64_t i, __int128& out) const;

  private:
    template <class T> static T load(const void* from, std::int64_t i) {
        T value;
        std::memcpy(&value, static_cast<const char*>(from) + i * std::int64_t{sizeof(T)},
                    sizeof value);
        return value;
    }
    static bool bit(const void* from, std::int64_t i) {
        return (static_cast<const unsigned char*>(from)[i >> 3] >> (i & 7) & 1) != 0;
    }
    static std::uint64_t low_bits(std::int64_t count) {
        return count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
    }
    static std::uint64_t bits(const void* from, std::int64_t at, std::int64_t count);
    std::string_view viewed(std::int64_t i) const;

    friend Status check_rows(const ArrowView&, std::int64_t, std::int64_t);
};

/// Rows `first` to `first + length` of an array of the type. Checks structures, all the way down,
/// and dictionaries. A fault is a sentence that begins with what it is about.
Result<ArrowView> look_at(const ArrowArray* array, const ArrowType& type, std::int64_t first,
                          std::int64_t length);

/// The batch of a table: its rows; whoever reads a column looks at its child from row `offset` on.
Result<ArrowView> look_at_table(const ArrowArray* batch, const ArrowType& table);

/// Checks what the buffers say of rows `first` to `first + count`.
Status check_rows(const ArrowView& view, std::int64_t first, std::int64_t count);

} // namespace qice
