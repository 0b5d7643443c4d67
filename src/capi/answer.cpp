// One firm, one policy, and why.
#include "capi/guard.hpp"

#include "base/json.hpp"
#include "qice/io/writer.hpp"

using namespace qice;
using namespace qice::capi;

namespace {

Policy draft_of(const PolicyMoment& moment, std::string_view json) {
    PolicySet set = parse_policies(json, "draft", moment.schema());
    if (!set.errors.empty()) throw set.errors[0];
    if (set.policies.size() != 1)
        throw Refusal{QICE_USAGE,
                      "a draft is one policy, got " + std::to_string(set.policies.size())};
    return std::move(set.policies[0]);
}

void check_policy(const PolicyMoment& moment, uint32_t policy) {
    if (policy >= moment.size()) throw no_such("policy", policy, moment.size());
}

void check_schema(const PolicyMoment& moment, const OneFirm& firm) {
    if (firm.schema() != moment.schema())
        throw Refusal{QICE_USAGE, "firm and policies were read with different schemas"};
}

/// A pair of the answer: the id of policy or firm, its number, the score.
struct Pair {
    std::string_view id;
    uint32_t other;
    Score score;
};

std::size_t size_of(const AnswerBody& answer, Verdict status) {
    if (answer.of == AnswerBody::Of::firm) return answer.firm->policies(status).size();
    if (answer.of == AnswerBody::Of::policy) return answer.policy.answer.pushes(status).size();
    return 0;
}

Pair pair_at(const AnswerBody& answer, Verdict status, std::size_t i) {
    if (answer.of == AnswerBody::Of::firm) {
        const RankedPolicy& ranked = answer.firm->policies(status)[i];
        return {ranked.policy->id, answer.moment->find(ranked.policy->id).value_or(UINT32_MAX),
                ranked.score};
    }
    const Push push = answer.policy.answer.pushes(status)[i];
    return {answer.firms->table().id(push.other), push.other, push.score};
}

uint64_t count_of(const AnswerBody& answer, Verdict status) {
    if ((answer.statuses & status_bit(status)) == 0) return 0;
    if (answer.of == AnswerBody::Of::firm) return answer.firm->count(status);
    return answer.of == AnswerBody::Of::policy ? answer.policy.answer.count(status) : 0;
}

/// Nothing is known until a question was answered.
void forget(AnswerBody& answer) {
    answer.of = AnswerBody::Of::nothing;
    answer.policy.life_cycle = LifeCycle::open;
    answer.firms.reset();
}

template <class Ask>
Outcome ask_policy(AnswerBody& answer, const MomentPtr& moment, const FirmSetPtr& firms,
                   const MatchOptions& options, Ask&& ask) {
    forget(answer);
    const PolicyQueryOptions query{options.top, options.statuses, options.count_all};
    if (Status status = ask(query); !status.ok()) return status;
    answer.moment = moment;
    answer.firms = firms;
    answer.statuses = options.count_all ? kAllStatuses : options.statuses;
    answer.of = AnswerBody::Of::policy;
    return {};
}

std::string written(const Explanation& explanation, int32_t form) {
    switch (form) {
    case QICE_JSON: return to_json(explanation);
    case QICE_CHINESE: return to_text(explanation, Language::zh);
    case QICE_ENGLISH: return to_text(explanation, Language::en);
    default: throw no_such("form", form, 3);
    }
}

} // namespace

int32_t qice_answer_create(qice_answer** out, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        qice_answer*& made = out_of(out, "out");
        made = make_handle<qice_answer>();
        return {};
    });
}

int32_t qice_answer_firm(qice_answer* answer, const qice_snapshot* snapshot, const qice_firm* firm,
                         const qice_match_options* options, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        AnswerBody& body = get(answer, "answer");
        const MomentPtr& moment = get(snapshot, "snapshot");
        const OneFirm& of = get(firm, "firm");
        check_schema(*moment, of);
        const MatchOptions how = options_of(options);
        forget(body);
        const StatusSet computed = how.count_all ? kAllStatuses : how.statuses;
        body.firm = &moment->one_firm().ask(of.record(), {how.top, computed}, body.firm_scratch);
        body.moment = moment;
        body.statuses = computed;
        body.of = AnswerBody::Of::firm;
        return {};
    });
}

int32_t qice_answer_policy(qice_answer* answer, const qice_snapshot* snapshot,
                           const qice_firms* firms, uint32_t policy,
                           const qice_match_options* options, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        AnswerBody& body = get(answer, "answer");
        const MomentPtr& moment = get(snapshot, "snapshot");
        const FirmSetPtr& of = get(firms, "firms");
        check_policy(*moment, policy);
        return ask_policy(body, moment, of, options_of(options), [&](const auto& query) {
            return find_firms(moment, *of, policy, query, body.policy_scratch, body.policy);
        });
    });
}

int32_t qice_answer_draft(qice_answer* answer, const qice_snapshot* snapshot,
                          const qice_firms* firms, const char* json, size_t length,
                          const qice_match_options* options, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        AnswerBody& body = get(answer, "answer");
        const MomentPtr& moment = get(snapshot, "snapshot");
        const FirmSetPtr& of = get(firms, "firms");
        const Policy draft = draft_of(*moment, bytes_of(json, length, "json"));
        return ask_policy(body, moment, of, options_of(options), [&](const auto& query) {
            return find_firms(moment, *of, draft, query, body.policy_scratch, body.policy);
        });
    });
}

