/* qice.h: the C interface of qice, which matches government support policies to firms.
 *
 * This header is the manual. docs/capi.md has a tour; a whole program is in bindings/c/example.c.
 *
 * CONVENTIONS
 *
 *  1. Handles. Every object is an opaque handle, made by a function whose name ends in _create,
 *     _open, _read_... or the like, and given back with the _destroy function of its type.
 *     Destroying NULL is allowed and does nothing. A handle that was destroyed, or is of another
 *     type, is refused with QICE_BAD_HANDLE as long as its place was not given to a new handle.
 *  2. Status. Functions that can fail return an int32_t: QICE_OK, which is 0, or one of the codes
 *     below. On a failure out parameters are NULL or 0, and whatever was there before the call is
 *     as it was.
 *  3. Errors are values. The last parameter `error` may be NULL. After a failure *error is an error
 *     that the caller owns (qice_error_destroy) and may hand to any thread; after a success it is
 *     NULL. Nothing about errors is kept in the library. A function without `error` is refused for
 *     what it was given alone: setters of options keep the sentence in the options
 *     (qice_match_options_refused ...), and qice_code_sentence has one for every code.
 *  4. Out parameters come first, then what the function works on, then `error`.
 *  5. Texts are UTF-8, given as pointer and number of bytes; NUL is not needed and means nothing.
 *     A text of 0 bytes may be NULL. What is not UTF-8 is refused. A path is whatever bytes the
 *     system takes for one, without a NUL.
 *  6. Texts that a function gives out (const char** and size_t*) are not NUL-terminated. They
 *     belong to the handle they were asked of and live until it is destroyed or changed.
 *  7. Numbers. Fixed-width integers, double nowhere. A day is an int32_t: days since 1970-01-01. A
 *     score is an int64_t: millionths. Amounts are whole numbers and a count of decimals.
 *  8. The day at which everything is judged (as-of) is always given; the clock is never asked.
 *  9. Threads. Handles fall in two kinds. SHARED ones are immutable or guard themselves: any number
 *     of threads may use one at the same time. OWN ones are for one thread at a time. Destroy a
 *     handle when no other thread is in a call with it. No function keeps a thread-local state.
 * 10. Lifetimes. A handle keeps alive what it was made of: a schema may be destroyed as soon as an
 *     engine was opened with it, a snapshot as soon as a result was made from it.
 * 11. Nothing passes but the return value: no exception, abort, signal handler, locale, environment
 *     or print. Want of memory, wherever it comes, is QICE_OUT_OF_MEMORY, and every handle stays
 *     usable unless its function says otherwise. No function needs a callback.
 * 12. Threads of the library's own run within a call that was given more than one thread, and to
 *     put the policies of an engine in order after many changes. Where the system refuses one, the
 *     others do its work. A process that forks does so before it opens an engine.
 * 13. Options are set one by one on a handle of their own. NULL in place of options, where the
 *     function allows it, means the usual ones.
 * 14. The interface only grows. "Since" is the number of the interface (QICE_ABI_VERSION) that first
 *     had a function; a program that needs one asks qice_abi_version() first.
 *
 * Words: a firm has values for the fields of a schema, or lacks them; a policy has a rule; for each
 * pair there is a status (QICE_ELIGIBLE ...) or none; within a firm and a status policies are ranked
 * by score descending, then id ascending.
 */
#ifndef QICE_QICE_H
#define QICE_QICE_H

#include <stddef.h>
#include <stdint.h>

#include "qice/arrow_abi.h" /* ArrowArrayStream, unless it is defined already */

#if defined(QICE_BUILDING_CAPI) || defined(__GNUC__)
#define QICE_API __attribute__((visibility("default")))
#else
#define QICE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------ constants */
#define QICE_ABI_VERSION 2

/* Codes that functions return. */
#define QICE_OK 0
#define QICE_USAGE 1            /* asked for what does not exist or does not fit together */
#define QICE_INVALID_INPUT 2    /* a file is not there, or it, a policy or a value is wrong */
#define QICE_IO 3               /* an Arrow stream gave an error in place of its data */
#define QICE_LIMIT 4            /* a documented limit was passed */
#define QICE_CANCELLED 5        /* qice_control_cancel was called */
#define QICE_OUT_OF_MEMORY 6    /* there was not enough memory; nothing was changed */
#define QICE_BAD_HANDLE 7       /* NULL, destroyed, or a handle of another type */
#define QICE_BAD_ARGUMENT 8     /* a NULL that may not be, a number out of range, not UTF-8 */
#define QICE_BUFFER_TOO_SMALL 9 /* the first part was written; the size needed was told */
#define QICE_INTERNAL 99        /* a fault of qice; please report the message */

/* Statuses of a pair, best first. */
#define QICE_ELIGIBLE 0
#define QICE_REVIEW 1     /* a person has to confirm something */
#define QICE_NEEDS_DATA 2 /* could be eligible, but facts are missing */
#define QICE_NEAR 3       /* one condition away */
#define QICE_INELIGIBLE 4

