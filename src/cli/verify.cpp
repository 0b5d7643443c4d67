// qice verify, qice replay: is the ledger what was recorded, and what was a push when it was made?
#include "base/json.hpp"
#include "cli/common.hpp"
#include "push/replay.hpp"

#include <fmt/format.h>

#include <iostream>

namespace qice::cli {
namespace {

constexpr const char* kAboutVerify = R"(Examples:
  qice verify --store sqlite:qice.db
  qice verify --store sqlite:qice.db --replay --json

Check the store against its audit log: every entry must follow from the one before, every night's
pushes must be those it recorded, and what nights know of earlier pushes must be what was pushed.
With --replay every push is judged again with the values, policy and schema of its night. Exits with
5 if anything is not as it was recorded.)";

constexpr const char* kAboutReplay = R"(Examples:
  qice replay 4711 --store sqlite:qice.db --lang zh
  qice replay 4711 --store sqlite:qice.db --json

Explain a push as it was: with the firm's values, the version of the policy and the schema of its
night. push_id is what `qice deliver claim` and the view `pushes` call it.)";

/// A store and its archive, both looking at the store as it is now.
struct Ledger {
    std::unique_ptr<Store> store;
    std::unique_ptr<Archive> archive;

    Status open(const std::string& where) {
        QICE_ASSIGN_OR_RETURN(store, open_store(where, OpenMode::existing));
        QICE_ASSIGN_OR_RETURN(archive, open_archive(where));
        // In this order: values that a night or an import has put beside it are in the newer
        // picture, the store's; senders go on meanwhile.
        QICE_RETURN_IF_ERROR(archive->begin());
        return store->begin(Access::read);
    }
};

class Verify : public Command {
  public:
    explicit Verify(CLI::App& program) {
        app = program.add_subcommand("verify", kAboutVerify);
        app->add_option("--store", store_, "sqlite:PATH or postgresql://...")->required();
        app->add_flag("--replay", verify_.replay, "judge every push again");
        app->add_flag("--json", options_.json, "one JSON object on standard output");
        add_output_options(*app, options_);
    }

    int run() override {
        Ledger ledger;
        if (const Status status = ledger.open(store_); !status.ok()) return fail(status);
        const Result<Verification> found = verify(*ledger.store, *ledger.archive, verify_);
        if (!found.ok()) return fail(found.status());
        if (options_.json) print_json(*found);
        for (const std::string& sentence : found->faults)
            complain(sentence);
        say(options_,
            fmt::format("{} entries of the audit log, {} nights, {} pushes{}: {}", found->entries,
                        found->runs, found->pushes,
                        verify_.replay ? fmt::format(", {} judged again", found->replayed) : "",
                        found->faults.empty() ? "all as recorded"
                                              : fmt::format("{} faults", found->faults.size())));
        return found->faults.empty() ? kDone : kStorage;
    }

  private:
    static void print_json(const Verification& found) {
        std::string faults;
        for (const std::string& sentence : found.faults) {
            faults += faults.empty() ? "" : ", ";
            append_json_string(faults, sentence);
        }
        fmt::print("{{\"entries\": {}, \"runs\": {}, \"pushes\": {}, \"replayed\": {}, "
                   "\"forgotten\": {}, \"faults\": [{}]}}\n",
                   found.entries, found.runs, found.pushes, found.replayed, found.forgotten,
                   faults);
    }

    Options options_;
    std::string store_;
    VerifyOptions verify_;
};

class ReplayPush : public Command {
  public:
    explicit ReplayPush(CLI::App& program) {
        app = program.add_subcommand("replay", kAboutReplay);
        app->add_option("push", push_, "push_id of the push")->required();
        app->add_option("--store", store_, "sqlite:PATH or postgresql://...")->required();
        app->add_flag("--json", options_.json, "one JSON object instead of text");
        add_output_options(*app, options_);
    }

    int run() override {
        Ledger ledger;
        if (const Status status = ledger.open(store_); !status.ok()) return fail(status);
        const Result<Replay> replay = Replayer(*ledger.store, *ledger.archive).replay(push_);
        if (!replay.ok()) return fail(replay.status());
        if (options_.json)
            std::cout << to_json(replay->explanation) << '\n';
        else
            std::cout << to_text(replay->explanation,
                                 chinese(options_) ? Language::zh : Language::en);
        const StoredRun& run = replay->run;
        say(options_, fmt::format("push {} of run {}, {} with qice {}, now {}; recorded {}", push_,
                                  run.run, name_of(replay->push.push.status), run.qice,
                                  name_of(replay->push.state), run.recorded));
        if (replay->explanation.verdict == replay->push.push.status) return kDone;
        complain("it was recorded with another status than it is judged to have now");
        return kStorage;
    }

  private:
    Options options_;
    std::string store_;
    std::int64_t push_ = 0;
};

} // namespace

std::unique_ptr<Command> verify_command(CLI::App& program) {
    return std::make_unique<Verify>(program);
}
std::unique_ptr<Command> replay_command(CLI::App& program) {
    return std::make_unique<ReplayPush>(program);
}

} // namespace qice::cli
