// A CSV file of firms: what its columns are, and its text from a record on.
//
// Of the text it holds what was read and is in no firm yet: a few MiB. One thread at a time.
#pragma once

#include "io/byte_source.hpp"
#include "io/firm_csv.hpp"

#include <utility>

namespace qice {

class CsvStream {
  public:
    static constexpr std::size_t kChunk = 1 << 20;

    /// Reads `chunk` bytes a step.
    CsvStream(ByteSource source, std::string file, std::size_t chunk = kChunk)
        : source_(std::move(source)), file_(std::move(file)), chunk_(chunk) {}

    /// Reads the header; a Status is what is wrong with it, or with the file.
    Status open(const Schema& schema, const ReadOptions& options);

    const Columns& columns() const { return columns_; }
    ByteSource& source() { return source_; }
    std::size_t chunk() const { return chunk_; }
    /// What was read and not used yet, for somebody to go on with, and the line it begins on.
    std::string take_rest() { return std::exchange(text_, {}); }
    std::uint64_t rest_line() const { return line_; }
    /// What that one has left.
    void put_back(std::string text, std::uint64_t line) {
        text_ = std::move(text);
        line_ = line;
    }

  private:
    ByteSource source_;
    std::string file_;
    std::size_t chunk_;
    std::string text_;
    std::uint64_t line_ = 1; // of text_
    Columns columns_;
};

/// The next firms of a stream that is open, at most so many; the same on any number of threads.
Result<FirmsRead> read_csv_firms(CsvStream& stream, const SchemaPtr& schema,
                                 const ReadOptions& options, std::size_t most = SIZE_MAX);

} // namespace qice
