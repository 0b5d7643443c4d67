#include "generate/generate.hpp"

#include "generate/firm_row.hpp"
#include "generate/policies.hpp"
#include "qice/base/text.hpp"
#include "qice/io/writer.hpp"

#include <filesystem>

namespace qice {
namespace {

constexpr std::size_t kChunk = 1 << 20;

/// A file written piece by piece from a buffer.
class WholeFile {
  public:
    explicit WholeFile(const std::string& path) : file_(path), status_(file_.open()) {}

    std::string buffer;

    bool ok() const { return status_.ok(); }
    void flush_if_large() {
        if (buffer.size() >= kChunk) flush();
    }
    Status finish() {
        flush();
        return ok() ? file_.commit() : status_;
    }

  private:
    void flush() {
        if (ok()) status_ = file_.write(buffer);
        buffer.clear();
    }

    AtomicFile file_;
    Status status_;
};

Status write_firms(const GenerateOptions& options, const City& city, const std::string& standards,
                   const GenerateProgress& progress) {
    QICE_ASSIGN_OR_RETURN(const FirmRows rows,
                          FirmRows::load(city, standards, options.seed, options.as_of));
    const FirmMaker maker(city, options.seed, options.as_of);
    WholeFile file(options.out + "/firms.csv");
    FirmRows::append_header(file.buffer);
    for (std::uint64_t number = 0; number < options.firms && file.ok(); ++number) {
        rows.append(file.buffer, maker.draw(number));
        file.flush_if_large();
        if (progress && number % 10'000 == 9'999) progress(number + 1);
    }
    return file.finish();
}

Status write_policies(const GenerateOptions& options, const City& city) {
    WholeFile file(options.out + "/policies.jsonl");
    for (std::uint64_t number = 0; number < options.policies && file.ok(); ++number) {
        append_policy(file.buffer, city, options.seed, options.as_of, number);
        file.flush_if_large();
    }
    return file.finish();
}

Status write_schema(const GenerateOptions& options) {
    WholeFile file(options.out + "/schema.json");
    QICE_ASSIGN_OR_RETURN(file.buffer, read_file(data_directory() + "/schema.json"));
    return file.finish();
}

Status check(const GenerateOptions& options) {
    if (options.out.empty()) return {StatusCode::usage, "generate needs a folder to write to"};
    if (options.firms > kMostFirms)
        return {StatusCode::usage, "at most " + std::to_string(kMostFirms) + " firms"};
    if (options.policies > kMostPolicies)
        return {StatusCode::usage, "at most " + std::to_string(kMostPolicies) + " policies"};
    if (options.as_of < *Date::from_civil(1950, 1, 1) ||
        *Date::from_civil(9900, 1, 1) < options.as_of)
        return {StatusCode::usage, "generate needs an as-of date from 1950 to 9899"};
    return {};
}

} // namespace

Status generate(const GenerateOptions& options, const GenerateProgress& progress) {
    QICE_RETURN_IF_ERROR(check(options));
    const std::string standards = data_directory() + "/standards";
    QICE_ASSIGN_OR_RETURN(const City city, City::load(options.city, standards));
    std::error_code error;
    std::filesystem::create_directories(options.out, error);
    if (error) return {StatusCode::io, options.out + ": " + error.message()};
    QICE_RETURN_IF_ERROR(write_schema(options));
    if (options.policies > 0) QICE_RETURN_IF_ERROR(write_policies(options, city));
    return write_firms(options, city, standards, progress);
}

} // namespace qice
