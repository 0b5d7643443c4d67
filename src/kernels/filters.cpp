#include "kernels/filters.hpp"

#include "kernels/kernels.hpp"

#include <string_view>

namespace qice {

namespace level_plain {
extern const Filters kFilters;
}
#if defined(__x86_64__)
namespace level_avx2 {
extern const Filters kFilters;
}
namespace level_avx512 {
extern const Filters kFilters;
}
#endif

const Filters& filters_of([[maybe_unused]] const Kernels& level) {
#if defined(__x86_64__)
    const std::string_view name = level.name;
    if (name == "avx2") return level_avx2::kFilters;
    if (name == "avx512") return level_avx512::kFilters;
#endif
    return level_plain::kFilters;
}

const Filters& filters() { return filters_of(kernels()); }

} // namespace qice
