// A fuzz driver's input as a series of choices; when it is at its end, every choice is the first.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <string>

namespace qice::fuzz {

class Bytes {
  public:
    Bytes(const std::uint8_t* data, std::size_t size) : at_(data), end_(data + size) {}

    bool empty() const { return at_ == end_; }
    std::uint8_t byte() { return empty() ? 0 : *at_++; }
    template <class Number> Number number() {
        Number value{};
        const std::size_t size = std::min(sizeof value, static_cast<std::size_t>(end_ - at_));
        std::memcpy(&value, at_, size);
        at_ += size;
        return value;
    }
    /// From 0 to `bound` - 1; a byte is taken.
    std::size_t below(std::size_t bound) { return byte() % bound; }
    /// One time in `times`.
    bool rarely(std::size_t times) { return below(times) == times - 1; }
    std::string text(std::size_t size) {
        size = std::min(size, static_cast<std::size_t>(end_ - at_));
        const std::string taken(reinterpret_cast<const char*>(at_), size);
        at_ += size;
        return taken;
    }
    template <class Choices> const auto& one_of(const Choices& choices) {
        return choices[below(std::size(choices))];
    }

  private:
    const std::uint8_t* at_;
    const std::uint8_t* end_;
};

} // namespace qice::fuzz
