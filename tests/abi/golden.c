/* The C interface against the program: writes what the program writes, for check_capi.py to
 * compare.
 *
 *   golden POLICIES FIRMS.csv FIRMS.jsonl DAY OUT
 *
 * OUT/pushes.csv      all firms x all policies, the 5 best of each status, read as columns
 * OUT/singly.csv      the same, firm by firm from the lines of FIRMS.jsonl
 * OUT/rows.csv        the same, from a table made row by row
 * OUT/by_policy.csv   the 5 best firms of each policy
 * OUT/one_policy.csv  the same, policy by policy
 * OUT/explain.json    why the first policy fits the first firm, or not; twice, by row and by firm
 * Then it is refused in every way, and asked by 8 threads while policies come and go. */
#include "checks.h"

#include <pthread.h>
#include <stdatomic.h>

#define CAPACITY 1000
static const char* const kStatus[] = {"eligible", "review", "needs_data", "near"};

/* The call must fail with the code and say a sentence that has the words. */
#define REFUSED(call, wanted, words)                                                               \
    do {                                                                                           \
        qice_error* error = NULL;                                                                  \
        CHECK((call) == (wanted));                                                                 \
        CHECK(qice_error_code(error) == (wanted));                                                 \
        CHECK(says(error, words));                                                                 \
        CHECK(qice_error_destroy(error) == QICE_OK);                                               \
    } while (0)

static int says(const qice_error* error, const char* words) {
    char sentence[1000];
    const char* text;
    size_t length;
    qice_error_message(&text, &length, error, 0);
    snprintf(sentence, sizeof sentence, "%.*s", (int)length, text);
    if (length > 0 && strstr(sentence, words) != NULL) return 1;
    fprintf(stderr, "golden: got: %s\n", sentence);
    return 0;
}

static const char* folder;

static FILE* file_in(const char* name) {
    char path[4096];
    FILE* file;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "wb");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    return file;
}

static void write_row(FILE* out, const char* firm, size_t firm_length, int32_t status,
                      uint32_t rank, const char* policy, size_t policy_length, int64_t score) {
    const char* const sign = score < 0 ? "-" : "";
    const unsigned long long size =
        score < 0 ? 0ull - (unsigned long long)score : (unsigned long long)score;
    fprintf(out, "%.*s,%s,%u,%.*s,%s%llu.%06llu\n", (int)firm_length, firm, kStatus[status],
            (unsigned)rank, (int)policy_length, policy, sign, size / 1000000, size % 1000000);
}

static void write_result(const char* name, const qice_snapshot* snapshot, const qice_firms* firms,
                         const qice_result* result) {
    FILE* const out = file_in(name);
    static uint64_t rows[CAPACITY];
    static int32_t statuses[CAPACITY];
    static uint32_t ranks[CAPACITY], policies[CAPACITY];
    static int64_t scores[CAPACITY];
    uint64_t first = 0, total = 0;
    size_t written, i;
    fputs("firm_id,status,rank,policy_id,score\n", out);
    do {
        OK(qice_result_read(&written, result, first, CAPACITY, rows, statuses, ranks, policies,
                            scores, &error));
        for (i = 0; i < written; ++i) {
            const char *firm, *policy;
            size_t firm_length, policy_length;
            OK(qice_firms_id(&firm, &firm_length, firms, rows[i], &error));
            OK(qice_snapshot_policy_id(&policy, &policy_length, snapshot, policies[i], &error));
            write_row(out, firm, firm_length, statuses[i], ranks[i], policy, policy_length,
                      scores[i]);
        }
        first += written;
    } while (written == CAPACITY);
    CHECK(qice_result_size(NULL, &total, result) == QICE_OK && total == first);
    fclose(out);
}

