#include "qice/index/firm_index.hpp"

#include "base/in_threads.hpp"
#include "base/string_map.hpp"
#include "index/element_unions.hpp"
#include "qice/index/policy_index.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace qice {
namespace {

constexpr std::size_t kSortFields = 4;
constexpr std::size_t kBlocksAtATime = 4;

/// Calls work with a column's codes, as the type that they have.
template <class Column, class Work> void with_codes(Column& column, Work&& work) {
    std::uint8_t* const codes = column.codes.data();
    if (column.width == 1) return work(codes);
    if (column.width == 2) return work(reinterpret_cast<std::uint16_t*>(codes));
    return work(reinterpret_cast<std::uint32_t*>(codes));
}

/// The codes of a table's firms in one field; where a value is unknown nothing is written.
template <class Code>
void code_values(const CodedField& coded, const FirmTable& firms, Code* codes) {
    const Field& field = firms.schema()[coded.field];
    const Column& column = firms.column(coded.field);
    const auto code_of = [&](const auto& value) {
        return static_cast<Code>(coded.cuts.code_of(value));
    };
    if (field.kind == Kind::tags || field.kind == Kind::text) { // only "known" is asked of them
        for (std::size_t row = 0; row < firms.size(); ++row)
            if (firms[row].known(coded.field)) codes[row] = code_of(std::int64_t{0});
    } else if (field.is_ratio()) {
        for (std::size_t row = 0; row < firms.size(); ++row)
            if (const auto ratio = firms[row].ratio(coded.field))
                codes[row] = code_of(ratio_slot(*ratio));
    } else if (!column.numbers.empty()) {
        for (std::size_t row = 0; row < firms.size(); ++row)
            if (column.numbers[row] != kUnknownNumber) codes[row] = code_of(column.numbers[row]);
    } else if (!column.flags.empty()) {
        for (std::size_t row = 0; row < firms.size(); ++row)
            if (column.flags[row] < 2) codes[row] = code_of(std::int64_t{column.flags[row]});
    } else if (!column.codes.empty()) {
        // Each distinct value is looked up once.
        const std::uint32_t distinct =
            field.is_string() ? column.dictionary.size() : field.codes->size();
        std::vector<Code> codes_of(distinct);
        for (std::uint32_t i = 0; i < distinct; ++i)
            codes_of[i] =
                field.is_string() ? code_of(column.dictionary[i]) : code_of(std::int64_t{i});
        for (std::size_t row = 0; row < firms.size(); ++row)
            if (column.codes[row] != kUnknownCode) codes[row] = codes_of[column.codes[row]];
    }
}

} // namespace

FirmIndex::FirmIndex(const Program& program, const FirmTable& firms, FirmOrder order,
                     unsigned threads, const FirmIndex* like)
    : rows_(firms.size()), columns_(program.fields.size()), plane_count_(program.planes),
      union_count_(program.unions.size()) {
    share_out(threads, columns_.size(), [&](std::size_t slot) {
        columns_[slot] = code(program.fields[slot], firms, blocks());
    });
    std::iota(rows_.begin(), rows_.end(), 0u);
    if (like != nullptr)
        sorted_by_ = like->sorted_by_;
    else
        find_strongest_fields(program);
    if (order == FirmOrder::by_strongest_fields && !sorted_by_.empty()) {
        sort_firms(program);
        share_out(threads, columns_.size(),
                  [&](std::size_t slot) { put_in_order(columns_[slot]); });
    }
    std::vector<std::uint32_t> positions(rows_.size());
    for (std::uint32_t position = 0; position < rows_.size(); ++position)
        positions[rows_[position]] = position;
    positions_ = std::make_shared<const std::vector<std::uint32_t>>(std::move(positions));
    set_planes(program, firms, threads);
    unions_ = unite_elements(program, planes_, blocks());
}

/// Codes of a field in the order of the table.
FirmIndex::CodedColumn FirmIndex::code(const CodedField& coded, const FirmTable& firms,
                                       std::size_t blocks) {
    const std::uint32_t unknown = coded.cuts.codes();
    CodedColumn column;
    column.width = unknown <= 0xff ? 1 : unknown <= 0xffff ? 2 : 4;
    column.codes.assign(blocks * kBlockFirms * column.width, 0xff);
    with_codes(column, [&](auto* codes) { code_values(coded, firms, codes); });
    return column;
}

