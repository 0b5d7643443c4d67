// qice push: the night. Who is told of what, recorded so that nothing is told twice.
#include "base/json.hpp"
#include "cli/common.hpp"
#include "cli/event_log.hpp"
#include "cli/metrics.hpp"
#include "cli/store_input.hpp"
#include "kernels/kernels.hpp"
#include "push/run.hpp"
#include "qice/base/text.hpp"
#include "qice/io/writer.hpp"
#include "qice/version.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <iostream>

namespace qice::cli {
namespace {

constexpr const char* kAbout = R"(Examples:
  qice push --store sqlite:qice.db
  qice push --store sqlite:qice.db --as-of 2026-06-15 --per-firm 5 --per-firm-days 10:7
  qice push --store sqlite:qice.db --dry-run --json
  qice push --store sqlite:qice.db --firms-sql "SELECT code AS uscc, turnover AS revenue FROM companies"

The nightly push: match all firms of the store with all its policies, leave out what was pushed
before, keep to groups, quotas and limits, and record what is new. All of it or nothing; the same
night again with the same input changes nothing.)";

constexpr std::size_t kMostShown = 10;

class PushNight : public Command {
  public:
    explicit PushNight(CLI::App& program) {
        app = program.add_subcommand("push", kAbout);
        app->add_option("--store", store_, "sqlite:PATH or postgresql://...")->required();
        app->add_option("--as-of", options_.as_of,
                        "the day at which everything is judged (default: today)");
        app->add_option("--status", statuses_, "which statuses, of eligible,review,needs_data,near")
            ->capture_default_str();
        app->add_option("--per-firm", per_firm_, "how many pushes a firm gets a night, or all")
            ->capture_default_str();
        app->add_option(
            "--per-firm-days", per_firm_days_,
            "N:M: no more than N pushes a firm in M days, this night's and those before");
        app->add_option("--urgency", urgency_,
                        "WEIGHT:DAYS: raise policies whose window closes within DAYS days");
        app->add_option("--firms-sql", firms_sql_,
                        "take all firms from this query in the store; its columns are fields");
        app->add_option("--mapping", mapping_,
                        "a JSON file {\"column\": \"field\"} for a query's other names")
            ->needs("--firms-sql");
        app->add_option("--quarantine", quarantine_,
                        "bad cells and bad rows of the query, to this .csv file")
            ->needs("--firms-sql");
        app->add_flag("--strict", options_.strict, "set aside whole rows that have a bad cell");
        app->add_flag("--ignore-unknown-columns", options_.ignore_unknown_columns,
                      "carry on past columns the schema does not know");
        app->add_flag("--skip-bad-policies", options_.skip_bad_policies,
                      "leave policies out that the schema of today cannot read");
        app->add_option("--threads", threads_, "how many threads (default: all cores)")
            ->check(CLI::Range(1, 1024));
        app->add_flag("--dry-run", night_.dry_run,
                      "show counts and the difference to last night; record nothing");
        app->add_flag("--learn", night_.learn,
                      "weigh the tags a firm follows by what it answered to earlier pushes");
        app->add_flag("--json", options_.json, "one summary object on standard output");
        app->add_option("--metrics", metrics_,
                        "the night in numbers, to this file in the text form of Prometheus")
            ->excludes("--dry-run");
        add_log_option(*app, options_);
        app->add_flag("--quiet", options_.quiet, "no progress and no summary on standard error");
        app->add_option("--lang", lang_, "the language of the reasons: zh or en")
            ->capture_default_str()
            ->check(CLI::IsMember({"zh", "en"}));
    }

    int run() override {
        if (const Status status = open_outputs(); !status.ok()) return fail(status);
        const Result<NightReport> report = whole_night();
        const int code = report.ok() ? code_of(*report) : fail(report.status());
        if (report.ok()) {
            tell(*report);
            for (const Status& policy : report->bad_policies)
                complain(policy.to_string());
            log_end(*report, code);
        } else {
            log_.failure(report.status(), code);
        }
        return finish(report.ok() ? &*report : nullptr, code);
    }

