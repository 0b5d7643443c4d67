#include "io/arrow_array.hpp"

#include "qice/base/text.hpp"

#include <algorithm>

namespace qice {
namespace {

using Id = ArrowType::Id;

constexpr std::int64_t kMostRows = std::int64_t{1} << 48; // offsets are added up without a check

Status broken(const ArrowType& type, std::string sentence) {
    return invalid_input("the " + type.name + " array " + std::move(sentence));
}

/// How many buffers and children an array of the type has.
Status check_shape(const ArrowArray& array, const ArrowType& type) {
    std::int64_t buffers = 2, children = 0;
    switch (type.id) {
    case Id::null: buffers = 0; break;
    case Id::text: buffers = 3; break;
    case Id::text_view: buffers = std::max<std::int64_t>(array.n_buffers, 3); break;
    case Id::list:
    case Id::map: children = 1; break;
    case Id::structure:
        buffers = 1;
        children = static_cast<std::int64_t>(type.parts.size());
        break;
    default: break;
    }
    if (array.n_buffers != buffers && type.id != Id::null)
        return broken(type, "has " + std::to_string(array.n_buffers) + " buffers, not " +
                                std::to_string(buffers));
    if (array.n_children != children)
        return broken(type, "has " + std::to_string(array.n_children) + " children, not " +
                                std::to_string(children));
    if ((buffers > 0 && array.buffers == nullptr) || (children > 0 && array.children == nullptr))
        return broken(type, "has no list of its buffers or children");
    if ((array.dictionary != nullptr) != (type.id == Id::dictionary))
        return broken(type, array.dictionary != nullptr ? "has a dictionary" : "has no dictionary");
    return {};
}

/// What the array says of its length and its nulls.
Status check_counts(const ArrowArray& array, const ArrowType& type) {
    if (array.length < 0 || array.length > kMostRows)
        return broken(type, "has a length of " + std::to_string(array.length));
    if (array.offset < 0 || array.offset > kMostRows)
        return broken(type, "has an offset of " + std::to_string(array.offset));
    if (array.null_count < -1 || array.null_count > array.length)
        return broken(type, "has " + std::to_string(array.null_count) + " nulls in " +
                                std::to_string(array.length) + " values");
    if (type.id != Id::null && array.null_count > 0 && array.buffers[0] == nullptr)
        return broken(type, "has " + std::to_string(array.null_count) +
                                " nulls and no buffer that says where");
    return {};
}

Status find_buffers(const ArrowArray& array, ArrowView& view) {
    const ArrowType& type = *view.type;
    if (type.id == Id::null) return {};
    // An array that says it has no nulls has none, whatever stands in its bits.
    if (array.null_count != 0) view.validity = array.buffers[0];
    if (type.id == Id::structure) return {};
    view.values = array.buffers[1];
    if (view.values == nullptr && view.length > 0)
        return broken(type,
                      "has no buffer of values, but " + std::to_string(view.length) + " values");
    if (type.id == Id::text) view.bytes = static_cast<const char*>(array.buffers[2]);
    if (type.id != Id::text_view) return {};
    view.view_bytes = array.buffers + 2;
    view.view_buffers = array.n_buffers - 3;
    view.view_sizes = array.buffers[array.n_buffers - 1];
    if (view.view_sizes == nullptr && view.view_buffers > 0)
        return broken(type, "has no buffer of its buffers' sizes");
    return {};
}

/// Are all texts of a dictionary UTF-8? They are checked once for all rows that use them.
bool all_utf8(const ArrowView& values) {
    if (!values.type->is_text()) return true;
    for (std::int64_t i = 0; i < values.length; ++i)
        if (values.is_valid(i) && !is_utf8(values.text(i))) return false;
    return true;
}

} // namespace

Result<ArrowView> look_at(const ArrowArray* array, const ArrowType& type, std::int64_t first,
                          std::int64_t length) {
    if (array == nullptr) return broken(type, "is missing");
    if (array->release == nullptr) return broken(type, "was released");
    QICE_RETURN_IF_ERROR(check_shape(*array, type));
    QICE_RETURN_IF_ERROR(check_counts(*array, type));
    if (array->length < first + length)
        return broken(type, "has " + std::to_string(array->length) + " values where " +
                                std::to_string(first + length) + " are needed");
    ArrowView view;
    view.type = &type;
    view.offset = array->offset + first;
    view.length = length;
    QICE_RETURN_IF_ERROR(find_buffers(*array, view));
    if (type.id == Id::dictionary) {
        const std::int64_t values = array->dictionary->length;
        QICE_ASSIGN_OR_RETURN(ArrowView part, look_at(array->dictionary, type.parts[0], 0,
                                                      std::max<std::int64_t>(values, 0)));
        QICE_RETURN_IF_ERROR(check_rows(part, 0, part.length));
        view.is_utf8 = all_utf8(part);
        view.parts.push_back(std::move(part));
    }
    for (std::size_t i = 0; type.id == Id::structure && i < type.parts.size(); ++i) {
        QICE_ASSIGN_OR_RETURN(ArrowView part,
                              look_at(array->children[i], type.parts[i], view.offset, length));
        view.parts.push_back(std::move(part));
    }
    if (type.id == Id::list || type.id == Id::map) {
        const ArrowArray* const child = array->children[0];
        const std::int64_t items = child == nullptr ? 0 : std::max<std::int64_t>(child->length, 0);
        QICE_ASSIGN_OR_RETURN(ArrowView part, look_at(child, type.parts[0], 0, items));
        view.parts.push_back(std::move(part));
    }
    return view;
}

Result<ArrowView> look_at_table(const ArrowArray* batch, const ArrowType& table) {
    QICE_RETURN_IF_ERROR(check_shape(*batch, table));
    QICE_RETURN_IF_ERROR(check_counts(*batch, table));
    ArrowView view;
    view.type = &table;
    view.offset = batch->offset;
    view.length = batch->length;
    if (batch->null_count != 0) view.validity = batch->buffers[0];
    return view;
}

std::int64_t ArrowView::integer(std::int64_t i) const {
    switch (type->bits) {
    case 8: return type->is_signed ? value<std::int8_t>(i) : std::int64_t{value<std::uint8_t>(i)};
    case 16:
        return type->is_signed ? value<std::int16_t>(i) : std::int64_t{value<std::uint16_t>(i)};
    case 32:
        return type->is_signed ? value<std::int32_t>(i) : std::int64_t{value<std::uint32_t>(i)};
    default: return value<std::int64_t>(i);
    }
}

bool ArrowView::digits(std::int64_t i, __int128& out) const {
    if (type->bits == 32) {
        out = value<std::int32_t>(i);
        return true;
    }
    if (type->bits == 64) {
        out = value<std::int64_t>(i);
        return true;
    }
    if (type->bits == 128) {
        out = value<__int128>(i);
        return true;
    }
    struct Halves {
        unsigned __int128 low;
        __int128 high;
    };
    const auto halves = value<Halves>(i);
    out = static_cast<__int128>(halves.low);
    return halves.high == (out < 0 ? -1 : 0);
}

std::uint64_t ArrowView::bits(const void* from, std::int64_t at, std::int64_t count) {
    const auto* const bytes = static_cast<const unsigned char*>(from) + (at >> 3);
    const int shift = static_cast<int>(at & 7);
    count = std::min<std::int64_t>(count, 64);
    const auto needed = static_cast<std::size_t>((shift + count + 7) / 8); // no byte more is read
    std::uint64_t low = 0;
    if (needed >= 8)
        std::memcpy(&low, bytes, 8);
    else
        std::memcpy(&low, bytes, needed);
    low >>= shift;
    if (needed > 8) low |= std::uint64_t{bytes[8]} << (64 - shift);
    return low & low_bits(count);
}

std::string_view ArrowView::viewed(std::int64_t i) const {
    constexpr std::int64_t kBytes = 16, kShort = 12;
    const char* const view = static_cast<const char*>(values) + (offset + i) * kBytes;
    const auto size = load<std::int32_t>(view, 0);
    if (size <= kShort) return {view + 4, static_cast<std::size_t>(size)};
    const auto buffer = load<std::int32_t>(view + 8, 0), at = load<std::int32_t>(view + 12, 0);
    return {static_cast<const char*>(view_bytes[buffer]) + at, static_cast<std::size_t>(size)};
}

// ------------------------------------------------------------------------------- check_rows

namespace {

std::string in_row(std::int64_t row) { return " in its row " + std::to_string(row + 1); }

/// Offsets that begin at 0 or later and never go down; `most`: where the last may stand.
template <class Offset>
Status check_offsets(const ArrowView& view, std::int64_t first, std::int64_t count,
                     std::int64_t most) {
    bool goes_down = view.value<Offset>(first) < 0;
    for (std::int64_t i = first; i < first + count; ++i)
        goes_down |= view.value<Offset>(i + 1) < view.value<Offset>(i);
    const std::int64_t last = view.value<Offset>(first + count);
    if (!goes_down && last <= most) return {};
    for (std::int64_t i = first; i < first + count; ++i) {
        const std::int64_t from = view.value<Offset>(i), to = view.value<Offset>(i + 1);
        if (from < 0 || to < from || to > most)
            return broken(*view.type,
                          "has the offsets " + std::to_string(from) + " to " + std::to_string(to) +
                              in_row(i) +
                              (to > most ? ", but only " + std::to_string(most) + " items" : ""));
    }
    return {};
}

Status check_any_offsets(const ArrowView& view, std::int64_t first, std::int64_t count,
                         std::int64_t most) {
    return view.type->bits == 32 ? check_offsets<std::int32_t>(view, first, count, most)
                                 : check_offsets<std::int64_t>(view, first, count, most);
}

Status check_numbers(const ArrowView& view, std::int64_t first, std::int64_t count) {
    const std::int64_t values = view.parts[0].length;
    for (std::int64_t i = first; i < first + count; ++i) {
        if (!view.is_valid(i)) continue;
        const std::int64_t number = view.integer(i);
        if (number < 0 || number >= values)
            return broken(*view.type, "has the number " + std::to_string(number) + in_row(i) +
                                          ", but only " + std::to_string(values) + " values");
    }
    return {};
}

} // namespace

Status check_rows(const ArrowView& view, std::int64_t first, std::int64_t count) {
    constexpr std::int64_t kShort = 12;
    if (count == 0) return {};
    switch (view.type->id) {
    case Id::text: {
        QICE_RETURN_IF_ERROR(check_any_offsets(view, first, count, INT64_MAX));
        if (view.bytes == nullptr && view.end(first + count - 1) > view.begin(first))
            return broken(*view.type, "has no buffer of bytes");
        return {};
    }
    case Id::text_view:
        for (std::int64_t i = first; i < first + count; ++i) {
            if (!view.is_valid(i)) continue;
            const char* const at = static_cast<const char*>(view.values) + (view.offset + i) * 16;
            const std::int64_t size = ArrowView::load<std::int32_t>(at, 0);
            const std::int64_t buffer = ArrowView::load<std::int32_t>(at, 2);
            const std::int64_t from = ArrowView::load<std::int32_t>(at, 3);
            const bool is_long = size > kShort;
            if (size < 0 ||
                (is_long && (buffer < 0 || buffer >= view.view_buffers || from < 0 ||
                             view.view_bytes[buffer] == nullptr ||
                             from + size > ArrowView::load<std::int64_t>(view.view_sizes, buffer))))
                return broken(*view.type, "points beyond its buffers" + in_row(i));
        }
        return {};
    case Id::dictionary: return check_numbers(view, first, count);
    case Id::structure:
        for (const ArrowView& part : view.parts)
            QICE_RETURN_IF_ERROR(check_rows(part, first, count));
        return {};
    case Id::list:
    case Id::map: {
        const ArrowView& items = view.parts[0];
        QICE_RETURN_IF_ERROR(check_any_offsets(view, first, count, items.length));
        const std::int64_t begin = view.begin(first);
        return check_rows(items, begin, view.end(first + count - 1) - begin);
    }
    default: return {};
    }
}

} // namespace qice
