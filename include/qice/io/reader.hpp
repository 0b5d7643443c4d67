// Firms from CSV or JSON Lines into a table.
//
// A bad cell makes one value unknown, a bad row is set aside; both are reported and nothing stops.
// What concerns the whole file (no such file, an unknown column, no id column) is a Status.
#pragma once

#include "qice/base/status.hpp"
#include "qice/model/firm.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
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
    unsigned threads = 1; // that read CSV; the result is the same for any number
    std::string_view unknown_cell = {}; // not empty: a cell of this text is unknown, not a bad one
    /// Set by whoever wants reading to end soon; it fails then with StatusCode::cancelled.
    const std::atomic<bool>* cancel = nullptr;

    bool is_cancelled() const { return cancel != nullptr && *cancel; }
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

/// Firms from one file, portion by portion: memory is that of one portion, whatever the file's
/// size. The portions together hold what read_firms() gives, with one difference: an id is only
/// checked against the ids of its own portion, since all ids of a file would need memory that
/// grows with it. (A quote that is opened and never closed makes the reader hold the rest of the
/// file, because only the end of the file shows that.)
class FirmReader {
  public:
    /// `.jsonl` is read as JSON Lines, everything else as CSV; `-` is standard input (CSV). What
    /// is wrong with the header of a CSV file shows here.
    static Result<FirmReader> open(const std::string& path, SchemaPtr schema,
                                   const ReadOptions& options);
    FirmReader(FirmReader&&) noexcept;
    FirmReader& operator=(FirmReader&&) noexcept;
    ~FirmReader();

    /// The next firms, at most so many (and at least one); a table of no rows at the end of the
    /// file. The quarantine holds what was found on the way, its lines count from the start of
    /// the file. Columns that are ignored are named in every portion of a CSV file, and in JSON
    /// Lines where they are met.
    Result<FirmsRead> next(std::size_t firms);

  private:
    class Impl;
    explicit FirmReader(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

} // namespace qice
