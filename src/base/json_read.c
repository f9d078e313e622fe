#include "base/json_read.h"

#include "base/utf16.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

typedef struct {
    arena *mem;
    span all;
    size_t at;
    const char *failed;         /* what is wrong at `at`; NULL while all is well */
    bool spent;                 /* the arena gave no more */
} reader;

static void fail(reader *r, const char *what)
{
    if (!r->failed)
        r->failed = what;
}

static int peek(const reader *r)
{
    return r->at < r->all.len ? r->all.at[r->at] : -1;
}

static bool take(reader *r, char c)
{
    if (peek(r) != (unsigned char)c)
        return false;
    r->at++;
    return true;
}

static void skip_blanks(reader *r)
{
    for (int c = peek(r); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = peek(r))
        r->at++;
}

static void *give(reader *r, size_t size)
{
    void *out = arena_alloc(r->mem, size);
    if (!out) {
        r->spent = true;
        fail(r, "no memory left within the limit");
    }
    return out;
}

static int hex_value(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static uint32_t read_unit(reader *r)
{
    uint32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(peek(r));
        if (digit < 0) {
            fail(r, "\\u wants four hexadecimal digits");
            return 0;
        }
        unit = unit << 4 | (uint32_t)digit;
        r->at++;
    }
    return unit;
}

/* What follows "\u". A high surrogate takes a low one with it, when one follows; every other surrogate is U+FFFD. */
static uint32_t read_code_point(reader *r)
{
    uint32_t unit = read_unit(r);
    if (unit < 0xD800 || unit > 0xDFFF)
        return unit;
    if (unit <= 0xDBFF && r->all.len - r->at >= 6 && memcmp(r->all.at + r->at, "\\u", 2) == 0) {
        reader ahead = *r;
        ahead.at += 2;
        uint32_t second = read_unit(&ahead);
        if (!ahead.failed && second >= 0xDC00 && second <= 0xDFFF) {
            r->at = ahead.at;
            return 0x10000 + ((unit - 0xD800) << 10) + (second - 0xDC00);
        }
    }
    return 0xFFFD;
}

static uint32_t read_escape(reader *r)
{
    int c = peek(r);
    r->at++;
    switch (c) {
    case '"': case '\\': case '/': return (uint32_t)c;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'u': return read_code_point(r);
    }
    r->at--;
    fail(r, "no such escape");
    return 0;
}

/* The length in the file bounds the length in memory: no escape is shorter than what it stands for. */
static span read_string(reader *r)
{
    size_t end = ++r->at;               /* the quote was seen */
    while (end < r->all.len && r->all.at[end] != '"')
        end += r->all.at[end] == '\\' ? 2 : 1;
    if (end >= r->all.len) {
        r->at = r->all.len;
        fail(r, "a string without its end");
        return (span){ 0 };
    }
    uint8_t *out = give(r, end - r->at + 1);
    size_t len = 0;
    span inside = span_part(r->all, 0, end);
    while (!r->failed && r->at < end) {
        uint8_t c = r->all.at[r->at];
        if (c == '\\') {
            r->at++;
            len += utf8_put(out + len, read_escape(r));
        } else if (c < 0x20) {
            fail(r, "a control character in a string");
        } else if (c < 0x80) {
            out[len++] = c;
            r->at++;
        } else {
            size_t next = r->at;
            if (utf8_take(inside, &next) == UTF8_INVALID) {
                fail(r, "not UTF-8");
            } else {
                memcpy(out + len, r->all.at + r->at, next - r->at);
                len += next - r->at;
                r->at = next;
            }
        }
    }
    r->at++;
    return r->failed ? (span){ 0 } : span_of(out, len);
}

static bool skip_digits(reader *r)
{
    size_t from = r->at;
    while (peek(r) >= '0' && peek(r) <= '9')
        r->at++;
    return r->at > from;
}

static span read_number(reader *r)
{
    size_t from = r->at;
    take(r, '-');
    if (!take(r, '0') && !skip_digits(r))
        fail(r, "a value was expected");
    if (take(r, '.') && !skip_digits(r))
        fail(r, "digits were expected after the point");
    if (take(r, 'e') || take(r, 'E')) {
        if (!take(r, '+'))
            take(r, '-');
        if (!skip_digits(r))
            fail(r, "digits were expected in the exponent");
    }
    if (r->failed)
        return (span){ 0 };
    char *copy = give(r, r->at - from + 1);
    if (!copy)
        return (span){ 0 };
    memcpy(copy, r->all.at + from, r->at - from);
    return span_of(copy, r->at - from);
}

