// The program qice: finds the command and runs it.
#include "cli/common.hpp"
#include "qice/io/writer.hpp"
#include "qice/version.hpp"

#include <csignal>
#include <iostream>
#include <unistd.h>

namespace {

/// Unfinished files are taken away; the exit code tells the signal: 130 or 143.
void interrupted(int signal) {
    qice::remove_unfinished_files();
    _exit(128 + signal);
}

} // namespace

int main(int argc, char** argv) {
    using namespace qice::cli;
    std::signal(SIGINT, interrupted);
    std::signal(SIGTERM, interrupted);
    std::signal(SIGPIPE, SIG_IGN); // a closed pipe and a full quota are write errors
    std::signal(SIGXFSZ, SIG_IGN);

    CLI::App program{R"(Examples:
  qice match --policies data/policies --firms firms.csv --out pushes.csv
  qice firm 91441900MA4W000037 --policies data/policies --firms firms.csv
  qice explain 91441900MA4W000037 CN-TSME --policies data/policies --firms firms.csv --lang zh
  qice lint --policies data/policies

qice (企策) finds, for every enterprise, the support policies it could claim, and says why.)"};
    program.name("qice");
    program.require_subcommand(1);
    program.set_version_flag("--version", QICE_VERSION_STRING);

    std::vector<std::unique_ptr<Command>> commands;
    for (auto* make : {match_command, firm_command, explain_command, lint_command, generate_command,
                       version_command})
        commands.push_back(make(program));
    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return program.exit(error); // --help, --version
        complain(error.what());
        complain("see qice --help");
        return kUsage;
    }
    try {
        for (const auto& command : commands)
            if (command->app->parsed()) return command->run();
    } catch (const std::bad_alloc&) {
        complain("out of memory");
    } catch (const std::exception& error) {
        complain(error.what());
    }
    return kFailed;
}
