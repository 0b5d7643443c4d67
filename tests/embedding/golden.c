/* The golden run, from C: what the runs from Java, Go, Node and Python have to print, byte for
 * byte.
 *
 *   golden FOLDER SECONDS    load, batch, one firm, one policy, explain, errors, changes, 8 threads
 *   golden FOLDER measure    what calls cost (measure.c)
 *
 * FOLDER has policies.jsonl, others.jsonl, firms.csv and firms.jsonl (run.py makes them). Standard
 * output is the transcript. Standard error says when the threads begin and end, so that run.py can
 * watch the memory between. */
#include "golden.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum { THREADS = 8, ASKED = 40, CAPACITY = 1000 };

static const char kTyped[] = "91441900MA4W000061";

/* ------------------------------------------------------------------------------- helpers */

char* read_in(const char* folder, const char* name, size_t* length) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return read_whole(path, length);
}

void open_world(struct World* world, const char* folder) {
    char path[4096];
    char *line, *rest = NULL;
    size_t length;
    world->folder = folder;
    OK(qice_day_parse(&world->day, "2026-06-15", 10, &error));
    OK(qice_schema_open(&world->schema, NULL, 0, &error));
    snprintf(path, sizeof path, "%s/policies.jsonl", folder);
    OK(qice_engine_open(&world->engine, world->schema, world->day, NULL, path, strlen(path),
                        &error));
    OK(qice_engine_snapshot(&world->snapshot, world->engine, &error));
    OK(qice_read_options_create(&world->reading, world->day, &error));
    snprintf(path, sizeof path, "%s/firms.csv", folder);
    OK(qice_firms_open(&world->firms, world->schema, world->reading, path, strlen(path), &error));
    OK(qice_match_options_create(&world->options, &error));
    CHECK(qice_match_options_set_top(world->options, 5) == QICE_OK);
    CHECK(qice_match_options_set_statuses(world->options, QICE_ALL_STATUSES) == QICE_OK);
    CHECK(qice_match_options_set_threads(world->options, 2) == QICE_OK);
    OK(qice_answer_create(&world->answer, &error));
    OK(qice_firm_create(&world->firm, world->schema, &error));
    world->text = read_in(folder, "firms.jsonl", &length);
    world->count = 0;
    for (line = strtok_r(world->text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest))
        if (world->count < MOST_LINES) world->lines[world->count++] = line;
    CHECK(world->count >= ASKED);
}

void close_world(struct World* world) {
    free(world->text);
    qice_firm_destroy(world->firm);
    qice_answer_destroy(world->answer);
    qice_match_options_destroy(world->options);
    qice_firms_destroy(world->firms);
    qice_read_options_destroy(world->reading);
    qice_snapshot_destroy(world->snapshot);
    qice_engine_destroy(world->engine);
    qice_schema_destroy(world->schema);
}

static void print_text(qice_text* text) {
    const char* bytes;
    size_t length;
    CHECK(qice_text_get(&bytes, &length, text) == QICE_OK);
    printf("%.*s\n", (int)length, bytes);
    qice_text_destroy(text);
}

/* ---------------------------------------------------------------------------------- load */

