// OneFirm: one firm from outside, as JSON or value by value, ready to be asked about.
//
//   OneFirm firm(schema);
//   QICE_RETURN_IF_ERROR(firm.assign_json(R"({"uscc": "9144...", "revenue": "2000万元"})", {day}));
//   firm.set_cell(*schema->find("employees"), "120");             // or value by value
//   moment->one_firm().ask(firm.record(), {.top = 20}, scratch);
//   moment->explain(number, firm.table(day)[0]);
//
// Values mean what they mean in a file: JSON as a line of JSON Lines, a text as a cell of CSV. A
// value that is none of its field leaves the field unknown, and is told. Used again after clear(),
// setting values allocates next to nothing. Not safe for two threads at once.
#pragma once

#include "qice/io/reader.hpp"
#include "qice/model/firm_record.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qice {

class Json;
struct JsonCell;

class OneFirm {
  public:
    explicit OneFirm(SchemaPtr schema);

    void clear();
    void set_id(std::string_view id) { id_ = id; }
    const std::string& id() const { return id_; }

    /// Takes everything over from a JSON object; without an id the firm has none. Fails, and leaves
    /// the firm empty, where the text is no object or has a key that is no field (unless those may
    /// be ignored), and with `strict` where a value is bad.
    Status assign_json(std::string_view json, const ReadOptions& options);
    /// The values of the JSON that could not be taken.
    const std::vector<Quarantined>& bad_values() const { return bad_values_; }

    // Values. The field must be one that is not derived; a function that gives a reason why the
    // value is none of the field has made it unknown.

    /// As a cell of CSV; empty makes the field empty.
    const char* set_cell(std::uint32_t field, std::string_view text);
    /// A number in the field's unit, `value` / 10^decimals; more decimals than the field has are
    /// refused.
    const char* set_number(std::uint32_t field, std::int64_t value, int decimals);
    const char* set_date(std::uint32_t field, Date day);
    const char* set_flag(std::uint32_t field, bool value);
    /// One more element of a set.
    const char* add_element(std::uint32_t field, std::string_view name,
                            std::int32_t until = kForever);
    /// One more tag, or another weight (thousandths) for one that is there.
    const char* add_tag(std::string_view name, std::uint32_t weight = 1000);
    /// As if the field had never been set; a set is then what the schema says of missing ones.
    void set_unknown(std::uint32_t field);

    const FirmRecord& record() const { return record_; }
    /// A table of this one firm, derived for a day.
    FirmTable table(Date as_of) const;
    const SchemaPtr& schema() const { return schema_; }

    /// Gives every value there is to `cells`: set_unknown(field), or cell(field, text) with the
    /// text of a CSV cell.
    template <class Cells> void write_to(Cells& cells) const {
        for (std::uint32_t field = 0; field < schema_->size(); ++field) {
            const Field& of = (*schema_)[field];
            if (of.derived() || of.kind == Kind::text) continue;
            if (of.kind == Kind::set && !record_.elements_known(field))
                cells.set_unknown(field);
            else
                cells.cell(field, cell_of(field));
        }
        for (const auto& [field, text] : texts_)
            cells.cell(field, text);
    }

  private:
    Status take_json(std::string_view json, const ReadOptions& options);
    void take_json_cell(std::uint32_t field, const Json& value, const JsonCell& cell,
                        std::string_view unknown_cell);
    void note(std::uint32_t field, std::string_view value, std::string reason);
    std::int64_t number(std::uint32_t field, Date as_of) const;
    void note_overflows(Date as_of);

    const char* set_scalar(std::uint32_t field, std::string_view text, bool exponents);
    const char* set_elements(std::uint32_t field, std::string_view text);
    const char* set_tags(std::string_view text);
    void make_unknown(std::uint32_t field); // also a set whose absence means that it is empty
    void set_text(std::uint32_t field, std::string_view text);
    std::string cell_of(std::uint32_t field) const;

    SchemaPtr schema_;
    FirmRecord record_;
    std::string id_;
    std::vector<std::pair<std::uint32_t, std::string>> texts_; // of text fields
    std::vector<Quarantined> bad_values_;
};

} // namespace qice
