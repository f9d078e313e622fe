/* Values of rules as patterns. A backslash before '*', '?' or a backslash takes its meaning away; before anything else it is
 * itself. */
#include "sigma/engine.h"

#include "base/fold.h"

/* windash: a '-' or '/' that begins a word stands for any of them (pySigma: \B[-/]\b). */
static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (c & 0x80);
}

static bool begins_word(const char *text, size_t at)
{
    return (at == 0 || !is_word(text[at - 1])) && is_word(text[at + 1]);
}

bool glob_read(arena *mem, const char *text, bool cased, bool dashes, glob *out)
{
    size_t len = strlen(text), stars = 0;
    for (const char *c = text; *c; c++)
        stars += *c == '*';
    uint8_t *room = arena_alloc(mem, FOLD_ROOM(len)), *raw = arena_alloc(mem, len + 1);
    glob_part *parts = arena_array(mem, stars + 1, sizeof *parts);
    *out = (glob){ .parts = parts, .cased = cased };
    size_t n = 0, used = 0;
    bool plain = true, star = false, any = false;
    if (!room || !raw || !parts)
        return false;
    for (size_t i = 0; i <= len; i++) {
        char c = text[i];
        bool special = (c == '*' || c == '?') && i < len;
        if (c == '\\' && (text[i + 1] == '*' || text[i + 1] == '?' || text[i + 1] == '\\')) {
            raw[n++] = (uint8_t)text[++i];
            continue;
        }
        if (special && c == '?') {
            raw[n++] = GLOB_ONE;
            plain = false;
        } else if (dashes && (c == '-' || c == '/') && begins_word(text, i)) {
            raw[n++] = GLOB_DASH;
            plain = false;
        } else if (c == '*' || i == len) {
            if (n || (i == len && !any && !star)) {
                size_t folded = n;
                if (cased || !plain)                    /* a part with GLOB_ bytes is folded between them */
                    memcpy(room + used, raw, n);
                else
                    folded = fold_utf8(span_of(raw, n), room + used);
                if (!cased && !plain) {
                    folded = 0;
                    for (size_t from = 0; from < n;) {
                        size_t to = from;
                        while (to < n && raw[to] < GLOB_ONE)
                            to++;
                        folded += fold_utf8(span_of(raw + from, to - from), room + used + folded);
                        if (to < n)
                            room[used + folded++] = raw[to++];
                        from = to;
                    }
                }
                parts[out->count++] = (glob_part){ room + used, (uint32_t)folded, plain };
                used += folded;
                any = true;
            }
            if (i < len) {
                if (!any)
                    out->open_start = true;
                star = true;
            }
            if (i == len)
                out->open_end = star && n == 0 && len > 0;
            n = 0;
            plain = true;
        } else {
            raw[n++] = (uint8_t)c;
        }
    }
    return true;
}

void glob_open(arena *mem, glob *g, bool start, bool end)
{
    (void)mem;
    g->open_start |= start;
    g->open_end |= end;
    if (g->count == 1 && g->parts[0].len == 0 && (g->open_start || g->open_end))
        g->count = 0;                                    /* anything */
}

char *glob_plain(arena *mem, const char *text)
{
    char *out = arena_alloc(mem, strlen(text) + 1);
    size_t n = 0;
    for (; out && *text; text++) {
        if (*text == '\\' && (text[1] == '*' || text[1] == '?' || text[1] == '\\'))
            text++;
        else if (*text == '*' || *text == '?')
            return NULL;
        out[n++] = *text;
    }
    return out;
}

/* How many bytes of the text the part takes at its beginning; SIZE_MAX: it does not stand there. */
static size_t part_at(const glob_part *p, span text)
{
    if (p->plain)
        return text.len >= p->len && memcmp(text.at, p->at, p->len) == 0 ? p->len : SIZE_MAX;
    size_t at = 0;
    for (uint32_t i = 0; i < p->len; i++) {
        if (at >= text.len)
            return SIZE_MAX;
        if (p->at[i] < GLOB_ONE) {
            if (text.at[at++] != p->at[i])
                return SIZE_MAX;
            continue;
        }
        size_t from = at;
        uint32_t c = utf8_take(text, &at);
        if (p->at[i] == GLOB_DASH && c != '-' && c != '/' && c != 0x2013 && c != 0x2014 && c != 0x2015)
            return SIZE_MAX;
        if (at == from)
            return SIZE_MAX;
    }
    return at;
}

