#include "qice/index/cuts.hpp"

namespace qice {
namespace {

template <class T> void sort_unique(std::vector<T>& values) {
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    values.shrink_to_fit();
}

} // namespace

void FieldCuts::add(const NumberSet& values) {
    numbers_.insert(numbers_.end(), values.toggles.begin(), values.toggles.end());
}

void FieldCuts::add(const StringRangeSet& values) {
    strings_.insert(strings_.end(), values.toggles.begin(), values.toggles.end());
}

void FieldCuts::finish() {
    sort_unique(numbers_);
    sort_unique(strings_);
}

template <class T>
std::vector<FieldCuts::Range> FieldCuts::ranges(const ValueSet<T>& values,
                                                const std::vector<T>& cuts) const {
    std::vector<Range> out;
    bool inside = values.from_start;
    std::uint32_t begin = 0;
    for (const T& toggle : values.toggles) {
        // A toggle is a cut; the codes from the next number on lie at or above it.
        const auto at = static_cast<std::uint32_t>(
            std::lower_bound(cuts.begin(), cuts.end(), toggle) - cuts.begin() + 1);
        if (inside) out.push_back({begin, at - 1});
        inside = !inside;
        begin = at;
    }
    if (inside) out.push_back({begin, codes() - 1});
    return out;
}

std::vector<FieldCuts::Range> FieldCuts::ranges_of(const NumberSet& values) const {
    return ranges(values, numbers_);
}

std::vector<FieldCuts::Range> FieldCuts::ranges_of(const StringRangeSet& values) const {
    return ranges(values, strings_);
}

} // namespace qice
