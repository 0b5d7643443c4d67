#include "push/digest.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <cstring>
#include <stdexcept>

namespace qice {

struct Sha256::Context {
    EVP_MD* method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    EVP_MD_CTX* state = EVP_MD_CTX_new();
    // Small pieces are put together first: a call of OpenSSL costs more than their bytes.
    std::array<char, 4096> waiting;
    std::size_t size = 0;

    Context() { start(); }
    ~Context() {
        EVP_MD_CTX_free(state);
        EVP_MD_free(method);
    }
    void require(int done) const {
        if (done != 1) throw std::runtime_error("SHA-256 is not to be had from OpenSSL");
    }
    void start() { require(EVP_DigestInit_ex2(state, method, nullptr)); }
    void flush() {
        require(EVP_DigestUpdate(state, waiting.data(), size));
        size = 0;
    }
    void add(const char* bytes, std::size_t count) {
        if (size + count > waiting.size()) flush();
        if (count > waiting.size()) return require(EVP_DigestUpdate(state, bytes, count));
        std::memcpy(waiting.data() + size, bytes, count);
        size += count;
    }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::add(std::string_view bytes) {
    if (!bytes.empty()) context_->add(bytes.data(), bytes.size());
}

void Sha256::add(const Digest& digest) {
    context_->add(reinterpret_cast<const char*>(digest.data()), digest.size());
}

void Sha256::add_text(std::string_view text) {
    add_number(static_cast<std::int64_t>(text.size()));
    add(text);
}

void Sha256::add_number(std::int64_t number) {
    char bytes[8];
    for (int i = 0; i < 8; ++i)
        bytes[i] = static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * i));
    context_->add(bytes, sizeof bytes);
}

Digest Sha256::take() {
    Digest digest{};
    context_->flush();
    context_->require(EVP_DigestFinal_ex(context_->state, digest.data(), nullptr));
    context_->start();
    return digest;
}

Digest hmac_sha256(std::string_view key, std::string_view text) {
    Digest out{};
    unsigned size = static_cast<unsigned>(out.size());
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes, text.size(), out.data(),
             &size) == nullptr)
        throw std::runtime_error("HMAC-SHA-256 is not to be had from OpenSSL");
    return out;
}

Digest random_digest() {
    Digest out{};
    if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1)
        throw std::runtime_error("no random bytes are to be had from OpenSSL");
    return out;
}

std::string to_hex(const Digest& digest) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string out;
    for (const unsigned char byte : digest) {
        out += kDigits[byte >> 4];
        out += kDigits[byte & 15];
    }
    return out;
}

} // namespace qice
