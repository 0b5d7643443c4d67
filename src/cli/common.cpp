#include "cli/common.hpp"

#include "qice/base/text.hpp"
#include "qice/model/standards.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>

#include <sys/resource.h>

namespace qice::cli {
namespace {

bool is_silent = false; // for the whole program: one command runs in it

/// Is TZ the name of a zone that this machine does not know? The C library then takes UTC and says
/// nothing. What is no name is a rule, such as CST-8 or CET-1CEST,M3.5.0,M10.5.0/3.
bool is_unknown_zone(std::string zone) {
    namespace fs = std::filesystem;
    if (zone.starts_with(':')) zone.erase(0, 1);
    const bool has_offset = zone.find_first_of("0123456789") != zone.npos;
    const bool is_name =
        zone.find(',') == zone.npos && (zone.find('/') != zone.npos || !has_offset);
    if (!is_name || zone.empty() || zone == "UTC" || zone == "GMT") return false;
    const char* folder = std::getenv("TZDIR");
    std::error_code ignored;
    return !fs::is_regular_file(fs::path(folder != nullptr ? folder : "/usr/share/zoneinfo") / zone,
                                ignored);
}

} // namespace

void add_policy_options(CLI::App& app, Options& options, bool required) {
    auto* policies = app.add_option("--policies", options.policies,
                                    "policies: a .json or .jsonl file, or a folder of them");
    if (required) policies->required();
    app.add_option("--schema", options.schema, "the enterprise schema (default: qice's own)");
    app.add_option("--as-of", options.as_of,
                   "the day at which everything is judged (default: today)");
    app.add_flag("--include-closed", options.include_closed,
                 "also policies that are closed, draft, superseded ...; they are marked");
    app.add_flag("--skip-bad-policies", options.skip_bad_policies,
                 "leave wrong policies out instead of stopping");
    app.add_option("--max-depth", options.limits.depth, "how deep a rule may be nested")
        ->capture_default_str()
        ->check(CLI::Range(1u, 250u));
    app.add_option("--max-conditions", options.limits.conditions,
                   "how many conditions a policy set may have")
        ->capture_default_str()
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
}

void add_firm_options(CLI::App& app, Options& options, bool required) {
    auto* firms = app.add_option("--firms", options.firms,
                                 "firms: a .csv or .jsonl file; - is CSV on standard input");
    if (required) firms->required();
    app.add_option("--encoding", options.encoding,
                   "of the firms' file: utf-8 or gb18030 (Excel in China)")
        ->capture_default_str()
        ->check(CLI::IsMember({"utf-8", "gb18030"}));
    app.add_flag("--strict", options.strict, "set aside whole rows that have a bad cell");
    app.add_flag("--ignore-unknown-columns", options.ignore_unknown_columns,
                 "carry on past columns the schema does not know");
}

void add_output_options(CLI::App& app, Options& options) {
    app.add_flag("--quiet", options.quiet, "no progress and no summary on standard error");
    app.add_option("--lang", options.lang, "words in zh or en (default: by the locale)")
        ->check(CLI::IsMember({"zh", "en"}));
}

void add_log_option(CLI::App& app, Options& options) {
    app.add_option("--log", options.log,
                   "append what happens to this file, a JSON object a line; - is standard error");
}

void say(const Options& options, const std::string& message) {
    if (!options.quiet && !is_silent) std::cerr << "qice: " << message << '\n';
}

std::string with_option(std::string sentence) {
    constexpr std::pair<std::string_view, std::string_view> kOptions[] = {
        {"have unknown columns ignored", "--ignore-unknown-columns"},
        {"read it as GB 18030", "--encoding gb18030"},
        {"nested deeper than the limit", "--max-depth"},
        {"more conditions than the limit", "--max-conditions"}};
    for (const auto& [words, option] : kOptions)
        if (sentence.find(words) != sentence.npos)
            return std::move(sentence) + " (" + std::string(option) + ")";
    return sentence;
}

void complain(const std::string& message) {
    if (!is_silent) std::cerr << "qice: " << with_option(message) << '\n';
}

void be_silent() { is_silent = true; }

int fail(const Status& status) {
    complain(status.to_string());
    switch (status.code()) {
    case StatusCode::usage: return kUsage;
    case StatusCode::io: return kFailed;
    case StatusCode::storage: return kStorage;
    default: return kInvalidInput;
    }
}

double peak_kib() {
    std::ifstream status("/proc/self/status"); // `VmHWM:     1234 kB`
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmHWM:")) return std::strtod(line.c_str() + 6, nullptr);
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss);
}

bool chinese(const Options& options) {
    if (!options.lang.empty()) return options.lang == "zh";
    for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"})
        if (const char* value = std::getenv(name); value != nullptr && *value != '\0')
            return std::string_view(value).substr(0, 2) == "zh";
    return false;
}

Result<Date> as_of(const Options& options) {
    if (options.as_of.empty()) {
        const char* zone = std::getenv("TZ");
        if (zone == nullptr || !is_unknown_zone(zone)) return Date::today();
        return Status(StatusCode::usage, "this machine does not know the time zone " +
                                             in_quotes(zone) +
                                             " (TZ), so it cannot say which day it is there; "
                                             "install tzdata, or give --as-of");
    }
    if (const auto date = Date::parse(options.as_of)) return *date;
    return Status(StatusCode::usage,
                  "--as-of needs a date like 2026-11-23, got \"" + options.as_of + "\"");
}

