/* Notes: what a detector writes down of one log, and all that a digest carries of it. Two kinds, and no third:
 *
 *   act     one record that matters on its own (a crash, a service installed, a first logon), with what it says;
 *   tally   how often a thing happened that matters by number (failed logons by source and account), in time buckets.
 *
 * What they amount to is concluded in `incident`, after all digests are joined.
 *
 * Shapes    The atom is one log of one file. Every note names its log: file, computer (as the record has it), channel.
 *           Acts are told apart by (computer, channel, record, time, kind): the same record in two copies is one act.
 *           Tallies are kept per block of BLOCK_RECORDS record ids (block = id / BLOCK_RECORDS), so that overlapping copies
 *           of a log are counted once: join takes each block from the file that holds most of it.
 *           Facts are (name, UTF-8 value) pairs, sorted by name; numbers are decimal, moments as moment_iso writes,
 *           accounts "DOMAIN\name", SIDs "S-1-...". Which kinds there are with which facts: docs/notes.md.
 * Owns      All text lives in the arena of whoever made the note.
 * Hostile   Fact values are evidence, at most NOTE_VALUE bytes (cut at a character, "…" added). */
#pragma once
#include "base/base.h"

#define BLOCK_RECORDS 1024u
#define NOTE_VALUE 4096u
#define NOTE_FACTS 32u

typedef struct { const char *name, *value; } fact;

typedef struct {
    const char *file;            /* evidence id: first 16 hex digits of the file's SHA-256 */
    const char *path;            /* logical path, relative to the unit */
    const char *computer, *channel;
} log_ref;

typedef enum { SEVERITY_INFO, SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_CRITICAL } severity;

typedef struct {
    const log_ref *log;
    const char *kind;            /* "service.install"; docs/notes.md */
    uint64_t record, offset;
    moment time;
    bool recovered;
    fact *facts; size_t fact_count;
    /* Set when this record alone proves a finding (case.md): */
    const char *finding;         /* its kind, "service-install"; NULL: none */
    severity severity;
    unsigned confidence;         /* percent */
    const char *techniques;      /* "T1543.003 T1569.002"; "" when none */
    const char *text;            /* text id of its sentence; its arguments are the facts. NULL: the id is `finding` */
} act;

typedef struct { moment start; uint32_t count; uint64_t record; moment first, last; } tally_bucket;   /* record: id of the first one counted */

typedef struct {
    const log_ref *log;
    const char *kind;            /* "logon.failure" */
    uint64_t block;
    fact *key; size_t key_count; /* what is counted apart */
    moment width;                /* of a bucket: minute, 10 minutes, hour, day; one width for all tallies of a kind in a log */
    tally_bucket *buckets; size_t bucket_count;   /* in order of start */
} tally;

/* A block of a log: what coverage, gaps and copies are recognised by. */
typedef struct { uint64_t record; moment time; } block_anchor;
typedef struct {
    const log_ref *log;
    uint64_t block;
    uint32_t records;
    uint64_t first_record, last_record;
    moment first, last;          /* earliest and latest time in it */
    block_anchor *anchors; size_t anchor_count;   /* records with id % 128 == 0, and the first and the last */
} log_block;

/* A claim of identity: `computer` (as records name it) is said to have this name, address, SID, ... over a time. */
typedef struct {
    const char *file, *computer;
    const char *key;             /* name, address, machine-sid, os, os-build, time-zone, role, domain, mac */
    const char *value;
    moment from, to;             /* first and last time it was seen */
    uint64_t record;             /* of the first; 0 when from no record */
    const char *channel;
    const char *source;          /* "EventLog 6011", "LSM 21", "Sysmon 3 own end", "record" */
    const char *strength;        /* decisive, strong, weak */
} identity_claim;

const char *note_fact(const fact *facts, size_t count, const char *name);    /* "" when absent */
/* Canonical orders, total over what is in them: computer and channel first, the file late, so that copies are neighbours. */
int  log_compare(const void *a, const void *b);
int  act_compare(const void *a, const void *b);
int  tally_compare(const void *a, const void *b);
int  block_compare(const void *a, const void *b);
int  claim_compare(const void *a, const void *b);
const char *severity_word(severity s);
bool severity_from(const char *word, severity *out);
