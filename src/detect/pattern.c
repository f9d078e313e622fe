#include "detect/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum { PATTERN_HEAP = 1024 };       /* KiB, where there is no machine code: the interpreter's memory stays in the room */

struct pattern { pcre2_code *code; };
struct pattern_room { pcre2_match_data *data; pcre2_match_context *context; };

static void *arena_give(size_t size, void *mem) { return arena_alloc(mem, size); }
static void arena_keep(void *at, void *mem) { (void)at; (void)mem; }

status pattern_new(arena *mem, const char *expression, pattern **out)
{
    int fault;
    PCRE2_SIZE where;
    pcre2_general_context *general = pcre2_general_context_create(arena_give, arena_keep, mem);
    pcre2_compile_context *context = general ? pcre2_compile_context_create(general) : NULL;
    if (!context)
        return status_fail(STATUS_LIMIT, "no memory left for the expression '%s'", expression);
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED,
                                     PCRE2_CASELESS | PCRE2_UTF | PCRE2_DOTALL, &fault, &where, context);
    if (!code) {
        char words[120];
        pcre2_get_error_message(fault, (PCRE2_UCHAR *)words, sizeof words);
        return status_fail(STATUS_BAD_INPUT, "expression '%.80s': %s at character %zu", expression, words, (size_t)where);
    }
    (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);      /* without it the interpreter gives the same answers */
    pattern *p = arena_alloc(mem, sizeof *p);
    p->code = code;
    *out = p;
    return status_ok();
}

pattern_room *pattern_room_new(arena *mem)
{
    pcre2_general_context *general = pcre2_general_context_create(arena_give, arena_keep, mem);
    pattern_room *room = arena_alloc(mem, sizeof *room);
    if (!general || !room)
        return NULL;
    room->data = pcre2_match_data_create(1, general);
    room->context = pcre2_match_context_create(general);
    if (!room->data || !room->context)
        return NULL;
    pcre2_set_match_limit(room->context, PATTERN_STEPS);
    pcre2_set_depth_limit(room->context, 1000);
    pcre2_set_heap_limit(room->context, PATTERN_HEAP);
    return room;
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
    return pcre2_match(p->code, (PCRE2_SPTR)text, len, 0, PCRE2_NO_UTF_CHECK, room->data, room->context) >= 0;
}
