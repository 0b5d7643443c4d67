// One firm from a dict, fast: plain values go into a OneFirm as they are, everything else through
// JSON, which decides. Both mean the same.
#pragma once

#include "qice/live/one_firm.hpp"

#include <pybind11/pybind11.h>

namespace qice::python {

/// Fills `firm` from a dict. Throws what is wrong with the whole of it (a key that is no field);
/// values that could not be taken go to `bad`. With the GIL.
void assign_dict(OneFirm& firm, const Schema& schema, Date as_of, PyObject* dict,
                 std::vector<Quarantined>& bad);

} // namespace qice::python