static void load(const struct World* world) {
    uint32_t fields, policies, i;
    uint64_t firms, entries, aside, entry;
    int32_t day;
    char date[11];
    const char *a, *b, *c, *d;
    size_t a_length, b_length, c_length, d_length;
    printf("qice %s interface %u\n", qice_version(), (unsigned)qice_abi_version());
    CHECK(qice_schema_fields(&fields, world->schema) == QICE_OK);
    for (i = 0; i < fields; ++i) {
        int32_t kind, decimals, derived;
        OK(qice_schema_field_name(&a, &a_length, world->schema, i, &error));
        OK(qice_schema_field_kind(&kind, &decimals, &derived, world->schema, i, &error));
        printf("field %u %.*s kind %d decimals %d derived %d\n", i, (int)a_length, a, kind,
               decimals, derived);
    }
    CHECK(qice_snapshot_policies(&policies, world->snapshot) == QICE_OK);
    CHECK(qice_snapshot_day(&day, world->snapshot) == QICE_OK);
    CHECK(qice_day_format(date, day) == QICE_OK);
    printf("policies %u as of %s\n", policies, date);
    for (i = 0; i < policies; ++i) {
        int64_t version;
        int32_t life;
        OK(qice_snapshot_policy_id(&a, &a_length, world->snapshot, i, &error));
        OK(qice_snapshot_policy_title(&b, &b_length, world->snapshot, i, &error));
        OK(qice_snapshot_policy_state(&version, &life, world->snapshot, i, &error));
        printf("policy %u %.*s %.*s version %lld life %d\n", i, (int)a_length, a, (int)b_length, b,
               (long long)version, life);
    }
    CHECK(qice_firms_count(&firms, world->firms) == QICE_OK);
    CHECK(qice_firms_bad_count(&entries, &aside, world->firms) == QICE_OK);
    printf("firms %llu set aside %llu\n", (unsigned long long)firms, (unsigned long long)aside);
    for (entry = 0; entry < entries; ++entry) {
        uint64_t line;
        OK(qice_firms_bad(&line, &a, &a_length, &b, &b_length, &c, &c_length, &d, &d_length,
                          world->firms, entry, &error));
        printf("bad %llu|%.*s|%.*s|%.*s|%.*s\n", (unsigned long long)line, (int)a_length, a,
               (int)b_length, b, (int)c_length, c, (int)d_length, d);
    }
}

/* --------------------------------------------------------------------------------- batch */

static void print_pushes(const struct World* world, const qice_firms* firms,
                         const qice_result* result) {
    static uint64_t rows[CAPACITY];
    static int32_t statuses[CAPACITY];
    static uint32_t ranks[CAPACITY], policies[CAPACITY];
    static int64_t scores[CAPACITY];
    uint64_t first = 0;
    size_t written, i;
    do {
        OK(qice_result_read(&written, result, first, CAPACITY, rows, statuses, ranks, policies,
                            scores, &error));
        for (i = 0; i < written; ++i) {
            const char *firm, *policy;
            size_t firm_length, policy_length;
            OK(qice_firms_id(&firm, &firm_length, firms, rows[i], &error));
            OK(qice_snapshot_policy_id(&policy, &policy_length, world->snapshot, policies[i],
                                       &error));
            printf("push %.*s %d %u %.*s %lld\n", (int)firm_length, firm, statuses[i], ranks[i],
                   (int)policy_length, policy, (long long)scores[i]);
        }
        first += written;
    } while (written == CAPACITY);
}

static void batch(const struct World* world, const qice_firms* firms, int by_policy) {
    qice_result* result;
    uint64_t policies, pushes, n[4];
    uint32_t policy;
    int32_t status;
    CHECK(qice_match_options_set_by_policy(world->options, by_policy) == QICE_OK);
    OK(qice_match(&result, world->snapshot, firms, world->options, NULL, &error));
    CHECK(qice_match_options_set_by_policy(world->options, 0) == QICE_OK);
    CHECK(qice_result_size(&policies, &pushes, result) == QICE_OK);
    printf("match policies %llu pushes %llu\n", (unsigned long long)policies,
           (unsigned long long)pushes);
    for (status = 0; status < 4; ++status) {
        OK(qice_result_total(&n[status], result, status, &error));
        printf("total %d %llu\n", status, (unsigned long long)n[status]);
    }
    for (policy = 0; policy < 20; ++policy) {
        for (status = 0; status < 4; ++status)
            OK(qice_result_count(&n[status], result, policy, status, &error));
        printf("count %u %llu %llu %llu %llu\n", policy, (unsigned long long)n[0],
               (unsigned long long)n[1], (unsigned long long)n[2], (unsigned long long)n[3]);
    }
    print_pushes(world, firms, result);
    qice_result_destroy(result);
}

