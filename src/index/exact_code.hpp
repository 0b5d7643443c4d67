// The code of one firm's value by any cuts, from the exact value in the table.
#pragma once

#include "qice/index/program.hpp"
#include "qice/model/firm.hpp"

#include <cstdint>

namespace qice {

/// Unknown is the code after the last.
inline std::uint32_t exact_code(const CodedField& coded, const FirmView& firm) {
    const FieldCuts& cuts = coded.cuts;
    const FirmTable& table = firm.table();
    const Field& field = table.schema()[coded.field];
    if (field.kind == Kind::tags || field.kind == Kind::text) // only "known" is asked of them
        return firm.known(coded.field) ? cuts.code_of(std::int64_t{0}) : cuts.codes();
    if (field.is_ratio()) {
        const auto ratio = firm.ratio(coded.field);
        return ratio ? cuts.code_of(ratio_slot(*ratio)) : cuts.codes();
    }
    const auto value = firm.scalar(coded.field);
    if (!value) return cuts.codes();
    if (!field.is_string()) return cuts.code_of(*value);
    return cuts.code_of(table.column(coded.field).dictionary[static_cast<std::uint32_t>(*value)]);
}

} // namespace qice
