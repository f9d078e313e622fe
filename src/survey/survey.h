/* Survey: cuts evidence into units and makes one digest a unit. The only place where evidence meets detectors.
 *
 * Shapes    Paths are files, folders, archives of any number of hosts. Files are the atoms: a file's lines do not depend on
 *           which unit or run it is read in, nor on threads, so digests of any split join to the same case.
 *           Every file is a line of evidence. Of those that could not be read the first problem says why: file.io (the
 *           system refused), file.encrypted, file.unreadable; file.torn: read up to where it breaks off; file.name: only its
 *           name was wrong. What is recognised and not read yet has `read` false and `why`.
 * Owns      Memory is bounded by threads and by the largest file's notes, not by the evidence.
 * Fails     STATUS_* when nothing could be done, or when a callback failed; unreadable evidence is listed in its digest and
 *           counted. */
#pragma once
#include "digest/digest.h"
#include "profile/profile.h"
#include "sigma/sigma.h"

typedef struct {
    const char *const *paths; size_t path_count;
    const char *password;                    /* for encrypted archives; NULL: none */
    moment since, until;                     /* MOMENT_UNKNOWN: no limit; records before `since`, or at `until` and after, are not seen */
    unsigned threads;
    const profile *facts;
    sigma_rules *rules;                      /* NULL: none; sigma_intern is called here */
    progress *progress;                      /* may be NULL */
    void (*note)(void *context, const char *path, const problem *p);     /* each problem, file by file; may be NULL; called from any thread, one at a time */
    void *note_context;
} survey_options;

#define SURVEY_KINDS 24
typedef struct {
    uint64_t units, kept;                    /* kept: units whose digest was there already */
    uint64_t files, logs, records, unreadable, not_read;
    uint64_t recovered;                      /* of the records */
    uint64_t damaged;                        /* read, and not in full */
    uint64_t artifacts;                      /* hives, tasks, ... that were read */
    struct { char kind[16]; uint64_t files; } named[SURVEY_KINDS]; size_t named_count;    /* of what was recognised and not read, in order of kind */
} survey_counts;

/* What is done with the units. `have` is asked before a unit is read, with the name that its digest will have: where that
 * digest is there already it gives it, and the unit is not read; may be NULL. `each` takes every digest over, in order of the
 * units' paths. One call at a time. */
typedef struct {
    void *context;
    digest *(*have)(void *context, const char *name);
    status (*each)(void *context, digest *d, bool was_there);
} survey_sink;

status survey_run(const survey_options *o, const survey_sink *sink, survey_counts *out);
void   survey_count(const digest *d, survey_counts *counts);     /* adds what its lines of evidence say */

/* The same into a folder: NAME.digest, written under another name, synced and renamed. Units whose digest is there already are
 * not read again, so a survey that was cut off goes on where it was (but those that a failing system, or a missing password
 * that is given now, kept from being read in full). `each` may be NULL; it takes every digest over, and gets its name. */
status survey_folder(const survey_options *o, const char *folder, status (*each)(void *context, digest *d, const char *name), void *context, survey_counts *out);
status survey_write(const char *folder, digest *d, char name[65]);
/* Not ok when `folder` (which need not be there yet) lies in one of the paths: nothing is written into evidence. */
status survey_outside(const char *const *paths, size_t count, const char *folder);
