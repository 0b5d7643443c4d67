// Firms from CSV or JSON Lines into a table.
//
// A bad cell makes one value unknown, a bad row is set aside; both are reported and nothing stops.
// What concerns the whole file (no such file, an unknown column, no id column) is a Status.
#pragma once

#include "qice/base/status.hpp"
#include "qice/model/firm.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qice {

/// A cell whose value could not be taken, or (without a field) a row that was set aside.
struct Quarantined {
    std::uint64_t line = 0; // where the record starts
    std::string firm_id;
    std::string field;
    std::string value;
    std::string reason;
};

enum class Encoding : std::uint8_t { utf8, gb18030 };

struct ReadOptions {
    Date as_of;
    bool strict = false;                 // set aside rows with bad cells, too
    bool ignore_unknown_columns = false; // carry on past columns that are not in the schema
    Encoding encoding = Encoding::utf8;
};

struct FirmsRead {
    FirmTable firms; // derived for the as-of date
    std::vector<Quarantined> quarantine;
    std::vector<std::string> ignored_columns;
    std::uint64_t rows_set_aside = 0;
};

/// `.jsonl` is read as JSON Lines, everything else as CSV; `-` is standard input (CSV).
Result<FirmsRead> read_firms(const std::string& path, SchemaPtr schema, const ReadOptions& options);
Result<FirmsRead> read_firms_csv(std::string_view text, const std::string& file, SchemaPtr schema,
                                 const ReadOptions& options);
Result<FirmsRead> read_firms_jsonl(std::string_view text, const std::string& file, SchemaPtr schema,
                                   const ReadOptions& options);

} // namespace qice
