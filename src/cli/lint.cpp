// qice lint: what is wrong in a policy set, and what is most likely a slip of the hand.
#include "qice/rule/lint.hpp"
#include "base/json.hpp"
#include "cli/common.hpp"

#include <fmt/format.h>

#include <iostream>

namespace qice::cli {
namespace {

constexpr const char* kAbout = R"(Examples:
  qice lint --policies data/policies
  qice lint --policies draft.json --as-of 2026-06-15 --werror
  qice lint --policies data/policies --json > findings.json

Read the policies and say what is wrong with them (errors) and what is allowed but suspicious
(warnings): a rule that can never be true, a condition that keeps nobody out, windows that are all
past, the same thing twice. Exits with 4 if there is an error (with --werror: or a warning).)";

/// The policy that an error names in its sentence, if it names one in full.
std::string policy_of(const std::string& message) {
    constexpr std::string_view kBegin = "policy \"", kEnd = "\": ", kCut = "…";
    if (message.substr(0, kBegin.size()) != kBegin) return {};
    const std::size_t end = message.find(kEnd, kBegin.size());
    if (end == std::string::npos) return {};
    const std::string id = message.substr(kBegin.size(), end - kBegin.size());
    return id.ends_with(kCut) ? std::string() : id;
}

class Lint : public Command {
  public:
    explicit Lint(CLI::App& program) {
        app = program.add_subcommand("lint", kAbout);
        app->add_option("--policies", options_.policies,
                        "policies: a .json or .jsonl file, or a folder of them")
            ->required();
        app->add_option("--schema", options_.schema, "the enterprise schema (default: qice's own)");
        app->add_option("--as-of", options_.as_of,
                        "the day at which dates count as past (default: today)");
        app->add_option("--max-depth", options_.limits.depth, "how deep a rule may be nested")
            ->capture_default_str()
            ->check(CLI::Range(1u, 250u));
        app->add_option("--max-conditions", options_.limits.conditions,
                        "how many conditions a policy set may have")
            ->capture_default_str();
        app->add_flag("--werror", warnings_are_errors_, "exit with 4 for warnings, too");
        app->add_flag("--json", options_.json, "one object on standard output");
        add_output_options(*app, options_);
    }

    int run() override {
        const Result<Date> day = as_of(options_);
        if (!day.ok()) return fail(day.status());
        const std::string path =
            options_.schema.empty() ? data_directory() + "/schema.json" : options_.schema;
        const Result<SchemaPtr> schema = Schema::load(path);
        if (!schema.ok()) return fail(schema.status());
        const Result<PolicySet> set = load_policies(options_.policies, *schema, options_.limits);
        if (!set.ok()) return fail(set.status());
        const std::vector<Warning> warnings = lint(*set, *day);
        if (options_.json)
            print_json(*set, warnings);
        else
            print_lines(*set, warnings);
        if (!std::cout.flush()) {
            complain("cannot write to standard output");
            return kFailed;
        }
        say(options_, summary(*set, warnings, *day));
        const bool wrong = !set->errors.empty() || (warnings_are_errors_ && !warnings.empty());
        return wrong ? kInvalidInput : kDone;
    }

  private:
    static std::string counted(std::size_t count, const char* what, const char* many) {
        return fmt::format("{} {}", count, count == 1 ? what : many);
    }
    static std::string summary(const PolicySet& set, const std::vector<Warning>& warnings,
                               Date day) {
        return fmt::format("{} as of {}: {}, {}",
                           counted(set.policies.size(), "good policy", "good policies"),
                           day.to_string(), counted(set.errors.size(), "error", "errors"),
                           counted(warnings.size(), "warning", "warnings"));
    }

    /// `file:line:column: error: sentence`, as compilers do.
    static void print_lines(const PolicySet& set, const std::vector<Warning>& warnings) {
        for (const Status& error : set.errors)
            std::cout << error.place().to_string() << ": error: " << with_option(error.message())
                      << '\n';
        for (Warning warning : warnings) {
            const std::string place = std::exchange(warning.place, {}).to_string();
            std::cout << place << ": warning: " << warning.to_string() << " [" << warning.kind
                      << "]\n";
        }
    }

    static std::string at(const Place& place) {
        std::string out = "{\"file\": ";
        append_json_string(out, place.file);
        return out + fmt::format(", \"line\": {}, \"column\": {}", place.line, place.column);
    }
    static void add(std::string& out, const char* key, const std::string& value) {
        if (value.empty()) return;
        out += fmt::format(", \"{}\": ", key);
        append_json_string(out, value);
    }

    static void print_json(const PolicySet& set, const std::vector<Warning>& warnings) {
        std::string errors, suspicions;
        for (const Status& error : set.errors) {
            errors += (errors.empty() ? "\n  " : ",\n  ") + at(error.place());
            add(errors, "policy", policy_of(error.message()));
            add(errors, "message", error.message());
            errors += '}';
        }
        for (const Warning& warning : warnings) {
            suspicions += (suspicions.empty() ? "\n  " : ",\n  ") + at(warning.place);
            add(suspicions, "policy", warning.policy);
            add(suspicions, "field", warning.field);
            add(suspicions, "kind", warning.kind);
            add(suspicions, "message", warning.message);
            suspicions += '}';
        }
        std::cout << "{\"policies\": " << set.policies.size() << ",\n \"errors\": [" << errors
                  << "],\n \"warnings\": [" << suspicions << "]}\n";
    }

    Options options_;
    bool warnings_are_errors_ = false;
};

} // namespace

std::unique_ptr<Command> lint_command(CLI::App& program) { return std::make_unique<Lint>(program); }

} // namespace qice::cli
