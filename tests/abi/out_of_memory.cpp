// Want of memory, and of threads, at every point.
//
//   out_of_memory [STEP]          every STEP-th point (default 1), fewer of parts that have very
//                                 many; prints how many there were
//   out_of_memory every [PART]    each point, of one part or all: a minute, but for open_standard
//                                 and merge, which take a quarter of an hour each
//
// Each part below walks through some of the interface. Its k-th allocation is refused, for every k:
// first that one alone, then that one and all that follow until the call returns. The call must say
// QICE_OUT_OF_MEMORY; the same call again, with memory, must do what it should have done; the part
// must end with the answers it always has; and when its handles are destroyed nothing may be left.
// Then its k-th thread is refused, for every k, and nothing may come of it: the work is done by
// those that there are.
#include <qice/qice.h>

#include "scarce.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <unistd.h>

namespace {

constexpr char kSchema[] =
    R"({"id":"uscc","fields":[{"name":"revenue","kind":"number","unit":"元","decimals":2},
    {"name":"founded","kind":"date"},{"name":"region","kind":"code","codes":"prefix"},
    {"name":"listed","kind":"flag"},{"name":"titles","kind":"set","expires":true},
    {"name":"ratio","kind":"number","derive":{"ratio":["revenue","revenue"]}},
    {"name":"follows","kind":"tags"},{"name":"name","kind":"text"}]})";
constexpr char kPolicies[] =
    R"([{"id":"A","title":"a","rule":{"all":[{"field":"revenue","ge":"2000万元"},{"field":"region","under":["44"]}]},
      "tags":{"x":1},"prefer":[{"when":{"field":"listed","is":true},"add":0.2}],"benefit":{"kind":"grant","amount":"15万元"}},
     {"id":"B","title":"b","rule":{"any":[{"field":"titles","has_any":["t1","t2"]},{"at_least":2,"of":[
      {"field":"founded","ge":"2015-01-01"},{"field":"ratio","ge":"3%"},{"manual":"m"}]}]},"supersedes":["C"]},
     {"id":"C","title":"c","rule":{"all":[]}}])";
constexpr char kMore[] =
    R"({"id":"D","title":"d","rule":{"not":{"field":"listed","is":true}},"priority":0.7})"
    "\n"
    R"({"id":"A","title":"a2","rule":{"always":true}})";
constexpr char kFirms[] = "uscc,revenue,founded,region,listed,titles,follows,name\n"
                          "F1,2500万元,2016-01-01,4401,1,t1@2030-01-01|t3,x:0.5,one\n"
                          "F2,1800万元,,4402,,,,two\nF3,bad,2010-01-01,,0,t2,y,three\nF3,,,,,,,\n";
constexpr char kFirm[] =
    R"({"uscc":"F9","revenue":"1900万元","region":"4403","titles":["t2"],"follows":{"x":0.4},"name":"nine"})";

constexpr char kLines[] =
    R"({"uscc":"F1","revenue":"2500万元","titles":["t1","t2@2031-01-01"],"follows":{"x":0.5}})"
    "\n{\"uscc\":\"F2\",\"listed\":true,\"region\":\"4401\",\"revenue\":[1]}\n";
constexpr char kDraft[] =
    R"({"id":"N","title":"n","rule":{"any":[{"field":"titles","has_any":["t2","t9"]},
      {"field":"revenue","lt":"1亿元"}]}})";
constexpr char kGb18030Firms[] = "uscc,revenue,name\nF1,2500\xcd\xf2\xd4\xaa,\xd2\xbb\nF2,,\n";

[[noreturn]] void fail(const char* part, const char* what, long k, int32_t code) {
    std::printf("out_of_memory: %s, at point %ld: %s gives %d\n", part, k, what, code);
    std::exit(1);
}

/// What a step gives where a stream said ENOMEM, which has no qice_error.
constexpr int32_t kStreamOutOfMemory = -1;

/// One walk through a part, in which what is planned runs out within calls of the library only.
class Walk {
  public:
    Walk(const char* part, long k) : part_(part), k_(k) {}

