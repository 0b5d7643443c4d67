// A CSV file of firms, record by record, with a few MiB of it in memory.
#pragma once

#include "io/byte_source.hpp"
#include "io/firm_csv.hpp"

#include <optional>

namespace qice {

class CsvStream {
  public:
    static constexpr std::size_t kChunk = 1 << 20;

    /// Reads `chunk` bytes a step.
    CsvStream(ByteSource source, std::string file, std::size_t chunk = kChunk)
        : source_(std::move(source)), file_(std::move(file)), chunk_(chunk) {}
    CsvStream(const CsvStream&) = delete; // the records look into the text

    /// Reads the header; a Status is what is wrong with it, or with the file.
    Status open(const Schema& schema, const ReadOptions& options);
    /// Moves to the next record; false at the end of the file.
    Result<bool> next();

    const CsvRecords& records() const { return *records_; }
    const Columns& columns() const { return columns_; }
    ByteSource& source() { return source_; }
    std::size_t chunk() const { return chunk_; }
    /// What was read and not used yet, for somebody else to go on with, and the line it begins on.
    std::string take_rest();
    std::uint64_t rest_line() const { return line_; }

  private:
    /// Drops what is used and reads on: twice as much each time that nothing could be used.
    Status more(std::size_t used);

    ByteSource source_;
    std::string file_;
    std::size_t chunk_;
    std::string text_;
    std::uint64_t line_ = 1; // of text_
    std::size_t header_end_ = 0;
    std::optional<CsvRecords> records_; // over text_
    Columns columns_;
};

/// Firms of a stream that is open, on so many threads; the same for any number of them.
Result<FirmsRead> read_csv_firms(CsvStream& stream, const SchemaPtr& schema,
                                 const ReadOptions& options);

} // namespace qice
