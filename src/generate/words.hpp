// The words a generated city is told in: trades by industry, pieces of company names, tags.
// All made up or generic; no real company, person or product is meant.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace qice {

/// What firms of some industries are called and what they are about.
struct Trade {
    std::string_view divisions;            // two-digit divisions, "|" between; empty: all others
    std::string_view subject;              // of a policy title
    std::array<std::string_view, 3> words; // in the company name
    std::string_view cluster;              // 产业集群; empty: none
    std::string_view chain;                // 产业链; empty: none
    std::string_view label;                // 企业标签; empty: none
    std::array<std::string_view, 3> tags;  // what such firms follow
    int research;                          // 0 none, 1 some, 2 much, 3 most: how innovative
};

std::span<const Trade> trades();
/// The trade of a two-digit division of GB/T 4754; the last trade where none fits.
std::size_t trade_of(std::string_view division);

/// Syllables of company names; each pair of them makes a name.
std::span<const std::string_view> name_heads();
std::span<const std::string_view> name_tails();

/// The tags that policies carry and firms follow; the first are the commonest.
inline constexpr std::size_t kTags = 64;
const std::array<std::string_view, kTags>& tag_names();
/// The place of a tag in tag_names(); the tag must be there.
std::size_t tag_number(std::string_view name);

} // namespace qice
