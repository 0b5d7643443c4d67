// Rows of policy bits per (field, code): which policies a firm with that code could still meet.
//
// The other direction of the program: built from the leaves that a policy demands outright. ORed
// over the codes present in a block of firms they are its zone map; ANDed over one firm's codes
// they leave few policies to look at. A policy's bit is its place in Program::policies.
#pragma once

#include "qice/base/bits.hpp"
#include "qice/index/program.hpp"

#include <cstdint>
#include <vector>

namespace qice {

class PolicyIndex {
  public:
    explicit PolicyIndex(const Program& program);

    struct FieldRows {
        std::uint32_t slot; // in Program::fields
        bool fixed;         // a firm cannot change it
        BitMatrix possible; // a row a code; the last row is for an unknown value
    };
    /// The fields with rows, the most selective first.
    const std::vector<FieldRows>& fields() const { return fields_; }
    std::size_t words() const { return words_for(policies_); }
    std::size_t policies() const { return policies_; }

    /// How many policies refuse each code of a field (the last entry: an unknown value).
    const std::vector<std::uint32_t>& refusals(std::uint32_t slot) const { return refusals_[slot]; }

    /// Builds the rows of these fields, in this order. Fields whose rows would take more than
    /// `most_bytes` are left out.
    void build_rows(const Program& program, const std::vector<std::uint32_t>& slots,
                    std::size_t most_bytes = std::size_t{32} << 20);

  private:
    std::size_t policies_;
    std::vector<std::vector<std::uint32_t>> refusals_;
    std::vector<FieldRows> fields_;
};

} // namespace qice
