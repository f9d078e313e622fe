/* A cursor: a span, a position, and the first thing that went wrong.
 *
 * Shapes    All numbers are little-endian. After a failure every read gives zero or an empty span and the position stays,
 *           so a parser reads straight down and asks once. A loop over a count asks cur_ok in the loop too.
 * Fails     `failed` names the first field that could not be read, `failed_at` says where; NULL while all is well.
 * Hostile   A count is believed only as far as the bytes behind it can hold: cur_count. */
#pragma once
#include "base/span.h"

typedef struct { span all; size_t at; const char *failed; size_t failed_at; } cursor;

static inline cursor cur_open(span all) { return (cursor){ .all = all }; }
static inline bool cur_ok(const cursor *c) { return c->failed == NULL; }
static inline size_t cur_left(const cursor *c) { return c->failed ? 0 : c->all.len - c->at; }
static inline void cur_fail(cursor *c, const char *field)
{
    if (!c->failed) {
        c->failed = field;
        c->failed_at = c->at;
    }
}
static inline span cur_bytes(cursor *c, size_t len, const char *field)
{
    if (c->failed || len > c->all.len - c->at) {
        cur_fail(c, field);
        return (span){ 0 };
    }
    if (len == 0)
        return (span){ 0 };
    span out = { c->all.at + c->at, len };
    c->at += len;
    return out;
}
static inline void cur_skip(cursor *c, size_t len, const char *field) { (void)cur_bytes(c, len, field); }
static inline void cur_seek(cursor *c, size_t at, const char *field)
{
    if (at > c->all.len)
        cur_fail(c, field);
    else if (!c->failed)
        c->at = at;
}
static inline uint16_t le16(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }
static inline uint32_t le32(const uint8_t *p) { uint32_t v; memcpy(&v, p, 4); return v; }   /* little-endian hosts only: checked in arena.c */
static inline uint64_t le64(const uint8_t *p) { uint64_t v; memcpy(&v, p, 8); return v; }
static inline uint8_t  cur_u8(cursor *c, const char *field)  { span s = cur_bytes(c, 1, field); return s.len ? s.at[0] : 0; }
static inline uint16_t cur_u16(cursor *c, const char *field) { span s = cur_bytes(c, 2, field); return s.len ? le16(s.at) : 0; }
static inline uint32_t cur_u32(cursor *c, const char *field) { span s = cur_bytes(c, 4, field); return s.len ? le32(s.at) : 0; }
static inline uint64_t cur_u64(cursor *c, const char *field) { span s = cur_bytes(c, 8, field); return s.len ? le64(s.at) : 0; }

/* `told` things of `each` bytes follow: the count when they fit in what is left, else a failure and 0. */
static inline size_t cur_count(cursor *c, uint64_t told, size_t each, const char *field)
{
    if (c->failed)
        return 0;
    if (each == 0 || told > (c->all.len - c->at) / each) {
        cur_fail(c, field);
        return 0;
    }
    return (size_t)told;
}
