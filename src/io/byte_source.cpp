#include "io/byte_source.hpp"

#include "io/encoding.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace qice {
namespace {

Status failure(const std::string& path, int error) {
    return {StatusCode::invalid_input,
            std::string("cannot read this file: ") + std::strerror(error),
            {path}};
}

} // namespace

Result<ByteSource> ByteSource::open(const std::string& path, bool gb18030) {
    const std::string name = path == "-" ? "/dev/stdin" : path;
    const int file = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return failure(name, errno);
    return ByteSource(name, file, gb18030);
}

ByteSource::ByteSource(std::string path, int file, bool gb18030)
    : path_(std::move(path)), file_(file), gb18030_(gb18030) {}

ByteSource::ByteSource(ByteSource&& other) noexcept
    : path_(std::move(other.path_)), file_(std::exchange(other.file_, -1)),
      gb18030_(other.gb18030_), at_end_(other.at_end_), cut_(std::move(other.cut_)) {}

ByteSource& ByteSource::operator=(ByteSource&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(file_, other.file_);
    std::swap(gb18030_, other.gb18030_);
    std::swap(at_end_, other.at_end_);
    std::swap(cut_, other.cut_);
    return *this;
}

ByteSource::~ByteSource() {
    if (file_ >= 0) ::close(file_);
}

Status ByteSource::read(std::string& buffer, std::size_t bytes) {
    if (!gb18030_) return read_raw(buffer, bytes);
    std::string raw = std::move(cut_);
    cut_.clear();
    QICE_RETURN_IF_ERROR(read_raw(raw, bytes));
    const std::size_t used = append_utf8_from_gb18030(buffer, raw, !at_end_);
    cut_ = raw.substr(used);
    return {};
}

Status ByteSource::read_raw(std::string& buffer, std::size_t bytes) {
    const std::size_t old = buffer.size();
    buffer.resize(old + bytes);
    std::size_t filled = old;
    while (filled < buffer.size() && !at_end_) {
        const ssize_t got = ::read(file_, buffer.data() + filled, buffer.size() - filled);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            const int error = errno;
            buffer.resize(filled);
            return failure(path_, error);
        }
        at_end_ = got == 0;
        filled += static_cast<std::size_t>(got);
    }
    buffer.resize(filled);
    return {};
}

} // namespace qice
