/* Bytes made for tests, little-endian. */
#pragma once
#include "base/base.h"

static inline void put8(buf *b, unsigned n) { buf_char(b, (char)n); }
static inline void put16(buf *b, unsigned n) { put8(b, n & 255); put8(b, n >> 8 & 255); }
static inline void put32(buf *b, uint32_t n) { put16(b, n & 65535); put16(b, n >> 16); }
static inline void put64(buf *b, uint64_t n) { put32(b, (uint32_t)n); put32(b, (uint32_t)(n >> 32)); }
static inline void put_zeros(buf *b, size_t n) { while (n--) put8(b, 0); }
static inline void put_align(buf *b, size_t to) { while (b->len % to) put8(b, 0); }
static inline void put_units(buf *b, const char *ascii) { for (; *ascii; ascii++) put16(b, (unsigned char)*ascii); }
static inline void set16(buf *b, size_t at, unsigned n) { b->at[at] = (uint8_t)n; b->at[at + 1] = (uint8_t)(n >> 8); }
static inline void set32(buf *b, size_t at, uint32_t n) { set16(b, at, n & 65535); set16(b, at + 2, n >> 16); }