  private:
    /// What cannot be written is told before the night, not after it.
    Status open_outputs() {
        QICE_RETURN_IF_ERROR(log_.open(options_.log, "push"));
        if (metrics_.empty()) return {};
        last_success_ = last_success(metrics_);
        metrics_file_.emplace(metrics_);
        return metrics_file_->open();
    }

    Result<NightReport> whole_night() {
        QICE_RETURN_IF_ERROR(read_arguments());
        log_.write(Event("started")
                       .text("version", QICE_VERSION_STRING)
                       .text("store", kind_of_store(store_))
                       .text("as_of", night_.limits.as_of.to_string())
                       .json("options", options_json(night_))
                       .truth("dry_run", night_.dry_run)
                       .number("threads", night_.threads));
        QICE_ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                              open_store(store_, OpenMode::existing));
        Result<NightReport> report = night(*store);
        if (!report.ok()) store->rollback();
        return report;
    }

    int code_of(const NightReport& report) const {
        return set_aside(report) == 0 ? kDone : kQuarantined;
    }

    std::int64_t set_aside(const NightReport& report) const {
        return static_cast<std::int64_t>(read_.entries + report.bad_cells +
                                         report.bad_policies.size());
    }

    void log_step(NightStep step, const NightReport& report) {
        switch (step) {
        case NightStep::read:
            log_.write(Event("read")
                           .number("firms", report.run.firms)
                           .number("policies", report.run.policies)
                           .seconds(report.seconds.read));
            break;
        case NightStep::chosen:
            log_.write(Event("chosen")
                           .number("firms_open", report.firms_open)
                           .number("firms_settled", report.firms_settled)
                           .number("firms_pushed", report.firms_pushed)
                           .number("policies_open", report.policies_open)
                           .number("pushes", report.run.total())
                           .seconds(report.seconds.match + report.seconds.choose));
            break;
        case NightStep::recorded:
            log_.write(Event("recorded")
                           .number("run", report.run.run)
                           .number("pushes", report.run.total())
                           .seconds(report.seconds.write));
            break;
        }
    }

    void log_end(const NightReport& report, int code) {
        if (const std::int64_t entries = set_aside(report); entries > 0)
            log_.write(Event("set_aside", "warning").number("entries", entries));
        Event event("ended");
        event.number("exit", code).truth("done_before", report.done_before);
        if (!night_.dry_run) event.number("run", report.run.run);
        log_.write(
            event.json("pushes", '{' + counts_of(report.run) + '}').seconds(seconds_.seconds()));
    }

    /// Writes the metrics. The night is recorded already: a failure here is told, and the same
    /// command again writes them.
    int finish(const NightReport* report, int code) {
        if (!metrics_file_) return code;
        Status status = metrics_file_->write(
            night_metrics({.exit = code,
                           .report = report,
                           .statuses = night_.limits.statuses,
                           .now = static_cast<std::int64_t>(std::time(nullptr)),
                           .last_success = last_success_,
                           .seconds = seconds_.seconds(),
                           .quarantined = report != nullptr ? set_aside(*report) : 0,
                           .peak_bytes = peak_kib() * 1024,
                           .kernels = kernels().name,
                           .store = std::string(kind_of_store(store_)),
                           .threads = night_.threads}));
        if (status.ok()) status = metrics_file_->commit();
        if (status.ok()) return code;
        const int failed = fail(status);
        log_.failure(status, failed);
        return code == kDone || code == kQuarantined ? failed : code;
    }

    std::string counts_of(const StoredRun& of) const {
        std::string out;
        for (std::size_t s = 0; s < kStatuses; ++s)
            if ((night_.limits.statuses >> s & 1) != 0 || of.pushes[s] > 0)
                out += fmt::format("{}\"{}\": {}", out.empty() ? "" : ", ",
                                   name_of(static_cast<Verdict>(s)), of.pushes[s]);
        return out;
    }