/* Sets of statuses: a bit each. */
#define QICE_STATUS_BIT(status) (1u << (status))
#define QICE_ELIGIBLE_AND_REVIEW 3u /* the usual one */
#define QICE_ALL_STATUSES 15u

/* Kinds of fields. */
#define QICE_NUMBER 0
#define QICE_DATE 1
#define QICE_FLAG 2
#define QICE_CATEGORY 3
#define QICE_CODE 4
#define QICE_SET 5
#define QICE_TAGS 6
#define QICE_TEXT 7

/* Life cycles of a policy on a day. */
#define QICE_OPEN 0
#define QICE_DRAFT 1
#define QICE_WITHDRAWN 2
#define QICE_NOT_IN_FORCE 3
#define QICE_SUPERSEDED 4
#define QICE_CLOSED 5

/* Forms of a text. */
#define QICE_JSON 0
#define QICE_CHINESE 1
#define QICE_ENGLISH 2

/* Ways to change an engine: as qice_engine_put, _replace and _reload do. */
#define QICE_PUT 0
#define QICE_REPLACE 1
#define QICE_RELOAD 2

#define QICE_NO_LIMIT UINT32_MAX
#define QICE_FOREVER INT32_MAX /* an element of a set without a last valid day */

/* -------------------------------------------------------------------------------- handles */
typedef struct qice_error qice_error;                   /* SHARED: why a call failed */
typedef struct qice_text qice_text;                     /* SHARED: a text that was made */
typedef struct qice_schema qice_schema;                 /* SHARED: which fields a firm has */
typedef struct qice_engine_options qice_engine_options; /* OWN */
typedef struct qice_engine qice_engine;                 /* SHARED: policies that come and go */
typedef struct qice_snapshot qice_snapshot;             /* SHARED: the policies of one moment */
typedef struct qice_read_options qice_read_options;     /* OWN */
typedef struct qice_firms qice_firms;                   /* SHARED: a table of firms */
typedef struct qice_firm qice_firm;                     /* OWN: one firm, value by value */
typedef struct qice_rows qice_rows;                     /* OWN: firms on their way into a table */
typedef struct qice_match_options qice_match_options;   /* OWN */
typedef struct qice_control qice_control;               /* SHARED: progress and cancelling */
typedef struct qice_result qice_result;                 /* SHARED: all firms x all policies */
typedef struct qice_answer qice_answer;                 /* OWN: one firm's policies, or one
                                                           policy's firms; used again and again */

/* --------------------------------------------------------------------------------- version */
/* The version of the library, like "0.1.0": a C string that lives for ever.
 * Threads: any. Fails: never. Since 1. */
QICE_API const char* qice_version(void);
/* The QICE_ABI_VERSION that the library was built with: what it can do, whatever header the program
 * was compiled with. Threads: any. Fails: never. Since 1. */
QICE_API uint32_t qice_abi_version(void);
/* The folder in which the library looks for its own data (the standard schema, code lists), made as
 * a new text that the caller owns. Threads: any. Fails: QICE_OUT_OF_MEMORY. Since 1. */
QICE_API int32_t qice_data_directory(qice_text** out, qice_error** error);

/* ---------------------------------------------------------------------------------- errors */
/* What a code, or any other number, means: a C string in English that lives for ever. Threads: any.
 * Fails: never. Since 2. */
QICE_API const char* qice_code_sentence(int32_t code);
/* The code that the function returned. QICE_BAD_HANDLE for no error. Threads: any. Since 1. */
QICE_API int32_t qice_error_code(const qice_error* error);
/* How many faults there are: 1, or as many as there are wrong policies. 0 for no error.
 * Threads: any. Since 1. */
QICE_API size_t qice_error_count(const qice_error* error);
/* The sentence of a fault, without its place. An empty text for one that is not there. The text
 * belongs to the error. Threads: any. Since 1. */
QICE_API void qice_error_message(const char** text, size_t* length, const qice_error* error,
                                 size_t index);
/* Where a fault was found: the file (empty if not known), line and column from 1 (0 if not known);
 * columns count characters. Any out parameter may be NULL. Threads: any. Since 1. */
QICE_API void qice_error_place(const char** file, size_t* length, uint32_t* line, uint32_t* column,
                               const qice_error* error, size_t index);
/* QICE_OK, or QICE_BAD_HANDLE for a handle that is no error (any more). Since 1. */
QICE_API int32_t qice_error_destroy(qice_error* error);

/* ----------------------------------------------------------------------------------- texts */
/* The bytes of a text; they belong to it. Threads: any. Fails: QICE_BAD_HANDLE. Since 1. */
QICE_API int32_t qice_text_get(const char** text, size_t* length, const qice_text* of);
/* QICE_OK or QICE_BAD_HANDLE. Since 1. */
QICE_API int32_t qice_text_destroy(qice_text* text);

/* ------------------------------------------------------------------------------------ days */
/* Reads 2026-11-23, 2026/11/23 or 20261123. Threads: any. Fails: QICE_INVALID_INPUT. Since 1. */
QICE_API int32_t qice_day_parse(int32_t* day, const char* text, size_t length, qice_error** error);
/* Writes 10 characters and a NUL, like 2026-11-23, into a buffer of at least 11 bytes.
 * Threads: any. Fails: QICE_BAD_ARGUMENT for a day outside the years 1 to 9999. Since 1. */
