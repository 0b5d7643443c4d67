// Handles of the C interface: small shells that tell whether what they hold is still there.
//
//   qice_schema* handle = make_handle<qice_schema>(std::move(schema));
//   const SchemaPtr& schema = get(handle, "schema");     // throws Refusal for a bad handle
//   return destroy(handle);
//
// A shell says what it holds, or that it is free. Shells are never given back to the system but
// kept for later handles, so looking at one that was destroyed is no error of memory: destroying
// twice and using after destroying are refused until the shell has another use. The shells that
// were free longest are used again first. Taking or giving back a shell costs a lock.
#pragma once

#include "qice/live/firm_set.hpp"
#include "qice/live/firm_set_builder.hpp"
#include "qice/live/one_firm.hpp"
#include "qice/qice.h"
#include "qice/rule/parse.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace qice::capi {

/// What a call is refused for; caught by guarded().
struct Refusal {
    std::int32_t code;
    std::string message;
};

struct Shell {
    std::atomic<std::uint32_t> holds{0}; // a handle's kKind; 0: free
    void* body = nullptr;
    Shell* next = nullptr; // among the free ones
};

Shell* take_shell();
void give_back(Shell* shell) noexcept;

// ---------------------------------------------------------------- what the handles hold

struct ErrorBody {
    std::int32_t code;
    std::vector<Status> faults;
};

/// Options, and what the last setter that refused something said.
template <class Options> struct Settings : Options {
    using Of = Options;
    Settings() = default;
    explicit Settings(const Options& options) : Options(options) {}
    std::optional<Refusal> refused;
};

struct EngineOptions {
    bool include_closed = false, skip_bad_policies = false;
    Urgency urgency;
    PolicyLimits limits;
};

struct EngineBody {
    SchemaPtr schema;
    EngineOptions options;
    std::unique_ptr<PolicyBook> book;
    std::mutex changing; // held over a change and what it leaves in `skipped`: they belong together
    std::mutex mutex;    // of skipped
    std::vector<Status> skipped;
};

struct RowsBody {
    SchemaPtr schema;
    FirmSetBuilder builder;
};

/// The answer to the last question, and what it is made in.
struct AnswerBody {
    enum class Of { nothing, firm, policy };
    Of of = Of::nothing;
    MomentPtr moment;
    FirmSetPtr firms;
    StatusSet statuses = 0; // asked for
    Snapshot::Scratch firm_scratch;
    const SnapshotAnswer* firm = nullptr; // in the scratch
    PolicyQuery::Scratch policy_scratch;
    PolicyFirms policy;
};

} // namespace qice::capi

// A handle is a shell whose type says what it holds.
#define QICE_HANDLE(name, Held, number)                                                            \
    struct name : qice::capi::Shell {                                                              \
        using Body = Held;                                                                         \
        static constexpr std::uint32_t kKind = 0x71696300u + (number);                             \
    }
QICE_HANDLE(qice_error, const qice::capi::ErrorBody, 1);
QICE_HANDLE(qice_text, const std::string, 2);
QICE_HANDLE(qice_schema, const qice::SchemaPtr, 3);
QICE_HANDLE(qice_engine_options, qice::capi::Settings<qice::capi::EngineOptions>, 4);
QICE_HANDLE(qice_engine, qice::capi::EngineBody, 5);
QICE_HANDLE(qice_snapshot, const qice::MomentPtr, 6);
QICE_HANDLE(qice_read_options, qice::capi::Settings<qice::ReadOptions>, 7);
QICE_HANDLE(qice_firms, const qice::FirmSetPtr, 8);
QICE_HANDLE(qice_firm, qice::OneFirm, 9);
QICE_HANDLE(qice_rows, qice::capi::RowsBody, 10);
QICE_HANDLE(qice_match_options, qice::capi::Settings<qice::MatchOptions>, 11);
QICE_HANDLE(qice_control, qice::MatchControl, 12);
QICE_HANDLE(qice_result, const qice::BatchAnswerPtr, 13);
QICE_HANDLE(qice_answer, qice::capi::AnswerBody, 14);
#undef QICE_HANDLE

namespace qice::capi {

/// Takes the body over.
template <class Handle> Handle* hold(std::unique_ptr<typename Handle::Body> body) {
    static_assert(sizeof(Handle) == sizeof(Shell));
    Shell* const shell = take_shell();
    shell->body = const_cast<void*>(static_cast<const void*>(body.release()));
    shell->holds.store(Handle::kKind, std::memory_order_release);
    return static_cast<Handle*>(shell);
}

template <class Handle, class... Values> Handle* make_handle(Values&&... values) {
    return hold<Handle>(std::make_unique<typename Handle::Body>(std::forward<Values>(values)...));
}

/// What a handle holds, or nullptr.
template <class Handle> typename Handle::Body* find(const Handle* handle) noexcept {
    if (handle == nullptr || handle->holds.load(std::memory_order_acquire) != Handle::kKind)
        return nullptr;
    return static_cast<typename Handle::Body*>(handle->body);
}

/// What a handle holds; `name` stands for it in the sentence of a refusal.
template <class Handle> typename Handle::Body& get(const Handle* handle, const char* name) {
    if (auto* const body = find(handle)) return *body;
    throw Refusal{QICE_BAD_HANDLE,
                  std::string(name) +
                      (handle == nullptr ? " is NULL" : " is no such handle (any more)")};
}

template <class Handle> std::int32_t destroy(Handle* handle) noexcept {
    if (handle == nullptr) return QICE_OK;
    std::uint32_t kind = Handle::kKind;
    if (!handle->holds.compare_exchange_strong(kind, 0, std::memory_order_acq_rel))
        return QICE_BAD_HANDLE;
    delete static_cast<typename Handle::Body*>(handle->body);
    give_back(handle);
    return QICE_OK;
}

} // namespace qice::capi
