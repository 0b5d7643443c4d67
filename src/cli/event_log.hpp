// A log for machines: a JSON object a line, for whoever runs qice every night.
//
//   EventLog log;
//   QICE_RETURN_IF_ERROR(log.open(path, "push"));          // "": no log; "-": standard error
//   log.write(Event("recorded").number("run", 17).number("pushes", 2406896));
//   {"time": "2026-11-25T18:04:05.123Z", "level": "info", "command": "push", "process": 4711,
//    "event": "recorded", "run": 17, "pushes": 2406896}
//
// A line is one write() at the end of the file, so that many processes may share it, and rotating
// it needs no signal. Nothing of a firm stands in it: no id, no value, no cell; of a message what
// is in quotes is left out. A log that cannot be written to any more does not stop the work.
#pragma once

#include "qice/base/status.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace qice::cli {

class Event {
  public:
    explicit Event(const char* name, const char* level = "info");

    Event& text(const char* key, std::string_view value);
    Event& number(const char* key, std::int64_t value);
    Event& seconds(double value);
    Event& truth(const char* key, bool value);
    /// JSON as it is.
    Event& json(const char* key, std::string_view value);

  private:
    friend class EventLog;
    void key(const char* key);

    const char* level_;
    std::string fields_;
};

class EventLog {
  public:
    EventLog() = default;
    EventLog(const EventLog&) = delete;
    EventLog& operator=(const EventLog&) = delete;
    ~EventLog();

    /// On standard error the log takes the place of all other words.
    Status open(const std::string& path, const char* command);
    void write(const Event& event);
    /// What went wrong, and with which exit code.
    void failure(const Status& status, int code);

  private:
    int file_ = -1;
    const char* command_ = "";
};

/// sqlite or postgresql: what of an address has no secrets.
std::string_view kind_of_store(std::string_view where);

} // namespace qice::cli