    bool failed() const { return failed_; }
    const std::string& said() const { return said_; }

    template <class Call> void step(const char* what, Call&& call) {
        qice_error* error = nullptr;
        int32_t code = watched(call, &error);
        if (code == QICE_OUT_OF_MEMORY || code == kStreamOutOfMemory) {
            const bool has_error = qice_error_code(error) == QICE_OUT_OF_MEMORY;
            if (failed_ || has_error != (code == QICE_OUT_OF_MEMORY)) stop(what, code, error);
            failed_ = true;
            scarce::memory.recover();
            qice_error_destroy(error);
            code = call(&error);
        }
        if (code != QICE_OK) stop(what, code, error);
    }
    /// With all the memory it wants.
    template <class Call> void calm(const char* what, Call&& call) {
        qice_error* error = nullptr;
        if (const int32_t code = call(&error); code != QICE_OK) stop(what, code, error);
    }
    template <class Call> void text(const char* what, Call&& call) {
        qice_text* made = nullptr;
        step(what, [&](qice_error** error) { return call(&made, error); });
        const char* bytes;
        size_t length;
        qice_text_get(&bytes, &length, made);
        said_.append(bytes, length);
        qice_text_destroy(made);
    }
    void say(long number) { said_ += ' ' + std::to_string(number); }

  private:
    template <class Call> static int32_t watched(Call&& call, qice_error** error) {
        scarce::memory.on();
        scarce::threads.on();
        const int32_t code = call(error);
        scarce::threads.off();
        scarce::memory.off();
        return code;
    }
    [[noreturn]] void stop(const char* what, int32_t code, qice_error* error) {
        const char* sentence;
        size_t length;
        qice_error_message(&sentence, &length, error, 0);
        std::printf("%.*s\n", static_cast<int>(length), sentence);
        fail(part_, what, k_, code);
    }

    const char* part_;
    long k_;
    bool failed_ = false;
    std::string said_;
};

#define STEP(call) walk.step(#call, [&](qice_error** error) { return call; })
#define CALM(call) walk.calm(#call, [&](qice_error** error) { return call; })
#define TEXT(call) walk.text(#call, [&](qice_text** out, qice_error** error) { return call; })

// ------------------------------------------------------------------ what the parts work with

/// Files to read, made by main.
std::string schema_path, policies_path, firms_path;

/// A stream of one batch of two columns that needs no memory of its own.
struct Stream {
    static inline int living = 0;

    static int give_type(ArrowArrayStream*, ArrowSchema* out) {
        static ArrowSchema columns[2], *children[2] = {&columns[0], &columns[1]};
        columns[0] = {"u", "uscc", nullptr, 0, 0, nullptr, nullptr, keep, nullptr};
        columns[1] = {"l", "revenue", nullptr, 0, 0, nullptr, nullptr, keep, nullptr};
        *out = {"+s", "", nullptr, 0, 2, children, nullptr, release, nullptr};
        ++living;
        return 0;
    }
    static int give_batch(ArrowArrayStream* stream, ArrowArray* out) {
        static const int32_t ends[] = {0, 2, 4, 6};
        static const int64_t revenues[] = {25000000, 1, 18000000};
        static const void *ids[] = {nullptr, ends, "F1F2F3"}, *numbers[] = {nullptr, revenues};
        static const void* none[] = {nullptr};
        static ArrowArray columns[2], *children[2] = {&columns[0], &columns[1]};
        out->release = nullptr;
        if (stream->private_data != nullptr) return 0; // that was all
        stream->private_data = stream;
        columns[0] = {3, 0, 0, 3, 0, ids, nullptr, nullptr, keep, nullptr};
        columns[1] = {3, 0, 0, 2, 0, numbers, nullptr, nullptr, keep, nullptr};
        *out = {3, 0, 0, 1, 2, none, children, nullptr, release, nullptr};
        ++living;
        return 0;
    }
    static const char* last_error(ArrowArrayStream*) { return nullptr; }
    template <class Structure> static void keep(Structure* child) { child->release = nullptr; }
    template <class Structure> static void release(Structure* structure) {
        if (structure->release == nullptr) std::abort();
        structure->release = nullptr;
        --living;
    }
    static ArrowArrayStream make() {
        ++living;
        return {give_type, give_batch, last_error, release, nullptr};
    }
};

