// qice import: firms, policies, the schema and opt-outs into a store.
#include "push/import.hpp"
#include "base/json.hpp"
#include "cli/common.hpp"
#include "cli/event_log.hpp"
#include "cli/store_input.hpp"
#include "qice/base/csv.hpp"
#include "qice/base/text.hpp"
#include "qice/io/writer.hpp"
#include "qice/model/standards.hpp"

#include <fmt/format.h>

namespace qice::cli {
namespace {

constexpr const char* kAbout = R"(Examples:
  qice import --store sqlite:qice.db --policies data/policies --firms firms.csv
  qice import --store sqlite:qice.db --firms changed.csv --quarantine bad.csv
  qice import --store sqlite:qice.db --firms all.csv --replace --json
  qice import --store sqlite:qice.db --opt-outs opt_outs.csv

Add and update firms and policies by id in the store that qice push reads; it is made where there is
none. A row takes the place of all that was known of its firm. Only what changed gets a new version,
and the whole import happens or nothing.)";

class Import : public Command {
  public:
    explicit Import(CLI::App& program) {
        app = program.add_subcommand("import", kAbout);
        app->add_option("--store", store_, "sqlite:PATH or postgresql://...")->required();
        app->add_option("--schema", options_.schema,
                        "the enterprise schema (default: the store's, in a new one qice's own)");
        app->add_option("--policies", options_.policies,
                        "policies: a .json or .jsonl file, or a folder of them");
        app->add_flag("--skip-bad-policies", options_.skip_bad_policies,
                      "leave wrong policies out instead of stopping");
        add_firm_options(*app, options_, false);
        app->add_option("--opt-outs", opt_outs_,
                        "who wants no pushes: a .csv file of firm_id,tag; without a tag: of "
                        "anything");
        app->add_flag("--replace", replace_,
                      "what is not in the file is gone, of each kind that is given");
        app->add_option("--quarantine", quarantine_, "bad cells and bad rows, to this .csv file");
        app->add_option("--threads", threads_, "how many threads read (default: all cores)")
            ->check(CLI::Range(1, 1024));
        app->add_flag("--json", options_.json, "one summary object on standard output");
        add_output_options(*app, options_);
        add_log_option(*app, options_);
    }

    int run() override {
        if (const Status status = log_.open(options_.log, "import"); !status.ok())
            return fail(status);
        if (options_.policies.empty() && options_.firms.empty() && options_.schema.empty() &&
            opt_outs_.empty())
            return failed({StatusCode::usage,
                           "nothing to import: give --firms, --policies, --schema or --opt-outs"});
        log_.write(
            Event("started").text("store", kind_of_store(store_)).truth("replace", replace_));
        Result<std::unique_ptr<Store>> store = open_store(store_, OpenMode::create);
        if (!store.ok()) return failed(store.status());
        options_.limits.keep_contents = true;
        const int code = import_into(**store);
        if (code == kDone || code == kQuarantined)
            log_.write(Event("ended", code == kDone ? "info" : "warning")
                           .number("exit", code)
                           .json("counts", json())
                           .seconds(seconds_.seconds()));
        else
            (*store)->rollback();
        return code;
    }

  private:
    int failed(const Status& status) {
        const int code = fail(status);
        log_.failure(status, code);
        return code;
    }

    int import_into(Store& store) {
        options_.limits.threads = threads_or_all(threads_);
        Status status = store.begin(Access::write);
        if (status.ok()) status = take_schema(store);
        if (!status.ok()) return failed(status);
        if (!options_.policies.empty())
            if (const int code = load_policies(options_, loaded_); code != kDone) {
                log_.failure(loaded_.policies.errors.empty()
                                 ? invalid_input("the policies cannot be read")
                                 : loaded_.policies.errors.front(),
                             code);
                return code;
            }
        status = take_all(store);
        if (!status.ok()) return failed(status);
        report();
        return read_quarantine_.entries == 0 && !loaded_.skipped_policies ? kDone : kQuarantined;
    }

    /// The schema that is given, else the store's, else qice's own.
    Status take_schema(Store& store) {
        QICE_ASSIGN_OR_RETURN(const std::optional<StoredSchema> known, store.schema());
        if (known && options_.schema.empty()) {
            QICE_ASSIGN_OR_RETURN(loaded_.schema, parse_schema(*known));
            return {};
        }
        const std::string path =
            options_.schema.empty() ? data_directory() + "/schema.json" : options_.schema;
        QICE_ASSIGN_OR_RETURN(const StoredSchema given, read_schema_file(path));
        QICE_ASSIGN_OR_RETURN(loaded_.schema, parse_schema(given));
        schema_changed_ = !known || known->json != given.json;
        return store.put_schema(given);
    }