    Status read_arguments() {
        NightLimits& limits = night_.limits;
        QICE_ASSIGN_OR_RETURN(limits.as_of, as_of(options_));
        QICE_ASSIGN_OR_RETURN(limits.statuses, read_statuses(statuses_));
        QICE_ASSIGN_OR_RETURN(limits.per_firm, read_limit("--per-firm", per_firm_));
        QICE_ASSIGN_OR_RETURN(night_.urgency, read_urgency(urgency_));
        night_.threads = threads_or_all(threads_);
        night_.language = lang_ == "en" ? Language::en : Language::zh;
        night_.skip_bad_policies = options_.skip_bad_policies;
        night_.policy_limits.conditions = 1'000'000'000; // checked when they were imported
        night_.policy_limits.depth = 250;
        night_.policy_limits.threads = night_.threads;
        if (!per_firm_days_.empty()) {
            const std::vector<std::string_view> parts = split(per_firm_days_, ':');
            std::int64_t pushes = 0, days = 0;
            const auto whole = [](std::string_view text, std::int64_t& out) {
                return is_plain_number(text) && parse_number(text, {}, 0, out) == NumberError::none;
            };
            if (parts.size() != 2 || !whole(parts[0], pushes) || !whole(parts[1], days) ||
                pushes < 1 || days < 1 || pushes >= kNoLimit || days > 1'000'000)
                return {StatusCode::usage,
                        "--per-firm-days needs N:M like 10:7, got \"" + per_firm_days_ + "\""};
            limits.in_days = {static_cast<std::uint32_t>(pushes), static_cast<std::int32_t>(days)};
        }
        night_.on_step = [this](NightStep step, const NightReport& report) {
            log_step(step, report);
        };
        if (!options_.quiet && options_.log != "-" && ::isatty(STDERR_FILENO) == 1)
            night_.progress = [](std::size_t done, std::size_t of) {
                std::cerr << "\rqice: " << done << " of " << of << " firms\033[K" << std::flush;
                if (done == of) std::cerr << "\r\033[K";
            };
        return {};
    }

    Result<NightReport> night(Store& store) {
        const Access access = !firms_sql_.empty() ? Access::write
                              : night_.dry_run    ? Access::read
                                                  : Access::write_later;
        QICE_RETURN_IF_ERROR(store.begin(access));
        if (!firms_sql_.empty()) QICE_RETURN_IF_ERROR(take_firms(store));
        QICE_ASSIGN_OR_RETURN(NightReport report, run_night(store, night_));
        const Stopwatch committing;
        if (night_.dry_run)
            store.rollback();
        else
            QICE_RETURN_IF_ERROR(store.commit());
        report.seconds.write += committing.seconds();
        return report;
    }

    /// The firms of the query are the store's firms from now on.
    Status take_firms(Store& store) {
        QICE_ASSIGN_OR_RETURN(const std::optional<StoredSchema> stored, store.schema());
        if (!stored) return {StatusCode::storage, "this store has no policies yet: qice import"};
        QICE_ASSIGN_OR_RETURN(const SchemaPtr schema, parse_schema(*stored));
        QICE_ASSIGN_OR_RETURN(
            const FirmsRead read,
            query_firms(store, firms_sql_, mapping_, schema,
                        read_options(options_, night_.limits.as_of, night_.threads)));
        read_.add(read);
        if (!quarantine_.empty() && !night_.dry_run)
            QICE_RETURN_IF_ERROR(write_quarantine(quarantine_, read));
        Importer importer(store);
        QICE_RETURN_IF_ERROR(importer.begin());
        QICE_ASSIGN_OR_RETURN(const Changes changes, importer.firms(read.firms, true));
        (void)changes;
        return {};
    }

    void tell(const NightReport& report) const {
        read_.say("--firms-sql", night_.dry_run ? "" : quarantine_);
        if (report.bad_cells > 0)
            complain(fmt::format("{} older values are none under the schema of today, and were "
                                 "taken as unknown",
                                 report.bad_cells));
        if (options_.json) return tell_json(report);
        const StoredRun& run = report.run;
        const std::string day = run.as_of.to_string();
        if (report.done_before)
            return say(options_, fmt::format("the night of {} was done with the same input and "
                                             "options (run {}): nothing to do",
                                             day, run.run));
        std::string words;
        for (std::size_t s = 0; s < kStatuses; ++s)
            if ((night_.limits.statuses >> s & 1) != 0)
                words += fmt::format(", {} {}", run.pushes[s], name_of(static_cast<Verdict>(s)));
        say(options_, fmt::format("{} of {}: {} firms x {} open policies of {}, {} pushes to {} "
                                  "firms{}; {:.3f} s",
                                  night_.dry_run ? "dry run" : fmt::format("run {}", run.run), day,
                                  run.firms, report.policies_open, run.policies, run.total(),
                                  report.firms_pushed, words, seconds_.seconds()));
        if (night_.dry_run) tell_difference(report);
    }