constexpr int32_t kDay = 20000;

struct Options {
    Options() {
        qice_read_options_create(&reading, kDay, nullptr);
        qice_read_options_set_threads(reading, 2);
        qice_match_options_create(&matching, nullptr);
        qice_match_options_set_statuses(matching, QICE_ALL_STATUSES);
        qice_match_options_set_threads(matching, 2);
    }
    ~Options() {
        qice_read_options_destroy(reading);
        qice_match_options_destroy(matching);
    }
    qice_read_options* reading = nullptr;
    qice_match_options* matching = nullptr;
};

/// The pushes of all firms with the policies of now.
void match_all(Walk& walk, qice_engine* engine, qice_firms* firms, const Options& options) {
    qice_snapshot* snapshot = nullptr;
    qice_result* result = nullptr;
    STEP(qice_engine_snapshot(&snapshot, engine, error));
    STEP(qice_match(&result, snapshot, firms, options.matching, nullptr, error));
    uint64_t rows[64];
    uint32_t ranks[64], policies[64];
    int32_t statuses[64];
    int64_t scores[64];
    size_t written = 0;
    STEP(qice_result_read(&written, result, 0, 64, rows, statuses, ranks, policies, scores, error));
    for (size_t i = 0; i < written; ++i)
        for (const long number :
             {long(rows[i]), long(statuses[i]), long(ranks[i]), long(policies[i]), long(scores[i])})
            walk.say(number);
    qice_result_destroy(result);
    qice_snapshot_destroy(snapshot);
}

/// What a stream gives, which says ENOMEM for want of memory.
int32_t drain(ArrowArrayStream* stream, long* rows) {
    *rows = 0;
    ArrowSchema type{};
    ArrowArray batch{};
    int code = stream->get_schema(stream, &type);
    if (code == 0) type.release(&type);
    while (code == 0 && (code = stream->get_next(stream, &batch)) == 0 &&
           batch.release != nullptr) {
        *rows += batch.length;
        batch.release(&batch);
    }
    stream->release(stream);
    return code;
}

// ------------------------------------------------------------------------------- the parts

void open_all(Walk& walk) {
    qice_schema* schema = nullptr;
    qice_engine_options* options = nullptr;
    qice_engine* engine = nullptr;
    qice_snapshot* snapshot = nullptr;
    uint32_t number = 0;
    int64_t version = 0;
    int32_t state = 0;
    STEP(qice_schema_open(&schema, schema_path.data(), schema_path.size(), error));
    STEP(qice_schema_find(&number, schema, "listed", 6, error));
    STEP(qice_engine_options_create(&options, error));
    STEP(qice_engine_open(&engine, schema, kDay, options, policies_path.data(),
                          policies_path.size(), error));
    STEP(qice_engine_snapshot(&snapshot, engine, error));
    STEP(qice_snapshot_find(&number, snapshot, "B", 1, error));
    STEP(qice_snapshot_policy_state(&version, &state, snapshot, number, error));
    walk.say(state);
    TEXT(qice_lint(out, snapshot, error));
    qice_snapshot_destroy(snapshot);
    qice_engine_destroy(engine);
    qice_engine_options_destroy(options);
    qice_schema_destroy(schema);
}

/// The standard schema, whose code lists have thousands of lines.
void open_standard(Walk& walk) {
    qice_schema* schema = nullptr;
    uint32_t count = 0;
    STEP(qice_schema_open(&schema, "", 0, error));
    qice_schema_fields(&count, schema);
    walk.say(count);
    qice_schema_destroy(schema);
}

