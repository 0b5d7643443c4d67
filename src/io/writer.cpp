#include "qice/io/writer.hpp"

#include "base/json.hpp"
#include "qice/base/csv.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace qice {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 20;

// Names of temporary files, for a signal handler: fixed storage, no allocation.
constexpr std::size_t kMostOpen = 16, kMostPath = 4096;
struct Unfinished {
    std::atomic<bool> used{false};
    char path[kMostPath];
};
std::array<Unfinished, kMostOpen> unfinished_files;

void remember(const std::string& path) {
    if (path.size() >= kMostPath) return;
    for (Unfinished& entry : unfinished_files) {
        if (entry.used.load()) continue;
        std::memcpy(entry.path, path.c_str(), path.size() + 1);
        entry.used.store(true);
        return;
    }
}

void forget(const std::string& path) {
    for (Unfinished& entry : unfinished_files)
        if (entry.used.load() && path == entry.path) entry.used.store(false);
}

/// Collects rows and hands them to a file in large pieces.
class RowBuffer {
  public:
    explicit RowBuffer(AtomicFile& file) : file_(file) { text.reserve(kBufferBytes + 4096); }
    Status flush_if_full() { return text.size() < kBufferBytes ? Status{} : flush(); }
    Status flush() {
        Status status = file_.write(text);
        text.clear();
        return status;
    }
    std::string text;

  private:
    AtomicFile& file_;
};

void append_number(std::string& out, std::uint64_t value) {
    char digits[20];
    char* at = digits + sizeof digits;
    do
        *--at = static_cast<char>('0' + value % 10);
    while ((value /= 10) != 0);
    out.append(at, digits + sizeof digits);
}

void append_score(std::string& out, Score score) {
    if (score < 0) out += '-';
    const std::uint64_t magnitude =
        score < 0 ? 0 - static_cast<std::uint64_t>(score) : static_cast<std::uint64_t>(score);
    append_number(out, magnitude / kScoreUnit);
    char decimals[8] = ".000000";
    std::uint64_t rest = magnitude % kScoreUnit;
    for (int i = 6; i > 0; --i, rest /= 10)
        decimals[i] = static_cast<char>('0' + rest % 10);
    out.append(decimals, 7);
}

std::string csv_cell(std::string_view text, bool neutralise) {
    std::string cell;
    append_csv_cell(cell, text, neutralise);
    return cell;
}

std::string json_cell(std::string_view text) {
    std::string cell;
    append_json_string(cell, text);
    return cell;
}

} // namespace

void remove_unfinished_files() {
    for (Unfinished& entry : unfinished_files)
        if (entry.used.load()) ::unlink(entry.path);
}

// ------------------------------------------------------------------------------ AtomicFile

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)) {}

AtomicFile::~AtomicFile() {
    if (file_ < 0 || path_ == "-") return;
    ::close(file_);
    ::unlink(temporary_.c_str());
    forget(temporary_);
}

Status AtomicFile::failure(int error, const char* what) const {
    return {StatusCode::io,
            std::string(what) + ": " + std::strerror(error),
            {path_ == "-" ? "standard output" : path_}};
}

