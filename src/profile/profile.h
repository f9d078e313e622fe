/* Profiles: facts as data (names, paths, indicators, thresholds), each file a tree that was held against its schema.
 *
 * Format    YAML, UTF-8, one document a file: maps, lists and plain or quoted words; no anchors, aliases or tags. Every
 *           file begins with `about` (what it holds) and `source` (where its facts come from, a text or a list of texts).
 *           Which other keys a file may have, and must have, stands in keys.c; a file that has no lines there is refused.
 * Shapes    A node is a word, a list or a map. Members of a map stand in the file's order and no key stands twice.
 *           Words keep their text. Helpers below take NULL for a node and find nothing in it, so chains need no checks:
 *               for (const profile_node *p = profile_list(profile_root(facts, "core-processes"), "processes"); p; p = p->next)
 *                   use(profile_text(p, "name"), profile_number(p, "instances", &found));
 * Owns      Everything lives in the arena given to profile_open.
 * Fails     The first mistake ends it, with file and line: "profiles/core-processes.yml:12: unknown key 'pth'". */
#pragma once
#include "base/base.h"

typedef enum { PROFILE_WORD, PROFILE_LIST, PROFILE_MAP } profile_kind;

typedef struct profile_node profile_node;
struct profile_node {
    profile_kind kind;
    const char *key;                    /* of a member of a map; NULL elsewhere */
    const char *text;                   /* of a word; NULL elsewhere */
    const profile_node *first, *next;   /* children in order; next sibling */
    size_t count;                       /* of children */
    unsigned line;                      /* where it, or its key, stands; from 1 */
    bool quoted;                        /* a word that stood in quotes is a text, even when it looks like a number */
};

typedef struct profile profile;

/* The files that were built into the program, or, when `folder` is given, the .yml files there, and in baselines below it,
 * instead: all of them. */
status              profile_open(const char *folder, arena *mem, profile **out);
const profile_node *profile_root(const profile *p, const char *file);                /* "guessing" for guessing.yml, "baselines/seed" */
const char         *profile_name(const profile *p, size_t nth);                      /* "guessing.yml", in order of name; NULL behind the last */
status              profile_need(const profile *p, const char *file, const profile_node **root);    /* as profile_root; STATUS_NOT_FOUND with words when there is no such file */
const char         *profile_hash(const profile *p);                                  /* SHA-256 of all files, 64 hex digits */

const profile_node *profile_get(const profile_node *map, const char *key);
const profile_node *profile_list(const profile_node *map, const char *key);          /* the first child of the list or map there */
const char         *profile_text(const profile_node *map, const char *key);          /* NULL when absent or no word */
int64_t             profile_number(const profile_node *map, const char *key, bool *found);    /* decimal, or 0x...; 0 and not found else */
double              profile_real(const profile_node *map, const char *key, bool *found);      /* 0.25 */
int64_t             profile_duration(const profile_node *map, const char *key, bool *found);  /* seconds: 30s, 5m, 1h, 2d */
bool                profile_true(const profile_node *map, const char *key);          /* true only for the word `true` */
bool                profile_has(const profile_node *map, const char *key, const char *word);  /* a list there holds the word, ASCII letters in any case */