QICE_API int32_t qice_day_format(char* buffer, int32_t day);

/* ---------------------------------------------------------------------------------- schema */
/* Reads a schema from a file. A path of 0 bytes means the standard schema that comes with qice. The
 * caller owns *out. Threads: any. Fails: QICE_INVALID_INPUT with file, line and column. Since 1. */
QICE_API int32_t qice_schema_open(qice_schema** out, const char* path, size_t length,
                                  qice_error** error);
/* The same from memory. `file` stands for the text in errors, and code lists with relative names are
 * looked for in its folder; it may be empty. The text is not kept. Since 1. */
QICE_API int32_t qice_schema_parse(qice_schema** out, const char* json, size_t length,
                                   const char* file, size_t file_length, qice_error** error);
/* How many fields there are; they are numbered from 0 in the order of the file. Threads: any.
 * Fails: QICE_BAD_HANDLE. Since 1. */
QICE_API int32_t qice_schema_fields(uint32_t* count, const qice_schema* schema);
/* The number of a field. Threads: any. Fails: QICE_USAGE if there is none. Since 1. */
QICE_API int32_t qice_schema_find(uint32_t* field, const qice_schema* schema, const char* name,
                                  size_t length, qice_error** error);
/* A field's name, which belongs to the schema. Threads: any. Fails: QICE_USAGE. Since 1. */
QICE_API int32_t qice_schema_field_name(const char** name, size_t* length,
                                        const qice_schema* schema, uint32_t field,
                                        qice_error** error);
/* A field's kind (QICE_NUMBER ...), the decimals of a number, and 1 if it is derived from others and
 * cannot be set. Any out parameter may be NULL. Threads: any. Fails: QICE_USAGE. Since 1. */
QICE_API int32_t qice_schema_field_kind(int32_t* kind, int32_t* decimals, int32_t* derived,
                                        const qice_schema* schema, uint32_t field,
                                        qice_error** error);
/* QICE_OK or QICE_BAD_HANDLE. Since 1. */
QICE_API int32_t qice_schema_destroy(qice_schema* schema);

/* ---------------------------------------------------------------------------------- engine */
/* Options of an engine, all as usual: closed policies are left out, no urgency, a wrong policy is an
 * error. The caller owns *out. Fails: QICE_OUT_OF_MEMORY. Since 1. */
QICE_API int32_t qice_engine_options_create(qice_engine_options** out, qice_error** error);
/* 1: also match policies that are closed, draft, superseded ... Fails: QICE_BAD_HANDLE. Since 1. */
QICE_API int32_t qice_engine_options_set_include_closed(qice_engine_options* options, int32_t on);
/* Raise policies whose window closes within `days` days: weight (millionths) x (days - days left) /
 * days. 0 days: off. Fails: QICE_BAD_ARGUMENT beyond 10^12 or 10^6. Since 1. */
QICE_API int32_t qice_engine_options_set_urgency(qice_engine_options* options, int64_t weight,
                                                 int64_t days);
/* 1: leave wrong policies out in place of failing; qice_engine_skipped tells which. Since 1. */
QICE_API int32_t qice_engine_options_set_skip_bad_policies(qice_engine_options* options,
                                                           int32_t on);
/* How deep a rule may be nested (usually 64, at most 250) and how many conditions the policies that
 * come at once may have (usually 1,000,000). Fails: QICE_BAD_ARGUMENT. Since 1. */
QICE_API int32_t qice_engine_options_set_limits(qice_engine_options* options, uint32_t depth,
                                                uint64_t conditions);
/* Why a setter of these options refused what it was given, the last one that did, as a new error
 * that the caller owns; *out is NULL if none did. Fails: QICE_BAD_HANDLE. Since 2. */
QICE_API int32_t qice_engine_options_refused(qice_error** out, const qice_engine_options* options,
                                             qice_error** error);
/* QICE_OK or QICE_BAD_HANDLE. Since 1. */
QICE_API int32_t qice_engine_options_destroy(qice_engine_options* options);

/* An engine over the policies of a .json file, a .jsonl file or a folder of them, judged as of a
 * day. A path of 0 bytes: an engine without policies. `options` may be NULL and is not kept. The
 * caller owns *out. Threads: any. Fails: QICE_LIMIT, QICE_INVALID_INPUT; the error has every wrong
 * policy with its place. Costs reading and compiling, about 50 microseconds a policy. Since 1. */
QICE_API int32_t qice_engine_open(qice_engine** out, const qice_schema* schema, int32_t as_of,
                                  const qice_engine_options* options, const char* path,
                                  size_t length, qice_error** error);

/* Puts policies from memory: one as a JSON object, or several as a JSON array or as JSON Lines. Each
 * is added, or takes the place of the one with its id, all at the same moment or none. Questions
 * that are being answered go on with the snapshot they have. The text is not kept. Threads: any; one
 * change at a time, others wait. Fails: as qice_engine_open. Costs a millisecond for one, ten for a
 * hundred that come at once, and from some hundred on as much as qice_engine_open. Since 1. */
