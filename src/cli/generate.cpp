// qice generate: a realistic, seeded city.
#include "generate/generate.hpp"
#include "cli/common.hpp"

#include <unistd.h>

#include <iostream>

namespace qice::cli {
namespace {

constexpr const char* kAbout = R"(Examples:
  qice generate --firms 5000 --seed 1 --out city
  qice generate --firms 550000 --policies 10000 --seed 7 --city 440300 --out shenzhen

Write a made-up city: firms.csv and schema.json, and policies.jsonl if policies are asked for. The
same options give the same bytes on every machine.)";

class Generate : public Command {
  public:
    explicit Generate(CLI::App& program) {
        app = program.add_subcommand("generate", kAbout);
        app->add_option("--firms", generate_.firms, "how many firms")->capture_default_str();
        app->add_option("--policies", generate_.policies, "how many policies")
            ->capture_default_str();
        app->add_option("--seed", generate_.seed, "another seed, another city")
            ->capture_default_str();
        app->add_option("--city", generate_.city, "GB/T 2260 code of the city")
            ->capture_default_str();
        app->add_option("--as-of", options_.as_of,
                        "the day around which dates are set (default: 2026-06-15)");
        app->add_option("--out", generate_.out, "the folder to write to")->required();
        add_output_options(*app, options_);
    }
    int run() override {
        if (!options_.as_of.empty()) {
            const Result<Date> day = as_of(options_);
            if (!day.ok()) return fail(day.status());
            generate_.as_of = *day;
        }
        const bool terminal = !options_.quiet && ::isatty(STDERR_FILENO) == 1;
        const Status status = qice::generate(generate_, [&](std::uint64_t done) {
            if (terminal) std::cerr << "\rqice: " << done << " firms" << std::flush;
        });
        if (terminal) std::cerr << "\r\033[K";
        if (!status.ok()) return fail(status);
        say(options_, "wrote " + std::to_string(generate_.firms) + " firms and " +
                          std::to_string(generate_.policies) + " policies to " + generate_.out);
        return kDone;
    }

  private:
    Options options_;
    GenerateOptions generate_;
};

} // namespace

std::unique_ptr<Command> generate_command(CLI::App& program) {
    return std::make_unique<Generate>(program);
}

} // namespace qice::cli
