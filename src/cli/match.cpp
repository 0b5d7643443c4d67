// qice match: all firms against all policies, ranked.
#include "base/json.hpp"
#include "cli/common.hpp"
#include "kernels/kernels.hpp"
#include "qice/base/text.hpp"
#include "qice/io/writer.hpp"
#include "qice/match/matcher.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <iostream>
#include <thread>

namespace qice::cli {
namespace {

constexpr const char* kAbout = R"(Examples:
  qice match --policies data/policies --firms firms.csv --out pushes.csv
  qice match --policies data/policies --firms firms.csv --as-of 2026-06-15 --status eligible,review,near --counts counts.csv
  qice match --policies draft.json --firms firms.csv --by policy --top 100 --json --out pushes.jsonl

Match every firm with every policy: which are eligible, which a person has to review, which lack
data, which are one change away; the best of each, ranked.)";

constexpr std::size_t kShownBadCells = 10;

struct Seconds {
    double read = 0, compile = 0, index = 0, match = 0, write = 0;
};

/// A bar on standard error while a match runs; nothing where that is no terminal.
class Progress {
  public:
    Progress(bool shown, std::size_t blocks) : blocks_(blocks) {
        if (shown && blocks > 0) watcher_ = std::thread([this] { watch(); });
    }
    ~Progress() {
        stop_ = true;
        if (!watcher_.joinable()) return;
        watcher_.join();
        std::cerr << "\r\033[K";
    }
    std::atomic<std::size_t> done{0};

  private:
    void watch() {
        for (int tick = 0; !stop_; ++tick) {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
            if (tick % 10 != 9) continue;
            const std::size_t percent = done * 100 / blocks_;
            std::cerr << "\rqice: " << std::string(percent / 2, '=')
                      << std::string(50 - percent / 2, ' ') << ' ' << percent << '%' << std::flush;
        }
    }
    std::size_t blocks_;
    std::atomic<bool> stop_{false};
    std::thread watcher_;
};

class Match : public Command {
  public:
    explicit Match(CLI::App& program) {
        app = program.add_subcommand("match", kAbout);
        add_policy_options(*app, options_);
        add_firm_options(*app, options_);
        app->add_option("--top", top_,
                        "how many of each status to keep for a firm: a number or all")
            ->capture_default_str();
        app->add_option("--status", statuses_, "which statuses, of eligible,review,needs_data,near")
            ->capture_default_str();
        app->add_option("--by", by_, "rank the policies of each firm, or the firms of each policy")
            ->capture_default_str()
            ->check(CLI::IsMember({"firm", "policy"}));
        app->add_option("--urgency", urgency_,
                        "WEIGHT:DAYS: raise policies whose window closes within DAYS days");
        app->add_option("--out", out_,
                        "pushes to this .csv or .jsonl file; - is standard output (the default, "
                        "but not with --json or --dry-run)");
        app->add_option("--counts", counts_, "pairs of each policy by status, to this .csv file");
        app->add_option("--quarantine", quarantine_, "bad cells and bad rows, to this .csv file");
        app->add_option("--threads", threads_, "how many threads (default: all cores)")
            ->check(CLI::Range(1, 1024));
        app->add_flag("--json", options_.json, "one summary object on standard output");
        app->add_flag("--dry-run", dry_run_, "match and count, write no files");
        app->add_flag("--raw-csv", raw_csv_,
                      "do not neutralise cells that a spreadsheet would run as a formula");
        add_output_options(*app, options_);
    }

    int run() override {
        if (const Status status = read_arguments(); !status.ok()) return fail(status);
        if (const int code = load(options_, loaded_); code != kDone) return code;

        Stopwatch reading;
        Result<FirmsRead> read = load_firms(options_, loaded_.schema, as_of_, match_.threads);
        if (!read.ok()) return fail(read.status());
        seconds_.read = reading.seconds();
        const std::vector<std::string>& ignored = read->ignored_columns;
        for (std::size_t i = 0; i < ignored.size() && i < kShownBadCells; ++i)
            say(options_,
                "column " + in_quotes(ignored[i]) + " is ignored: the schema does not know it");
        if (ignored.size() > kShownBadCells)
            say(options_,
                "... and " + std::to_string(ignored.size() - kShownBadCells) + " more columns");

        Stopwatch compiling;
        const Matcher matcher(*loaded_.schema, loaded_.policies.policies,
                              {as_of_, options_.include_closed, parsed_urgency_});
        seconds_.compile = compiling.seconds();
        Stopwatch indexing;
        const IndexedFirms firms = matcher.index(read->firms);
        seconds_.index = indexing.seconds();
        Stopwatch matching;
        const MatchResult result = match(matcher, firms);
        seconds_.match = matching.seconds();

        Stopwatch writing;
        if (const Status status = write(result, *read); !status.ok()) return fail(status);
        seconds_.write = writing.seconds();
        report(matcher, result, *read);
        return read->quarantine.empty() && !loaded_.skipped_policies ? kDone : kQuarantined;
    }

