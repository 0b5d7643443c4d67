#include "cli/event_log.hpp"

#include "base/json.hpp"
#include "base/utc_time.hpp"
#include "cli/common.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

namespace qice::cli {
namespace {

/// Now, to the millisecond.
std::string precisely_now() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    return fmt::format("{}.{:03}Z", utc_text(milliseconds / 1000), milliseconds % 1000);
}

/// The first line of a message; from the first quotation mark to the last it may tell of a firm.
std::string without_quotes(std::string_view message) {
    message = message.substr(0, message.find('\n'));
    const std::size_t first = message.find('"'), last = message.rfind('"');
    if (first == std::string_view::npos) return std::string(message);
    if (first == last) return std::string(message.substr(0, first + 1)) + "...";
    return std::string(message.substr(0, first + 1)) + "..." + std::string(message.substr(last));
}

std::string_view name_of(StatusCode code) {
    switch (code) {
    case StatusCode::usage: return "usage";
    case StatusCode::io: return "io";
    case StatusCode::storage: return "storage";
    default: return "invalid_input";
    }
}

} // namespace

Event::Event(const char* name, const char* level) : level_(level) { text("event", name); }

void Event::key(const char* key) { fields_ += fmt::format(", \"{}\": ", key); }

Event& Event::text(const char* name, std::string_view value) {
    key(name);
    append_json_string(fields_, value);
    return *this;
}
Event& Event::number(const char* name, std::int64_t value) {
    return json(name, std::to_string(value));
}
Event& Event::seconds(double value) { return json("seconds", fmt::format("{:.6f}", value)); }
Event& Event::truth(const char* name, bool value) { return json(name, value ? "true" : "false"); }
Event& Event::json(const char* name, std::string_view value) {
    key(name);
    fields_ += value;
    return *this;
}

EventLog::~EventLog() {
    if (file_ >= 0 && file_ != STDERR_FILENO) ::close(file_);
}

Status EventLog::open(const std::string& path, const char* command) {
    command_ = command;
    if (path.empty()) return {};
    if (path == "-") {
        file_ = STDERR_FILENO;
        be_silent();
        return {};
    }
    file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (file_ >= 0) return {};
    return {StatusCode::io, std::string("cannot write this log: ") + std::strerror(errno), {path}};
}

void EventLog::write(const Event& event) {
    if (file_ < 0) return;
    const std::string line = fmt::format(
        "{{\"time\": \"{}\", \"level\": \"{}\", \"command\": \"{}\", \"process\": {}{}}}\n",
        precisely_now(), event.level_, command_, ::getpid(), event.fields_);
    std::string_view left = line;
    while (!left.empty()) {
        const ssize_t written = ::write(file_, left.data(), left.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) break;
        left.remove_prefix(static_cast<std::size_t>(written));
    }
}

void EventLog::failure(const Status& status, int code) {
    Event event("failed", "error");
    event.number("exit", code).text("reason", name_of(status.code()));
    event.text("message", without_quotes(status.message()));
    if (!status.place().file.empty()) event.text("file", status.place().file);
    if (status.place().line > 0) event.number("line", status.place().line);
    write(event);
}

std::string_view kind_of_store(std::string_view where) {
    return where.starts_with("sqlite:") ? "sqlite" : "postgresql";
}

} // namespace qice::cli
