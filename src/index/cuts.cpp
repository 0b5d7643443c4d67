#include "qice/index/cuts.hpp"

#include <algorithm>

namespace qice {
namespace {

constexpr std::size_t kFewUnordered = 64;

/// The first value in [from, end) that is not less than another: found in time that grows with the
/// logarithm of its distance, so that a walk along ascending values is about linear.
template <class Iterator, class T>
Iterator advance_to(Iterator from, Iterator end, const T& value) {
    std::ptrdiff_t step = 1;
    while (end - from >= step && from[step - 1] < value) {
        from += step;
        step *= 2;
    }
    return std::lower_bound(from, end - from < step ? end : from + step, value);
}

} // namespace

/// Rules name the same values again and again: what is known already is not added, so that memory
/// and time to sort grow with the distinct values only.
template <class T> void FieldCuts::add_new(std::vector<T>& cuts, const std::vector<T>& toggles) {
    std::size_t at = 0;
    for (const T& toggle : toggles) {
        const auto ordered_end = cuts.begin() + static_cast<std::ptrdiff_t>(in_order_);
        const auto found =
            advance_to(cuts.begin() + static_cast<std::ptrdiff_t>(at), ordered_end, toggle);
        at = static_cast<std::size_t>(found - cuts.begin());
        if (found == ordered_end || toggle < *found) cuts.push_back(toggle);
    }
    if (cuts.size() - in_order_ > in_order_ + kFewUnordered) put_in_order(cuts);
}

template <class T> void FieldCuts::put_in_order(std::vector<T>& cuts) {
    const auto added = cuts.begin() + static_cast<std::ptrdiff_t>(in_order_);
    std::sort(added, cuts.end());
    std::inplace_merge(cuts.begin(), added, cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
    in_order_ = cuts.size();
}

void FieldCuts::add(const NumberSet& values) { add_new(numbers_, values.toggles); }

void FieldCuts::add(const StringRangeSet& values) { add_new(strings_, values.toggles); }

void FieldCuts::finish() {
    if (!numbers_.empty()) put_in_order(numbers_);
    if (!strings_.empty()) put_in_order(strings_);
    numbers_.shrink_to_fit();
    strings_.shrink_to_fit();
}

template <class T>
std::vector<FieldCuts::Range> FieldCuts::ranges(const ValueSet<T>& values,
                                                const std::vector<T>& cuts) const {
    std::vector<Range> out;
    out.reserve(values.toggles.size() / 2 + 1);
    bool inside = values.from_start;
    std::uint32_t begin = 0;
    auto cut = cuts.begin();
    for (const T& toggle : values.toggles) {
        // A toggle is a cut; the codes from the next number on lie at or above it.
        cut = advance_to(cut, cuts.end(), toggle);
        const auto at = static_cast<std::uint32_t>(cut - cuts.begin() + 1);
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
