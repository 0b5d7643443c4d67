// Hash maps keyed by text, looked up by std::string_view.
//
// Debian's Abseil has its own string_view, so absl's heterogeneous look-up does not take the
// standard one: the hash and the equality are ours.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <absl/hash/hash.h>

#include <string>
#include <string_view>

namespace qice {

struct StringHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
        return absl::Hash<std::string_view>{}(text);
    }
};

struct StringEq {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const { return a == b; }
};

template <class Value>
using StringMap = absl::flat_hash_map<std::string, Value, StringHash, StringEq>;
using StringSet = absl::flat_hash_set<std::string, StringHash, StringEq>;

} // namespace qice
