// qice version: what this program is and what it runs on.
#include "qice/version.hpp"
#include "cli/common.hpp"
#include "kernels/kernels.hpp"
#include "qice/model/standards.hpp"

#include <iostream>

namespace qice::cli {
namespace {

class Version : public Command {
  public:
    explicit Version(CLI::App& program) {
        app = program.add_subcommand("version", "Examples:\n  qice version\n\nThe version, the CPU "
                                                "level in use, and where qice's data lies.");
    }
    int run() override {
        std::cout << "qice " << QICE_VERSION_STRING << "\nkernels " << kernels().name << " (of";
        for (const Kernels* level : available_kernels())
            std::cout << ' ' << level->name;
        std::cout << ")\ndata " << data_directory() << '\n';
        return kDone;
    }
};

} // namespace

std::unique_ptr<Command> version_command(CLI::App& program) {
    return std::make_unique<Version>(program);
}

} // namespace qice::cli
