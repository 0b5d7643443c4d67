// Engines, snapshots, lint.
#include "capi/guard.hpp"

#include "base/json.hpp"
#include "qice/rule/lint.hpp"
#include "rule/policy_lines.hpp"

using namespace qice;
using namespace qice::capi;

namespace {

/// Policies that were read: those that may go on, and those that are left out.
struct Read {
    std::vector<Policy> policies;
    std::vector<Status> skipped;
};

/// Throws no refusal but gives an outcome: errors of policies are many.
Outcome take(Result<PolicySet> set, bool skip_bad, Read& out) {
    if (!set.ok()) return set.status();
    if (!set->errors.empty() && !skip_bad) {
        const std::int32_t code = code_of(set->errors[0]);
        return {code, std::move(set->errors)};
    }
    out.policies = std::move(set->policies);
    out.skipped = std::move(set->errors);
    return {};
}

/// Is this JSON Lines? Then the first line that is not blank is a value, and not all there is.
bool is_lines(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == text.npos) return false;
    const std::size_t end = text.find('\n', begin);
    if (end == text.npos || text.find_first_not_of(" \t\r\n", end) == text.npos) return false;
    return parse_json({"", text.substr(begin, end - begin)}).ok();
}

PolicySet parse(std::string_view text, const EngineBody& engine) {
    if (text.find_first_not_of(" \t\r\n") == text.npos) return {engine.schema, {}, {}, {}};
    const auto read = is_lines(text) ? parse_policy_lines : parse_policies;
    return read(text, "policies", engine.schema, engine.options.limits);
}

/// An error of policies that were left out, or nullptr if there are none.
qice_error* error_of(const std::vector<Status>& skipped) {
    if (skipped.empty()) return nullptr;
    return make_handle<qice_error>(ErrorBody{code_of(skipped[0]), skipped});
}

struct Destroy {
    void operator()(qice_error* error) const { destroy(error); }
};

/// Takes policies over that were read; unless that ends well nothing has changed. `skipped`, if it
/// is wanted, gets those that this change leaves out.
Outcome change(EngineBody& engine, Result<PolicySet> set,
               Status (PolicyBook::*how)(std::vector<Policy>), qice_error** skipped = nullptr) {
    Read read;
    Outcome outcome = take(std::move(set), engine.options.skip_bad_policies, read);
    if (outcome.code != QICE_OK) return outcome;
    // Made before anything changes: from there on nothing may fail.
    std::unique_ptr<qice_error, Destroy> mine(skipped == nullptr ? nullptr
                                                                 : error_of(read.skipped));
    const std::lock_guard one_at_a_time(engine.changing);
    if (Status status = (*engine.book.*how)(std::move(read.policies)); !status.ok()) return status;
    const std::lock_guard lock(engine.mutex);
    engine.skipped = std::move(read.skipped);
    put(skipped, mine.release());
    return {};
}

const Policy& policy_of(const PolicyMoment& moment, uint32_t policy) {
    if (policy >= moment.size()) throw no_such("policy", policy, moment.size());
    return moment[policy];
}

} // namespace

// ----------------------------------------------------------------------------- options

int32_t qice_engine_options_create(qice_engine_options** out, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        qice_engine_options*& made = out_of(out, "out");
        made = make_handle<qice_engine_options>();
        return {};
    });
}

int32_t qice_engine_options_set_include_closed(qice_engine_options* options, int32_t on) {
    return set_option(options, [&](auto& body) { body.include_closed = on != 0; });
}

int32_t qice_engine_options_set_urgency(qice_engine_options* options, int64_t weight,
                                        int64_t days) {
    return set_option(options, [&](auto& body) {
        constexpr int64_t kMost = 1'000'000 * kScoreUnit;
        if (days < 0 || days > 1'000'000 || weight < -kMost || weight > kMost)
            throw Refusal{QICE_BAD_ARGUMENT, "urgency is a weight up to 10^12 either way and 0 to "
                                             "10^6 days, not " +
                                                 std::to_string(weight) + " and " +
                                                 std::to_string(days)};
        body.urgency = {weight, days};
    });
}

