#include "io/encoding.hpp"

#include <cerrno>
#include <cstring>
#include <iconv.h>
#include <new>
#include <stdexcept>

namespace qice {
namespace {

class Converter {
  public:
    Converter() : to_utf8_(iconv_open("UTF-8", "GB18030")) {
        if (to_utf8_ != reinterpret_cast<iconv_t>(-1)) return;
        if (errno == ENOMEM) throw std::bad_alloc();
        throw std::runtime_error(std::string("this system's iconv does not read GB18030: ") +
                                 std::strerror(errno));
    }
    ~Converter() { iconv_close(to_utf8_); }
    Converter(const Converter&) = delete;
    Converter& operator=(const Converter&) = delete;
    iconv_t get() const { return to_utf8_; }

  private:
    iconv_t to_utf8_;
};

} // namespace

std::string utf8_from_gb18030(std::string_view text) {
    std::string out;
    append_utf8_from_gb18030(out, text, false);
    return out;
}

std::size_t append_utf8_from_gb18030(std::string& out, std::string_view text, bool more_follows) {
    const Converter converter;
    std::size_t written = out.size();
    out.resize(written + text.size() * 2 + 16);
    char* in = const_cast<char*>(text.data()); // iconv does not write to its input
    std::size_t in_left = text.size();
    while (in_left > 0) {
        char* at = out.data() + written;
        std::size_t out_left = out.size() - written;
        const std::size_t result = iconv(converter.get(), &in, &in_left, &at, &out_left);
        written = out.size() - out_left;
        if (result != static_cast<std::size_t>(-1)) continue;
        if (errno == E2BIG) {
            out.resize(out.size() * 2);
        } else if (errno == EINVAL && more_follows) {
            break;
        } else { // a byte that starts no character: mark it and go on behind it
            if (written == out.size()) out.resize(out.size() * 2);
            out[written++] = '\xff';
            ++in;
            --in_left;
        }
    }
    out.resize(written);
    return text.size() - in_left;
}

} // namespace qice
