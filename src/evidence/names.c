#include "evidence/names.h"

#include <iconv.h>
#include <stdio.h>
#include <strings.h>

static const char is_absolute[] = "its name begins at the root of a drive; kept inside the unit";
static const char goes_up[] = "its name climbs out of its folder; kept inside the unit";
static const char has_controls[] = "its name has control characters; shown as %XX";
static const char is_long[] = "its name is too long; cut";
static const char is_empty[] = "it has no name";

static void put_hex(buf *out, uint8_t c)
{
    buf_printf(out, "%%%02X", c);
}

/* Chinese Windows packs names in its code page, GBK, of which GB18030 is a superset. */
static bool from_gb18030(span raw, buf *out)
{
    iconv_t made = iconv_open("UTF-8", "GB18030");
    if (made == (iconv_t)-1)
        return false;
    char *in = (char *)raw.at, text[256];
    size_t left = raw.len;
    bool ok = true;
    buf_clear(out);
    while (left && ok) {
        char *to = text;
        size_t room = sizeof text;
        size_t left_before = left;
        if (iconv(made, &in, &left, &to, &room) == (size_t)-1 && left == left_before)
            ok = false;
        buf_put(out, text, sizeof text - room);
    }
    iconv_close(made);
    return ok && !out->overflow && utf8_valid(buf_bytes(out));
}

static void to_utf8(span raw, buf *out)
{
    if (utf8_valid(raw)) {
        buf_span(out, raw);
        return;
    }
    if (from_gb18030(raw, out))
        return;
    buf_clear(out);
    for (size_t i = 0; i < raw.len; i++)
        if (raw.at[i] < 0x80)
            buf_char(out, (char)raw.at[i]);
        else
            put_hex(out, raw.at[i]);
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What %XX at `at` stands for, or -1. */
static int percent(span s, size_t at)
{
    if (s.len - at < 3 || s.at[at] != '%')
        return -1;
    int high = hex_digit(s.at[at + 1]), low = hex_digit(s.at[at + 2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static bool is_letter(uint8_t c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* C%3A, or %5C%5C.%5CC%3A: the letter, or 0. */
static char velociraptor_drive(span part)
{
    static const char raw_device[] = "%5C%5C.%5C";
    size_t prefix = sizeof raw_device - 1;
    if (part.len == prefix + 4 && strncasecmp((const char *)part.at, raw_device, prefix) == 0)
        part = span_part(part, prefix, SIZE_MAX);
    bool is = part.len == 4 && is_letter(part.at[0]) && part.at[1] == '%' && part.at[2] == '3' && (part.at[3] | 0x20) == 'a';
    return is ? (char)part.at[0] : 0;
}

/* %XX decoded, but for what would be a separator or a control character. */
static void decode(span part, buf *out)
{
    buf plain;
    buf_init(&plain, part.len + 1);
    for (size_t i = 0; i < part.len; i++) {
        int c = percent(part, i);
        if (c >= 0x20 && c != '/' && c != '\\' && c != 0x7f) {
            buf_char(&plain, (char)c);
            i += 2;
        } else {
            buf_char(&plain, (char)part.at[i]);
        }
    }
    to_utf8(buf_bytes(&plain), out);
    buf_done(&plain);
}

static void put_part(buf *out, span part, const char **wrong)
{
    if (span_is(part, "..")) {
        buf_str(out, "(..)");
        *wrong = goes_up;
        return;
    }
    for (size_t i = 0; i < part.len; i++) {
        uint8_t c = part.at[i];
        if (c < 0x20 || c == 0x7f) {
            put_hex(out, c);
            *wrong = has_controls;
        } else {
            buf_char(out, (char)c);
        }
    }
}

static bool is_separator(uint8_t c)
{
    return c == '/' || c == '\\';
}

char *name_logical(arena *mem, span raw, const char **wrong)
{
    buf text, plain, out;
    *wrong = NULL;
    if (raw.len > 16 * NAME_LONGEST) {
        raw.len = 16 * NAME_LONGEST;
        *wrong = is_long;
    }
    buf_init(&text, 3 * raw.len + 64);
    buf_init(&plain, 3 * raw.len + 64);
    buf_init(&out, 9 * raw.len + 64);
    to_utf8(raw, &text);
    if (text.len && (is_separator(text.at[0]) || (text.len > 2 && is_letter(text.at[0]) && text.at[1] == ':' && is_separator(text.at[2]))))
        *wrong = is_absolute;

    bool decoding = false;
    for (size_t at = 0; at < text.len;) {
        size_t end = at;
        while (end < text.len && !is_separator(text.at[end]))
            end++;
        span part = span_of(text.at + at, end - at);
        at = end + 1;
        if (part.len == 0 || span_is(part, "."))
            continue;
        if (out.len)
            buf_char(&out, '/');
        char drive = velociraptor_drive(part);
        if (drive) {
            decoding = true;
            buf_printf(&out, "%c:", drive);
            continue;
        }
        buf_clear(&plain);
        if (decoding)
            decode(part, &plain);
        else
            buf_span(&plain, part);
        put_part(&out, buf_bytes(&plain), wrong);
    }
    if (out.len == 0) {
        buf_str(&out, "(no name)");
        *wrong = is_empty;
    }
    if (out.len > NAME_LONGEST) {
        out.len = NAME_LONGEST;
        while (out.len && (out.at[out.len] & 0xC0) == 0x80)
            out.len--;
        buf_str(&out, "\xe2\x80\xa6");
        *wrong = is_long;
    }
    char *made = arena_text(mem, buf_bytes(&out));
    buf_done(&text);
    buf_done(&plain);
    buf_done(&out);
    return made;
}

char *name_join(arena *mem, const char *folder, const char *name)
{
    return *folder ? arena_printf(mem, "%s/%s", folder, name) : arena_str(mem, name);
}

bool name_is_system(const char *part)
{
    static const char *const names[] = { "windows", "winnt", "system32", "sysnative", "winevt", "logs", "users", "documents and settings", "programdata",
                                         "uploads", "auto", "ntfs", "lazy_ntfs", "file" };
    /* A and B were floppies: folders of such names are somebody's own. */
    if (is_letter((uint8_t)part[0]) && (part[0] | 0x20) >= 'c' && (part[1] == '\0' || strcmp(part + 1, ":") == 0 || strcasecmp(part + 1, "_drive") == 0))
        return true;
    if (velociraptor_drive(span_str(part)))
        return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(part, names[i]) == 0)
            return true;
    return false;
}
