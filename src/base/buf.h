/* A buffer that grows, and cannot be made without its limit.
 *
 * Owns      Its memory; buf_done gives it back.
 * Fails     What would go beyond `limit` is not put, and `overflow` stays set: ask once at the end. */
#pragma once
#include "base/span.h"

typedef struct { uint8_t *at; size_t len, room, limit; bool overflow; } buf;

void buf_init(buf *b, size_t limit);
bool buf_grow(buf *b, size_t more);            /* room for `more` further bytes, or false and overflow */
static inline bool buf_room(buf *b, size_t more) { return b->room - b->len >= more || buf_grow(b, more); }
void buf_put(buf *b, const void *bytes, size_t len);
void buf_str(buf *b, const char *text);
void buf_char(buf *b, char c);
void buf_span(buf *b, span s);
void buf_u64(buf *b, uint64_t n);              /* decimal */
void buf_printf(buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline span buf_bytes(const buf *b) { return span_of(b->at, b->len); }
const char *buf_text(buf *b);                  /* NUL-terminated; valid until the next put */
static inline void buf_clear(buf *b) { b->len = 0; b->overflow = false; }
void buf_done(buf *b);