static bool take_word(reader *r, const char *word)
{
    size_t len = strlen(word);
    if (!span_is(span_part(r->all, r->at, len), word))
        return false;
    r->at += len;
    return true;
}

static json *read_value(reader *r, unsigned depth);

static void read_children(reader *r, json *parent, unsigned depth)
{
    bool is_object = parent->kind == JSON_OBJECT;
    char end = is_object ? '}' : ']';
    json **last = &parent->first;
    r->at++;
    skip_blanks(r);
    if (take(r, end))
        return;
    do {
        span name = { 0 };
        skip_blanks(r);
        if (is_object) {
            if (peek(r) != '"') {
                fail(r, "a name in quotes was expected");
                return;
            }
            name = read_string(r);
            skip_blanks(r);
            if (!r->failed && !take(r, ':'))
                fail(r, "a colon was expected");
        }
        json *child = r->failed ? NULL : read_value(r, depth);
        if (!child)
            return;
        child->name = name;
        *last = child;
        last = &child->next;
        parent->count++;
        skip_blanks(r);
    } while (take(r, ','));
    if (!take(r, end))
        fail(r, is_object ? "a comma or } was expected" : "a comma or ] was expected");
}

static json *read_value(reader *r, unsigned depth)
{
    skip_blanks(r);
    json *out = give(r, sizeof *out);
    if (!out)
        return NULL;
    int c = peek(r);
    if (c == '{' || c == '[') {
        out->kind = c == '{' ? JSON_OBJECT : JSON_ARRAY;
        if (depth == JSON_DEPTH)
            fail(r, "nested too deeply");
        else
            read_children(r, out, depth + 1);
    } else if (c == '"') {
        out->kind = JSON_STRING;
        out->text = read_string(r);
    } else if (take_word(r, "true") || take_word(r, "false")) {
        out->kind = JSON_BOOL;
        out->truth = c == 't';
    } else if (take_word(r, "null")) {
        out->kind = JSON_NULL;
    } else {
        out->kind = JSON_NUMBER;
        out->text = read_number(r);
    }
    return r->failed ? NULL : out;
}

status json_parse(arena *mem, span bytes, json **out)
{
    reader r = { .mem = mem, .all = bytes };
    json *value = read_value(&r, 0);
    skip_blanks(&r);
    if (!r.failed && r.at < bytes.len)
        fail(&r, "something follows the value");
    if (r.failed)
        return status_fail(r.spent ? STATUS_LIMIT : STATUS_DAMAGED, "JSON, byte %zu: %s", r.at, r.failed);
    *out = value;
    return status_ok();
}

const json *json_get(const json *object, const char *name)
{
    if (!object || object->kind != JSON_OBJECT)
        return NULL;
    for (const json *child = object->first; child; child = child->next)
        if (span_is(child->name, name))
            return child;
    return NULL;
}

const char *json_str(const json *object, const char *name)
{
    const json *value = json_get(object, name);
    return value && value->kind == JSON_STRING ? (const char *)value->text.at : "";
}

bool json_uint(const json *value, uint64_t *out)
{
    if (!value || value->kind != JSON_NUMBER)
        return false;
    uint64_t n = 0;
    for (size_t i = 0; i < value->text.len; i++) {
        uint8_t c = value->text.at[i];
        if (c < '0' || c > '9' || __builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, (uint64_t)(c - '0'), &n))
            return false;
    }
    *out = n;
    return true;
}

bool json_int(const json *value, int64_t *out)
{
    if (!value || value->kind != JSON_NUMBER)
        return false;
    json without_sign = *value;
    bool negative = value->text.at[0] == '-';
    without_sign.text = span_part(value->text, negative, SIZE_MAX);
    uint64_t n;
    if (!json_uint(&without_sign, &n) || n > (uint64_t)INT64_MAX + negative)
        return false;
    *out = negative ? (int64_t)(0 - n) : (int64_t)n;
    return true;
}

static locale_t plain;
static pthread_once_t plain_made = PTHREAD_ONCE_INIT;

static void make_plain(void)
{
    plain = newlocale(LC_ALL_MASK, "C", NULL);
    if (!plain)
        abort();
}

double json_number(const json *value, double otherwise)
{
    if (!value || value->kind != JSON_NUMBER)
        return otherwise;
    pthread_once(&plain_made, make_plain);          /* the point is a point, whatever the user's locale says */
    double n = strtod_l((const char *)value->text.at, NULL, plain);
    return isfinite(n) ? n : otherwise;
}
