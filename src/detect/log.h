/* One log's notes while they are made: what detect.h calls detect_log. Only files of this room use it.
 *
 * Shapes    A log is (file, computer, channel). Acts are kept by kind, the first and the last of many; tallies by kind,
 *           key, block and minute; blocks by number; claims by what they say.
 * Owns      What lives until the pass ends is in the pass's arena; lists are on the heap and given back by log_done.
 * Hostile   Everything here is bounded by the constants below. What falls out depends on the records and their order in
 *           the file only, and is counted in `cuts`. */
#pragma once
#include "detect/detect.h"
#include "detect/mask.h"

#define ACTS_KEPT 2048u                 /* of a kind: so many of the first, and of the last */
#define ACTS_BYTES (2u << 20)           /* ... and no more text than this in either half */
#define ACTS_BYTES_OF_ARTIFACT (8u << 20)
#define TALLY_WAYS 4096u                /* keys of a kind that are told apart in the end */
#define TALLY_LIVE 65536u               /* ... and while the log is read */
#define TALLY_NAMES 256u                /* accounts of one source that are told apart; and workstations, where they are all that is known */
#define TALLY_CLIENTS 16u               /* workstations, where the address is known */
#define TALLY_WINNERS 65536u            /* (source, account) pairs that are known to have succeeded */
#define TALLY_BUCKETS 200000u           /* of a kind; beyond that buckets become wider */
#define TALLY_LINES 65536u              /* (key, block) pairs of a kind; beyond that fewer keys are told apart */
#define BLOCKS_KEPT 65536u
#define CLAIMS_KEPT 4096u
#define FACT_ROOM (NOTE_VALUE + 8)

typedef struct act_kind act_kind;
typedef struct tally_kind tally_kind;

struct detect_act_builder {
    detect_log *log;
    bool open;
    const char *kind;
    uint64_t record, offset;
    moment time;
    bool recovered;
    fact facts[NOTE_FACTS];
    size_t fact_count;
    const char *finding;
    severity severity;
    unsigned confidence;
    const char *techniques, *text;
};

typedef struct { const char *kind; uint64_t dropped; } log_cut;

typedef struct {
    uint64_t block;
    uint32_t records;
    uint64_t first_record, last_record;
    moment first_time, last_time;                           /* of those two records */
    moment first, last;
    uint64_t seen[BLOCK_RECORDS / 64];                      /* one bit a record id */
    block_anchor anchors[BLOCK_RECORDS / 128];
    uint8_t anchor_count;
} block_state;

typedef struct { const char *key, *value, *source, *strength; moment from, to; uint64_t record; } claim_state;

struct detect_log {
    log_ref ref;
    arena *mem;                          /* the pass's */
    arena *scratch;                      /* a step's */
    const mask *passwords;
    detect_act_builder builder;
    vec acts;                            /* act_kind */
    size_t acts_most, acts_bytes;        /* of a kind, of the first and of the last: ACTS_KEPT and ACTS_BYTES, or those of artifacts */
    arena *facts;                        /* of the builder: scratch; of an artifact emptied with each act, because its pass is one step */
    vec tallies;                         /* tally_kind */
    map winners;                         /* "source\0account" of those that succeeded */
    vec blocks; map block_index;         /* block_state by number */
    size_t last_block;
    bool in_block;                       /* the record at hand stands in a block that is kept */
    vec claims; map claim_index;
    vec cuts;                            /* log_cut */
    moment first, last;                  /* of all its records */
    uint64_t first_id;
    bool any;
    void **states; bool *started;        /* one a detector */
    bool *wanted;                        /* one a want of the run: the channel fits */
};

void acts_init(detect_log *log);
void tally_init(detect_log *log);
void log_init(detect_log *log, arena *mem, arena *scratch, const mask *passwords);
void log_done(detect_log *log);

/* Whether this record is counted: false for a recovered one whose id the log already has. */
bool log_record(detect_log *log, const event *ev);

/* The pieces of a run that artifacts need. */
const mask *run_passwords(const detect_run *run);
void *const *run_artifacts(const detect_run *run);       /* what setup gave, one an artifact question */

void claim_note(detect_log *log, uint64_t record, moment time, const char *key, const char *value, const char *source, const char *strength);

void acts_commit(detect_log *log);                       /* the builder's act, if one is open */
void acts_give(detect_log *log, const detect_sink *sink);
void acts_done(detect_log *log);

void tally_give(detect_log *log, const detect_sink *sink);
void tally_done(detect_log *log);

void blocks_give(detect_log *log, const detect_sink *sink);
void claims_give(detect_log *log, const detect_sink *sink);
