/* The story across hosts, in its stages. */
#include "incident/story.h"

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
    nodes_find(&s);
    clocks_set(&s);
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
