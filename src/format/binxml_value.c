/* Values as text: numbers, times, identifiers and strings straight from their bytes. */
#include "format/binxml_tree.h"

#include "base/utf16_put.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef enum { PLAIN, JSON, XML_TEXT, XML_ATTRIBUTE } manner;

/* Bytes of a type that has always as many; 0 for the others. */
static unsigned width_of(uint8_t type)
{
    static const uint8_t widths[] = {
        [BINXML_I8] = 1, [BINXML_U8] = 1, [BINXML_I16] = 2, [BINXML_U16] = 2, [BINXML_I32] = 4, [BINXML_U32] = 4,
        [BINXML_I64] = 8, [BINXML_U64] = 8, [BINXML_F32] = 4, [BINXML_F64] = 8, [BINXML_BOOL] = 4, [BINXML_GUID] = 16,
        [BINXML_FILETIME] = 8, [BINXML_SYSTEMTIME] = 16, [BINXML_HEX32] = 4, [BINXML_HEX64] = 8,
    };
    return type < sizeof widths ? widths[type] : 0;
}

/* Whether the bytes are what the type says. What is not is shown as bytes, as if it were binary. */
static bool is_sound(binxml_value v)
{
    switch (v.type) {
    case BINXML_NULL: case BINXML_WSTRING: case BINXML_ASTRING: case BINXML_BINARY:
        return true;
    case BINXML_SIZE:
        return v.bytes.len == 4 || v.bytes.len == 8;
    case BINXML_SID:
        return v.bytes.len >= 8 && v.bytes.len == 8 + 4u * v.bytes.at[1];
    default:
        return width_of(v.type) && v.bytes.len == width_of(v.type);
    }
}

bool bx_empty(binxml_value v)
{
    if (v.type == BINXML_NULL || v.bytes.len == 0)
        return true;
    if (v.type == BINXML_WSTRING)
        return v.bytes.len < 2 || (v.bytes.at[0] == 0 && v.bytes.at[1] == 0);
    if (v.type == BINXML_ASTRING) {
        for (size_t i = 0; i < v.bytes.len; i++)
            if (v.bytes.at[i])
                return false;
        return true;
    }
    return false;
}

bool bx_bare(binxml_value v)
{
    return ((v.type >= BINXML_I8 && v.type <= BINXML_U64) || v.type == BINXML_BOOL) && v.bytes.len == width_of(v.type);
}

static uint8_t *put_word(uint8_t *to, const char *word)
{
    size_t len = strlen(word);
    memcpy(to, word, len);
    return to + len;
}

static uint8_t *put_decimal(uint8_t *to, uint64_t n)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                                "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    if (n < 10) {
        *to = (uint8_t)('0' + n);
        return to + 1;
    }
    uint8_t digits[20], *at = digits + sizeof digits;
    while (n >= 100) {
        at -= 2;
        memcpy(at, pairs + 2 * (n % 100), 2);
        n /= 100;
    }
    if (n >= 10) {
        at -= 2;
        memcpy(at, pairs + 2 * n, 2);
    } else {
        *--at = (uint8_t)('0' + n);
    }
    size_t len = (size_t)(digits + sizeof digits - at);
    memcpy(to, at, len);
    return to + len;
}

static uint8_t *put_signed(uint8_t *to, int64_t n)
{
    if (n >= 0)
        return put_decimal(to, (uint64_t)n);
    *to++ = '-';
    return put_decimal(to, 0 - (uint64_t)n);
}

static const char lower_digits[] = "0123456789abcdef";
static const char upper_digits[] = "0123456789ABCDEF";

static uint8_t *put_hex(uint8_t *to, uint64_t n)
{
    *to++ = '0';
    *to++ = 'x';
    unsigned digits = n ? (67u - (unsigned)__builtin_clzll(n)) / 4 : 1;
    for (unsigned i = digits; i-- > 0; n >>= 4)
        to[i] = (uint8_t)lower_digits[n & 15];
    return to + digits;
}

static uint8_t *put_binary(uint8_t *to, span bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        *to++ = (uint8_t)upper_digits[bytes.at[i] >> 4];
        *to++ = (uint8_t)upper_digits[bytes.at[i] & 15];
    }
    return to;
}

