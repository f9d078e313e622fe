#include "base/json_write.h"

#include "base/utf16.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

void json_begin(json_writer *w, buf *out)
{
    *w = (json_writer){ .out = out, .first = { true } };
}

/* A comma before every value but the first of its array or object; none between a key and its value. */
static void separate(json_writer *w)
{
    if (w->after_key)
        w->after_key = false;
    else if (!w->first[w->depth])
        buf_char(w->out, ',');
    w->first[w->depth] = false;
}

static void enter(json_writer *w, char bracket)
{
    separate(w);
    buf_char(w->out, bracket);
    assert(w->depth < JSON_WRITE_DEPTH);
    w->first[++w->depth] = true;
}

static void leave(json_writer *w, char bracket)
{
    assert(w->depth > 0 && !w->after_key);
    w->depth--;
    buf_char(w->out, bracket);
}

void json_object(json_writer *w)
{
    enter(w, '{');
}

void json_array(json_writer *w)
{
    enter(w, '[');
}

void json_end_object(json_writer *w)
{
    leave(w, '}');
}

void json_end_array(json_writer *w)
{
    leave(w, ']');
}

void json_key(json_writer *w, const char *key)
{
    json_text(w, key);
    buf_char(w->out, ':');
    w->after_key = true;
}

void json_text(json_writer *w, const char *utf8)
{
    if (utf8)
        json_bytes(w, span_str(utf8));
    else
        json_null(w);
}

void json_bytes(json_writer *w, span utf8)
{
    separate(w);
    buf_char(w->out, '"');
    utf8_json(utf8, w->out);
    buf_char(w->out, '"');
}

void json_u64(json_writer *w, uint64_t n)
{
    separate(w);
    buf_u64(w->out, n);
}

void json_i64(json_writer *w, int64_t n)
{
    separate(w);
    if (n < 0)
        buf_char(w->out, '-');
    buf_u64(w->out, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
}

void json_fixed(json_writer *w, double value, unsigned digits)
{
    if (!isfinite(value)) {
        json_null(w);
        return;
    }
    char text[512], whole[512], part[32];
    size_t wholes = 0, parts = 0;
    bool in_part = false;
    assert(digits <= 17);
    int len = snprintf(text, sizeof text, "%.*f", (int)digits, fabs(value));
    assert(len > 0 && len < (int)sizeof text);

    /* What is no digit is the point of some locale, and may be several bytes. */
    for (int i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            in_part = true;
        else if (in_part)
            part[parts++] = text[i];
        else
            whole[wholes++] = text[i];
    }
    while (parts && part[parts - 1] == '0')
        parts--;

    separate(w);
    if (signbit(value) && (parts || wholes > 1 || whole[0] != '0'))
        buf_char(w->out, '-');
    buf_put(w->out, whole, wholes);
    if (parts) {
        buf_char(w->out, '.');
        buf_put(w->out, part, parts);
    }
}

void json_bool(json_writer *w, bool b)
{
    separate(w);
    buf_str(w->out, b ? "true" : "false");
}

void json_null(json_writer *w)
{
    separate(w);
    buf_str(w->out, "null");
}
