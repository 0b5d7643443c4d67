/* What the C programs of the tests share: a program ends at the first thing that is not as it
 * should be, and says what and where. */
#ifndef QICE_CHECKS_H
#define QICE_CHECKS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qice/qice.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);              \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

/* The call, which has `&error` for its last argument, must succeed. */
#define OK(call)                                                                                   \
    do {                                                                                           \
        qice_error* error = NULL;                                                                  \
        if ((call) != QICE_OK) die(__FILE__, __LINE__, #call, error);                              \
    } while (0)

static inline void die(const char* file, int line, const char* what, const qice_error* error) {
    const char* text;
    size_t length;
    qice_error_message(&text, &length, error, 0);
    fprintf(stderr, "%s:%d: %s: code %d: %.*s\n", file, line, what, (int)qice_error_code(error),
            (int)length, text);
    exit(1);
}

/* A whole file, with a NUL behind it; the caller frees it. */
static inline char* read_whole(const char* path, size_t* length) {
    FILE* const file = fopen(path, "rb");
    char* text;
    long size;
    CHECK(file != NULL && fseek(file, 0, SEEK_END) == 0);
    size = ftell(file);
    CHECK(size >= 0 && fseek(file, 0, SEEK_SET) == 0);
    text = malloc((size_t)size + 1);
    CHECK(text != NULL && fread(text, 1, (size_t)size, file) == (size_t)size);
    text[size] = '\0';
    *length = (size_t)size;
    fclose(file);
    return text;
}

#endif
