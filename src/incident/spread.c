/* The edges: of each node the way that is likelier than not, with the others beside it. */
#include "incident/story.h"

#include <stdlib.h>

static int by_likelihood(const void *a, const void *b)
{
    const way *l = *(const way *const *)a, *r = *(const way *const *)b;
    if (l->probability != r->probability)
        return l->probability > r->probability ? -1 : 1;
    if (l->from.host != r->from.host)
        return l->from.host < r->from.host ? -1 : 1;
    return strcmp(l->from.address ? l->from.address : "", r->from.address ? r->from.address : "");
}

static void tell(story *s, const way *best, way *const *others, size_t count)
{
    joined *j = s->j;
    const node *n = node_at(s, best->to);
    edge *e = &j->out->spread[j->out->spread_count++];
    *e = (edge){ .from = best->from, .to = n->host, .time = best->time, .access = best->access, .means = best->means, .account = best->account,
                 .confidence = (unsigned)(best->probability * 100 + 0.5), .episode = n->episode };
    e->evidence_count = best->evidence.count;
    e->evidence = arena_array(j->mem, e->evidence_count, sizeof *e->evidence);
    memcpy(e->evidence, best->evidence.at, e->evidence_count * sizeof *e->evidence);
    e->alternatives = arena_array(j->mem, count, sizeof *e->alternatives);
    for (size_t i = 0; i < count; i++)
        if (others[i]->probability >= 0.05) {
            e->alternatives[e->alternative_count].from = others[i]->from;
            e->alternatives[e->alternative_count++].confidence = (unsigned)(others[i]->probability * 100 + 0.5);
        }
    const char *id = best->marks & WAY_BACKWARDS ? "edge.backwards" : best->marks & WAY_EXECUTED ? "edge.session" : best->marks & (WAY_NEAR | WAY_WROTE) ? "edge.near" : best->marks & WAY_LOGON ? "edge.logon" : "edge.contact";
    e->why = say(j, id, "from", best->from.host != HOST_NONE ? ARG_HOST : ARG_TEXT, best->from.host != HOST_NONE ? host_name(j, best->from.host) : best->from.address, "to", ARG_HOST,
                 host_name(j, n->host), "account", ARG_TEXT, best->account, "means", ARG_WORD, strcmp(best->means, "unknown") == 0 ? "unknown-means" : best->means, "time", ARG_TIME, write_time(j, best->time), "failures", ARG_TEXT,
                 best->marks & WAY_FAILED ? "yes" : NULL, "outgoing", ARG_TEXT, best->marks & WAY_OUTGOING ? "yes" : NULL, NULL);
}

void spread_tell(story *s)
{
    joined *j = s->j;
    j->out->spread = arena_array(j->mem, s->nodes.count, sizeof *j->out->spread);
    for (uint32_t v = 0; v < s->nodes.count; v++) {
        size_t from = node_at(s, v)->ways_from, end = node_at(s, v)->ways_end, count = 0;
        way **all = arena_array(j->mem, end - from, sizeof *all);
        for (size_t i = from; i < end; i++)
            all[count++] = way_at(s, i);
        if (!count)
            continue;
        qsort(all, count, sizeof *all, by_likelihood);
        /* From outside it is an entry, not a step between hosts. */
        if (all[0]->probability >= weight(j, "edge.told-from") / 100 && !all[0]->from.outside)
            tell(s, all[0], all + 1, count - 1);
    }
}