int32_t qice_engine_options_set_skip_bad_policies(qice_engine_options* options, int32_t on) {
    return set_option(options, [&](auto& body) { body.skip_bad_policies = on != 0; });
}

int32_t qice_engine_options_set_limits(qice_engine_options* options, uint32_t depth,
                                       uint64_t conditions) {
    return set_option(options, [&](auto& body) {
        if (depth < 1 || depth > 250) throw beyond("the depth of a rule is 1 to 250", depth);
        if (conditions < 1 || conditions > 1'000'000'000)
            throw beyond("conditions are 1 to 10^9", conditions);
        body.limits = {depth, conditions};
    });
}

int32_t qice_engine_options_refused(qice_error** out, const qice_engine_options* options,
                                    qice_error** error) {
    return refused_by(out, options, error);
}

int32_t qice_engine_options_destroy(qice_engine_options* options) { return destroy(options); }

// ------------------------------------------------------------------------------ engine

int32_t qice_engine_open(qice_engine** out, const qice_schema* schema, int32_t as_of,
                         const qice_engine_options* options, const char* path, size_t length,
                         qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        qice_engine*& made = out_of(out, "out");
        auto body = std::make_unique<EngineBody>();
        body->schema = get(schema, "schema");
        body->options = options_of(options);
        const CompileOptions compile{day_of(as_of, "as_of"), body->options.include_closed,
                                     body->options.urgency};
        const std::string from = path_of(path, length);
        Read read;
        if (!from.empty()) {
            Outcome outcome = take(load_policies(from, body->schema, body->options.limits),
                                   body->options.skip_bad_policies, read);
            if (outcome.code != QICE_OK) return outcome;
        }
        auto book = PolicyBook::open(body->schema, std::move(read.policies), compile);
        if (!book.ok()) return book.status();
        body->book = std::move(*book);
        body->skipped = std::move(read.skipped);
        made = hold<qice_engine>(std::move(body));
        return {};
    });
}

int32_t qice_engine_put(qice_engine* engine, const char* json, size_t length, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        EngineBody& body = get(engine, "engine");
        return change(body, parse(bytes_of(json, length, "json"), body), &PolicyBook::put);
    });
}

int32_t qice_engine_change(qice_error** skipped, qice_engine* engine, int32_t how, const char* text,
                           size_t length, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        out_of(skipped, "skipped");
        EngineBody& body = get(engine, "engine");
        if (how == QICE_RELOAD)
            return change(body,
                          load_policies(path_of(text, length), body.schema, body.options.limits),
                          &PolicyBook::replace_all, skipped);
        if (how != QICE_PUT && how != QICE_REPLACE)
            throw no_such("way to change an engine", how, 3);
        return change(body, parse(bytes_of(text, length, "text"), body),
                      how == QICE_PUT ? &PolicyBook::put : &PolicyBook::replace_all, skipped);
    });
}

int32_t qice_engine_replace(qice_engine* engine, const char* json, size_t length,
                            qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        EngineBody& body = get(engine, "engine");
        return change(body, parse(bytes_of(json, length, "json"), body), &PolicyBook::replace_all);
    });
}

int32_t qice_engine_reload(qice_engine* engine, const char* path, size_t length,
                           qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        EngineBody& body = get(engine, "engine");
        return change(body, load_policies(path_of(path, length), body.schema, body.options.limits),
                      &PolicyBook::replace_all);
    });
}

int32_t qice_engine_remove(int32_t* removed, qice_engine* engine, const char* id, size_t length,
                           qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        put(removed, 0);
        EngineBody& body = get(engine, "engine");
        put(removed, value_of(body.book->remove(text_of(id, length, "id"))) ? 1 : 0);
        return {};
    });
}

