// Memory that the keys of results are written to, kept from one result to the next: waiting for
// pages that nobody has used yet can take as long as a quarter of the match.
#pragma once

#include "base/large_pages.hpp"
#include "qice/match/matcher.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace qice {

/// For any number of threads. Keeps as much as was in use at once.
class KeyChunks : public std::enable_shared_from_this<KeyChunks> {
  public:
    static constexpr std::size_t kBytes = std::size_t{4} << 20; // of chunks that are kept

    KeyChunks() = default;
    KeyChunks(const KeyChunks&) = delete;
    ~KeyChunks();

    /// So many bytes, on large pages if they are many. Throws std::bad_alloc.
    KeyChunk take(std::size_t bytes, LargePages& pages);

  private:
    friend struct ReturnChunk;
    void give_back(void* chunk);

    std::mutex mutex_;
    std::vector<void*> kept_;
    std::size_t made_ = 0; // of kBytes each; kept_ has room for all
};

} // namespace qice
