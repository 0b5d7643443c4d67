#include "io/csv_stream.hpp"

#include "io/csv_pieces.hpp"

#include <algorithm>

namespace qice {

Status CsvStream::more(std::size_t used) {
    text_.erase(0, used);
    return source_.read(text_, std::max(chunk_, text_.size()));
}

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
            records_.emplace(text_, line_, !source_.at_end());
            return {};
        }
        if (source_.at_end()) return empty_csv(file_);
        line_ = header.rest_line();
        QICE_RETURN_IF_ERROR(more(header.rest()));
    }
}

Result<bool> CsvStream::next() {
    while (!records_->next()) {
        if (source_.at_end()) return false;
        line_ = records_->rest_line();
        QICE_RETURN_IF_ERROR(more(records_->rest()));
        records_.emplace(text_, line_, !source_.at_end());
    }
    return true;
}

std::string CsvStream::take_rest() {
    line_ = records_->rest_line();
    text_.erase(0, records_->rest());
    records_.reset();
    return std::move(text_);
}

Result<FirmsRead> read_csv_firms(CsvStream& stream, const SchemaPtr& schema,
                                 const ReadOptions& options) {
    FirmReading reading(schema, options);
    QICE_RETURN_IF_ERROR(read_csv_pieces(stream, schema, options, reading));
    FirmsRead out = std::move(reading).finish(options.threads);
    out.ignored_columns = stream.columns().ignored;
    return out;
}

} // namespace qice