/* {d1d1d1d1-d2d2-d3d3-d4d4-d4d4d4d4d4d4}: the first three groups are little-endian numbers. */
static uint8_t *put_guid(uint8_t *to, const uint8_t *guid)
{
    static const uint8_t order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
    *to++ = '{';
    for (unsigned i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *to++ = '-';
        *to++ = (uint8_t)lower_digits[guid[order[i]] >> 4];
        *to++ = (uint8_t)lower_digits[guid[order[i]] & 15];
    }
    *to++ = '}';
    return to;
}

static uint8_t *put_sid(uint8_t *to, const uint8_t *sid)
{
    uint64_t authority = 0;
    for (unsigned i = 2; i < 8; i++)
        authority = authority << 8 | sid[i];
    *to++ = 'S';
    *to++ = '-';
    to = put_decimal(to, sid[0]);
    *to++ = '-';
    to = put_decimal(to, authority);
    for (unsigned i = 0; i < sid[1]; i++) {
        *to++ = '-';
        to = put_decimal(to, le32(sid + 8 + 4 * i));
    }
    return to;
}

static uint8_t *put_digits(uint8_t *to, uint32_t n, unsigned digits)
{
    for (unsigned i = digits; i-- > 0; n /= 10)
        to[i] = (uint8_t)('0' + n % 10);
    return to + digits;
}

/* Windows keeps the last four digits of a year beyond 9999. */
static uint8_t *put_time(uint8_t *to, moment_parts p)
{
    to = put_digits(to, (uint32_t)p.year % 10000, 4);
    *to++ = '-';
    to = put_digits(to, (uint32_t)p.month, 2);
    *to++ = '-';
    to = put_digits(to, (uint32_t)p.day, 2);
    *to++ = 'T';
    to = put_digits(to, (uint32_t)p.hour, 2);
    *to++ = ':';
    to = put_digits(to, (uint32_t)p.minute, 2);
    *to++ = ':';
    to = put_digits(to, (uint32_t)p.second, 2);
    *to++ = '.';
    to = put_digits(to, p.ticks, 7);
    *to++ = 'Z';
    return to;
}

/* A FILETIME beyond the signed range is shown as nothing but zeros, as Windows does. */
static uint8_t *put_filetime(uint8_t *to, uint64_t ticks)
{
    return put_time(to, ticks > INT64_MAX ? (moment_parts){ 0 } : moment_to_parts(ticks));
}

/* A SYSTEMTIME that is no date is shown as the first there is. Windows takes years until 30827. */
static uint8_t *put_systemtime(uint8_t *to, span bytes)
{
    moment t = moment_from_systemtime(bytes);
    return put_filetime(to, moment_known(t) && le16(bytes.at) <= 30827 ? t : 0);
}

/* The fewest digits that read back as the same number, in the form that JavaScript and Rust give it. */
static uint8_t *put_float(uint8_t *to, double n, bool is_short)
{
    if (isnan(n))
        return put_word(to, "NaN");
    if (isinf(n))
        return put_word(to, n < 0 ? "-inf" : "inf");
    char text[40];
    for (int digits = 0; digits <= 16; digits++) {
        snprintf(text, sizeof text, "%.*e", digits, n);
        if (is_short ? strtof(text, NULL) == (float)n : strtod(text, NULL) == n)
            break;
    }
    const char *at = text;
    if (*at == '-')
        *to++ = (uint8_t)*at++;
    char digits[24] = "0";
    int count = 0, exponent = (int)strtol(strchr(at, 'e') + 1, NULL, 10);
    for (; *at != 'e'; at++)
        if (*at >= '0' && *at <= '9')
            digits[count++] = *at;
    if (exponent < (is_short ? -6 : -5) || exponent > (is_short ? 12 : 15)) {
        *to++ = (uint8_t)digits[0];
        if (count > 1)
            *to++ = '.';
        for (int i = 1; i < count; i++)
            *to++ = (uint8_t)digits[i];
        *to++ = 'e';
        return put_signed(to, exponent);
    }
    if (exponent < 0) {
        to = put_word(to, "0.");
        for (int i = -1; i > exponent; i--)
            *to++ = '0';
    }
    for (int i = 0; i < count || i <= exponent; i++) {
        *to++ = (uint8_t)(i < count ? digits[i] : '0');
        if (i == exponent)
            *to++ = '.';
    }
    if (count <= exponent + 1)
        *to++ = '0';
    return to;
}

