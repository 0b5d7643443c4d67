// qice opt-out, qice forget: what a firm may ask of whoever pushes to it.
#include "push/forget.hpp"
#include "cli/common.hpp"
#include "qice/base/text.hpp"

#include <fmt/format.h>

namespace qice::cli {
namespace {

constexpr const char* kAboutOptOut = R"(Examples:
  qice opt-out 91440300MA5EXAMPLE --store sqlite:qice.db
  qice opt-out 91440300MA5EXAMPLE --store sqlite:qice.db --tag 贷款 --tag 融资
  qice opt-out 91440300MA5EXAMPLE --store sqlite:qice.db --undo

A firm wants no pushes any more, or none of policies that carry a tag. The next night heeds it, and
what is pending is withdrawn before it is sent.)";

constexpr const char* kAboutForget = R"(Examples:
  qice forget 91440300MA5EXAMPLE --store sqlite:qice.db
  qice forget --store sqlite:qice.db --key-file /etc/qice/pseudonym.key 91440300MA5A 91440300MA5B

Take a firm out of the store: its id, every value it ever had, its opt-outs. What it was pushed
stays in the ledger under a pseudonym that only the holder of the key can connect with the firm.
Leave it out of the files that are imported, too; who is imported again is a new firm.)";

/// Opens the store, does its work in one transaction, and says how it went.
class StoreWork : public Command {
  public:
    int run() override {
        Result<std::unique_ptr<Store>> store = open_store(store_, OpenMode::existing);
        if (!store.ok()) return fail(store.status());
        Status status = (*store)->begin(Access::write);
        if (status.ok()) status = work(**store);
        if (status.ok()) status = (*store)->commit();
        if (!status.ok()) return fail(status);
        return report();
    }

  protected:
    void add_store_options() {
        app->add_option("--store", store_, "sqlite:PATH or postgresql://...")->required();
        app->add_option("--key-file", key_file_,
                        "the key of pseudonyms (default: one that the store keeps)");
        add_output_options(*app, options_);
    }
    virtual Status work(Store& store) = 0;
    virtual int report() = 0;

    Result<PseudonymKey> key(Store& store) const {
        return key_file_.empty() ? store_key(store) : key_of_file(key_file_);
    }

    Options options_;

  private:
    std::string store_, key_file_;
};

class OptOutFirm : public StoreWork {
  public:
    explicit OptOutFirm(CLI::App& program) {
        app = program.add_subcommand("opt-out", kAboutOptOut);
        app->add_option("firm", firm_, "the firm's id")->required();
        app->add_option("--tag", tags_, "only of policies that carry this tag; may be repeated");
        app->add_flag("--undo", undo_, "take it back");
        add_store_options();
    }

  private:
    Status work(Store& store) override {
        if (firm_.empty()) return {StatusCode::usage, "the firm's id is empty"};
        for (const std::string& tag : tags_)
            if (tag.empty()) return {StatusCode::usage, "--tag needs a tag"};
        QICE_ASSIGN_OR_RETURN(const PseudonymKey key, this->key(store));
        QICE_RETURN_IF_ERROR(store.read_firms([&](const StoredFirm& firm) {
            is_known_ = is_known_ || firm.id == firm_;
            return Status();
        }));
        return opt_out(store, firm_, tags_, undo_, key);
    }
    int report() override {
        if (!is_known_) say(options_, "firm " + in_quotes(firm_) + " is not in the store yet");
        say(options_,
            fmt::format("firm {} {} {}", in_quotes(firm_), undo_ ? "gets again" : "gets no more",
                        tags_.empty() ? "pushes" : "pushes of these tags"));
        return kDone;
    }

    std::string firm_;
    std::vector<std::string> tags_;
    bool undo_ = false, is_known_ = false;
};

class Forget : public StoreWork {
  public:
    explicit Forget(CLI::App& program) {
        app = program.add_subcommand("forget", kAboutForget);
        app->add_option("firms", firms_, "the firms' ids")->required();
        add_store_options();
    }

  private:
    /// All or none: an id that is not there is most likely a slip of the hand.
    Status work(Store& store) override {
        QICE_ASSIGN_OR_RETURN(const PseudonymKey key, this->key(store));
        for (const std::string& firm : firms_) {
            QICE_ASSIGN_OR_RETURN(const bool was_there, forget_firm(store, firm, key));
            if (!was_there)
                return invalid_input("there is no firm " + in_quotes(firm) +
                                     "; nothing was forgotten");
        }
        return {};
    }
    int report() override {
        say(options_,
            fmt::format("{} {} forgotten", firms_.size(), firms_.size() == 1 ? "firm" : "firms"));
        return kDone;
    }

    std::vector<std::string> firms_;
};

} // namespace

std::unique_ptr<Command> opt_out_command(CLI::App& program) {
    return std::make_unique<OptOutFirm>(program);
}
std::unique_ptr<Command> forget_command(CLI::App& program) {
    return std::make_unique<Forget>(program);
}

} // namespace qice::cli