/* ------------------------------------------------------------------ one firm, one policy */

static void print_answer(const qice_answer* answer) {
    uint64_t away, n[4];
    int32_t status, life;
    for (status = 0; status < 4; ++status)
        OK(qice_answer_count(&n[status], answer, status, &error));
    CHECK(qice_answer_one_fact_away(&away, answer) == QICE_OK);
    CHECK(qice_answer_life_cycle(&life, answer) == QICE_OK);
    printf("answer %llu %llu %llu %llu away %llu life %d\n", (unsigned long long)n[0],
           (unsigned long long)n[1], (unsigned long long)n[2], (unsigned long long)n[3],
           (unsigned long long)away, life);
    for (status = 0; status < 4; ++status) {
        size_t shown, rank;
        uint32_t others[5];
        int64_t scores[5];
        OK(qice_answer_read(&shown, answer, status, others, scores, 5, &error));
        for (rank = 0; rank < shown; ++rank) {
            const char* id;
            size_t length;
            int64_t score;
            OK(qice_answer_at(&id, &length, &score, answer, status, rank, &error));
            CHECK(score == scores[rank]);
            printf("  %d %u %.*s %lld\n", status, others[rank], (int)length, id, (long long)score);
        }
    }
}

static void singly(const struct World* world) {
    qice_rows* rows;
    qice_firms* table;
    qice_text* json;
    size_t i, bad, entry;
    uint32_t policy;
    OK(qice_rows_create(&rows, world->schema, world->reading, &error));
    for (i = 0; i < world->count; ++i) {
        const char *a, *b, *c;
        size_t a_length, b_length, c_length;
        OK(qice_firm_set_json(world->firm, world->reading, world->lines[i], strlen(world->lines[i]),
                              &error));
        CHECK(qice_firm_bad_count(&bad, world->firm) == QICE_OK);
        for (entry = 0; entry < bad; ++entry) {
            OK(qice_firm_bad(&a, &a_length, &b, &b_length, &c, &c_length, world->firm, entry,
                             &error));
            printf("bad %.*s|%.*s|%.*s\n", (int)a_length, a, (int)b_length, b, (int)c_length, c);
        }
        OK(qice_answer_firm(world->answer, world->snapshot, world->firm, world->options, &error));
        print_answer(world->answer);
        if (i < 20) OK(qice_rows_add(rows, world->firm, &error));
    }
    fill_typed(world, kTyped);
    OK(qice_rows_add(rows, world->firm, &error));
    OK(qice_answer_firm(world->answer, world->snapshot, world->firm, world->options, &error));
    OK(qice_answer_json(&json, world->answer, &error));
    print_text(json);
    OK(qice_rows_finish(&table, rows, &error));
    qice_rows_destroy(rows);
    batch(world, table, 0);
    qice_firms_destroy(table);
    for (policy = 0; policy < 20; ++policy) {
        OK(qice_answer_policy(world->answer, world->snapshot, world->firms, policy, world->options,
                              &error));
        print_answer(world->answer);
    }
    OK(qice_answer_draft(world->answer, world->snapshot, world->firms, kDraft, sizeof kDraft - 1,
                         world->options, &error));
    print_answer(world->answer);
}

static void explain(const struct World* world) {
    qice_text* text;
    int32_t form;
    for (form = QICE_JSON; form <= QICE_ENGLISH; ++form) {
        OK(qice_explain_row(&text, world->snapshot, world->firms, 0, 0, form, &error));
        print_text(text);
        OK(qice_explain_firm(&text, world->snapshot, world->firm, 1, form, &error));
        print_text(text);
        OK(qice_explain_draft(&text, world->snapshot, world->firm, kDraft, sizeof kDraft - 1, form,
                              &error));
        print_text(text);
    }
    OK(qice_lint(&text, world->snapshot, &error));
    print_text(text);
}

