// Rows of CSV: what the columns are, and records into a collector.
#pragma once

#include "base/csv_records.hpp"
#include "io/firm_collector.hpp"

namespace qice {

/// What each column of a file is.
struct Columns {
    static constexpr std::uint32_t kId = UINT32_MAX, kIgnored = UINT32_MAX - 1;
    std::vector<std::uint32_t> fields;
    std::size_t id = 0;
    std::vector<std::string> ignored;
};

/// What columns with these names are.
Result<Columns> columns_of(const std::vector<std::string_view>& names, const Schema& schema,
                           const ReadOptions& options, const Place& place);

/// The columns of a CSV text that begins with `mark`, whose first record the scanner stands on.
Result<Columns> open_csv(const CsvScanner& header, std::string_view mark, const std::string& file,
                         const Schema& schema, const ReadOptions& options);

Status empty_csv(const std::string& file);

/// Takes the record that `records` stands on.
void take_record(FirmCollector& rows, const CsvRecords& records, const Columns& columns);

} // namespace qice
