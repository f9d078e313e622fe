#include "base/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum { HEAP = 1024, DEPTH = 1000 };     /* KiB, where there is no machine code: the interpreter's memory stays in the room */

struct regex { pcre2_code *code; };
struct regex_room { pcre2_match_data *data; pcre2_match_context *context; };

static void *arena_give(size_t size, void *mem) { return arena_alloc(mem, size); }
static void arena_keep(void *at, void *mem) { (void)at; (void)mem; }

status regex_new(arena *mem, const char *expression, unsigned how, const regex **out)
{
    int fault;
    PCRE2_SIZE where;
    pcre2_general_context *general = pcre2_general_context_create(arena_give, arena_keep, mem);
    pcre2_compile_context *context = general ? pcre2_compile_context_create(general) : NULL;
    regex *r = context ? arena_alloc(mem, sizeof *r) : NULL;
    if (!r)
        return status_fail(STATUS_LIMIT, "no memory left for the expression");
    uint32_t flags = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | (how & REGEX_CASELESS ? PCRE2_CASELESS : 0) | (how & REGEX_MULTILINE ? PCRE2_MULTILINE : 0) |
                     (how & REGEX_DOTALL ? PCRE2_DOTALL : 0);
    r->code = pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED, flags, &fault, &where, context);
    if (!r->code) {
        char words[120];
        pcre2_get_error_message(fault, (PCRE2_UCHAR *)words, sizeof words);
        return status_fail(STATUS_BAD_INPUT, "%s at character %zu", words, (size_t)where);
    }
    (void)pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE);      /* without it the interpreter gives the same answers */
    *out = r;
    return status_ok();
}

regex_room *regex_room_new(arena *mem)
{
    pcre2_general_context *general = pcre2_general_context_create(arena_give, arena_keep, mem);
    regex_room *room = arena_alloc(mem, sizeof *room);
    if (!general || !room)
        return NULL;
    room->data = pcre2_match_data_create(1, general);
    room->context = pcre2_match_context_create(general);
    if (!room->data || !room->context)
        return NULL;
    pcre2_set_match_limit(room->context, REGEX_STEPS);
    pcre2_set_depth_limit(room->context, DEPTH);
    pcre2_set_heap_limit(room->context, HEAP);
    return room;
}

bool regex_matches(const regex *r, regex_room *room, span text, size_t most)
{
    size_t len = text.len < most ? text.len : most;
    while (len > 0 && len < text.len && (text.at[len] & 0xc0) == 0x80)
        len--;
    return pcre2_match(r->code, len ? text.at : (PCRE2_SPTR)"", len, 0, PCRE2_NO_UTF_CHECK, room->data, room->context) >= 0;
}
