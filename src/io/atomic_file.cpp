// Files that appear whole or not at all.
#include "qice/io/writer.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace qice {
namespace {

// Names of temporary files, for a signal handler: fixed storage, no allocation.
constexpr std::size_t kMostOpen = 16, kMostPath = 4096;
struct Unfinished {
    std::atomic<bool> used{false};
    char path[kMostPath];
};
std::array<Unfinished, kMostOpen> unfinished_files;

void remember(const std::string& path) {
    if (path.size() >= kMostPath) return;
    for (Unfinished& entry : unfinished_files) {
        if (entry.used.load()) continue;
        std::memcpy(entry.path, path.c_str(), path.size() + 1);
        entry.used.store(true);
        return;
    }
}

void forget(const std::string& path) {
    for (Unfinished& entry : unfinished_files)
        if (entry.used.load() && path == entry.path) entry.used.store(false);
}

/// Takes `path` to the file its symbolic links lead to, there already or not; else says why not.
int follow_links(std::string& path) {
    constexpr int kMostLinks = 40; // as Linux has it
    for (int links = 0; links < kMostLinks; ++links) {
        char link[kMostPath];
        const ssize_t size = ::readlink(path.c_str(), link, sizeof link);
        if (size < 0) return errno == EINVAL || errno == ENOENT ? 0 : errno;
        const std::string_view to(link, static_cast<std::size_t>(size));
        if (to.size() == sizeof link) return ENAMETOOLONG;
        if (!to.starts_with('/'))
            path.resize(path.rfind('/') + 1); // of a bare name: everything
        else
            path.clear();
        path += to;
    }
    return ELOOP;
}

} // namespace

void remove_unfinished_files() {
    for (Unfinished& entry : unfinished_files)
        if (entry.used.load()) ::unlink(entry.path);
}

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)) {}

AtomicFile::~AtomicFile() {
    if (file_ < 0 || path_ == "-") return;
    ::close(file_);
    ::unlink(temporary_.c_str());
    forget(temporary_);
}

Status AtomicFile::failure(int error, const char* what) const {
    return {StatusCode::io,
            std::string(what) + ": " + std::strerror(error),
            {path_ == "-" ? "standard output" : path_}};
}

Status AtomicFile::open() {
    if (path_ == "-") {
        file_ = STDOUT_FILENO;
        return {};
    }
    // A device or a pipe cannot be replaced by renaming; it is written to as it is.
    struct stat info {};
    if (::stat(path_.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
        if (S_ISDIR(info.st_mode)) return failure(EISDIR, "cannot write this file");
        temporary_.clear();
        file_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
    } else {
        target_ = path_;
        if (const int error = follow_links(target_); error != 0)
            return failure(error, "cannot write this file");
        temporary_ = target_ + ".tmp-" + std::to_string(::getpid());
        remember(temporary_); // before it is there: a signal may come at any instant
        file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (file_ < 0) {
            const int error = errno;
            forget(temporary_);
            return failure(error, "cannot write this file");
        }
    }
    return file_ < 0 ? failure(errno, "cannot write this file") : Status{};
}

Status AtomicFile::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(file_, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return failure(errno, "cannot write this file");
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Status AtomicFile::commit() {
    if (path_ == "-") return {};
    const bool flushed = temporary_.empty() || ::fsync(file_) == 0;
    const int error = errno;
    if (::close(file_) != 0 || !flushed) {
        file_ = -1;
        if (!temporary_.empty()) ::unlink(temporary_.c_str());
        forget(temporary_);
        return failure(flushed ? errno : error, "cannot write this file");
    }
    file_ = -1;
    if (temporary_.empty()) return {};
    const bool renamed = ::rename(temporary_.c_str(), target_.c_str()) == 0;
    const int rename_error = errno;
    if (!renamed) ::unlink(temporary_.c_str());
    forget(temporary_);
    return renamed ? Status{} : failure(rename_error, "cannot put this file in place");
}

} // namespace qice
