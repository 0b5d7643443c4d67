// Handles, errors, texts, days and the schema.
#include "capi/guard.hpp"
#include "qice/model/standards.hpp"
#include "qice/version.hpp"

namespace qice::capi {

// ------------------------------------------------------------------------------ shells

namespace {

/// Free shells, first in first out, so that a destroyed handle is told as long as can be.
struct FreeShells {
    static constexpr std::size_t kKept = 256;
    std::mutex mutex;
    Shell* first = nullptr;
    Shell* last = nullptr;
    std::size_t count = 0;
};

constinit FreeShells free_shells;

/// The error for want of memory; it is always there and never destroyed.
struct MemoryError {
    ErrorBody body{QICE_OUT_OF_MEMORY, {}};
    qice_error handle;
    MemoryError() {
        body.faults.emplace_back(StatusCode::limit, "there is not enough memory");
        handle.body = &body;
        handle.holds = qice_error::kKind;
    }
};

/// Made when the library is loaded, and never taken down: an error may outlive everything.
alignas(MemoryError) unsigned char memory_error_place[sizeof(MemoryError)];
MemoryError* const memory_error = new (memory_error_place) MemoryError;

} // namespace

Shell* take_shell() {
    {
        const std::lock_guard lock(free_shells.mutex);
        if (free_shells.count > FreeShells::kKept) {
            Shell* const shell = free_shells.first;
            free_shells.first = shell->next;
            --free_shells.count;
            return shell;
        }
    }
    return new Shell;
}

void give_back(Shell* shell) noexcept {
    const std::lock_guard lock(free_shells.mutex);
    shell->next = nullptr;
    (free_shells.count == 0 ? free_shells.first : free_shells.last->next) = shell;
    free_shells.last = shell;
    ++free_shells.count;
}

// ------------------------------------------------------------------------------ errors

std::int32_t code_of(const Status& status) {
    switch (status.code()) {
    case StatusCode::ok: return QICE_OK;
    case StatusCode::usage: return QICE_USAGE;
    case StatusCode::invalid_input: return QICE_INVALID_INPUT;
    case StatusCode::io:
    case StatusCode::storage: return QICE_IO;
    case StatusCode::limit: return QICE_LIMIT;
    case StatusCode::cancelled: return QICE_CANCELLED;
    }
    return QICE_INTERNAL;
}

Outcome::Outcome(Status status) : code(code_of(status)) {
    if (!status.ok()) faults.push_back(std::move(status));
}

std::int32_t out_of_memory(qice_error** error) noexcept {
    if (error != nullptr) *error = &memory_error->handle;
    return QICE_OUT_OF_MEMORY;
}

std::int32_t fail(qice_error** error, std::int32_t code, std::vector<Status> faults) noexcept {
    if (error == nullptr) return code;
    try {
        *error = make_handle<qice_error>(ErrorBody{code, std::move(faults)});
        return code;
    } catch (...) {
        return out_of_memory(error);
    }
}

std::int32_t fail(qice_error** error, std::int32_t code, const char* message) noexcept {
    if (error == nullptr) return code;
    try {
        return fail(error, code, std::vector<Status>{Status(StatusCode::usage, message)});
    } catch (...) {
        return out_of_memory(error);
    }
}

std::int32_t fail(qice_error** error, const Status& status) noexcept {
    if (error == nullptr) return code_of(status);
    try {
        return fail(error, code_of(status), std::vector<Status>{status});
    } catch (...) {
        return out_of_memory(error);
    }
}

} // namespace qice::capi

using namespace qice;
using namespace qice::capi;

const char* qice_version(void) { return QICE_VERSION_STRING; }
uint32_t qice_abi_version(void) { return QICE_ABI_VERSION; }

int32_t qice_data_directory(qice_text** out, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        qice_text*& made = out_of(out, "out");
        made = make_handle<qice_text>(data_directory());
        return {};
    });
}

const char* qice_code_sentence(int32_t code) {
    switch (code) {
    case QICE_OK: return "all is well";
    case QICE_USAGE: return "what was asked for does not exist, or does not fit together";
    case QICE_INVALID_INPUT: return "a file is not there, or it, a policy or a value is wrong";
    case QICE_IO: return "an Arrow stream gave an error in place of its data";
    case QICE_LIMIT: return "a documented limit was passed";
    case QICE_CANCELLED: return "the match was cancelled";
    case QICE_OUT_OF_MEMORY: return "there is not enough memory";
    case QICE_BAD_HANDLE: return "a handle is NULL, was destroyed, or is of another type";
    case QICE_BAD_ARGUMENT:
        return "an argument is NULL that may not be, out of its range, or not UTF-8";
    case QICE_BUFFER_TOO_SMALL: return "a buffer has room for a part only";
    case QICE_INTERNAL: return "a fault of qice; please report the message";
    }
    return "this is no code of qice";
}

int32_t qice_error_code(const qice_error* error) {
    const ErrorBody* const body = find(error);
    return body == nullptr ? QICE_BAD_HANDLE : body->code;
}