  private:
    Status usage(std::string message) const { return {StatusCode::usage, std::move(message)}; }

    Status read_arguments() {
        QICE_ASSIGN_OR_RETURN(as_of_, as_of(options_));
        if (top_ == "all") {
            match_.top = kNoLimit;
        } else {
            std::int64_t top = 0;
            if (!is_plain_number(top_) || parse_number(top_, {}, 0, top) != NumberError::none ||
                top < 1 || top >= kNoLimit)
                return usage("--top needs a whole number from 1, or all; got \"" + top_ + "\"");
            match_.top = static_cast<std::uint32_t>(top);
        }
        match_.statuses = 0;
        for (std::string_view name : split(statuses_, ',')) {
            bool known = false;
            for (std::size_t s = 0; s < kStatuses; ++s) {
                if (trim(name) != name_of(static_cast<Verdict>(s))) continue;
                match_.statuses |= status_bit(static_cast<Verdict>(s));
                known = true;
            }
            if (!known)
                return usage("--status takes eligible, review, needs_data and near; got \"" +
                             std::string(name) + "\"");
        }
        QICE_ASSIGN_OR_RETURN(parsed_urgency_, read_urgency(urgency_));
        match_.by_policy = by_ == "policy";
        match_.count_all = !counts_.empty();
        match_.threads = threads_ > 0 ? static_cast<unsigned>(threads_)
                                      : std::max(1u, std::thread::hardware_concurrency());
        if (out_.empty() && !options_.json && !dry_run_) out_ = "-";
        if (!out_.empty() && out_ != "-" && !out_.ends_with(".csv") && !out_.ends_with(".jsonl") &&
            out_.rfind("/dev/", 0) != 0)
            return usage("--out writes .csv or .jsonl by the ending of its name; got \"" + out_ +
                         "\"");
        const std::pair<const char*, std::string> outputs[] = {
            {"--out", out_}, {"--counts", counts_}, {"--quarantine", quarantine_}};
        for (std::size_t i = 0; i < 3 && !dry_run_; ++i) {
            if (options_.json && outputs[i].second == "-")
                return usage(std::string("--json and ") + outputs[i].first +
                             " - would mix on standard output; name a file for one of them");
            for (std::size_t j = 0; j < i; ++j)
                if (!outputs[i].second.empty() && outputs[i].second == outputs[j].second &&
                    outputs[i].second.rfind("/dev/", 0) != 0)
                    return usage(std::string(outputs[j].first) + " and " + outputs[i].first +
                                 " would both write to " + outputs[i].second);
        }
        if (const std::string_view name = unknown_kernels_request(); !name.empty())
            return usage("QICE_KERNELS=" + std::string(name) +
                         " is not a level this machine has; it has plain, avx2 or avx512 as far as "
                         "its CPU goes");
        return {};
    }

    MatchResult match(const Matcher& matcher, const IndexedFirms& firms) {
        Progress progress(!options_.quiet && ::isatty(STDERR_FILENO) == 1, firms.index.blocks());
        match_.done_blocks = &progress.done;
        return matcher.match(firms, match_);
    }

    Status write(const MatchResult& result, const FirmsRead& read) {
        if (dry_run_) return {};
        // All are written before the first is put in place: a full disk leaves the old ones.
        AtomicFile quarantine(quarantine_), counts(counts_), out(out_);
        const std::vector<Policy>& policies = loaded_.policies.policies;
        const std::vector<LifeCycle> states = life_cycles(policies, as_of_);
        const WriteOptions options{out_.ends_with(".jsonl"), !raw_csv_, match_.statuses,
                                   match_.by_policy, options_.include_closed};
        if (!quarantine_.empty()) {
            QICE_RETURN_IF_ERROR(quarantine.open());
            QICE_RETURN_IF_ERROR(write_quarantine(quarantine, read.quarantine, !raw_csv_));
        }
        if (!counts_.empty()) {
            QICE_RETURN_IF_ERROR(counts.open());
            QICE_RETURN_IF_ERROR(write_counts(counts, result, policies, !raw_csv_));
        }
        if (!out_.empty()) {
            QICE_RETURN_IF_ERROR(out.open());
            QICE_RETURN_IF_ERROR(
                write_pushes(out, result, read.firms, policies, states, options, match_.threads));
        }
        if (!quarantine_.empty()) QICE_RETURN_IF_ERROR(quarantine.commit());
        if (!counts_.empty()) QICE_RETURN_IF_ERROR(counts.commit());
        return out_.empty() ? Status{} : out.commit();
    }

