// The bytes of a file, in UTF-8, a few MiB at a time.
//
// Memory is that of the caller's buffer, whatever the file's size. GB 18030 is converted on the
// way; a character that the end of a step cuts in two is kept for the next one.
#pragma once

#include "qice/base/status.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace qice {

class ByteSource {
  public:
    /// `-` is standard input.
    static Result<ByteSource> open(const std::string& path, bool gb18030);
    ByteSource(ByteSource&& other) noexcept;
    ByteSource& operator=(ByteSource&& other) noexcept;
    ~ByteSource();

    /// Appends about `bytes` bytes of text to `buffer`; fewer only at the end of the file.
    Status read(std::string& buffer, std::size_t bytes);
    bool at_end() const { return at_end_; }

  private:
    ByteSource(std::string path, int file, bool gb18030);
    Status read_raw(std::string& buffer, std::size_t bytes);

    std::string path_; // for messages
    int file_ = -1;
    bool gb18030_ = false;
    bool at_end_ = false;
    std::string cut_; // the first bytes of a GB 18030 character
};

} // namespace qice
