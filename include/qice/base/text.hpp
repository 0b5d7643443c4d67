// Small helpers over UTF-8 text and files, shared by every reader.
#pragma once

#include "qice/base/status.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace qice {

/// Without leading and trailing blanks and tabs.
inline std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return text;
}

/// Parts between separators; "a||b" has an empty part in the middle.
std::vector<std::string_view> split(std::string_view text, char separator);

/// Is this well-formed UTF-8 (no surrogates, no overlong forms)? About 1 ns a byte at worst, 16
/// bytes a step over ASCII.
bool is_utf8(std::string_view text);

/// The number of characters (code points) of UTF-8 text.
std::size_t count_characters(std::string_view text);

/// Shortens text for a message, in whole characters: `很长的文字…`.
std::string excerpt(std::string_view text, std::size_t characters = 40);

/// Control characters as `\n`, `\x1b` ...: nothing in a file steers the terminal it is shown on.
std::string visible(std::string_view text);

/// An excerpt between quotation marks, for a message.
std::string in_quotes(std::string_view text);

/// The candidate nearest to `word` by edit distance, if it is near enough to be a slip of the hand.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// The whole file. A missing or unreadable file is a Status with the system's reason.
Result<std::string> read_file(const std::string& path);

} // namespace qice
