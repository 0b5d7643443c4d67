// Faults at exact instants of a program's input and output, preloaded into it by the tests of the
// nightly push.
//
//     LD_PRELOAD=libqice_fault.so QICE_FAULT=kill:17 qice push ...
//
// A step is a call that writes, sends, syncs, cuts, renames or removes; standard output and error
// do not count.
//     count:PATH  writes how many steps there were to PATH when the program ends
//     kill:K      SIGKILL before step K
//     torn:K      step K writes half of its bytes, if it writes, then SIGKILL
//     stop:K      SIGTERM at step K, which then goes on
//     hold:K      SIGSTOP before step K: the program waits there for SIGCONT
//     full:K      from step K on the disk is full: what writes gets ENOSPC
// With QICE_CLOCK=SECONDS the wall clock starts there (seconds since 1970) and goes on from it.
// It keeps no lock and allocates nothing; the counter is atomic, so threads share the steps.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

namespace {

enum class Fault { none, count, kill, torn, stop, hold, full };

struct Plan {
    Fault fault = Fault::none;
    long step = 0;
    char path[4096] = {};

    Plan() {
        const char* text = getenv("QICE_FAULT");
        const char* colon = text ? strchr(text, ':') : nullptr;
        if (!colon) return;
        const auto is = [&](const char* word) {
            return strlen(word) == size_t(colon - text) && !strncmp(text, word, colon - text);
        };
        fault = is("count")  ? Fault::count
                : is("kill") ? Fault::kill
                : is("torn") ? Fault::torn
                : is("stop") ? Fault::stop
                : is("hold") ? Fault::hold
                             : Fault::full;
        step = atol(colon + 1);
        snprintf(path, sizeof path, "%s", colon + 1);
    }
};

std::atomic<long> steps{0};

const Plan& plan() {
    static const Plan made;
    return made;
}

// Counts a step; true if it is to fail for want of room. What writes nothing cannot be torn.
bool is_full(bool writes = false) {
    const long now = ++steps;
    const bool due = now == plan().step;
    const bool ends = plan().fault == Fault::kill || (plan().fault == Fault::torn && !writes);
    if (due && ends) kill(getpid(), SIGKILL);
    if (due && plan().fault == Fault::stop) kill(getpid(), SIGTERM);
    if (due && plan().fault == Fault::hold) kill(getpid(), SIGSTOP);
    return plan().fault == Fault::full && now >= plan().step;
}

bool is_torn() { return plan().fault == Fault::torn && steps == plan().step; }

template <class Function> Function* next(const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

// `write(n)` writes the first n bytes.
template <class Write> ssize_t faulty_write(int file, size_t size, Write write) {
    if (file <= 2) return write(size);
    if (is_full(true)) {
        errno = ENOSPC;
        return -1;
    }
    if (!is_torn()) return write(size);
    write(size / 2);
    kill(getpid(), SIGKILL);
    return -1;
}

int real_clock(clockid_t clock, timespec* now) {
    static auto* const real = next<int(clockid_t, timespec*)>("clock_gettime");
    return real(clock, now);
}

struct WallClock {
    bool is_set = false;
    time_t start = 0;
    timespec began = {}; // by the clock that nobody sets

    WallClock() {
        const char* text = getenv("QICE_CLOCK");
        if (text == nullptr) return;
        is_set = true;
        start = atol(text);
        real_clock(CLOCK_MONOTONIC, &began);
    }

    timespec now() const {
        timespec now;
        real_clock(is_set ? CLOCK_MONOTONIC : CLOCK_REALTIME, &now);
        if (!is_set) return now;
        long nanoseconds = now.tv_nsec - began.tv_nsec;
        const bool borrows = nanoseconds < 0;
        return {start + now.tv_sec - began.tv_sec - borrows, nanoseconds + borrows * 1'000'000'000};
    }
};

const WallClock& wall_clock() {
    static const WallClock made;
    return made;
}

struct Report {
    ~Report() {
        if (plan().fault != Fault::count) return;
        if (FILE* file = fopen(plan().path, "w")) {
            fprintf(file, "%ld\n", steps.load());
            fclose(file);
        }
    }
} report;

} // namespace

extern "C" {

ssize_t write(int file, const void* data, size_t size) {
    static auto* const real = next<ssize_t(int, const void*, size_t)>("write");
    return faulty_write(file, size, [&](size_t n) { return real(file, data, n); });
}

ssize_t pwrite(int file, const void* data, size_t size, off_t at) {
    static auto* const real = next<ssize_t(int, const void*, size_t, off_t)>("pwrite");
    return faulty_write(file, size, [&](size_t n) { return real(file, data, n, at); });
}

ssize_t pwrite64(int file, const void* data, size_t size, off64_t at) {
    static auto* const real = next<ssize_t(int, const void*, size_t, off64_t)>("pwrite64");
    return faulty_write(file, size, [&](size_t n) { return real(file, data, n, at); });
}

ssize_t send(int socket, const void* data, size_t size, int flags) {
    static auto* const real = next<ssize_t(int, const void*, size_t, int)>("send");
    if (plan().fault == Fault::full) return real(socket, data, size, flags); // a socket is no disk
    return faulty_write(socket, size, [&](size_t n) { return real(socket, data, n, flags); });
}

int fsync(int file) {
    static auto* const real = next<int(int)>("fsync");
    is_full();
    return real(file);
}

int fdatasync(int file) {
    static auto* const real = next<int(int)>("fdatasync");
    is_full();
    return real(file);
}

int ftruncate64(int file, off64_t size) {
    static auto* const real = next<int(int, off64_t)>("ftruncate64");
    is_full();
    return real(file, size);
}

int unlink(const char* path) {
    static auto* const real = next<int(const char*)>("unlink");
    is_full();
    return real(path);
}

int rename(const char* from, const char* to) {
    static auto* const real = next<int(const char*, const char*)>("rename");
    is_full();
    return real(from, to);
}

int clock_gettime(clockid_t clock, timespec* now) {
    if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE) return real_clock(clock, now);
    *now = wall_clock().now();
    return 0;
}

int gettimeofday(timeval* now, void*) {
    const timespec wall = wall_clock().now();
    *now = {wall.tv_sec, wall.tv_nsec / 1000};
    return 0;
}

time_t time(time_t* now) {
    const time_t seconds = wall_clock().now().tv_sec;
    if (now != nullptr) *now = seconds;
    return seconds;
}
}
