#include "base/in_threads.hpp"
#include "io/arrow_column.hpp"
#include "io/arrow_make.hpp"
#include "io/arrow_owned.hpp"
#include "io/firm_csv.hpp"
#include "qice/base/text.hpp"
#include "qice/io/arrow.hpp"

#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>

namespace qice {
namespace {

constexpr char kStream[] = "Arrow stream"; // where a file would be named
constexpr std::int64_t kMostFirms = (std::int64_t{1} << 31) - 2;
constexpr std::uint32_t kChunk = 4096; // rows, in columns that stay in the cache

/// The id column, or a column with a field.
struct UsedColumn {
    std::size_t place; // among the table's columns
    std::uint32_t field;
};

/// What the stream's schema says.
struct Table {
    ArrowType type;
    std::vector<UsedColumn> columns; // in the order of the table, the id column too
    std::size_t id = 0;              // of columns
    std::vector<std::string> ignored;
};

Result<Table> read_table(ArrowSchema* schema, const Schema& fields, const ReadOptions& options) {
    Table table;
    QICE_ASSIGN_OR_RETURN(table.type, read_arrow_type(schema));
    if (table.type.id != ArrowType::Id::structure)
        return invalid_input("this stream holds arrays of type " + table.type.name +
                                 "; a table is a struct with a child a column",
                             {kStream});
    const std::vector<std::string_view> names(table.type.labels.begin(), table.type.labels.end());
    QICE_ASSIGN_OR_RETURN(Columns columns, columns_of(names, fields, options, {kStream}));
    table.ignored = std::move(columns.ignored);
    for (std::size_t place = 0; place < columns.fields.size(); ++place) {
        const std::uint32_t field = columns.fields[place];
        if (field == Columns::kIgnored) continue;
        const ArrowType& type = table.type.parts[place];
        if (field == Columns::kId) table.id = table.columns.size();
        const Status status = field == Columns::kId ? check_names_firms(type, fields.id_column())
                                                    : check_fits(type, fields[field]);
        if (!status.ok()) return invalid_input(status.message(), {kStream});
        table.columns.push_back({place, field});
    }
    return table;
}

struct Batch {
    ArrowOwned<ArrowArray> array;
    std::uint64_t number = 0;    // from 1
    std::uint64_t first_row = 0; // in the stream
    ArrowView table;
    std::vector<ArrowView> columns; // those that are used
    std::uint32_t open_chunks = 0;  // of who holds the mutex
};

/// Some rows of a batch.
struct Chunk {
    Batch* batch = nullptr;
    std::uint64_t number = 0; // in the stream
    std::int64_t from = 0;
    std::uint32_t count = 0;
};

/// Makes rows of chunks. Of one thread.
class ChunkReader {
  public:
    ChunkReader(const Table& table, const SchemaPtr& schema, const ReadOptions& options)
        : table_(table), schema_(*schema), strict_(options.strict), rows_(schema, options) {
        rows_.call_lines_rows();
        for (const UsedColumn& column : table.columns)
            writers_.push_back(column.field == Columns::kId
                                   ? nullptr
                                   : make_arrow_column(table.type.parts[column.place],
                                                       schema_[column.field], column.field));
    }

    FirmCollector& rows() { return rows_; }

    /// Checks a chunk; a fault in its structure is a Status.
    Status check(const Chunk& chunk) {
        not_utf8_.clear();
        for (std::size_t i = 0; i < table_.columns.size(); ++i) {
            const ArrowView& view = chunk.batch->columns[i];
            const Status status = check_rows(view, chunk.from, chunk.count);
            if (!status.ok()) return located(status, *chunk.batch, i);
            if (are_utf8_rows(view, chunk.from, chunk.count)) continue;
            not_utf8_.resize(chunk.count);
            for (std::uint32_t row = 0; row < chunk.count; ++row)
                if (!is_utf8_row(view, chunk.from + row)) not_utf8_[row] = true;
        }
        return {};
    }