QICE_API int32_t qice_engine_put(qice_engine* engine, const char* json, size_t length,
                                 qice_error** error);
/* Takes all policies from memory in place of those there are. As qice_engine_put. Since 1. */
QICE_API int32_t qice_engine_replace(qice_engine* engine, const char* json, size_t length,
                                     qice_error** error);
/* Takes all policies from a file or folder in place of those there are. Since 1. */
QICE_API int32_t qice_engine_reload(qice_engine* engine, const char* path, size_t length,
                                    qice_error** error);

/* Put, replace or reload (`how` is QICE_PUT ...; `text` is JSON, or for QICE_RELOAD a path), and
 * what this call left out, whatever other threads change meanwhile: *skipped is a new error that
 * the caller owns, or NULL if nothing was left out. Threads, costs: as qice_engine_put. Fails as
 * that, and QICE_USAGE for another `how`. Since 2. */
QICE_API int32_t qice_engine_change(qice_error** skipped, qice_engine* engine, int32_t how,
                                    const char* text, size_t length, qice_error** error);
/* Removes a policy. *removed is 1, or 0 if there was none with this id; it may be NULL.
 * Threads: as qice_engine_put. Fails: QICE_OUT_OF_MEMORY. Since 1. */
QICE_API int32_t qice_engine_remove(int32_t* removed, qice_engine* engine, const char* id,
                                    size_t length, qice_error** error);
/* Judges everything as of another day from now on. Firms read for the day before are then refused.
 * Threads: as qice_engine_put. Costs compiling. Since 1. */
QICE_API int32_t qice_engine_set_day(qice_engine* engine, int32_t as_of, qice_error** error);
/* The policies that the last open, put, replace or reload left out, as a new error that the caller
 * owns; *out is NULL if there are none. Of changes that several threads make, the last is the one
 * that came into force last, whoever made it (qice_engine_change tells each its own); one that
 * failed is none. Threads: any. Fails: QICE_BAD_HANDLE. Since 1. */
QICE_API int32_t qice_engine_skipped(qice_error** out, qice_engine* engine, qice_error** error);
/* The policies as they are now. The caller owns *out, which stays as it is whatever happens to the
 * engine. Threads: any. Costs a fraction of a microsecond. Since 1. */
QICE_API int32_t qice_engine_snapshot(qice_snapshot** out, const qice_engine* engine,
                                      qice_error** error);
/* QICE_OK or QICE_BAD_HANDLE. Since 1. */
QICE_API int32_t qice_engine_destroy(qice_engine* engine);

/* -------------------------------------------------------------------------------- snapshot */
/* How many policies there are, open or not; they are numbered from 0. Threads: any. Since 1. */
QICE_API int32_t qice_snapshot_policies(uint32_t* count, const qice_snapshot* snapshot);
/* The day at which everything is judged. Threads: any. Since 1. */
QICE_API int32_t qice_snapshot_day(int32_t* as_of, const qice_snapshot* snapshot);
/* The number of the policy with an id. Threads: any. Fails: QICE_USAGE, with the nearest id.
 * Since 1. */
QICE_API int32_t qice_snapshot_find(uint32_t* policy, const qice_snapshot* snapshot, const char* id,
                                    size_t length, qice_error** error);
/* A policy's id, which belongs to the snapshot. Threads: any. Fails: QICE_USAGE. Since 1. */
QICE_API int32_t qice_snapshot_policy_id(const char** id, size_t* length,
                                         const qice_snapshot* snapshot, uint32_t policy,
                                         qice_error** error);
/* A policy's title, which belongs to the snapshot. Threads: any. Fails: QICE_USAGE. Since 1. */
QICE_API int32_t qice_snapshot_policy_title(const char** title, size_t* length,
                                            const qice_snapshot* snapshot, uint32_t policy,
                                            qice_error** error);
/* A policy's version and its life cycle on the day (QICE_OPEN ...). Either out parameter may be
 * NULL. Threads: any. Fails: QICE_USAGE. Since 1. */
QICE_API int32_t qice_snapshot_policy_state(int64_t* version, int32_t* life_cycle,
                                            const qice_snapshot* snapshot, uint32_t policy,
                                            qice_error** error);
/* QICE_OK or QICE_BAD_HANDLE. Since 1. */
QICE_API int32_t qice_snapshot_destroy(qice_snapshot* snapshot);

/* ------------------------------------------------------------------------ reading of firms */
/* How firms are read, as of a day: usually not strict, unknown columns refused, UTF-8, one thread.
 * The caller owns *out. Fails: QICE_BAD_ARGUMENT for a day outside the years 1 to 9999. Since 1. */
QICE_API int32_t qice_read_options_create(qice_read_options** out, int32_t as_of,
                                          qice_error** error);
/* 1: a firm with a bad value is set aside; else the value becomes unknown. Since 1. */
QICE_API int32_t qice_read_options_set_strict(qice_read_options* options, int32_t on);
/* 1: columns and keys that the schema does not know are ignored; else they are an error. Since 1. */
QICE_API int32_t qice_read_options_set_ignore_unknown_columns(qice_read_options* options,
                                                              int32_t on);