static void write_answer(FILE* out, const qice_answer* answer, const char* of, size_t of_length,
                         int by_policy) {
    int32_t status;
    for (status = QICE_ELIGIBLE; status <= QICE_NEAR; ++status) {
        size_t count, rank;
        int64_t scores[5];
        OK(qice_answer_read(&count, answer, status, NULL, scores, 5, &error));
        for (rank = 0; rank < count; ++rank) {
            const char* id;
            size_t length;
            int64_t score;
            OK(qice_answer_at(&id, &length, &score, answer, status, rank, &error));
            CHECK(score == scores[rank]);
            if (by_policy)
                write_row(out, id, length, status, (uint32_t)rank + 1, of, of_length, score);
            else
                write_row(out, of, of_length, status, (uint32_t)rank + 1, id, length, score);
        }
    }
}

/* ------------------------------------------------------------------------------- threads */

struct Shared {
    qice_engine* engine;
    const qice_schema* schema;
    const qice_read_options* how;
    char** lines;
    size_t count;
    atomic_int stop;
    atomic_uint questions;
};

static char* asked(qice_answer* answer, const qice_snapshot* snapshot, const qice_firm* firm) {
    qice_text* text;
    const char* bytes;
    size_t length;
    char* copy;
    OK(qice_answer_firm(answer, snapshot, firm, NULL, &error));
    OK(qice_answer_json(&text, answer, &error));
    CHECK(qice_text_get(&bytes, &length, text) == QICE_OK);
    copy = malloc(length + 1);
    CHECK(copy != NULL);
    memcpy(copy, bytes, length);
    copy[length] = '\0';
    qice_text_destroy(text);
    return copy;
}

static void* ask_on_and_on(void* of) {
    struct Shared* const shared = of;
    qice_answer* answer;
    qice_firm* firm;
    size_t i = 0;
    OK(qice_answer_create(&answer, &error));
    OK(qice_firm_create(&firm, shared->schema, &error));
    while (!atomic_load(&shared->stop)) {
        qice_snapshot* snapshot;
        char *first, *second;
        const char* const line = shared->lines[i++ % shared->count];
        OK(qice_engine_snapshot(&snapshot, shared->engine, &error));
        OK(qice_firm_set_json(firm, shared->how, line, strlen(line), &error));
        first = asked(answer, snapshot, firm);
        second = asked(answer, snapshot, firm);
        CHECK(strcmp(first, second) == 0); /* one moment, one answer */
        free(first);
        free(second);
        qice_snapshot_destroy(snapshot);
        atomic_fetch_add(&shared->questions, 1);
    }
    qice_firm_destroy(firm);
    qice_answer_destroy(answer);
    return NULL;
}

static void change_under_threads(struct Shared* shared, const char* policies) {
    static const char kNew[] =
        "{\"id\":\"GOLDEN-1\",\"title\":\"x\",\"rule\":{\"all\":[]},\"priority\":0.5}\n"
        "{\"id\":\"GOLDEN-2\",\"title\":\"y\",\"rule\":{\"always\":true}}\n";
    pthread_t threads[8];
    qice_snapshot* snapshot;
    uint32_t before, after;
    int32_t removed;
    int i;
    OK(qice_engine_snapshot(&snapshot, shared->engine, &error));
    CHECK(qice_snapshot_policies(&before, snapshot) == QICE_OK);
    qice_snapshot_destroy(snapshot);
    for (i = 0; i < 8; ++i)
        CHECK(pthread_create(&threads[i], NULL, ask_on_and_on, shared) == 0);
    for (i = 0; i < 20; ++i) {
        OK(qice_engine_put(shared->engine, kNew, sizeof kNew - 1, &error));
        OK(qice_engine_snapshot(&snapshot, shared->engine, &error));
        CHECK(qice_snapshot_policies(&after, snapshot) == QICE_OK && after == before + 2);
        qice_snapshot_destroy(snapshot);
        if (i % 5 == 0) OK(qice_engine_reload(shared->engine, policies, strlen(policies), &error));
        OK(qice_engine_remove(&removed, shared->engine, "GOLDEN-1", 8, &error));
        CHECK(removed == (i % 5 != 0));
        OK(qice_engine_remove(&removed, shared->engine, "GOLDEN-2", 8, &error));
    }
    while (atomic_load(&shared->questions) < 8) {
    }
    atomic_store(&shared->stop, 1);
    for (i = 0; i < 8; ++i)
        CHECK(pthread_join(threads[i], NULL) == 0);
    OK(qice_engine_snapshot(&snapshot, shared->engine, &error));
    CHECK(qice_snapshot_policies(&after, snapshot) == QICE_OK && after == before);
    qice_snapshot_destroy(snapshot);
}

