// PolicyBook: the policies that a service stands on, and what they were at any moment.
//
//   QICE_ASSIGN_OR_RETURN(auto book, PolicyBook::open(schema, std::move(set.policies), {day}));
//   book->put(std::move(changed)); book->remove("DG-1");  // any thread; readers are not held up
//
//   const MomentPtr moment = book->now();                  // stays as it is, whatever comes
//   moment->one_firm().ask(record, {.top = 20}, scratch);  // one firm -> policies
//   match_firms(moment, firms, {.top = 20}, nullptr);      // all firms (live/firm_set.hpp)
//   moment->explain(*moment->find("DG-2"), firm);
//
// A PolicyMoment is immutable and shared by pointer; any number of threads may ask it. What it
// needs for a question that was not asked before (a compiled matcher, the list of ids) is made at
// the first one and kept. Changes are all or nothing: a reader sees the moment before them or the
// one after. One policy put or removed costs milliseconds, all of them anew a whole compile.
//
// Faces (the C API, Python) stand on this and on live/firm_set.hpp; nothing here is about a
// language.
#pragma once

#include "qice/match/engine.hpp"
#include "qice/match/explain.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qice {

class PolicyMoment;
using MomentPtr = std::shared_ptr<const PolicyMoment>;

/// The policies of one moment, in the order in which they came; a policy that is put again keeps
/// its place.
class PolicyMoment {
  public:
    const SchemaPtr& schema() const { return schema_; }
    const CompileOptions& options() const { return options_; }
    Date as_of() const { return options_.as_of; }

    std::size_t size() const { return held_.policies.size(); }
    const Policy& operator[](std::size_t number) const { return *held_.policies[number]; }
    const PolicyPtr& pointer(std::size_t number) const { return held_.policies[number]; }
    /// The number of the policy with this id.
    std::optional<std::uint32_t> find(std::string_view id) const;
    /// The same; without one, a sentence that names the nearest id.
    Result<std::uint32_t> require(std::string_view id) const;
    /// All of them side by side.
    std::span<const Policy> list() const;
    std::span<const LifeCycle> life_cycles() const;

    /// One firm -> policies.
    const Snapshot& one_firm() const { return *one_firm_; }
    /// All firms -> policies; Push::other is a policy's number. Fails where scores lie too far
    /// apart to be ranked.
    Result<const Matcher*> matcher() const;
    /// Why one policy fits a firm, or not. The firm must have been derived for as_of().
    Explanation explain(std::uint32_t number, const FirmView& firm) const;
    /// The same for a policy that is not among them, like a draft.
    Explanation explain(const Policy& draft, const FirmView& firm) const;

  private:
    friend class PolicyBook;
    struct Listed;
    struct Ids;
    using PolicyList = std::shared_ptr<const std::vector<Policy>>;
    struct Held {
        std::vector<PolicyPtr> policies;
        PolicyList list; // the same side by side, where they came so
    };

    PolicyMoment(SchemaPtr schema, const CompileOptions& options, Held held,
                 std::shared_ptr<const Snapshot> one_firm);
    const Listed& listed() const;
    const Ids& ids() const;

    SchemaPtr schema_;
    CompileOptions options_;
    Held held_;
    std::shared_ptr<const Snapshot> one_firm_;
    // Made when first asked for.
    mutable std::mutex mutex_;
    mutable std::shared_ptr<const Ids> ids_;
    mutable std::shared_ptr<const Listed> listed_;
    mutable std::shared_ptr<const Matcher> matcher_;
};

class PolicyBook {
  public:
    /// Fails where an id stands twice, or scores lie too far apart to be ranked.
    static Result<std::unique_ptr<PolicyBook>> open(SchemaPtr schema, std::vector<Policy> policies,
                                                    const CompileOptions& options);
    PolicyBook(const PolicyBook&) = delete;
    PolicyBook& operator=(const PolicyBook&) = delete;
    ~PolicyBook();

    MomentPtr now() const;

    // Changes. On an error, or when one throws for want of memory, the book is as it was.

    Status replace_all(std::vector<Policy> policies);
    /// Each is added, or takes the place of the one with its id; of two with one id the later
    /// holds.
    Status put(std::vector<Policy> policies);
    /// Whether there was such a policy.
    Result<bool> remove(std::string_view id);
    /// Judges everything for another day.
    Status set_day(Date as_of);

  private:
    using Held = PolicyMoment::Held;

    explicit PolicyBook(SchemaPtr schema);
    static Held hold(std::vector<Policy> policies);
    Status start_anew(Held held, const CompileOptions& options);
    template <class Change> Status change(Change&& change);
    void publish(Held held, const CompileOptions& options,
                 std::shared_ptr<const Snapshot> one_firm);

    const SchemaPtr schema_;
    std::mutex changing_;            // one change at a time
    std::unique_ptr<Engine> engine_; // none after a change that failed half-way
    mutable std::mutex mutex_;       // of now_, held for nanoseconds
    MomentPtr now_;
};

} // namespace qice