void tell(Walk& walk, qice_firms* firms) {
    uint64_t count = 0, bad = 0, row = 0;
    qice_firms_count(&count, firms);
    qice_firms_bad_count(&bad, nullptr, firms);
    STEP(qice_firms_find(&row, firms, "F2", 2, error));
    for (const uint64_t number : {count, bad, row})
        walk.say(static_cast<long>(number));
    qice_firms_destroy(firms);
}

void read_firms(Walk& walk) {
    const Options options;
    qice_schema* schema = nullptr;
    qice_read_options *one_thread = nullptr, *chinese = nullptr;
    qice_firms* firms = nullptr;
    CALM(qice_schema_parse(&schema, kSchema, sizeof kSchema - 1, "", 0, error));
    STEP(qice_read_options_create(&one_thread, kDay, error));
    STEP(qice_read_options_create(&chinese, kDay, error));
    qice_read_options_set_gb18030(chinese, 1);
    STEP(qice_firms_read_csv(&firms, schema, one_thread, kFirms, sizeof kFirms - 1, error));
    tell(walk, firms);
    STEP(qice_firms_read_csv(&firms, schema, options.reading, kFirms, sizeof kFirms - 1, error));
    tell(walk, firms);
    STEP(qice_firms_open(&firms, schema, chinese, firms_path.data(), firms_path.size(), error));
    tell(walk, firms);
    STEP(qice_firms_read_jsonl(&firms, schema, one_thread, kLines, sizeof kLines - 1, error));
    tell(walk, firms);
    for (const qice_read_options* how : {one_thread, options.reading}) {
        walk.step("qice_firms_read_arrow", [&](qice_error** error) {
            ArrowArrayStream stream = Stream::make();
            return qice_firms_read_arrow(&firms, schema, how, &stream, error);
        });
        tell(walk, firms);
    }
    qice_read_options_destroy(one_thread);
    qice_read_options_destroy(chinese);
    qice_schema_destroy(schema);
}

void collect_rows(Walk& walk) {
    const Options options;
    qice_schema* schema = nullptr;
    qice_firm* firm = nullptr;
    qice_rows* rows = nullptr;
    qice_firms* firms = nullptr;
    CALM(qice_schema_parse(&schema, kSchema, sizeof kSchema - 1, "", 0, error));
    STEP(qice_firm_create(&firm, schema, error));
    STEP(qice_firm_set_json(firm, options.reading, kFirm, sizeof kFirm - 1, error));
    STEP(qice_firm_set_id(firm, "F2", 2, error));
    STEP(qice_firm_set_text(firm, 1, "2020/01/02", 10, error));
    STEP(qice_firm_add_element(firm, 4, "t7", 2, QICE_FOREVER, error));
    STEP(qice_rows_create(&rows, schema, options.reading, error));
    STEP(qice_rows_add(rows, firm, error));
    STEP(qice_rows_add(rows, firm, error)); // the same id: a bad row
    STEP(qice_firm_set_id(firm, "F3", 2, error));
    STEP(qice_rows_add(rows, firm, error));
    STEP(qice_rows_finish(&firms, rows, error));
    tell(walk, firms);
    STEP(qice_firm_set_id(firm, "F2", 2, error)); // which is a new one in the next table
    STEP(qice_rows_add(rows, firm, error));
    STEP(qice_rows_finish(&firms, rows, error));
    qice_rows_destroy(rows);
    tell(walk, firms);
    qice_firm_destroy(firm);
    qice_schema_destroy(schema);
}

void export_result(Walk& walk, qice_snapshot* snapshot, qice_firms* firms, const Options& options,
                   qice_control* control) {
    qice_result* result = nullptr;
    long rows = 0;
    STEP(qice_match(&result, snapshot, firms, options.matching, control, error));
    walk.step("qice_result_export_arrow", [&](qice_error** error) {
        ArrowArrayStream stream;
        const int32_t code = qice_result_export_arrow(&stream, result, error);
        if (code != QICE_OK) return code;
        return drain(&stream, &rows) == 0 ? QICE_OK : kStreamOutOfMemory;
    });
    walk.say(rows);
    qice_result_destroy(result);
}

