// The module itself, and what all of its parts use.
#include "module.hpp"

#include "kernels/kernels.hpp"
#include "qice/model/standards.hpp"
#include "qice/version.hpp"

namespace qice::python {

Date day_of(const std::string& text) {
    const auto day = Date::parse(text);
    if (!day) throw UsageError("as_of is a day like 2026-06-15, not \"" + text + "\"");
    return *day;
}

StatusSet statuses_of(const std::vector<std::string>& names) {
    StatusSet statuses = 0;
    for (const std::string& name : names) {
        StatusSet bit = 0;
        for (std::size_t s = 0; s < kStatuses; ++s)
            if (name == name_of(static_cast<Verdict>(s))) bit = status_bit(static_cast<Verdict>(s));
        if (bit == 0)
            throw UsageError("a status is eligible, review, needs_data or near, not \"" + name +
                             "\"");
        statuses |= bit;
    }
    if (statuses == 0) throw UsageError("no status was asked for");
    return statuses;
}

std::uint32_t top_of(const std::optional<std::int64_t>& top) {
    if (!top) return kNoLimit;
    if (*top < 1 || *top >= kNoLimit)
        throw UsageError("top is a whole number from 1, or None for all, not " +
                         std::to_string(*top));
    return static_cast<std::uint32_t>(*top);
}

} // namespace qice::python

PYBIND11_MODULE(_qice, module) {
    using namespace qice::python;
    module.doc() = "The compiled half of qice; use the package.";
    register_errors(module);
    add_firms(module);
    add_policies(module);
    add_answer(module);
    module.attr("__version__") = QICE_VERSION_STRING;
    module.def("data_directory", qice::data_directory);
    module.def("kernels", [] { return std::string(qice::kernels().name); });
}
