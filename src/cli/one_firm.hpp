// One firm out of a firms' file, and what `qice firm` and `qice explain` share.
#pragma once

#include "cli/common.hpp"
#include "qice/rule/policy.hpp"

#include <string>

namespace qice::cli {

/// A table with the one row of this firm, read just as the whole file would read it; `quarantine`
/// holds its bad cells only. Skips over the other rows at about 1 ns a byte. An unknown id is a
/// Status with the nearest one.
Result<FirmsRead> load_one_firm(const Options& options, const SchemaPtr& schema, Date as_of,
                                const std::string& id);

/// Says what is wrong with the firm's cells; true if something is.
bool complain_of_cells(const Options& options, const FirmsRead& read);

} // namespace qice::cli
