#include "report/escape.h"

/* Characters that are not seen, or change how others are: they are shown as their code. */
static bool is_hidden(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c || c == 0x180e || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff0 && c <= 0xfffb) ||
           (c >= 0xe0000 && c <= 0xe0fff);
}

static void put_character(uint32_t c, buf *out)
{
    uint8_t bytes[4];
    if (c == UTF8_INVALID)
        c = 0xfffd;
    if (c < 0x80 && is_hidden(c))
        buf_printf(out, "\\x%02x", c);
    else if (is_hidden(c))
        buf_printf(out, "\\u%04x", c);
    else
        buf_put(out, bytes, utf8_put(bytes, c));
}

void escape_html(span utf8, buf *out)
{
    for (size_t at = 0; at < utf8.len; ) {
        uint32_t c = utf8_take(utf8, &at);
        if (c == '&')
            buf_str(out, "&amp;");
        else if (c == '<')
            buf_str(out, "&lt;");
        else if (c == '>')
            buf_str(out, "&gt;");
        else if (c == '"')
            buf_str(out, "&quot;");
        else if (c == '\'')
            buf_str(out, "&#39;");
        else if (c == '`')
            buf_str(out, "&#96;");
        else if (c == '\n')
            buf_char(out, '\n');
        else if (c == '\r' || c == '\t')
            buf_char(out, ' ');
        else
            put_character(c, out);
    }
}

void escape_plain(span utf8, buf *out)
{
    for (size_t at = 0; at < utf8.len; ) {
        uint32_t c = utf8_take(utf8, &at);
        if (c == '\n' || c == '\r' || c == '\t')
            buf_char(out, ' ');
        else
            put_character(c, out);
    }
}

const char *escape_clip(arena *mem, const char *utf8, size_t bytes)
{
    span s = span_str(utf8);
    if (s.len <= bytes)
        return utf8;
    size_t keep = bytes;
    while (keep > 0 && (s.at[keep] & 0xc0) == 0x80)
        keep--;
    return arena_printf(mem, "%.*s…", (int)keep, utf8);
}