    /// Makes rows of a chunk that passed; into ids seen if there are any.
    void read(const Chunk& chunk, bool by_row) {
        if (strict_ || by_row) return read_rows(chunk);
        runs_.clear();
        for (std::uint32_t i = 0; i < chunk.count; ++i) {
            const std::uint32_t row = rows_.rows().size();
            if (!begin(chunk, i, false)) continue;
            if (runs_.empty() || runs_.back().from + runs_.back().count != chunk.from + i)
                runs_.push_back({chunk.from + i, row, 0, chunk.batch->number});
            ++runs_.back().count;
        }
        for (std::size_t i = 0; i < writers_.size(); ++i)
            for (const ArrowRun& run : runs_)
                write(chunk, i, run);
        rows_.settle();
    }

    Status located(const Status& status, const Batch& batch, std::size_t column) const {
        const std::size_t place = table_.columns[column].place;
        return {status.code(),
                "batch " + std::to_string(batch.number) + ", which begins at row " +
                    std::to_string(batch.first_row + 1) + ", column " +
                    in_quotes(table_.type.labels[place]) + ": " + status.message(),
                {kStream}};
    }

  private:
    /// Row by row, for rows that may be refused for their cells, or for an id seen before.
    void read_rows(const Chunk& chunk) {
        for (std::uint32_t i = 0; i < chunk.count; ++i) {
            if (!begin(chunk, i, true)) continue;
            const ArrowRun run{chunk.from + i, rows_.rows().size(), 1, chunk.batch->number};
            for (std::size_t column = 0; column < writers_.size(); ++column)
                write(chunk, column, run);
            rows_.end();
        }
    }

    bool begin(const Chunk& chunk, std::uint32_t i, bool by_row) {
        const std::int64_t row = chunk.from + i;
        const std::uint64_t line = chunk.batch->first_row + static_cast<std::uint64_t>(row) + 1;
        if (!not_utf8_.empty() && not_utf8_[i] && chunk.batch->table.is_valid(row)) {
            rows_.set_aside(line, {}, {}, "the row is not UTF-8");
            return false;
        }
        const ArrowView& ids = chunk.batch->columns[table_.id];
        std::string_view id;
        if (chunk.batch->table.is_valid(row) && ids.type->id != ArrowType::Id::null &&
            ids.is_valid(row))
            id = trim(text_at(ids, row, id_));
        return by_row ? rows_.begin(line, id) : rows_.add_row(line, id);
    }

    void write(const Chunk& chunk, std::size_t column, const ArrowRun& run) {
        if (writers_[column]) writers_[column]->write(chunk.batch->columns[column], run, rows_);
    }

    const Table& table_;
    const Schema& schema_;
    const bool strict_;
    FirmCollector rows_;
    std::vector<std::unique_ptr<ArrowColumn>> writers_; // none of the id
    std::vector<bool> not_utf8_;                        // by row of the chunk; empty: all are
    std::vector<ArrowRun> runs_;
    std::string id_;
};

/// Reads a stream. The calling thread asks for batches and gives them back; it and others make rows
/// of them, chunk by chunk, and put these into the table in their order.
class StreamReader {
  public:
    StreamReader(ArrowOwned<ArrowArrayStream> stream, SchemaPtr schema, const ReadOptions& options)
        : stream_(std::move(stream)), schema_(std::move(schema)), options_(options),
          reading_(schema_, options) {}

    Result<FirmsRead> run() {
        ArrowOwned<ArrowSchema> schema;
        QICE_RETURN_IF_ERROR(call(stream_->get_schema, schema.get(), "schema"));
        if (schema.is_released())
            return invalid_input("the producer gave no schema, and no error", {kStream});
        QICE_ASSIGN_OR_RETURN(table_, read_table(schema.get(), *schema_, options_));
        schema.release();
        QICE_RETURN_IF_ERROR(read_all());
        FirmsRead out = std::move(reading_).finish(std::max(options_.threads, 1u));
        out.ignored_columns = std::move(table_.ignored);
        return out;
    }

