// Status and Result: how qice reports what a user, a file or a rule can get wrong.
//
// A Status carries a code, a sentence that says what was expected, and the place (file, line,
// column) where it was found. Functions that can fail for such reasons return Status or Result<T>;
// mistakes that only a programmer can make are asserts.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace qice {

enum class StatusCode : std::uint8_t {
    ok,
    usage,         // the caller asked for something that does not exist
    invalid_input, // a file or a value is not what it should be
    io,            // the operating system refused
    limit,         // a documented limit was passed
    cancelled,     // the caller asked to stop
    storage,       // a database refused
};

/// Where in the input; line and column start at 1, column counts characters; 0 = not known.
struct Place {
    std::string file;
    std::uint32_t line = 0;
    std::uint32_t column = 0;

    /// `file:line:column`, without the parts that are not known.
    std::string to_string() const {
        std::string text = file;
        if (line != 0) text += ':' + std::to_string(line);
        if (line != 0 && column != 0) text += ':' + std::to_string(column);
        return text;
    }
};

class [[nodiscard]] Status {
  public:
    Status() = default;
    Status(StatusCode code, std::string message, Place place = {})
        : code_(code), message_(std::move(message)), place_(std::move(place)) {}

    bool ok() const { return code_ == StatusCode::ok; }
    StatusCode code() const { return code_; }
    const std::string& message() const { return message_; }
    const Place& place() const { return place_; }

    /// `file:line:column: message`
    std::string to_string() const {
        std::string where = place_.to_string();
        return where.empty() ? message_ : where + ": " + message_;
    }

  private:
    StatusCode code_ = StatusCode::ok;
    std::string message_;
    Place place_;
};

inline Status invalid_input(std::string message, Place place = {}) {
    return {StatusCode::invalid_input, std::move(message), std::move(place)};
}

/// A T, or the Status that says why there is none. value() of a failure throws std::runtime_error.
template <class T> class [[nodiscard]] Result {
  public:
    Result(T value) : value_(std::move(value)) {}
    Result(Status status) : status_(std::move(status)) {}

    bool ok() const { return value_.has_value(); }
    const Status& status() const { return status_; }

    T& value() & {
        require();
        return *value_;
    }
    const T& value() const& {
        require();
        return *value_;
    }
    T&& value() && {
        require();
        return *std::move(value_);
    }
    T& operator*() { return *value_; }
    const T& operator*() const { return *value_; }
    T* operator->() { return &*value_; }
    const T* operator->() const { return &*value_; }

  private:
    void require() const {
        if (!value_) throw std::runtime_error(status_.to_string());
    }

    std::optional<T> value_;
    Status status_;
};

#define QICE_RETURN_IF_ERROR(expression)                                                           \
    do {                                                                                           \
        ::qice::Status qice_status_ = (expression);                                                \
        if (!qice_status_.ok()) return qice_status_;                                               \
    } while (false)

#define QICE_CONCAT_(a, b) a##b
#define QICE_CONCAT(a, b) QICE_CONCAT_(a, b)
/// QICE_ASSIGN_OR_RETURN(auto x, f()): x = the value of f(), or return its Status.
#define QICE_ASSIGN_OR_RETURN(target, expression)                                                  \
    auto QICE_CONCAT(qice_result_, __LINE__) = (expression);                                       \
    if (!QICE_CONCAT(qice_result_, __LINE__).ok())                                                 \
        return QICE_CONCAT(qice_result_, __LINE__).status();                                       \
    target = std::move(*QICE_CONCAT(qice_result_, __LINE__))

} // namespace qice
