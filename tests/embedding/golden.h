/* What golden.c and measure.c share: the world of the golden run. */
#ifndef QICE_GOLDEN_H
#define QICE_GOLDEN_H

#include "../abi/checks.h"

enum { MOST_LINES = 1000 };

static const char kDraft[] =
    "{\"id\": \"DRAFT\", \"title\": \"研发补助\", \"priority\": 0.5, \"rule\": {\"all\": "
    "[{\"field\": "
    "\"revenue\", \"ge\": \"2000万元\"}, {\"field\": \"employees\", \"ge\": 10}]}}";

struct World {
    const char* folder;
    int32_t day;
    qice_schema* schema;
    qice_engine* engine;
    qice_snapshot* snapshot;
    qice_read_options* reading;
    qice_firms* firms;
    qice_match_options* options;
    qice_answer* answer;
    qice_firm* firm;
    char* text; /* of firms.jsonl, cut into lines */
    char* lines[MOST_LINES];
    size_t count;
};

void open_world(struct World* world, const char* folder);
void close_world(struct World* world);
/* A file of the folder, as read_whole() does. */
char* read_in(const char* folder, const char* name, size_t* length);

/* Fills the firm of the world with ten values, by the setters of their kinds. */
void fill_typed(const struct World* world, const char* id);
/* Seconds since some moment. */
double now(void);
/* Prints what calls cost: a name, a figure and a unit a line. */
void measure(struct World* world);

#endif
