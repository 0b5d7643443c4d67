#include "match/key_chunks.hpp"

#include <catch2/catch.hpp>

#include <cstring>
#include <vector>

namespace qice {
namespace {

struct Fixture {
    std::shared_ptr<KeyChunks> chunks = std::make_shared<KeyChunks>();
    LargePages pages;

    KeyChunk take(std::size_t bytes) {
        KeyChunk chunk = chunks->take(bytes, pages);
        std::memset(chunk.get(), 1, bytes); // all of it is ours
        return chunk;
    }
};

TEST_CASE("chunks that results let go are taken again", "[key_chunks]") {
    Fixture fixture;
    std::vector<KeyChunk> first;
    first.push_back(fixture.take(KeyChunks::kBytes));
    first.push_back(fixture.take(KeyChunks::kBytes));
    const void* const places[]{first[0].get(), first[1].get()};
    REQUIRE(places[0] != places[1]);

    first.pop_back();
    const KeyChunk again = fixture.take(KeyChunks::kBytes);
    CHECK(again.get() == places[1]); // and not the one that is in use
    const KeyChunk third = fixture.take(KeyChunks::kBytes);
    CHECK(third.get() != places[0]);
    CHECK(third.get() != places[1]);
    first.clear();
    CHECK(fixture.take(KeyChunks::kBytes).get() == places[0]);
}

TEST_CASE("chunks of other sizes are freed", "[key_chunks]") {
    Fixture fixture;
    for (const std::size_t bytes :
         {std::size_t{1}, std::size_t{5000}, KeyChunks::kBytes - 1, KeyChunks::kBytes + 1}) {
        KeyChunk chunk = fixture.take(bytes);
        CHECK(chunk.get_deleter().to.expired());
    }
}

TEST_CASE("a chunk may outlive what it was taken from", "[key_chunks]") {
    Fixture fixture;
    const KeyChunk kept = fixture.take(KeyChunks::kBytes);
    fixture.take(KeyChunks::kBytes).reset(); // waits there, and goes with it
    fixture.chunks.reset();
    CHECK(kept.get_deleter().to.expired());
    std::memset(kept.get(), 2, KeyChunks::kBytes);
}

} // namespace
} // namespace qice
