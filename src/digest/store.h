/* What the files of this room share: a digest in memory, and its lines one by one.
 *
 * Owns      Texts are interned in `texts` and live there; facts, buckets and the like in `mem`. */
#pragma once
#include "digest/digest.h"

#include "base/json_write.h"
#include "base/map.h"
#include "base/vec.h"

#define LINE_BYTES (2u << 20)        /* of one line: more than the largest act, tally or file can have */
#define NAME_BYTES 64u               /* of our own words: kinds, names of facts */
#define PROBLEM_BYTES 512u
#define TALLY_BUCKETS 4096u          /* of one line; a block has no more records than BLOCK_RECORDS */
#define TALLY_WIDTH MOMENT_DAY       /* of a bucket, at most */
#define BLOCK_ANCHORS 64u
#define SCHEMA "suyuan.digest/1"

typedef enum { LINE_EVIDENCE, LINE_CLAIM, LINE_BLOCK, LINE_ACT, LINE_TALLY, LINE_CUT, LINE_KINDS } line_kind;

/* A log as it is interned: equal logs are one. `id` is its number in the written digest, valid between store_number and the
 * next change. */
typedef struct { log_ref ref; uint64_t id; bool named; } stored_log;

struct digest {
    arena self, mem;                 /* what it is itself, what is in it */
    digest_head head;
    map texts, logs, keys;
    vec lines[LINE_KINDS];           /* evidence_file, identity_claim, log_block, act, tally, digest_cut */
    uint64_t over[LINE_KINDS];       /* lines that did not fit into DIGEST_BYTES */
    const log_ref *nowhere;          /* the log that stands for none, in cuts by DIGEST_BYTES */
    size_t text_bytes;               /* of interned texts */
    size_t settled;                  /* bytes in memory when it was last made to fit */
    bool sorted;
};

extern const char *const store_kinds[LINE_KINDS];              /* "evidence", "claim", ... */
int  store_compare(line_kind kind, const void *a, const void *b);
int  store_over(const digest *d, const digest_cut *c);         /* the line kind whose lines DIGEST_BYTES cut off, or -1: another cut */
const log_ref *store_line_log(line_kind kind, const void *line);    /* NULL for lines that name none */
/* Numbers the logs that lines name, in canonical order; the list is the caller's to empty (of const stored_log *). */
void store_number(digest *d, vec *out);

/* One line as it is written, with its newline. */
void line_head(const digest_head *h, buf *out);
void line_log(const stored_log *log, buf *out);
void line_put(line_kind kind, const void *line, buf *out);