void ask(Walk& walk) {
    const Options options;
    qice_schema* schema = nullptr;
    qice_engine* engine = nullptr;
    qice_snapshot* snapshot = nullptr;
    qice_firms* firms = nullptr;
    qice_firm* firm = nullptr;
    qice_answer* answer = nullptr;
    qice_control* control = nullptr;
    CALM(qice_schema_parse(&schema, kSchema, sizeof kSchema - 1, "", 0, error));
    CALM(qice_engine_open(&engine, schema, kDay, nullptr, nullptr, 0, error));
    CALM(qice_engine_put(engine, kPolicies, sizeof kPolicies - 1, error));
    CALM(qice_engine_snapshot(&snapshot, engine, error));
    CALM(qice_firms_read_csv(&firms, schema, options.reading, kFirms, sizeof kFirms - 1, error));
    CALM(qice_firm_create(&firm, schema, error));
    STEP(qice_answer_create(&answer, error));
    STEP(qice_control_create(&control, error));
    for (int round = 0; round < 2; ++round) { // the second finds what the first has made
        STEP(qice_firm_set_json(firm, options.reading, kFirm, sizeof kFirm - 1, error));
        STEP(qice_answer_firm(answer, snapshot, firm, options.matching, error));
        TEXT(qice_answer_json(out, answer, error));
        STEP(qice_answer_policy(answer, snapshot, firms, 0, options.matching, error));
        TEXT(qice_answer_json(out, answer, error));
        STEP(qice_answer_draft(answer, snapshot, firms, kDraft, sizeof kDraft - 1, options.matching,
                               error));
        TEXT(qice_answer_json(out, answer, error));
        TEXT(qice_explain_firm(out, snapshot, firm, 1, QICE_JSON, error));
        TEXT(qice_explain_row(out, snapshot, firms, 2, 0, QICE_CHINESE, error));
        TEXT(qice_explain_draft(out, snapshot, firm, kDraft, sizeof kDraft - 1, QICE_ENGLISH,
                                error));
        match_all(walk, engine, firms, options);
        qice_match_options_set_by_policy(options.matching, 1);
        match_all(walk, engine, firms, options);
        qice_match_options_set_by_policy(options.matching, 0);
        export_result(walk, snapshot, firms, options, control);
    }
    qice_control_destroy(control);
    qice_answer_destroy(answer);
    qice_firm_destroy(firm);
    qice_firms_destroy(firms);
    qice_snapshot_destroy(snapshot);
    qice_engine_destroy(engine);
    qice_schema_destroy(schema);
}

/// An engine without policies, and firms for it; both are there before anything is refused.
struct Bare {
    Bare(Walk& walk, const Options& options) {
        CALM(qice_schema_parse(&schema, kSchema, sizeof kSchema - 1, "", 0, error));
        CALM(qice_engine_open(&engine, schema, kDay, nullptr, nullptr, 0, error));
        CALM(
            qice_firms_read_csv(&firms, schema, options.reading, kFirms, sizeof kFirms - 1, error));
    }
    ~Bare() {
        qice_firms_destroy(firms);
        qice_engine_destroy(engine);
        qice_schema_destroy(schema);
    }
    Bare(const Bare&) = delete;

    qice_schema* schema = nullptr;
    qice_engine* engine = nullptr;
    qice_firms* firms = nullptr;
};

/// What comes does so at once or not at all.
void change(Walk& walk) {
    const Options options;
    const Bare bare(walk, options);
    qice_engine* const engine = bare.engine;
    qice_firms* const firms = bare.firms;
    int32_t removed = 0;
    STEP(qice_engine_put(engine, kPolicies, sizeof kPolicies - 1, error));
    STEP(qice_engine_put(engine, kMore, sizeof kMore - 1, error));
    match_all(walk, engine, firms, options);
    STEP(qice_engine_remove(&removed, engine, "B", 1, error));
    match_all(walk, engine, firms, options);
    STEP(qice_engine_replace(engine, kPolicies, sizeof kPolicies - 1, error));
    STEP(qice_engine_remove(&removed, engine, "A", 1, error));
    STEP(qice_engine_reload(engine, policies_path.data(), policies_path.size(), error));
    STEP(qice_engine_put(engine, kMore, sizeof kMore - 1, error));
    match_all(walk, engine, firms, options);
    qice_error* skipped = nullptr;
    STEP(qice_engine_set_day(engine, kDay + 1, error));
    STEP(qice_engine_skipped(&skipped, engine, error));
}

