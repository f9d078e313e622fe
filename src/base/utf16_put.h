/* Inside of base: one code point of UTF-16LE taken, one put, at places where there is room enough. */
#pragma once
#include "base/cursor.h"

/* One code point of what is left of `units`, which must not be empty; `*at` counts units. Broken surrogates: U+FFFD. */
static inline uint32_t utf16_take(span units, size_t *at, size_t count)
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

static inline uint8_t *put_utf8(uint8_t *to, uint32_t c)
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

static inline uint8_t *put_json(uint8_t *to, uint32_t c)
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