size_t qice_error_count(const qice_error* error) {
    const ErrorBody* const body = find(error);
    return body == nullptr ? 0 : body->faults.size();
}

void qice_error_message(const char** text, size_t* length, const qice_error* error, size_t index) {
    const ErrorBody* const body = find(error);
    const bool there = body != nullptr && index < body->faults.size();
    put_text(text, length, there ? std::string_view(body->faults[index].message()) : "");
}

void qice_error_place(const char** file, size_t* length, uint32_t* line, uint32_t* column,
                      const qice_error* error, size_t index) {
    const ErrorBody* const body = find(error);
    const bool there = body != nullptr && index < body->faults.size();
    const Place* const place = there ? &body->faults[index].place() : nullptr;
    put_text(file, length, there ? std::string_view(place->file) : "");
    put(line, there ? place->line : 0);
    put(column, there ? place->column : 0);
}

int32_t qice_error_destroy(qice_error* error) {
    if (error == &memory_error->handle) return QICE_OK;
    return destroy(error);
}

int32_t qice_text_get(const char** text, size_t* length, const qice_text* of) {
    return guarded(nullptr, [&]() -> Outcome {
        put_text(text, length, "");
        put_text(text, length, get(of, "text"));
        return {};
    });
}

int32_t qice_text_destroy(qice_text* text) { return destroy(text); }

// -------------------------------------------------------------------------------- days

int32_t qice_day_parse(int32_t* day, const char* text, size_t length, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        int32_t& out = out_of(day, "day");
        const std::string_view written = text_of(text, length, "text");
        const auto date = Date::parse(written);
        if (!date) return invalid_input(in_quotes(written) + " is not a date like 2026-11-23");
        out = date->days;
        return {};
    });
}

int32_t qice_day_format(char* buffer, int32_t day) {
    return guarded(nullptr, [&]() -> Outcome {
        if (buffer == nullptr) throw Refusal{QICE_BAD_ARGUMENT, "buffer is NULL"};
        *buffer = '\0';
        const std::string text = day_of(day, "day").to_string();
        text.copy(buffer, 10);
        buffer[text.size()] = '\0';
        return {};
    });
}

// ------------------------------------------------------------------------------ schema

namespace {

const Field& field_of(const Schema& schema, uint32_t field) {
    if (field >= schema.size()) throw no_such("field", field, schema.size());
    return schema[field];
}

} // namespace

int32_t qice_schema_open(qice_schema** out, const char* path, size_t length, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        qice_schema*& made = out_of(out, "out");
        std::string name = path_of(path, length);
        if (name.empty()) name = data_directory() + "/schema.json";
        Result<SchemaPtr> schema = Schema::load(name);
        if (!schema.ok()) return schema.status();
        made = make_handle<qice_schema>(*schema);
        return {};
    });
}

int32_t qice_schema_parse(qice_schema** out, const char* json, size_t length, const char* file,
                          size_t file_length, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        qice_schema*& made = out_of(out, "out");
        Result<SchemaPtr> schema =
            Schema::parse(bytes_of(json, length, "json"), path_of(file, file_length));
        if (!schema.ok()) return schema.status();
        made = make_handle<qice_schema>(*schema);
        return {};
    });
}

int32_t qice_schema_fields(uint32_t* count, const qice_schema* schema) {
    return guarded(nullptr, [&]() -> Outcome {
        uint32_t& fields = out_of(count, "count");
        fields = get(schema, "schema")->size();
        return {};
    });
}

int32_t qice_schema_find(uint32_t* field, const qice_schema* schema, const char* name,
                         size_t length, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        uint32_t& out = out_of(field, "field");
        const Schema& of = *get(schema, "schema");
        const std::string_view wanted = text_of(name, length, "name");
        const auto found = of.find(wanted);
        if (!found) {
            const std::string near = nearest(wanted, of.names());
            return Status(StatusCode::usage,
                          "there is no field " + in_quotes(wanted) +
                              (near.empty() ? "" : "; did you mean " + in_quotes(near) + "?"));
        }
        out = *found;
        return {};
    });
}

int32_t qice_schema_field_name(const char** name, size_t* length, const qice_schema* schema,
                               uint32_t field, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        put_text(name, length, "");
        put_text(name, length, field_of(*get(schema, "schema"), field).name);
        return {};
    });
}

int32_t qice_schema_field_kind(int32_t* kind, int32_t* decimals, int32_t* derived,
                               const qice_schema* schema, uint32_t field, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        put(kind, 0);
        put(decimals, 0);
        put(derived, 0);
        const Field& of = field_of(*get(schema, "schema"), field);
        put(kind, static_cast<int32_t>(of.kind));
        put(decimals, of.decimals);
        put(derived, of.derived() ? 1 : 0);
        return {};
    });
}

int32_t qice_schema_destroy(qice_schema* schema) { return destroy(schema); }