  private:
    template <class Structure>
    Status call(int (*function)(ArrowArrayStream*, Structure*), Structure* out, const char* what) {
        if (function == nullptr)
            return invalid_input(std::string("the stream has no function that gives its ") + what,
                                 {kStream});
        const int error = function(stream_.get(), out);
        if (error == 0) return {};
        out->release = nullptr; // nothing was given
        const char* const text =
            stream_->get_last_error != nullptr ? stream_->get_last_error(stream_.get()) : nullptr;
        std::string sentence = std::string("the producer gave no ") + what + ": " +
                               std::generic_category().message(error);
        if (text != nullptr && *text != 0)
            sentence += is_utf8(text) ? ": " + visible(excerpt(text, 500)) : " (and no UTF-8)";
        return {StatusCode::io, std::move(sentence), {kStream}};
    }

    Status read_all() {
        in_threads(std::max(options_.threads, 1u), [this](unsigned i) {
            try {
                ChunkReader reader(table_, schema_, options_);
                i == 0 ? work(reader) : work_along(reader);
            } catch (...) {
                stop();
                throw;
            }
        });
        return status_;
    }

    /// Of the calling thread.
    void work(ChunkReader& reader) {
        const std::size_t enough = std::size_t{2} * std::max(options_.threads, 1u);
        for (;;) {
            std::unique_lock lock(mutex_);
            give_back();
            if (options_.is_cancelled() && !stop_) {
                status_ = cancelled_reading();
                stop_ = true;
                changed_.notify_all();
            }
            if (stop_ || (ended_ && chunks_.empty())) break;
            if (!ended_ && chunks_.size() < enough) {
                lock.unlock();
                ask();
                continue;
            }
            const Chunk chunk = chunks_.front();
            chunks_.pop_front();
            lock.unlock();
            read(chunk, reader);
        }
    }

    /// Of the other threads.
    void work_along(ChunkReader& reader) {
        for (;;) {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [&] { return stop_ || ended_ || !chunks_.empty(); });
            if (stop_ || chunks_.empty()) return;
            const Chunk chunk = chunks_.front();
            chunks_.pop_front();
            lock.unlock();
            read(chunk, reader);
        }
    }

    void stop() {
        const std::lock_guard lock(mutex_);
        stop_ = true;
        changed_.notify_all();
    }

    /// Asks for a batch and cuts it into chunks. What is wrong with it shows after the rows before.
    void ask() {
        auto batch = std::make_unique<Batch>();
        Status status = call(stream_->get_next, batch->array.get(), "batch");
        if (status.ok() && !batch->array.is_released()) status = look_at_batch(*batch);
        const std::lock_guard lock(mutex_);
        changed_.notify_all();
        if (!status.ok() || batch->array.is_released()) {
            ended_ = true;
            last_status_ = std::move(status);
            if (asked_ == turn_) status_ = last_status_;
            return;
        }
        Batch& kept = *batches_.emplace_back(std::move(batch));
        const std::int64_t rows = kept.table.length;
        rows_ += rows;
        for (std::int64_t from = 0; from < rows; from += kChunk) {
            const auto count =
                static_cast<std::uint32_t>(std::min<std::int64_t>(rows - from, kChunk));
            chunks_.push_back({&kept, asked_++, from, count});
            ++kept.open_chunks;
        }
    }

