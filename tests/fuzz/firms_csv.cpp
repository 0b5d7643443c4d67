// Any text as a CSV file of firms, as UTF-8 and as GB18030.
#include "io/encoding.hpp"
#include "readers.hpp"

#include <cstddef>
#include <cstdint>

using namespace qice;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    fuzz::check_reader(text, read_firms_csv);
    const std::string converted = utf8_from_gb18030(text);
    if (converted != text) fuzz::check_reader(converted, read_firms_csv);
    return 0;
}
