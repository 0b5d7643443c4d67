// qice deliver: the outbox for the portal's sender: claim a batch, say what became of it.
#include "base/json.hpp"
#include "cli/common.hpp"
#include "cli/event_log.hpp"
#include "push/delivery.hpp"
#include "qice/base/text.hpp"
#include "qice/io/writer.hpp"

#include <fmt/format.h>

#include <charconv>
#include <ctime>
#include <iostream>
#include <iterator>
#include <random>

namespace qice::cli {
namespace {

constexpr const char* kAbout = R"(Examples:
  qice deliver claim --store sqlite:qice.db --limit 1000 > batch.jsonl
  qice deliver mark --store sqlite:qice.db --state sent batch.jsonl
  echo 4711 | qice deliver mark --store sqlite:qice.db --state opened -
  qice deliver status --store sqlite:qice.db

The outbox of the nightly push. Any number of senders may claim at the same time: none gets what
another has. What is claimed and not marked as sent within --lease seconds is given out again. A
push that is no longer true (the window has closed, the firm or the policy has changed, the firm has
opted out) is withdrawn before it is given out.)";

constexpr const char* kAboutClaim = R"(Examples:
  qice deliver claim --store sqlite:qice.db --limit 1000 --lease 600 > batch.jsonl

Claim pending pushes and print them, a JSON object a line: push_id, claim, run_id, as_of, firm_id,
policy_id, policy_version, title, url, status, rank, score, benefit (元), reason.)";

constexpr const char* kAboutMark = R"(Examples:
  qice deliver mark --store sqlite:qice.db --state sent batch.jsonl
  printf '17\n18\n' | qice deliver mark --store sqlite:qice.db --state opened -
  printf '{"push_id": 17, "state": "applied"}\n' | qice deliver mark --store sqlite:qice.db -

Say what became of pushes. A line names one: `push_id`, `push_id,claim`, or a JSON object with
push_id and, if wanted, claim and state, so that what `claim` printed can be given back as it is.
  pending -> sent -> opened -> dismissed or applied -> accepted or returned
States may be left out on the way; dismissed may still become applied, and returned applied again.
Marking a push as what it is changes nothing. Exit code 3: some could not be marked.)";

std::int64_t now() { return static_cast<std::int64_t>(std::time(nullptr)); }

/// Sixteen hexadecimal digits that no other claim has.
std::string new_token() {
    std::random_device random;
    return fmt::format("{:08x}{:08x}", random(), random());
}

void append_text(std::string& out, const char* key, std::string_view value) {
    out += fmt::format(", \"{}\": ", key);
    append_json_string(out, value);
}

std::string line_of(const HandedOver& push, std::string_view token) {
    const Offer& offer = push.offer;
    std::string out = fmt::format("{{\"push_id\": {}, \"claim\": \"{}\", \"run_id\": {}, "
                                  "\"as_of\": \"{}\"",
                                  offer.push, token, offer.run, offer.as_of.to_string());
    append_text(out, "firm_id", offer.firm_id);
    append_text(out, "policy_id", offer.policy_id);
    out += fmt::format(", \"policy_version\": {}", offer.edition);
    append_text(out, "title", push.title);
    if (!push.url.empty()) append_text(out, "url", push.url);
    out += fmt::format(", \"status\": \"{}\", \"rank\": {}, \"score\": {}, \"benefit\": {}",
                       name_of(offer.status), offer.rank, format_score(offer.score),
                       offer.benefit ? format_decimal(*offer.benefit, 2) : "null");
    append_text(out, "reason", offer.reason);
    return out + "}\n";
}

/// What a line of `mark` says, or why it says nothing.
class MarkReader {
  public:
    MarkReader(std::string file, std::optional<Delivery> state)
        : file_(std::move(file)), state_(state) {}

    Result<std::vector<Move>> read(std::string_view text) {
        std::vector<Move> moves;
        for (std::string_view line : split(text, '\n')) {
            ++line_;
            if (line.ends_with('\r')) line.remove_suffix(1);
            line = trim(line);
            if (line.empty()) continue;
            Move move;
            QICE_RETURN_IF_ERROR(line.front() == '{' ? read_object(line, move)
                                                     : read_plain(line, move));
            moves.push_back(std::move(move));
        }
        return moves;
    }

