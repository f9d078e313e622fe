/* How far may each host's clock be off? Five minutes either way unless something is known better. A host that
 * attacks others before its own story begins, by the records of two of them and more, has a clock that is ahead by at least that;
 * one that several hosts attacked before theirs began has a clock that is behind. One such record alone decides nothing: either
 * clock may be wrong, or the beginning lost.
 *
 * Shapes    A shift is what must be added to a host's times to compare them with those of others; host times are shown as they are. */
#include "incident/story.h"

#include <stdlib.h>

typedef struct { uint32_t from, to; int64_t gap; } demand;       /* seconds by which the source's story begins after what it did */

moment clock_true(const joined *j, uint32_t host, moment t)
{
    int64_t shift = host == HOST_NONE ? 0 : host_of(j, host)->clock_shift * (int64_t)MOMENT_SECOND;
    if (!moment_known(t) || (shift < 0 && t < (moment)-shift))
        return t;
    return t + (moment)shift;
}

/* The beginning of the host's story that lies nearest to t. */
static const node *story_near(const story *s, uint32_t host, moment t)
{
    const node *best = NULL;
    for (size_t i = 0; i < s->nodes.count; i++) {
        const node *n = node_at(s, i);
        if (n->host != host || !n->hostile)
            continue;
        moment apart = n->access > t ? n->access - t : t - n->access, was = !best ? 0 : best->access > t ? best->access - t : t - best->access;
        if (!best || apart < was)
            best = n;
    }
    return best;
}

static void demands_of(const story *s, vec *out)
{
    const joined *j = s->j;
    for (size_t i = 0; i < j->told.count; i++) {
        const told *t = finding_at(j, i);
        uint32_t at[4];
        if (t->innocent || t->f.severity < SEVERITY_HIGH || !t->source || hosts_at(j, t->source, t->f.time, at) != 1 || at[0] == t->f.host
            || !host_of(j, at[0])->collected)
            continue;
        const node *from = story_near(s, at[0], t->f.time);
        if (!from || (from->access > t->f.time && from->access - t->f.time > weight_span(j, "clock.most")))
            continue;
        /* Where its logs do not reach back so far, its beginning may be lost: that says nothing of its clock. */
        if (from->access > t->f.time && log_looks(j, at[0], "Security", t->f.time, from->access) == LOOK_BLIND
            && log_looks(j, at[0], "System", t->f.time, from->access) == LOOK_BLIND)
            continue;
        *(demand *)vec_push(out) = (demand){ at[0], t->f.host, ((int64_t)from->access - (int64_t)t->f.time) / (int64_t)MOMENT_SECOND };
    }
}

typedef struct { size_t others, against; int64_t most; } support;

/* For a clock that is ahead (as a source) or behind (as a target): how many other hosts demand it, and how many speak against it. */
static support ask(const joined *j, const vec *demands, uint32_t host, bool as_source, int64_t slack)
{
    support s = { 0 };
    map seen;
    map_init(&seen);
    for (size_t i = 0; i < demands->count; i++) {
        const demand *d = vec_at(demands, i);
        uint32_t me = as_source ? d->from : d->to, other = as_source ? d->to : d->from;
        if (me != host)
            continue;
        int64_t gap = d->gap + host_of(j, d->from)->clock_shift - host_of(j, d->to)->clock_shift;
        bool was;
        if (gap <= slack) {
            s.against++;
            continue;
        }
        map_put(&seen, span_of(&other, sizeof other), &was);
        s.others += !was;
        s.most = gap > s.most ? gap : s.most;
    }
    map_done(&seen);
    return s;
}

static void shift_clocks(joined *j, const vec *demands)
{
    int64_t slack = 2 * (int64_t)(weight_span(j, "clock.default") / MOMENT_SECOND);
    for (size_t round = 0; round < host_total(j); round++) {
        uint32_t worst = HOST_NONE;
        support best = { 0 };
        bool ahead = false;
        for (uint32_t i = 0; i < host_total(j); i++)
            for (int as_source = 0; as_source < 2; as_source++) {
                support s = ask(j, demands, i, as_source, slack);
                if (s.others >= (size_t)weight(j, "clock.least-hosts") && s.against == 0 && s.others > best.others) {
                    best = s;
                    worst = i;
                    ahead = as_source;
                }
            }
        if (worst == HOST_NONE)
            return;
        joined_host *h = host_of(j, worst);
        h->clock_shift += ahead ? -best.most : best.most;
        const char *by = write_u64(j, (uint64_t)best.most), *hosts = write_u64(j, best.others);
        *(sentence *)vec_push(&h->notes) = say(j, ahead ? "host.clock-ahead" : "host.clock-behind", "by", ARG_DURATION, by, "hosts", ARG_NUMBER, hosts, NULL);
    }
}

void clocks_set(story *s)
{
    joined *j = s->j;
    int64_t slack = (int64_t)(weight_span(j, "clock.default") / MOMENT_SECOND);
    size_t collected = 0;
    vec demands;
    vec_init(&demands, sizeof(demand));
    demands_of(s, &demands);
    shift_clocks(j, &demands);
    vec_done(&demands);
    for (uint32_t i = 0; i < host_total(j); i++)
        collected += host_of(j, i)->collected;
    for (uint32_t i = 0; i < host_total(j); i++) {
        joined_host *h = host_of(j, i);
        bool compared = collected > 1 && h->collected;
        h->clock_low = compared ? -slack - (h->clock_shift > 0 ? h->clock_shift : 0) : 0;
        h->clock_high = compared ? slack - (h->clock_shift < 0 ? h->clock_shift : 0) : 0;
    }
    nodes_sort(s);
}

/* A record of a host that names its source, at a time before the source's own story began: the clocks differ by at least that. */
void clocks_widen(story *s)
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
