/* Which nodes belong to one story? Those that infected each other, that share a family or a source within the same days. What
 * nothing joins is told apart. */
#include "incident/story.h"

static uint32_t root_of(uint32_t *up, uint32_t i)
{
    while (up[i] != i)
        i = up[i] = up[up[i]];
    return i;
}

static void join_nodes(uint32_t *up, uint32_t a, uint32_t b)
{
    a = root_of(up, a);
    b = root_of(up, b);
    if (a != b)
        up[a > b ? a : b] = a > b ? b : a;      /* the earlier one stays */
}

static bool same_days(const story *s, const node *a, const node *b)
{
    moment slack = weight_span(s->j, "story.pause");
    return a->from <= b->to + slack && b->from <= a->to + slack;
}

static bool share_source(const story *s, uint32_t a, uint32_t b)
{
    for (size_t i = 0; i < s->ways.count; i++)
        for (size_t k = 0; way_at(s, i)->to == a && k < s->ways.count; k++) {
            const way *l = way_at(s, i), *r = way_at(s, k);
            if (r->to != b || !place_same(l->from, r->from) || l->probability < 0.2 || r->probability < 0.2)
                continue;
            moment apart = l->time > r->time ? l->time - r->time : r->time - l->time;
            if (apart <= weight_span(s->j, "story.same-source"))
                return true;
        }
    return false;
}

/* What came later on the host is explained without what came before: a record names another place that it was reached from, or
 * its family was at work on another host by then. */
bool node_explained(const story *s, uint32_t at)
{
    const joined *j = s->j;
    const node *n = node_at(s, at);
    for (size_t i = 0; i < s->ways.count; i++)
        if (way_at(s, i)->to == at && way_at(s, i)->probability >= weight(j, "edge.told-from") / 100)
            return true;
    for (size_t i = 0; n->family && i < s->nodes.count; i++) {
        const node *o = node_at(s, i);
        if (o->host != n->host && o->hostile && o->family && strcmp(o->family, n->family) == 0 && o->order < n->order && n->order - o->order <= weight_span(j, "story.pause"))
            return true;
    }
    return false;
}

static bool same_act(const story *s, uint32_t at, uint32_t with)
{
    const node *a = node_at(s, at), *b = node_at(s, with);
    if (a->family && b->family && strcmp(a->family, b->family) == 0)
        return true;
    if (a->host != b->host || !moment_known(a->onset) || !moment_known(b->onset))
        return false;
    moment apart = a->onset > b->onset ? a->onset - b->onset : b->onset - a->onset;
    return apart <= weight_span(s->j, "story.pause") && !node_explained(s, a->onset > b->onset ? at : with);
}

void episodes_part(story *s)
{
    joined *j = s->j;
    size_t n = s->nodes.count;
    uint32_t *up = arena_array(j->mem, n, sizeof *up);
    for (uint32_t i = 0; i < n; i++)
        up[i] = i;
    for (size_t i = 0; i < s->ways.count; i++) {
        const way *w = way_at(s, i);
        if (w->from_node != UINT32_MAX && w->probability >= 0.3)
            join_nodes(up, w->from_node, w->to);
    }
    for (uint32_t a = 0; a < n; a++)
        for (uint32_t b = a + 1; b < n; b++)
            if (same_days(s, node_at(s, a), node_at(s, b)) && (same_act(s, a, b) || share_source(s, a, b)))
                join_nodes(up, a, b);
    /* Nodes are in order of onset, so episodes are numbered by their first. */
    for (uint32_t i = 0; i < n; i++)
        node_at(s, i)->episode = root_of(up, i) == i ? ++s->episodes : node_at(s, root_of(up, i))->episode;

    suyuan_case *c = j->out;
    c->episodes = arena_array(j->mem, s->episodes, sizeof *c->episodes);
    c->episode_count = s->episodes;
    for (uint32_t e = 1; e <= s->episodes; e++) {
        episode *out = &c->episodes[e - 1];
        *out = (episode){ .number = e, .from = MOMENT_UNKNOWN, .to = 0, .hosts = arena_array(j->mem, n, sizeof *out->hosts) };
        const char *family = NULL;
        const node *first = NULL;
        for (size_t i = 0; i < n; i++) {
            const node *m = node_at(s, i);
            if (m->episode != e)
                continue;
            if (!first || (m->hostile && (!first->hostile || clock_true(j, m->host, m->access) < clock_true(j, first->host, first->access))))
                first = m;
            bool there = false;
            for (size_t k = 0; k < out->host_count; k++)
                there = there || out->hosts[k] == m->host;
            if (!there)
                out->hosts[out->host_count++] = m->host;
            out->from = m->from < out->from ? m->from : out->from;
            out->to = m->to > out->to ? m->to : out->to;
            out->hostile = out->hostile || m->hostile;
            family = family ? family : m->family;
            for (size_t k = 0; k < m->told_count; k++)
                ((told *)vec_at(&j->told, m->told[k]))->f.episode = e;
        }
        out->label = family;
        /* The same act that the host's own first one is: what only leads up to it stands in the story. */
        moment begins = first->hostile ? first->access : out->from;
        out->title = say(j, family ? "episode.family" : out->hostile ? "episode.hostile" : "episode.minor", "family", ARG_WORD, family, "hosts", ARG_NUMBER, write_u64(j, out->host_count), "host", ARG_HOST,
                         host_name(j, first->host), "from", ARG_TIME, write_time(j, begins), NULL);
    }
}
