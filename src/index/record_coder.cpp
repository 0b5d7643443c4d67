#include "index/record_coder.hpp"

#include "model/derive.hpp"
#include "qice/base/bits.hpp"

#include <algorithm>

namespace qice {

RecordCoder::RecordCoder(const Schema& schema, const Program& program)
    : schema_(schema), program_(program), size_codes_(program.fields.size()),
      size_categories_(schema.size()), set_of_(schema.size(), kNone) {
    std::vector<bool> needed(schema.size());
    for (std::uint32_t slot = 0; slot < program.fields.size(); ++slot) {
        const CodedField& coded = program.fields[slot];
        const Field& field = schema[coded.field];
        need(coded.field, needed);
        forms_.push_back(field.derive == Derive::sme_size ? Form::size_class
                         : field.is_ratio()               ? Form::ratio
                         : field.is_string()              ? Form::text
                                                          : Form::scalar);
        if (field.derive == Derive::sme_size)
            for (std::string_view name : kSizeClassNames)
                size_codes_[slot].push_back(coded.cuts.code_of(std::string(name)));
    }
    for (std::uint32_t field = 0; field < schema.size(); ++field)
        if (needed[field] && !schema[field].derived()) raw_.push_back(field);
    for (std::uint32_t field : schema.derived()) {
        if (!needed[field] || schema[field].is_ratio()) continue;
        derived_.push_back(field);
        const Field& industry = schema[schema[field].operands[0]];
        if (schema[field].derive == Derive::sme_size && industry.codes)
            size_categories_[field] = schema.size_classes()->categories_of(*industry.codes);
    }
    for (std::uint32_t number = 0; number < program.sets.size(); ++number) {
        const CodedSet& set = program.sets[number];
        set_of_[set.field] = number;
        StringMap<Planes>& planes = planes_.emplace_back();
        for (std::uint32_t i = 0; i < set.elements.size(); ++i) {
            Planes& of = planes.emplace(set.elements[i].name, Planes{kNone, kNone}).first->second;
            (set.elements[i].ever ? of.ever : of.valid) = set.first_plane + i;
        }
    }
    for (std::uint32_t tag = 0; tag < program.tag_names.size(); ++tag)
        tags_.emplace(program.tag_names[tag], tag);
}

void RecordCoder::need(std::uint32_t field, std::vector<bool>& needed) const {
    needed[field] = true;
    for (std::uint32_t operand : schema_[field].operands)
        need(operand, needed);
}

CodedRecord RecordCoder::scratch() const {
    CodedRecord out;
    out.values.resize(schema_.size());
    out.codes.resize(program_.fields.size());
    out.planes.resize(words_for(program_.planes));
    out.known.resize(program_.sets.size());
    out.weights.resize(program_.tag_names.size() + 1); // never empty: tag 0 may always be read
    return out;
}

void RecordCoder::code(const FirmRecord& firm, Date as_of, CodedRecord& out) const {
    for (std::uint32_t field : raw_)
        out.values[field] = firm.scalars()[field];
    derive(firm, as_of, out);
    for (std::uint32_t slot = 0; slot < forms_.size(); ++slot) {
        const CodedField& coded = program_.fields[slot];
        const std::uint32_t unknown = coded.cuts.codes();
        std::uint32_t code = unknown;
        switch (forms_[slot]) {
        case Form::ratio:
            if (const auto ratio =
                    derived_ratio(schema_, schema_[coded.field],
                                  [&](std::uint32_t field) { return out.values[field]; }))
                code = coded.cuts.code_of(ratio_slot(*ratio));
            break;
        case Form::text:
            if (out.values[coded.field] != kUnknownNumber)
                code = coded.cuts.code_of(firm.text(coded.field));
            break;
        case Form::size_class:
            if (out.values[coded.field] != kUnknownNumber)
                code = size_codes_[slot][static_cast<std::size_t>(out.values[coded.field])];
            break;
        case Form::scalar:
            if (out.values[coded.field] != kUnknownNumber)
                code = coded.cuts.code_of(out.values[coded.field]);
        }
        out.codes[slot] = code;
    }
    code_elements(firm, as_of, out);
    code_tags(firm, out);
}

void RecordCoder::derive(const FirmRecord& firm, Date as_of, CodedRecord& out) const {
    const auto scalar_of = [&](std::uint32_t field) { return out.values[field]; };
    for (std::uint32_t field : derived_) {
        const Field& of = schema_[field];
        if (of.derive != Derive::sme_size) {
            out.values[field] = derived_value(schema_, of, as_of, scalar_of).value;
            continue;
        }
        out.values[field] = kUnknownNumber;
        const auto category = size_category(field, firm, out);
        if (!category) continue;
        if (const auto size = derived_size(schema_, of, *category, scalar_of))
            out.values[field] = static_cast<std::int64_t>(*size);
    }
}

std::optional<std::uint32_t> RecordCoder::size_category(std::uint32_t field, const FirmRecord& firm,
                                                        const CodedRecord& out) const {
    const std::uint32_t industry = schema_[field].operands[0];
    if (out.values[industry] == kUnknownNumber) return {};
    if (!schema_[industry].codes) return schema_.size_classes()->category_of(firm.text(industry));
    return size_categories_[field][static_cast<std::size_t>(out.values[industry])];
}

void RecordCoder::code_elements(const FirmRecord& firm, Date as_of, CodedRecord& out) const {
    std::fill(out.planes.begin(), out.planes.end(), 0);
    out.has.clear();
    const auto set_plane = [&](std::uint32_t plane) {
        std::uint64_t& word = out.planes[plane / 64];
        const std::uint64_t bit = std::uint64_t{1} << (plane % 64);
        const bool is_new = (word & bit) == 0;
        word |= bit;
        return is_new;
    };
    for (std::uint32_t number = 0; number < program_.sets.size(); ++number) {
        const CodedSet& set = program_.sets[number];
        out.known[number] = firm.elements_known(set.field);
        if (!out.known[number])
            set_plane(set.first_plane + static_cast<std::uint32_t>(set.elements.size()));
    }
    for (const FirmRecord::Element& element : firm.elements()) {
        const std::uint32_t set = set_of_[element.field];
        if (set == kNone) continue;
        const auto found = planes_[set].find(firm.name(element));
        if (found == planes_[set].end()) continue;
        const Planes& planes = found->second;
        if (planes.valid != kNone && element.until >= as_of.days && set_plane(planes.valid))
            out.has.push_back(planes.valid);
        if (planes.ever != kNone && set_plane(planes.ever)) out.has.push_back(planes.ever);
    }
}

void RecordCoder::code_tags(const FirmRecord& firm, CodedRecord& out) const {
    for (std::uint32_t tag : out.carried)
        out.weights[tag] = 0;
    out.carried.clear();
    for (const FirmRecord::TagWeight& tag : firm.tags()) {
        const auto found = tags_.find(firm.name(tag));
        if (found == tags_.end()) continue;
        out.weights[found->second] = static_cast<std::int32_t>(tag.weight);
        out.carried.push_back(found->second);
    }
}

std::size_t RecordCoder::bytes() const {
    std::size_t total = derived_.size() * 4 + set_of_.size() * 4;
    for (const auto& of_field : size_categories_)
        total += of_field.size() * sizeof of_field[0];
    for (const StringMap<Planes>& planes : planes_)
        total += planes.bytes();
    return total + tags_.bytes();
}

} // namespace qice
