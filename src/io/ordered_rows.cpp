#include "io/ordered_rows.hpp"

#include "base/in_threads.hpp"

#include <algorithm>
#include <vector>

namespace qice {
namespace {

// Small enough to stay in a core's own cache together with what rows are made of.
constexpr std::size_t kBufferBytes = std::size_t{1} << 18;

} // namespace

Status OrderedRows::write(unsigned threads,
                          const std::function<void(std::size_t, RowBuffer&)>& fill) {
    const std::size_t count = std::clamp<std::size_t>(parts_, 1, std::max(threads, 1u));
    turned_ = std::vector<std::condition_variable>(count);
    std::vector<RowBuffer> buffers;
    for (std::size_t t = 0; t < count; ++t)
        buffers.emplace_back(*this);
    in_threads(static_cast<unsigned>(count), [&](unsigned t) { work(buffers[t], fill); });
    if (thrown_) std::rethrow_exception(thrown_);
    return status_;
}

void OrderedRows::work(RowBuffer& buffer,
                       const std::function<void(std::size_t, RowBuffer&)>& fill) {
    try {
        while ((buffer.part_ = take()) < parts_) {
            fill(buffer.part_, buffer);
            buffer.flush();
            buffer.has_turn_ = false;
            end_turn();
        }
    } catch (...) {
        const std::lock_guard lock(mutex_);
        thrown_ = std::current_exception();
        for (std::condition_variable& turned : turned_)
            turned.notify_all();
    }
}

std::size_t OrderedRows::take() {
    const std::lock_guard lock(mutex_);
    if (thrown_ || !status_.ok() || taken_ == parts_) return parts_;
    return taken_++;
}

void OrderedRows::wait_for_turn(std::size_t part) {
    std::unique_lock lock(mutex_);
    turned_[part % turned_.size()].wait(lock, [&] { return turn_ == part || thrown_; });
}

void OrderedRows::end_turn() {
    const std::lock_guard lock(mutex_);
    ++turn_;
    turned_[turn_ % turned_.size()].notify_one();
}

void OrderedRows::put(std::string_view bytes) {
    {
        const std::lock_guard lock(mutex_);
        if (thrown_ || !status_.ok()) return;
    }
    Status status = file_.write(bytes);
    if (status.ok()) return;
    const std::lock_guard lock(mutex_);
    status_ = std::move(status);
}

RowBuffer::RowBuffer(OrderedRows& rows)
    : rows_(rows), buffer_(std::make_unique_for_overwrite<char[]>(kBufferBytes)),
      at_(buffer_.get()), end_(at_ + kBufferBytes) {}

char* RowBuffer::make_room(char* at, std::size_t bytes) {
    at_ = at;
    flush();
    if (static_cast<std::size_t>(end_ - at_) < bytes) { // a row longer than the buffer
        buffer_ = std::make_unique_for_overwrite<char[]>(2 * bytes);
        at_ = buffer_.get();
        end_ = at_ + 2 * bytes;
    }
    return at_;
}

void RowBuffer::flush() {
    if (!has_turn_) rows_.wait_for_turn(part_);
    has_turn_ = true;
    rows_.put({buffer_.get(), static_cast<std::size_t>(at_ - buffer_.get())});
    at_ = buffer_.get();
}

} // namespace qice
