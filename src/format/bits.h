/* Queues of the Background Intelligent Transfer Service: qmgr0.dat and qmgr1.dat, and jobs carved from qmgr.db.
 *
 * Format    Not documented by Microsoft; the notes of ANSSI and FireEye, and what real queues show. Until Windows 10 1607 a queue is a file of
 *           blocks between delimiters; later each job and each file is one record of an ESE database.
 * Shapes    Texts are UTF-8, "" when not given. A job that stands in bytes which no queue header leads to is recovered; of qmgr.db, whose
 *           pages are carved without their tables, `loose` is set: live and deleted cannot be told apart.
 * Owns      Everything lives in `mem`.
 * Hostile   Every size and count; BITS_JOBS jobs, BITS_FILES files in all.
 * Fails     STATUS_DAMAGED when neither a queue nor any job is found; jobs that cannot be read to their end are noted ("bits.job",
 *           "bits.many") and kept as far as they go. */
#pragma once
#include "base/base.h"

#define BITS_JOBS 65536u
#define BITS_FILES 262144u

typedef struct {
    uint64_t offset;
    const char *url, *local, *temporary;             /* remote name, local name, where it lies meanwhile */
    uint64_t done, size;                             /* bytes; UINT64_MAX: not known */
    const char *volume;
} bits_file;

typedef struct {
    uint64_t offset;
    bool recovered, loose;
    uint32_t type, priority, state;                  /* BG_JOB_TYPE, BG_JOB_PRIORITY, BG_JOB_STATE */
    bool has_state;
    char id[40];                                     /* "{...}" */
    const char *name, *description;
    const char *command, *arguments;                 /* what is run when it is done or fails */
    const char *owner;                               /* SID as text */
    uint32_t notify;
    moment created, modified, completed, expires;
    bits_file *files; size_t file_count;
} bits_job;

typedef struct { bool database; bits_job *jobs; size_t job_count; bits_file *files; size_t file_count; } bits;      /* files: such as no job could be told for */

bool   bits_is(span first_bytes);                    /* qmgrN.dat; a qmgr.db is an ESE database like others */
status bits_read(arena *mem, span bytes, problems *noted, bits *out);
const char *bits_state_word(uint32_t state);         /* "queued", "connecting", "transferring", "suspended", "error", "transient-error", "transferred", "acknowledged", "cancelled" */
const char *bits_type_word(uint32_t type);           /* "download", "upload", "upload-reply" */
