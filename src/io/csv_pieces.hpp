// A CSV file read piece by piece, by one thread or several.
//
// The text is cut into pieces at line breaks. Each piece is read as if a record began with it,
// which holds unless a quoted cell goes over the cut; pieces are then put together in the order
// of the file, and where a piece did not end with a record, or brought an id that an earlier piece
// has, it is read again with what is known by then. So the result is that of reading record by
// record. That ids are looked for a piece at a time lets their cache misses overlap.
#pragma once

#include "io/csv_stream.hpp"

namespace qice {

/// Reads what follows the header into `reading`.
Status read_csv_pieces(CsvStream& stream, const SchemaPtr& schema, const ReadOptions& options,
                       FirmReading& reading);

} // namespace qice
