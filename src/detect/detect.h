/* Detectors: one file a question ("was a password guessed?"). They note what a log says, not what follows from it.
 *
 * Shapes    A detector sees the records of one log (one file, computer name and channel) in order of record id, one thread
 *           at a time, and writes acts and tallies. Its state is per log; what crosses logs, files or hosts is concluded in
 *           `incident`. Recovered records come after the others. Of an event detect_act keeps record id, offset, time and
 *           whether it was recovered: a copy of the struct may be kept to note it later (its spans then point nowhere).
 * Owns      State lives in the log's arena. Texts given to detect_* are copied.
 * Hostile   State is bounded whatever the log says; what a cap drops depends on content only and is counted
 *           (detect_cut). Passwords in command lines are masked before they are noted (detect/mask.h).
 * Facts     Names, paths, indicators and thresholds come from the profile. */
#pragma once
#include "event/event.h"
#include "model/note.h"
#include "profile/profile.h"

typedef struct detect_log detect_log;        /* where notes of the current log go */

/* What a detector wants to see. channel and provider are compared without case, a `*` at the end stands for any rest;
 * NULL: any. event_id DETECT_ANY: all. A record that several lines fit is seen once. */
#define DETECT_ANY UINT32_MAX
typedef struct { const char *channel, *provider; uint32_t event_id; } detect_want;

typedef struct detect_setup {
    fields *names;
    const profile *facts;
    arena *mem;                              /* lives as long as the run */
} detect_setup;

typedef struct detector {
    const char *name;
    const detect_want *wants; size_t want_count;
    status (*setup)(const detect_setup *s, void **run);                  /* once a run: interns fields, reads profile; may be NULL */
    void *(*start)(const void *run, arena *mem);                         /* once a log; may be NULL */
    void (*step)(const void *run, void *state, const event *ev, detect_log *out);
    void (*finish)(const void *run, void *state, detect_log *out);       /* at the log's end; may be NULL */
} detector;

extern const detector *const detectors[];    /* detect/table.c; ends with NULL */

/* An act begins with the record it stands for; facts are added; it is noted by the next detect_act or at the step's end. */
typedef struct detect_act_builder detect_act_builder;
detect_act_builder *detect_act(detect_log *out, const event *ev, const char *kind);
void detect_fact(detect_act_builder *a, const char *name, const char *value);            /* NULL or "": not added */
void detect_fact_u64(detect_act_builder *a, const char *name, uint64_t value);
void detect_fact_time(detect_act_builder *a, const char *name, moment value);            /* unknown: not added */
void detect_fact_value(detect_act_builder *a, const char *name, binxml_value value);     /* absent: not added */
void detect_finding(detect_act_builder *a, const char *finding, severity s, unsigned confidence, const char *techniques, const char *text_id);

/* Counts this record under a key: pairs of names (literals) and values, ended by NULL; a value NULL or "" is left out.
 * `kind` is a literal, here and above. Give "protocol", "source" and "account" where there are any: floods are folded by them. */
void detect_count(detect_log *out, const event *ev, const char *kind, ...) __attribute__((sentinel));
void detect_claim(detect_log *out, const event *ev, const char *key, const char *value, const char *source, const char *strength);
void detect_cut(detect_log *out, const char *kind, uint64_t dropped);
arena *detect_scratch(detect_log *out);      /* emptied after each step */

/* The run: set up once, shared by threads; and one log's pass. The notes go to `sink` when the log ends. */
typedef struct detect_run detect_run;
typedef struct {
    void *context;
    void (*act)(void *context, const act *a);
    void (*tally)(void *context, const tally *t);
    void (*block)(void *context, const log_block *b);
    void (*claim)(void *context, const identity_claim *c);
    void (*cut)(void *context, const log_ref *log, const char *kind, uint64_t dropped);
} detect_sink;
status      detect_run_new(const profile *facts, arena *mem, detect_run **out);
const fields *detect_run_fields(const detect_run *run);
fields     *detect_run_names(detect_run *run);                  /* the same, while events are not viewed yet: others may ask for fields, too */
const char *detect_run_masked(const detect_run *run, const char *text, arena *mem);     /* without passwords (detect/mask.h) */
/* One file's pass: records of several computers in one file are separate logs. */
typedef struct detect_pass detect_pass;
detect_pass *detect_pass_new(const detect_run *run, const char *file_id, const char *path);
bool         detect_pass_step(detect_pass *p, const event *ev);     /* false: a recovered record that the log has already, or a log too many */
void         detect_pass_end(detect_pass *p, const detect_sink *sink);      /* gives all notes, frees the pass */