/* The part's longest stretch without special bytes, and where it begins in it. */
static span stretch_of(const glob_part *p, size_t *at)
{
    span best = { 0 };
    *at = 0;
    for (size_t from = 0; from < p->len;) {
        size_t to = from;
        while (to < p->len && p->at[to] < GLOB_ONE)
            to++;
        if (to - from > best.len) {
            best = span_of(p->at + from, to - from);
            *at = from;
        }
        from = to + 1;
    }
    return best;
}

/* Where the part begins when its first `count` bytes end before `end`; SIZE_MAX: before the text does. */
static size_t begin_before(const glob_part *p, size_t count, span text, size_t end)
{
    while (count--) {
        if (end == 0)
            return SIZE_MAX;
        end--;
        if (p->at[count] >= GLOB_ONE)
            while (end > 0 && (text.at[end] & 0xc0) == 0x80)
                end--;
    }
    return end;
}

static bool find_part(const glob_part *p, span text, size_t *from, size_t *to)
{
    if (p->plain) {
        const uint8_t *hit = p->len == 0 ? text.at + *from : text.len - *from >= p->len ? memmem(text.at + *from, text.len - *from, p->at, p->len) : NULL;
        if (!hit)
            return false;
        *from = (size_t)(hit - text.at);
        *to = *from + p->len;
        return true;
    }
    size_t before;
    span stretch = stretch_of(p, &before);
    for (size_t at = *from; at <= text.len; at++) {
        size_t begin = at;
        if (stretch.len) {
            const uint8_t *hit = text.len - at >= stretch.len ? memmem(text.at + at, text.len - at, stretch.at, stretch.len) : NULL;
            if (!hit)
                return false;
            at = (size_t)(hit - text.at);
            begin = begin_before(p, before, text, at);
            if (begin == SIZE_MAX || begin < *from)
                continue;
        } else if (at < text.len && (text.at[at] & 0xc0) == 0x80) {
            continue;                                    /* within a code point */
        }
        size_t len = part_at(p, span_part(text, begin, SIZE_MAX));
        if (len != SIZE_MAX) {
            *from = begin;
            *to = begin + len;
            return true;
        }
    }
    return false;
}

/* Whether the part ends exactly where the text does, not beginning before `from`. */
static bool part_ends(const glob_part *p, span text, size_t from)
{
    if (p->plain)
        return text.len - from >= p->len && memcmp(text.at + text.len - p->len, p->at, p->len) == 0;
    for (size_t at = from; at <= text.len; at++) {
        if (at < text.len && (text.at[at] & 0xc0) == 0x80)
            continue;
        size_t len = part_at(p, span_part(text, at, SIZE_MAX));
        if (len != SIZE_MAX && at + len == text.len)
            return true;
    }
    return false;
}

bool glob_matches(const glob *g, span text)
{
    if (g->count == 0)
        return g->open_start || g->open_end || text.len == 0;
    size_t from = 0, to = 0;
    for (uint32_t i = 0; i < g->count; i++) {
        const glob_part *p = &g->parts[i];
        bool first = i == 0 && !g->open_start, last = i + 1 == g->count && !g->open_end;
        if (first) {
            size_t len = part_at(p, text);
            if (len == SIZE_MAX || (last && len != text.len))
                return false;
            to = len;
        } else if (last) {
            return part_ends(p, text, from);
        } else if (!find_part(p, text, &from, &to)) {
            return false;
        }
        from = to;
    }
    return true;
}

span glob_longest(const glob *g)
{
    span best = { 0 };
    for (uint32_t i = 0; i < g->count; i++) {
        span part = span_of(g->parts[i].at, g->parts[i].len);
        for (size_t from = 0; from < part.len;) {
            size_t to = from;
            while (to < part.len && part.at[to] < GLOB_ONE)
                to++;
            if (to - from > best.len)
                best = span_part(part, from, to - from);
            from = to + 1;
        }
    }
    return best;
}
