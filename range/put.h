/* Small numbers and texts into a buffer, little-endian, and a buffer into a file: what the writers of formats share. */
#pragma once
#include "base/base.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static inline void put8(buf *b, unsigned v) { buf_char(b, (char)v); }
static inline void put16(buf *b, unsigned v) { buf_put(b, &(uint16_t){ (uint16_t)v }, 2); }
static inline void put32(buf *b, uint32_t v) { buf_put(b, &v, 4); }
static inline void put64(buf *b, uint64_t v) { buf_put(b, &v, 8); }
static inline void put_text(buf *b, const char *text) { buf_str(b, text); }
static inline void put_zeros(buf *b, size_t n)
{
    if (buf_room(b, n)) {
        memset(b->at + b->len, 0, n);
        b->len += n;
    }
}
static inline void put_utf16(buf *b, span text)                    /* of UTF-8, without a NUL */
{
    for (size_t at = 0; at < text.len;) {
        uint32_t c = utf8_take(text, &at);
        if (c > 0xffff)
            put16(b, 0xd800 + ((c - 0x10000) >> 10)), put16(b, 0xdc00 + ((c - 0x10000) & 0x3ff));
        else
            put16(b, c);
    }
}
static inline status put_file(const char *path, span bytes)
{
    FILE *f = fopen(path, "wb");
    if (!f)
        return status_fail(STATUS_IO, "%s: %s", path, strerror(errno));
    bool whole = fwrite(bytes.at, 1, bytes.len, f) == bytes.len;
    if (fclose(f) != 0 || !whole)
        return status_fail(STATUS_IO, "%s: %s", path, strerror(errno));
    return status_ok();
}
