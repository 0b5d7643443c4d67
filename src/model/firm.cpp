#include "qice/model/firm.hpp"

#include "base/hash_index.hpp"
#include "base/in_threads.hpp"
#include "base/large_pages.hpp"
#include "model/derive.hpp"

#include <algorithm>

namespace qice {

// ------------------------------------------------------------------------------ Dictionary

struct Dictionary::Index {
    HashIndex numbers;
};

Dictionary::Dictionary() = default;
Dictionary::Dictionary(Dictionary&&) noexcept = default;
Dictionary& Dictionary::operator=(Dictionary&&) noexcept = default;
Dictionary::~Dictionary() = default;

std::optional<std::uint32_t> Dictionary::find(std::string_view text) const {
    if (!texts_) return {};
    const std::uint32_t number = index_->numbers.find(
        hash_text(text), [&](std::uint32_t candidate) { return (*texts_)[candidate] == text; });
    if (number == HashIndex::kNone) return {};
    return number;
}

std::uint32_t Dictionary::add(std::string_view text) {
    if (!texts_) {
        texts_ = std::make_unique<std::deque<std::string>>();
        index_ = std::make_unique<Index>();
    }
    const std::uint32_t hash = hash_text(text);
    const std::uint32_t found = index_->numbers.find(
        hash, [&](std::uint32_t candidate) { return (*texts_)[candidate] == text; });
    if (found != HashIndex::kNone) return found;
    const std::uint32_t number = size();
    texts_->emplace_back(text);
    index_->numbers.insert(hash, number);
    return number;
}

// -------------------------------------------------------------------------------- FirmView

std::string_view FirmView::id() const { return table_->id(row_); }
Date FirmView::as_of() const { return table_->as_of(); }

std::optional<std::int64_t> FirmView::scalar(std::uint32_t field) const {
    const Column& column = table_->column(field);
    if (!column.numbers.empty()) {
        const std::int64_t value = column.numbers[row_];
        return value == kUnknownNumber ? std::nullopt : std::optional(value);
    }
    if (!column.flags.empty()) {
        const std::uint8_t value = column.flags[row_];
        return value > 1 ? std::nullopt : std::optional<std::int64_t>(value);
    }
    if (!column.codes.empty()) {
        const std::uint32_t value = column.codes[row_];
        return value == kUnknownCode ? std::nullopt : std::optional<std::int64_t>(value);
    }
    return {};
}

std::optional<Ratio> FirmView::ratio(std::uint32_t field) const {
    const Schema& schema = table_->schema();
    return derived_ratio(schema, schema[field], [this](std::uint32_t operand) {
        return scalar(operand).value_or(kUnknownNumber);
    });
}

std::optional<std::string_view> FirmView::string(std::uint32_t field) const {
    const auto number = scalar(field);
    if (!number) return {};
    return table_->column(field).dictionary[static_cast<std::uint32_t>(*number)];
}

std::optional<std::span<const SetElement>> FirmView::elements(std::uint32_t field) const {
    const Column& column = table_->column(field);
    if (column.offsets.empty()) {
        if (table_->schema()[field].missing_is_unknown) return {};
        return std::span<const SetElement>{};
    }
    if (column.unknown[row_] != 0) return {};
    const std::uint32_t first = column.offsets[row_];
    return std::span(column.elements.data() + first, column.offsets[row_ + 1] - first);
}

std::span<const Tag> FirmView::tags() const {
    const auto field = table_->schema().tags();
    if (!field) return {};
    const Column& column = table_->column(*field);
    if (column.offsets.empty()) return {};
    const std::uint32_t first = column.offsets[row_];
    return std::span(column.tags.data() + first, column.offsets[row_ + 1] - first);
}

bool FirmView::known(std::uint32_t field) const {
    const Field& of = table_->schema()[field];
    switch (of.kind) {
    case Kind::set: return elements(field).has_value();
    case Kind::tags: return true;
    case Kind::text: {
        const Column& column = table_->column(field);
        return column.texts.size() > 0 && !column.texts[row_].empty();
    }
    default: return of.is_ratio() ? ratio(field).has_value() : scalar(field).has_value();
    }
}

// ------------------------------------------------------------------------------- FirmTable

FirmTable::FirmTable(SchemaPtr schema) : schema_(std::move(schema)), columns_(schema_->size()) {}

std::optional<std::size_t> FirmTable::find(std::string_view id) const {
    for (std::size_t row = 0; row < size(); ++row)
        if (ids_[row] == id) return row;
    return {};
}

void FirmTable::derive(Date as_of, unsigned threads) {
    as_of_ = as_of;
    LargePages pages;
    for (std::uint32_t field : schema_->derived()) {
        const Field& of = (*schema_)[field];
        Column& column = columns_[field];
        if (of.derive == Derive::ratio) continue;
        if (of.derive == Derive::sme_size) {
            column.dictionary = Dictionary();
            for (std::string_view name : kSizeClassNames)
                column.dictionary.add(name);
            column.codes.resize(size());
            continue;
        }
        // Where nothing is known of an operand, nothing is known of what stands on it.
        const bool can_be_known =
            std::all_of(of.operands.begin(), of.operands.end(),
                        [&](std::uint32_t operand) { return !columns_[operand].numbers.empty(); });
        if (can_be_known) reserve_large(column.numbers, size(), size(), pages);
        column.numbers.resize(can_be_known ? size() : 0);
        column.numbers.shrink();
    }
    const std::size_t step = (size() + threads - 1) / std::max(threads, 1u);
    in_threads(threads, [this, step](unsigned i) {
        derive_rows(std::min(i * step, size()), std::min((i + 1) * step, size()));
    });
}

void FirmTable::derive_rows(std::size_t begin, std::size_t end) {
    for (std::uint32_t field : schema_->derived()) {
        const Field& of = (*schema_)[field];
        if (of.derive == Derive::sme_size) derive_sizes(field, begin, end);
        if (of.derive == Derive::ratio || of.derive == Derive::sme_size) continue;
        Array<std::int64_t>& numbers = columns_[field].numbers;
        if (numbers.empty()) continue;
        for (std::size_t row = begin; row < end; ++row)
            numbers[row] = derived_value(*schema_, of, as_of_, [&](std::uint32_t operand) {
                               return columns_[operand].numbers[row];
                           }).value;
    }
}

void FirmTable::derive_sizes(std::uint32_t index, std::size_t begin, std::size_t end) {
    const Field& field = (*schema_)[index];
    const SizeClasses& classes = *schema_->size_classes();
    const std::uint32_t industry = field.operands[0];
    Array<std::uint32_t>& sizes = columns_[index].codes;
    std::fill(sizes.begin() + begin, sizes.begin() + end, kUnknownCode);

    const Field& industry_field = (*schema_)[industry];
    std::vector<std::optional<std::uint32_t>> categories;
    if (industry_field.codes) {
        categories = classes.categories_of(*industry_field.codes);
    } else {
        const Dictionary& seen = columns_[industry].dictionary;
        for (std::uint32_t i = 0; i < seen.size(); ++i)
            categories.push_back(classes.category_of(seen[i]));
    }
    const Array<std::uint32_t>& industries = columns_[industry].codes;
    if (industries.empty()) return;
    for (std::size_t row = begin; row < end; ++row) {
        const std::uint32_t code = industries[row];
        if (code == kUnknownCode || !categories[code]) continue;
        const auto size_class =
            derived_size(*schema_, field, *categories[code], [&](std::uint32_t operand) {
                const Array<std::int64_t>& numbers = columns_[operand].numbers;
                return numbers.empty() ? kUnknownNumber : numbers[row];
            });
        if (size_class) sizes[row] = static_cast<std::uint32_t>(*size_class);
    }
}

} // namespace qice
