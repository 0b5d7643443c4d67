#include "cli/metrics.hpp"

#include "qice/base/text.hpp"
#include "qice/version.hpp"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <utility>
#include <vector>

namespace qice::cli {
namespace {

constexpr std::string_view kLastSuccess = "qice_night_last_success_timestamp_seconds";

void append_escaped(std::string& out, std::string_view text, bool quotes) {
    for (const char byte : text) {
        if (byte == '\\')
            out += "\\\\";
        else if (byte == '\n')
            out += "\\n";
        else if (byte == '"' && quotes)
            out += "\\\"";
        else
            out += byte;
    }
}

using Labels = std::vector<std::pair<const char*, std::string>>;

/// Families of metrics, each with its help and type before its samples.
class Text {
  public:
    Text& family(std::string_view name, std::string_view help) {
        name_ = name;
        out += fmt::format("# HELP {} ", name);
        append_escaped(out, help, false);
        out += fmt::format("\n# TYPE {} gauge\n", name);
        return *this;
    }
    Text& sample(double value, const Labels& labels = {}) {
        out += name_;
        char separator = '{';
        for (const auto& [name, text] : labels) {
            out += fmt::format("{}{}=\"", separator, name);
            append_escaped(out, text, true);
            out += '"';
            separator = ',';
        }
        if (separator == ',') out += '}';
        out += fmt::format(" {}\n", value);
        return *this;
    }
    Text& sample(std::int64_t value, const Labels& labels = {}) {
        return sample(static_cast<double>(value), labels);
    }

    std::string out;

  private:
    std::string name_;
};

void add_counts(Text& text, const NightReport& report, StatusSet statuses) {
    text.family("qice_night_pushes", "New pushes that the night recorded, by status.");
    for (std::size_t s = 0; s < kStatuses; ++s)
        if ((statuses >> s & 1) != 0)
            text.sample(report.run.pushes[s],
                        {{"status", std::string(name_of(static_cast<Verdict>(s)))}});
    text.family("qice_night_firms", "Firms in the store.").sample(report.run.firms);
    text.family("qice_night_firms_matched", "Firms whose values were read and matched.")
        .sample(report.firms_open - report.firms_settled);
    text.family("qice_night_firms_pushed", "Firms that got a push.").sample(report.firms_pushed);
    text.family("qice_night_firms_skipped", "Firms that were not matched, by reason.")
        .sample(report.firms_full, {{"reason", "limit"}})
        .sample(report.firms_opted_out, {{"reason", "opted_out"}})
        .sample(report.firms_settled, {{"reason", "settled"}});
    text.family("qice_night_firms_learnt", "Firms whose tags were weighed by their answers.")
        .sample(report.firms_learnt);
    text.family("qice_night_policies", "Policies in the store.").sample(report.run.policies);
    text.family("qice_night_policies_open", "Policies that were matched.")
        .sample(report.policies_open);
    text.family("qice_night_held_back", "Pairs that were looked at and not pushed, by reason.")
        .sample(report.held_back.opted_out, {{"reason", "opted_out"}})
        .sample(report.held_back.group, {{"reason", "group"}})
        .sample(report.held_back.pushed_before, {{"reason", "pushed_before"}})
        .sample(report.cut_by_quota, {{"reason", "quota"}});
}

} // namespace

std::string night_metrics(const NightMetrics& night) {
    Text text;
    const bool is_done = night.report != nullptr;
    text.family("qice_night_info", "The program and what it ran on.")
        .sample(std::int64_t{1}, {{"version", QICE_VERSION_STRING},
                                  {"kernels", night.kernels},
                                  {"store", night.store},
                                  {"threads", std::to_string(night.threads)}});
    text.family(
            "qice_night_exit_code",
            "Exit code of the last night: 0 done, 3 done with something set aside, else not done.")
        .sample(std::int64_t{night.exit});
    text.family("qice_night_end_timestamp_seconds", "When the last night ended, well or not.")
        .sample(night.now);
    const std::int64_t success = is_done ? night.now : night.last_success;
    if (success > 0) text.family(kLastSuccess, "When a night went well last.").sample(success);
    text.family("qice_night_duration_seconds", "How long the last night took, well or not.")
        .sample(night.seconds);
    if (!is_done) return std::move(text.out);
    const NightReport& report = *night.report;
    text.family("qice_night_run", "Number of the run.").sample(report.run.run);
    text.family("qice_night_as_of_timestamp_seconds",
                "The day the night judged by: its beginning in UTC.")
        .sample(std::int64_t{report.run.as_of.days} * 86'400);
    text.family("qice_night_done_before",
                "1 if the same night was in the store already, and nothing was done.")
        .sample(std::int64_t{report.done_before});
    if (!report.done_before) add_counts(text, report, night.statuses);
    text.family("qice_night_quarantined", "Cells, rows and policies that were set aside.")
        .sample(night.quarantined);
    text.family("qice_night_step_seconds", "How long each step took.")
        .sample(report.seconds.read, {{"step", "read"}})
        .sample(report.seconds.match, {{"step", "match"}})
        .sample(report.seconds.choose, {{"step", "choose"}})
        .sample(report.seconds.write, {{"step", "write"}});
    text.family("qice_night_peak_memory_bytes", "The most memory it had.").sample(night.peak_bytes);
    return std::move(text.out);
}

std::int64_t last_success(const std::string& path) {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(path, ignored)) return 0;
    const Result<std::string> before = read_file(path);
    if (!before.ok()) return 0;
    for (const std::string_view line : split(*before, '\n')) {
        if (!line.starts_with(kLastSuccess) || line.size() <= kLastSuccess.size()) continue;
        double value = 0;
        const char* begin = line.data() + kLastSuccess.size() + 1;
        std::from_chars(begin, line.data() + line.size(), value);
        return value > 0 && value < 1e12 ? static_cast<std::int64_t>(value) : 0;
    }
    return 0;
}

} // namespace qice::cli
