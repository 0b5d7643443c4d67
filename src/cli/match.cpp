// qice match: all firms against all policies, ranked.
#include "base/json.hpp"
#include "cli/common.hpp"
#include "kernels/kernels.hpp"
#include "qice/base/text.hpp"
#include "qice/io/writer.hpp"
#include "qice/match/matcher.hpp"

#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <array>
#include <future>
#include <iostream>
#include <set>
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

constexpr std::uint32_t kStreamFirms = 1u << 16; // a portion: a hundred MB with its answer

/// What one portion frees, the next can take, whichever threads made them. By default each thread
/// of glibc allocates from a heap of its own, and what is free in one is lost to the others.
void keep_one_heap() {
#ifdef M_ARENA_MAX
    ::mallopt(M_ARENA_MAX, 1);
#endif
}

struct Seconds {
    double read = 0, compile = 0, index = 0, match = 0, write = 0;
};

/// What a run has come to so far.
struct Totals {
    std::uint64_t firms = 0;
    std::array<std::uint64_t, kStatuses> pushes{};
    std::vector<PolicyCounts> counts; // of each policy of the set
    QuarantineReport quarantine;

    void add(const FirmsRead& read) {
        firms += read.firms.size();
        quarantine.add(read);
    }
    void add(const MatchResult& result) {
        for (std::size_t s = 0; s < kStatuses; ++s)
            pushes[s] += result.total(static_cast<Verdict>(s));
        for (std::uint32_t policy = 0; policy < counts.size(); ++policy)
            for (std::size_t s = 0; s < kStatuses; ++s)
                counts[policy][s] += result.counts(policy)[s];
    }
};

/// The files of a run. All are written before the first is put in place: a full disk leaves the old
/// ones. An empty path is no file.
class Outputs {
  public:
    struct Paths {
        std::string pushes, counts, quarantine;
    };
    Outputs(const Paths& paths, std::span<const Policy> policies, std::vector<LifeCycle> states,
            const WriteOptions& options)
        : paths_(paths), policies_(policies), states_(std::move(states)), options_(options),
          pushes_(paths.pushes), counts_(paths.counts), quarantine_(paths.quarantine),
          writer_(pushes_, policies_, states_, options_) {}

    Status open() {
        if (!paths_.quarantine.empty()) {
            QICE_RETURN_IF_ERROR(quarantine_.open());
            QICE_RETURN_IF_ERROR(write_quarantine_header(quarantine_));
        }
        if (!paths_.counts.empty()) QICE_RETURN_IF_ERROR(counts_.open());
        if (paths_.pushes.empty()) return {};
        QICE_RETURN_IF_ERROR(pushes_.open());
        return writer_.write_header();
    }
    Status add(const MatchResult& result, const FirmsRead& read, unsigned threads) {
        if (!paths_.quarantine.empty())
            QICE_RETURN_IF_ERROR(
                append_quarantine(quarantine_, read.quarantine, options_.neutralise));
        return paths_.pushes.empty() ? Status{} : writer_.write(result, read.firms, threads);
    }
    Status commit(std::span<const PolicyCounts> counts) {
        if (!paths_.counts.empty())
            QICE_RETURN_IF_ERROR(write_counts(counts_, counts, policies_, options_.neutralise));
        if (!paths_.quarantine.empty()) QICE_RETURN_IF_ERROR(quarantine_.commit());
        if (!paths_.counts.empty()) QICE_RETURN_IF_ERROR(counts_.commit());
        return paths_.pushes.empty() ? Status{} : pushes_.commit();
    }

  private:
    const Paths paths_;
    const std::span<const Policy> policies_;
    const std::vector<LifeCycle> states_;
    const WriteOptions options_;
    AtomicFile pushes_, counts_, quarantine_;
    PushWriter writer_;
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
        app->add_flag(
            "--stream", stream_,
            "take the firms portion by portion, in memory that does not grow with them; an "
            "id that comes twice is then only found within a portion");
        app->add_option("--stream-firms", stream_firms_, "how many firms a portion has")
            ->capture_default_str()
            ->check(CLI::Range(1u, 1u << 30));
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
        if (stream_) keep_one_heap();
        if (const int code = load(options_, loaded_); code != kDone) return code;

