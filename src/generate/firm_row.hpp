// A made-up firm as a row of firms.csv, with the gaps that a portal's data has.
//
// One table says which columns there are, how each is written and how often it is missing, so the
// header and the rows cannot disagree. Cost: about a microsecond a row.
#pragma once

#include "generate/firm.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qice {

/// The columns of firms.csv, the id first.
std::vector<std::string_view> firm_columns();

/// The unified social credit code of firm `number`: valid by GB 32100-2015, different for each
/// number below 100,000,000 of one seed.
std::string credit_code(const Firm& firm, std::uint64_t seed);

class FirmRows {
  public:
    /// Reads the names of the qualifications from the standards folder.
    static Result<FirmRows> load(const City& city, const std::string& standards, std::uint64_t seed,
                                 Date as_of);

    static void append_header(std::string& out);
    void append(std::string& out, const Firm& firm) const;

  private:
    FirmRows() = default;

    void append_name(std::string& out, const Firm& firm) const;
    void append_qualifications(std::string& out, const Firm& firm) const;
    void append_date(std::string& out, std::int64_t day) const;

    const City* city_ = nullptr;
    std::uint64_t seed_ = 0;
    std::vector<std::string> qualification_names_;
    std::int64_t first_day_ = 0;
    std::vector<std::string> days_; // every day that may be written, as text
};

} // namespace qice
