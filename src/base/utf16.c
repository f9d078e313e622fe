#include "base/utf16.h"

#include "base/cursor.h"

/* One code point of what is left of `units`, which must not be empty; `*at` counts units. Broken surrogates: U+FFFD. */
static uint32_t take(span units, size_t *at, size_t count)
{
    uint32_t unit = le16(units.at + 2 * (*at)++);
    if (unit < 0xD800 || unit > 0xDFFF)
        return unit;
    if (unit > 0xDBFF || *at == count)
        return 0xFFFD;
    uint32_t second = le16(units.at + 2 * *at);
    if (second < 0xDC00 || second > 0xDFFF)
        return 0xFFFD;
    ++*at;
    return 0x10000 + ((unit - 0xD800) << 10) + (second - 0xDC00);
}

static uint8_t *put_utf8(uint8_t *to, uint32_t c)
{
    if (c < 0x80) {
        *to++ = (uint8_t)c;
    } else if (c < 0x800) {
        *to++ = (uint8_t)(0xC0 | c >> 6);
        *to++ = (uint8_t)(0x80 | (c & 63));
    } else if (c < 0x10000) {
        *to++ = (uint8_t)(0xE0 | c >> 12);
        *to++ = (uint8_t)(0x80 | (c >> 6 & 63));
        *to++ = (uint8_t)(0x80 | (c & 63));
    } else {
        *to++ = (uint8_t)(0xF0 | c >> 18);
        *to++ = (uint8_t)(0x80 | (c >> 12 & 63));
        *to++ = (uint8_t)(0x80 | (c >> 6 & 63));
        *to++ = (uint8_t)(0x80 | (c & 63));
    }
    return to;
}

static uint8_t *put_json(uint8_t *to, uint32_t c)
{
    static const char digits[] = "0123456789abcdef";
    char letter = c == '"' ? '"' : c == '\\' ? '\\' : c == '\b' ? 'b' : c == '\f' ? 'f' : c == '\n' ? 'n' :
                  c == '\r' ? 'r' : c == '\t' ? 't' : '\0';
    if (letter) {
        *to++ = '\\';
        *to++ = (uint8_t)letter;
    } else if (c < 0x20) {
        memcpy(to, "\\u00", 4);
        to[4] = (uint8_t)digits[c >> 4];
        to[5] = (uint8_t)digits[c & 15];
        to += 6;
    } else {
        to = put_utf8(to, c);
    }
    return to;
}

static uint8_t *put_word(uint8_t *to, const char *word)
{
    size_t len = strlen(word);
    memcpy(to, word, len);
    return to + len;
}

static uint8_t *put_xml(uint8_t *to, uint32_t c)
{
    switch (c) {
    case '&': return put_word(to, "&amp;");
    case '<': return put_word(to, "&lt;");
    case '>': return put_word(to, "&gt;");
    case '"': return put_word(to, "&quot;");
    }
    bool forbidden = (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0xFFFE || c == 0xFFFF;
    return put_utf8(to, forbidden ? 0xFFFD : c);
}

typedef uint8_t *putter(uint8_t *, uint32_t);

enum { STRETCH = 256, MOST = 6 };       /* units a turn; bytes a unit at most, as JSON and XML escapes have them */

/* Room is asked for the worst case, a stretch at a time. Where that would go beyond the limit, the stretch is made in a
 * place of its own, and counts with the bytes it really has. */
static inline void convert(span units, buf *out, putter *put)
{
    size_t count = units.len / 2, at = 0;
    while (at < count && !out->overflow) {
        uint8_t aside[STRETCH * MOST + MOST];
        size_t end = count - at < STRETCH ? count : at + STRETCH;
        bool fits = out->limit - out->len >= sizeof aside && buf_room(out, sizeof aside);
        uint8_t *from = fits ? out->at + out->len : aside, *to = from;
        while (at < end)
            to = put(to, take(units, &at, count));
        if (fits)
            out->len += (size_t)(to - from);
        else
            buf_put(out, from, (size_t)(to - from));
    }
}

void utf16_utf8(span units, buf *out)
{
    convert(units, out, put_utf8);
}

void utf16_json(span units, buf *out)
{
    convert(units, out, put_json);
}

void utf16_xml(span units, buf *out)
{
    convert(units, out, put_xml);
}

char *utf16_text(arena *mem, span units)
{
    size_t count = units.len / 2, len = 0;
    uint8_t letter[4];
    for (size_t at = 0; at < count;)
        len += (size_t)(put_utf8(letter, take(units, &at, count)) - letter);
    uint8_t *out = len < SIZE_MAX ? arena_alloc(mem, len + 1) : NULL;
    if (!out)
        return NULL;
    uint8_t *to = out;
    for (size_t at = 0; at < count;)
        to = put_utf8(to, take(units, &at, count));
    return (char *)out;
}

span utf16_trim(span units)
{
    size_t count = units.len / 2;
    for (; count; count--) {
        uint16_t last = le16(units.at + 2 * (count - 1));
        if (last != 0 && last != ' ' && last != '\t' && last != '\r' && last != '\n')
            break;
    }
    return span_part(units, 0, 2 * count);
}

static uint32_t lower(uint32_t c)
{
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

/* Whether the units from `at` on are the letters of `ascii`; there are enough of them. */
static bool same_at(span units, size_t at, const char *ascii, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (lower(le16(units.at + 2 * (at + i))) != lower((unsigned char)ascii[i]))
            return false;
    return true;
}

bool utf16_is(span units, const char *ascii)
{
    size_t len = strlen(ascii);
    return units.len / 2 == len && same_at(units, 0, ascii, len);
}

bool utf16_starts(span units, const char *ascii)
{
    size_t len = strlen(ascii);
    return units.len / 2 >= len && same_at(units, 0, ascii, len);
}

bool utf16_ends(span units, const char *ascii)
{
    size_t len = strlen(ascii), count = units.len / 2;
    return count >= len && same_at(units, count - len, ascii, len);
}

bool utf16_has(span units, const char *ascii)
{
    size_t len = strlen(ascii), count = units.len / 2;
    for (size_t at = 0; at + len <= count; at++)
        if (same_at(units, at, ascii, len))
            return true;
    return false;
}
