// All firms at once: options, control, the result.
#include "capi/guard.hpp"

using namespace qice;
using namespace qice::capi;

// ----------------------------------------------------------------------------- options

int32_t qice_match_options_create(qice_match_options** out, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        qice_match_options*& made = out_of(out, "out");
        made = make_handle<qice_match_options>();
        return {};
    });
}

int32_t qice_match_options_set_top(qice_match_options* options, uint32_t top) {
    return set_option(options, [&](auto& body) {
        if (top == 0) throw beyond("top is at least 1", top);
        body.top = top;
    });
}

int32_t qice_match_options_set_statuses(qice_match_options* options, uint32_t statuses) {
    return set_option(options, [&](auto& body) {
        if (statuses > QICE_ALL_STATUSES) throw beyond("statuses are a set of four bits", statuses);
        body.statuses = static_cast<StatusSet>(statuses);
    });
}

int32_t qice_match_options_set_by_policy(qice_match_options* options, int32_t on) {
    return set_option(options, [&](auto& body) { body.by_policy = on != 0; });
}

int32_t qice_match_options_set_count_all(qice_match_options* options, int32_t on) {
    return set_option(options, [&](auto& body) { body.count_all = on != 0; });
}

int32_t qice_match_options_set_threads(qice_match_options* options, uint32_t threads) {
    return set_option(options, [&](auto& body) { body.threads = threads_of(threads); });
}

int32_t qice_match_options_refused(qice_error** out, const qice_match_options* options,
                                   qice_error** error) {
    return refused_by(out, options, error);
}

int32_t qice_match_options_destroy(qice_match_options* options) { return destroy(options); }

// ----------------------------------------------------------------------------- control

int32_t qice_control_create(qice_control** out, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        qice_control*& made = out_of(out, "out");
        made = make_handle<qice_control>();
        return {};
    });
}

int32_t qice_control_progress(uint64_t* done, uint64_t* total, const qice_control* control) {
    return guarded(nullptr, [&]() -> Outcome {
        put(done, 0);
        put(total, 0);
        const MatchControl& body = get(control, "control");
        put(done, body.done.load());
        put(total, body.total.load());
        return {};
    });
}

int32_t qice_control_cancel(qice_control* control) {
    return guarded(nullptr, [&]() -> Outcome {
        get(control, "control").cancel = true;
        return {};
    });
}

int32_t qice_control_destroy(qice_control* control) { return destroy(control); }

// ------------------------------------------------------------------------------ result

int32_t qice_match(qice_result** out, const qice_snapshot* snapshot, const qice_firms* firms,
                   const qice_match_options* options, const qice_control* control,
                   qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        qice_result*& made = out_of(out, "out");
        MatchControl* const watch = control == nullptr ? nullptr : &get(control, "control");
        Result<BatchAnswerPtr> answer =
            match_firms(get(snapshot, "snapshot"), get(firms, "firms"), options_of(options), watch);
        if (!answer.ok()) return answer.status();
        made = make_handle<qice_result>(*std::move(answer));
        return {};
    });
}

int32_t qice_result_size(uint64_t* policies, uint64_t* pushes, const qice_result* result) {
    return guarded(nullptr, [&]() -> Outcome {
        put(policies, 0);
        put(pushes, 0);
        const BatchAnswer& body = *get(result, "result");
        put(policies, body.policies_matched());
        put(pushes, body.pushes());
        return {};
    });
}

int32_t qice_result_total(uint64_t* pushes, const qice_result* result, int32_t status,
                          qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        uint64_t& out = out_of(pushes, "pushes");
        out = get(result, "result")->result().total(status_of(status));
        return {};
    });
}

int32_t qice_result_count(uint64_t* firms, const qice_result* result, uint32_t policy,
                          int32_t status, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        uint64_t& out = out_of(firms, "firms");
        const BatchAnswer& body = *get(result, "result");
        if (policy >= body.moment().size()) throw no_such("policy", policy, body.moment().size());
        out = body.result().counts(policy)[static_cast<std::size_t>(status_of(status))];
        return {};
    });
}

int32_t qice_result_pushes(size_t* needed, const qice_result* result, uint64_t of, int32_t status,
                           uint32_t* others, int64_t* scores, size_t capacity, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        size_t& size = out_of(needed, "needed");
        const BatchAnswer& body = *get(result, "result");
        const bool by_policy = body.options().by_policy;
        const std::size_t count = by_policy ? body.moment().size() : body.firms()->size();
        if (of >= count) throw no_such(by_policy ? "policy" : "row", of, count);
        const Pushes pushes = body.result().pushes(static_cast<uint32_t>(of), status_of(status));
        size = pushes.size();
        for (std::size_t i = 0; i < std::min(capacity, size); ++i) {
            const Push push = pushes[i];
            if (others != nullptr) others[i] = push.other;
            if (scores != nullptr) scores[i] = push.score;
        }
        if (size > capacity)
            throw Refusal{QICE_BUFFER_TOO_SMALL, "the buffer has room for " +
                                                     std::to_string(capacity) + " of " +
                                                     std::to_string(size)};
        return {};
    });
}

int32_t qice_result_read(size_t* written, const qice_result* result, uint64_t first,
                         size_t capacity, uint64_t* firms, int32_t* statuses, uint32_t* ranks,
                         uint32_t* policies, int64_t* scores, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        size_t& out = out_of(written, "written");
        out = get(result, "result")
                  ->read(first, capacity, {firms, statuses, ranks, policies, scores});
        return {};
    });
}

int32_t qice_result_destroy(qice_result* result) { return destroy(result); }
