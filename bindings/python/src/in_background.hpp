// Long work beside Python: other Python threads run meanwhile, and Ctrl-C ends it.
//
//   auto answer = in_background([&] { return match_firms(...); }, &control.cancel);
//
// The work runs on a thread of its own, without the GIL; the caller waits and looks for signals
// every 50 ms. When one raises an exception (KeyboardInterrupt), `cancel` is set, the work comes to
// its end, and the exception is thrown. Costs some 30 us, so it is not for one firm.
#pragma once

#include <pybind11/pybind11.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

namespace qice::python {

inline constexpr std::chrono::milliseconds kBetweenSignals{50};

/// For long work that needs the GIL; called now and then.
inline void throw_if_signalled() {
    if (PyErr_CheckSignals() != 0) throw pybind11::error_already_set();
}

template <class Work> auto in_background(Work&& work, std::atomic<bool>* cancel = nullptr) {
    std::optional<decltype(work())> result;
    std::exception_ptr thrown;
    bool done = false;
    std::mutex mutex;
    std::condition_variable ended;
    std::thread worker([&] {
        try {
            result.emplace(work());
        } catch (...) {
            thrown = std::current_exception();
        }
        const std::lock_guard lock(mutex);
        done = true;
        ended.notify_one();
    });
    bool interrupted = false;
    for (bool waiting = true; waiting;) {
        const pybind11::gil_scoped_release without_gil;
        std::unique_lock lock(mutex);
        waiting = !ended.wait_for(lock, kBetweenSignals, [&] { return done; });
        lock.unlock();
        if (!waiting) {
            worker.join();
        } else if (!interrupted) {
            const pybind11::gil_scoped_acquire with_gil;
            interrupted = PyErr_CheckSignals() != 0;
            if (interrupted && cancel != nullptr) *cancel = true;
        }
    }
    if (interrupted) {
        result.reset();
        throw pybind11::error_already_set();
    }
    if (thrown) std::rethrow_exception(thrown);
    return std::move(*result);
}

} // namespace qice::python
