// Work shared out to threads, without any exception left behind in one.
//
//   in_threads(threads, [&](unsigned i) { ... });
//   share_out(threads, count, [&](std::size_t i) { ... });
//
// Calls work(0) ... work(threads - 1) and returns when all are done: the first in the calling
// thread, each other one in a thread of its own. Where the system refuses a thread its work is done
// in the calling one, after that one's own; so no work may wait for another to begin. What a work
// throws goes on to the caller (the first of them), once all have ended.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace qice {

template <class Work> void in_threads(unsigned threads, Work&& work) {
    std::exception_ptr thrown;
    std::mutex mutex;
    const auto guarded = [&](unsigned i) {
        try {
            work(i);
        } catch (...) {
            const std::lock_guard lock(mutex);
            if (!thrown) thrown = std::current_exception();
        }
    };
    std::vector<std::thread> others;
    others.reserve(threads);
    unsigned started = 1;
    try {
        for (; started < threads; ++started)
            others.emplace_back(guarded, started);
    } catch (const std::system_error&) {
    } catch (const std::bad_alloc&) {
    }
    guarded(0);
    for (unsigned i = started; i < threads; ++i)
        guarded(i);
    for (std::thread& other : others)
        other.join();
    if (thrown) std::rethrow_exception(thrown);
}

/// Calls work(0) ... work(count - 1), each thread taking the next one; of the first that throws,
/// the thread takes no more.
template <class Work> void share_out(unsigned threads, std::size_t count, Work&& work) {
    std::atomic<std::size_t> next{0};
    const auto most = static_cast<unsigned>(std::min<std::size_t>(threads, count));
    in_threads(std::max(most, 1u), [&](unsigned) {
        for (std::size_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < count;)
            work(i);
    });
}

} // namespace qice