/* Policies of which every change leaves some out: how many is in the fault's sentence of each. */
struct Changer {
    qice_engine* engine;
    int number;
};

/* Each thread is told what its own change left out, and the list of the engine is that of a change.
 */
static void* change_on_and_on(void* of) {
    const struct Changer* const changer = of;
    char json[400], wrong[40];
    int i, kept;
    snprintf(wrong, sizeof wrong, "wrong_%d", changer->number);
    kept = snprintf(json, sizeof json,
                    "{\"id\":\"GOOD-%d\",\"title\":\"g\",\"rule\":{\"always\":true}}\n"
                    "{\"id\":\"BAD\",\"title\":\"b\",\"rule\":{\"field\":\"%s\",\"ge\":1}}\n",
                    changer->number, wrong);
    for (i = 0; i < 60; ++i) {
        qice_error *mine, *last;
        OK(qice_engine_change(&mine, changer->engine, i % 3 == 0 ? QICE_REPLACE : QICE_PUT, json,
                              (size_t)kept, &error));
        CHECK(qice_error_count(mine) == 1 && says(mine, wrong));
        CHECK(qice_error_destroy(mine) == QICE_OK);
        OK(qice_engine_skipped(&last, changer->engine, &error));
        CHECK(qice_error_count(last) == 1 && says(last, "wrong_"));
        CHECK(qice_error_destroy(last) == QICE_OK);
    }
    return NULL;
}

static void tell_each_thread_its_own(const qice_schema* schema, int32_t day) {
    static const char kEmpty[] = "[]", kBad[] = "{\"id\":\"A\",\"rule\":3}";
    struct Changer changers[4];
    pthread_t threads[4];
    qice_engine_options* options;
    qice_engine* engine;
    qice_error* skipped = NULL;
    int i;
    OK(qice_engine_options_create(&options, &error));
    CHECK(qice_engine_options_set_skip_bad_policies(options, 1) == QICE_OK);
    OK(qice_engine_open(&engine, schema, day, options, NULL, 0, &error));
    OK(qice_engine_options_destroy(options));
    for (i = 0; i < 4; ++i) {
        changers[i].engine = engine;
        changers[i].number = i;
        CHECK(pthread_create(&threads[i], NULL, change_on_and_on, &changers[i]) == 0);
    }
    for (i = 0; i < 4; ++i)
        CHECK(pthread_join(threads[i], NULL) == 0);
    REFUSED(qice_engine_change(NULL, engine, QICE_PUT, kEmpty, 2, &error), QICE_BAD_ARGUMENT,
            "skipped is NULL");
    REFUSED(qice_engine_change(&skipped, engine, 3, kEmpty, 2, &error), QICE_USAGE, "3");
    REFUSED(qice_engine_change(&skipped, engine, QICE_RELOAD, "/no/such", 8, &error),
            QICE_INVALID_INPUT, "");
    CHECK(skipped == NULL);
    OK(qice_engine_skipped(&skipped, engine, &error));
    CHECK(qice_error_count(skipped) == 1); /* what failed left the list as it was */
    qice_error_destroy(skipped);
    OK(qice_engine_change(&skipped, engine, QICE_REPLACE, kBad, sizeof kBad - 1, &error));
    CHECK(qice_error_code(skipped) == QICE_INVALID_INPUT && qice_error_count(skipped) == 1);
    qice_error_destroy(skipped);
    OK(qice_engine_change(&skipped, engine, QICE_PUT, kEmpty, 2, &error));
    CHECK(skipped == NULL);
    OK(qice_engine_skipped(&skipped, engine, &error));
    CHECK(skipped == NULL);
    qice_engine_destroy(engine);
}

