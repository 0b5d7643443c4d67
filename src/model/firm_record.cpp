#include "qice/model/firm_record.hpp"

#include <algorithm>
#include <cassert>

namespace qice {

FirmRecord::FirmRecord(SchemaPtr schema)
    : schema_(std::move(schema)), empty_(schema_->size(), kUnknownNumber), texts_(schema_->size()) {
    for (std::uint32_t field = 0; field < schema_->size(); ++field) {
        const Field& of = (*schema_)[field];
        // A set's scalar says that it is known; tags are never unknown.
        if (of.kind == Kind::tags || (of.kind == Kind::set && !of.missing_is_unknown))
            empty_[field] = 0;
    }
    scalars_ = empty_;
}

void FirmRecord::clear() {
    std::copy(empty_.begin(), empty_.end(), scalars_.begin());
    for (std::uint32_t field : texts_set_)
        texts_[field].clear();
    texts_set_.clear();
    names_.clear();
    elements_.clear();
    tags_.clear();
}

void FirmRecord::set_number(std::uint32_t field, std::int64_t value) {
    assert((*schema_)[field].kind == Kind::number && !(*schema_)[field].derived());
    scalars_[field] = value;
}

void FirmRecord::set_date(std::uint32_t field, Date day) {
    assert((*schema_)[field].kind == Kind::date);
    scalars_[field] = day.days;
}

void FirmRecord::set_flag(std::uint32_t field, bool value) {
    assert((*schema_)[field].kind == Kind::flag);
    scalars_[field] = value ? 1 : 0;
}

bool FirmRecord::set_text(std::uint32_t index, std::string_view text) {
    const Field& field = (*schema_)[index];
    assert(!field.derived());
    scalars_[index] = kUnknownNumber;
    if (!texts_[index].empty()) texts_[index].clear();
    if (text.empty()) return true;
    if (field.codes) {
        const auto found = field.codes->find(text);
        if (!found) return false;
        const auto& level = (*field.codes)[*found].level;
        if (!field.levels.empty() &&
            std::find(field.levels.begin(), field.levels.end(), level) == field.levels.end())
            return false;
        scalars_[index] = *found;
        return true;
    }
    if (field.kind == Kind::text) {
        scalars_[index] = 0;
        return true;
    }
    assert(field.is_string());
    if (!field.values.empty() &&
        std::find(field.values.begin(), field.values.end(), text) == field.values.end())
        return false;
    scalars_[index] = 0;
    texts_[index] = text;
    texts_set_.push_back(index);
    return true;
}

void FirmRecord::add_element(std::uint32_t field, std::string_view name, std::int32_t until) {
    assert((*schema_)[field].kind == Kind::set);
    scalars_[field] = 0;
    elements_.push_back({field, until, static_cast<std::uint32_t>(names_.size()),
                         static_cast<std::uint32_t>(name.size())});
    names_.append(name);
}

void FirmRecord::set_elements_known(std::uint32_t field, bool known) {
    assert((*schema_)[field].kind == Kind::set);
    scalars_[field] = known ? 0 : kUnknownNumber;
    std::erase_if(elements_, [&](const Element& element) { return element.field == field; });
}

void FirmRecord::add_tag(std::string_view name, std::uint32_t weight) {
    assert(weight <= 1000);
    tags_.push_back({weight, static_cast<std::uint32_t>(names_.size()),
                     static_cast<std::uint32_t>(name.size())});
    names_.append(name);
}

void FirmRecord::assign(const FirmView& firm) {
    clear();
    const FirmTable& table = firm.table();
    for (std::uint32_t field = 0; field < schema_->size(); ++field) {
        const Field& of = (*schema_)[field];
        if (of.derived()) continue;
        switch (of.kind) {
        case Kind::set:
            if (const auto elements = firm.elements(field)) {
                scalars_[field] = 0;
                for (const SetElement& element : *elements)
                    add_element(field, table.column(field).dictionary[element.name], element.until);
            } else {
                scalars_[field] = kUnknownNumber;
            }
            break;
        case Kind::tags: break;
        case Kind::text:
            if (firm.known(field)) scalars_[field] = 0;
            break;
        default:
            if (of.is_string()) {
                if (const auto text = firm.string(field)) {
                    scalars_[field] = 0;
                    texts_[field] = *text;
                    texts_set_.push_back(field);
                }
            } else if (const auto value = firm.scalar(field)) {
                scalars_[field] = *value;
            }
        }
    }
    if (const auto field = schema_->tags())
        for (const Tag& tag : firm.tags())
            add_tag(table.column(*field).dictionary[tag.name], tag.weight);
}

} // namespace qice