/// A setter that refuses: there is no error, and want of memory is a code of its own.
int32_t refused(int32_t code) {
    if (code == QICE_BAD_ARGUMENT) return QICE_OK;
    return code == QICE_OUT_OF_MEMORY ? kStreamOutOfMemory : QICE_INTERNAL;
}

/// What setters refuse and changes leave out is told, or nothing was changed.
void tell(Walk& walk) {
    constexpr char kOneWrong[] = "{\"id\":\"X\",\"title\":\"x\",\"rule\":{\"always\":true}}\n"
                                 "{\"id\":\"Y\",\"rule\":{\"field\":\"nothing\",\"ge\":1}}\n";
    qice_schema* schema = nullptr;
    qice_engine_options* options = nullptr;
    qice_engine* engine = nullptr;
    qice_snapshot* snapshot = nullptr;
    uint32_t policies = 0;
    CALM(qice_schema_parse(&schema, kSchema, sizeof kSchema - 1, "", 0, error));
    CALM(qice_engine_options_create(&options, error));
    const auto say = [&](qice_error*& told) {
        const char* text;
        size_t length;
        walk.say(static_cast<long>(qice_error_count(told)));
        qice_error_message(&text, &length, told, 0);
        walk.say(static_cast<long>(length));
        qice_error_destroy(told);
        told = nullptr;
    };
    qice_error* told = nullptr;
    walk.step("a setter", [&](qice_error**) {
        return refused(qice_engine_options_set_limits(options, 1000, 1));
    });
    STEP(qice_engine_options_refused(&told, options, error));
    say(told);
    qice_engine_options_set_skip_bad_policies(options, 1);
    STEP(qice_engine_open(&engine, schema, kDay, options, nullptr, 0, error));
    for (const int32_t how : {QICE_PUT, QICE_REPLACE}) {
        STEP(qice_engine_change(&told, engine, how, kOneWrong, sizeof kOneWrong - 1, error));
        say(told);
        STEP(qice_engine_skipped(&told, engine, error));
        say(told);
    }
    STEP(qice_engine_snapshot(&snapshot, engine, error));
    qice_snapshot_policies(&policies, snapshot);
    walk.say(policies);
    qice_snapshot_destroy(snapshot);
    qice_engine_destroy(engine);
    qice_engine_options_destroy(options);
    qice_schema_destroy(schema);
}

/// So many changes that an engine's thread puts its policies in order; what it lacks is made up
/// for.
void merge(Walk& walk) {
    const Options options;
    const Bare bare(walk, options);
    qice_engine* const engine = bare.engine;
    qice_firms* const firms = bare.firms;
    for (int some = 0; some < 4; ++some) {
        std::string policies;
        for (int i = 0; i < 60; ++i) {
            const std::string number = std::to_string(100 + some * 60 + i);
            policies += R"({"id":"P)" + number +
                        R"(","title":"t","rule":{"field":"revenue","ge":")" + number +
                        "0万元\"}}\n";
        }
        STEP(qice_engine_put(engine, policies.data(), policies.size(), error));
    }
    match_all(walk, engine, firms, options);
}

struct Part {
    const char* name;
    void (*walk)(Walk&);
    long step; // of the points, as there are very many
};
constexpr Part kParts[] = {{"open_all", open_all, 1},
                           {"open_standard", open_standard, 50},
                           {"read_firms", read_firms, 1},
                           {"collect_rows", collect_rows, 1},
                           {"ask", ask, 1},
                           {"change", change, 1},
                           {"tell", tell, 1},
                           {"merge", merge, 200}};

