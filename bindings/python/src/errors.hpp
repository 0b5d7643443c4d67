// What a user, a file or a rule can cause, as the exceptions of qice/errors.py.
//
// C++ throws StatusError; a translator makes of it the Python class of its code, with code, file,
// line and column as attributes.
#pragma once

#include "qice/base/status.hpp"

#include <pybind11/pybind11.h>

#include <exception>
#include <string>

namespace qice::python {

class StatusError : public std::exception {
  public:
    explicit StatusError(Status status) : status_(std::move(status)), text_(status_.to_string()) {}
    const Status& status() const { return status_; }
    const char* what() const noexcept override { return text_.c_str(); }

  private:
    Status status_;
    std::string text_;
};

class InvalidInputError : public StatusError {
  public:
    explicit InvalidInputError(std::string message, Place place = {})
        : StatusError(invalid_input(std::move(message), std::move(place))) {}
};

class UsageError : public StatusError {
  public:
    explicit UsageError(std::string message)
        : StatusError(Status(StatusCode::usage, std::move(message))) {}
};

inline void require(const Status& status) {
    if (!status.ok()) throw StatusError(status);
}
template <class T> T require(Result<T> result) {
    if (!result.ok()) throw StatusError(result.status());
    return std::move(*result);
}

/// A str of a text of ours; bytes that are no UTF-8 (they come from files) become U+FFFD.
pybind11::str to_str(std::string_view text);

/// The exception of a status, not raised.
pybind11::object to_exception(const Status& status);

void register_errors(pybind11::module_& module);

} // namespace qice::python