  private:
    Status bad(const std::string& why) const { return invalid_input(why, {file_, line_}); }

    Status read_id(std::string_view text, Move& move) const {
        const auto [end, error] =
            std::from_chars(text.data(), text.data() + text.size(), move.push);
        if (error != std::errc() || end != text.data() + text.size() || move.push < 1)
            return bad(in_quotes(text) + " is no push_id");
        return {};
    }

    Status read_state(std::string_view name, Move& move) const {
        const std::optional<Delivery> state = delivery_named(name);
        if (!state || *state == Delivery::pending)
            return bad(in_quotes(name) + " is no state that a push can be brought into");
        move.to = *state;
        return {};
    }

    Status read_default_state(Move& move) const {
        if (!state_) return bad("needs a \"state\", or say --state for all lines");
        move.to = *state_;
        return {};
    }

    Status read_plain(std::string_view line, Move& move) const {
        const std::size_t comma = std::min(line.find(','), line.size());
        QICE_RETURN_IF_ERROR(read_id(trim(line.substr(0, comma)), move));
        if (comma < line.size()) move.claim = trim(line.substr(comma + 1));
        return read_default_state(move);
    }

    Status read_object(std::string_view line, Move& move) const {
        QICE_ASSIGN_OR_RETURN(const Json object, parse_json({file_, line, line_}));
        const Json* id = object.find("push_id");
        if (id == nullptr || !id->is(Json::Kind::number)) return bad("needs a number \"push_id\"");
        QICE_RETURN_IF_ERROR(read_id(id->text, move));
        if (const Json* claim = object.find("claim")) {
            if (!claim->is(Json::Kind::string)) return bad("\"claim\" needs a text");
            move.claim = claim->text;
        }
        const Json* state = object.find("state");
        if (state == nullptr) return read_default_state(move);
        if (!state->is(Json::Kind::string)) return bad("\"state\" needs a text");
        return read_state(state->text, move);
    }

    std::string file_;
    std::optional<Delivery> state_;
    std::uint32_t line_ = 0;
};

Result<std::string> read_input(const std::string& path) {
    if (path != "-") return read_file(path);
    return std::string(std::istreambuf_iterator<char>(std::cin), {});
}

class Deliver : public Command {
  public:
    explicit Deliver(CLI::App& program) {
        app = program.add_subcommand("deliver", kAbout);
        app->require_subcommand(1);
        add_claim();
        add_mark();
        status_ = app->add_subcommand("status", "how many pushes are in each state, as JSON");
        add_store(*status_);
        add_output_options(*status_, options_);
    }

    int run() override {
        const char* command = claim_->parsed()  ? "deliver claim"
                              : mark_->parsed() ? "deliver mark"
                                                : "deliver status";
        if (const Status status = log_.open(options_.log, command); !status.ok())
            return fail(status);
        Result<std::unique_ptr<Outbox>> outbox = open_outbox(store_);
        if (!outbox.ok()) return failed(outbox.status());
        if (claim_->parsed()) return run_claim(**outbox);
        if (mark_->parsed()) return run_mark(**outbox);
        return run_status(**outbox);
    }

  private:
    int failed(const Status& status) {
        const int code = fail(status);
        log_.failure(status, code);
        return code;
    }

    void add_store(CLI::App& command) {
        command.add_option("--store", store_, "sqlite:PATH or postgresql://...")->required();
    }

