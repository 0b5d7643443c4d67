// The schema: which fields a firm has, of which kind, and how some are derived from others.
//
// Loaded once from JSON, then immutable and shared. Fields are known by their index; text fields
// are carried, never matched.
#pragma once

#include "qice/base/decimal.hpp"
#include "qice/base/status.hpp"
#include "qice/model/codes.hpp"
#include "qice/model/standards.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qice {

enum class Kind : std::uint8_t { number, date, flag, category, code, set, tags, text };

enum class Derive : std::uint8_t { none, ratio, sum, difference, months_since, sme_size };

struct Field {
    std::string name;
    std::string label; // for people; the name where the schema gives none
    Kind kind = Kind::text;
    std::string unit_text;                 // as the schema writes it
    Unit unit;                             // of a number
    int decimals = 0;                      // of a number
    bool fixed = false;                    // what a firm cannot reasonably change
    bool expires = false;                  // set elements may carry a last valid day
    bool missing_is_unknown = false;       // an empty set cell is unknown, not "none"
    std::shared_ptr<const CodeList> codes; // of a code; null: every code is under its prefixes
    std::string codes_name;
    std::vector<std::string> levels; // of a code: which levels a firm's value may have; empty: any
    std::vector<std::string> values; // of a category: the only values; empty: any
    Derive derive = Derive::none;
    std::vector<std::uint32_t> operands; // field indexes

    bool derived() const { return derive != Derive::none; }
    bool is_ratio() const { return derive == Derive::ratio; }
    /// Held as text known by a dictionary: categories, and codes without a list.
    bool is_string() const { return kind == Kind::category || (kind == Kind::code && !codes); }
};

const char* name_of(Kind kind);

/// A code list that is at hand as text: what a schema calls it, and the CSV.
struct CodeListText {
    std::string name, csv;
};

class Schema {
  public:
    /// From a file. `codes` names a list in the standards folder, or a file beside the schema.
    static Result<std::shared_ptr<const Schema>> load(const std::string& path);
    /// From text; `file` names it in errors. Code lists are looked for among those given, in the
    /// standards folder, and in the folder of `file`.
    static Result<std::shared_ptr<const Schema>>
    parse(std::string_view json, const std::string& file,
          std::span<const CodeListText> code_lists = {});

    const std::string& id_column() const { return id_column_; }
    const std::vector<Field>& fields() const { return fields_; }
    const Field& operator[](std::uint32_t field) const { return fields_[field]; }
    std::uint32_t size() const { return static_cast<std::uint32_t>(fields_.size()); }
    std::optional<std::uint32_t> find(std::string_view name) const;
    std::vector<std::string> names() const;
    /// The derived fields, operands before what is derived from them.
    const std::vector<std::uint32_t>& derived() const { return derived_; }
    /// The field of kind tags, if there is one.
    std::optional<std::uint32_t> tags() const { return tags_; }
    /// The size classes, where a field is derived by them.
    const SizeClasses* size_classes() const { return size_classes_.get(); }

  private:
    friend class SchemaReader;

    std::string id_column_;
    std::vector<Field> fields_;
    std::vector<std::uint32_t> derived_;
    std::optional<std::uint32_t> tags_;
    std::shared_ptr<const SizeClasses> size_classes_;
};

using SchemaPtr = std::shared_ptr<const Schema>;

} // namespace qice
