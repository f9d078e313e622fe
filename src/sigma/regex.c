/* Regular expressions of rules: PCRE2, case counts unless the rule says otherwise, unanchored. */
#include "sigma/engine.h"

#include "base/fold.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum { REGEX_STEPS = 200000, REGEX_HEAP = 1024, REGEX_TEXT = 64 << 10 };

struct regex { pcre2_code *code; };
struct regex_room { pcre2_match_data *data; pcre2_match_context *context; };

static void *arena_give(size_t size, void *mem) { return arena_alloc(mem, size); }
static void arena_keep(void *at, void *mem) { (void)at; (void)mem; }

const regex *regex_new(arena *mem, const char *text, bool i, bool m, bool s, const char **why)
{
    int fault;
    PCRE2_SIZE where;
    pcre2_general_context *general = pcre2_general_context_create(arena_give, arena_keep, mem);
    pcre2_compile_context *context = general ? pcre2_compile_context_create(general) : NULL;
    regex *r = context ? arena_alloc(mem, sizeof *r) : NULL;
    if (!r) {
        *why = "no memory left for the expression";
        return NULL;
    }
    uint32_t flags = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | (i ? PCRE2_CASELESS : 0) | (m ? PCRE2_MULTILINE : 0) | (s ? PCRE2_DOTALL : 0);
    r->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, flags, &fault, &where, context);
    if (!r->code) {
        char words[120];
        pcre2_get_error_message(fault, (PCRE2_UCHAR *)words, sizeof words);
        *why = arena_printf(mem, "regular expression: %s at character %zu", words, (size_t)where);
        return NULL;
    }
    (void)pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE);      /* without it the interpreter gives the same answers */
    return r;
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
    pcre2_set_depth_limit(room->context, 1000);
    pcre2_set_heap_limit(room->context, REGEX_HEAP);
    return room;
}

bool regex_matches(const regex *r, regex_room *room, span text)
{
    size_t len = text.len < REGEX_TEXT ? text.len : REGEX_TEXT;
    while (len > 0 && len < text.len && (text.at[len] & 0xc0) == 0x80)
        len--;
    return pcre2_match(r->code, len ? text.at : (PCRE2_SPTR)"", len, 0, PCRE2_NO_UTF_CHECK, room->data, room->context) >= 0;
}

/* The longest run of letters and digits outside of groups, classes and alternatives, none of which may be left out or repeated.
 * Anything that it is not sure of ends a run; an alternative anywhere ends the search. */
span regex_need(arena *mem, const char *text)
{
    if (strncmp(text, "(?i)", 4) == 0)
        text += 4;
    size_t len = strlen(text), best_len = 0, n = 0;
    unsigned depth = 0;
    char *run = arena_alloc(mem, len + 1), *best = arena_alloc(mem, len + 1);
    if (!run || !best)
        return (span){ 0 };
    for (size_t i = 0; i <= len; i++) {
        char c = text[i], literal = 0;
        if (c == '\\' && i + 1 < len) {
            char e = text[++i];
            bool is_letter = (e >= 'a' && e <= 'z') || (e >= 'A' && e <= 'Z') || (e >= '0' && e <= '9');
            if (is_letter && e != 'b' && e != 'B' && e != 'd' && e != 'D' && e != 's' && e != 'S' && e != 'w' && e != 'W' && e != 'n' && e != 'r' && e != 't')
                return (span){ 0 };                      /* \x41, \p{L}, \Q, ...: not looked into */
            literal = is_letter ? 0 : e;
        } else if (c == '[') {
            size_t close = i + 1;
            if (text[close] == '^')
                close++;
            if (text[close] == ']')
                close++;
            while (close < len && text[close] != ']')
                close += text[close] == '\\' && close + 1 < len ? 2 : 1;
            i = close;
        } else if (c == '(') {
            depth++;
            if (text[i + 1] == '?' && text[i + 2] != ':')
                return (span){ 0 };                      /* flags, look-around, ...: likewise */
            i += text[i + 1] == '?' ? 2 : 0;
        } else if (c == ')') {
            depth -= depth > 0;
        } else if (c == '|' && depth == 0) {
            return (span){ 0 };
        } else if (c && !strchr("^$.*+?{}|()[]\\", c)) {
            literal = c;
        }
        char next = i + 1 < len ? text[i + 1] : 0;
        bool optional = next == '*' || next == '?' || next == '{';
        if (literal && depth == 0 && !optional && !(literal & 0x80))
            run[n++] = literal;
        if (!literal || depth || optional || (literal & 0x80) || next == '+' || i >= len) {
            if (n > best_len) {
                memcpy(best, run, n);
                best_len = n;
            }
            n = 0;
        }
        if (c == '{')
            while (i < len && text[i] != '}')
                i++;
    }
    uint8_t *folded = arena_alloc(mem, FOLD_ROOM(best_len));
    return folded && best_len ? span_of(folded, fold_utf8(span_of(best, best_len), folded)) : (span){ 0 };
}
