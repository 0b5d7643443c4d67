// Want of memory at every point: the k-th operator new fails, for every k.
//
//   out_of_memory [STEP]      every STEP-th k (default 1); prints how many points there were
//
// A walk through the interface: schema, policies, firms, matching, asking, explaining, changing.
// The call in which memory runs out must say QICE_OUT_OF_MEMORY; the same call again, with memory,
// must do what it should have done; the walk must end with the answers it always has; and when all
// handles are destroyed nothing may be left.
#include <qice/qice.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

namespace {

std::atomic<long> countdown{-1}; // to the allocation that fails; negative: none does
std::atomic<long> living{0};

void* allocate(std::size_t size, std::size_t alignment) {
    if (countdown.load(std::memory_order_relaxed) >= 0 && countdown.fetch_sub(1) == 0)
        throw std::bad_alloc();
    void* const memory =
        alignment == 0
            ? std::malloc(size == 0 ? 1 : size)
            : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    if (memory == nullptr) std::abort();
    ++living;
    return memory;
}

void release(void* memory) {
    if (memory == nullptr) return;
    --living;
    std::free(memory);
}

} // namespace

void* operator new(std::size_t size) { return allocate(size, 0); }
void* operator new[](std::size_t size) { return allocate(size, 0); }
void* operator new(std::size_t size, std::align_val_t to) {
    return allocate(size, static_cast<std::size_t>(to));
}
void* operator new[](std::size_t size, std::align_val_t to) {
    return allocate(size, static_cast<std::size_t>(to));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    try {
        return allocate(size, 0);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}
void operator delete(void* memory, const std::nothrow_t&) noexcept { release(memory); }
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }

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

void fail(const char* what, long k, int32_t code) {
    std::printf("out_of_memory: at allocation %ld: %s gives %d\n", k, what, code);
    std::exit(1);
}

/// One walk; memory runs out at most once in it.
class Walk {
  public:
    explicit Walk(long k) : k_(k), left_(k) {}

    bool failed() const { return failed_; }
    std::string said;

    /// Memory runs out within calls of the library only.
    template <class Call> void step(const char* what, Call&& call) {
        qice_error* error = nullptr;
        countdown = left_;
        int32_t code = call(&error);
        left_ = countdown.exchange(-1);
        if (code == QICE_OUT_OF_MEMORY) {
            if (failed_ || qice_error_code(error) != QICE_OUT_OF_MEMORY) fail(what, k_, code);
            failed_ = true;
            qice_error_destroy(error);
            code = call(&error);
        }
        if (code != QICE_OK) fail(what, k_, code);
    }

    /// With all the memory it wants.
    template <class Call> void calm(const char* what, Call&& call) {
        const long left = left_;
        left_ = -1;
        step(what, call);
        left_ = left;
    }

    template <class Call> void text(const char* what, Call&& call) {
        qice_text* made = nullptr;
        step(what, [&](qice_error** error) { return call(&made, error); });
        const char* bytes;
        size_t length;
        qice_text_get(&bytes, &length, made);
        said.append(bytes, length);
        qice_text_destroy(made);
    }

    void go();

  private:
    long k_, left_;
    bool failed_ = false;
};

#define CALM(call) calm(#call, [&](qice_error** error) { return call; })
#define STEP(call) step(#call, [&](qice_error** error) { return call; })
#define TEXT(call) text(#call, [&](qice_text** out, qice_error** error) { return call; })

