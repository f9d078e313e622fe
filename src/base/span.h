/* A span: bytes that somebody else owns, read only.
 *
 * Shapes    `len` bytes at `at`; an empty span may have any `at`, also NULL.
 * Owns      Nothing. Whoever hands one out says how long it lives. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct { const uint8_t *at; size_t len; } span;

static inline span span_of(const void *at, size_t len) { return (span){ (const uint8_t *)at, len }; }
static inline span span_str(const char *text) { return span_of(text, text ? strlen(text) : 0); }
static inline bool span_eq(span a, span b) { return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0); }
static inline bool span_is(span a, const char *text) { return span_eq(a, span_str(text)); }

/* The part that begins at `from`, `len` bytes at most; empty when `from` lies at or beyond the end. */
static inline span span_part(span s, size_t from, size_t len)
{
    if (from >= s.len)
        return (span){ 0 };
    size_t rest = s.len - from;
    return (span){ s.at + from, len < rest ? len : rest };
}