static uint8_t *put_xml(uint8_t *to, uint32_t c, bool in_attribute)
{
    switch (c) {
    case '&': return put_word(to, "&amp;");
    case '<': return put_word(to, "&lt;");
    case '>': return put_word(to, "&gt;");
    case '\'':
        if (in_attribute)
            return put_word(to, "&apos;");
        break;
    }
    bool forbidden = (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0xFFFE || c == 0xFFFF;
    return put_utf8(to, forbidden ? '_' : c);
}

static inline uint8_t *put_point(uint8_t *to, uint32_t c, manner how)
{
    switch (how) {
    case PLAIN: return put_utf8(to, c);
    case JSON: return put_json(to, c);
    default: return put_xml(to, c, how == XML_ATTRIBUTE);
    }
}

/* A string ends at its first NUL. A surrogate without its other half is U+FFFD, and in XML `_`, as Windows has it. */
static uint8_t *put_wide(uint8_t *to, span units, manner how)
{
    if (how == PLAIN)
        return utf16_utf8_at(to, units);
    if (how == JSON)
        return utf16_json_at(to, units);
    size_t count = units.len / 2, at = 0;
    while (at < count) {
        uint16_t unit = le16(units.at + 2 * at);
        if (unit == 0)
            break;
        uint32_t c = utf16_take(units, &at, count);
        to = put_xml(to, c == 0xFFFD && unit != 0xFFFD ? '_' : c, how == XML_ATTRIBUTE);
    }
    return to;
}

/* Windows-1252; the five bytes that it leaves open are control characters. NULs are left out. */
static uint8_t *put_narrow(uint8_t *to, span bytes, manner how)
{
    static const uint16_t high[32] = {
        0x20AC, 0x81, 0x201A, 0x192, 0x201E, 0x2026, 0x2020, 0x2021, 0x2C6, 0x2030, 0x160, 0x2039, 0x152, 0x8D, 0x17D, 0x8F,
        0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x2DC, 0x2122, 0x161, 0x203A, 0x153, 0x9D, 0x17E, 0x178,
    };
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t byte = bytes.at[i];
        if (byte)
            to = put_point(to, byte >= 0x80 && byte < 0xA0 ? high[byte - 0x80] : byte, how);
    }
    return to;
}

/* Some booleans are flags: whatever is neither 0 nor 1 is shown as the number it is. */
static uint8_t *put_bool(uint8_t *to, uint32_t n)
{
    return n > 1 ? put_signed(to, (int32_t)n) : put_word(to, n ? "true" : "false");
}

static uint8_t *put_scalar(uint8_t *to, binxml_value v, manner how)
{
    const uint8_t *at = v.bytes.at;
    if (v.bytes.len == 0)
        return to;
    if (!is_sound(v))
        return put_binary(to, v.bytes);
    switch (v.type) {
    case BINXML_NULL: return to;
    case BINXML_WSTRING: return put_wide(to, v.bytes, how);
    case BINXML_ASTRING: return put_narrow(to, v.bytes, how);
    case BINXML_I8: return put_signed(to, (int8_t)at[0]);
    case BINXML_U8: return put_decimal(to, at[0]);
    case BINXML_I16: return put_signed(to, (int16_t)le16(at));
    case BINXML_U16: return put_decimal(to, le16(at));
    case BINXML_I32: return put_signed(to, (int32_t)le32(at));
    case BINXML_U32: return put_decimal(to, le32(at));
    case BINXML_I64: return put_signed(to, (int64_t)le64(at));
    case BINXML_U64: return put_decimal(to, le64(at));
    case BINXML_F32: { float f; memcpy(&f, at, 4); return put_float(to, (double)f, true); }
    case BINXML_F64: { double d; memcpy(&d, at, 8); return put_float(to, d, false); }
    case BINXML_BOOL: return put_bool(to, le32(at));
    case BINXML_GUID: return put_guid(to, at);
    case BINXML_SIZE: return put_hex(to, v.bytes.len == 4 ? le32(at) : le64(at));
    case BINXML_FILETIME: return put_filetime(to, le64(at));
    case BINXML_SYSTEMTIME: return put_systemtime(to, v.bytes);
    case BINXML_SID: return put_sid(to, at);
    case BINXML_HEX32: return put_hex(to, le32(at));
    case BINXML_HEX64: return put_hex(to, le64(at));
    default: return put_binary(to, v.bytes);
    }
}