/// Those that refuse most (firm, policy) pairs outright, the strongest first.
void FirmIndex::find_strongest_fields(const Program& program) {
    const std::vector<std::vector<std::uint32_t>> refused_by_code = refusals(program);
    std::vector<std::pair<std::uint64_t, std::uint32_t>> gains; // refused pairs, slot
    for (std::uint32_t slot = 0; slot < columns_.size(); ++slot) {
        const std::vector<std::uint32_t>& refused_by = refused_by_code[slot];
        const auto unknown = static_cast<std::uint32_t>(refused_by.size() - 1);
        std::uint64_t refused = 0;
        with_codes(columns_[slot], [&](const auto* codes) {
            for (std::size_t row = 0; row < firms(); ++row)
                refused += refused_by[std::min<std::uint32_t>(codes[row], unknown)];
        });
        if (refused > 0) gains.emplace_back(refused, slot);
    }
    std::sort(gains.begin(), gains.end(), [](const auto& a, const auto& b) {
        return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    if (gains.size() > kSortFields) gains.resize(kSortFields);
    for (const auto& [refused, slot] : gains)
        sorted_by_.push_back(slot);
}

/// By the weakest of the strongest fields first: each counting sort keeps the order of those before
/// among equal codes.
void FirmIndex::sort_firms(const Program& program) {
    std::vector<std::uint32_t> sorted(rows_.size());
    for (auto slot = sorted_by_.rbegin(); slot != sorted_by_.rend(); ++slot) {
        const std::uint32_t unknown = program.fields[*slot].cuts.codes();
        with_codes(columns_[*slot], [&](const auto* codes) {
            std::vector<std::uint32_t> begins(std::size_t{unknown} + 2);
            for (std::size_t row = 0; row < rows_.size(); ++row)
                ++begins[std::min<std::uint32_t>(codes[row], unknown) + 1];
            std::partial_sum(begins.begin(), begins.end(), begins.begin());
            for (const std::uint32_t row : rows_)
                sorted[begins[std::min<std::uint32_t>(codes[row], unknown)]++] = row;
        });
        rows_.swap(sorted);
    }
}

/// From the order of the table to that of the index.
void FirmIndex::put_in_order(CodedColumn& column) const {
    AlignedVector<std::uint8_t> ordered(column.codes.size(), 0xff);
    with_codes(column, [&](const auto* codes) {
        auto* const to = reinterpret_cast<std::decay_t<decltype(*codes)>*>(ordered.data());
        for (std::size_t position = 0; position < rows_.size(); ++position)
            to[position] = codes[rows_[position]];
    });
    column.codes = std::move(ordered);
}

namespace {

/// Which planes the elements of a table's dictionary stand for: while valid, and ever.
class PlanesOf {
  public:
    static constexpr std::uint32_t kNone = UINT32_MAX;
    struct Planes {
        std::uint32_t valid = kNone, ever = kNone;
    };

    PlanesOf(const CodedSet& set, const Dictionary& names) : planes_(names.size()) {
        StringMap<Planes> by_name;
        for (std::uint32_t i = 0; i < set.elements.size(); ++i) {
            Planes& planes = by_name.emplace(set.elements[i].name).first->second;
            (set.elements[i].ever ? planes.ever : planes.valid) = set.first_plane + i;
        }
        for (std::uint32_t i = 0; i < names.size(); ++i)
            if (const auto found = by_name.find(names[i]); found != by_name.end())
                planes_[i] = found->second;
    }
    const Planes& operator[](std::uint32_t name) const { return planes_[name]; }

  private:
    std::vector<Planes> planes_;
};

} // namespace

void FirmIndex::set_planes(const Program& program, const FirmTable& firms, unsigned threads) {
    planes_.assign(blocks() * plane_count_, BlockRow{});
    const std::int32_t today = firms.as_of().days;
    for (const CodedSet& set : program.sets) {
        const PlanesOf planes_of(set, firms.column(set.field).dictionary);
        const std::uint32_t unknown =
            set.first_plane + static_cast<std::uint32_t>(set.elements.size());
        share_out(threads, (blocks() + kBlocksAtATime - 1) / kBlocksAtATime, [&](std::size_t part) {
            constexpr std::size_t kFirms = kBlocksAtATime * kBlockFirms;
            const std::size_t end = std::min((part + 1) * kFirms, rows_.size());
            for (std::size_t position = part * kFirms; position < end; ++position) {
                BlockRow* const rows = planes_.data() + position / kBlockFirms * plane_count_;
                const auto set_bit = [&](std::uint32_t plane) {
                    rows[plane].words[position % kBlockFirms / 64] |= std::uint64_t{1}
                                                                      << (position % 64);
                };
                const auto elements = firms[rows_[position]].elements(set.field);
                if (!elements) {
                    set_bit(unknown);
                    continue;
                }
                for (const SetElement& element : *elements) {
                    const PlanesOf::Planes& planes = planes_of[element.name];
                    if (planes.valid != PlanesOf::kNone && element.until >= today)
                        set_bit(planes.valid);
                    if (planes.ever != PlanesOf::kNone) set_bit(planes.ever);
                }
            }
        });
    }
}

BlockRow FirmIndex::valid(std::size_t block) const {
    BlockRow row;
    const std::size_t count = std::min(kBlockFirms, firms() - block * kBlockFirms);
    for (std::size_t w = 0; w < kBlockWords; ++w) {
        const std::size_t bits = count > w * 64 ? std::min<std::size_t>(count - w * 64, 64) : 0;
        row.words[w] = bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
    }
    return row;
}

std::size_t FirmIndex::bytes() const {
    std::size_t total = 2 * rows_.size() * sizeof(std::uint32_t) +
                        (planes_.size() + unions_.size()) * sizeof(BlockRow);
    for (const CodedColumn& column : columns_)
        total += column.codes.size();
    return total;
}

} // namespace qice
