// What every command shares: options, exit codes, messages, loading.
//
// Data goes to standard output, words and progress to standard error. An exit code is part of the
// contract; a command returns it, nothing calls exit().
#pragma once

#include "qice/base/date.hpp"
#include "qice/io/reader.hpp"
#include "qice/match/matcher.hpp"
#include "qice/rule/parse.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace qice::cli {

enum Exit : int {
    kDone = 0,
    kFailed = 1,
    kUsage = 2,
    kQuarantined = 3, // done, with something set aside
    kInvalidInput = 4,
    kStorage = 5,
};

/// Options that several commands take.
struct Options {
    std::string policies, firms, schema, as_of;
    std::string encoding = "utf-8";
    std::string lang; // zh or en; empty: from the environment
    bool strict = false, skip_bad_policies = false, ignore_unknown_columns = false;
    bool include_closed = false;
    bool quiet = false, json = false;
    std::string log; // see EventLog
    PolicyLimits limits;
};

void add_policy_options(CLI::App& app, Options& options, bool required = true);
void add_firm_options(CLI::App& app, Options& options, bool required = true);
void add_output_options(CLI::App& app, Options& options);
void add_log_option(CLI::App& app, Options& options);

/// Prints `qice: message` on standard error.
void say(const Options& options, const std::string& message); // not with --quiet
void complain(const std::string& message);
/// Both say nothing from now on: something else takes the place of words.
void be_silent();
/// Prints the Status and gives the exit code that goes with it.
int fail(const Status& status);
/// A sentence of the library, which speaks of options in words, as it has many hosts: with the name
/// that the option has here. complain() does so by itself.
std::string with_option(std::string sentence);

/// The most memory this process has had, in KiB. Not getrusage(): there a program begins with what
/// the program had that started it.
double peak_kib();

bool chinese(const Options& options);
Result<Date> as_of(const Options& options);
/// `WEIGHT:DAYS`; empty text is no urgency.
Result<Urgency> read_urgency(const std::string& text);

struct Loaded {
    SchemaPtr schema;
    PolicySet policies;
    bool skipped_policies = false;
};
/// Schema and policies; every bad policy is printed. The code is kDone, or why there is nothing.
int load(const Options& options, Loaded& out);
/// The policies alone, for the schema that `out` has.
int load_policies(const Options& options, Loaded& out);
ReadOptions read_options(const Options& options, Date as_of, unsigned threads = 1);
Result<FirmsRead> load_firms(const Options& options, const SchemaPtr& schema, Date as_of,
                             unsigned threads = 1);

/// `eligible,review` and the like.
Result<StatusSet> read_statuses(const std::string& text);
/// A whole number from 1, or `all`: kNoLimit. `option` names it in messages.
Result<std::uint32_t> read_limit(const char* option, const std::string& text);
unsigned threads_or_all(int threads);

/// What was quarantined, in words: the first of it, where it is not in a file.
struct QuarantineReport {
    std::uint64_t entries = 0, rows_set_aside = 0;
    std::vector<Quarantined> shown; // the first of it

    static constexpr std::size_t kMostShown = 10;
    void add(const FirmsRead& read);
    /// `firms` names the file that was read; `file` is where the quarantine was written, or empty.
    void say(const std::string& firms, const std::string& file) const;
};

class Stopwatch {
  public:
    double seconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    }

  private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// A command adds itself to the program and keeps its options; run() is called if it was chosen.
class Command {
  public:
    virtual ~Command() = default;
    virtual int run() = 0;
    CLI::App* app = nullptr;
};

std::unique_ptr<Command> match_command(CLI::App& program);
std::unique_ptr<Command> push_command(CLI::App& program);
std::unique_ptr<Command> import_command(CLI::App& program);
std::unique_ptr<Command> firm_command(CLI::App& program);
std::unique_ptr<Command> explain_command(CLI::App& program);
std::unique_ptr<Command> lint_command(CLI::App& program);
std::unique_ptr<Command> generate_command(CLI::App& program);
std::unique_ptr<Command> deliver_command(CLI::App& program);
std::unique_ptr<Command> opt_out_command(CLI::App& program);
std::unique_ptr<Command> forget_command(CLI::App& program);
std::unique_ptr<Command> verify_command(CLI::App& program);
std::unique_ptr<Command> replay_command(CLI::App& program);
std::unique_ptr<Command> version_command(CLI::App& program);

} // namespace qice::cli
