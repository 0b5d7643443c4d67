/* What calls cost from C: what golden.c prints when it is asked to measure. The other languages
 * measure the same, under the same names. It is processor time of the thread, so that what else runs
 * on the machine counts less. Work goes on for two seconds in short rounds, of which the best one
 * counts. */
#include "golden.h"

#include <time.h>

enum { FIRMS = 100, MOST = 20, CAPACITY = 65536 };

static qice_firm* firms[FIRMS];

static double seconds_of(clockid_t clock) {
    struct timespec at;
    clock_gettime(clock, &at);
    return (double)at.tv_sec + 1e-9 * (double)at.tv_nsec;
}

double now(void) { return seconds_of(CLOCK_MONOTONIC); }

static uint32_t field(const struct World* world, const char* name) {
    uint32_t number;
    OK(qice_schema_find(&number, world->schema, name, strlen(name), &error));
    return number;
}

void fill_typed(const struct World* world, const char* id) {
    static uint32_t region, industry, revenue, employees, rd_expense, patents, established, legal,
        qualifications, follows;
    qice_firm* const firm = world->firm;
    if (follows == 0) {
        region = field(world, "region");
        industry = field(world, "industry");
        revenue = field(world, "revenue");
        employees = field(world, "employees");
        rd_expense = field(world, "rd_expense");
        patents = field(world, "patents");
        established = field(world, "established");
        legal = field(world, "legal_entity");
        qualifications = field(world, "qualifications");
        follows = field(world, "follows");
    }
    CHECK(qice_firm_clear(firm) == QICE_OK);
    OK(qice_firm_set_id(firm, id, strlen(id), &error));
    OK(qice_firm_set_text(firm, region, "441900003", 9, &error));
    OK(qice_firm_set_text(firm, industry, "C3911", 5, &error));
    OK(qice_firm_set_number(firm, revenue, 2500000050, 2, &error));
    OK(qice_firm_set_number(firm, employees, 120, 0, &error));
    OK(qice_firm_set_number(firm, rd_expense, 1200000, 0, &error));
    OK(qice_firm_set_number(firm, patents, 7, 0, &error));
    OK(qice_firm_set_date(firm, established, 16495, &error)); /* 2015-03-01 */
    OK(qice_firm_set_flag(firm, legal, 1, &error));
    OK(qice_firm_add_element(firm, qualifications, "高新技术企业", 18, 21183,
                             &error)); /* 2027-12-31 */
    OK(qice_firm_add_tag(firm, follows, "智能制造", 12, 800, &error));
}

/* ------------------------------------------------------------------------- what is measured */

static void call(struct World* world, size_t times) {
    uint32_t policies;
    while (times-- > 0)
        CHECK(qice_snapshot_policies(&policies, world->snapshot) == QICE_OK);
}

static void ask(struct World* world, const qice_firm* firm) {
    uint32_t others[MOST];
    int64_t scores[MOST];
    size_t shown;
    OK(qice_answer_firm(world->answer, world->snapshot, firm, NULL, &error));
    OK(qice_answer_read(&shown, world->answer, QICE_ELIGIBLE, others, scores, MOST, &error));
    OK(qice_answer_read(&shown, world->answer, QICE_REVIEW, others, scores, MOST, &error));
}

static void one_firm(struct World* world, size_t times) {
    for (size_t i = 0; i < times; ++i)
        ask(world, firms[i % FIRMS]);
}

static void one_firm_filled(struct World* world, size_t times) {
    while (times-- > 0) {
        fill_typed(world, "91441900MA4W000061");
        ask(world, world->firm);
    }
}

static void one_firm_json(struct World* world, size_t times) {
    for (size_t i = 0; i < times; ++i) {
        const char* const line = world->lines[i % FIRMS];
        qice_text* text;
        const char* bytes;
        size_t length;
        OK(qice_firm_set_json(world->firm, world->reading, line, strlen(line), &error));
        OK(qice_answer_firm(world->answer, world->snapshot, world->firm, NULL, &error));
        OK(qice_answer_json(&text, world->answer, &error));
        CHECK(qice_text_get(&bytes, &length, text) == QICE_OK && length > 0);
        qice_text_destroy(text);
    }
}

static void explain(struct World* world, size_t times) {
    for (size_t i = 0; i < times; ++i) {
        qice_text* text;
        OK(qice_explain_firm(&text, world->snapshot, firms[i % FIRMS], (uint32_t)(i % 997),
                             QICE_JSON, &error));
        qice_text_destroy(text);
    }
}

static void match(struct World* world, size_t times) {
    while (times-- > 0) {
        qice_result* result;
        OK(qice_match(&result, world->snapshot, world->firms, world->options, NULL, &error));
        qice_result_destroy(result);
    }
}

static qice_result* read_from;

/* Every column of every push is added up, as whoever reads them would touch them. */
static void read_pushes(struct World* world, size_t times) {
    static uint64_t rows[CAPACITY];
    static int32_t statuses[CAPACITY];
    static uint32_t ranks[CAPACITY], policies[CAPACITY];
    static int64_t scores[CAPACITY];
    volatile int64_t sum = 0;
    uint64_t first;
    size_t written, i;
    (void)world;
    for (first = 0; first < times; first += written) {
        int64_t part = 0;
        OK(qice_result_read(&written, read_from, first, CAPACITY, rows, statuses, ranks, policies,
                            scores, &error));
        for (i = 0; i < written; ++i)
            part += (int64_t)rows[i] + statuses[i] + ranks[i] + policies[i] + scores[i];
        sum += part;
    }
}

/* ----------------------------------------------------------------------------------- rounds */

static void report(const char* name, struct World* world, void (*work)(struct World*, size_t),
                   size_t times, double scale, const char* unit) {
    const double end = now() + 2;
    double best = 1e9;
    do {
        const double begin = seconds_of(CLOCK_THREAD_CPUTIME_ID);
        double took;
        work(world, times);
        took = (seconds_of(CLOCK_THREAD_CPUTIME_ID) - begin) / (double)times;
        if (took < best) best = took;
    } while (now() < end);
    printf("%s %.3f %s\n", name, best * scale, unit);
}

void measure(struct World* world) {
    uint64_t pushes;
    for (size_t i = 0; i < FIRMS; ++i) {
        OK(qice_firm_create(&firms[i], world->schema, &error));
        OK(qice_firm_set_json(firms[i], world->reading, world->lines[i], strlen(world->lines[i]),
                              &error));
    }
    report("call", world, call, 100000, 1e9, "ns");
    report("one_firm", world, one_firm, FIRMS, 1e6, "us");
    report("one_firm_filled", world, one_firm_filled, FIRMS, 1e6, "us");
    report("one_firm_json", world, one_firm_json, FIRMS, 1e6, "us");
    report("explain", world, explain, FIRMS, 1e6, "us");
    CHECK(qice_match_options_set_top(world->options, 20) == QICE_OK);
    CHECK(qice_match_options_set_threads(world->options, 1) == QICE_OK);
    report("match", world, match, 1, 1e3, "ms");
    OK(qice_match(&read_from, world->snapshot, world->firms, world->options, NULL, &error));
    CHECK(qice_result_size(NULL, &pushes, read_from) == QICE_OK);
    report("million_pushes", world, read_pushes, pushes, 1e9, "ms");
    qice_result_destroy(read_from);
    for (size_t i = 0; i < FIRMS; ++i)
        qice_firm_destroy(firms[i]);
}