int32_t qice_answer_count(uint64_t* count, const qice_answer* answer, int32_t status,
                          qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        uint64_t& out = out_of(count, "count");
        out = count_of(get(answer, "answer"), status_of(status));
        return {};
    });
}

int32_t qice_answer_one_fact_away(uint64_t* count, const qice_answer* answer) {
    return guarded(nullptr, [&]() -> Outcome {
        uint64_t& out = out_of(count, "count");
        const AnswerBody& body = get(answer, "answer");
        out = body.of == AnswerBody::Of::firm ? body.firm->one_fact_away() : 0;
        return {};
    });
}

int32_t qice_answer_life_cycle(int32_t* life_cycle, const qice_answer* answer) {
    return guarded(nullptr, [&]() -> Outcome {
        int32_t& out = out_of(life_cycle, "life_cycle");
        out = static_cast<int32_t>(get(answer, "answer").policy.life_cycle);
        return {};
    });
}

int32_t qice_answer_read(size_t* needed, const qice_answer* answer, int32_t status,
                         uint32_t* others, int64_t* scores, size_t capacity, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        size_t& size = out_of(needed, "needed");
        const AnswerBody& body = get(answer, "answer");
        const Verdict of = status_of(status);
        size = size_of(body, of);
        for (std::size_t i = 0; i < std::min(capacity, size); ++i) {
            const Pair pair = pair_at(body, of, i);
            if (others != nullptr) others[i] = pair.other;
            if (scores != nullptr) scores[i] = pair.score;
        }
        if (size > capacity)
            throw Refusal{QICE_BUFFER_TOO_SMALL, "the buffer has room for " +
                                                     std::to_string(capacity) + " of " +
                                                     std::to_string(size)};
        return {};
    });
}

int32_t qice_answer_at(const char** id, size_t* length, int64_t* score, const qice_answer* answer,
                       int32_t status, size_t rank, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        put_text(id, length, "");
        put(score, 0);
        const AnswerBody& body = get(answer, "answer");
        const Verdict of = status_of(status);
        if (rank >= size_of(body, of)) throw no_such("rank", rank, size_of(body, of));
        const Pair pair = pair_at(body, of, rank);
        put_text(id, length, pair.id);
        put(score, pair.score);
        return {};
    });
}

int32_t qice_answer_json(qice_text** out, const qice_answer* answer, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        qice_text*& made = out_of(out, "out");
        const AnswerBody& body = get(answer, "answer");
        std::string counts, pushes;
        for (std::size_t s = 0; s < kStatuses; ++s) {
            const auto status = static_cast<Verdict>(s);
            const std::string name(name_of(status));
            counts +=
                (s == 0 ? "\"" : ",\"") + name + "\":" + std::to_string(count_of(body, status));
            for (std::size_t i = 0; i < size_of(body, status); ++i) {
                const Pair pair = pair_at(body, status, i);
                pushes += pushes.empty() ? "{\"status\":\"" : ",\n{\"status\":\"";
                pushes += name + "\",\"rank\":" + std::to_string(i + 1) + ",\"id\":";
                append_json_string(pushes, pair.id);
                pushes += ",\"score\":" + format_score(pair.score) + "}";
            }
        }
        made = make_handle<qice_text>("{\"counts\":{" + counts + "},\"pushes\":[" + pushes + "]}");
        return {};
    });
}

int32_t qice_answer_destroy(qice_answer* answer) { return destroy(answer); }

// ----------------------------------------------------------------------------- explain

int32_t qice_explain_firm(qice_text** out, const qice_snapshot* snapshot, const qice_firm* firm,
                          uint32_t policy, int32_t form, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        qice_text*& made = out_of(out, "out");
        const PolicyMoment& moment = *get(snapshot, "snapshot");
        const OneFirm& of = get(firm, "firm");
        check_schema(moment, of);
        check_policy(moment, policy);
        const FirmTable table = of.table(moment.as_of());
        made = make_handle<qice_text>(written(moment.explain(policy, table[0]), form));
        return {};
    });
}

int32_t qice_explain_row(qice_text** out, const qice_snapshot* snapshot, const qice_firms* firms,
                         uint64_t row, uint32_t policy, int32_t form, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        qice_text*& made = out_of(out, "out");
        const PolicyMoment& moment = *get(snapshot, "snapshot");
        const FirmSet& of = *get(firms, "firms");
        if (Status status = of.check(moment); !status.ok()) return status;
        check_policy(moment, policy);
        if (row >= of.size()) throw no_such("row", row, of.size());
        made = make_handle<qice_text>(written(moment.explain(policy, of.table()[row]), form));
        return {};
    });
}

int32_t qice_explain_draft(qice_text** out, const qice_snapshot* snapshot, const qice_firm* firm,
                           const char* json, size_t length, int32_t form, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        qice_text*& made = out_of(out, "out");
        const PolicyMoment& moment = *get(snapshot, "snapshot");
        const OneFirm& of = get(firm, "firm");
        check_schema(moment, of);
        const Policy draft = draft_of(moment, bytes_of(json, length, "json"));
        const FirmTable table = of.table(moment.as_of());
        made = make_handle<qice_text>(written(moment.explain(draft, table[0]), form));
        return {};
    });
}
