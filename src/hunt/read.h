/* Every event of event logs and of their JSON exports, over threads.
 *
 * Shapes    Files are numbered in the order of the evidence, whatever thread reads them.
 * Owns      What `each` is given lives until it returns. Options outlive the reading.
 * Hostile   Evidence is read in bounded memory; damage is told by `note`, and what it costs counted.
 * Fails     reading_open, when the paths cannot be looked at. A log that cannot be read is counted. */
#pragma once
#include "event/event.h"
#include "evidence/evidence.h"

typedef struct {
    const char *const *paths; size_t path_count;
    const char *password;                /* of archives */
    moment since, until;                 /* MOMENT_UNKNOWN: no limit */
    unsigned threads;
    const fields *names;
    progress *progress;
    void (*each)(void *context, unsigned worker, const event *ev, uint64_t file);        /* by any thread */
    bool (*hand_in)(void *context, unsigned worker);     /* now and then, and behind a worker's last event; one at a time. False: enough */
    void *context;
    void (*note)(void *context, const char *file, const char *words);    /* one at a time */
    void *note_context;
} read_options;

/* lost: files or records that could not be read. */
typedef struct { uint64_t events, logs, lost; } read_counts;

typedef struct reading reading;
status      reading_open(const read_options *o, reading **out);
void        reading_run(reading *r, read_counts *counts);
const char *reading_path(const reading *r, uint64_t file);       /* once it has run */
void        reading_lock(reading *r);                            /* what hand_in is called in */
void        reading_unlock(reading *r);
void        reading_close(reading *r);