/* 1: CSV files are in GB 18030, as Excel in China writes them. Since 1. */
QICE_API int32_t qice_read_options_set_gb18030(qice_read_options* options, int32_t on);
/* How many threads read, 1 to 1024; the table is the same. Fails: QICE_BAD_ARGUMENT. Since 1. */
QICE_API int32_t qice_read_options_set_threads(qice_read_options* options, uint32_t threads);
/* Why a setter refused what it was given: as qice_engine_options_refused. Since 2. */
QICE_API int32_t qice_read_options_refused(qice_error** out, const qice_read_options* options,
                                           qice_error** error);
/* QICE_OK or QICE_BAD_HANDLE. Since 1. */
QICE_API int32_t qice_read_options_destroy(qice_read_options* options);

/* ----------------------------------------------------------------------------------- firms */
/* Reads firms from a file: .jsonl is JSON Lines, everything else CSV. The caller owns *out. Bad
 * values and rows do not fail: qice_firms_bad tells them. Threads: any. Fails:
 * QICE_INVALID_INPUT for what concerns the whole file (it cannot be read, a column is no field,
 * there is no id column). Since 1. */
QICE_API int32_t qice_firms_open(qice_firms** out, const qice_schema* schema,
                                 const qice_read_options* options, const char* path, size_t length,
                                 qice_error** error);
/* The same from CSV in memory, in UTF-8. The text is not kept. Since 1. */
QICE_API int32_t qice_firms_read_csv(qice_firms** out, const qice_schema* schema,
                                     const qice_read_options* options, const char* text,
                                     size_t length, qice_error** error);
/* The same from JSON Lines in memory. The text is not kept. Since 1. */
QICE_API int32_t qice_firms_read_jsonl(qice_firms** out, const qice_schema* schema,
                                       const qice_read_options* options, const char* text,
                                       size_t length, qice_error** error);
/* The same from an Arrow C stream, whose columns are fields by name. The stream is moved from and
 * released exactly once, whatever comes of it; its functions are called by this thread only. A bad
 * row's line is its number in the stream, from 1; NaN is unknown. Fails: QICE_INVALID_INPUT names
 * batch, column and row; QICE_IO has the stream's own words. Since 1. */
QICE_API int32_t qice_firms_read_arrow(qice_firms** out, const qice_schema* schema,
                                       const qice_read_options* options,
                                       struct ArrowArrayStream* stream, qice_error** error);
/* How many firms there are; rows are numbered from 0. Threads: any. Since 1. */
QICE_API int32_t qice_firms_count(uint64_t* count, const qice_firms* firms);
/* The id of a row, which belongs to the firms. Threads: any. Fails: QICE_USAGE. Since 1. */
QICE_API int32_t qice_firms_id(const char** id, size_t* length, const qice_firms* firms,
                               uint64_t row, qice_error** error);
/* The row of a firm. Threads: any. Fails: QICE_USAGE. The first time costs a pass. Since 1. */
QICE_API int32_t qice_firms_find(uint64_t* row, const qice_firms* firms, const char* id,
                                 size_t length, qice_error** error);
/* How many values and rows could not be taken, and how many rows were set aside for that. Either out
 * parameter may be NULL. Threads: any. Since 1. */
QICE_API int32_t qice_firms_bad_count(uint64_t* entries, uint64_t* rows_set_aside,
                                      const qice_firms* firms);
/* One of them: the line where the row begins, and four texts that belong to the firms: the firm's
 * id, the field (empty: the whole row), the value and the reason. Any out parameter may be NULL.
 * Threads: any. Fails: QICE_USAGE. Since 1. */
QICE_API int32_t qice_firms_bad(uint64_t* line, const char** firm, size_t* firm_length,
                                const char** field, size_t* field_length, const char** value,
                                size_t* value_length, const char** reason, size_t* reason_length,
                                const qice_firms* firms, uint64_t entry, qice_error** error);
/* How many columns were ignored. Threads: any. Since 1. */
QICE_API int32_t qice_firms_ignored_count(size_t* count, const qice_firms* firms);
/* The name of one, which belongs to the firms. Threads: any. Fails: QICE_USAGE. Since 1. */
QICE_API int32_t qice_firms_ignored(const char** name, size_t* length, const qice_firms* firms,
                                    size_t index, qice_error** error);
/* QICE_OK or QICE_BAD_HANDLE. Since 1. */
QICE_API int32_t qice_firms_destroy(qice_firms* firms);

/* -------------------------------------------------------------------------------- one firm */
/* A firm of a schema without any value. Fill it, ask about it, clear it, fill it again: a firm that
 * is used again needs next to no new memory. The caller owns *out. OWN: one thread at a time.
 * Fails: QICE_OUT_OF_MEMORY. Since 1. */
QICE_API int32_t qice_firm_create(qice_firm** out, const qice_schema* schema, qice_error** error);
/* Takes every value away, and the id. Since 1. */
QICE_API int32_t qice_firm_clear(qice_firm* firm);
/* Takes everything over from a JSON object with fields by name, as a line of JSON Lines has it; the
 * id may be missing. Values that are none of their field become unknown (qice_firm_bad). The text is
 * not kept. Fails: QICE_INVALID_INPUT, which leaves the firm empty. Costs a few tenths of a
 * microsecond a value; setting values one by one costs less. Since 1. */