        if (loaded_.policies.policies.empty()) complain("no policies in " + options_.policies);
        totals_.counts.resize(loaded_.policies.policies.size());
        if (const Status status = stream_ ? match_portions() : match_whole(); !status.ok())
            return fail(status);
        report();
        return totals_.quarantine.entries == 0 && !loaded_.skipped_policies ? kDone : kQuarantined;
    }

  private:
    Status usage(std::string message) const { return {StatusCode::usage, std::move(message)}; }

    Status read_arguments() {
        QICE_ASSIGN_OR_RETURN(as_of_, as_of(options_));
        QICE_ASSIGN_OR_RETURN(match_.top, read_limit("--top", top_));
        QICE_ASSIGN_OR_RETURN(match_.statuses, read_statuses(statuses_));
        QICE_ASSIGN_OR_RETURN(parsed_urgency_, read_urgency(urgency_));
        match_.by_policy = by_ == "policy";
        match_.count_all = !counts_.empty();
        match_.threads = options_.limits.threads = threads_or_all(threads_);
        if (stream_ && match_.by_policy)
            return usage("--stream ranks firm by firm; --by policy needs all firms at once");
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

    /// All firms at once.
    Status match_whole() {
        Stopwatch reading;
        Result<FirmsRead> read = load_firms(options_, loaded_.schema, as_of_, match_.threads);
        if (!read.ok()) return read.status();
        seconds_.read = reading.seconds();
        say_ignored_columns(*read);
        const Matcher matcher = compile_policies();
        Outputs outputs = open_outputs();
        QICE_RETURN_IF_ERROR(match_firms(matcher, *read, outputs));
        return put_in_place(outputs);
    }

    /// Portion by portion; the next is read while one is matched and written.
    Status match_portions() {
        // More hardly read a portion faster, and each has memory of its own.
        constexpr unsigned kMostReaders = 4;
        const unsigned readers = std::min(match_.threads, kMostReaders);
        QICE_ASSIGN_OR_RETURN(FirmReader reader,
                              FirmReader::open(options_.firms, loaded_.schema,
                                               read_options(options_, as_of_, readers)));
        const Matcher matcher = compile_policies();
        Outputs outputs = open_outputs();
        const auto read_next = [&]() -> Result<FirmsRead> {
            Stopwatch reading;
            Result<FirmsRead> read = reader.next(stream_firms_);
            seconds_.read += reading.seconds();
            return read;
        };
        const auto launch = match_.threads > 1 ? std::launch::async : std::launch::deferred;
        for (std::future<Result<FirmsRead>> next = std::async(launch, read_next);;) {
            QICE_ASSIGN_OR_RETURN(const FirmsRead read, next.get());
            const bool last = read.firms.size() == 0;
            if (!last) next = std::async(launch, read_next);
            say_ignored_columns(read);
            QICE_RETURN_IF_ERROR(match_firms(matcher, read, outputs));
            if (last) return put_in_place(outputs);
        }
    }

    Matcher compile_policies() {
        Stopwatch compiling;
        Matcher matcher(*loaded_.schema, loaded_.policies.policies,
                        {as_of_, options_.include_closed, parsed_urgency_});
        seconds_.compile = compiling.seconds();
        policies_matched_ = matcher.program().policies.size();
        return matcher;
    }

    Status match_firms(const Matcher& matcher, const FirmsRead& read, Outputs& outputs) {
        Stopwatch indexing;
        const IndexedFirms firms = matcher.index(read.firms, {.threads = match_.threads});
        seconds_.index += indexing.seconds();
        Stopwatch matching;
        const MatchResult result = match(matcher, firms);
        seconds_.match += matching.seconds();
        totals_.add(read);
        totals_.add(result);
        Stopwatch writing;
        if (!opened_) QICE_RETURN_IF_ERROR(outputs.open());
        opened_ = true;
        QICE_RETURN_IF_ERROR(outputs.add(result, read, match_.threads));
        seconds_.write += writing.seconds();
        return {};
    }

    Outputs open_outputs() const {
        return {dry_run_ ? Outputs::Paths{} : Outputs::Paths{out_, counts_, quarantine_},
                loaded_.policies.policies, life_cycles(loaded_.policies.policies, as_of_),
                WriteOptions{out_.ends_with(".jsonl"), !raw_csv_, match_.statuses, match_.by_policy,
                             options_.include_closed}};
    }

    Status put_in_place(Outputs& outputs) {
        Stopwatch writing;
        QICE_RETURN_IF_ERROR(outputs.commit(totals_.counts));
        seconds_.write += writing.seconds();
        return {};
    }

    /// Each column once, as it is met.
    void say_ignored_columns(const FirmsRead& read) {
        std::size_t unsaid = 0;
        for (const std::string& column : read.ignored_columns) {
            if (!said_columns_.insert(column).second) continue;
            if (said_columns_.size() <= kShownBadCells)
                say(options_,
                    "column " + in_quotes(column) + " is ignored: the schema does not know it");
            else
                ++unsaid;
        }
        if (unsaid > 0) say(options_, "... and " + std::to_string(unsaid) + " more columns");
    }

    MatchResult match(const Matcher& matcher, const IndexedFirms& firms) {
        Progress progress(!options_.quiet && ::isatty(STDERR_FILENO) == 1, firms.index.blocks());
        match_.done_blocks = &progress.done;
        return matcher.match(firms, match_);
    }

    void report() const {
        totals_.quarantine.say(options_.firms, dry_run_ ? "" : quarantine_);
        const std::array<std::uint64_t, kStatuses>& pushes = totals_.pushes;
        const std::uint64_t pairs = totals_.firms * policies_matched_;
        std::string by_status;
        for (std::size_t s = 0; s < kStatuses; ++s)
            if ((match_.statuses >> s & 1) != 0)
                by_status += fmt::format("{}\"{}\": {}", by_status.empty() ? "" : ", ",
                                         name_of(static_cast<Verdict>(s)), pushes[s]);
        if (options_.json) {
            fmt::print(
                "{{\"as_of\": \"{}\", \"firms\": {}, \"policies\": {}, \"policies_matched\": {}, "
                "\"pairs\": {}, \"pushes\": {{{}}}, \"quarantined\": {}, \"rows_set_aside\": {}, "
                "\"policies_skipped\": {}, \"seconds\": {{\"read\": {:.6f}, \"compile\": {:.6f}, "
                "\"index\": {:.6f}, \"match\": {:.6f}, \"write\": {:.6f}}}, "
                "\"peak_mib\": {:.1f}, \"threads\": {}, \"kernels\": \"{}\"}}\n",
                as_of_.to_string(), totals_.firms, loaded_.policies.policies.size(),
                policies_matched_, pairs, by_status, totals_.quarantine.entries,
                totals_.quarantine.rows_set_aside, loaded_.policies.errors.size(), seconds_.read,
                seconds_.compile, seconds_.index, seconds_.match, seconds_.write, peak_kib() / 1024,
                match_.threads, kernels().name);
            return;
        }
        std::string words;
        for (std::size_t s = 0; s < kStatuses; ++s)
            if ((match_.statuses >> s & 1) != 0)
                words += fmt::format(", {} {}", pushes[s], name_of(static_cast<Verdict>(s)));
        say(options_,
            fmt::format("{} firms x {} open policies of {} as of {}{}; matched in {:.3f} s",
                        totals_.firms, policies_matched_, loaded_.policies.policies.size(),
                        as_of_.to_string(), words, seconds_.match));
    }

    Options options_;
    std::string top_ = "20", statuses_ = "eligible,review", by_ = "firm", urgency_;
    std::string out_, counts_, quarantine_;
    int threads_ = 0;
    bool dry_run_ = false, raw_csv_ = false, stream_ = false;
    std::uint32_t stream_firms_ = kStreamFirms;

    Date as_of_{};
    Urgency parsed_urgency_;
    MatchOptions match_;
    Loaded loaded_;
    std::set<std::string> said_columns_;
    std::size_t policies_matched_ = 0;
    bool opened_ = false; // the output files
    Totals totals_;
    Seconds seconds_;
};

} // namespace

std::unique_ptr<Command> match_command(CLI::App& program) {
    return std::make_unique<Match>(program);
}

} // namespace qice::cli
