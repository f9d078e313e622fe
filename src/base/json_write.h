/* A JSON writer over a buf: commas and escapes are its business, order is the caller's. Compact, one value a call. */
#pragma once
#include "base/buf.h"

#define JSON_WRITE_DEPTH 64

typedef struct { buf *out; unsigned depth; bool first[JSON_WRITE_DEPTH + 1]; bool after_key; } json_writer;

void json_begin(json_writer *w, buf *out);
void json_object(json_writer *w);
void json_array(json_writer *w);
void json_end_object(json_writer *w);
void json_end_array(json_writer *w);
void json_key(json_writer *w, const char *key);
void json_text(json_writer *w, const char *utf8);             /* NULL writes null */
void json_bytes(json_writer *w, span utf8);
void json_u64(json_writer *w, uint64_t n);
void json_i64(json_writer *w, int64_t n);
void json_fixed(json_writer *w, double value, unsigned digits);  /* digits after the point, at most; no exponent; the same in every locale */
void json_bool(json_writer *w, bool b);
void json_null(json_writer *w);
