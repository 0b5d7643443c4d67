#include "match/key_chunks.hpp"

#include <cstdlib>
#include <new>

namespace qice {
namespace {

void* allocated(std::size_t bytes, LargePages& pages) {
    const bool large = bytes >= kLargePage;
    if (large) bytes = (bytes + kLargePage - 1) / kLargePage * kLargePage;
    void* const chunk = large ? std::aligned_alloc(kLargePage, bytes) : std::malloc(bytes);
    if (chunk == nullptr) throw std::bad_alloc();
    for (std::size_t at = 0; large && at < bytes; at += kLargePage)
        pages.use(static_cast<std::byte*>(chunk) + at, kLargePage, 0, kLargePage);
    return chunk;
}

} // namespace

KeyChunks::~KeyChunks() {
    for (void* const chunk : kept_)
        std::free(chunk);
}

KeyChunk KeyChunks::take(std::size_t bytes, LargePages& pages) {
    if (bytes != kBytes) return KeyChunk(allocated(bytes, pages));
    {
        const std::lock_guard lock(mutex_);
        if (!kept_.empty()) {
            void* const chunk = kept_.back();
            kept_.pop_back();
            return {chunk, {weak_from_this()}};
        }
        kept_.reserve(++made_);
    }
    return {allocated(bytes, pages), {weak_from_this()}};
}

void KeyChunks::give_back(void* chunk) {
    const std::lock_guard lock(mutex_);
    kept_.push_back(chunk);
}

void ReturnChunk::operator()(void* chunk) const {
    if (const std::shared_ptr<KeyChunks> from = to.lock())
        from->give_back(chunk);
    else
        std::free(chunk);
}

} // namespace qice
