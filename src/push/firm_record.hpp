// A firm's values as text that a store can keep, and back.
//
// A record is one CSV record below the header of its layout (the schema's fields that are not
// derived, in order), without the empty cells at its end. Cells are canonical: 2000万元 in a field
// in 元 is 20000000, so the same value written otherwise is the same record. The digest covers the
// name and text of every cell that is not empty: it is the same in any layout. Costs some 2 µs a
// firm to write; reading is that of CSV.
#pragma once

#include "push/digest.hpp"
#include "push/learn.hpp"
#include "qice/io/reader.hpp"
#include "qice/model/firm.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace qice {

/// A cell of this text is unknown, for sets whose empty cell says "none".
inline constexpr std::string_view kUnknownCell = "\x1a";

/// The header of this schema's records.
std::string layout_header(const Schema& schema);

/// Writes records of one table. For one thread.
class FirmRecordWriter {
  public:
    explicit FirmRecordWriter(const FirmTable& firms);

    struct Written {
        std::string_view record; // until the next call
        Digest digest;
    };
    Written write(std::size_t row);

  private:
    const FirmTable& firms_;
    std::vector<std::uint32_t> fields_; // not derived
    std::string record_, cell_;
    Sha256 sha_;
};

/// Collects records of any layout, and makes a table of them.
class FirmRecordReader {
  public:
    /// Layouts by number, as headers.
    FirmRecordReader(SchemaPtr schema, const std::map<std::int64_t, std::string>& layouts);

    void reserve(std::size_t bytes) { text_.reserve(bytes); }
    /// With a taste the weights of the tags are those that were learnt.
    void add(std::string_view id, std::int64_t layout, std::string_view record,
             const Taste* taste = nullptr);
    /// The table, in the order of add(), derived for the day; starts again. What the schema of
    /// today cannot take of older records is in the quarantine.
    Result<FirmsRead> read(Date as_of, unsigned threads);

  private:
    /// Which of the schema's cells a layout's cells are.
    struct Layout {
        bool same = false; // as the schema's own
        std::vector<std::size_t> places;
    };
    void add_moved(const Layout& layout, std::string_view record, const Taste* taste);

    SchemaPtr schema_;
    std::map<std::int64_t, Layout> layouts_;
    std::string header_, text_;
    std::size_t cells_ = 0, tags_; // tags_: which of them has the tags
};

} // namespace qice
