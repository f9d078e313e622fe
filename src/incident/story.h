/* The story from inside: what its files share.
 *
 * Shapes    A node is one stretch of hostile acts on one host: a host that was hit twice, months apart, has two. Nodes are
 *           sorted by onset. A way is one manner in which a node may have been reached, from a place that a record at the
 *           node names; the root (outside, or a host nobody knows) is always possible.
 * Asks      how far clocks may be off, which sessions belong together, who infected whom, where it began, what stays undecided. */
#pragma once
#include "incident/internal.h"

typedef struct {
    uint32_t host;
    uint32_t *told; size_t told_count;       /* findings, in order of time */
    moment from, to;
    moment order;                            /* its onset with the clock put right: what nodes of several hosts are sorted by */
    moment access, onset;                    /* earliest act that may be the intrusion, and that surely is it */
    double weight;                           /* log-odds of its findings together */
    severity gravest;
    const char *family;                      /* NULL: none named */
    bool hostile;                            /* grave enough for the tree */
    uint32_t episode;
    size_t ways_from, ways_end;              /* its ways, by number */
    bool explained;                          /* by another place or host than its own past; episodes.c */
    double root, outside;                    /* P(no other node is its parent), and the part of it that is outside */
} node;

enum { WAY_EXECUTED = 1, WAY_NEAR = 2, WAY_LOGON = 4, WAY_NEW = 8, WAY_FAILED = 16, WAY_OUTGOING = 32, WAY_CONNECTED = 64, WAY_BACKWARDS = 128, WAY_WROTE = 256, WAY_EXPLOIT = 512, WAY_GUESSED = 1024, WAY_NULL_SESSION = 2048 };

typedef struct {
    uint32_t to;                             /* node */
    place from;                              /* as the record names it */
    uint32_t from_node;                      /* UINT32_MAX: from no node */
    moment time;                             /* of the step, at the node */
    unsigned marks;
    double weight, probability;
    const char *access, *means, *account, *logon;
    vec evidence;                            /* of evidence_ref */
} way;

/* An act of a family: the last one before it on another host, and at all (numbers in `works`; UINT32_MAX: none). */
typedef struct { moment time; uint32_t host, elsewhere, before; } work;

enum { WORKS_LOOKED_AT = 4096 };             /* how far back a family's acts are followed */

typedef struct {
    joined *j;
    vec works; map last_work;                /* of `work`, by family; while nodes are found */
    struct looked_up *at;                    /* of the node whose ways are being found; ways.c */
    uint32_t *members; size_t *member_from;  /* nodes of episode e: members[member_from[e]] up to member_from[e + 1]; episodes.c */
    vec nodes;                               /* of node */
    vec ways;                                /* of way, by node, then place */
    uint32_t episodes;
} story;

static inline node *node_at(const story *s, size_t i) { return vec_at(&s->nodes, i); }
static inline way  *way_at(const story *s, size_t i) { return vec_at(&s->ways, i); }

void nodes_find(story *s);                   /* nodes.c */
void nodes_sort(story *s);                   /* by onset, clocks put right */
void clocks_set(story *s);                   /* clocks.c: shifts and intervals of clocks, from what the nodes' records say of each other */
void clocks_widen(story *s);
void ways_find(story *s);                    /* ways.c */
void tree_weigh(story *s);                   /* tree.c: probabilities of ways and roots over all trees */
void episodes_part(story *s);                /* episodes.c */
void entries_tell(story *s);                 /* entry.c: entry, entries, first host */
void spread_tell(story *s);                  /* spread.c */
void narrate(story *s);                      /* narrate.c */

const char *told_fact(const told *t, const char *name);   /* NULL: not there */
bool system_shell(const told *t);                         /* a system process that was taken over started it */
const char *means_told(const told *t);                   /* what carried the step, as the finding shows it; NULL: it does not */
bool place_same(place a, place b);
const char *place_name(const joined *j, place p);        /* as a person reads it; NULL for unknown */
void way_cite(way *w, evidence_ref r);
