// GB 18030 (what Excel in China writes) to UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace qice {

/// Bytes that are no GB 18030 become 0xff, which is no UTF-8 either: the row shows as bad later.
std::string utf8_from_gb18030(std::string_view text);

} // namespace qice
