/* Cuts each host's findings into stretches: what lies a week and more apart, and shares no family, is another story; so is what
 * begins with a way in of its own after hours of quiet. */
#include "incident/story.h"

const char *told_fact(const told *t, const char *name)
{
    for (size_t i = 0; i < t->facts.count; i++) {
        const fact *f = vec_at(&t->facts, i);
        if (strcmp(f->name, name) == 0 && f->value[0])
            return f->value;
    }
    return NULL;
}

bool system_shell(const told *t)
{
    const char *looks = told_fact(t, "looks");
    return looks && strstr(looks, "system-shell");
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
        if (t->how_far >= REACH_EXECUTION && t->f.severity >= SEVERITY_HIGH && t->f.time < n->onset)
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
    n->hostile = moment_known(n->onset) && n->gravest >= SEVERITY_HIGH && n->weight >= weight(j, "story.node-from");
}

/* Acts that carry a story by themselves; weaker ones belong to it only when they lie close by. */
static bool carries(const told *t) { return t->f.severity >= SEVERITY_HIGH; }

static moment end_of(const told *t) { return moment_known(t->f.end) && t->f.end > t->f.time ? t->f.end : t->f.time; }

static bool same_text(const char *a, const char *b) { return a && b && strcmp(a, b) == 0; }

/* The family that a stretch names first, as far as the next lull. */
static const char *family_from(const joined *j, const uint32_t *all, size_t i, size_t count, moment lull)
{
    moment end = 0;
    for (; i < count; i++) {
        const told *t = finding_at(j, all[i]);
        if (end && t->f.time > end && t->f.time - end > lull)
            return NULL;
        if (told_fact(t, "family"))
            return told_fact(t, "family");
        end = end_of(t) > end ? end_of(t) : end;
    }
    return NULL;
}

/* Where each family was at work: its acts in order of time, each with the last one before it on another host. */
static void families_find(story *s)
{
    joined *j = s->j;
    vec_init(&s->works, sizeof(work));
    map_init(&s->last_work);
    for (uint32_t i = 0; i < j->told.count; i++) {
        const told *t = finding_at(j, i);
        const char *family = counts(t) && carries(t) ? told_fact(t, "family") : NULL;
        if (!family)
            continue;
        bool was;
        uint64_t *last = map_put(&s->last_work, span_str(family), &was);
        const work *before = was ? vec_at(&s->works, *last) : NULL;
        work next = { t->f.time, t->f.host, !before ? UINT32_MAX : before->host != t->f.host ? (uint32_t)*last : before->elsewhere, was ? (uint32_t)*last : UINT32_MAX };
        *(work *)vec_push(&s->works) = next;         /* `before` is gone when it grows */
        *last = s->works.count - 1;
    }
}

/* The family was at work on another host of ours by then. */
static bool came_over(const story *s, uint32_t host, const char *family, moment t)
{
    const uint64_t *last = family ? map_find(&s->last_work, span_str(family)) : NULL;
    uint32_t at = last ? (uint32_t)*last : UINT32_MAX;
    for (unsigned steps = 0; at != UINT32_MAX && steps < WORKS_LOOKED_AT; steps++) {
        const work *w = vec_at((vec *)&s->works, at);
        if (w->time < t && w->host != host)
            return t - w->time <= weight_span(s->j, "story.pause");
        at = w->host == host ? w->elsewhere : w->before;
    }
    return false;
}

/* The pair of account and source was at home here a day and more before. */
static bool at_home(const joined *j, uint32_t host, const char *account, const char *source, moment t)
{
    size_t n;
    joined_tally *const *all = tallies_of(j, host, "logon.success", &n);
    for (size_t i = 0; i < n; i++)
        if (strcmp(tally_key(all[i], "source"), source) == 0 && account_same(tally_key(all[i], "account"), account) && all[i]->first + MOMENT_DAY < t)
            return true;
    return false;
}

/* Who holds a host need not break into it again: a password that is guessed anew from elsewhere, a service that is exploited, or
 * a program started from another place inside is somebody else's way in; and what was at work on another host before came from
 * there. `before` and what lies up to `at` came first. */
static bool entered_anew(const story *s, uint32_t host, const uint32_t *all, size_t before, size_t at, size_t count, const char *family)
{
    const joined *j = s->j;
    moment from = finding_at(j, all[at])->f.time;
    if (came_over(s, host, family, from))
        return true;
    for (size_t i = at; i < count && finding_at(j, all[i])->f.time - from <= weight_span(j, "story.first-runs"); i++) {
        const told *t = finding_at(j, all[i]);
        if (system_shell(t) || strcmp(t->f.kind, "exploit-attempt") == 0)
            return true;
        const act *session = i == at && !t->source ? session_before(j, host, NULL, from + MOMENT_SECOND, weight_span(j, "story.session-near")) : NULL;
        const char *source = session ? act_fact(session, "source") : t->source ? t->source : "";
        bool inside = source[0] && address_inside(j, source);
        bool guessed = !session && strcmp(t->f.kind, "logon-after-guessing") == 0, other = session ? !at_home(j, host, act_fact(session, "account"), source, from) : strcmp(t->f.kind, "remote-execution") == 0 || strcmp(t->f.kind, "password-guessing") == 0;
        if (!source[0] || !(guessed || (inside && other)))
            continue;
        bool was = false;
        for (size_t k = before; k < at; k++)
            was = was || same_text(finding_at(j, all[k])->source, source);
        if (!was)
            return true;
    }
    return false;
}