Result<Urgency> read_urgency(const std::string& text) {
    Urgency urgency;
    if (text.empty()) return urgency;
    const std::size_t colon = std::min(text.find(':'), text.size());
    const std::string_view weight = std::string_view(text).substr(0, colon);
    const std::string_view days = std::string_view(text).substr(std::min(colon + 1, text.size()));
    constexpr Score kMost = 1'000'000 * kScoreUnit;
    if (!is_plain_number(weight) || !is_plain_number(days) ||
        parse_number(weight, {}, 6, urgency.weight) != NumberError::none ||
        parse_number(days, {}, 0, urgency.days) != NumberError::none || urgency.days < 1 ||
        urgency.days > 1'000'000 || urgency.weight > kMost || urgency.weight < -kMost)
        return Status(StatusCode::usage,
                      "--urgency needs WEIGHT:DAYS like 0.2:30, got \"" + text + "\"");
    return urgency;
}

int load(const Options& options, Loaded& out) {
    const std::string schema =
        options.schema.empty() ? data_directory() + "/schema.json" : options.schema;
    Result<SchemaPtr> read = Schema::load(schema);
    if (!read.ok()) return fail(read.status());
    out.schema = *read;
    return options.policies.empty() ? kDone : load_policies(options, out);
}

int load_policies(const Options& options, Loaded& out) {
    Result<PolicySet> set = qice::load_policies(options.policies, out.schema, options.limits);
    if (!set.ok()) return fail(set.status());
    out.policies = std::move(*set);
    constexpr std::size_t kMostShown = 50;
    for (std::size_t i = 0; i < out.policies.errors.size() && i < kMostShown; ++i)
        complain(out.policies.errors[i].to_string());
    const std::size_t errors = out.policies.errors.size();
    if (errors > kMostShown) complain("... and " + std::to_string(errors - kMostShown) + " more");
    if (errors == 0) return kDone;
    out.skipped_policies = true;
    if (options.skip_bad_policies) {
        complain(std::to_string(errors) + (errors == 1 ? " policy is" : " policies are") +
                 " left out (--skip-bad-policies)");
        return kDone;
    }
    complain(std::to_string(errors) +
             (errors == 1 ? " policy is wrong; nothing was done. Mend it, or leave it out"
                          : " policies are wrong; nothing was done. Mend them, or leave them out") +
             " with --skip-bad-policies");
    return kInvalidInput;
}

Result<StatusSet> read_statuses(const std::string& text) {
    StatusSet statuses = 0;
    for (std::string_view name : split(text, ',')) {
        bool known = false;
        for (std::size_t s = 0; s < kStatuses; ++s) {
            if (trim(name) != name_of(static_cast<Verdict>(s))) continue;
            statuses |= status_bit(static_cast<Verdict>(s));
            known = true;
        }
        if (!known)
            return Status(StatusCode::usage,
                          "--status takes eligible, review, needs_data and near; got \"" +
                              std::string(name) + "\"");
    }
    return statuses;
}

Result<std::uint32_t> read_limit(const char* option, const std::string& text) {
    if (text == "all") return kNoLimit;
    std::int64_t limit = 0;
    if (!is_plain_number(text) || parse_number(text, {}, 0, limit) != NumberError::none ||
        limit < 1 || limit >= kNoLimit)
        return Status(StatusCode::usage, std::string(option) +
                                             " needs a whole number from 1, or all; got \"" + text +
                                             "\"");
    return static_cast<std::uint32_t>(limit);
}

unsigned threads_or_all(int threads) {
    return threads > 0 ? static_cast<unsigned>(threads)
                       : std::max(1u, std::thread::hardware_concurrency());
}

void QuarantineReport::add(const FirmsRead& read) {
    entries += read.quarantine.size();
    rows_set_aside += read.rows_set_aside;
    for (std::size_t i = 0; i < read.quarantine.size() && shown.size() < kMostShown; ++i)
        shown.push_back(read.quarantine[i]);
}

void QuarantineReport::say(const std::string& firms, const std::string& file) const {
    if (entries == 0) return;
    complain(std::to_string(entries) + (entries == 1 ? " entry" : " entries") + " quarantined, " +
             std::to_string(rows_set_aside) + " of them whole rows" +
             (file.empty() ? "; --quarantine FILE keeps them all:" : ", see " + file));
    if (!file.empty()) return;
    for (const Quarantined& entry : shown)
        complain(firms + ':' + std::to_string(entry.line) + ": " +
                 (entry.firm_id.empty() ? "" : visible(excerpt(entry.firm_id)) + ": ") +
                 (entry.field.empty() ? "row set aside:" : entry.field + ":") +
                 (entry.value.empty() || entry.field.empty() ? "" : ' ' + in_quotes(entry.value)) +
                 ' ' + entry.reason);
    if (entries > kMostShown) complain("... and " + std::to_string(entries - kMostShown) + " more");
}

ReadOptions read_options(const Options& options, Date as_of, unsigned threads) {
    ReadOptions read;
    read.threads = threads;
    read.as_of = as_of;
    read.strict = options.strict;
    read.ignore_unknown_columns = options.ignore_unknown_columns;
    read.encoding = options.encoding == "gb18030" ? Encoding::gb18030 : Encoding::utf8;
    return read;
}

Result<FirmsRead> load_firms(const Options& options, const SchemaPtr& schema, Date as_of,
                             unsigned threads) {
    return read_firms(options.firms, schema, read_options(options, as_of, threads));
}

} // namespace qice::cli
