// A CSV file read piece by piece, by one thread or several.
//
// The text is cut into pieces at line breaks. Each piece is read as if a record began with it,
// which holds unless a quoted cell goes over the cut; pieces are then put together in the order
// of the file, and where a piece did not end with a record, or brought an id that an earlier piece
// has, it is read again with what is known by then. So the result is that of reading record by
// record. That ids are looked for a piece at a time lets their cache misses overlap. Where only so
// many firms are wanted, the piece that has more is read again up to there, and its rest and the
// pieces behind it go back to the stream.
#pragma once

#include "io/csv_stream.hpp"

namespace qice {

/// Reads the next firms, at most so many, into `reading`.
Status read_csv_pieces(CsvStream& stream, const SchemaPtr& schema, const ReadOptions& options,
                       std::size_t most, FirmReading& reading);

} // namespace qice
