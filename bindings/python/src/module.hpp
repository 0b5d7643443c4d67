// The parts of the module `qice._qice`, which the package in ../qice stands on.
//
//   Schema, Firms          module_firms.cpp   firms in
//   Policies, Moment       module_policies.cpp  policies, one firm, explanations
//   Answer, PolicyFirms    module_answer.cpp  all firms, one policy; rows out
//
// Nothing here checks what the package has checked; what a user, a file or a rule can cause is a
// StatusError. Objects are immutable but for Policies, which changes one call at a time.
#pragma once

#include "errors.hpp"
#include "qice/live/firm_set.hpp"
#include "qice/rule/parse.hpp"

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

namespace qice::python {

namespace py = pybind11;

/// A schema, with what Python asks of it.
struct PySchema {
    SchemaPtr schema;
};

/// Firms that were read; any number of threads may ask.
struct PyFirms {
    FirmSetPtr firms;
};

/// The policies of one moment.
struct PyMoment {
    MomentPtr moment;

    const Policy& policy(std::uint32_t number) const {
        if (number >= moment->size()) throw UsageError("there is no policy of this number");
        return (*moment)[number];
    }
};

void add_firms(py::module_& module);
void add_policies(py::module_& module);
void add_answer(py::module_& module);

Date day_of(const std::string& text);
/// Of a list of names.
StatusSet statuses_of(const std::vector<std::string>& names);
std::uint32_t top_of(const std::optional<std::int64_t>& top);

/// (line, firm_id, field, value, reason) each.
py::list to_list(const std::vector<Quarantined>& entries);

/// The texts of a list of (file, bytes).
std::vector<PolicyText> policy_texts(const py::list& texts);
/// Parsed whole; throws an InvalidInput that holds all that is wrong, unless `skip_bad`. What was
/// left out goes to `errors`, a list of exceptions.
PolicySet parse_or_throw(const py::list& texts, const SchemaPtr& schema, bool skip_bad,
                         py::list& errors);

} // namespace qice::python