// -------------------------------------------------------------------------------- the points

std::string walked(const Part& part) {
    scarce::memory.plan(0, 0);
    scarce::threads.plan(0, 0);
    Walk walk(part.name, -1);
    part.walk(walk);
    return walk.said();
}

/// Refuses the k-th of a supply, for every k; how many there were.
long refuse_each(const Part& part, const std::string& expected, scarce::Supply& supply,
                 bool all_after, long step) {
    long points = 0;
    for (long k = 0;; k += step, ++points) {
        scarce::memory.plan(0, 0);
        scarce::threads.plan(0, 0);
        supply.plan(k, all_after ? k + (1L << 40) : k + 1);
        Walk walk(part.name, k);
        part.walk(walk);
        if (walk.said() != expected) fail(part.name, "the answer, which is another,", k, 0);
        if (walk.failed() && &supply == &scarce::threads) fail(part.name, "a thread", k, 0);
        if (Stream::living != 0) fail(part.name, "a stream, not released,", k, Stream::living);
        if (!supply.has_refused()) return points;
    }
}

/// How many points there were in all.
long try_part(const Part& part, long step) {
    const std::string expected = walked(part);
    long before = 0;
    for (int same = 0; same < 3;) { // until shells of handles are used again
        if (walked(part) != expected) fail(part.name, "the same again", -1, 0);
        same = scarce::living == before ? same + 1 : 0;
        before = scarce::living;
    }
    long points = 0;
    for (const bool all_after : {false, true})
        points += refuse_each(part, expected, scarce::memory, all_after, step);
    for (const bool all_after : {false, true})
        points += refuse_each(part, expected, scarce::threads, all_after, 1);
    if (scarce::living != before)
        fail(part.name, "what is left", points, static_cast<int32_t>(scarce::living - before));
    std::printf("out_of_memory: %s: %ld points, %zu bytes of answers\n", part.name, points,
                expected.size());
    return points;
}

std::string written(const std::string& path, const std::string& text) {
    std::FILE* const file = std::fopen(path.c_str(), "wb");
    if (file == nullptr || std::fwrite(text.data(), 1, text.size(), file) != text.size() ||
        std::fclose(file) != 0)
        fail("files", path.c_str(), 0, errno);
    return path;
}

} // namespace

int main(int argc, char** argv) {
    const bool every = argc > 1 && std::strcmp(argv[1], "every") == 0;
    const long step = argc > 1 && !every ? std::max(1L, std::atol(argv[1])) : 1;
    char folder[] = "/tmp/qice-out-of-memory-XXXXXX";
    if (mkdtemp(folder) == nullptr) fail("files", folder, 0, errno);
    schema_path = written(std::string(folder) + "/schema.json", kSchema);
    policies_path = written(std::string(folder) + "/policies.json", kPolicies);
    firms_path = written(std::string(folder) + "/firms.csv", kGb18030Firms);
    setvbuf(stdout, nullptr, _IONBF, 0);
    long points = 0;
    for (const Part& part : kParts)
        if (argc <= 2 || std::strcmp(argv[2], part.name) == 0)
            points += try_part(part, every ? 1 : part.step * step);
    // Nor is anything left of a call that has nowhere to put what it makes.
    const long before = scarce::living;
    if (qice_answer_create(nullptr, nullptr) != QICE_BAD_ARGUMENT ||
        qice_match_options_create(nullptr, nullptr) != QICE_BAD_ARGUMENT ||
        qice_engine_options_create(nullptr, nullptr) != QICE_BAD_ARGUMENT ||
        qice_control_create(nullptr, nullptr) != QICE_BAD_ARGUMENT ||
        qice_data_directory(nullptr, nullptr) != QICE_BAD_ARGUMENT || scarce::living != before)
        fail("no out parameter", "a call", 0, 0);
    for (const std::string& path : {schema_path, policies_path, firms_path})
        std::remove(path.c_str());
    rmdir(folder);
    return points > (argc > 2 ? 0 : 2000 / step) ? 0 : 1;
}
