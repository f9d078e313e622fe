/* A strict, bounded JSON reader (RFC 8259): a tree in an arena.
 *
 * Shapes    Numbers keep their text; json_int and json_number read it. Strings are UTF-8 with escapes resolved; lone
 *           surrogates become U+FFFD. Of a name that appears twice in an object the first is found.
 * Hostile   Depth stops at JSON_DEPTH, memory at the arena's limit; anything after the value but blanks is refused. */
#pragma once
#include "base/arena.h"
#include "base/status.h"

#define JSON_DEPTH 64

typedef enum { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT } json_kind;
typedef struct json json;
struct json {
    json_kind kind;
    bool truth;
    span text;              /* of a string or number; NUL-terminated */
    json *first, *next;     /* children in order; next sibling */
    span name;              /* of a member */
    size_t count;           /* of children */
};

status      json_parse(arena *mem, span bytes, json **out);
const json *json_get(const json *object, const char *name);              /* NULL when absent, or not an object */
const char *json_str(const json *object, const char *name);              /* "" when absent or not a string */
bool        json_int(const json *value, int64_t *out);
bool        json_uint(const json *value, uint64_t *out);
double      json_number(const json *value, double otherwise);
