// What a firm's answers teach: which of the tags it follows it cares for more, or less, than it
// says. Off unless a night asks for it.
//
//   n(tag) = the sum over the firm's answered pushes whose policy carries the tag with a weight
//   above
//            0: dismissed -1, opened +1, applied, accepted and returned +2; kept within -5 and 5
//   weight = min(1, the firm's own weight x (10 + n) / 10), rounded down to a thousandth
//
// So what a firm says of itself is never less than halved, nor more than half raised, and a tag it
// does not follow stays without weight. Whole numbers, no order: the same answers teach the same.
// What a night had learnt is kept with the night (Store::put_learned), so that it can be replayed
// when firms have answered more. Costs a pass over the answers, and their policies' tags.
#pragma once

#include "push/store.hpp"

#include <map>
#include <string>
#include <string_view>

namespace qice {

inline constexpr int kMostTaste = 5;

/// n by tag, where it is not 0.
using Taste = std::map<std::string, int, std::less<>>;
using Tastes = std::map<std::int64_t, Taste>; // by firm number; none is empty

/// Both in thousandths.
std::int64_t learnt_weight(std::int64_t weight, int taste);
/// A cell of kind tags as a store keeps it, with the weights that were learnt.
std::string learnt_cell(std::string_view cell, const Taste& taste);

/// As a store keeps it: {"tag": n, ...}, tags by their bytes.
std::string to_json(const Taste& taste);
Result<Taste> parse_taste(std::string_view json);

/// What the answers teach up to now, whatever night they answer.
Result<Tastes> read_tastes(Store& store);
/// What a run had learnt.
Result<Tastes> read_tastes_of(Store& store, std::int64_t run);
/// Keeps with a run what it has learnt, where that is not what the store knows already.
Status put_tastes(Store& store, std::int64_t run, const Tastes& tastes);

} // namespace qice
