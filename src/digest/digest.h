/* A digest: all that one unit of evidence tells before any conclusion.
 *
 * Format    "suyuan.digest/1": JSON lines (one object a line, members in fixed order, lines sorted by kind and id),
 *           compressed with zstd; docs/digest.md. Knows line kinds, not detectors.
 * Shapes    In memory the lines are arrays of model types. Adding keeps no order; digest_write sorts and drops equal lines, so
 *           the same lines give the same bytes whatever the order they came in.
 *           Texts are made UTF-8 and cut at NOTE_VALUE, facts sorted by name, when they are added. Behind DIGEST_BYTES of text
 *           lines are dropped, the same ones whatever the order, and counted in cuts of an empty log ("digest.tally").
 * Owns      Everything in it lives in its own arena; digest_add_* copy what they are given.
 * Hostile   A digest may have been written by anybody: digest_read is as strict as any parser; DIGEST_BYTES of text at most.
 * Fails     digest_read: STATUS_DAMAGED with the line's number; unequal major version STATUS_UNSUPPORTED. */
#pragma once
#include "model/evidence.h"
#include "model/note.h"

#define DIGEST_BYTES (64u << 20)
#define DIGEST_PROBLEMS 100u                 /* of one file; more are counted */

typedef struct {
    const char *unit;                        /* name of the unit */
    const char *tool, *profiles, *rules, *options;   /* version and hashes: digests that disagree in them do not mix */
    const char *sources;                     /* hash over path and SHA-256 of the unit's files as they lay, archives unopened; NULL or "": not told */
} digest_head;

typedef struct digest digest;

digest *digest_new(const digest_head *head);
void    digest_free(digest *d);
const digest_head *digest_heading(const digest *d);

const log_ref *digest_log(digest *d, const log_ref *log);   /* interned: equal logs give one pointer */
void digest_add_evidence(digest *d, const evidence_file *e);
void digest_add_act(digest *d, const act *a);
void digest_add_tally(digest *d, const tally *t);
void digest_add_block(digest *d, const log_block *b);
void digest_add_claim(digest *d, const identity_claim *c);
void digest_add_cut(digest *d, const log_ref *log, const char *kind, uint64_t dropped);   /* what a cap cut off: an unknown */
void digest_merge(digest *into, const digest *from);         /* what `into` lent before is no longer valid */

/* Reading access, sorted and without doubles after digest_sort (digest_read and digest_write sort). */
typedef struct { const log_ref *log; const char *kind; uint64_t dropped; } digest_cut;
void digest_sort(digest *d);
const evidence_file  *digest_evidence(const digest *d, size_t *count);
const act            *digest_acts(const digest *d, size_t *count);
const tally          *digest_tallies(const digest *d, size_t *count);
const log_block      *digest_blocks(const digest *d, size_t *count);
const identity_claim *digest_claims(const digest *d, size_t *count);
const digest_cut     *digest_cuts(const digest *d, size_t *count);

status digest_lines(digest *d, buf *out);                 /* canonical lines, uncompressed */
status digest_write(digest *d, buf *out);                 /* compressed */
status digest_read(span bytes, digest **out);
void   digest_name(const digest *d, char out[65]);        /* hash of unit, sources (else evidence), tool, rules, profiles and options */
