/* Survey: cuts evidence into units and makes one digest a unit. The only place where evidence meets detectors.
 *
 * Shapes    Paths are files, folders, archives of any number of hosts. Files are the atoms: a file's lines do not depend on
 *           which unit or run it is read in, nor on threads, so digests of any split join to the same case.
 * Fails     STATUS_* when nothing could be done; unreadable evidence is listed in its digest and counted. */
#pragma once
#include "digest/digest.h"
#include "profile/profile.h"

typedef struct {
    const char *const *paths; size_t path_count;
    const char *password;                    /* for encrypted archives; NULL: none */
    moment since, until;                     /* MOMENT_UNKNOWN: no limit; records outside are not seen */
    unsigned threads;
    const profile *facts;
    progress *progress;               /* may be NULL */
    void (*note)(void *context, const char *path, const problem *p);     /* each problem as it is met; may be NULL; called from any thread, one at a time */
    void *note_context;
} survey_options;

typedef struct { uint64_t files, logs, records, unreadable, not_read; } survey_counts;

/* One digest a unit is given to `each`, which takes it over; units come in order of path. */
status survey_run(const survey_options *o, status (*each)(void *context, digest *d), void *context, survey_counts *out);