    void report(const Matcher& matcher, const MatchResult& result, const FirmsRead& read) const {
        std::array<std::uint64_t, kStatuses> pushes{};
        for (std::size_t s = 0; s < kStatuses; ++s)
            pushes[s] = result.total(static_cast<Verdict>(s));
        report_quarantine(read);
        const std::uint64_t pairs =
            std::uint64_t{read.firms.size()} * matcher.program().policies.size();
        std::string by_status;
        for (std::size_t s = 0; s < kStatuses; ++s)
            if ((match_.statuses >> s & 1) != 0)
                by_status += fmt::format("{}\"{}\": {}", by_status.empty() ? "" : ", ",
                                         name_of(static_cast<Verdict>(s)), pushes[s]);
        if (options_.json) {
            rusage usage{};
            getrusage(RUSAGE_SELF, &usage);
            fmt::print(
                "{{\"as_of\": \"{}\", \"firms\": {}, \"policies\": {}, \"policies_matched\": {}, "
                "\"pairs\": {}, \"pushes\": {{{}}}, \"quarantined\": {}, \"rows_set_aside\": {}, "
                "\"policies_skipped\": {}, \"seconds\": {{\"read\": {:.6f}, \"compile\": {:.6f}, "
                "\"index\": {:.6f}, \"match\": {:.6f}, \"write\": {:.6f}}}, "
                "\"peak_mib\": {:.1f}, \"threads\": {}, \"kernels\": \"{}\"}}\n",
                as_of_.to_string(), read.firms.size(), loaded_.policies.policies.size(),
                matcher.program().policies.size(), pairs, by_status, read.quarantine.size(),
                read.rows_set_aside, loaded_.policies.errors.size(), seconds_.read,
                seconds_.compile, seconds_.index, seconds_.match, seconds_.write,
                static_cast<double>(usage.ru_maxrss) / 1024.0, match_.threads, kernels().name);
            return;
        }
        std::string words;
        for (std::size_t s = 0; s < kStatuses; ++s)
            if ((match_.statuses >> s & 1) != 0)
                words += fmt::format(", {} {}", pushes[s], name_of(static_cast<Verdict>(s)));
        say(options_,
            fmt::format("{} firms x {} open policies of {} as of {}{}; matched in {:.3f} s",
                        read.firms.size(), matcher.program().policies.size(),
                        loaded_.policies.policies.size(), as_of_.to_string(), words,
                        seconds_.match));
    }

    void report_quarantine(const FirmsRead& read) const {
        if (read.quarantine.empty()) return;
        const std::size_t count = read.quarantine.size();
        complain(fmt::format("{} {} quarantined, {} of them whole rows{}", count,
                             count == 1 ? "entry" : "entries", read.rows_set_aside,
                             quarantine_.empty() || dry_run_ ? "; --quarantine FILE keeps them all:"
                                                             : ", see " + quarantine_));
        if (!quarantine_.empty() && !dry_run_) return;
        for (std::size_t i = 0; i < count && i < kShownBadCells; ++i) {
            const Quarantined& entry = read.quarantine[i];
            complain(fmt::format(
                "{}:{}: {}{}{} {}", options_.firms, entry.line,
                entry.firm_id.empty() ? "" : visible(excerpt(entry.firm_id)) + ": ",
                entry.field.empty() ? "row set aside:" : entry.field + ":",
                entry.value.empty() || entry.field.empty() ? "" : ' ' + in_quotes(entry.value),
                entry.reason));
        }
        if (count > kShownBadCells)
            complain("... and " + std::to_string(count - kShownBadCells) + " more");
    }

    Options options_;
    std::string top_ = "20", statuses_ = "eligible,review", by_ = "firm", urgency_;
    std::string out_, counts_, quarantine_;
    int threads_ = 0;
    bool dry_run_ = false, raw_csv_ = false;

    Date as_of_{};
    Urgency parsed_urgency_;
    MatchOptions match_;
    Loaded loaded_;
    Seconds seconds_;
};

} // namespace

std::unique_ptr<Command> match_command(CLI::App& program) {
    return std::make_unique<Match>(program);
}

} // namespace qice::cli
