/* What evtx_write.c is made of: texts in UTF-16, and the values of one template's instance.
 *
 * Shapes    `slots` are descriptors of four bytes (size, type), `bytes` what they describe, in the same order.
 * Fails     A value of over 65535 bytes sets `bytes.overflow`; values_fit tells. */
#pragma once
#include "range/evtx_write.h"

typedef struct { buf slots, bytes; } values;

static inline uint32_t get32(const uint8_t *at) { uint32_t v; memcpy(&v, at, 4); return v; }
static inline void put16le(uint8_t *at, unsigned v) { at[0] = (uint8_t)v; at[1] = (uint8_t)(v >> 8); }
static inline void put32le(uint8_t *at, uint32_t v) { memcpy(at, &v, 4); }
static inline void put64le(uint8_t *at, uint64_t v) { memcpy(at, &v, 8); }

uint32_t units_next(const uint8_t **at);                 /* the next code point of a UTF-8 text; a broken byte stands for itself */
void     units_put(buf *out, const char *text);          /* as UTF-16LE, without a NUL */
size_t   units_count(const char *text);

void     values_init(values *v);
void     values_clear(values *v);
void     values_done(values *v);
bool     values_fit(const values *v, size_t limit);      /* all were put, and are not longer than this */
void     values_slot(values *v, size_t from, unsigned type);            /* describes the bytes put since `from` */
void     values_none(values *v);
void     values_number(values *v, unsigned type, uint64_t n, size_t size);
void     values_sid(values *v, const char *text);
void     values_guid(values *v, const char *text);
void     values_field(values *v, const evtx_field *f, bool nul);        /* nul: texts end with one */
