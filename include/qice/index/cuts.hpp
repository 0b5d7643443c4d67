// Cuts: every boundary that any rule names, field by field, turns values into exact small codes.
//
// The cuts of a field divide its values into intervals inside which every rule gives the same
// answer; a value is replaced by the number of its interval. Nothing is approximate: a rule sees
// codes and is decided by them alone. Coding costs one binary search a value.
#pragma once

#include "qice/rule/value_set.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qice {

/// The cuts of one field. A field of kind set has elements in place of cuts.
class FieldCuts {
  public:
    void add(const NumberSet& values);
    void add(const StringRangeSet& values);
    /// After the last add() and before the first code_of().
    void finish();

    std::uint32_t codes() const {
        return static_cast<std::uint32_t>(numbers_.size() + strings_.size()) + 1;
    }
    std::uint32_t code_of(std::int64_t value) const {
        return static_cast<std::uint32_t>(
            std::upper_bound(numbers_.begin(), numbers_.end(), value) - numbers_.begin());
    }
    std::uint32_t code_of(const std::string& text) const {
        return static_cast<std::uint32_t>(std::upper_bound(strings_.begin(), strings_.end(), text) -
                                          strings_.begin());
    }

    /// The cuts themselves, ascending: code c holds the values from cut c - 1 up to, without it,
    /// cut c. One of the two is empty.
    const std::vector<std::int64_t>& numbers() const { return numbers_; }
    const std::vector<std::string>& strings() const { return strings_; }

    /// Inclusive ranges of codes, ascending.
    struct Range {
        std::uint32_t first, last;
        bool operator==(const Range&) const = default;
    };
    std::vector<Range> ranges_of(const NumberSet& values) const;
    std::vector<Range> ranges_of(const StringRangeSet& values) const;

  private:
    template <class T> void add_new(std::vector<T>& cuts, const std::vector<T>& toggles);
    template <class T> void put_in_order(std::vector<T>& cuts);
    template <class T>
    std::vector<Range> ranges(const ValueSet<T>& values, const std::vector<T>& cuts) const;

    std::vector<std::int64_t> numbers_; // ascending, once finished
    std::vector<std::string> strings_;  // ascending, once finished
    std::size_t in_order_ = 0;          // so many of them are already
};

} // namespace qice