int32_t qice_engine_set_day(qice_engine* engine, int32_t as_of, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        return get(engine, "engine").book->set_day(day_of(as_of, "as_of"));
    });
}

int32_t qice_engine_skipped(qice_error** out, qice_engine* engine, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        qice_error*& made = out_of(out, "out");
        EngineBody& body = get(engine, "engine");
        const std::lock_guard lock(body.mutex);
        made = error_of(body.skipped);
        return {};
    });
}

int32_t qice_engine_snapshot(qice_snapshot** out, const qice_engine* engine, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        qice_snapshot*& made = out_of(out, "out");
        made = make_handle<qice_snapshot>(get(engine, "engine").book->now());
        return {};
    });
}

int32_t qice_engine_destroy(qice_engine* engine) { return destroy(engine); }

// ---------------------------------------------------------------------------- snapshot

int32_t qice_snapshot_policies(uint32_t* count, const qice_snapshot* snapshot) {
    return guarded(nullptr, [&]() -> Outcome {
        uint32_t& out = out_of(count, "count");
        out = static_cast<uint32_t>(get(snapshot, "snapshot")->size());
        return {};
    });
}

int32_t qice_snapshot_day(int32_t* as_of, const qice_snapshot* snapshot) {
    return guarded(nullptr, [&]() -> Outcome {
        int32_t& out = out_of(as_of, "as_of");
        out = get(snapshot, "snapshot")->as_of().days;
        return {};
    });
}

int32_t qice_snapshot_find(uint32_t* policy, const qice_snapshot* snapshot, const char* id,
                           size_t length, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        uint32_t& out = out_of(policy, "policy");
        out = value_of(get(snapshot, "snapshot")->require(text_of(id, length, "id")));
        return {};
    });
}

int32_t qice_snapshot_policy_id(const char** id, size_t* length, const qice_snapshot* snapshot,
                                uint32_t policy, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        put_text(id, length, "");
        put_text(id, length, policy_of(*get(snapshot, "snapshot"), policy).id);
        return {};
    });
}

int32_t qice_snapshot_policy_title(const char** title, size_t* length,
                                   const qice_snapshot* snapshot, uint32_t policy,
                                   qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        put_text(title, length, "");
        put_text(title, length, policy_of(*get(snapshot, "snapshot"), policy).title);
        return {};
    });
}

int32_t qice_snapshot_policy_state(int64_t* version, int32_t* life_cycle,
                                   const qice_snapshot* snapshot, uint32_t policy,
                                   qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        put(version, 0);
        put(life_cycle, 0);
        const PolicyMoment& moment = *get(snapshot, "snapshot");
        const Policy& of = policy_of(moment, policy);
        put(life_cycle, static_cast<int32_t>(moment.life_cycles()[policy]));
        put(version, of.version);
        return {};
    });
}

int32_t qice_snapshot_destroy(qice_snapshot* snapshot) { return destroy(snapshot); }

// -------------------------------------------------------------------------------- lint

int32_t qice_lint(qice_text** out, const qice_snapshot* snapshot, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        qice_text*& made = out_of(out, "out");
        const PolicyMoment& moment = *get(snapshot, "snapshot");
        const auto list = moment.list();
        const PolicySet set{moment.schema(), {list.begin(), list.end()}, {}, {}};
        std::string json = "[";
        const auto add = [&](const char* key, std::string_view text) {
            json += json.ends_with('{') ? "" : ",";
            json += '"';
            json += key;
            json += "\":";
            append_json_string(json, text);
        };
        for (const Warning& warning : lint(set, moment.as_of())) {
            json += json.size() > 1 ? ",\n{" : "{";
            add("policy", warning.policy);
            add("kind", warning.kind);
            add("message", warning.message);
            add("field", warning.field);
            add("file", warning.place.file);
            json += ",\"line\":" + std::to_string(warning.place.line);
            json += ",\"column\":" + std::to_string(warning.place.column) + "}";
        }
        made = make_handle<qice_text>(json + "]");
        return {};
    });
}