/* -------------------------------------------------------------------------------- errors */

static void refused(int32_t code, qice_error* error) {
    size_t i, count = qice_error_count(error);
    CHECK(code != QICE_OK && code == qice_error_code(error));
    printf("error %d faults %u\n", code, (unsigned)count);
    for (i = 0; i < count; ++i) {
        const char *file, *sentence;
        size_t file_length, length;
        uint32_t line, column;
        qice_error_place(&file, &file_length, &line, &column, error, i);
        qice_error_message(&sentence, &length, error, i);
        printf("  %.*s:%u:%u %.*s\n", (int)file_length, file, line, column, (int)length, sentence);
    }
    CHECK(qice_error_destroy(error) == QICE_OK);
    CHECK(qice_error_destroy(error) == QICE_BAD_HANDLE);
}

#define REFUSED(call)                                                                              \
    do {                                                                                           \
        qice_error* error = NULL;                                                                  \
        const int32_t code = (call);                                                               \
        refused(code, error);                                                                      \
    } while (0)

static void errors(const struct World* world) {
    static const char kBad[] = "[{\"id\":\"A\",\"title\":\"t\",\"rule\":{\"field\":\"revenue\",\n"
                               "\"ge\":\"high\"}},{\"id\":\"B\",\"rule\":3}]";
    qice_firm* const firm = world->firm;
    qice_schema* schema;
    qice_read_options* late;
    qice_firms* firms;
    qice_result* result;
    qice_control* control;
    qice_text* text;
    uint32_t revenue, none;
    int32_t day;
    OK(qice_schema_find(&revenue, world->schema, "revenue", 7, &error));
    REFUSED(qice_day_parse(&day, "2026-13-01", 10, &error));
    REFUSED(qice_schema_open(&schema, "/no/such", 8, &error));
    REFUSED(qice_schema_parse(&schema, "{\"fields\": 3}", 13, "mine.json", 9, &error));
    REFUSED(qice_schema_find(&none, world->schema, "revenu", 6, &error));
    REFUSED(qice_engine_put(world->engine, kBad, sizeof kBad - 1, &error));
    REFUSED(qice_engine_put(world->engine, "\xff\xfe", 2, &error));
    REFUSED(qice_snapshot_find(&none, world->snapshot, "nobody", 6, &error));
    REFUSED(qice_firm_set_json(firm, world->reading, "[1", 2, &error));
    REFUSED(qice_firm_set_json(firm, world->reading, "{\"revenu\":1}", 12, &error));
    REFUSED(qice_firm_set_text(firm, revenue, "许多", 6, &error));
    REFUSED(qice_firm_set_number(firm, revenue, 1, 9, &error));
    REFUSED(qice_firm_set_flag(firm, revenue, 1, &error));
    REFUSED(qice_explain_firm(&text, world->snapshot, firm, 99999, QICE_JSON, &error));
    REFUSED(qice_answer_draft(world->answer, world->snapshot, world->firms, "{\"id\":1}", 8, NULL,
                              &error));
    OK(qice_read_options_create(&late, 20000, &error));
    OK(qice_firms_read_csv(&firms, world->schema, late, "uscc\nA\n", 7, &error));
    REFUSED(qice_match(&result, world->snapshot, firms, NULL, NULL, &error));
    CHECK(qice_firms_destroy(firms) == QICE_OK);
    REFUSED(qice_firms_read_jsonl(&firms, world->schema, late, "{\"uscc\":\"A\",\"no\":1}\n", 21,
                                  &error));
    OK(qice_control_create(&control, &error));
    CHECK(qice_control_cancel(control) == QICE_OK);
    REFUSED(qice_match(&result, world->snapshot, world->firms, NULL, control, &error));
    CHECK(qice_control_destroy(control) == QICE_OK);
    CHECK(qice_control_cancel(control) == QICE_BAD_HANDLE);
    qice_read_options_destroy(late);
    printf("what is closed is refused\n");
}

