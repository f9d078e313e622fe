/* Values, masked. */
#include "hunt/masked.h"

#include "base/hash.h"

enum { CLEAN = 1 << 15, SHORTEST = 6 };

void masked_init(masked *m, hunt_mask with)
{
    *m = (masked){ .with = with };
    arena_init(&m->self, 0);
    arena_init(&m->mem, 0);
    m->clean = arena_array(&m->self, CLEAN, sizeof *m->clean);
}

void masked_done(masked *m)
{
    arena_done(&m->self);
    arena_done(&m->mem);
}

/* A password stands behind a switch, a name and a sign, or within an address. */
static bool may_have_one(span value)
{
    if (value.len < SHORTEST)
        return false;
    for (size_t i = 0; i < value.len; i++)
        if (value.at[i] == ' ' || value.at[i] == '=' || value.at[i] == ':' || value.at[i] == '(')
            return true;
    return false;
}

span masked_value(masked *m, span value)
{
    if (!m->with.mask || !may_have_one(value))
        return value;
    uint64_t hash = hash64(value);
    uint64_t *clean = &m->clean[hash & (CLEAN - 1)];
    if (*clean == hash && hash)
        return value;
    arena_reset(&m->mem);
    const char *text = arena_text(&m->mem, value), *without = m->with.mask(m->with.context, text, &m->mem);
    if (without == text)
        *clean = hash;
    return without == text ? value : span_str(without);
}
