/* Of a long plan, what to do first: something of every phase that matters now, so that no long list of services hides the rest. */
#include "report/tell.h"

enum { PHASES = 6, ACTIONS = 64 };

/* What is taken of each phase in a round: a host is cut off and its logs are saved before anything else. */
static const struct { const char *phase; size_t at_once; } phases[PHASES] = { { "contain", 2 }, { "stop", 1 }, { "persistence", 1 }, { "files", 1 }, { "accounts", 1 }, { "close", 1 } };
/* In which order the phases are asked in each round. */
static const size_t asked[PHASES] = { 0, 5, 4, 2, 1, 3 };

typedef struct { told_step of[ACTIONS]; size_t count, taken; } actions;

static void gather(const report *r, const char *phase, actions *out)
{
    map lines;
    map_init(&lines);
    for (const json *p = tell_first(r->c, "plan"); p; p = p->next) {
        both action = tell_sentence(r, p, "action");
        if (!tell_is(p, "phase", phase) || tell_empty(action))
            continue;
        bool there;
        uint64_t *line = map_find(&lines, span_str(action.en));
        if (line) {
            out->of[*line].hosts++;
            continue;
        }
        if (out->count == ACTIONS)
            break;
        *map_put(&lines, span_str(action.en), &there) = out->count;
        out->of[out->count++] = (told_step){ p, phase, 1 };
    }
    map_done(&lines);
}

size_t tell_first_steps(const report *r, size_t most, told_step *out)
{
    actions *all = arena_array(r->mem, PHASES, sizeof *all);
    size_t left = 0, shown = 0;
    for (size_t k = 0; k < PHASES; k++) {
        gather(r, phases[k].phase, &all[k]);
        left += all[k].count;
    }
    left = left < most ? left : most;
    while (left)
        for (size_t i = 0; i < PHASES; i++) {
            actions *a = &all[asked[i]];
            for (size_t n = 0; n < phases[asked[i]].at_once && left && a->taken < a->count; n++, left--)
                a->taken++;
        }
    for (size_t k = 0; k < PHASES; k++)
        for (size_t i = 0; i < all[k].taken; i++)
            out[shown++] = all[k].of[i];
    return shown;
}
