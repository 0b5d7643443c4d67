// Firms, policies, opt-outs and the schema into a store: only what changed is written.
//
//   Importer importer(store);                        // between begin(write) and commit()
//   QICE_RETURN_IF_ERROR(importer.begin());
//   QICE_ASSIGN_OR_RETURN(const Changes firms, importer.firms(table, replace));
//
// A row replaces the firm of its id as a whole; a policy likewise. With `replace`, what is not
// among the given is gone, though never forgotten: a push of last year can still be replayed.
#pragma once

#include "push/store.hpp"
#include "qice/model/firm.hpp"
#include "qice/rule/parse.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace qice {

struct Changes {
    std::int64_t added = 0, changed = 0, unchanged = 0, gone = 0;
};

/// The schema as the store has it: its code lists go with it.
Result<SchemaPtr> parse_schema(const StoredSchema& stored);
/// A schema file, with the code lists that stand beside it.
Result<StoredSchema> read_schema_file(const std::string& path);

/// The store's policies of now, parsed, and what the store knows of each.
struct CurrentPolicies {
    PolicySet set;
    std::vector<StoredPolicy> stored; // by place in the set; id and content are empty
};
Result<CurrentPolicies> current_policies(Store& store, const SchemaPtr& schema,
                                         const PolicyLimits& limits);
/// Those with these ids, and those that say they supersede one of them: enough to know the life
/// cycles of the first. Costs by how many these are.
Result<CurrentPolicies> current_policies_about(Store& store, const SchemaPtr& schema,
                                               const PolicyLimits& limits,
                                               std::span<const std::string_view> ids);

class Importer {
  public:
    explicit Importer(Store& store) : store_(store) {}

    Status begin();
    Result<Changes> firms(const FirmTable& firms, bool replace);
    struct PolicyChanges : Changes {
        /// Policies whose contents changed under the same version: who was told of it is not told
        /// again.
        std::vector<std::string> same_edition;
    };
    /// The set must have been read with its contents.
    Result<PolicyChanges> policies(const PolicySet& set, bool replace);
    Result<Changes> opt_outs(std::vector<OptOut> opt_outs, bool replace);

  private:
    Result<std::int64_t> layout_of(const Schema& schema);

    Store& store_;
    NextNumbers next_;
};

} // namespace qice
