#include "base/csv_records.hpp"

#include <bit>
#include <cstring>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace qice {
namespace {

/// Which of 64 bytes are a comma, LF, CR, a quote, 0x80 or greater.
struct Masks {
    std::uint64_t commas = 0, breaks = 0, returns = 0, quotes = 0, high = 0;
};

#if defined(__SSE2__) // every x86-64; wider registers were no faster
[[gnu::always_inline]] inline Masks masks_of(const char* bytes) {
    Masks masks;
    for (int i = 0; i < 4; ++i) {
        const __m128i chunk = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes) + i);
        const auto equal = [&](char c) {
            const int bits = _mm_movemask_epi8(_mm_cmpeq_epi8(chunk, _mm_set1_epi8(c)));
            return std::uint64_t{static_cast<std::uint16_t>(bits)} << (16 * i);
        };
        masks.commas |= equal(',');
        masks.breaks |= equal('\n');
        masks.returns |= equal('\r');
        masks.quotes |= equal('"');
        const auto high = static_cast<std::uint16_t>(_mm_movemask_epi8(chunk));
        masks.high |= std::uint64_t{high} << (16 * i);
    }
    return masks;
}
#else
[[gnu::always_inline]] inline Masks masks_of(const char* bytes) {
    Masks masks;
    for (int i = 0; i < 64; ++i) {
        const char c = bytes[i];
        masks.commas |= std::uint64_t{c == ','} << i;
        masks.breaks |= std::uint64_t{c == '\n'} << i;
        masks.returns |= std::uint64_t{c == '\r'} << i;
        masks.quotes |= std::uint64_t{c == '"'} << i;
        masks.high |= std::uint64_t{(c & 0x80) != 0} << i;
    }
    return masks;
}
#endif

// The same code, compiled a second time for CPUs that count bits in one instruction.
#if defined(__x86_64__) && defined(__GNUC__)
#define QICE_FOR_NEWER_CPUS [[gnu::target("popcnt,bmi,avx2")]]
const bool kIsNewerCpu = __builtin_cpu_supports("popcnt") != 0 &&
                         __builtin_cpu_supports("bmi") != 0 && __builtin_cpu_supports("avx2") != 0;
#else
#define QICE_FOR_NEWER_CPUS
constexpr bool kIsNewerCpu = false;
#endif

inline std::uint64_t below(unsigned bit) { return (std::uint64_t{1} << bit) - 1; }

} // namespace

CsvRecords::CsvRecords(std::string_view part, std::uint64_t first_line, bool more_follows)
    : text_(part), slow_(part, first_line, more_follows), line_(first_line) {}

[[gnu::always_inline]] inline void CsvRecords::load(std::size_t block) {
    if (loaded_ == block) return;
    loaded_ = block;
    const std::size_t begin = block * 64, left = text_.size() - begin;
    Masks masks;
    if (left >= 64) {
        masks = masks_of(text_.data() + begin);
    } else {
        char padded[64] = {};
        std::memcpy(padded, text_.data() + begin, left);
        masks = masks_of(padded);
    }
    std::uint64_t returns = 0; // those before LF end a record, others are part of a cell
    if (masks.returns != 0) {
        returns = masks.returns & (masks.breaks >> 1);
        if (left > 64 && text_[begin + 64] == '\n') returns |= masks.returns & (1ull << 63);
    }
    block_.commas = masks.commas;
    block_.breaks = masks.breaks;
    block_.ends = masks.commas | masks.breaks | returns;
    bool after_end = begin == 0;
    if (!after_end) {
        const char last = text_[begin - 1];
        after_end = last == ',' || last == '\n' || (last == '\r' && text_[begin] == '\n');
    }
    block_.starts = ~block_.ends & ((block_.ends << 1) | std::uint64_t{after_end});
    block_.quotes = masks.quotes & block_.starts;
    block_.high = masks.high;
}

bool CsvRecords::next() {
    while (at_ < text_.size() && (text_[at_] == '\n' || text_.substr(at_, 2) == "\r\n")) {
        at_ += text_[at_] == '\n' ? 1 : 2;
        ++line_;
    }
    if (at_ >= text_.size()) return false;
    start_ = at_;
    record_line_ = line_;
    cells_.clear();
    return (kIsNewerCpu ? scan_record_newer() : scan_record_any()) || next_slow();
}

/// The record at start_, up to its line break. False: it has a quoted cell, or no line break.
[[gnu::always_inline]] inline bool CsvRecords::scan_record() {
    std::uint64_t high = 0;
    std::size_t column = 0;
    bool is_open = false; // the last cell goes on in this block
    unsigned from = start_ % 64;
    for (std::size_t block = start_ / 64; block * 64 < text_.size(); ++block, from = 0) {
        load(block);
        const char* const bytes = text_.data() + block * 64;
        const std::uint64_t breaks = block_.breaks & ~below(from);
        const unsigned to = static_cast<unsigned>(std::countr_zero(breaks)); // 64: not here
        const std::uint64_t inside = (to == 64 ? ~std::uint64_t{0} : below(to)) & ~below(from);
        if ((block_.quotes & inside) != 0) return false;
        high |= block_.high & inside;
        std::uint64_t ends = block_.ends & ~below(from);
        if (is_open) {
            if (ends == 0) continue;
            std::string_view& text = cells_.back().text;
            const char* const end = bytes + std::countr_zero(ends);
            text = {text.data(), static_cast<std::size_t>(end - text.data())};
            is_open = false;
        }
        const std::uint64_t commas = block_.commas & inside;
        for (std::uint64_t starts = block_.starts & inside; starts != 0; starts &= starts - 1) {
            const auto begin = static_cast<unsigned>(std::countr_zero(starts));
            const auto before = static_cast<unsigned>(std::popcount(commas & below(begin)));
            const std::uint64_t end = block_.ends & ~below(begin);
            is_open = end == 0;
            const auto size = static_cast<std::size_t>(std::countr_zero(end)) - begin;
            cells_.push_back({{bytes + begin, size}, column + before});
        }
        column += static_cast<unsigned>(std::popcount(commas));
        if (to == 64) continue;

        end_ = block * 64 + to;
        at_ = end_ + 1;
        ++line_;
        size_ = column + 1;
        is_ascii_ = high == 0;
        fault_ = CsvScanner::Fault::none;
        // As of CsvScanner: without CR LF, and without one more CR.
        for (int i = 0; i < 2; ++i)
            if (end_ > start_ && text_[end_ - 1] == '\r') --end_;
        return true;
    }
    return false;
}

QICE_FOR_NEWER_CPUS bool CsvRecords::scan_record_newer() { return scan_record(); }
bool CsvRecords::scan_record_any() { return scan_record(); }

bool CsvRecords::next_slow() {
    slow_.go_to(start_, record_line_);
    const bool found = slow_.next();
    at_ = slow_.rest();
    line_ = slow_.rest_line();
    cells_.clear();
    if (!found) return false;
    end_ = start_ + slow_.raw().size();
    fault_ = slow_.fault();
    size_ = slow_.cells().size();
    is_ascii_ = false; // not known
    for (std::size_t i = 0; i < size_; ++i)
        if (!slow_.cells()[i].empty()) cells_.push_back({slow_.cells()[i], i});
    return true;
}

std::string_view CsvRecords::cell(std::size_t column) const {
    for (const Cell& cell : cells_)
        if (cell.column >= column) return cell.column == column ? cell.text : std::string_view{};
    return {};
}

} // namespace qice
