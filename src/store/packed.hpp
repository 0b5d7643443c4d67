// Small things in bytes, the same in every store: digests, and what a firm was pushed.
//
// A push takes nine bytes of table pushed: policy version and day, four each with the lowest byte
// first, and the status.
#pragma once

#include "push/store.hpp"

#include <algorithm>

namespace qice {

inline std::string_view bytes_of(const Digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

inline Digest digest_of(std::string_view bytes) {
    Digest digest{};
    std::copy_n(bytes.begin(), std::min(bytes.size(), digest.size()), digest.begin());
    return digest;
}

inline constexpr std::size_t kPairBytes = 9;

inline void append_pair(std::string& out, std::uint32_t version, std::int32_t day, Verdict status) {
    for (const std::uint32_t word : {version, static_cast<std::uint32_t>(day)})
        for (int shift = 0; shift < 32; shift += 8)
            out += static_cast<char>(word >> shift);
    out += static_cast<char>(status);
}

inline Pushed pair_at(const char* bytes) {
    const auto word = [&](int at) {
        std::uint32_t value = 0;
        for (int i = 3; i >= 0; --i)
            value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
        return value;
    };
    return {word(0), static_cast<std::int32_t>(word(4)), static_cast<Verdict>(bytes[8])};
}

/// Takes one such pair out of a firm's; false if there is none.
inline bool remove_pair(std::string& pairs, const Pushed& pair) {
    std::string bytes;
    append_pair(bytes, pair.policy_version, pair.day, pair.status);
    for (std::size_t at = 0; at + kPairBytes <= pairs.size(); at += kPairBytes) {
        if (pairs.compare(at, kPairBytes, bytes) != 0) continue;
        pairs.erase(at, kPairBytes);
        return true;
    }
    return false;
}

} // namespace qice
