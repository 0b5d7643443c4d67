#include "qice/index/fine_codes.hpp"

#include <algorithm>
#include <cstring>

namespace qice {
namespace {

constexpr std::size_t kSample = 8'192;       // values that quantiles are taken from
constexpr std::size_t kByteCuts = 254;       // with these a code is a byte
constexpr std::size_t kFewestQuantiles = 64; // else codes of two bytes
constexpr std::size_t kManyQuantiles = 512;

/// Values of a field in the order of the table, or kUnknownNumber.
std::vector<std::int64_t> values_of(std::uint32_t field, const FirmTable& firms) {
    std::vector<std::int64_t> values(firms.size(), kUnknownNumber);
    if (firms.schema()[field].is_ratio()) {
        for (std::size_t row = 0; row < firms.size(); ++row)
            if (const auto ratio = firms[row].ratio(field)) values[row] = ratio_slot(*ratio);
        return values;
    }
    const Array<std::int64_t>& numbers = firms.column(field).numbers;
    if (!numbers.empty()) std::copy(numbers.begin(), numbers.end(), values.begin());
    return values;
}

/// The cuts of a field and, beside them, both sides of quantiles: a value that many firms have
/// becomes an interval of its own.
FieldCuts finer(const FieldCuts& cuts, const std::vector<std::int64_t>& values) {
    std::vector<std::int64_t> sample;
    const std::size_t step = std::max<std::size_t>(values.size() / kSample, 1);
    for (std::size_t i = 0; i < values.size(); i += step)
        if (values[i] != kUnknownNumber) sample.push_back(values[i]);
    std::sort(sample.begin(), sample.end());

    const std::size_t own = cuts.numbers().size();
    std::size_t quantiles = own < kByteCuts ? (kByteCuts - own) / 2 : 0;
    if (quantiles < kFewestQuantiles) quantiles = kManyQuantiles;
    NumberSet bounds;
    bounds.toggles = cuts.numbers();
    for (std::size_t i = 0; i < quantiles && !sample.empty(); ++i) {
        const std::int64_t value = sample[i * sample.size() / quantiles];
        bounds.toggles.push_back(value);
        if (value != INT64_MAX) bounds.toggles.push_back(value + 1);
    }
    std::sort(bounds.toggles.begin(), bounds.toggles.end());
    bounds.toggles.erase(std::unique(bounds.toggles.begin(), bounds.toggles.end()),
                         bounds.toggles.end());
    FieldCuts out;
    out.add(bounds);
    out.finish();
    return out;
}

} // namespace

FineCodes::FineCodes(const Program& program, const FirmIndex& index, const FirmTable& firms,
                     std::uint32_t crowd)
    : program_(program), index_(index), fine_(program.fields.size()) {
    for (std::uint32_t slot = 0; slot < fine_.size(); ++slot) {
        const Kind kind = firms.schema()[program.fields[slot].field].kind;
        if ((kind == Kind::number || kind == Kind::date) && index.firms() > crowd &&
            most_of_one_code(slot) > crowd)
            refine(slot, firms);
    }
}

/// How many firms share a known code.
std::uint32_t FineCodes::most_of_one_code(std::uint32_t slot) const {
    const std::uint32_t unknown = program_.fields[slot].cuts.codes();
    std::vector<std::uint32_t> firms(std::size_t{unknown} + 1);
    for (std::size_t position = 0; position < index_.firms(); ++position)
        ++firms[std::min(index_.code_at(slot, position), unknown)];
    return *std::max_element(firms.begin(), firms.end() - 1);
}

void FineCodes::refine(std::uint32_t slot, const FirmTable& firms) {
    const std::vector<std::int64_t> values = values_of(program_.fields[slot].field, firms);
    Fine fine;
    fine.cuts = finer(program_.fields[slot].cuts, values);
    const std::uint32_t unknown = fine.cuts.codes();
    fine.width = unknown <= 0xff ? 1 : unknown <= 0xffff ? 2 : 4;
    fine.codes.assign(index_.blocks() * kBlockFirms * fine.width, 0xff);
    const std::vector<std::uint32_t>& positions = *index_.positions();
    for (std::size_t row = 0; row < values.size(); ++row) {
        if (values[row] == kUnknownNumber) continue;
        const std::uint32_t code = fine.cuts.code_of(values[row]);
        std::memcpy(fine.codes.data() + std::size_t{positions[row]} * fine.width, &code,
                    fine.width); // little-endian
    }
    fine_[slot] = std::move(fine);
    any_finer_ = true;
}

std::size_t FineCodes::bytes() const {
    std::size_t total = 0;
    for (const std::optional<Fine>& fine : fine_)
        if (fine) total += fine->codes.size() + fine->cuts.numbers().size() * sizeof(std::int64_t);
    return total;
}

} // namespace qice