QICE_API int32_t qice_firm_set_json(qice_firm* firm, const qice_read_options* options,
                                    const char* json, size_t length, qice_error** error);
/* The id, which is needed for rows and shown in explanations. Since 1. */
QICE_API int32_t qice_firm_set_id(qice_firm* firm, const char* id, size_t length,
                                  qice_error** error);
/* Any field's value as a cell of CSV has it: 2000万元, 2026-11-23, true, C39, A@2027-01-01|B. Empty
 * makes the field unknown. Fails: QICE_INVALID_INPUT, the field is then unknown; QICE_USAGE for a
 * field that is not there or is derived. Since 1. */
QICE_API int32_t qice_firm_set_text(qice_firm* firm, uint32_t field, const char* text,
                                    size_t length, qice_error** error);
/* A number in the field's unit: value / 10^decimals, exactly. Fails: QICE_INVALID_INPUT for more
 * decimals than the field has or a number too large, QICE_USAGE for a field of another kind.
 * Since 1. */
QICE_API int32_t qice_firm_set_number(qice_firm* firm, uint32_t field, int64_t value,
                                      int32_t decimals, qice_error** error);
/* A date, as a day. Since 1. */
QICE_API int32_t qice_firm_set_date(qice_firm* firm, uint32_t field, int32_t day,
                                    qice_error** error);
/* A flag: 0 or 1. Since 1. */
QICE_API int32_t qice_firm_set_flag(qice_firm* firm, uint32_t field, int32_t value,
                                    qice_error** error);
/* One more element of a set, valid until a day (included) or QICE_FOREVER. Fails: QICE_INVALID_INPUT
 * for a name that is empty or that a cell of CSV could not have. Since 1. */
QICE_API int32_t qice_firm_add_element(qice_firm* firm, uint32_t field, const char* name,
                                       size_t length, int32_t until, qice_error** error);
/* One more tag of the field of kind tags; weight in thousandths, 0 to 1000. Fails:
 * QICE_INVALID_INPUT, as qice_firm_add_element. Since 1. */
QICE_API int32_t qice_firm_add_tag(qice_firm* firm, uint32_t field, const char* name, size_t length,
                                   uint32_t weight, qice_error** error);
/* Makes a field unknown, as if it had never been set. Since 1. */
QICE_API int32_t qice_firm_set_unknown(qice_firm* firm, uint32_t field, qice_error** error);
/* How many values of the last qice_firm_set_json could not be taken. Since 1. */
QICE_API int32_t qice_firm_bad_count(size_t* count, const qice_firm* firm);
/* One of them: field, value and reason, which belong to the firm. Any out parameter may be NULL.
 * Fails: QICE_USAGE. Since 1. */
QICE_API int32_t qice_firm_bad(const char** field, size_t* field_length, const char** value,
                               size_t* value_length, const char** reason, size_t* reason_length,
                               const qice_firm* firm, size_t entry, qice_error** error);
/* QICE_OK or QICE_BAD_HANDLE. Since 1. */
QICE_API int32_t qice_firm_destroy(qice_firm* firm);

/* ------------------------------------------------------------------------------------ rows */
/* Room for firms that come one by one. The options are not kept. The caller owns *out. OWN.
 * Since 1. */
QICE_API int32_t qice_rows_create(qice_rows** out, const qice_schema* schema,
                                  const qice_read_options* options, qice_error** error);
/* Copies a firm. One without an id, or with one that was added before, is set aside: the finished
 * table tells it (qice_firms_bad). Fails: QICE_USAGE for a firm of another schema, and
 * QICE_OUT_OF_MEMORY; the firms that were added before stay. Since 1. */
QICE_API int32_t qice_rows_add(qice_rows* rows, const qice_firm* firm, qice_error** error);
/* Makes a table of what was added; `rows` is then empty and may be used again. The caller owns *out.
 * Fails: QICE_OUT_OF_MEMORY; what was added stays, and this may be tried again. Since 1. */
QICE_API int32_t qice_rows_finish(qice_firms** out, qice_rows* rows, qice_error** error);
/* QICE_OK or QICE_BAD_HANDLE. Since 1. */
QICE_API int32_t qice_rows_destroy(qice_rows* rows);

/* ----------------------------------------------------------------------------- all at once */
/* What is asked for, usually: the 20 best of each status, eligible and review, by firm, one thread.
 * The caller owns *out. Since 1. */
QICE_API int32_t qice_match_options_create(qice_match_options** out, qice_error** error);
/* How many of each status are kept, from 1; QICE_NO_LIMIT keeps all. Fails: QICE_BAD_ARGUMENT.
 * Since 1. */
QICE_API int32_t qice_match_options_set_top(qice_match_options* options, uint32_t top);
/* Which statuses, as a set of QICE_STATUS_BIT; counts of others may be 0. Fails: QICE_BAD_ARGUMENT
 * for other bits. Since 1. */