    Status take_all(Store& store) {
        Importer importer(store);
        QICE_RETURN_IF_ERROR(importer.begin());
        if (!options_.policies.empty()) {
            QICE_ASSIGN_OR_RETURN(policies_, importer.policies(loaded_.policies, replace_));
        }
        if (schema_changed_) QICE_RETURN_IF_ERROR(check_policies(store));
        if (!options_.firms.empty()) QICE_RETURN_IF_ERROR(take_firms(importer));
        if (!opt_outs_.empty()) {
            QICE_ASSIGN_OR_RETURN(std::vector<OptOut> opt_outs,
                                  read_opt_outs(opt_outs_, *loaded_.schema));
            QICE_ASSIGN_OR_RETURN(taken_opt_outs_,
                                  importer.opt_outs(std::move(opt_outs), replace_));
        }
        QICE_RETURN_IF_ERROR(store.append_audit("import", json()));
        return store.commit();
    }

    /// Policies that stay in the store must be sayable in a new schema.
    Status check_policies(Store& store) {
        QICE_ASSIGN_OR_RETURN(const CurrentPolicies current,
                              current_policies(store, loaded_.schema, options_.limits));
        if (current.set.errors.empty()) return {};
        return invalid_input("with the new schema a policy of the store is wrong: " +
                             current.set.errors.front().message());
    }

    Status take_firms(Importer& importer) {
        QICE_ASSIGN_OR_RETURN(
            const FirmsRead read,
            load_firms(options_, loaded_.schema, Date::today(), options_.limits.threads));
        for (const std::string& column : read.ignored_columns)
            say(options_,
                "column " + in_quotes(column) + " is ignored: the schema does not know it");
        read_quarantine_.add(read);
        if (!quarantine_.empty()) QICE_RETURN_IF_ERROR(write_quarantine(quarantine_, read));
        QICE_ASSIGN_OR_RETURN(firms_, importer.firms(read.firms, replace_));
        return {};
    }

    static std::string json_of(const Changes& changes) {
        return fmt::format(R"({{"added": {}, "changed": {}, "unchanged": {}, "gone": {}}})",
                           changes.added, changes.changed, changes.unchanged, changes.gone);
    }

    std::string json() const {
        return fmt::format(
            R"({{"firms": {}, "policies": {}, "opt_outs": {}, "schema_changed": {}, )"
            R"("quarantined": {}, "rows_set_aside": {}, "policies_skipped": {}}})",
            json_of(firms_), json_of(policies_), json_of(taken_opt_outs_), schema_changed_,
            read_quarantine_.entries, read_quarantine_.rows_set_aside,
            loaded_.policies.errors.size());
    }

    void report() const {
        read_quarantine_.say(options_.firms, quarantine_);
        for (const std::string& id : policies_.same_edition)
            say(options_, "policy " + in_quotes(id) +
                              " changed under the same version: firms that had it are not told "
                              "again; raise \"version\" if they should be");
        if (options_.json) fmt::print("{}\n", json());
        const auto words = [](const char* what, const Changes& changes) {
            return fmt::format("; {}: {} new, {} changed, {} as they were, {} gone", what,
                               changes.added, changes.changed, changes.unchanged, changes.gone);
        };
        std::string text = "imported into " + store_;
        if (schema_changed_) text += "; the schema is new";
        if (!options_.firms.empty()) text += words("firms", firms_);
        if (!options_.policies.empty()) text += words("policies", policies_);
        if (!opt_outs_.empty()) text += words("opt-outs", taken_opt_outs_);
        if (!options_.json) say(options_, text);
    }

    Options options_;
    std::string store_, opt_outs_, quarantine_;
    int threads_ = 0;
    bool replace_ = false, schema_changed_ = false;
    Loaded loaded_;
    EventLog log_;
    Stopwatch seconds_;
    QuarantineReport read_quarantine_;
    Changes firms_, taken_opt_outs_;
    Importer::PolicyChanges policies_;
};

} // namespace

std::unique_ptr<Command> import_command(CLI::App& program) {
    return std::make_unique<Import>(program);
}

} // namespace qice::cli
