/* Values as a detector wants them. */
#include "event/event.h"

#include "base/utf16.h"

#include <strings.h>

static bool is_text(binxml_value v)
{
    return v.type == BINXML_WSTRING || v.type == BINXML_ASTRING;
}

static unsigned unit_at(span text, unsigned width, size_t i)
{
    return width == 2 ? le16(text.at + 2 * i) : text.at[i];
}

static unsigned digit_of(unsigned c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

/* Decimal, or hexadecimal behind 0x; blanks around it, nothing else, and no more than 64 bits. */
static bool parse_number(span text, unsigned width, uint64_t *out)
{
    size_t count = text.len / width, at = 0, digits = 0;
    uint64_t n = 0, base = 10;
    while (at < count && unit_at(text, width, at) == ' ')
        at++;
    if (count - at > 2 && unit_at(text, width, at) == '0' && (unit_at(text, width, at + 1) | 32) == 'x') {
        base = 16;
        at += 2;
    }
    for (; at < count; at++, digits++) {
        unsigned digit = digit_of(unit_at(text, width, at));
        if (digit >= base)
            break;
        if (n > (UINT64_MAX - digit) / base)
            return false;
        n = n * base + digit;
    }
    while (at < count && (unit_at(text, width, at) == ' ' || unit_at(text, width, at) == 0))
        at++;
    *out = n;
    return digits > 0 && at == count;
}

bool value_u64(binxml_value v, uint64_t *out)
{
    const uint8_t *at = v.bytes.at;
    switch (v.type) {
    case BINXML_I8: case BINXML_U8: case BINXML_I16: case BINXML_U16: case BINXML_I32: case BINXML_U32: case BINXML_I64:
    case BINXML_U64: case BINXML_HEX32: case BINXML_HEX64: case BINXML_SIZE: case BINXML_BOOL:
        switch (v.bytes.len) {
        case 1: *out = at[0]; return true;
        case 2: *out = le16(at); return true;
        case 4: *out = le32(at); return true;
        case 8: *out = le64(at); return true;
        default: return false;
        }
    case BINXML_WSTRING: return parse_number(v.bytes, 2, out);
    case BINXML_ASTRING: return parse_number(v.bytes, 1, out);
    default: return false;
    }
}

bool value_moment(binxml_value v, moment *out)
{
    moment t = MOMENT_UNKNOWN;
    if (v.type == BINXML_FILETIME && v.bytes.len == 8) {
        t = moment_from_filetime(le64(v.bytes.at));
    } else if (v.type == BINXML_SYSTEMTIME) {
        t = moment_from_systemtime(v.bytes);
    } else if (v.type == BINXML_WSTRING) {
        span units = utf16_trim(v.bytes);
        char text[64];
        if (units.len / 2 < sizeof text) {
            for (size_t i = 0; i < units.len / 2; i++)
                text[i] = le16(units.at + 2 * i) < 128 ? (char)units.at[2 * i] : '?';
            if (!moment_parse(span_of(text, units.len / 2), &t))
                return false;
        }
    }
    if (!moment_known(t))
        return false;
    *out = t;
    return true;
}

span value_utf16(binxml_value v)
{
    return v.type == BINXML_WSTRING ? utf16_trim(v.bytes) : (span){ 0 };
}

static char *trimmed(arena *mem, const uint8_t *text, size_t len)
{
    while (len && (text[len - 1] == ' ' || text[len - 1] == '\t' || text[len - 1] == '\r' || text[len - 1] == '\n'))
        len--;
    return arena_text(mem, span_of(text, len));
}

char *value_text(binxml_value v, arena *mem)
{
    if (value_absent(v))
        return NULL;
    uint8_t near[UTF16_ROOM(1024)];         /* most texts are short, and so is all that is no text */
    if (v.bytes.len <= 1024) {
        buf here = { .at = near, .room = sizeof near - 1, .limit = sizeof near - 1 };
        binxml_value_text(v, &here);
        if (!here.overflow)
            return trimmed(mem, near, here.len);
    }
    buf text;
    buf_init(&text, 1 << 20);
    binxml_value_text(v, &text);
    char *out = trimmed(mem, text.at, text.len);
    buf_done(&text);
    return out;
}

bool value_is(binxml_value v, const char *ascii)
{
    if (v.type == BINXML_WSTRING)
        return utf16_is(utf16_trim(v.bytes), ascii);
    size_t len = strlen(ascii);
    span text = v.bytes;
    while (text.len && (text.at[text.len - 1] == 0 || text.at[text.len - 1] == ' '))
        text.len--;
    return v.type == BINXML_ASTRING && text.len == len && strncasecmp((const char *)text.at, ascii, len) == 0;
}

bool value_has(binxml_value v, const char *ascii)
{
    if (v.type == BINXML_WSTRING)
        return utf16_has(v.bytes, ascii);
    size_t len = strlen(ascii);
    for (size_t at = 0; is_text(v) && at + len <= v.bytes.len; at++)
        if (strncasecmp((const char *)v.bytes.at + at, ascii, len) == 0)
            return true;
    return false;
}

char *sid_text(span sid, arena *mem)
{
    return value_text((binxml_value){ sid.len ? BINXML_SID : BINXML_NULL, sid }, mem);
}
