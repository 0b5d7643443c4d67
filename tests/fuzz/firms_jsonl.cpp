// Any text as a JSON Lines file of firms.
#include "readers.hpp"

#include <cstddef>
#include <cstdint>

using namespace qice;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::check_reader({reinterpret_cast<const char*>(data), size}, read_firms_jsonl);
    return 0;
}