/* ------------------------------------------------------------------------------- changes */

static void print_size(const char* after, const qice_engine* engine, qice_snapshot** out) {
    qice_snapshot* snapshot;
    uint32_t policies;
    OK(qice_engine_snapshot(&snapshot, engine, &error));
    CHECK(qice_snapshot_policies(&policies, snapshot) == QICE_OK);
    printf("after %s %u\n", after, policies);
    if (out != NULL)
        *out = snapshot;
    else
        qice_snapshot_destroy(snapshot);
}

static void changes(const struct World* world) {
    char path[4096];
    char* others;
    size_t length;
    int32_t removed, i;
    uint32_t policies;
    others = read_in(world->folder, "others.jsonl", &length);
    OK(qice_engine_put(world->engine, kDraft, sizeof kDraft - 1, &error));
    print_size("put", world->engine, NULL);
    for (i = 0; i < 2; ++i) {
        OK(qice_engine_remove(&removed, world->engine, "DRAFT", 5, &error));
        printf("removed %d\n", removed);
    }
    print_size("remove", world->engine, NULL);
    OK(qice_engine_replace(world->engine, others, length, &error));
    print_size("replace", world->engine, NULL);
    snprintf(path, sizeof path, "%s/policies.jsonl", world->folder);
    OK(qice_engine_reload(world->engine, path, strlen(path), &error));
    print_size("reload", world->engine, NULL);
    CHECK(qice_snapshot_policies(&policies, world->snapshot) == QICE_OK);
    printf("before %u\n", policies);
    free(others);
}

/* ------------------------------------------------------------------------------- threads */

/* What is true with one of the two sets of policies. */
struct Moment {
    char* policies;
    size_t length;
    uint32_t size;
    char* answers[ASKED];
    char* explanation;
    uint64_t pushes;
};

struct Shared {
    const struct World* world;
    struct Moment moments[2];
    atomic_int stop;
    atomic_uint questions, seen[2];
};

static char* taken(qice_text* text) {
    const char* bytes;
    char* copy;
    size_t length;
    CHECK(qice_text_get(&bytes, &length, text) == QICE_OK);
    copy = malloc(length + 1);
    CHECK(copy != NULL);
    memcpy(copy, bytes, length);
    copy[length] = '\0';
    qice_text_destroy(text);
    return copy;
}

static char* asked(const struct World* world, qice_answer* answer, qice_firm* firm,
                   const qice_snapshot* snapshot, size_t of) {
    qice_text* text;
    const char* const line = world->lines[of];
    OK(qice_firm_set_json(firm, world->reading, line, strlen(line), &error));
    OK(qice_answer_firm(answer, snapshot, firm, NULL, &error));
    OK(qice_answer_json(&text, answer, &error));
    return taken(text);
}

static char* explained(const struct World* world, const qice_snapshot* snapshot) {
    qice_text* text;
    OK(qice_explain_row(&text, snapshot, world->firms, 0, 0, QICE_JSON, &error));
    return taken(text);
}

static uint64_t matched(const struct World* world, const qice_snapshot* snapshot) {
    qice_result* result;
    uint64_t pushes;
    OK(qice_match(&result, snapshot, world->firms, NULL, NULL, &error));
    CHECK(qice_result_size(NULL, &pushes, result) == QICE_OK);
    qice_result_destroy(result);
    return pushes;
}

static void learn(struct Moment* moment, const struct World* world, const char* file) {
    qice_snapshot* snapshot;
    size_t i;
    moment->policies = read_in(world->folder, file, &moment->length);
    OK(qice_engine_replace(world->engine, moment->policies, moment->length, &error));
    OK(qice_engine_snapshot(&snapshot, world->engine, &error));
    CHECK(qice_snapshot_policies(&moment->size, snapshot) == QICE_OK);
    for (i = 0; i < ASKED; ++i)
        moment->answers[i] = asked(world, world->answer, world->firm, snapshot, i);
    moment->explanation = explained(world, snapshot);
    moment->pushes = matched(world, snapshot);
    qice_snapshot_destroy(snapshot);
}

