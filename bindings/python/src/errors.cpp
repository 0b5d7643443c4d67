#include "errors.hpp"

namespace py = pybind11;

namespace qice::python {
namespace {

const char* class_of(StatusCode code) {
    switch (code) {
    case StatusCode::usage: return "UsageError";
    case StatusCode::invalid_input: return "InvalidInput";
    case StatusCode::io: return "IoError";
    case StatusCode::limit: return "LimitError";
    case StatusCode::cancelled: return "Cancelled";
    default: return "Error";
    }
}

} // namespace

py::str to_str(std::string_view text) {
    PyObject* made =
        PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace");
    if (made == nullptr) throw py::error_already_set();
    return py::reinterpret_steal<py::str>(made);
}

py::object to_exception(const Status& status) {
    const Place& place = status.place();
    const auto number = [](std::uint32_t n) -> py::object {
        return n == 0 ? py::object(py::none()) : py::int_(n);
    };
    const py::object file = place.file.empty() ? py::object(py::none()) : to_str(place.file);
    return py::module_::import("qice.errors")
        .attr(class_of(status.code()))(to_str(status.message()), py::arg("file") = file,
                                       py::arg("line") = number(place.line),
                                       py::arg("column") = number(place.column));
}

void register_errors(py::module_&) {
    py::register_exception_translator([](std::exception_ptr thrown) {
        try {
            if (thrown) std::rethrow_exception(thrown);
        } catch (const StatusError& error) {
            try {
                const py::object made = to_exception(error.status());
                PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(made.ptr())), made.ptr());
            } catch (py::error_already_set& another) {
                another.restore();
            }
        }
    });
}

} // namespace qice::python