    Status look_at_batch(Batch& batch) {
        batch.number = ++batches_seen_;
        batch.first_row = static_cast<std::uint64_t>(rows_);
        const auto located = [&](const Status& status) {
            return Status(status.code(),
                          "batch " + std::to_string(batch.number) + ": " + status.message(),
                          {kStream});
        };
        Result<ArrowView> table = look_at_table(batch.array.get(), table_.type);
        if (!table.ok()) return located(table.status());
        batch.table = std::move(*table);
        if (batch.table.length > kMostFirms - rows_)
            return {StatusCode::limit,
                    "there are more than " + std::to_string(kMostFirms) + " rows",
                    {kStream}};
        if (batch.number == 1) reading_.expect(static_cast<std::size_t>(batch.table.length));
        for (const UsedColumn& column : table_.columns) {
            const ArrowType& type = table_.type.parts[column.place];
            const std::string name = in_quotes(table_.type.labels[column.place]);
            if (column.field == Columns::kId && type.id == ArrowType::Id::null &&
                batch.table.length > 0)
                return located(invalid_input("column " + name + ", which names the firm, is of " +
                                             "type null: no row has one"));
            Result<ArrowView> view = look_at(batch.array->children[column.place], type,
                                             batch.table.offset, batch.table.length);
            if (!view.ok())
                return located(invalid_input("column " + name + ": " + view.status().message()));
            batch.columns.push_back(std::move(*view));
        }
        return {};
    }

    void read(const Chunk& chunk, ChunkReader& reader) {
        const Status status = reader.check(chunk);
        FirmCollector& rows = reader.rows();
        rows.look_in(nullptr, nullptr, 0);
        if (status.ok()) reader.read(chunk, false);

        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return stop_ || turn_ == chunk.number; });
        if (stop_) return;
        if (!status.ok()) {
            status_ = status;
            stop_ = true;
            changed_.notify_all();
            return;
        }
        lock.unlock(); // nobody else has this turn
        if (!reading_.seen().add_all(rows, reading_.table(), 0)) {
            rows.clear();
            rows.look_in(&reading_.seen(), &reading_.table(), 0);
            reader.read(chunk, true);
        }
        const FirmTableWriter::Place place = reading_.add(rows, 0);
        lock.lock();
        ++turn_;
        --chunk.batch->open_chunks;
        if (ended_ && turn_ == asked_) status_ = last_status_;
        changed_.notify_all();
        lock.unlock();
        reading_.table().write(rows.rows(), place);
        rows.clear();
    }

    /// Releases batches that were read.
    void give_back() {
        while (!batches_.empty() && batches_.front()->open_chunks == 0)
            batches_.pop_front();
    }

    ArrowOwned<ArrowArrayStream> stream_;
    const SchemaPtr schema_;
    const ReadOptions options_;
    Table table_;
    FirmReading reading_;            // of who has the turn; its columns are written by all
    std::uint64_t batches_seen_ = 0; // of the calling thread
    std::int64_t rows_ = 0;          // likewise

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::unique_ptr<Batch>> batches_;
    std::deque<Chunk> chunks_; // to be read
    std::uint64_t asked_ = 0;  // chunks so far
    std::uint64_t turn_ = 0;   // the chunk to be put next
    bool ended_ = false;       // no batch comes any more
    bool stop_ = false;
    Status last_status_, status_; // of the end of the stream; of the reading
};

} // namespace

Result<FirmsRead> read_firms_arrow(ArrowArrayStream* stream, SchemaPtr schema,
                                   const ReadOptions& options) {
    ArrowOwned<ArrowArrayStream> owned(stream);
    if (owned.is_released())
        return Status(StatusCode::usage,
                      stream == nullptr ? "there is no Arrow stream"
                                        : "this Arrow stream was released; a stream is read once");
    return StreamReader(std::move(owned), std::move(schema), options).run();
}

Result<FirmsRead> read_firms_arrow(ArrowSchema* type, ArrowArray* batch, SchemaPtr schema,
                                   const ReadOptions& options) {
    ArrowOwned<ArrowSchema> owned_type(type);
    ArrowOwned<ArrowArray> owned_batch(batch);
    if (owned_type.is_released() || owned_batch.is_released())
        return Status(StatusCode::usage, "this Arrow batch, or its type, was released or is none");
    ArrowArrayStream stream = arrow_stream_of(std::move(owned_type), std::move(owned_batch));
    return read_firms_arrow(&stream, std::move(schema), options);
}

} // namespace qice
