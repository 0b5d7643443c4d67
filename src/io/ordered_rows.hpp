// Rows made by several threads, written to one file in order.
//
// The rows are cut into numbered parts. A thread takes the next part, fills its buffer and waits
// for its turn to write; while one writes, the others fill theirs. A buffer that is full before its
// part is done waits for its turn, too, and then keeps it: memory does not grow with a part.
#pragma once

#include "qice/io/writer.hpp"

#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace qice {

class RowBuffer;

class OrderedRows {
  public:
    OrderedRows(AtomicFile& file, std::size_t parts) : file_(file), parts_(parts) {}

    /// Calls fill(part, buffer) for every part, on so many threads, this one among them.
    Status write(unsigned threads,
                 const std::function<void(std::size_t part, RowBuffer& buffer)>& fill);

  private:
    friend class RowBuffer;
    void work(RowBuffer& buffer,
              const std::function<void(std::size_t part, RowBuffer& buffer)>& fill);
    /// The next part's number, or parts_ when there is nothing left to do.
    std::size_t take();
    void wait_for_turn(std::size_t part);
    void end_turn();
    /// By the thread whose turn it is.
    void put(std::string_view bytes);

    AtomicFile& file_;
    const std::size_t parts_;
    std::mutex mutex_; // of all below
    // Whose turn may come next, by part: those that are filled and not written are never more than
    // there are threads.
    std::vector<std::condition_variable> turned_;
    std::size_t taken_ = 0, turn_ = 0;
    Status status_;
    std::exception_ptr thrown_; // by fill(): then turns are over and nothing more is written
};

/// One thread's rows on their way to the file.
class RowBuffer {
  public:
    explicit RowBuffer(OrderedRows& rows);

    /// Where to go on, with room for so many bytes.
    char* room(char* at, std::size_t bytes) {
        if (static_cast<std::size_t>(end_ - at) >= bytes) [[likely]]
            return at;
        return make_room(at, bytes);
    }
    char* begin() const { return at_; }
    /// The rows until here are written.
    void end(char* at) { at_ = at; }

  private:
    friend class OrderedRows;
    char* make_room(char* at, std::size_t bytes);
    void flush();

    OrderedRows& rows_;
    std::size_t part_ = 0;
    bool has_turn_ = false;
    std::unique_ptr<char[]> buffer_;
    char *at_, *end_;
};

} // namespace qice
