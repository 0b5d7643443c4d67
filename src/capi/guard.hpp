// The border: nothing but a code and an error passes it.
//
//   int32_t qice_thing(qice_thing** out, const char* text, size_t length, qice_error** error) {
//       return guarded(error, [&]() -> Outcome {
//           Thing*& made = out_of(out, "out");           // set to nothing at once
//           ...
//           return {};                                   // or a Status, or a Refusal thrown
//       });
//   }
//
// Want of memory is QICE_OUT_OF_MEMORY, with an error that needs no memory; any other exception is
// a fault of ours and QICE_INTERNAL.
#pragma once

#include "capi/handle.hpp"
#include "qice/base/text.hpp"

#include <exception>
#include <new>
#include <string_view>

namespace qice::capi {

struct Outcome {
    std::int32_t code = QICE_OK;
    std::vector<Status> faults;

    Outcome() = default;
    Outcome(Status status);
    Outcome(std::int32_t of, std::vector<Status> why) : code(of), faults(std::move(why)) {}
};

std::int32_t code_of(const Status& status);
/// Makes the error, if one is wanted, and gives the code back.
std::int32_t fail(qice_error** error, std::int32_t code, std::vector<Status> faults) noexcept;
std::int32_t fail(qice_error** error, std::int32_t code, const char* message) noexcept;
std::int32_t fail(qice_error** error, const Status& status) noexcept;
std::int32_t out_of_memory(qice_error** error) noexcept;

template <class Work> std::int32_t guarded(qice_error** error, Work&& work) noexcept {
    if (error != nullptr) *error = nullptr;
    try {
        Outcome outcome = work();
        if (outcome.code == QICE_OK) return QICE_OK;
        return fail(error, outcome.code, std::move(outcome.faults));
    } catch (const Refusal& refusal) {
        return fail(error, refusal.code, refusal.message.c_str());
    } catch (const Status& status) {
        return fail(error, status);
    } catch (const std::bad_alloc&) {
        return out_of_memory(error);
    } catch (const std::exception& thrown) {
        return fail(error, QICE_INTERNAL, thrown.what());
    } catch (...) {
        return fail(error, QICE_INTERNAL, "an unknown exception");
    }
}

/// Sets something of options. Why it was refused stays in them: there is no parameter for an error.
template <class Handle, class Set>
std::int32_t set_option(const Handle* options, Set&& set) noexcept {
    return guarded(nullptr, [&]() -> Outcome {
        auto& settings = get(options, "options");
        try {
            set(settings);
        } catch (const Refusal& refusal) {
            settings.refused = refusal;
            throw;
        }
        return {};
    });
}

/// What an option is out of, with the value that was given.
template <class Number> Refusal beyond(const char* range, Number got) {
    return {QICE_BAD_ARGUMENT, std::string(range) + ", not " + std::to_string(got)};
}

inline unsigned threads_of(std::uint32_t threads) {
    if (threads < 1 || threads > 1024) throw beyond("threads are 1 to 1024", threads);
    return threads;
}

/// An out parameter, set to nothing. Asked for in a statement of its own, before anything is made:
/// in `out_of(out) = make()` the making comes first, and is lost where there is no `out`.
template <class Value> Value& out_of(Value* out, const char* name) {
    if (out == nullptr) throw Refusal{QICE_BAD_ARGUMENT, std::string(name) + " is NULL"};
    *out = Value{};
    return *out;
}

/// Makes an error of why a setter of the options refused something.
template <class Handle>
std::int32_t refused_by(qice_error** out, const Handle* options, qice_error** error) noexcept {
    return guarded(error, [&]() -> Outcome {
        qice_error*& made = out_of(out, "out");
        const std::optional<Refusal>& refused = get(options, "options").refused;
        if (!refused) return {};
        made = make_handle<qice_error>(
            ErrorBody{refused->code, {Status(StatusCode::usage, refused->message)}});
        return {};
    });
}

/// Sets an out parameter that may be missing.
template <class Value, class From> void put(Value* out, From value) {
    if (out != nullptr) *out = static_cast<Value>(value);
}

inline void put_text(const char** text, std::size_t* length, std::string_view of) {
    put(text, of.data());
    put(length, of.size());
}

/// The bytes of a text that is checked elsewhere.
inline std::string_view bytes_of(const char* text, std::size_t length, const char* name) {
    if (text == nullptr && length > 0)
        throw Refusal{QICE_BAD_ARGUMENT, std::string(name) + " is NULL but has a length"};
    return text == nullptr ? std::string_view("", 0) : std::string_view(text, length);
}

inline std::string_view text_of(const char* text, std::size_t length, const char* name) {
    const std::string_view bytes = bytes_of(text, length, name);
    if (!is_utf8(bytes)) throw Refusal{QICE_BAD_ARGUMENT, std::string(name) + " is not UTF-8"};
    return bytes;
}

inline std::string path_of(const char* path, std::size_t length) {
    const std::string_view bytes = bytes_of(path, length, "path");
    if (bytes.find('\0') != bytes.npos) throw Refusal{QICE_BAD_ARGUMENT, "path has a NUL in it"};
    return std::string(bytes);
}

template <class Number> Refusal no_such(const char* what, Number number, std::uint64_t count) {
    return {QICE_USAGE, "there is no " + std::string(what) + " " + std::to_string(number) +
                            " among " + std::to_string(count)};
}

inline Date day_of(std::int32_t day, const char* name) {
    if (day < Date::from_civil(1, 1, 1)->days || day > Date::from_civil(9999, 12, 31)->days)
        throw Refusal{QICE_BAD_ARGUMENT, std::string(name) + " is outside the years 1 to 9999"};
    return Date{day};
}

inline Verdict status_of(std::int32_t status) {
    if (status < 0 || status >= static_cast<std::int32_t>(kStatuses))
        throw no_such("status", status, kStatuses);
    return static_cast<Verdict>(status);
}

/// Options, or the usual ones.
template <class Handle> typename Handle::Body::Of options_of(const Handle* handle) {
    using Options = typename Handle::Body::Of;
    return handle == nullptr ? Options{} : static_cast<const Options&>(get(handle, "options"));
}

template <class Value> Value value_of(Result<Value> result) {
    if (!result.ok()) throw result.status();
    return *std::move(result);
}

} // namespace qice::capi
