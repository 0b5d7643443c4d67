// FirmSetBuilder: firms that come one by one from outside, on their way into a table.
//
//   FirmSetBuilder builder(schema, {day});
//   builder.add(firm);                                  // a OneFirm, copied
//   const FirmSetPtr firms = FirmSet::make(std::move(builder).finish());
//
// What goes for the rows of a file goes for these: one without an id or with one that came before
// is set aside and told, its line is its number from 1. Costs some microseconds a firm; batches are
// better read from CSV, JSON Lines or Arrow.
#pragma once

#include "qice/io/reader.hpp"
#include "qice/live/one_firm.hpp"

#include <cstdint>
#include <memory>

namespace qice {

class FirmSetBuilder {
  public:
    FirmSetBuilder(SchemaPtr schema, const ReadOptions& options);
    FirmSetBuilder(FirmSetBuilder&&) noexcept;
    FirmSetBuilder& operator=(FirmSetBuilder&&) noexcept;
    ~FirmSetBuilder();

    /// The firm must be of the same schema.
    void add(const OneFirm& firm);
    FirmsRead finish() &&;

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

} // namespace qice
