#include "base/buf.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_ROOM = 256 };

void buf_init(buf *b, size_t limit)
{
    *b = (buf){ .limit = limit };
}

bool buf_grow(buf *b, size_t more)
{
    if (b->room - b->len >= more)
        return true;
    if (b->len > b->limit || more > b->limit - b->len) {
        b->overflow = true;
        return false;
    }
    size_t need = b->len + more, room = b->room ? b->room : FIRST_ROOM;
    while (room < need)
        room = room > b->limit / 2 ? b->limit : room * 2;
    if (room > b->limit)
        room = b->limit;
    b->at = memory_grow(b->at, room + 1, 1);       /* one more than it tells, for the NUL of buf_text */
    b->room = room;
    return true;
}

void buf_put(buf *b, const void *bytes, size_t len)
{
    if (len == 0 || !buf_room(b, len))
        return;
    memcpy(b->at + b->len, bytes, len);
    b->len += len;
}

void buf_str(buf *b, const char *text)
{
    buf_put(b, text, strlen(text));
}

void buf_char(buf *b, char c)
{
    if (buf_room(b, 1))
        b->at[b->len++] = (uint8_t)c;
}

void buf_span(buf *b, span s)
{
    buf_put(b, s.at, s.len);
}

void buf_u64(buf *b, uint64_t n)
{
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + n % 10);
    while (n /= 10);
    buf_put(b, digits + at, sizeof digits - at);
}

void buf_printf(buf *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    if (len > 0 && buf_room(b, (size_t)len)) {
        vsnprintf((char *)b->at + b->len, (size_t)len + 1, format, again);
        b->len += (size_t)len;
    }
    va_end(again);
    va_end(args);
}

const char *buf_text(buf *b)
{
    if (!b->at)
        b->at = memory_grow(NULL, 1, 1);
    b->at[b->len] = '\0';
    return (const char *)b->at;
}

void buf_done(buf *b)
{
    free(b->at);
    *b = (buf){ .limit = b->limit };
}
