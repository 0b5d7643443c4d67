#include "qice/index/firm_index.hpp"

#include "base/string_map.hpp"
#include "index/element_unions.hpp"
#include "qice/index/policy_index.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace qice {
namespace {

constexpr std::size_t kSortFields = 4; // 16 bits each of a 64-bit key

/// The code of every firm of a table in one field; unknown = number of codes.
std::vector<std::uint32_t> code_column(const CodedField& coded, const FirmTable& firms) {
    const Field& field = firms.schema()[coded.field];
    const Column& column = firms.column(coded.field);
    const std::uint32_t unknown = coded.cuts.codes();
    std::vector<std::uint32_t> codes(firms.size(), unknown);

    if (field.kind == Kind::tags || field.kind == Kind::text) { // only "known" is asked of them
        for (std::size_t row = 0; row < firms.size(); ++row)
            if (firms[row].known(coded.field)) codes[row] = coded.cuts.code_of(std::int64_t{0});
    } else if (field.is_ratio()) {
        for (std::size_t row = 0; row < firms.size(); ++row)
            if (const auto ratio = firms[row].ratio(coded.field))
                codes[row] = coded.cuts.code_of(ratio_slot(*ratio));
    } else if (!column.numbers.empty()) {
        for (std::size_t row = 0; row < firms.size(); ++row)
            if (column.numbers[row] != kUnknownNumber)
                codes[row] = coded.cuts.code_of(column.numbers[row]);
    } else if (!column.flags.empty()) {
        for (std::size_t row = 0; row < firms.size(); ++row)
            if (column.flags[row] < 2)
                codes[row] = coded.cuts.code_of(std::int64_t{column.flags[row]});
    } else if (!column.codes.empty()) {
        // Each distinct value is looked up once.
        const std::uint32_t distinct =
            field.is_string() ? column.dictionary.size() : field.codes->size();
        std::vector<std::uint32_t> code_of(distinct);
        for (std::uint32_t i = 0; i < distinct; ++i)
            code_of[i] = field.is_string() ? coded.cuts.code_of(column.dictionary[i])
                                           : coded.cuts.code_of(std::int64_t{i});
        for (std::size_t row = 0; row < firms.size(); ++row)
            if (column.codes[row] != kUnknownCode) codes[row] = code_of[column.codes[row]];
    }
    return codes;
}

template <class Code>
void pack(const std::vector<std::uint32_t>& codes, std::uint32_t unknown,
          const std::vector<std::uint32_t>& rows, std::uint8_t* out) {
    constexpr Code kUnknown = static_cast<Code>(~Code{0});
    auto* packed = reinterpret_cast<Code*>(out);
    for (std::size_t position = 0; position < rows.size(); ++position) {
        const std::uint32_t code = codes[rows[position]];
        packed[position] = code == unknown ? kUnknown : static_cast<Code>(code);
    }
}

} // namespace

FirmIndex::FirmIndex(const Program& program, const FirmTable& firms, FirmOrder order)
    : rows_(firms.size()), plane_count_(program.planes), union_count_(program.unions.size()) {
    std::vector<std::vector<std::uint32_t>> codes;
    for (const CodedField& coded : program.fields)
        codes.push_back(code_column(coded, firms));
    std::iota(rows_.begin(), rows_.end(), 0u);
    find_strongest_fields(program, codes);
    if (order == FirmOrder::by_strongest_fields && !sorted_by_.empty()) sort_firms(program, codes);
    std::vector<std::uint32_t> positions(rows_.size());
    for (std::uint32_t position = 0; position < rows_.size(); ++position)
        positions[rows_[position]] = position;
    positions_ = std::make_shared<const std::vector<std::uint32_t>>(std::move(positions));
    pack_codes(program, std::move(codes));
    set_planes(program, firms);
    unions_ = unite_elements(program, planes_, blocks());
}

