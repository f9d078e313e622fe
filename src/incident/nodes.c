/* Cuts each host's findings into stretches: what lies a week and more apart, and shares no family, is another story. */
#include "incident/story.h"

static const char *family_of(const told *t)
{
    for (size_t i = 0; i < t->facts.count; i++) {
        const fact *f = vec_at(&t->facts, i);
        if (strcmp(f->name, "family") == 0 && f->value[0])
            return f->value;
    }
    return NULL;
}

const char *means_told(const told *t)
{
    if (t->means && strcmp(t->means, "unknown") != 0)
        return t->means;
    /* The service manager was asked over the network: nothing local makes services of this kind. */
    return strcmp(t->f.kind, "remote-execution") == 0 && strcmp(t->f.source, "service.install") == 0 ? "smb-service" : NULL;
}

/* Only what speaks against the attacker's absence belongs to a story: weightless findings are told, not strung together. */
static bool counts(const told *t)
{
    return t->weight > 0 && !t->innocent && moment_known(t->f.time);
}

static void close_node(story *s, node *n)
{
    const joined *j = s->j;
    vote *votes = arena_array(j->mem, n->told_count, sizeof *votes);
    moment access = MOMENT_UNKNOWN;
    n->onset = MOMENT_UNKNOWN;
    for (size_t i = 0; i < n->told_count; i++) {
        const told *t = finding_at(j, n->told[i]);
        votes[i] = (vote){ t->cause, t->weight };
        if (t->f.severity > n->gravest)
            n->gravest = t->f.severity;
        if (t->how_far >= REACH_EXECUTION && t->f.severity >= SEVERITY_MEDIUM && t->f.time < n->onset)
            n->onset = t->f.time;
        if (t->how_far == REACH_ACCESS && t->f.time < access)
            access = t->f.time;
    }
    /* Nothing ran: a logon of the guesser is the act itself. */
    if (!moment_known(n->onset))
        n->onset = access;
    n->access = n->onset;
    for (size_t i = 0; i < n->told_count; i++) {
        const told *t = finding_at(j, n->told[i]);
        if (t->how_far == REACH_ACCESS && moment_known(n->onset) && t->f.time < n->access && n->onset - t->f.time <= weight_span(j, "story.access-before"))
            n->access = t->f.time;
    }
    n->weight = votes_sum(j, votes, n->told_count);
    n->hostile = moment_known(n->onset) && n->gravest >= SEVERITY_MEDIUM && n->weight >= weight(j, "story.node-from");
}

static void find_of_host(story *s, uint32_t host)
{
    const joined *j = s->j;
    uint32_t *all = arena_array(j->mem, j->told.count, sizeof *all);
    size_t count = 0, from = 0;
    for (uint32_t i = 0; i < j->told.count; i++)          /* sorted by time: settle_findings */
        if (finding_at(j, i)->f.host == host && counts(finding_at(j, i)))
            all[count++] = i;
    moment end = 0;
    const char *family = NULL;
    for (size_t i = 0; i <= count; i++) {
        const told *t = i < count ? finding_at(j, all[i]) : NULL;
        const char *named = t ? family_of(t) : NULL;
        bool same = named && family && strcmp(named, family) == 0;
        bool cut = !t || (i > from && t->f.time > end && t->f.time - end > weight_span(j, "story.pause") && !same);
        if (cut && i > from) {
            node *n = vec_push(&s->nodes);
            *n = (node){ .host = host, .told = all + from, .told_count = i - from, .from = finding_at(j, all[from])->f.time, .to = end, .family = family };
            close_node(s, n);
            from = i;
            family = NULL;
            end = 0;
        }
        if (!t)
            break;
        if (named && !family)
            family = named;
        moment last = moment_known(t->f.end) && t->f.end > t->f.time ? t->f.end : t->f.time;
        if (last > end)
            end = last;
    }
}

static int by_onset(const void *a, const void *b)
{
    const node *l = a, *r = b;
    if (l->onset != r->onset)
        return l->onset < r->onset ? -1 : 1;
    if (l->from != r->from)
        return l->from < r->from ? -1 : 1;
    return (l->host > r->host) - (l->host < r->host);
}

void nodes_find(story *s)
{
    vec_init(&s->nodes, sizeof(node));
    for (uint32_t i = 0; i < host_total(s->j); i++)
        find_of_host(s, i);
    vec_sort(&s->nodes, by_onset);
}
