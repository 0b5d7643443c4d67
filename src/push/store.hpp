// What the night needs of a database: the one interface that every store implements.
//
//   std::unique_ptr<Store> store = open_store("sqlite:qice.db", OpenMode::existing).value();
//   store->begin(Access::write);     // alone: another import or night is refused at once
//   ... reads and writes, one picture of the data ...
//   store->commit();                 // all of it, or (rollback, a crash, kill -9) nothing
//
// Plain data only: no type of a database shows. Numbers are handed out by the caller from
// next_numbers(), not by the database, so that the same nights give the same rows in every store.
// Texts and spans that a visitor is given are valid until it returns; a visitor that returns a
// failure ends the read with it. A Store belongs to one thread. What the operating system or the
// database refuses is StatusCode::storage, with a sentence.
#pragma once

#include "push/digest.hpp"
#include "qice/base/date.hpp"
#include "qice/base/status.hpp"
#include "qice/rule/evaluate.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace qice {

enum class OpenMode : std::uint8_t {
    existing, // refuses a place where there is no store
    create,   // makes one there
};

enum class Access : std::uint8_t {
    read,        // one picture of the data; others go on writing
    write,       // and the only import or night; senders wait, readers see the state before
    write_later, // as write, but it only reads, and senders go on, until start_writing()
};

/// The next free numbers. None is ever given out twice, also not after rows have gone.
struct NextNumbers {
    std::int64_t firm = 1, firm_version = 1, layout = 1;
    std::int64_t policy = 1, policy_version = 1;
    std::int64_t run = 1, push = 1;
};

/// A firm: who it is and which values it has now.
struct StoredFirm {
    std::int64_t firm = 0;
    std::int64_t version = 0; // 0: it is not there any more
    std::string_view id;
    Digest digest{}; // of the values, see firm_record.hpp
};

/// A firm's new values. A number that is not known yet is a new firm; firms that were dropped
/// come back under their old number.
struct FirmChange {
    std::int64_t firm = 0;
    std::int64_t version = 0; // a new one; 0: has gone, id and the rest do not matter
    std::string_view id;
    Digest digest{};
    std::int64_t layout = 0;
    std::string_view record;
};

/// A firm's values as they were, as text: one CSV record below the header of its layout.
struct StoredRecord {
    std::int64_t version = 0;
    std::int64_t layout = 0;
    std::string_view record;
};

/// Contents of a policy. What step 3 of a night calls "this policy version" is (policy, edition):
/// `edition` is the version its author gave, and contents may change under it.
struct StoredPolicy {
    std::int64_t policy = 0;
    std::int64_t version = 0; // of the contents, in the store; 0: it is not there any more
    std::string_view id;
    std::int64_t edition = 1;
    Digest digest{};
    std::string_view content; // compact JSON
};

/// As FirmChange.
struct PolicyChange {
    std::int64_t policy = 0;
    std::int64_t version = 0; // 0: has gone
    std::string_view id;
    std::int64_t edition = 1;
    Digest digest{};
    std::string_view content;
};

/// `tag` empty: everything.
struct OptOut {
    std::string firm_id, tag;
    auto operator<=>(const OptOut&) const = default;
};

/// A schema file and the code lists that stood beside it.
struct StoredSchema {
    struct CodeList {
        std::string name, content;
    };
    std::string file; // its name, for messages
    std::string json;
    std::vector<CodeList> code_lists;
};

/// An earlier push, as much of it as a night has to know.
struct Pushed {
    std::uint32_t policy_version = 0; // of the contents
    std::int32_t day = 0;             // as-of
    Verdict status = Verdict::eligible;
};

struct StoredRun {
    std::int64_t run = 0;
    Date as_of;
    std::string options;  // JSON; everything that can change the answer
    Digest input{};       // of schema, policies, firms and opt-outs
    std::string qice;     // its version
    std::string recorded; // wall clock, UTC: 2026-11-25T19:04:05Z
    std::int64_t firms = 0, policies = 0;
    std::int64_t first_push = 0; // a run's pushes are numbered one after another
    std::array<std::int64_t, kStatuses> pushes{};
    Digest digest{}; // of the pushes, in order

    std::int64_t total() const {
        std::int64_t sum = 0;
        for (const std::int64_t count : pushes)
            sum += count;
        return sum;
    }
};

/// How many pushes of a run one version of a policy has in a status.
struct RunCount {
    std::int64_t policy_version = 0;
    Verdict status = Verdict::eligible;
    std::int64_t pushes = 0;
};

struct StoredPush {
    std::int64_t push = 0;
    std::int64_t firm = 0, firm_version = 0, policy_version = 0;
    Verdict status = Verdict::eligible;
    std::uint32_t rank = 0;
    std::int64_t score = 0;              // millionths
    std::optional<std::int64_t> benefit; // 分
    std::int64_t reason = 0;
};

/// How many of a firm's pushes of one version of a policy are in a state that is an answer.
struct Feedback {
    std::int64_t firm = 0, policy_version = 0;
    int state = 0; // as Delivery: opened, dismissed, applied, accepted or returned
    std::int64_t pushes = 0;
};

/// What a night had learnt of a firm's tags (learn.hpp), as text.
struct Learned {
    std::int64_t firm = 0;
    std::string_view tags;
};

template <class Row> using Visit = std::function<Status(const Row&)>;

