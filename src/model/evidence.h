/* Evidence as the case lists it, and references into it. */
#pragma once
#include "base/base.h"

typedef struct {
    const char *id;              /* first 16 hex digits of sha256 */
    const char *path;            /* relative to its unit, '/' between parts, UTF-8 */
    const char *unit;            /* name of the unit: last part of its folder's or archive's name */
    const char *sha256;
    uint64_t bytes;
    const char *kind;            /* evtx, evt, registry, task, job, crash-dump, minidump, disk-image, prefetch, mft, jsonl, pcap, link, program, wmi, bits, text, archive, other */
    bool read;                   /* false: recognised, not read (why says it) */
    const char *why;
    const char *computer;        /* the name most records bear; NULL: none */
    uint64_t records, recovered;
    uint64_t first_record, last_record;
    moment first, last;
    const char *channel;         /* of a log */
    const problem *problems; size_t problem_count; uint64_t problems_dropped;
} evidence_file;

bool evidence_file_lost(const evidence_file *e);             /* could not be read, or not to its end; a name that had to be neutralised is no loss */
/* Whether a problem of this kind costs what the evidence held, and not only its neatness: records that are gone, a torn chunk. */
bool evidence_problem_costs(const char *kind);
bool evidence_file_damaged(const evidence_file *e);          /* read, and not in full */
bool evidence_file_passed(const evidence_file *e);           /* known as evidence, and not read by this version */
int evidence_file_compare(const void *a, const void *b);    /* by path, then hash; total over what is in them */

typedef struct { const char *file; const char *channel; uint64_t record; const char *key; uint64_t offset; moment time; } evidence_ref;   /* record 0 with a key: a registry path and the like */
