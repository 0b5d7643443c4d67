#include "qice/io/reader.hpp"

#include "io/csv_stream.hpp"
#include "io/firm_jsonl.hpp"

#include <algorithm>
#include <utility>

namespace qice {
namespace {

/// JSON Lines, line by line, with a few MiB of them in memory.
class JsonStream {
  public:
    JsonStream(ByteSource source, std::string file)
        : source_(std::move(source)), file_(std::move(file)) {}

    Status open() {
        QICE_RETURN_IF_ERROR(source_.read(text_, kChunk));
        if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;
        return {};
    }

    /// Takes the next line that is not blank; false at the end of the file.
    Result<bool> take_next(FirmCollector& rows, const Schema& schema, const ReadOptions& options,
                           StringSet& ignored) {
        for (;;) {
            std::size_t end = text_.find('\n', at_);
            while (end == text_.npos && !source_.at_end()) {
                text_.erase(0, std::exchange(at_, 0));
                const std::size_t old = text_.size();
                QICE_RETURN_IF_ERROR(source_.read(text_, std::max(kChunk, old)));
                end = text_.find('\n', old);
            }
            if (at_ >= text_.size()) return false;
            end = std::min(end, text_.size());
            const std::string_view line = json_line(std::string_view(text_).substr(at_, end - at_));
            at_ = end + 1;
            ++number_;
            if (line.empty()) continue;
            QICE_RETURN_IF_ERROR(
                take_json_line(rows, schema, options, {file_, line, number_}, ignored));
            return true;
        }
    }

  private:
    static constexpr std::size_t kChunk = 1 << 20;

    ByteSource source_;
    std::string file_;
    std::string text_;
    std::size_t at_ = 0;
    std::uint32_t number_ = 0;
};

Result<FirmsRead> read_csv(ByteSource source, const std::string& file, const SchemaPtr& schema,
                           const ReadOptions& options) {
    CsvStream stream(std::move(source), file);
    QICE_RETURN_IF_ERROR(stream.open(*schema, options));
    return read_csv_firms(stream, schema, options);
}

Result<FirmsRead> read_jsonl(ByteSource source, const std::string& file, const SchemaPtr& schema,
                             const ReadOptions& options) {
    constexpr std::size_t kBatch = 4096;
    JsonStream stream(std::move(source), file);
    QICE_RETURN_IF_ERROR(stream.open());
    FirmReading reading(schema, options);
    FirmCollector batch(schema, options);
    batch.look_in(&reading.seen(), &reading.table(), 0);
    StringSet ignored;
    for (;;) {
        if (options.is_cancelled()) return cancelled_reading();
        QICE_ASSIGN_OR_RETURN(const bool found, stream.take_next(batch, *schema, options, ignored));
        if (!found || batch.size() >= kBatch) reading.take(batch);
        if (!found) break;
    }
    FirmsRead out = std::move(reading).finish(options.threads);
    out.ignored_columns = sorted(ignored);
    return out;
}

} // namespace

Result<FirmsRead> read_firms_csv(std::string_view text, const std::string& file, SchemaPtr schema,
                                 const ReadOptions& options) {
    return read_csv(ByteSource::over(text), file, schema, options);
}

Result<FirmsRead> read_firms_jsonl(std::string_view text, const std::string& file, SchemaPtr schema,
                                   const ReadOptions& options) {
    return read_jsonl(ByteSource::over(text), file, schema, options);
}

Result<FirmsRead> read_firms(const std::string& path, SchemaPtr schema,
                             const ReadOptions& options) {
    QICE_ASSIGN_OR_RETURN(ByteSource source,
                          ByteSource::open(path, options.encoding == Encoding::gb18030));
    if (path.ends_with(".jsonl")) return read_jsonl(std::move(source), path, schema, options);
    return read_csv(std::move(source), path, schema, options);
}

// ------------------------------------------------------------------------------- FirmReader

class FirmReader::Impl {
  public:
    Impl(const std::string& path, SchemaPtr schema, const ReadOptions& options, ByteSource source)
        : schema_(std::move(schema)), options_(options), batch_(schema_, options) {
        if (path.ends_with(".jsonl"))
            json_.emplace(std::move(source), path);
        else
            csv_.emplace(std::move(source), path);
    }

    Status open() { return csv_ ? csv_->open(*schema_, options_) : json_->open(); }

    Result<FirmsRead> next(std::size_t firms) {
        firms = std::max<std::size_t>(firms, 1);
        return csv_ ? read_csv_firms(*csv_, schema_, options_, firms) : next_of_json(firms);
    }

  private:
    Result<FirmsRead> next_of_json(std::size_t firms) {
        constexpr std::size_t kBatch = 4096;
        FirmReading reading(schema_, options_);
        batch_.change_table();
        batch_.look_in(&reading.seen(), &reading.table(), 0);
        StringSet ignored;
        for (;;) {
            const bool is_full = reading.table().size() + batch_.size() >= firms;
            if (is_full || batch_.size() >= kBatch) reading.take(batch_);
            if (is_full) break;
            QICE_ASSIGN_OR_RETURN(const bool found,
                                  json_->take_next(batch_, *schema_, options_, ignored));
            if (found) continue;
            reading.take(batch_);
            break;
        }
        FirmsRead out = std::move(reading).finish(options_.threads);
        out.ignored_columns = sorted(ignored);
        return out;
    }

    SchemaPtr schema_;
    ReadOptions options_;
    FirmCollector batch_;
    std::optional<CsvStream> csv_; // either of the two
    std::optional<JsonStream> json_;
};

FirmReader::FirmReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FirmReader::FirmReader(FirmReader&&) noexcept = default;
FirmReader& FirmReader::operator=(FirmReader&&) noexcept = default;
FirmReader::~FirmReader() = default;

Result<FirmReader> FirmReader::open(const std::string& path, SchemaPtr schema,
                                    const ReadOptions& options) {
    QICE_ASSIGN_OR_RETURN(ByteSource source,
                          ByteSource::open(path, options.encoding == Encoding::gb18030));
    auto impl = std::make_unique<Impl>(path, std::move(schema), options, std::move(source));
    QICE_RETURN_IF_ERROR(impl->open());
    return FirmReader(std::move(impl));
}

Result<FirmsRead> FirmReader::next(std::size_t firms) { return impl_->next(firms); }

} // namespace qice
