#include "base/problem.h"

#include <stdarg.h>
#include <stdio.h>

void problems_init(problems *of, arena *mem)
{
    *of = (problems){ .mem = mem };
}

static bool make_room(problems *of)
{
    if (of->count < of->room)
        return true;
    if (of->room >= PROBLEMS_KEPT)
        return false;
    size_t room = of->room ? of->room * 4 : 16;
    if (room > PROBLEMS_KEPT)
        room = PROBLEMS_KEPT;
    problem *items = arena_array(of->mem, room, sizeof *items);
    if (!items)
        return false;
    if (of->count)
        memcpy(items, of->items, of->count * sizeof *items);
    of->items = items;
    of->room = room;
    return true;
}

void problems_note(problems *of, const char *kind, uint64_t chunk, uint64_t offset, const char *format, ...)
{
    if (!make_room(of)) {
        of->dropped++;
        return;
    }
    char words[512];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    const char *text = arena_str(of->mem, words);
    of->items[of->count++] = (problem){ kind, chunk, offset, text ? text : "" };   /* the kind is worth more than its words */
}

bool problems_has(const problems *of, const char *kind)
{
    for (size_t i = 0; i < of->count; i++)
        if (strcmp(of->items[i].kind, kind) == 0)
            return true;
    return false;
}
