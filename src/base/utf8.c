#include "base/utf16.h"

size_t utf8_put(uint8_t to[4], uint32_t c)
{
    static const uint8_t lead[] = { 0, 0xC0, 0xE0, 0xF0 };
    size_t more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    for (size_t i = more; i > 0; i--, c >>= 6)
        to[i] = (uint8_t)(0x80 | (c & 63));
    to[0] = (uint8_t)(lead[more] | c);
    return more + 1;
}

/* Table 3-7 of the Unicode Standard: what the second byte may be depends on the first; the others are 80 to BF. */
uint32_t utf8_take(span bytes, size_t *at)
{
    uint8_t first = bytes.at[(*at)++];
    if (first < 0x80)
        return first;
    unsigned more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
    if (first < 0xC2 || first > 0xF4)
        return UTF8_INVALID;
    uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80, high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    uint32_t c = first & (0x3Fu >> more);
    for (; more; more--) {
        if (*at == bytes.len || bytes.at[*at] < low || bytes.at[*at] > high)
            return UTF8_INVALID;
        c = c << 6 | (bytes.at[(*at)++] & 63u);
        low = 0x80;
        high = 0xBF;
    }
    return c;
}

bool utf8_valid(span bytes)
{
    for (size_t at = 0; at < bytes.len;)
        if (utf8_take(bytes, &at) == UTF8_INVALID)
            return false;
    return true;
}

static void put_escape(buf *out, uint8_t c)
{
    static const char digits[] = "0123456789abcdef";
    char letter = c == '"' ? '"' : c == '\\' ? '\\' : c == '\b' ? 'b' : c == '\f' ? 'f' : c == '\n' ? 'n' :
                  c == '\r' ? 'r' : c == '\t' ? 't' : '\0';
    if (letter)
        buf_put(out, (char[]){ '\\', letter }, 2);
    else
        buf_put(out, (char[]){ '\\', 'u', '0', '0', digits[c >> 4], digits[c & 15] }, 6);
}

static bool is_plain(uint8_t c) { return c >= 0x20 && c < 0x80 && c != '"' && c != '\\'; }

void utf8_json(span bytes, buf *out)
{
    size_t plain = 0, at = 0;            /* from `plain` to `at` stands what needs no change */
    while (at < bytes.len) {
        while (at < bytes.len && is_plain(bytes.at[at]))
            at++;
        if (at == bytes.len)
            break;
        size_t before = at;
        uint32_t c = utf8_take(bytes, &at);
        if (c != UTF8_INVALID && c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_put(out, bytes.at + plain, before - plain);
        if (c == UTF8_INVALID)
            buf_put(out, "\xEF\xBF\xBD", 3);
        else
            put_escape(out, (uint8_t)c);
        plain = at;
    }
    if (plain < bytes.len)
        buf_put(out, bytes.at + plain, bytes.len - plain);
}

void utf8_lower_ascii(char *text)
{
    for (; *text; text++)
        if (*text >= 'A' && *text <= 'Z')
            *text += 32;
}
