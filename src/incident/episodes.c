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

/* One node under what may join it with others: its family, its host, a place that a record names. */
typedef struct { const char *key; moment time; uint32_t of; } tie;

static int by_key_time(const void *a, const void *b)
{
    const tie *l = a, *r = b;
    int order = strcmp(l->key, r->key);
    if (order == 0)
        order = (l->time > r->time) - (l->time < r->time);
    return order ? order : (l->of > r->of) - (l->of < r->of);
}

/* Of one family: what lies within a week of any of it. In order of beginning, the one that reaches furthest stands for those before. */
static void join_families(const story *s, uint32_t *up)
{
    vec ties;
    vec_init(&ties, sizeof(tie));
    for (uint32_t i = 0; i < s->nodes.count; i++)
        if (node_at(s, i)->family)
            *(tie *)vec_push(&ties) = (tie){ node_at(s, i)->family, node_at(s, i)->from, i };
    vec_sort(&ties, by_key_time);
    const tie *furthest = NULL;
    for (size_t i = 0; i < ties.count; i++) {
        const tie *t = vec_at(&ties, i);
        bool same = furthest && strcmp(furthest->key, t->key) == 0;
        if (same && same_days(s, node_at(s, furthest->of), node_at(s, t->of)))
            join_nodes(up, furthest->of, t->of);
        if (!same || node_at(s, t->of)->to > node_at(s, furthest->of)->to)
            furthest = t;
    }
    vec_done(&ties);
}

static const char *place_key(const joined *j, place p)
{
    return p.host != HOST_NONE ? arena_printf(j->mem, "%u", p.host) : p.address;
}

/* The same place within a day. */
static void join_sources(const story *s, uint32_t *up)
{
    vec ties;
    vec_init(&ties, sizeof(tie));
    for (size_t i = 0; i < s->ways.count; i++) {
        const way *w = way_at(s, i);
        const char *key = w->probability >= 0.2 ? place_key(s->j, w->from) : NULL;
        if (key)
            *(tie *)vec_push(&ties) = (tie){ key, w->time, w->to };
    }
    vec_sort(&ties, by_key_time);
    for (size_t i = 1; i < ties.count; i++) {
        const tie *was = vec_at(&ties, i - 1), *is = vec_at(&ties, i);
        if (strcmp(was->key, is->key) == 0 && is->time - was->time <= weight_span(s->j, "story.same-source") && same_days(s, node_at(s, was->of), node_at(s, is->of)))
            join_nodes(up, was->of, is->of);
    }
    vec_done(&ties);
}

/* What came later on a host is explained without what came before when a record names another place that it was reached from, or
 * its family was at work on another host by then; else it goes on from there. */
static void join_hosts(const story *s, uint32_t *up)
{
    const joined *j = s->j;
    uint32_t *last = arena_array(j->mem, host_total(j), sizeof *last);           /* its latest node so far, plus one */
    struct { uint32_t of, other; } *seen = arena_array(j->mem, s->nodes.count, sizeof *seen);      /* of a family: the latest node, and the latest on another host; plus one */
    size_t families = 0;
    map numbers;
    map_init(&numbers);
    for (uint32_t i = 0; i < s->nodes.count; i++) {              /* in order of onset */
        node *n = node_at(s, i);
        for (size_t w = n->ways_from; w < n->ways_end; w++)
            n->explained = n->explained || way_at(s, w)->probability >= weight(j, "edge.told-from") / 100;
        if (n->family && n->hostile) {
            bool was;
            uint64_t *at = map_put(&numbers, span_str(n->family), &was);
            if (!was)
                *at = families++;
            uint32_t other = seen[*at].of && node_at(s, seen[*at].of - 1)->host != n->host ? seen[*at].of : seen[*at].other;
            const node *o = other ? node_at(s, other - 1) : NULL;
            n->explained = n->explained || (o && o->host != n->host && o->order < n->order && n->order - o->order <= weight_span(j, "story.pause"));
            seen[*at].other = other;
            seen[*at].of = i + 1;
        }
        const node *before = last[n->host] ? node_at(s, last[n->host] - 1) : NULL;
        if (before && moment_known(before->onset) && moment_known(n->onset) && n->onset - before->onset <= weight_span(j, "story.pause") && same_days(s, before, n) && !n->explained)
            join_nodes(up, last[n->host] - 1, i);
        last[n->host] = i + 1;
    }
    map_done(&numbers);
}

/* Numbers the episodes by their first node, and lists the nodes of each. */
static void number_episodes(story *s, uint32_t *up)
{
    joined *j = s->j;
    size_t n = s->nodes.count;
    for (uint32_t i = 0; i < n; i++)
        node_at(s, i)->episode = root_of(up, i) == i ? ++s->episodes : node_at(s, root_of(up, i))->episode;
    s->member_from = arena_array(j->mem, s->episodes + 2, sizeof *s->member_from);
    s->members = arena_array(j->mem, n, sizeof *s->members);
    for (size_t i = 0; i < n; i++)
        s->member_from[node_at(s, i)->episode + 1]++;
    for (size_t e = 1; e <= s->episodes + 1; e++)
        s->member_from[e] += s->member_from[e - 1];
    size_t *next = arena_array(j->mem, s->episodes + 2, sizeof *next);
    memcpy(next, s->member_from, (s->episodes + 2) * sizeof *next);
    for (uint32_t i = 0; i < n; i++)
        s->members[next[node_at(s, i)->episode]++] = i;
}

static void tell(story *s, uint32_t e, uint32_t *seen_in, episode *out)
{
    joined *j = s->j;
    size_t from = s->member_from[e], end = s->member_from[e + 1];
    const char *family = NULL;
    const node *first = NULL;
    *out = (episode){ .number = e, .from = MOMENT_UNKNOWN, .to = 0, .hosts = arena_array(j->mem, end - from, sizeof *out->hosts) };
    for (size_t i = from; i < end; i++) {
        const node *m = node_at(s, s->members[i]);
        if (!first || (m->hostile && (!first->hostile || clock_true(j, m->host, m->access) < clock_true(j, first->host, first->access))))
            first = m;
        if (seen_in[m->host] != e) {
            seen_in[m->host] = e;
            out->hosts[out->host_count++] = m->host;
        }
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

void episodes_part(story *s)
{
    joined *j = s->j;
    uint32_t *up = arena_array(j->mem, s->nodes.count, sizeof *up);
    for (uint32_t i = 0; i < s->nodes.count; i++)
        up[i] = i;
    for (size_t i = 0; i < s->ways.count; i++) {
        const way *w = way_at(s, i);
        if (w->from_node != UINT32_MAX && w->probability >= 0.3)
            join_nodes(up, w->from_node, w->to);
    }
    join_families(s, up);
    join_sources(s, up);
    join_hosts(s, up);
    number_episodes(s, up);

    suyuan_case *c = j->out;
    uint32_t *seen_in = arena_array(j->mem, host_total(j), sizeof *seen_in);     /* the episode that a host was listed in last */
    c->episodes = arena_array(j->mem, s->episodes, sizeof *c->episodes);
    c->episode_count = s->episodes;
    for (uint32_t e = 1; e <= s->episodes; e++)
        tell(s, e, seen_in, &c->episodes[e - 1]);
}
