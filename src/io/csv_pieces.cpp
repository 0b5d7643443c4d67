#include "io/csv_pieces.hpp"

#include "base/in_threads.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>

namespace qice {
namespace {

struct Piece {
    std::uint64_t number = 0;
    std::string text;
    bool is_last = false;
    // Of the reading of it:
    std::size_t used = 0;    // bytes that were whole records
    std::uint64_t lines = 0; // in them
};

class PieceReader {
  public:
    PieceReader(CsvStream& stream, SchemaPtr schema, const ReadOptions& options, std::size_t most,
                FirmReading& reading)
        : stream_(stream), source_(stream.source()), columns_(stream.columns()),
          chunk_(stream.chunk()), schema_(std::move(schema)), options_(options), most_(most),
          reading_(reading), rest_(stream.take_rest()), line_(stream.rest_line()) {}

    Status run() {
        in_threads(options_.threads, [this](unsigned) { work(); });
        if (thrown_) std::rethrow_exception(thrown_);
        std::string rest = std::move(unfinished_);
        for (const auto& [number, text] : left_over_)
            rest += text;
        stream_.put_back(rest.append(rest_, cut_), line_);
        return status_;
    }

  private:
    void work() {
        try {
            FirmCollector batch(schema_, options_);
            Piece piece;
            while (next_piece(piece)) {
                batch.look_in(nullptr, nullptr, 0);
                read(piece, batch, SIZE_MAX);
                put(piece, batch);
            }
        } catch (...) {
            const std::lock_guard lock(mutex_);
            if (!thrown_) thrown_ = std::current_exception();
            stop_ = true;
            turn_came_.notify_all();
        }
    }

    bool fail(Status status) {
        const std::lock_guard lock(mutex_);
        status_ = std::move(status);
        stop_ = true;
        turn_came_.notify_all();
        return false;
    }

    /// The text up to the last line break of the next chunk.
    bool next_piece(Piece& piece) {
        const std::lock_guard lock(source_mutex_);
        if (all_cut_ || stop_) return false;
        if (options_.is_cancelled()) return fail(cancelled_reading());
        const std::size_t line_end =
            rest_.size() - cut_ > chunk_ ? rest_.rfind('\n', cut_ + chunk_) + 1 : 0;
        if (line_end > cut_) { // npos + 1 = 0
            piece.text.assign(rest_, cut_, line_end - cut_);
            cut_ = line_end;
        } else {
            piece.text.assign(rest_, cut_);
            std::size_t end = 0;
            while (end == 0 && !source_.at_end()) {
                const std::size_t old = piece.text.size();
                Status status = source_.read(piece.text, std::max(chunk_, old));
                if (!status.ok()) return fail(std::move(status));
                end = piece.text.rfind('\n') + 1;
            }
            if (source_.at_end()) end = piece.text.size();
            rest_.assign(piece.text, end);
            cut_ = 0;
            piece.text.resize(end);
        }
        piece.is_last = all_cut_ = source_.at_end() && cut_ == rest_.size();
        piece.number = pieces_cut_++;
        return true;
    }

    /// At most so many firms into an empty batch, with lines that count from the piece's first.
    void read(Piece& piece, FirmCollector& batch, std::size_t most) const {
        CsvRecords records(piece.text, 0, !piece.is_last);
        while (batch.size() < most && records.next())
            take_record(batch, records, columns_);
        piece.used = records.rest();
        piece.lines = records.rest_line();
    }

    /// Puts a piece behind those before it, when its turn comes.
    void put(Piece& piece, FirmCollector& batch) {
        std::unique_lock lock(mutex_);
        turn_came_.wait(lock, [&] { return stop_ || turn_ == piece.number; });
        if (stop_) {
            left_over_.emplace(piece.number, std::move(piece.text));
            return;
        }
        lock.unlock(); // nobody else has this turn
        const bool has_rows = join(piece, batch);
        FirmTableWriter::Place place;
        if (has_rows) place = add(piece, batch);
        lock.lock();
        ++turn_;
        if (wanted() == 0) stop_ = true;
        turn_came_.notify_all();
        lock.unlock();
        if (has_rows) reading_.table().write(batch.rows(), place);
        batch.clear();
    }

    /// Makes the piece begin with a record and the batch what it holds; false: there is no
    /// telling before more of the text is known.
    bool join(Piece& piece, FirmCollector& batch) {
        if (!unfinished_.empty()) {
            unfinished_ += piece.text;
            if (!piece.is_last && unfinished_.size() < 2 * unfinished_tried_) return false;
            piece.text = std::exchange(unfinished_, {});
        } else if (batch.size() < wanted() &&
                   reading_.seen().add_all(batch, reading_.table(), line_)) {
            return true;
        }
        batch.clear();
        batch.look_in(&reading_.seen(), &reading_.table(), line_);
        read(piece, batch, wanted());
        return true;
    }

    std::size_t wanted() { return most_ - reading_.table().size(); }

    FirmTableWriter::Place add(Piece& piece, FirmCollector& batch) {
        if (piece.number == 0 && piece.used > 0)
            reading_.expect(std::min(most_, source_.size() / piece.used * batch.size() / 32 * 33));
        const FirmTableWriter::Place place = reading_.add(batch, line_);
        line_ += piece.lines;
        unfinished_ = piece.text.substr(piece.used);
        unfinished_tried_ = unfinished_.size();
        return place;
    }

    CsvStream& stream_;
    ByteSource& source_;
    const Columns& columns_;
    const std::size_t chunk_;
    const SchemaPtr schema_;
    const ReadOptions options_;
    const std::size_t most_; // firms
    FirmReading& reading_;   // of who has the turn; its columns are written by all

    std::mutex source_mutex_; // before mutex_
    std::string rest_;        // read, and from cut_ on in no piece yet
    std::size_t cut_ = 0;
    bool all_cut_ = false;
    std::uint64_t pieces_cut_ = 0;

    std::mutex mutex_;
    std::condition_variable turn_came_;
    std::uint64_t turn_ = 0; // the piece to be put next
    std::atomic<bool> stop_ = false;
    Status status_;
    std::exception_ptr thrown_;
    std::map<std::uint64_t, std::string> left_over_; // pieces cut in vain

    // Of who has the turn.
    std::uint64_t line_;     // of what comes next
    std::string unfinished_; // the record that the pieces so far ended within
    std::size_t unfinished_tried_ = 0;
};

} // namespace

Status read_csv_pieces(CsvStream& stream, const SchemaPtr& schema, const ReadOptions& options,
                       std::size_t most, FirmReading& reading) {
    return PieceReader(stream, schema, options, most, reading).run();
}

} // namespace qice
