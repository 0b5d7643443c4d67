// The program qice: finds the command and runs it.
#include "cli/common.hpp"
#include "qice/base/text.hpp"
#include "qice/io/writer.hpp"
#include "qice/version.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <unistd.h>

namespace {

/// Unfinished files are taken away; the exit code tells the signal: 130 or 143.
void interrupted(int signal) {
    qice::remove_unfinished_files();
    _exit(128 + signal);
}

/// Words on standard output that could not be written are a failure too.
int finish(int code) {
    errno = 0;
    std::cout.flush();
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout.good()) return code;
    qice::cli::complain(std::string("standard output: cannot write this file: ") +
                        std::strerror(errno != 0 ? errno : EIO));
    return qice::cli::kFailed;
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
  qice import --store sqlite:qice.db --policies data/policies --firms firms.csv
  qice push --store sqlite:qice.db

qice (企策) finds, for every enterprise, the support policies it could claim, and says why.)"};
    program.name("qice");
    program.require_subcommand(1);
    program.set_version_flag("--version", QICE_VERSION_STRING);

    std::vector<std::unique_ptr<Command>> commands;
    for (auto* make : {match_command, push_command, import_command, firm_command, explain_command,
                       lint_command, deliver_command, opt_out_command, forget_command,
                       verify_command, replay_command, generate_command, version_command})
        commands.push_back(make(program));
    if (argc > 1 && argv[1][0] != '-') {
        std::vector<std::string> names;
        for (const auto& command : commands)
            names.push_back(command->app->get_name());
        if (std::find(names.begin(), names.end(), argv[1]) == names.end()) {
            const std::string near = qice::nearest(argv[1], names);
            complain(qice::in_quotes(argv[1]) + " is no command" +
                     (near.empty() ? "" : "; did you mean " + qice::in_quotes(near) + "?"));
            complain("see qice --help");
            return kUsage;
        }
    }
    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return finish(program.exit(error)); // --help, --version
        complain(error.what());
        std::string chosen;
        for (const CLI::App* command : program.get_subcommands())
            chosen = ' ' + command->get_name();
        complain("see qice" + chosen + " --help");
        return kUsage;
    }
    try {
        for (const auto& command : commands)
            if (command->app->parsed()) return finish(command->run());
    } catch (const std::bad_alloc&) {
        complain("out of memory");
    } catch (const std::exception& error) {
        complain(error.what());
    }
    return kFailed;
}
