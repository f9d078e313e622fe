#include "detect/pattern.h"

#include "base/regex.h"

struct pattern { const regex *of; };
struct pattern_room { regex_room *of; };

status pattern_new(arena *mem, const char *expression, pattern **out)
{
    pattern *p = arena_alloc(mem, sizeof *p);
    status s = p ? regex_new(mem, expression, REGEX_CASELESS | REGEX_DOTALL, &p->of) : status_fail(STATUS_LIMIT, "no memory left");
    *out = p;
    return status_is_ok(s) ? s : status_fail(s.code, "expression '%.80s': %s", expression, s.words);
}

pattern_room *pattern_room_new(arena *mem)
{
    pattern_room *room = arena_alloc(mem, sizeof *room);
    if (room)
        room->of = regex_room_new(mem);
    return room && room->of ? room : NULL;
}

/* PCRE2's own mode for invalid UTF-8 is no help: up to 10.42 its machine code lets \S match no letter beyond ASCII there. So what is
 * invalid becomes a question mark. */
static size_t repaired(const char *text, size_t len, char out[PATTERN_TEXT])
{
    span bytes = span_of(text, len);
    size_t n = 0;
    for (size_t at = 0; at < len;) {
        size_t from = at;
        if (utf8_take(bytes, &at) == UTF8_INVALID)
            out[n++] = '?';
        else
            for (; from < at; from++)
                out[n++] = text[from];
    }
    return n;
}

static bool is_ascii(const char *text, size_t len)
{
    uint8_t all = 0;
    for (size_t i = 0; i < len; i++)
        all |= (uint8_t)text[i];
    return all < 0x80;
}

bool pattern_matches(const pattern *p, pattern_room *room, const char *text, size_t len)
{
    char copy[PATTERN_TEXT];
    if (len > PATTERN_TEXT)
        len = PATTERN_TEXT;
    if (!is_ascii(text, len) && !utf8_valid(span_of(text, len))) {
        len = repaired(text, len, copy);
        text = copy;
    }
    return regex_matches(p->of, room->of, span_of(text, len), len);
}
