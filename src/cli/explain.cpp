// qice explain: why a policy fits a firm, or does not.
#include "qice/match/explain.hpp"

#include "cli/common.hpp"
#include "cli/one_firm.hpp"
#include "qice/base/text.hpp"
#include "qice/io/writer.hpp"
#include <algorithm>

namespace qice::cli {
namespace {

constexpr const char* kAbout = R"(Examples:
  qice explain 91441900MA4W000037 CN-TSME --policies data/policies --firms firms.csv --lang zh
  qice explain 91441900MA4W000037 CN-TSME --policies data/policies --firms firms.csv --as-of 2026-06-15 --json

Tell why a policy fits a firm or does not: its life cycle, the verdict, the rule with what the firm
has and what is missing at each condition, the cheapest repair, the fields to fill in, what a person
has to confirm, the score line by line, the estimated benefit. Works for closed and draft policies
too. Exit code 3: the firm's row has a bad cell.)";

class ExplainPair : public Command {
  public:
    explicit ExplainPair(CLI::App& program) {
        app = program.add_subcommand("explain", kAbout);
        app->add_option("firm", firm_, "the firm's id")->required();
        app->add_option("policy", policy_, "the policy's id")->required();
        add_policy_options(*app, options_);
        add_firm_options(*app, options_);
        app->add_option("--urgency", urgency_,
                        "WEIGHT:DAYS: raise policies whose window closes within DAYS days");
        app->add_flag("--json", options_.json, "one JSON object instead of text");
        add_output_options(*app, options_);
    }

    int run() override {
        const Result<Date> day = as_of(options_);
        if (!day.ok()) return fail(day.status());
        const Result<Urgency> urgency = read_urgency(urgency_);
        if (!urgency.ok()) return fail(urgency.status());
        Loaded loaded;
        if (const int code = load(options_, loaded); code != kDone) return code;
        const std::vector<Policy>& policies = loaded.policies.policies;
        const auto policy =
            std::find_if(policies.begin(), policies.end(),
                         [&](const Policy& candidate) { return candidate.id == policy_; });
        if (policy == policies.end()) return fail(no_policy(policies));
        const Result<FirmsRead> read = load_one_firm(options_, loaded.schema, day.value(), firm_);
        if (!read.ok()) return fail(read.status());
        const bool bad = complain_of_cells(options_, read.value());

        const Explanation explanation =
            explain(*loaded.schema, policies, static_cast<std::size_t>(policy - policies.begin()),
                    read.value().firms[0], {urgency.value(), {}});
        const std::string text =
            options_.json ? to_json(explanation) + '\n'
                          : to_text(explanation, chinese(options_) ? Language::zh : Language::en);
        AtomicFile out("-");
        if (const Status status = out.open(); !status.ok()) return fail(status);
        if (const Status status = out.write(text); !status.ok()) return fail(status);
        return bad || loaded.skipped_policies ? kQuarantined : kDone;
    }

  private:
    Status no_policy(const std::vector<Policy>& policies) const {
        std::vector<std::string> ids;
        for (const Policy& policy : policies)
            ids.push_back(policy.id);
        const std::string near = nearest(policy_, ids);
        return invalid_input("there is no policy " + in_quotes(policy_) + " among " +
                                 std::to_string(ids.size()) +
                                 (near.empty() ? "" : "; did you mean " + in_quotes(near) + "?"),
                             {options_.policies});
    }

    Options options_;
    std::string firm_, policy_, urgency_;
};

} // namespace

std::unique_ptr<Command> explain_command(CLI::App& program) {
    return std::make_unique<ExplainPair>(program);
}

} // namespace qice::cli