/* Whether an array's bytes divide into items; if not it is shown as bytes. Booleans of which one is a flag are numbers. */
static bool array_is_sound(binxml_value v)
{
    uint8_t type = v.type & ~BINXML_ARRAY;
    if (type == BINXML_WSTRING || type == BINXML_ASTRING)
        return true;
    if (type == BINXML_SID) {
        size_t at = 0;
        while (v.bytes.len - at >= 8 && v.bytes.len - at >= 8 + 4u * v.bytes.at[at + 1])
            at += 8 + 4u * v.bytes.at[at + 1];
        return at == v.bytes.len;
    }
    return width_of(type) && v.bytes.len % width_of(type) == 0;
}

binxml_items binxml_items_of(binxml_value v)
{
    binxml_items items = { .all = v, .type = v.type };
    if (!(v.type & BINXML_ARRAY))
        return items;
    items.type = v.type & ~BINXML_ARRAY;
    if (!array_is_sound(v)) {
        items.type = BINXML_BINARY;
        items.all.type = BINXML_BINARY;
    } else if (items.type == BINXML_BOOL) {
        for (size_t at = 0; at < v.bytes.len; at += 4)
            if (le32(v.bytes.at + at) > 1)
                items.type = BINXML_I32;
    }
    return items;
}

bool binxml_items_next(binxml_items *items, binxml_value *out)
{
    span all = items->all.bytes;
    if (items->done)
        return false;
    if (!(items->all.type & BINXML_ARRAY)) {
        items->done = true;
        *out = items->all;
        return true;
    }
    size_t left = all.len - items->at, len, past;
    if (left == 0)
        return false;
    const uint8_t *at = all.at + items->at;
    if (items->type == BINXML_WSTRING) {
        for (len = 0; len + 1 < left && (at[len] || at[len + 1]);)
            len += 2;
        past = len + 2;
    } else if (items->type == BINXML_ASTRING) {
        for (len = 0; len < left && at[len];)
            len++;
        past = len + 1;
    } else {
        past = len = items->type == BINXML_SID ? 8 + 4u * at[1] : width_of(items->type);
    }
    items->at += past < left ? past : left;
    *out = (binxml_value){ items->type, { at, len } };
    return true;
}

size_t bx_items_count(binxml_value v)
{
    if (!(v.type & BINXML_ARRAY))
        return 1;
    binxml_items items = binxml_items_of(v);
    unsigned width = width_of(items.type);
    if ((items.all.type & BINXML_ARRAY) && width)
        return v.bytes.len / width;
    binxml_value item;
    size_t count = 0;
    while (binxml_items_next(&items, &item))
        count++;
    return count;
}

static uint8_t *put_value(uint8_t *to, binxml_value v, manner how)
{
    if (!(v.type & BINXML_ARRAY))
        return put_scalar(to, v, how);
    binxml_items items = binxml_items_of(v);
    binxml_value item;
    for (bool first = true; binxml_items_next(&items, &item); first = false) {
        if (!first)
            *to++ = ',';
        to = put_scalar(to, item, how);
    }
    return to;
}

uint8_t *bx_text(uint8_t *to, binxml_value v) { return put_value(to, v, PLAIN); }
uint8_t *bx_text_json(uint8_t *to, binxml_value v) { return put_value(to, v, JSON); }
uint8_t *bx_text_xml(uint8_t *to, binxml_value v, bool in_attribute)
{
    return put_value(to, v, in_attribute ? XML_ATTRIBUTE : XML_TEXT);
}

void binxml_value_text(binxml_value v, buf *out)
{
    if (buf_room(out, BX_ROOM(v.bytes.len)))
        out->len = (size_t)(bx_text(out->at + out->len, v) - out->at);
}