QICE_API int32_t qice_match_options_set_statuses(qice_match_options* options, uint32_t statuses);
/* 1: rank the firms of each policy in place of the policies of each firm (qice_match). Since 1. */
QICE_API int32_t qice_match_options_set_by_policy(qice_match_options* options, int32_t on);
/* 1: count the pairs of all four statuses, whichever are asked for. Since 1. */
QICE_API int32_t qice_match_options_set_count_all(qice_match_options* options, int32_t on);
/* How many threads match, 1 to 1024; the result is the same. Fails: QICE_BAD_ARGUMENT. Since 1. */
QICE_API int32_t qice_match_options_set_threads(qice_match_options* options, uint32_t threads);
/* Why a setter refused what it was given: as qice_engine_options_refused. Since 2. */
QICE_API int32_t qice_match_options_refused(qice_error** out, const qice_match_options* options,
                                            qice_error** error);
/* QICE_OK or QICE_BAD_HANDLE. Since 1. */
QICE_API int32_t qice_match_options_destroy(qice_match_options* options);
/* Something to watch one qice_match with, and to stop it. The caller owns *out. Since 1. */
QICE_API int32_t qice_control_create(qice_control** out, qice_error** error);
/* How far the match is: `done` of `total` parts; the total is 0 until the firms are indexed.
 * Threads: any, while another one matches. Since 1. */
QICE_API int32_t qice_control_progress(uint64_t* done, uint64_t* total,
                                       const qice_control* control);
/* Stops the match that has this control within milliseconds; it returns QICE_CANCELLED. The control
 * stays cancelled. Threads: any. Since 1. */
QICE_API int32_t qice_control_cancel(qice_control* control);
/* QICE_OK or QICE_BAD_HANDLE. Not before the match has returned. Since 1. */
QICE_API int32_t qice_control_destroy(qice_control* control);

/* Matches all firms with all policies of a snapshot. `options` and `control` may be NULL; neither is
 * kept. The caller owns *out. Threads: any. Fails: QICE_USAGE for firms of another schema or day,
 * QICE_CANCELLED. The firms are indexed for the snapshot at the first call, which costs some hundred
 * nanoseconds a firm; then about half a microsecond a firm for ten thousand policies. Since 1. */
QICE_API int32_t qice_match(qice_result** out, const qice_snapshot* snapshot,
                            const qice_firms* firms, const qice_match_options* options,
                            const qice_control* control, qice_error** error);
/* How many policies took part, and how many pushes there are in all. Either out parameter may be
 * NULL. Threads: any. Since 1. */
QICE_API int32_t qice_result_size(uint64_t* policies, uint64_t* pushes, const qice_result* result);
/* How many pushes there are in a status. Threads: any. Fails: QICE_USAGE. Since 1. */
QICE_API int32_t qice_result_total(uint64_t* pushes, const qice_result* result, int32_t status,
                                   qice_error** error);
/* How many firms have a status with a policy, pushed or not. Threads: any. Fails: QICE_USAGE.
 * Since 1. */
QICE_API int32_t qice_result_count(uint64_t* firms, const qice_result* result, uint32_t policy,
                                   int32_t status, qice_error** error);
/* The pushes of one firm in one status, best first: policies by number, and scores. Writes at most
 * `capacity` of them into buffers of the caller, either of which may be NULL, and tells how many
 * there are in *needed. By policy: `of` is a policy, and firms by row are written. Threads: any.
 * Fails: QICE_BUFFER_TOO_SMALL if there are more, QICE_USAGE. Since 1. */
QICE_API int32_t qice_result_pushes(size_t* needed, const qice_result* result, uint64_t of,
                                    int32_t status, uint32_t* others, int64_t* scores,
                                    size_t capacity, qice_error** error);
/* Pushes as columns: row of the firm, status, rank from 1, number of the policy, score. They stand
 * in the order of firms (by policy: of policies), then statuses, then ranks. Writes the pushes
 * `first` ... into buffers of the caller with room for `capacity` each, any of which may be NULL,
 * and how many it wrote into *written: fewer than `capacity` only at the end. Threads: any; several
 * may read parts. Fails: QICE_BAD_HANDLE, QICE_BAD_ARGUMENT. Costs some nanoseconds a push.
 * Since 1. */
QICE_API int32_t qice_result_read(size_t* written, const qice_result* result, uint64_t first,
                                  size_t capacity, uint64_t* firms, int32_t* statuses,
                                  uint32_t* ranks, uint32_t* policies, int64_t* scores,
                                  qice_error** error);
/* The pushes as an Arrow C stream with the columns firm_id, status, rank, policy_id and score. *out
 * must not hold a stream; the caller releases it, and may do so after the result was destroyed.
 * Threads: any. Since 1. */
QICE_API int32_t qice_result_export_arrow(struct ArrowArrayStream* out, const qice_result* result,
                                          qice_error** error);
/* QICE_OK or QICE_BAD_HANDLE. Since 1. */
QICE_API int32_t qice_result_destroy(qice_result* result);