class Store {
  public:
    virtual ~Store() = default; // rolls back what was not committed
    Store() = default;
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    /// Everything below stands between begin() and commit() or rollback().
    virtual Status begin(Access access) = 0;
    /// Of write_later: nothing may be written before it. After it what senders did meanwhile is
    /// there too; nothing else can have changed.
    virtual Status start_writing() = 0;
    virtual Status commit() = 0;
    virtual void rollback() = 0;

    virtual Result<NextNumbers> next_numbers() = 0;

    // ---- what is known now

    /// Nothing in a new store.
    virtual Result<std::optional<StoredSchema>> schema() = 0;
    /// In force for the next run and those after it; what earlier runs had stays known.
    virtual Status put_schema(const StoredSchema& schema) = 0;

    /// Headers of firms' records by number, ascending.
    virtual Status read_layouts(
        const std::function<Status(std::int64_t layout, std::string_view header)>& visit) = 0;
    virtual Status put_layout(std::int64_t layout, std::string_view header) = 0;

    /// Every firm that is or ever was there, by number, ascending.
    virtual Status read_firms(const Visit<StoredFirm>& visit) = 0;
    virtual Status put_firms(std::span<const FirmChange> changes) = 0;
    /// Records of these versions (current or not), in the order asked for.
    virtual Status read_records(std::span<const std::int64_t> versions,
                                const Visit<StoredRecord>& visit) = 0;

    /// Every policy that is or ever was there with its contents of now, by number: the order in
    /// which they were first imported.
    virtual Status read_policies(const Visit<StoredPolicy>& visit) = 0;
    /// Of these: those with one of these ids, and those that supersede some policy or other.
    virtual Status read_policies_about(std::span<const std::string_view> ids,
                                       const Visit<StoredPolicy>& visit) = 0;
    /// All contents that ever were, by version, ascending; `content` only where it is asked for.
    virtual Status read_policy_versions(bool with_content, const Visit<StoredPolicy>& visit) = 0;
    virtual Status put_policies(std::span<const PolicyChange> changes) = 0;

    /// In order of firm id, then tag.
    virtual Status read_opt_outs(const Visit<OptOut>& visit) = 0;
    /// Of these: those of some firms, in no order. Each firm once.
    virtual Status read_opt_outs_of(std::span<const std::string_view> firm_ids,
                                    const Visit<OptOut>& visit) = 0;
    virtual Status add_opt_outs(std::span<const OptOut> opt_outs) = 0;
    virtual Status remove_opt_outs(std::span<const OptOut> opt_outs) = 0;

    // ---- the ledger

    /// The run of this day, options and input, if there was one.
    virtual Result<std::optional<StoredRun>> find_run(Date as_of, std::string_view options,
                                                      const Digest& input) = 0;
    virtual Result<std::optional<StoredRun>> last_run() = 0;
    virtual Status add_run(const StoredRun& run) = 0;
    /// In no order.
    virtual Status read_run_counts(const StoredRun& run, const Visit<RunCount>& visit) = 0;

    /// What each firm was pushed in all nights so far, by firm number, ascending; firms that were
    /// pushed nothing are left out. Withdrawn pushes do not count: the firm never saw them.
    virtual Status read_pushed(
        const std::function<Status(std::int64_t firm, std::span<const Pushed> pushed)>& visit) = 0;
    /// The numbers of these sentences; unknown ones are added. Each text once.
    virtual Status reason_numbers(std::span<const std::string_view> texts,
                                  std::span<std::int64_t> numbers) = 0;
    /// Called any number of times, in ascending order of push, and of firm; the run is added
    /// before. After it read_pushed() gives these too.
    virtual Status add_pushes(const StoredRun& run, std::span<const StoredPush> pushes) = 0;

    // ---- what firms think of it

    /// Of all nights so far, by firm number, ascending.
    virtual Status read_feedback(const Visit<Feedback>& visit) = 0;
    /// What run `run` knew, by firm number, ascending: the last that was put for it or before.
    virtual Status read_learned(std::int64_t run, const Visit<Learned>& visit) = 0;
    virtual Status put_learned(std::int64_t run, std::span<const Learned> learned) = 0;

    /// Appends an entry to the audit log, chained to the one before by digest.
    virtual Status append_audit(std::string_view kind, std::string_view body) = 0;

    // ---- forgetting, keeping

    /// Puts a pseudonym in the place of the firm's id and takes away every value of the firm, its
    /// opt-outs, and what nights know of it; its pending pushes are withdrawn. What it was pushed
    /// stays, under the pseudonym. The bytes are gone from the store's files after commit(), as far
    /// as the database promises that (docs/store.md).
    virtual Status forget_firm(const StoredFirm& firm, std::string_view pseudonym) = 0;

    /// Small things that a store keeps by name.
    virtual Result<std::optional<std::string>> setting(std::string_view name) = 0;
    virtual Status put_setting(std::string_view name, std::string_view value) = 0;
    /// Bytes that spare work and can be made again; nothing where there are none.
    virtual Result<std::string> memo(std::string_view name) = 0;
    virtual Status put_memo(std::string_view name, std::string_view content) = 0;

    // ---- others' tables

    /// A query that only reads: first the names of its columns, then its rows as text; an empty
    /// optional is NULL.
    struct Query {
        std::function<Status(std::span<const std::string_view> names)> columns;
        std::function<Status(std::span<const std::optional<std::string_view>> cells)> row;
    };
    virtual Status query(const std::string& sql, const Query& visit) = 0;
};

/// `sqlite:PATH` or `postgresql://…`. The store of an older qice is upgraded, that of a newer one
/// is refused.
Result<std::unique_ptr<Store>> open_store(const std::string& where, OpenMode mode);

} // namespace qice
