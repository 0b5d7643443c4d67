// FirmRecord: one firm's raw values outside of any table, to be asked about at once.
//
//   FirmRecord firm(schema);
//   firm.set_number(*schema->find("revenue"), 2'000'000'000); // x 10^decimals
//   firm.set_text(*schema->find("industry"), "C3911");
//   firm.add_element(*schema->find("qualifications"), "高新技术企业", until);
//
// What is not set is empty, as an empty cell of a table is. Derived fields cannot be set; whoever
// reads the record derives them for a day. clear() keeps the memory: a reused record allocates
// nothing. Not safe for two threads at once.
#pragma once

#include "qice/model/firm.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qice {

class FirmRecord {
  public:
    explicit FirmRecord(SchemaPtr schema);

    /// Empties every field.
    void clear();
    /// Takes over all values of a row; its table must be of the same schema.
    void assign(const FirmView& firm);

    // Each function is for the kinds of field it names; another kind is a programmer's error.

    /// number: `value` x 10^decimals of the field; kUnknownNumber makes it unknown.
    void set_number(std::uint32_t field, std::int64_t value);
    void set_date(std::uint32_t field, Date day);
    void set_flag(std::uint32_t field, bool value);
    /// category, code, text. False if the text is no value of the field, which is then unknown.
    bool set_text(std::uint32_t field, std::string_view text);
    /// set: from here on known, with one more element. Of an element named twice the later day
    /// holds.
    void add_element(std::uint32_t field, std::string_view name, std::int32_t until = kForever);
    /// set: known to be empty, or unknown, whatever the schema says of missing ones.
    void set_elements_known(std::uint32_t field, bool known);
    /// tags: weight in thousandths, 0 to 1,000. Of a tag named twice the later weight holds.
    void add_tag(std::string_view name, std::uint32_t weight = 1000);
    void clear_tags() { tags_.clear(); }

    const Schema& schema() const { return *schema_; }
    /// A number, date, flag, listed code, or of a text 0 for "there is one"; else kUnknownNumber.
    const std::int64_t* scalars() const { return scalars_.data(); }
    /// A category, or a code without a list; empty if unknown.
    const std::string& text(std::uint32_t field) const { return texts_[field]; }
    bool elements_known(std::uint32_t field) const { return scalars_[field] != kUnknownNumber; }

    struct Element {
        std::uint32_t field;
        std::int32_t until;
        std::uint32_t first, size; // bytes of names()
    };
    struct TagWeight {
        std::uint32_t weight;
        std::uint32_t first, size;
    };
    const std::vector<Element>& elements() const { return elements_; }
    const std::vector<TagWeight>& tags() const { return tags_; }
    template <class Named> std::string_view name(const Named& of) const {
        return std::string_view(names_).substr(of.first, of.size);
    }

  private:
    SchemaPtr schema_;
    std::vector<std::int64_t> empty_; // the scalars of an empty record
    std::vector<std::int64_t> scalars_;
    std::vector<std::string> texts_;
    std::vector<std::uint32_t> texts_set_;
    std::string names_; // of elements and tags, one after another
    std::vector<Element> elements_;
    std::vector<TagWeight> tags_;
};

} // namespace qice
