// A column of Arrow into a field of firms: from values of its type straight to the field's.
//
// Numbers, days and flags go 64 at a time (arrow_numbers.cpp), null ones skipped unseen; a
// dictionary's value is read once a batch, the first time that a row has it; what remains is read
// value by value. Nothing goes through text but what is text, and whole numbers in fields of other
// kinds.
#pragma once

#include "io/arrow_value.hpp"
#include "io/firm_collector.hpp"

#include <memory>

namespace qice {

/// Rows of an array that become rows of a collector.
struct ArrowRun {
    std::int64_t from = 0;
    std::uint32_t row = 0, count = 0;
    std::uint64_t batch = 0; // that the array belongs to
};

/// Of one thread.
class ArrowColumn {
  public:
    explicit ArrowColumn(std::uint32_t field) : field_(field) {}
    virtual ~ArrowColumn() = default;
    /// The rows must have passed check_rows(), and their texts is_utf8_row().
    virtual void write(const ArrowView& view, const ArrowRun& run, FirmCollector& to) = 0;

  protected:
    const std::uint32_t field_;
};

/// For a type that fits the field.
std::unique_ptr<ArrowColumn> make_arrow_column(const ArrowType& type, const Field& field,
                                               std::uint32_t index);

/// Is all text of a row UTF-8?
bool is_utf8_row(const ArrowView& view, std::int64_t i);
/// The same of many rows, fast; false also where only bytes that no row shows are not.
bool are_utf8_rows(const ArrowView& view, std::int64_t first, std::int64_t count);

} // namespace qice