/* Cuts a host's findings, in order of time, where a pause is longer than `pause`, and where somebody comes in anew after a lull;
 * those of one family stay together. */
static void cut(story *s, uint32_t host, uint32_t *all, size_t count, moment pause, moment lull)
{
    const joined *j = s->j;
    moment end = 0;
    const char *family = NULL;
    for (size_t i = 0, from = 0; i <= count; i++) {
        const told *t = i < count ? finding_at(j, all[i]) : NULL;
        moment rest = t && t->f.time > end ? t->f.time - end : 0;
        bool apart = rest > pause && !same_text(told_fact(t, "family"), family);
        if (!apart && rest > lull && i > from) {
            const char *next = family_from(j, all, i, count, lull);
            apart = !same_text(next, family) && entered_anew(s, host, all, from, i, count, next);
        }
        if (i > from && (!t || apart)) {
            *(node *)vec_push(&s->nodes) = (node){ .host = host, .told = all + from, .told_count = i - from, .from = finding_at(j, all[from])->f.time, .to = end, .family = family };
            from = i;
            family = NULL;
            end = 0;
        }
        if (!t)
            return;
        family = family ? family : told_fact(t, "family");
        end = end_of(t) > end ? end_of(t) : end;
    }
}

/* The weaker findings near a node become part of it, in order of time; the rest is left in `weak`. */
static size_t take_near(const story *s, node *n, uint32_t *weak, size_t count)
{
    const joined *j = s->j;
    moment near = weight_span(j, "story.weak-near");
    uint32_t *all = arena_array(j->mem, n->told_count + count, sizeof *all);
    size_t kept = 0, have = 0, next = 0;
    for (size_t i = 0; i < count; i++) {
        const told *t = finding_at(j, weak[i]);
        if (t->f.time + near < n->from || t->f.time > n->to + near) {
            weak[kept++] = weak[i];
            continue;
        }
        while (next < n->told_count && n->told[next] < weak[i])      /* findings are in order of time, so their numbers are */
            all[have++] = n->told[next++];
        all[have++] = weak[i];
    }
    while (next < n->told_count)
        all[have++] = n->told[next++];
    n->told = all;
    n->told_count = have;
    n->from = finding_at(j, all[0])->f.time < n->from ? finding_at(j, all[0])->f.time : n->from;
    return kept;
}

static void find_of_host(story *s, uint32_t host)
{
    const joined *j = s->j;
    size_t count, strong_count = 0, weak_count = 0, first = s->nodes.count;
    const uint32_t *all = findings_of_host(j, host, &count);
    uint32_t *strong = arena_array(j->mem, count, sizeof *strong), *weak = arena_array(j->mem, count, sizeof *weak);
    for (size_t i = 0; i < count; i++)
        if (counts(finding_at(j, all[i]))) {
            if (carries(finding_at(j, all[i])))
                strong[strong_count++] = all[i];
            else
                weak[weak_count++] = all[i];
        }
    cut(s, host, strong, strong_count, weight_span(j, "story.pause"), weight_span(j, "story.lull"));
    for (size_t i = first; i < s->nodes.count; i++)
        weak_count = take_near(s, node_at(s, i), weak, weak_count);
    cut(s, host, weak, weak_count, weight_span(j, "story.weak-near"), MOMENT_UNKNOWN);
    for (size_t i = first; i < s->nodes.count; i++)
        close_node(s, node_at(s, i));
}

static int by_onset(const void *a, const void *b)
{
    const node *l = a, *r = b;
    if (l->order != r->order)
        return l->order < r->order ? -1 : 1;
    if (l->from != r->from)
        return l->from < r->from ? -1 : 1;
    return (l->host > r->host) - (l->host < r->host);
}

void nodes_sort(story *s)
{
    for (size_t i = 0; i < s->nodes.count; i++)
        node_at(s, i)->order = clock_true(s->j, node_at(s, i)->host, node_at(s, i)->onset);
    vec_sort(&s->nodes, by_onset);
}

void nodes_find(story *s)
{
    vec_init(&s->nodes, sizeof(node));
    families_find(s);
    for (uint32_t i = 0; i < host_total(s->j); i++)
        find_of_host(s, i);
    nodes_sort(s);
    vec_done(&s->works);
    map_done(&s->last_work);
}
