// What must hold of every table of firms that was read, whatever the text was.
#pragma once

#include "qice/io/reader.hpp"
#include "world.hpp"

#include <set>
#include <string>
#include <string_view>

namespace qice::fuzz {

/// Reads every value once; under the sanitizers that is a check of every offset.
inline std::size_t touch(const FirmTable& firms) {
    std::size_t seen = 0;
    for (std::size_t row = 0; row < firms.size(); ++row) {
        const FirmView firm = firms[row];
        for (std::uint32_t field = 0; field < firms.schema().size(); ++field) {
            const Field& of = firms.schema()[field];
            seen += firm.known(field);
            if (of.is_string()) seen += firm.string(field).value_or("").size();
            if (of.kind != Kind::set || !firm.known(field)) continue;
            const auto elements = *firm.elements(field);
            for (const SetElement& element : elements)
                seen += firms.column(field).dictionary[element.name].size();
        }
        for (const Tag& tag : firm.tags()) {
            require(tag.weight <= 1000, "a tag weighs at most 1");
            seen += tag.name;
        }
    }
    return seen;
}

inline void check(const FirmsRead& read, bool strict) {
    std::set<std::string_view> ids;
    for (std::size_t row = 0; row < read.firms.size(); ++row) {
        require(!read.firms.id(row).empty(), "a firm has an id");
        require(ids.insert(read.firms.id(row)).second, "ids are unique");
        require(read.firms.line(row) > 0, "a firm has a line");
    }
    for (const Quarantined& entry : read.quarantine) {
        require(entry.line > 0, "what is set aside has a line");
        require(!entry.reason.empty(), "what is set aside has a reason");
        const bool bad_cell = !entry.field.empty();
        require(!(strict && bad_cell && ids.contains(entry.firm_id)),
                "with strict, a row with a bad cell is set aside");
    }
    touch(read.firms);
}

/// Reads a text leniently and strictly with one of the readers.
template <class Read> void check_reader(std::string_view text, const Read& read) {
    std::size_t lenient = 0, taken_aside = 0;
    for (const bool strict : {false, true}) {
        ReadOptions options;
        options.as_of = *Date::from_civil(2026, 6, 15);
        options.strict = strict;
        options.ignore_unknown_columns = true;
        const Result<FirmsRead> result = read(text, "firms", schema(), options);
        if (!result.ok()) {
            require(!result.status().message().empty(), "a refusal has a sentence");
            return;
        }
        check(*result, strict);
        if (!strict) {
            lenient = result->firms.size();
            taken_aside = result->rows_set_aside;
        } else {
            require(result->firms.size() + result->rows_set_aside == lenient + taken_aside,
                    "every row is kept or set aside");
        }
    }
}

} // namespace qice::fuzz
