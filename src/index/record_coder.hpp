// Codes one firm's raw values by the cuts of a program, deriving what the program looks at.
//
// Immutable once built; any number of threads may use it, each with its own CodedRecord. Costs a
// binary search a field and a hash look-up an element or tag: well below a microsecond a firm.
#pragma once

#include "base/string_map.hpp"
#include "qice/index/program.hpp"
#include "qice/model/firm_record.hpp"

#include <cstdint>
#include <utility>
#include <vector>

namespace qice {

/// One firm in the terms of a program; reused from firm to firm.
struct CodedRecord {
    std::vector<std::int64_t> values;   // by field of the schema: raw scalars, and derived ones
    std::vector<std::uint32_t> codes;   // by slot; the number of codes stands for unknown
    std::vector<std::uint64_t> planes;  // a bit a plane of set elements, as Program numbers them
    std::vector<std::uint32_t> has;     // the planes whose bit is set, without those for unknown
    std::vector<std::uint8_t> known;    // by set
    std::vector<std::int32_t> weights;  // by tag, thousandths
    std::vector<std::uint32_t> carried; // the tags with a weight
};

class RecordCoder {
  public:
    RecordCoder(const Schema& schema, const Program& program);

    CodedRecord scratch() const;
    /// What the firm is on a day.
    void code(const FirmRecord& firm, Date as_of, CodedRecord& out) const;
    std::size_t bytes() const;

  private:
    enum class Form : std::uint8_t { scalar, ratio, text, size_class };
    struct Planes {
        std::uint32_t valid, ever;
    };
    static constexpr std::uint32_t kNone = UINT32_MAX;

    void derive(const FirmRecord& firm, Date as_of, CodedRecord& out) const;
    void code_elements(const FirmRecord& firm, Date as_of, CodedRecord& out) const;
    void code_tags(const FirmRecord& firm, CodedRecord& out) const;
    void need(std::uint32_t field, std::vector<bool>& needed) const;
    std::optional<std::uint32_t> size_category(std::uint32_t field, const FirmRecord& firm,
                                               const CodedRecord& out) const;

    const Schema& schema_;
    const Program& program_;
    std::vector<Form> forms_;                            // by slot
    std::vector<std::uint32_t> raw_;                     // the underived fields that are looked at
    std::vector<std::uint32_t> derived_;                 // fields, operands first; without ratios
    std::vector<std::vector<std::uint32_t>> size_codes_; // by slot: the code of each size class
    std::vector<std::vector<std::optional<std::uint32_t>>> size_categories_; // by field
    std::vector<std::uint32_t> set_of_;                                      // by field
    std::vector<StringMap<Planes>> planes_;                                  // by set
    StringMap<std::uint32_t> tags_;
};

} // namespace qice