/// Those that refuse most (firm, policy) pairs outright, the strongest first.
void FirmIndex::find_strongest_fields(const Program& program,
                                      const std::vector<std::vector<std::uint32_t>>& codes) {
    const std::vector<std::vector<std::uint32_t>> refused_by_code = refusals(program);
    std::vector<std::pair<std::uint64_t, std::uint32_t>> gains; // refused pairs, slot
    for (std::uint32_t slot = 0; slot < codes.size(); ++slot) {
        std::uint64_t refused = 0;
        for (std::uint32_t code : codes[slot])
            refused += refused_by_code[slot][code];
        if (refused > 0) gains.emplace_back(refused, slot);
    }
    std::sort(gains.begin(), gains.end(), [](const auto& a, const auto& b) {
        return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    if (gains.size() > kSortFields) gains.resize(kSortFields);
    for (const auto& [refused, slot] : gains)
        sorted_by_.push_back(slot);
}

void FirmIndex::sort_firms(const Program& program,
                           const std::vector<std::vector<std::uint32_t>>& codes) {
    struct Keyed {
        std::uint64_t key;
        std::uint32_t row;
    };
    std::vector<Keyed> keyed(rows_.size());
    for (std::size_t row = 0; row < keyed.size(); ++row)
        keyed[row] = {0, static_cast<std::uint32_t>(row)};
    for (std::size_t i = 0; i < sorted_by_.size(); ++i) {
        int drop = 0; // a field with over 65,535 codes sorts by its leading bits
        while ((program.fields[sorted_by_[i]].cuts.codes() >> drop) > 0xffff)
            ++drop;
        for (Keyed& entry : keyed)
            entry.key |= std::uint64_t{codes[sorted_by_[i]][entry.row] >> drop} << (48 - 16 * i);
    }
    std::sort(keyed.begin(), keyed.end(), [](const Keyed& a, const Keyed& b) {
        return a.key != b.key ? a.key < b.key : a.row < b.row;
    });
    for (std::size_t i = 0; i < keyed.size(); ++i)
        rows_[i] = keyed[i].row;
}

void FirmIndex::pack_codes(const Program& program, std::vector<std::vector<std::uint32_t>> codes) {
    columns_.resize(codes.size());
    for (std::uint32_t slot = 0; slot < codes.size(); ++slot) {
        const std::uint32_t unknown = program.fields[slot].cuts.codes();
        CodedColumn& column = columns_[slot];
        column.width = unknown <= 0xff ? 1 : unknown <= 0xffff ? 2 : 4;
        column.codes.assign(blocks() * kBlockFirms * column.width, 0xff);
        if (column.width == 1)
            pack<std::uint8_t>(codes[slot], unknown, rows_, column.codes.data());
        else if (column.width == 2)
            pack<std::uint16_t>(codes[slot], unknown, rows_, column.codes.data());
        else
            pack<std::uint32_t>(codes[slot], unknown, rows_, column.codes.data());
        codes[slot] = {};
    }
}

void FirmIndex::set_planes(const Program& program, const FirmTable& firms) {
    planes_.assign(blocks() * plane_count_, BlockRow{});
    const std::int32_t today = firms.as_of().days;
    for (const CodedSet& set : program.sets) {
        // Which planes an element of the table's dictionary stands for: while valid, and ever.
        constexpr std::uint32_t kNone = UINT32_MAX;
        StringMap<std::pair<std::uint32_t, std::uint32_t>> planes;
        for (std::uint32_t i = 0; i < set.elements.size(); ++i) {
            auto& entry = planes.emplace(set.elements[i].name, kNone, kNone).first->second;
            (set.elements[i].ever ? entry.second : entry.first) = set.first_plane + i;
        }
        const Dictionary& names = firms.column(set.field).dictionary;
        std::vector<std::pair<std::uint32_t, std::uint32_t>> planes_of(names.size(),
                                                                       {kNone, kNone});
        for (std::uint32_t i = 0; i < names.size(); ++i)
            if (const auto found = planes.find(names[i]); found != planes.end())
                planes_of[i] = found->second;
        const std::uint32_t unknown =
            set.first_plane + static_cast<std::uint32_t>(set.elements.size());

        for (std::size_t position = 0; position < rows_.size(); ++position) {
            BlockRow* rows = planes_.data() + position / kBlockFirms * plane_count_;
            const std::size_t word = position % kBlockFirms / 64;
            const std::uint64_t bit = std::uint64_t{1} << (position % 64);
            const auto elements = firms[rows_[position]].elements(set.field);
            if (!elements) {
                rows[unknown].words[word] |= bit;
                continue;
            }
            for (const SetElement& element : *elements) {
                const auto& [valid, ever] = planes_of[element.name];
                if (valid != kNone && element.until >= today) rows[valid].words[word] |= bit;
                if (ever != kNone) rows[ever].words[word] |= bit;
            }
        }
    }
}

std::uint32_t FirmIndex::code_at(std::uint32_t slot, std::size_t position) const {
    const CodedColumn& column = columns_[slot];
    std::uint32_t code = 0;
    std::memcpy(&code, column.codes.data() + position * column.width,
                column.width); // little-endian
    return code;
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
