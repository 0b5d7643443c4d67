// SHA-256, by OpenSSL: names for contents, and what a night has seen and written in 32 bytes.
//
//   Sha256 sha;
//   sha.add("...");  sha.add_number(7);
//   const Digest digest = sha.take();   // and starts again
//
// Costs some 300 ns and 1 ns a byte or so. Not for two threads at once.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace qice {

using Digest = std::array<unsigned char, 32>;

class Sha256 {
  public:
    Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;
    ~Sha256();

    void add(std::string_view bytes);
    void add(const Digest& digest);
    /// Its length, then its bytes: two texts one after another are never taken for one.
    void add_text(std::string_view text);
    void add_number(std::int64_t number); // 8 bytes, the lowest first
    Digest take();

  private:
    struct Context;
    std::unique_ptr<Context> context_;
};

Digest hmac_sha256(std::string_view key, std::string_view text);
/// From the system's generator for keys.
Digest random_digest();

/// 64 lower-case digits.
std::string to_hex(const Digest& digest);

} // namespace qice
