#include "io/csv_stream.hpp"

#include "io/csv_pieces.hpp"

#include <algorithm>

namespace qice {

Status CsvStream::open(const Schema& schema, const ReadOptions& options) {
    while (text_.size() < 4 && !source_.at_end())
        QICE_RETURN_IF_ERROR(source_.read(text_, chunk_));
    const std::string mark = text_.substr(0, 4);
    if (mark.starts_with("\xef\xbb\xbf")) text_.erase(0, 3);
    for (;;) {
        CsvScanner header(text_, line_, !source_.at_end());
        if (header.next()) {
            QICE_ASSIGN_OR_RETURN(columns_, open_csv(header, mark, file_, schema, options));
            line_ = header.rest_line();
            text_.erase(0, header.rest());
            return {};
        }
        if (source_.at_end()) return empty_csv(file_);
        line_ = header.rest_line();
        text_.erase(0, header.rest());
        // Twice as much each time that nothing could be used.
        QICE_RETURN_IF_ERROR(source_.read(text_, std::max(chunk_, text_.size())));
    }
}

Result<FirmsRead> read_csv_firms(CsvStream& stream, const SchemaPtr& schema,
                                 const ReadOptions& options, std::size_t most) {
    FirmReading reading(schema, options);
    QICE_RETURN_IF_ERROR(read_csv_pieces(stream, schema, options, most, reading));
    FirmsRead out = std::move(reading).finish(options.threads);
    out.ignored_columns = stream.columns().ignored;
    return out;
}

} // namespace qice
