// FirmSetBuilder: firms that come one by one from outside, on their way into a table.
//
//   FirmSetBuilder builder(schema, {day});
//   builder.add(firm);                                  // a OneFirm, copied
//   const FirmSetPtr firms = FirmSet::make(builder.finish());
//   builder.clear();
//
// What goes for the rows of a file goes for these: one without an id or with one that came before
// is set aside and told, its line is its number from 1. Until clear() the firms are kept as the
// texts of their cells, some hundred bytes each, so that want of memory loses none. Costs some
// microseconds a firm; batches are better read from CSV, JSON Lines or Arrow.
#pragma once

#include "qice/io/reader.hpp"
#include "qice/live/one_firm.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace qice {

class FirmSetBuilder {
  public:
    FirmSetBuilder(SchemaPtr schema, const ReadOptions& options);

    /// The firm must be of the same schema. Where this throws, the firms before it are still there.
    void add(const OneFirm& firm);
    /// A table of the firms, which stay.
    FirmsRead finish() const;
    /// Starts again without firms.
    void clear() noexcept { pieces_.clear(); }

  private:
    SchemaPtr schema_;
    ReadOptions options_;
    std::vector<std::string> pieces_; // whole rows of cells, one after another
    std::string row_;                 // that is being added
};

} // namespace qice