    void add_claim() {
        claim_ = app->add_subcommand("claim", kAboutClaim);
        add_store(*claim_);
        claim_->add_option("--limit", limit_, "how many at most")
            ->capture_default_str()
            ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}));
        claim_->add_option("--lease", lease_, "seconds until a claim ends that came to nothing")
            ->capture_default_str()
            ->check(CLI::Range(std::int64_t{1}, kMostLease));
        claim_->add_option("--as-of", options_.as_of,
                           "the day at which pushes must be true (default: today)");
        add_output_options(*claim_, options_);
        add_log_option(*claim_, options_);
    }

    void add_mark() {
        mark_ = app->add_subcommand("mark", kAboutMark);
        add_store(*mark_);
        mark_->add_option("file", file_, "the lines; - is standard input")->capture_default_str();
        mark_->add_option("--state", state_, "the state, where a line names none")
            ->check(CLI::IsMember(
                {"sent", "opened", "dismissed", "applied", "accepted", "returned", "withdrawn"}));
        add_output_options(*mark_, options_);
        add_log_option(*mark_, options_);
    }

    int run_claim(Outbox& outbox) {
        const Result<Date> day = as_of(options_);
        if (!day.ok()) return failed(day.status());
        const Result<std::unique_ptr<Store>> store = open_store(store_, OpenMode::existing);
        if (!store.ok()) return failed(store.status());
        const std::string token = new_token();
        const std::int64_t start = now();
        const Result<Handover> handover = claim_true_pushes(
            **store, outbox, {*day, {token, start, start + lease_, limit_}, options_.limits});
        if (!handover.ok()) return failed(handover.status());
        std::string out;
        for (const HandedOver& push : handover->pushes)
            out += line_of(push, token);
        std::cout << out;
        say(options_, fmt::format("{} claimed until {} seconds from now, {} withdrawn",
                                  handover->pushes.size(), lease_, handover->withdrawn));
        log_.write(Event("claimed")
                       .number("pushes", static_cast<std::int64_t>(handover->pushes.size()))
                       .number("withdrawn", static_cast<std::int64_t>(handover->withdrawn))
                       .seconds(seconds_.seconds()));
        return kDone;
    }

    int run_mark(Outbox& outbox) {
        const Result<std::string> text = read_input(file_);
        if (!text.ok()) return failed(text.status());
        const std::optional<Delivery> state = delivery_named(state_);
        const Result<std::vector<Move>> moves =
            MarkReader(file_ == "-" ? "standard input" : file_, state).read(*text);
        if (!moves.ok()) return failed(moves.status());
        std::vector<Outcome> outcomes;
        if (const Status status = outbox.move(*moves, now(), outcomes); !status.ok())
            return failed(status);
        return report(*moves, outcomes);
    }

    int report(const std::vector<Move>& moves, const std::vector<Outcome>& outcomes) {
        std::array<std::size_t, 5> counts{};
        std::size_t shown = 0;
        for (std::size_t i = 0; i < moves.size(); ++i) {
            ++counts[static_cast<std::size_t>(outcomes[i].moved)];
            const std::string why = why_not(moves[i], outcomes[i]);
            if (!why.empty() && ++shown <= kMostShown)
                complain(fmt::format("push {}: {}", moves[i].push, why));
        }
        if (shown > kMostShown) complain(fmt::format("... and {} more", shown - kMostShown));
        const std::string json =
            fmt::format("{{\"done\": {}, \"already\": {}, \"unknown\": {}, \"refused\": {}, "
                        "\"not_yours\": {}}}",
                        counts[0], counts[1], counts[2], counts[3], counts[4]);
        fmt::print("{}\n", json);
        log_.write(Event("marked", shown == 0 ? "info" : "warning")
                       .json("counts", json)
                       .seconds(seconds_.seconds()));
        return shown == 0 ? kDone : kQuarantined;
    }

    static std::string why_not(const Move& move, const Outcome& outcome) {
        switch (outcome.moved) {
        case Moved::unknown: return "there is no such push";
        case Moved::refused:
            return fmt::format("is {}, and cannot become {}", name_of(outcome.from),
                               name_of(move.to));
        case Moved::not_yours: return "its claim has ended, and another sender has it";
        default: return {};
        }
    }

    int run_status(Outbox& outbox) {
        const auto counts = outbox.counts();
        if (!counts.ok()) return failed(counts.status());
        std::string out;
        for (int state = 0; state < kDeliveryStates; ++state)
            out += fmt::format("{}\"{}\": {}", state == 0 ? "" : ", ",
                               name_of(static_cast<Delivery>(state)),
                               (*counts)[static_cast<std::size_t>(state)]);
        fmt::print("{{{}}}\n", out);
        return kDone;
    }

    static constexpr std::size_t kMostShown = 20;

    CLI::App *claim_ = nullptr, *mark_ = nullptr, *status_ = nullptr;
    Options options_;
    std::string store_;
    EventLog log_;
    Stopwatch seconds_;
    std::size_t limit_ = 1000;
    std::int64_t lease_ = 600;
    std::string file_ = "-", state_;
};

} // namespace

std::unique_ptr<Command> deliver_command(CLI::App& program) {
    return std::make_unique<Deliver>(program);
}

} // namespace qice::cli
