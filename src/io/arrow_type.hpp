// What an ArrowSchema says, read once and checked: the type of a column and of what is inside it.
#pragma once

#include "qice/arrow_abi.h"
#include "qice/model/schema.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace qice {

struct ArrowType {
    enum class Id : std::uint8_t {
        null,
        boolean,
        integer,   // bits, is_signed
        floating,  // bits: 32 or 64
        decimal,   // bits, scale
        text,      // offsets of 32 or 64 bits
        text_view, // 16 bytes a value
        date,      // bits: days in 32, milliseconds in 64
        timestamp, // per_day
        list,      // bits: of its offsets
        structure,
        map,        // a list of structures of a key and a value
        dictionary, // numbers (bits, is_signed) into `values`
        other,      // what firms are not read from
    };
    Id id = Id::other;
    int bits = 0;
    bool is_signed = true;
    int scale = 0;                   // of a decimal: digits behind the point, maybe negative
    std::int64_t per_day = 0;        // of a timestamp
    std::string name;                // for people: `list<utf8>`
    std::vector<ArrowType> parts;    // of a list, a structure, a map; of a dictionary its values
    std::vector<std::string> labels; // of a structure's parts

    bool is_text() const { return id == Id::text || id == Id::text_view; }
    /// A number that is no float.
    bool is_exact() const { return id == Id::integer || id == Id::decimal; }
    bool is_number() const { return is_exact() || id == Id::floating; }
    bool is_day() const { return id == Id::date || id == Id::timestamp; }
    /// Itself, or of a dictionary the type of its values.
    const ArrowType& plain() const { return id == Id::dictionary ? parts[0] : *this; }
};

/// The type of an ArrowSchema; a fault in the structure is a Status.
Result<ArrowType> read_arrow_type(const ArrowSchema* schema);

/// May values of the type stand in a field? If not, why.
Status check_fits(const ArrowType& type, const Field& field);
/// May they name firms?
Status check_names_firms(const ArrowType& type, const std::string& column);

/// Of a list or map in a field of sets or tags: the type of its items, and where in an item are
/// its name and its last day or weight; -1: there is none.
struct ItemParts {
    int name = -1, detail = -1;
};
ItemParts item_parts(const ArrowType& item, Kind kind, bool is_map);

} // namespace qice
