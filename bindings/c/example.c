/* qice from C: match firms with policies, ask about one firm, say why.
 *
 *   cc -std=c99 example.c $(pkg-config --cflags --libs qice-c) -o example && ./example
 *
 * Everything is in memory here; qice_engine_open and qice_firms_open read files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qice/qice.h>

static const char kPolicies[] =
    "{\"id\": \"TECH-GROWTH\", \"title\": \"Growth of technology firms\", \"priority\": 0.5,\n"
    "  \"rule\": {\"all\": [{\"field\": \"revenue\", \"ge\": \"2000万元\"},\n"
    "                   {\"field\": \"qualifications\", \"has_any\": [\"高新技术企业\"]}]}}";

static const char kFirms[] = "uscc,revenue,qualifications\n"
                             "91441900MA4W000037,2500万元,高新技术企业\n"
                             "91441900MA4W000045,1800万元,高新技术企业\n"
                             "91441900MA4W000053,much,\n";

/* Every call gives a code; what went wrong is an object of ours until it is destroyed. */
static void check(int32_t code, qice_error* error) {
    const char* sentence;
    size_t length;
    if (code == QICE_OK) return;
    qice_error_message(&sentence, &length, error, 0);
    fprintf(stderr, "qice error %d: %.*s\n", (int)code, (int)length, sentence);
    qice_error_destroy(error);
    exit(1);
}

/* All firms, all policies: the pushes as columns in arrays of ours. */
static void match_all(const qice_snapshot* snapshot, const qice_firms* firms) {
    enum { ROOM = 100 };
    uint64_t rows[ROOM], first = 0;
    uint32_t policies[ROOM];
    int64_t scores[ROOM];
    size_t written, i;
    qice_result* result;
    qice_error* error;
    check(qice_match(&result, snapshot, firms, NULL, NULL, &error), error);
    do {
        check(qice_result_read(&written, result, first, ROOM, rows, NULL, NULL, policies, scores,
                               &error),
              error);
        for (i = 0; i < written; ++i) {
            const char *firm, *policy;
            size_t firm_length, policy_length;
            check(qice_firms_id(&firm, &firm_length, firms, rows[i], &error), error);
            check(qice_snapshot_policy_id(&policy, &policy_length, snapshot, policies[i], &error),
                  error);
            printf("push %.*s to %.*s, score %.6f\n", (int)policy_length, policy, (int)firm_length,
                   firm, (double)scores[i] / 1e6);
        }
        first += written;
    } while (written == ROOM);
    qice_result_destroy(result);
}

/* One firm, as a form on a page would have it: what it is near to, and why. */
static void ask_one(const qice_schema* schema, const qice_snapshot* snapshot,
                    const qice_read_options* reading) {
    static const char kFirm[] = "{\"uscc\": \"91441900MA4W000061\", \"revenue\": \"1900万元\", "
                                "\"qualifications\": [\"高新技术企业\"]}";
    qice_error* error;
    qice_firm* firm;
    qice_answer* answer;
    qice_match_options* options;
    qice_text* why;
    const char* text;
    size_t length, near;
    uint32_t policy;
    check(qice_firm_create(&firm, schema, &error), error);
    check(qice_firm_set_json(firm, reading, kFirm, sizeof kFirm - 1, &error), error);
    check(qice_match_options_create(&options, &error), error);
    qice_match_options_set_statuses(options, QICE_ALL_STATUSES);
    check(qice_answer_create(&answer, &error), error);
    check(qice_answer_firm(answer, snapshot, firm, options, &error), error);
    check(qice_answer_read(&near, answer, QICE_NEAR, &policy, NULL, 1, &error), error);
    printf("near: %u\n", (unsigned)near);
    check(qice_explain_firm(&why, snapshot, firm, policy, QICE_ENGLISH, &error), error);
    qice_text_get(&text, &length, why);
    printf("%.*s", (int)length, text);
    qice_text_destroy(why);
    qice_answer_destroy(answer);
    qice_match_options_destroy(options);
    qice_firm_destroy(firm);
}

int main(void) {
    qice_error* error;
    qice_schema* schema;
    qice_engine* engine;
    qice_snapshot* snapshot;
    qice_read_options* reading;
    qice_firms* firms;
    int32_t day;
    uint64_t bad = 0;
    check(qice_day_parse(&day, "2026-06-15", 10, &error), error);
    check(qice_schema_open(&schema, NULL, 0, &error), error); /* the standard one */
    check(qice_engine_open(&engine, schema, day, NULL, NULL, 0, &error), error);
    check(qice_engine_put(engine, kPolicies, sizeof kPolicies - 1, &error), error);
    check(qice_engine_snapshot(&snapshot, engine, &error), error);
    check(qice_read_options_create(&reading, day, &error), error);
    check(qice_firms_read_csv(&firms, schema, reading, kFirms, sizeof kFirms - 1, &error), error);
    qice_firms_bad_count(&bad, NULL, firms);
    printf("qice %s, %u bad value\n", qice_version(), (unsigned)bad);

    match_all(snapshot, firms);
    ask_one(schema, snapshot, reading);

    qice_firms_destroy(firms);
    qice_read_options_destroy(reading);
    qice_snapshot_destroy(snapshot);
    qice_engine_destroy(engine);
    qice_schema_destroy(schema);
    return 0;
}
