/* The story across hosts, in its stages. */
#include "incident/story.h"

/* Clocks: five minutes either way unless they are known better (reasoning.md 3.1); a host alone needs no reference. */
static void clocks_set(joined *j)
{
    int64_t slack = (int64_t)(weight_span(j, "clock.default") / MOMENT_SECOND);
    size_t collected = 0;
    for (uint32_t i = 0; i < host_total(j); i++)
        collected += host_of(j, i)->collected;
    for (uint32_t i = 0; i < host_total(j); i++) {
        joined_host *h = host_of(j, i);
        h->clock_low = collected > 1 && h->collected ? -slack : 0;
        h->clock_high = collected > 1 && h->collected ? slack : 0;
    }
}

/* A record of a host that names its source, at a time before the source's own story began: the clocks differ by at least that. */
static void clocks_widen(story *s)
{
    for (size_t i = 0; i < s->ways.count; i++) {
        const way *w = way_at(s, i);
        if (!(w->marks & WAY_BACKWARDS) || w->probability < 0.5)
            continue;
        joined_host *h = host_of(s->j, node_at(s, w->to)->host);
        int64_t apart = (int64_t)((node_at(s, w->from_node)->access - w->time) / MOMENT_SECOND);
        if (apart > h->clock_high)
            h->clock_high = apart;
    }
}

/* A host's first hostile act is that of its first hostile node; a verdict alone dates nothing. */
static void hosts_dated(story *s)
{
    for (uint32_t i = 0; i < host_total(s->j); i++)
        host_of(s->j, i)->first_hostile = MOMENT_UNKNOWN;
    for (size_t i = 0; i < s->nodes.count; i++) {
        const node *n = node_at(s, i);
        joined_host *h = host_of(s->j, n->host);
        if (n->hostile && n->access < h->first_hostile)
            h->first_hostile = n->access;
    }
}

void story_tell(joined *j)
{
    story s = { .j = j };
    clocks_set(j);
    nodes_find(&s);
    ways_find(&s);
    tree_weigh(&s);
    clocks_widen(&s);
    hosts_dated(&s);
    episodes_part(&s);
    spread_tell(&s);
    entries_tell(&s);
    narrate(&s);
    for (size_t i = 0; i < s.ways.count; i++)
        vec_done(&way_at(&s, i)->evidence);
    vec_done(&s.ways);
    vec_done(&s.nodes);
}
