// The texts that rows are made of, appended without a look at how much room is left.
//
// Most are short, so each is copied as a fixed number of bytes and what is too much is overwritten
// by the next: whoever calls has kOverrun bytes of room behind the text.
#pragma once

#include "qice/rule/policy.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace qice::rows {

inline constexpr std::size_t kOverrun = 32;
inline constexpr std::size_t kMostDigits = 20;            // of 64 bits
inline constexpr std::size_t kMostScore = 1 + 20 + 1 + 6; // sign, whole, point, decimals

/// A text with kOverrun readable bytes behind its start, at least.
struct Piece {
    const char* text;
    std::size_t size;
};

inline char* append(char* to, Piece piece) {
    std::memcpy(to, piece.text, kOverrun);
    if (piece.size > kOverrun)
        std::memcpy(to + kOverrun, piece.text + kOverrun, piece.size - kOverrun);
    return to + piece.size;
}

/// A text that becomes a piece when it is whole.
class PieceText {
  public:
    std::string& clear() {
        text_.clear();
        return text_;
    }
    /// Valid until the text is next changed.
    Piece piece() {
        const std::size_t size = text_.size();
        text_.append(kOverrun, '\0');
        return {text_.data(), size};
    }

  private:
    std::string text_;
};

/// Pieces that are kept, one after another.
class Pieces {
  public:
    void add(std::string_view text) {
        bytes_.resize(starts_.back()); // without the last one's padding
        bytes_.append(text);
        starts_.push_back(bytes_.size());
        bytes_.append(kOverrun, '\0');
        longest_ = std::max(longest_, text.size());
    }
    Piece operator[](std::size_t i) const {
        return {bytes_.data() + starts_[i], starts_[i + 1] - starts_[i]};
    }
    std::size_t longest() const { return longest_; }

  private:
    std::string bytes_;
    std::vector<std::size_t> starts_{0};
    std::size_t longest_ = 0;
};

/// 000 to 999, four bytes apart; the last row is padding.
inline constexpr auto kThreeDigits = [] {
    std::array<char, 4 * 1001> digits{};
    for (std::size_t i = 0; i < 1000; ++i) {
        digits[4 * i] = static_cast<char>('0' + i / 100);
        digits[4 * i + 1] = static_cast<char>('0' + i / 10 % 10);
        digits[4 * i + 2] = static_cast<char>('0' + i % 10);
    }
    return digits;
}();

inline char* append_number(char* to, std::uint64_t value) {
    if (value < 1000) {
        const std::size_t zeros = std::size_t{value < 100} + std::size_t{value < 10};
        std::memcpy(to, &kThreeDigits[4 * value + zeros], 4);
        return to + 3 - zeros;
    }
    char digits[kMostDigits];
    char* at = digits + sizeof digits;
    do
        *--at = static_cast<char>('0' + value % 10);
    while ((value /= 10) != 0);
    const auto size = static_cast<std::size_t>(digits + sizeof digits - at);
    std::memcpy(to, at, size);
    return to + size;
}

inline char* append_score(char* to, Score score) {
    if (score < 0) *to++ = '-';
    const std::uint64_t magnitude =
        score < 0 ? 0 - static_cast<std::uint64_t>(score) : static_cast<std::uint64_t>(score);
    to = append_number(to, magnitude / kScoreUnit);
    const std::uint64_t decimals = magnitude % kScoreUnit;
    *to = '.';
    std::memcpy(to + 1, &kThreeDigits[4 * (decimals / 1000)], 4);
    std::memcpy(to + 4, &kThreeDigits[4 * (decimals % 1000)], 4);
    return to + 7;
}

} // namespace qice::rows