    /// Policies by how much their pushes differ from last night's, most first.
    static std::vector<std::pair<std::string, std::array<std::int64_t, 2>>>
    differences(const NightReport& report) {
        std::vector<std::pair<std::string, std::array<std::int64_t, 2>>> out;
        for (const auto& [id, counts] : report.by_policy)
            if (counts[0] != counts[1]) out.emplace_back(id, counts);
        std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
            return std::abs(a.second[0] - a.second[1]) > std::abs(b.second[0] - b.second[1]);
        });
        return out;
    }

    void tell_difference(const NightReport& report) const {
        if (!report.last) return say(options_, "no night was recorded before");
        const StoredRun& last = *report.last;
        say(options_,
            fmt::format("last night (run {} of {}): {} pushes; tonight {:+}", last.run,
                        last.as_of.to_string(), last.total(), report.run.total() - last.total()));
        const auto differ = differences(report);
        for (std::size_t i = 0; i < differ.size() && i < kMostShown; ++i)
            say(options_,
                fmt::format("  {}: {} pushes, {:+}", visible(differ[i].first), differ[i].second[0],
                            differ[i].second[0] - differ[i].second[1]));
        if (differ.size() > kMostShown)
            say(options_, fmt::format("  and {} more policies differ", differ.size() - kMostShown));
    }

    void tell_json(const NightReport& report) const {
        const StoredRun& run = report.run;
        std::string out = fmt::format(
            "{{\"run\": {}, \"as_of\": \"{}\", \"done_before\": {}, \"dry_run\": {}, "
            "\"firms\": {}, \"policies\": {}, \"policies_matched\": {}, \"firms_open\": {}, "
            "\"firms_settled\": {}, "
            "\"firms_ranked_again\": {}, \"firms_pushed\": {}, \"pushes\": {{{}}}",
            night_.dry_run && !report.done_before ? "null" : std::to_string(run.run),
            run.as_of.to_string(), report.done_before, night_.dry_run, run.firms, run.policies,
            report.policies_open, report.firms_open, report.firms_settled, report.firms_deep,
            report.firms_pushed, counts_of(run));
        if (report.last)
            out += fmt::format(", \"last\": {{\"run\": {}, \"as_of\": \"{}\", \"pushes\": {{{}}}}}",
                               report.last->run, report.last->as_of.to_string(),
                               counts_of(*report.last));
        if (night_.dry_run) {
            out += ", \"difference\": {";
            bool is_first = true;
            for (const auto& [id, counts] : differences(report)) {
                out += is_first ? "" : ", ";
                is_first = false;
                append_json_string(out, id);
                out += fmt::format(": [{}, {}]", counts[0], counts[1]);
            }
            out += "}";
        }
        const NightSeconds& seconds = report.seconds;
        fmt::print("{}, \"quarantined\": {}, \"seconds\": {{\"read\": {:.6f}, \"match\": {:.6f}, "
                   "\"choose\": {:.6f}, \"write\": {:.6f}, \"total\": {:.6f}}}, \"peak_mib\": "
                   "{:.1f}, \"threads\": {}, \"kernels\": \"{}\"}}\n",
                   out, read_.entries, seconds.read, seconds.match, seconds.choose, seconds.write,
                   seconds_.seconds(), peak_kib() / 1024, night_.threads, kernels().name);
    }

    Options options_;
    NightOptions night_;
    std::string store_, statuses_ = "eligible,review", per_firm_ = "5", per_firm_days_, urgency_;
    std::string firms_sql_, mapping_, quarantine_, lang_ = "zh", metrics_;
    EventLog log_;
    std::optional<AtomicFile> metrics_file_;
    std::int64_t last_success_ = 0;
    int threads_ = 0;
    QuarantineReport read_;
    Stopwatch seconds_;
};

} // namespace

std::unique_ptr<Command> push_command(CLI::App& program) {
    return std::make_unique<PushNight>(program);
}

} // namespace qice::cli
