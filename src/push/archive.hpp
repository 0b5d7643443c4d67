// The archive: what a store remembers of the nights that were. For whoever looks back: an audit, a
// replay, a question why a firm was told of a policy.
//
//   std::unique_ptr<Archive> archive = open_archive("sqlite:qice.db").value();
//   archive->begin();                                  // one picture; others go on writing
//   archive->read_runs([&](const StoredRun& run) { ... });
//   archive->end();
//
// It only reads. Contents of policies and values of firms are read through a Store. One thread an
// Archive.
#pragma once

#include "push/outbox.hpp"
#include "push/store.hpp"

namespace qice {

/// A push of the ledger, and what became of it.
struct RecordedPush {
    StoredPush push;
    std::int64_t run = 0;
    Delivery state = Delivery::pending;
};

/// An entry of the audit log, as it stands there.
struct StoredAudit {
    std::int64_t entry = 0;
    std::string_view recorded, kind, body;
    Digest digest{};
};

class Archive {
  public:
    virtual ~Archive() = default;
    Archive() = default;
    Archive(const Archive&) = delete;
    Archive& operator=(const Archive&) = delete;

    /// The picture is that of this moment, whatever is asked for later.
    virtual Status begin() = 0;
    virtual void end() = 0;

    /// The schema that a run had.
    virtual Result<StoredSchema> schema_of(std::int64_t run) = 0;
    /// By number, ascending; so are pushes and entries.
    virtual Status read_runs(const Visit<StoredRun>& visit) = 0;
    virtual Status read_pushes(const StoredRun& run, const Visit<RecordedPush>& visit) = 0;
    virtual Result<std::optional<RecordedPush>> find_push(std::int64_t push) = 0;
    /// As Store::read_pushed(), in the same picture as the pushes.
    virtual Status read_pushed(
        const std::function<Status(std::int64_t firm, std::span<const Pushed> pushed)>& visit) = 0;
    virtual Status read_audit(const Visit<StoredAudit>& visit) = 0;
};

/// What an archive at `where` found of the schema of a run, or that it is not there.
inline Result<StoredSchema> schema_found(std::optional<StoredSchema> schema, std::int64_t run,
                                         const std::string& where) {
    if (schema) return *std::move(schema);
    return Status(StatusCode::storage,
                  "the schema of run " + std::to_string(run) + " is not in this store", {where});
}

/// The archive of a store that exists; see open_store().
Result<std::unique_ptr<Archive>> open_archive(const std::string& where);

} // namespace qice
