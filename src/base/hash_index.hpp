// An open-addressing index from the hash of a text to a number: 8 bytes a slot.
//
// The texts stay with the caller, who says whether a number's text is the one looked for. Costs a
// cache miss a look-up. Inserts may be taken back in the reverse order, and any number erased.
#pragma once

#include "qice/base/array.hpp"

#include <cassert>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace qice {

/// A hash of all bytes; 128-bit products of 8-byte words, about 2 ns for a short text.
inline std::uint32_t hash_text(std::string_view text) {
    constexpr std::uint64_t kOdd[] = {0x9e3779b97f4a7c15u, 0xd1342543de82ef95u};
    const auto mix = [](std::uint64_t a, std::uint64_t b) {
        const auto product = static_cast<unsigned __int128>(a) * b;
        return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
    };
    const auto word = [](const char* at, std::size_t size) {
        std::uint64_t value = 0;
        std::memcpy(&value, at, size);
        return value;
    };
    // The address of a static object differs from run to run: nobody can prepare collisions.
    static const char kSeed = 0;
    const auto seed = reinterpret_cast<std::uintptr_t>(&kSeed) * kOdd[1];
    const char* at = text.data();
    std::size_t left = text.size();
    std::uint64_t hash = seed ^ (left * kOdd[0]);
    for (; left > 16; at += 16, left -= 16)
        hash = mix(word(at, 8) ^ kOdd[0] ^ seed, word(at + 8, 8) ^ hash);
    std::uint64_t low = 0, high = 0;
    if (left >= 8) {
        low = word(at, 8);
        high = word(at + left - 8, 8);
    } else if (left >= 4) {
        low = word(at, 4);
        high = word(at + left - 4, 4);
    } else if (left > 0) {
        low = static_cast<unsigned char>(at[0]) |
              (std::uint64_t{static_cast<unsigned char>(at[left / 2])} << 8) |
              (std::uint64_t{static_cast<unsigned char>(at[left - 1])} << 16);
    }
    hash = mix(low ^ kOdd[0] ^ seed, high ^ hash);
    hash = mix(hash ^ kOdd[0], seed ^ kOdd[1]);
    return static_cast<std::uint32_t>(hash ^ (hash >> 32));
}

class HashIndex {
  public:
    static constexpr std::uint32_t kNone = UINT32_MAX;

    /// The number with this hash for which `same(number)` holds, or kNone.
    template <class Same> std::uint32_t find(std::uint32_t hash, Same&& same) const {
        if (slots_.empty()) return kNone;
        for (std::size_t at = hash & mask_;; at = (at + 1) & mask_) {
            const std::uint64_t slot = slots_[at];
            if (slot == 0) return kNone;
            const auto number = static_cast<std::uint32_t>(slot) - 1;
            if (slot >> 32 == hash && same(number)) return number;
        }
    }
    /// Adds a number below kNone that is not there; returns its slot.
    std::size_t insert(std::uint32_t hash, std::uint32_t number) {
        assert(number < kNone);
        reserve(size_ + 1);
        ++size_;
        return place(slot_with(hash, number));
    }
    /// Takes the last insert back that is still there, which filled this slot.
    void take_back(std::size_t slot) {
        slots_[slot] = 0;
        --size_;
    }
    /// Takes a number out that is there.
    void erase(std::uint32_t hash, std::uint32_t number) {
        std::size_t hole = slot_of(hash, number);
        // What stands behind it, up to the next empty slot, moves up where its probing passes it.
        for (std::size_t at = (hole + 1) & mask_; slots_[at] != 0; at = (at + 1) & mask_) {
            const std::size_t home = (slots_[at] >> 32) & mask_;
            if (((at - home) & mask_) < ((at - hole) & mask_)) continue;
            slots_[hole] = slots_[at];
            hole = at;
        }
        slots_[hole] = 0;
        --size_;
    }
    /// Puts another number in the place of one that is there.
    void renumber(std::uint32_t hash, std::uint32_t from, std::uint32_t to) {
        slots_[slot_of(hash, from)] = slot_with(hash, to);
    }
    /// Room for so many numbers without moving any. Without memory for it nothing changes.
    void reserve(std::size_t count) {
        if (count * 3 <= slots_.size() * 2) return;
        std::size_t capacity = std::max<std::size_t>(slots_.size() * 2, 16);
        while (count * 3 > capacity * 2)
            capacity *= 2;
        Array<std::uint64_t> old;
        old.assign(capacity, 0);
        std::swap(slots_, old);
        mask_ = capacity - 1;
        for (std::uint64_t slot : old)
            if (slot != 0) place(slot);
    }
    void prefetch(std::uint32_t hash) const {
        if (!slots_.empty()) __builtin_prefetch(&slots_[hash & mask_]);
    }
    std::size_t size() const { return size_; }
    std::size_t bytes() const { return slots_.capacity() * sizeof slots_[0]; }
    void clear() {
        slots_.assign(slots_.size(), 0);
        size_ = 0;
    }

  private:
    static std::uint64_t slot_with(std::uint32_t hash, std::uint32_t number) {
        return (std::uint64_t{hash} << 32) | (number + 1);
    }
    std::size_t slot_of(std::uint32_t hash, std::uint32_t number) const {
        std::size_t at = hash & mask_;
        while (slots_[at] != slot_with(hash, number))
            at = (at + 1) & mask_;
        return at;
    }
    std::size_t place(std::uint64_t slot) {
        std::size_t at = (slot >> 32) & mask_;
        while (slots_[at] != 0)
            at = (at + 1) & mask_;
        slots_[at] = slot;
        return at;
    }

    Array<std::uint64_t> slots_; // hash << 32 | number + 1; 0 = empty
    std::size_t mask_ = 0, size_ = 0;
};

} // namespace qice
