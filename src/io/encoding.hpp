// GB 18030 (what Excel in China writes) to UTF-8.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace qice {

/// Bytes that are no GB 18030 become 0xff, which is no UTF-8 either: the row shows as bad later.
std::string utf8_from_gb18030(std::string_view text);

/// Appends `text` to `out`; the number of bytes used. Where `more_follows`, a character that the
/// end of the text cuts in two is not used; otherwise it is no GB 18030.
std::size_t append_utf8_from_gb18030(std::string& out, std::string_view text, bool more_follows);

} // namespace qice
