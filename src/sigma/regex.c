/* What must stand in a text that an expression of a rule matches. */
#include "sigma/engine.h"

#include "base/fold.h"

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