/* ------------------------------------------------------------------ one firm or one policy */
/* Room for the answer to one question at a time, to be used for any number of them. It keeps the
 * snapshot of the last question. The caller owns *out. OWN: one a thread. Since 1. */
QICE_API int32_t qice_answer_create(qice_answer** out, qice_error** error);

/* One firm -> its policies, as qice_match would rank them. `options` may be NULL; only top and
 * statuses matter. Fails: QICE_USAGE for a firm of another schema. Costs some microseconds for ten
 * thousand policies; the first question of an answer to a snapshot more. Since 1. */
QICE_API int32_t qice_answer_firm(qice_answer* answer, const qice_snapshot* snapshot,
                                  const qice_firm* firm, const qice_match_options* options,
                                  qice_error** error);

/* One policy, by its number in the snapshot -> its firms, as qice_match by policy would rank them. A
 * policy that is not open has none, and its life cycle says why. Fails: QICE_USAGE for firms of
 * another schema or day, or no such policy. The first question indexes the firms; then well under a
 * millisecond for half a million of them. Since 1. */
QICE_API int32_t qice_answer_policy(qice_answer* answer, const qice_snapshot* snapshot,
                                    const qice_firms* firms, uint32_t policy,
                                    const qice_match_options* options, qice_error** error);
/* The same for a policy that nobody knows yet, as one JSON object; whatever its life cycle. Fails
 * also: QICE_INVALID_INPUT with line and column, QICE_LIMIT. Since 1. */
QICE_API int32_t qice_answer_draft(qice_answer* answer, const qice_snapshot* snapshot,
                                   const qice_firms* firms, const char* json, size_t length,
                                   const qice_match_options* options, qice_error** error);
/* How many pairs have a status, shown or not; 0 where that was not asked for. Fails: QICE_USAGE.
 * Since 1. */
QICE_API int32_t qice_answer_count(uint64_t* count, const qice_answer* answer, int32_t status,
                                   qice_error** error);
/* Of the pairs shown in needs_data, how many are one fact away; they come first. One firm only.
 * Since 1. */
QICE_API int32_t qice_answer_one_fact_away(uint64_t* count, const qice_answer* answer);
/* The life cycle of the policy that was asked about; QICE_OPEN for a firm. Since 1. */
QICE_API int32_t qice_answer_life_cycle(int32_t* life_cycle, const qice_answer* answer);

/* The pairs of a status, best first: policies by number in the snapshot (or firms by row) and
 * scores. Writes at most `capacity` into buffers of the caller, either of which may be NULL, and
 * tells how many there are in *needed. Fails: QICE_BUFFER_TOO_SMALL if there are more, QICE_USAGE.
 * Since 1. */
QICE_API int32_t qice_answer_read(size_t* needed, const qice_answer* answer, int32_t status,
                                  uint32_t* others, int64_t* scores, size_t capacity,
                                  qice_error** error);
/* One of them by its rank from 0: the id of the policy (or firm), which lives until the answer is
 * used again or destroyed, and the score. Any out parameter may be NULL. Fails: QICE_USAGE.
 * Since 1. */
QICE_API int32_t qice_answer_at(const char** id, size_t* length, int64_t* score,
                                const qice_answer* answer, int32_t status, size_t rank,
                                qice_error** error);
/* The whole answer as JSON, made as a new text that the caller owns: {"counts": {status: n},
 * "pushes": [{"status", "rank", "id", "score"}]}. For hosts in which a call costs more than reading
 * a text. Since 1. */
QICE_API int32_t qice_answer_json(qice_text** out, const qice_answer* answer, qice_error** error);
/* QICE_OK or QICE_BAD_HANDLE. Since 1. */
QICE_API int32_t qice_answer_destroy(qice_answer* answer);

/* --------------------------------------------------------------------------------- explain */
/* Why a policy fits a firm or not, and what would help: as QICE_JSON (docs/explain.md has its
 * shape), or as a page of QICE_CHINESE or QICE_ENGLISH. The caller owns *out. Threads: any (the firm
 * is OWN). Fails: QICE_USAGE. Costs some microseconds a condition. Since 1. */
QICE_API int32_t qice_explain_firm(qice_text** out, const qice_snapshot* snapshot,
                                   const qice_firm* firm, uint32_t policy, int32_t form,
                                   qice_error** error);
/* The same for a row of a table. Since 1. */
QICE_API int32_t qice_explain_row(qice_text** out, const qice_snapshot* snapshot,
                                  const qice_firms* firms, uint64_t row, uint32_t policy,
                                  int32_t form, qice_error** error);
/* The same for a policy that nobody knows yet, as one JSON object. Since 1. */
QICE_API int32_t qice_explain_draft(qice_text** out, const qice_snapshot* snapshot,
                                    const qice_firm* firm, const char* json, size_t length,
                                    int32_t form, qice_error** error);
/* What is suspicious in the policies, as a JSON array of {"policy", "kind", "message", "field",
 * "file", "line", "column"}. The caller owns *out. Threads: any. Since 1. */
QICE_API int32_t qice_lint(qice_text** out, const qice_snapshot* snapshot, qice_error** error);

#ifdef __cplusplus
}
#endif

#endif /* QICE_QICE_H */