static void* ask_on_and_on(void* of) {
    struct Shared* const shared = of;
    const struct World* const world = shared->world;
    qice_answer* answer;
    qice_firm* firm;
    size_t i;
    OK(qice_answer_create(&answer, &error));
    OK(qice_firm_create(&firm, world->schema, &error));
    for (i = 0; !atomic_load(&shared->stop); ++i) {
        const struct Moment* moment;
        qice_snapshot* snapshot;
        uint32_t size;
        char* said;
        OK(qice_engine_snapshot(&snapshot, world->engine, &error));
        CHECK(qice_snapshot_policies(&size, snapshot) == QICE_OK);
        moment = &shared->moments[size != shared->moments[0].size];
        CHECK(size == moment->size);
        said = asked(world, answer, firm, snapshot, i % ASKED);
        CHECK(strcmp(said, moment->answers[i % ASKED]) == 0);
        free(said);
        if (i % 16 == 0) {
            said = explained(world, snapshot);
            CHECK(strcmp(said, moment->explanation) == 0);
            free(said);
            CHECK(matched(world, snapshot) == moment->pushes);
        }
        qice_snapshot_destroy(snapshot);
        atomic_fetch_add(&shared->seen[moment - shared->moments], 1);
        atomic_fetch_add(&shared->questions, 1);
    }
    qice_firm_destroy(firm);
    qice_answer_destroy(answer);
    return NULL;
}

static int seen_both(struct Shared* shared) {
    return atomic_load(&shared->seen[0]) > 0 && atomic_load(&shared->seen[1]) > 0;
}

static void threads(const struct World* world, double seconds) {
    static struct Shared shared;
    pthread_t all[THREADS];
    const struct timespec pause = {0, 50 * 1000 * 1000};
    double begin;
    size_t i;
    int changes_made;
    shared.world = world;
    learn(&shared.moments[0], world, "policies.jsonl");
    learn(&shared.moments[1], world, "others.jsonl");
    CHECK(shared.moments[0].size != shared.moments[1].size);
    fputs("threads begin\n", stderr);
    for (i = 0; i < THREADS; ++i)
        CHECK(pthread_create(&all[i], NULL, ask_on_and_on, &shared) == 0);
    begin = now();
    for (changes_made = 0; changes_made < 8 || now() - begin < seconds || !seen_both(&shared);
         ++changes_made) {
        const struct Moment* const moment = &shared.moments[changes_made % 2];
        OK(qice_engine_replace(world->engine, moment->policies, moment->length, &error));
        nanosleep(&pause, NULL);
    }
    atomic_store(&shared.stop, 1);
    for (i = 0; i < THREADS; ++i)
        CHECK(pthread_join(all[i], NULL) == 0);
    fprintf(stderr, "threads end: %u questions, %d changes\n", atomic_load(&shared.questions),
            changes_made);
    printf("%d threads: every answer was that of its moment\n", THREADS);
    for (i = 0; i < 2 * ASKED; ++i)
        free(shared.moments[i / ASKED].answers[i % ASKED]);
    for (i = 0; i < 2; ++i) {
        free(shared.moments[i].policies);
        free(shared.moments[i].explanation);
    }
}

int main(int argc, char** argv) {
    static struct World world;
    if (argc != 3) return 2;
    open_world(&world, argv[1]);
    if (strcmp(argv[2], "measure") == 0) {
        measure(&world);
    } else {
        load(&world);
        batch(&world, world.firms, 0);
        batch(&world, world.firms, 1);
        singly(&world);
        explain(&world);
        errors(&world);
        changes(&world);
        threads(&world, atof(argv[2]));
    }
    close_world(&world);
    return 0;
}
