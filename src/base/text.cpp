#include "qice/base/text.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace qice {

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    std::size_t start = 0;
    for (;;) {
        const std::size_t end = text.find(separator, start);
        parts.push_back(text.substr(start, end == std::string_view::npos ? end : end - start));
        if (end == std::string_view::npos) return parts;
        start = end + 1;
    }
}

bool is_utf8(std::string_view text) {
    const auto* at = reinterpret_cast<const unsigned char*>(text.data());
    const auto* const end = at + text.size();
    while (at < end) {
        while (end - at >= 16) { // ASCII, 16 bytes a step
            std::uint64_t words[2];
            std::memcpy(words, at, sizeof words);
            if (((words[0] | words[1]) & 0x8080808080808080u) != 0) break;
            at += 16;
        }
        // Characters of three bytes, as Chinese is, but for those at the edges of their range.
        while (end - at >= 4) {
            std::uint32_t word = 0;
            std::memcpy(&word, at, sizeof word);
            if constexpr (std::endian::native == std::endian::big) break;
            if ((word & 0xc0c0f0u) != 0x8080e0u || *at == 0xe0 || *at == 0xed) break;
            at += 3;
        }
        if (at == end) return true;
        if (*at < 0x80) {
            std::uint64_t word = 0;
            if (std::endian::native == std::endian::little && end - at >= 8) { // a few bytes
                std::memcpy(&word, at, sizeof word);
                at += std::countr_zero((word & 0x8080808080808080u) >> 7 | 1ull << 56) / 8;
            }
            at += *at < 0x80;
            continue;
        }
        const int length = *at >= 0xf0 ? 4 : *at >= 0xe0 ? 3 : 2;
        if (*at < 0xc2 || *at > 0xf4 || end - at < length) return false;
        const unsigned char second = at[1];
        if ((second & 0xc0) != 0x80) return false;
        if ((*at == 0xe0 && second < 0xa0) || (*at == 0xed && second > 0x9f) ||
            (*at == 0xf0 && second < 0x90) || (*at == 0xf4 && second > 0x8f))
            return false;
        for (int i = 2; i < length; ++i)
            if ((at[i] & 0xc0) != 0x80) return false;
        at += length;
    }
    return true;
}

std::size_t count_characters(std::string_view text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string excerpt(std::string_view text, std::size_t characters) {
    std::size_t seen = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if ((text[i] & 0xc0) == 0x80) continue;
        if (seen++ == characters) return std::string(text.substr(0, i)) + "…";
    }
    return std::string(text);
}

std::string visible(std::string_view text) {
    constexpr char kHex[] = "0123456789abcdef";
    std::string out;
    for (char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7f) {
            out += c;
        } else if (c == '\n' || c == '\r' || c == '\t') {
            out += '\\';
            out += c == '\n' ? 'n' : c == '\r' ? 'r' : 't';
        } else {
            out += "\\x";
            out += kHex[byte >> 4];
            out += kHex[byte & 15];
        }
    }
    return out;
}

std::string in_quotes(std::string_view text) {
    std::string out = "\"";
    out += visible(excerpt(text));
    out += '"';
    return out;
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
    constexpr std::size_t kLongest = 200; // no name that somebody meant to type
    if (word.size() > kLongest) return {};
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 'a' - 'A') : c;
    };
    std::string best;
    // Further away is another word.
    std::size_t best_distance = std::max<std::size_t>(word.size() / 3 + 1, 2);
    std::vector<std::size_t> before, last, row; // distances of the last two prefixes of the word
    for (const std::string& candidate : candidates) {
        row.resize(candidate.size() + 1);
        for (std::size_t j = 0; j <= candidate.size(); ++j)
            row[j] = j;
        for (std::size_t i = 1; i <= word.size(); ++i) {
            before = last;
            last = row;
            row[0] = i;
            for (std::size_t j = 1; j <= candidate.size(); ++j) {
                const auto same = [&](std::size_t a, std::size_t b) {
                    return lower(word[a - 1]) == lower(candidate[b - 1]);
                };
                row[j] =
                    std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same(i, j) ? 0 : 1)});
                if (i > 1 && j > 1 && same(i, j - 1) && same(i - 1, j)) // two letters swapped
                    row[j] = std::min(row[j], before[j - 2] + 1);
            }
        }
        if (row.back() < best_distance) {
            best_distance = row.back();
            best = candidate;
        }
    }
    return best;
}

Result<std::string> read_file(const std::string& path) {
    const auto failure = [&](int error) {
        return Status(StatusCode::invalid_input,
                      std::string("cannot read this file: ") + std::strerror(error), {path});
    };
    struct File {
        ~File() {
            if (number >= 0) ::close(number);
        }
        int number;
    };
    const File file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (file.number < 0) return failure(errno);
    struct stat info {};
    std::string text;
    if (::fstat(file.number, &info) == 0 && info.st_size > 0)
        text.reserve(static_cast<std::size_t>(info.st_size) + 64);
    for (;;) {
        const std::size_t old = text.size();
        const std::size_t step = std::max<std::size_t>(text.capacity() - old, 1 << 16);
        text.resize(old + step);
        const ssize_t got = ::read(file.number, text.data() + old, step);
        text.resize(old + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failure(errno);
        if (got == 0) return text;
    }
}

} // namespace qice
