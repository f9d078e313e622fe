/* Which keys a file may have. One line a key, in keys.c:
 *
 *     { "core-processes", "processes[].path", SCHEMA_TEXT, SCHEMA_REQUIRED },
 *
 * A path leads from the root through keys with '.' between; "[]" stands for each child of a list, "*" for any key. What
 * holds others (a list, a map) has a line too. Required means: where its map is, it must be. */
#pragma once
#include "profile/profile.h"

typedef enum {
    SCHEMA_TEXT,            /* any word */
    SCHEMA_NUMBER,          /* a whole number, decimal or 0x... */
    SCHEMA_REAL,            /* 0.25 */
    SCHEMA_DURATION,        /* 30s, 5m, 1h, 2d */
    SCHEMA_BOOL,            /* true or false */
    SCHEMA_TEXTS,           /* a list of words, or one word */
    SCHEMA_LIST,            /* of whatever the lines with "[]" say */
    SCHEMA_MAP,
} schema_kind;
typedef enum { SCHEMA_OPTIONAL, SCHEMA_REQUIRED } schema_need;
typedef struct { const char *file, *path; schema_kind kind; schema_need need; } schema_key;

extern const schema_key profile_keys[];                     /* of all fact files */
extern const size_t     profile_key_count;

bool   schema_knows(const schema_key *keys, size_t count, const char *file);
status schema_check(const schema_key *keys, size_t count, const char *file, const char *shown_as, const profile_node *root);
