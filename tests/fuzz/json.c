/* The JSON reader over any bytes. What it accepts is written again and read again: the second tree is the first. */
#include "base/base.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_again(json_writer *w, const json *value)
{
    int64_t number;
    switch (value->kind) {
    case JSON_NULL:   json_null(w); break;
    case JSON_BOOL:   json_bool(w, value->truth); break;
    case JSON_STRING: json_bytes(w, value->text); break;
    case JSON_NUMBER:
        if (json_int(value, &number))
            json_i64(w, number);
        else
            json_null(w);
        break;
    case JSON_ARRAY:
    case JSON_OBJECT:
        if (value->kind == JSON_ARRAY)
            json_array(w);
        else
            json_object(w);
        for (const json *child = value->first; child; child = child->next) {
            if (value->kind == JSON_OBJECT)
                json_key(w, (const char *)child->name.at);
            write_again(w, child);
        }
        if (value->kind == JSON_ARRAY)
            json_end_array(w);
        else
            json_end_object(w);
        break;
    }
}

/* Names with a NUL inside are written up to it, so they are not compared. */
static void same(const json *a, const json *b)
{
    int64_t number;
    if (a->kind == JSON_NUMBER && !json_int(a, &number))
        return;
    if (a->kind != b->kind || a->count != b->count)
        abort();
    if (a->kind == JSON_STRING && !span_eq(a->text, b->text))
        abort();
    for (const json *x = a->first, *y = b->first; x && y; x = x->next, y = y->next)
        same(x, y);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena mem;
    arena_init(&mem, 64 << 20);
    json *first, *second;
    if (status_is_ok(json_parse(&mem, span_of(data, size), &first))) {
        buf out;
        buf_init(&out, 64 << 20);
        json_writer w;
        json_begin(&w, &out);
        write_again(&w, first);
        if (!out.overflow) {
            if (!status_is_ok(json_parse(&mem, buf_bytes(&out), &second)))
                abort();
            same(first, second);
        }
        buf_done(&out);
    }
    arena_done(&mem);
    return 0;
}