void Walk::go() {
    qice_schema* schema = nullptr;
    qice_engine* engine = nullptr;
    qice_snapshot* snapshot = nullptr;
    qice_read_options* reading = nullptr;
    qice_firms *firms = nullptr, *table = nullptr;
    qice_firm* firm = nullptr;
    qice_rows* rows = nullptr;
    qice_answer* answer = nullptr;
    qice_match_options* options = nullptr;
    qice_result* result = nullptr;
    int32_t removed = 0;
    uint64_t row = 0;
    uint32_t policy = 0;
    CALM(qice_schema_parse(&schema, kSchema, sizeof kSchema - 1, "", 0, error));
    CALM(qice_engine_open(&engine, schema, 20000, nullptr, nullptr, 0, error));
    CALM(qice_engine_put(engine, kPolicies, sizeof kPolicies - 1, error));
    STEP(qice_read_options_create(&reading, 20000, error));
    CALM(qice_firms_read_csv(&firms, schema, reading, kFirms, sizeof kFirms - 1, error));
    STEP(qice_match_options_create(&options, error));
    qice_match_options_set_statuses(options, QICE_ALL_STATUSES);
    qice_match_options_set_threads(options, 2);
    STEP(qice_answer_create(&answer, error));
    STEP(qice_firm_create(&firm, schema, error));
    for (int round = 0; round < 2; ++round) {
        STEP(qice_engine_snapshot(&snapshot, engine, error));
        CALM(qice_snapshot_policy_state(nullptr, &removed, snapshot, 0, error)); // life cycles
        CALM(qice_snapshot_find(&policy, snapshot, "A", 1, error));          // and ids are known
        CALM(qice_match(&result, snapshot, firms, options, nullptr, error)); // compiled and indexed
        qice_result_destroy(result);
        STEP(qice_match(&result, snapshot, firms, options, nullptr, error));
        uint64_t at[32];
        uint32_t ranks[32], policies[32];
        int32_t statuses[32];
        int64_t scores[32];
        size_t written = 0;
        STEP(qice_result_read(&written, result, 0, 32, at, statuses, ranks, policies, scores,
                              error));
        for (size_t i = 0; i < written; ++i) {
            char line[100];
            const int size =
                std::snprintf(line, sizeof line, "%d %d %d %d %ld\n", int(at[i]), statuses[i],
                              int(ranks[i]), int(policies[i]), long(scores[i]));
            said.append(line, static_cast<size_t>(size));
        }
        qice_result_destroy(result);
        STEP(qice_firm_set_json(firm, reading, kFirm, sizeof kFirm - 1, error));
        STEP(qice_answer_firm(answer, snapshot, firm, options, error));
        TEXT(qice_answer_json(out, answer, error));
        CALM(qice_answer_policy(answer, snapshot, firms, 0, options, error));
        TEXT(qice_answer_json(out, answer, error));
        TEXT(qice_explain_firm(out, snapshot, firm, 1, QICE_JSON, error));
        TEXT(qice_explain_row(out, snapshot, firms, 2, 0, QICE_CHINESE, error));
        CALM(qice_firms_find(&row, firms, "F2", 2, error));
        ArrowArrayStream stream;
        STEP(qice_match(&result, snapshot, firms, options, nullptr, error));
        STEP(qice_result_export_arrow(&stream, result, error));
        stream.release(&stream);
        qice_result_destroy(result);
        qice_snapshot_destroy(snapshot);
        CALM(qice_engine_put(engine, kMore, sizeof kMore - 1, error));
        CALM(qice_engine_remove(&removed, engine, "B", 1, error));
    }
    STEP(qice_rows_create(&rows, schema, reading, error));
    STEP(qice_rows_finish(&table, rows, error));
    qice_firms_destroy(table);
    qice_rows_destroy(rows);
    CALM(qice_engine_set_day(engine, 20001, error));
    qice_firm_destroy(firm);
    qice_answer_destroy(answer);
    qice_match_options_destroy(options);
    qice_firms_destroy(firms);
    qice_read_options_destroy(reading);
    qice_engine_destroy(engine);
    qice_schema_destroy(schema);
}

} // namespace

int main(int argc, char** argv) {
    const long step = argc > 1 ? std::atol(argv[1]) : 1;
    std::string expected;
    {
        for (int i = 0; i < 60; ++i) { // until shells of handles are used again
            Walk whole(-1);
            whole.go();
            expected = whole.said;
        }
    }
    if (expected.size() < 1000) fail("the walk says little", -1, 0);
    const long before = living;
    long points = 0;
    for (long k = 0;; k += step) {
        bool ended = false;
        {
            Walk walk(k);
            walk.go();
            ended = !walk.failed();
            if (walk.said != expected) fail("the walk says something else", k, 0);
        }
        if (ended) break;
        ++points;
    }
    // Nor is anything left of a call that has nowhere to put what it makes.
    if (qice_answer_create(nullptr, nullptr) != QICE_BAD_ARGUMENT ||
        qice_match_options_create(nullptr, nullptr) != QICE_BAD_ARGUMENT ||
        qice_engine_options_create(nullptr, nullptr) != QICE_BAD_ARGUMENT ||
        qice_control_create(nullptr, nullptr) != QICE_BAD_ARGUMENT ||
        qice_data_directory(nullptr, nullptr) != QICE_BAD_ARGUMENT)
        fail("a call without an out parameter", points, 0);
    if (living != before) fail("memory is left", points, static_cast<int32_t>(living - before));
    std::printf("out_of_memory: %ld points\n", points);
    return points > 300 / step ? 0 : 1;
}
