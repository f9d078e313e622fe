/* What is ordinary here? The same thing on many days is a habit of the host; a remote tool that comes from one place on many days
 * is an administrator's. Both are shown with what makes them ordinary, and weigh nothing. What is grave is never excused, nor what
 * comes from an address that attacked. */
#include "incident/internal.h"

#include <stdlib.h>

enum { SESSIONS_LOOKED_AT = 256 };      /* of one kind, before one moment: more at once are a flood, and name nobody */

/* How many of the acts, in order of time, lie at or before t. */
static size_t acts_until(const act *const *acts, size_t n, moment t)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (acts[mid]->time <= t)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

const act *session_before(const joined *j, uint32_t host, const char *account, moment t, moment window)
{
    static const char *const kinds[] = { "logon.guessed", "logon.session" };
    const act *best = NULL;
    for (size_t k = 0; k < 2; k++) {
        size_t n;
        const act *const *acts = acts_of(j, host, kinds[k], &n);
        size_t looked = 0;
        for (size_t i = acts_until(acts, n, t); i-- > 0 && t - acts[i]->time <= window && looked++ < SESSIONS_LOOKED_AT;) {
            const char *type = act_fact(acts[i], "type"), *whom = act_fact(acts[i], "account");
            bool remote = strcmp(type, "3") == 0 || strcmp(type, "10") == 0 || strcmp(type, "8") == 0;
            bool whose = account ? account_same(whom, account) : !account_is_system(whom, act_fact(acts[i], "sid"));
            if (!remote || !whose || !act_fact(acts[i], "source")[0])
                continue;
            if (best && !account && strcmp(act_fact(best, "source"), act_fact(acts[i], "source")) != 0)
                return NULL;                          /* two clients: nobody knows which of them */
            if (!best || acts[i]->time > best->time || (acts[i]->time == best->time && strcmp(best->kind, kinds[k]) != 0))
                best = acts[i];
        }
    }
    return best;
}

/* One finding as an occasion of something that may be a habit. */
typedef struct { const char *key; moment time; told *of; } occasion;

static int by_key_time(const void *a, const void *b)
{
    const occasion *l = a, *r = b;
    int order = strcmp(l->key, r->key);
    return order ? order : (l->time > r->time) - (l->time < r->time);
}

static bool excusable(const told *t)
{
    return t->of && !t->innocent && t->f.severity <= SEVERITY_MEDIUM && moment_known(t->f.time) && !act_fact(t->of, "family")[0];
}

static bool remote_tool(const told *t)
{
    return strcmp(t->f.kind, "remote-execution") == 0;
}

/* The source of a remote step, as address: its own record's, or the session's that it ran in. */
static const char *source_of(const joined *j, const told *t)
{
    if (t->source)
        return t->source;
    const act *session = session_before(j, t->f.host, t->account, t->f.time, weight_span(j, "innocent.session-near"));
    return session ? act_fact(session, "source") : "";
}

/* Sources of grave findings; told before findings are settled, so innocence is asked of all of them. */
static void sources_that_attacked(const joined *j, map *out)
{
    for (size_t i = 0; i < j->told.count; i++) {
        const told *t = vec_at(&j->told, i);
        if (!t->innocent && t->f.severity >= SEVERITY_HIGH && t->source)
            map_put(out, span_str(t->source), NULL);
    }
}

static moment first_grave(const joined *j)
{
    moment first = MOMENT_UNKNOWN;
    for (size_t i = 0; i < j->told.count; i++) {
        const told *t = vec_at(&j->told, i);
        if (!t->innocent && t->f.severity >= SEVERITY_HIGH && t->how_far >= REACH_ACCESS && t->f.time < first)
            first = t->f.time;
    }
    return first;
}

/* On how many days a run of occasions falls, not counting those after the first grave act. */
static unsigned days_of(const occasion *run, size_t count, moment before)
{
    unsigned days = 0;
    uint64_t last = UINT64_MAX;
    for (size_t i = 0; i < count && run[i].time < before; i++)
        if (run[i].time / MOMENT_DAY != last) {
            last = run[i].time / MOMENT_DAY;
            days++;
        }
    return days;
}

static void excuse(joined *j, told *t, const char *as, unsigned days)
{
    t->innocent = true;
    t->weight = 0;
    t->f.severity = SEVERITY_LOW;
    finding_fact(j, t, "ordinary", as);
    finding_fact(j, t, "days", write_u64(j, days));
}

static void mark_runs(joined *j, vec *all, const char *as, unsigned least_days, moment least_span)
{
    moment before = first_grave(j);
    vec_sort(all, by_key_time);
    for (size_t from = 0, end; from < all->count; from = end) {
        const occasion *run = vec_at(all, from);
        for (end = from + 1; end < all->count && strcmp(((occasion *)vec_at(all, end))->key, run->key) == 0;)
            end++;
        unsigned days = days_of(run, end - from, before);
        moment last = run[0].time;
        for (size_t i = 0; i < end - from && run[i].time < before; i++)
            last = run[i].time;
        for (size_t i = 0; days >= least_days && last - run[0].time >= least_span && i < end - from; i++)
            excuse(j, run[i].of, as, days);
    }
}

void innocent_mark(joined *j)
{
    vec habits, tools;
    map attackers;
    map_init(&attackers);
    sources_that_attacked(j, &attackers);
    vec_init(&habits, sizeof(occasion));
    vec_init(&tools, sizeof(occasion));
    for (size_t i = 0; i < j->told.count; i++) {
        told *t = vec_at(&j->told, i);
        if (!excusable(t))
            continue;
        const char *source = remote_tool(t) ? source_of(j, t) : "";
        if (source[0] && !map_find(&attackers, span_str(source)))
            *(occasion *)vec_push(&tools) = (occasion){ source, t->f.time, t };
        else if (!remote_tool(t))                    /* on any host: a script of the administrator runs on all of them */
            *(occasion *)vec_push(&habits) = (occasion){ arena_printf(j->mem, "%s\x1f%s", t->f.kind, t->subject), t->f.time, t };
    }
    mark_runs(j, &tools, "administration", (unsigned)weight(j, "innocent.tool-days"), weight_span(j, "innocent.tool-span"));
    mark_runs(j, &habits, "habit", (unsigned)weight(j, "innocent.habit-days"), weight_span(j, "innocent.habit-span"));
    map_done(&attackers);
    vec_done(&habits);
    vec_done(&tools);
}