Status AtomicFile::open() {
    if (path_ == "-") {
        file_ = STDOUT_FILENO;
        return {};
    }
    // A device or a pipe cannot be replaced by renaming; it is written to as it is.
    struct stat info {};
    if (::stat(path_.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
        if (S_ISDIR(info.st_mode)) return failure(EISDIR, "cannot write this file");
        temporary_.clear();
        file_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
    } else {
        temporary_ = path_ + ".tmp-" + std::to_string(::getpid());
        remember(temporary_); // before it is there: a signal may come at any instant
        file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (file_ < 0) {
            const int error = errno;
            forget(temporary_);
            return failure(error, "cannot write this file");
        }
    }
    return file_ < 0 ? failure(errno, "cannot write this file") : Status{};
}

Status AtomicFile::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(file_, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return failure(errno, "cannot write this file");
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Status AtomicFile::commit() {
    if (path_ == "-") return {};
    const bool flushed = temporary_.empty() || ::fsync(file_) == 0;
    const int error = errno;
    if (::close(file_) != 0 || !flushed) {
        file_ = -1;
        if (!temporary_.empty()) ::unlink(temporary_.c_str());
        forget(temporary_);
        return failure(flushed ? errno : error, "cannot write this file");
    }
    file_ = -1;
    if (temporary_.empty()) return {};
    const bool renamed = ::rename(temporary_.c_str(), path_.c_str()) == 0;
    const int rename_error = errno;
    if (!renamed) ::unlink(temporary_.c_str());
    forget(temporary_);
    return renamed ? Status{} : failure(rename_error, "cannot put this file in place");
}

// ------------------------------------------------------------------------------------ rows

std::string format_score(Score score) {
    std::string text;
    append_score(text, score);
    return text;
}

Status write_pushes(AtomicFile& file, const MatchResult& result, const FirmTable& firms,
                    std::span<const Policy> policies, std::span<const LifeCycle> states,
                    const WriteOptions& options) {
    const bool json = options.json_lines;
    const auto cell = [&](std::string_view text) {
        return json ? json_cell(text) : csv_cell(text, options.neutralise);
    };
    std::vector<std::string> policy_cells;
    for (const Policy& policy : policies)
        policy_cells.push_back(cell(policy.id));

    RowBuffer rows(file);
    if (!json)
        rows.text = options.life_cycle ? "firm_id,status,rank,policy_id,score,life_cycle\n"
                                       : "firm_id,status,rank,policy_id,score\n";
    const auto append = [&](const std::string& firm, std::string_view status, std::size_t rank,
                            std::uint32_t policy, Score score) {
        std::string& out = rows.text;
        out += json ? "{\"firm_id\":" : "";
        out += firm;
        out += json ? ",\"status\":\"" : ",";
        out += status;
        out += json ? "\",\"rank\":" : ",";
        append_number(out, rank);
        out += json ? ",\"policy_id\":" : ",";
        out += policy_cells[policy];
        out += json ? ",\"score\":" : ",";
        append_score(out, score);
        if (options.life_cycle) {
            out += json ? ",\"life_cycle\":\"" : ",";
            out += name_of(states[policy]);
            if (json) out += '"';
        }
        out += json ? "}\n" : "\n";
    };
    const std::size_t count = options.by_policy ? policies.size() : firms.size();
    for (std::uint32_t of = 0; of < count; ++of) {
        const std::string firm = options.by_policy ? std::string() : cell(firms.id(of));
        for (std::size_t s = 0; s < kStatuses; ++s) {
            const auto status = static_cast<Verdict>(s);
            if ((options.statuses & status_bit(status)) == 0) continue;
            std::size_t rank = 0;
            for (const Push& push : result.pushes(of, status)) {
                if (options.by_policy)
                    append(cell(firms.id(push.other)), name_of(status), ++rank, of, push.score);
                else
                    append(firm, name_of(status), ++rank, push.other, push.score);
            }
        }
        QICE_RETURN_IF_ERROR(rows.flush_if_full());
    }
    return rows.flush();
}

Status write_counts(AtomicFile& file, const MatchResult& result, std::span<const Policy> policies,
                    bool neutralise) {
    RowBuffer rows(file);
    rows.text = "policy_id,eligible,review,needs_data,near\n";
    for (std::uint32_t policy = 0; policy < policies.size(); ++policy) {
        append_csv_cell(rows.text, policies[policy].id, neutralise);
        for (std::uint64_t count : result.counts(policy)) {
            rows.text += ',';
            append_number(rows.text, count);
        }
        rows.text += '\n';
        QICE_RETURN_IF_ERROR(rows.flush_if_full());
    }
    return rows.flush();
}

Status write_quarantine(AtomicFile& file, std::span<const Quarantined> entries, bool neutralise) {
    RowBuffer rows(file);
    rows.text = "line,firm_id,field,value,reason\n";
    for (const Quarantined& entry : entries) {
        append_number(rows.text, entry.line);
        for (const std::string* text :
             {&entry.firm_id, &entry.field, &entry.value, &entry.reason}) {
            rows.text += ',';
            append_csv_cell(rows.text, *text, neutralise);
        }
        rows.text += '\n';
        QICE_RETURN_IF_ERROR(rows.flush_if_full());
    }
    return rows.flush();
}

} // namespace qice