/* ------------------------------------------------------------------------------ refusals */

/* The setter must fail, and the options must say why, with the words. */
#define SETTER_REFUSED(kind, call, words)                                                          \
    do {                                                                                           \
        qice_error* why = NULL;                                                                    \
        CHECK((call) == QICE_BAD_ARGUMENT);                                                        \
        OK(qice_##kind##_options_refused(&why, kind, &error));                                     \
        CHECK(qice_error_code(why) == QICE_BAD_ARGUMENT);                                          \
        CHECK(says(why, words));                                                                   \
        CHECK(qice_error_destroy(why) == QICE_OK);                                                 \
    } while (0)

static void settings_be_refused(void) {
    qice_engine_options* engine;
    qice_read_options* read;
    qice_match_options* match;
    qice_error* why = (qice_error*)1;
    int32_t code;
    OK(qice_engine_options_create(&engine, &error));
    OK(qice_read_options_create(&read, 20000, &error));
    OK(qice_match_options_create(&match, &error));
    OK(qice_match_options_refused(&why, match, &error));
    CHECK(why == NULL);
    SETTER_REFUSED(match, qice_match_options_set_top(match, 0), "top is at least 1, not 0");
    SETTER_REFUSED(match, qice_match_options_set_statuses(match, 99), "99");
    SETTER_REFUSED(match, qice_match_options_set_threads(match, 1025), "1 to 1024, not 1025");
    CHECK(qice_match_options_set_top(match, 5) == QICE_OK);
    OK(qice_match_options_refused(&why, match, &error));
    CHECK(says(why, "threads")); /* the last that was refused stays */
    CHECK(qice_error_destroy(why) == QICE_OK);
    SETTER_REFUSED(read, qice_read_options_set_threads(read, 0), "1 to 1024, not 0");
    SETTER_REFUSED(engine, qice_engine_options_set_urgency(engine, 1, -1), "1 and -1");
    SETTER_REFUSED(engine, qice_engine_options_set_limits(engine, 251, 1), "250, not 251");
    SETTER_REFUSED(engine, qice_engine_options_set_limits(engine, 9, 0), "not 0");
    REFUSED(qice_match_options_refused(NULL, match, &error), QICE_BAD_ARGUMENT, "out is NULL");
    REFUSED(qice_read_options_refused(&why, NULL, &error), QICE_BAD_HANDLE, "options is NULL");
    CHECK(why == NULL);
    qice_match_options_destroy(match);
    CHECK(qice_match_options_set_top(match, 5) == QICE_BAD_HANDLE);
    REFUSED(qice_match_options_refused(&why, match, &error), QICE_BAD_HANDLE, "options");
    qice_read_options_destroy(read);
    qice_engine_options_destroy(engine);
    for (code = -1; code < 101; ++code) /* every code has words, and each its own */
        CHECK((strcmp(qice_code_sentence(code), qice_code_sentence(-1)) != 0) ==
              ((code >= QICE_OK && code <= QICE_BUFFER_TOO_SMALL) || code == QICE_INTERNAL));
    CHECK(strstr(qice_code_sentence(QICE_BAD_HANDLE), "handle") != NULL);
}

static void be_refused(const qice_schema* schema, qice_engine* engine,
                       const qice_snapshot* snapshot, const qice_firms* firms,
                       const qice_read_options* how) {
    static const char kBad[] = "[{\"id\":\"A\",\"title\":\"t\",\"rule\":{\"field\":\"revenue\",\n"
                               "\"ge\":\"high\"}},{\"id\":\"B\",\"rule\":3}]";
    qice_schema* none = (qice_schema*)1;
    qice_answer* answer;
    qice_firm* firm;
    qice_control* control;
    qice_result* result = NULL;
    qice_firms* bad;
    qice_error* error = NULL;
    qice_text* text = NULL;
    qice_read_options* late;
    const char* words;
    size_t length, count;
    uint32_t field, line, column, policies;
    uint64_t entries, aside;
    REFUSED(qice_schema_open(&none, "/no/such", 8, &error), QICE_INVALID_INPUT, "");
    CHECK(none == NULL);
    REFUSED(qice_schema_open(NULL, "", 0, &error), QICE_BAD_ARGUMENT, "out");
    REFUSED(qice_engine_put(NULL, "", 0, &error), QICE_BAD_HANDLE, "engine is NULL");
    REFUSED(qice_engine_put((qice_engine*)firms, "[]", 2, &error), QICE_BAD_HANDLE, "engine");
    REFUSED(qice_schema_find(&field, schema, "revenu", 6, &error), QICE_USAGE, "revenue");
    REFUSED(qice_schema_find(&field, schema, "\xff\xfe", 2, &error), QICE_BAD_ARGUMENT, "UTF-8");
    REFUSED(qice_schema_find(&field, schema, NULL, 2, &error), QICE_BAD_ARGUMENT, "NULL");
    REFUSED(qice_schema_field_name(&words, &length, schema, 9999, &error), QICE_USAGE, "9999");
    CHECK(qice_engine_put(engine, kBad, sizeof kBad - 1, &error) == QICE_INVALID_INPUT);
    CHECK(qice_error_count(error) == 2);
    qice_error_place(&words, &length, &line, &column, error, 0);
    CHECK(length == 8 && memcmp(words, "policies", 8) == 0 && line == 2 && column > 1);
    qice_error_message(&words, &length, error, 2);
    CHECK(length == 0);
    CHECK(qice_error_destroy(error) == QICE_OK);
    CHECK(qice_error_destroy(error) == QICE_BAD_HANDLE);
    CHECK(qice_error_code(error) == QICE_BAD_HANDLE);
    CHECK(qice_error_destroy(NULL) == QICE_OK);

    OK(qice_answer_create(&answer, &error));
    OK(qice_firm_create(&firm, schema, &error));
    CHECK(qice_answer_read(&count, answer, QICE_ELIGIBLE, NULL, NULL, 0, NULL) == QICE_OK);
    CHECK(count == 0);
    REFUSED(qice_answer_read(&count, answer, 4, NULL, NULL, 0, &error), QICE_USAGE, "status");
    REFUSED(qice_firm_set_json(firm, how, "[1", 2, &error), QICE_INVALID_INPUT, "");
    REFUSED(qice_firm_set_json(firm, how, "{\"revenu\":1}", 12, &error), QICE_INVALID_INPUT,
            "revenue");
    OK(qice_schema_find(&field, schema, "revenue", 7, &error));
    REFUSED(qice_firm_set_text(firm, field, "many", 4, &error), QICE_INVALID_INPUT, "many");
    REFUSED(qice_firm_set_number(firm, field, 1, 9, &error), QICE_INVALID_INPUT, "decimals");
    REFUSED(qice_firm_set_flag(firm, field, 1, &error), QICE_USAGE, "flag");
    OK(qice_firm_set_json(firm, how, "{\"revenue\":\"many\"}", 18, &error));
    CHECK(qice_firm_bad_count(&count, firm) == QICE_OK && count == 1);
    OK(qice_firm_bad(&words, &length, NULL, NULL, NULL, NULL, firm, 0, &error));
    CHECK(length == 7 && memcmp(words, "revenue", 7) == 0);
    REFUSED(qice_firm_bad(&words, &length, NULL, NULL, NULL, NULL, firm, 1, &error), QICE_USAGE,
            "entry 1");
    CHECK(length == 0);
    REFUSED(qice_answer_read(&count, answer, -1, NULL, NULL, 0, &error), QICE_USAGE, "status -1");
    CHECK(qice_snapshot_policies(&policies, snapshot) == QICE_OK);
    REFUSED(qice_explain_firm(&text, snapshot, firm, policies, QICE_JSON, &error), QICE_USAGE, "");
    REFUSED(qice_explain_firm(&text, snapshot, firm, 0, 7, &error), QICE_USAGE, "form");
    CHECK(text == NULL);
    REFUSED(qice_answer_draft(answer, snapshot, firms, "{\"id\":1}", 8, NULL, &error),
            QICE_INVALID_INPUT, "");
    REFUSED(qice_answer_policy(answer, snapshot, firms, policies, NULL, &error), QICE_USAGE, "");

    OK(qice_control_create(&control, &error));
    CHECK(qice_control_cancel(control) == QICE_OK);
    REFUSED(qice_match(&result, snapshot, firms, NULL, control, &error), QICE_CANCELLED, "cancel");
    CHECK(result == NULL && qice_control_destroy(control) == QICE_OK);
    CHECK(qice_control_destroy(control) == QICE_BAD_HANDLE);
    CHECK(qice_control_cancel(control) == QICE_BAD_HANDLE);

    OK(qice_read_options_create(&late, 20000, &error));
    OK(qice_firms_read_csv(&bad, schema, late, "uscc,revenue\nA,x\nA,1\n,2\n", 24, &error));
    CHECK(qice_firms_bad_count(&entries, &aside, bad) == QICE_OK && entries == 3 && aside == 2);
    {
        uint64_t at;
        OK(qice_firms_bad(&at, NULL, NULL, NULL, NULL, NULL, NULL, &words, &length, bad, 1,
                          &error));
        CHECK(at == 3 && length > 0);
    }
    REFUSED(qice_match(&result, snapshot, bad, NULL, NULL, &error), QICE_USAGE, "2024-10-04");
    CHECK(qice_firms_destroy(bad) == QICE_OK);
    REFUSED(qice_firms_open(&bad, schema, late, "-", 1, &error), QICE_BAD_ARGUMENT, "input");
    CHECK(bad == NULL && qice_read_options_destroy(late) == QICE_OK);
    REFUSED(qice_read_options_create(&late, 99999999, &error), QICE_BAD_ARGUMENT, "years");
    qice_firm_destroy(firm);
    CHECK(qice_firm_clear(firm) == QICE_BAD_HANDLE);
    qice_answer_destroy(answer);
}

/* ---------------------------------------------------------------------------------- main */

int main(int argc, char** argv) {
    qice_schema* schema;
    qice_engine* engine;
    qice_snapshot* snapshot;
    qice_read_options* how;
    qice_firms *firms, *table;
    qice_match_options* options;
    qice_result* result;
    qice_answer* answer;
    qice_firm* firm;
    qice_rows* rows;
    qice_text *by_row, *by_firm;
    int32_t day;
    uint32_t policy, policies;
    char *lines, *line, *rest = NULL;
    static char* all[100000];
    size_t length, count = 0, i;
    FILE* out;
    if (argc != 6) return 2;
    folder = argv[5];
    CHECK(qice_abi_version() == QICE_ABI_VERSION && strlen(qice_version()) > 0);
    OK(qice_day_parse(&day, argv[4], strlen(argv[4]), &error));
    OK(qice_schema_open(&schema, NULL, 0, &error));
    OK(qice_engine_open(&engine, schema, day, NULL, argv[1], strlen(argv[1]), &error));
    OK(qice_engine_snapshot(&snapshot, engine, &error));
    OK(qice_read_options_create(&how, day, &error));
    OK(qice_firms_open(&firms, schema, how, argv[2], strlen(argv[2]), &error));
    OK(qice_match_options_create(&options, &error));
    CHECK(qice_match_options_set_top(options, 5) == QICE_OK);
    CHECK(qice_match_options_set_statuses(options, QICE_ALL_STATUSES) == QICE_OK);
    CHECK(qice_match_options_set_threads(options, 2) == QICE_OK);

    OK(qice_match(&result, snapshot, firms, options, NULL, &error));
    write_result("pushes.csv", snapshot, firms, result);
    qice_result_destroy(result);

    OK(qice_answer_create(&answer, &error));
    OK(qice_firm_create(&firm, schema, &error));
    OK(qice_rows_create(&rows, schema, how, &error));
    lines = read_whole(argv[3], &length);
    out = file_in("singly.csv");
    fputs("firm_id,status,rank,policy_id,score\n", out);
    for (line = strtok_r(lines, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        const char* id;
        size_t id_length;
        OK(qice_firm_set_json(firm, how, line, strlen(line), &error));
        OK(qice_answer_firm(answer, snapshot, firm, options, &error));
        OK(qice_firms_id(&id, &id_length, firms, count, &error));
        write_answer(out, answer, id, id_length, 0);
        OK(qice_rows_add(rows, firm, &error));
        CHECK(count < sizeof all / sizeof *all);
        all[count++] = line;
    }
    fclose(out);
    OK(qice_rows_finish(&table, rows, &error));
    qice_rows_destroy(rows);
    OK(qice_match(&result, snapshot, table, options, NULL, &error));
    write_result("rows.csv", snapshot, table, result);
    qice_result_destroy(result);
    qice_firms_destroy(table);

    CHECK(qice_match_options_set_by_policy(options, 1) == QICE_OK);
    OK(qice_match(&result, snapshot, firms, options, NULL, &error));
    write_result("by_policy.csv", snapshot, firms, result);
    qice_result_destroy(result);
    out = file_in("one_policy.csv");
    fputs("firm_id,status,rank,policy_id,score\n", out);
    CHECK(qice_snapshot_policies(&policies, snapshot) == QICE_OK);
    for (policy = 0; policy < policies; ++policy) {
        const char* id;
        OK(qice_snapshot_policy_id(&id, &length, snapshot, policy, &error));
        OK(qice_answer_policy(answer, snapshot, firms, policy, options, &error));
        write_answer(out, answer, id, length, 1);
    }
    fclose(out);

    OK(qice_firm_set_json(firm, how, all[0], strlen(all[0]), &error));
    OK(qice_explain_row(&by_row, snapshot, firms, 0, 0, QICE_JSON, &error));
    OK(qice_explain_firm(&by_firm, snapshot, firm, 0, QICE_JSON, &error));
    out = file_in("explain.json");
    for (i = 0; i < 2; ++i) {
        const char* text;
        CHECK(qice_text_get(&text, &length, i == 0 ? by_row : by_firm) == QICE_OK);
        fprintf(out, "%.*s\n", (int)length, text);
    }
    fclose(out);
    qice_text_destroy(by_row);
    qice_text_destroy(by_firm);

    be_refused(schema, engine, snapshot, firms, how);
    settings_be_refused();
    tell_each_thread_its_own(schema, day);
    {
        struct Shared shared = {engine, schema, how, all, count, 0, 0};
        change_under_threads(&shared, argv[1]);
    }
    free(lines);
    qice_firm_destroy(firm);
    qice_answer_destroy(answer);
    qice_match_options_destroy(options);
    qice_firms_destroy(firms);
    qice_read_options_destroy(how);
    qice_snapshot_destroy(snapshot);
    CHECK(qice_engine_destroy(engine) == QICE_OK);
    CHECK(qice_engine_destroy(engine) == QICE_BAD_HANDLE);
    qice_schema_destroy(schema);
    puts("golden: all as it should be");
    return 0;
}
