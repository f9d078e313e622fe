/* Which stops of several hosts lie so close together that chance is a poor answer, and how poor.
 *
 * Each host's own rate is unknown: with x stops in T hours of log that was kept before the cluster, the chance of a stop within a
 * span w is 1 - (T / (T + w))^(x + 1/2), the gamma-Poisson prediction with Jeffreys' prior, which is never nought and grows for
 * short logs. k given hosts within w of the first, in a year of Y hours: Y / w * k * the product of these chances; any k of N hosts:
 * times C(N, k); and times the number of windows that were tried. Restarts in a row on one host are one. */
#include "incident/weigh.h"

#include <math.h>
#include <stdlib.h>

/* What the search asks again and again, laid out once. Stops stand in order of host and time in j->stops, of time here. */
typedef struct { moment from, to; } kept;
typedef struct {
    size_t first, count;           /* its stops in j->stops */
    const kept *logs; size_t log_count;
    uint32_t seen;                 /* the number of the window that last met it */
} host_line;

typedef struct {
    const joined *j;
    const stop **all; size_t count;
    bool *gone;                    /* in a cluster already, by place in `all` */
    host_line *hosts;
    double *episodes;              /* by place in j->stops: those of its host up to it, restarts in a row as one */
    const stop **window;           /* of the window that is looked at: the first stop of each host */
    size_t able, living;           /* hosts with a log that can be judged; with stops */
    size_t looks, most;            /* how often a stop was looked at, and may be */
    uint32_t windows;
    moment loop, clocks;
    double least_hours, tried;
} search;

static double kept_hours(const host_line *h, moment until)
{
    double hours = 0;
    for (size_t i = 0; i < h->log_count && h->logs[i].from < until; i++)
        hours += (double)((h->logs[i].to < until ? h->logs[i].to : until) - h->logs[i].from) / (double)MOMENT_HOUR;
    return hours;
}

static double choose(double n, double k)
{
    return exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1));
}

/* Stops of the host before the cluster, those of one reboot loop taken as one. */
static double episodes_before(const search *s, const host_line *h, moment first)
{
    size_t low = 0, high = h->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const stop *o = vec_at(&s->j->stops, h->first + mid);
        if (o->time + s->loop < first)
            low = mid + 1;
        else
            high = mid;
    }
    return low ? s->episodes[h->first + low - 1] : 0;
}

static void judge(search *s, cluster *c)
{
    double product = 1, shortest = 0;
    moment first = c->stops[0]->time, error = 0;
    for (size_t i = 0; i < c->count; i++)
        error = c->stops[i]->slack > error ? c->stops[i]->slack : error;
    c->slack = error + s->clocks;
    double window = (double)(c->window + c->slack) / (double)MOMENT_HOUR, k = (double)c->count;
    c->able = s->able;
    c->judged = c->able >= c->count;
    for (size_t i = 0; i < c->count && c->judged; i++) {
        const host_line *h = &s->hosts[c->stops[i]->host];
        double hours = kept_hours(h, first);
        s->looks++;
        c->judged = hours >= s->least_hours;
        shortest = i == 0 || hours < shortest ? hours : shortest;
        product *= 1 - pow(hours / (hours + window), episodes_before(s, h, first) + 0.5);
    }
    c->days = shortest / 24;
    double p = c->judged ? 365.25 * 24 / window * k * product * choose((double)c->able, k) * s->tried : 1;
    c->probability = p > 1 ? 1 : p;
}

static int by_time(const void *a, const void *b)
{
    const stop *l = *(const stop *const *)a, *r = *(const stop *const *)b;
    if (l->time != r->time)
        return l->time < r->time ? -1 : 1;
    return (l->host > r->host) - (l->host < r->host);
}

static int by_beginning(const void *a, const void *b)
{
    const kept *l = a, *r = b;
    if (l->from != r->from)
        return l->from < r->from ? -1 : 1;
    return (l->to > r->to) - (l->to < r->to);
}

/* ---- What is said of a cluster ---- */

static bool touched(const joined *j, const stop *at)
{
    return hostile_between(j, at->host, before(at->time, weight_span(j, "cause.before")), at->time + at->slack, REACH_ATTEMPT) != NULL;
}

static bool updated(const joined *j, const stop *at)
{
    moment day = before(at->time, weight_span(j, "cause.before"));
    return last_act(j, at->host, "update", "state", "installed", day, at->time) || last_act(j, at->host, "update", "state", "package", day, at->time);
}

/* The module that most dumps name, and how many do. */
static void common_module(const joined *j, cluster *c)
{
    const char **names = arena_array(j->mem, c->count, sizeof *names);
    size_t named = 0;
    for (size_t i = 0; i < c->count; i++) {
        const char *name = stop_module(j, c->stops[i]);
        if (name)
            names[named++] = name;
    }
    for (size_t i = 0; i < named; i++) {
        size_t n = 0;
        for (size_t k = 0; k < named; k++)
            n += module_same(names[i], names[k]);
        if (n > c->module_count) {
            c->module_count = n;
            c->module = names[i];
        }
    }
}

/* What holds for all of its hosts is asked once: each of their stops is told of it. */
static void describe(const joined *j, cluster *c)
{
    for (size_t i = 0; i < c->count; i++) {
        c->hit += touched(j, c->stops[i]);
        c->changed += updated(j, c->stops[i]);
    }
    common_module(j, c);
}

/* ---- The search ---- */

/* The first stop of each host within a window that begins with stop `from`, judged; its stops hold until the next is looked at. */
static cluster within(search *s, size_t from, moment window)
{
    cluster c = { .stops = s->window, .window = window };
    s->windows++;
    for (size_t i = from; i < s->count && s->all[i]->time - s->all[from]->time <= window && c.count < s->living && s->looks < s->most; i++) {
        host_line *h = &s->hosts[s->all[i]->host];
        s->looks++;
        if (!s->gone[i] && h->seen != s->windows)
            c.stops[c.count++] = s->all[i];
        h->seen = s->gone[i] ? h->seen : s->windows;
    }
    if (c.count >= 2)
        judge(s, &c);
    return c;
}

static void lay_out_host(search *s, uint32_t host)
{
    const joined_host *h = host_of(s->j, host);
    host_line *line = &s->hosts[host];
    kept *logs = arena_array(s->j->mem, h->log_count, sizeof *logs);
    for (size_t i = 0; i < h->log_count; i++) {
        const joined_log *log = vec_at(&s->j->logs, h->logs[i]);
        if (strcmp(log->channel, "System") == 0 && moment_known(log->from) && log->to > log->from)
            logs[line->log_count++] = (kept){ log->from, log->to };
    }
    if (line->log_count)
        qsort(logs, line->log_count, sizeof *logs, by_beginning);
    line->logs = logs;
    s->able += h->collected && moment_known(log_begins(s->j, host, "System"));
}

static void lay_out(search *s, const joined *j)
{
    size_t count = j->stops.count;
    *s = (search){ .j = j, .count = count, .most = CLUSTER_LOOKS, .loop = weight_span(j, "cluster.loop"), .clocks = weight_span(j, "cluster.clocks"),
                   .least_hours = weight(j, "cluster.least-days") * 24, .tried = weight(j, "cluster.windows-tried") };
    s->all = arena_array(j->mem, count, sizeof *s->all);
    s->gone = arena_array(j->mem, count, sizeof *s->gone);
    s->window = arena_array(j->mem, count, sizeof *s->window);
    s->episodes = arena_array(j->mem, count, sizeof *s->episodes);
    s->hosts = arena_array(j->mem, host_total(j), sizeof *s->hosts);
    for (uint32_t i = 0; i < host_total(j); i++)
        lay_out_host(s, i);
    for (size_t i = 0; i < count; i++) {
        const stop *at = vec_at(&j->stops, i), *last = i ? vec_at(&j->stops, i - 1) : NULL;
        host_line *h = &s->hosts[at->host];
        s->all[i] = at;
        if (!h->count)
            h->first = i;
        s->living += !h->count;
        s->episodes[i] = !h->count ? 1 : s->episodes[i - 1] + (at->time - last->time > s->loop);
        h->count++;
    }
    qsort(s->all, count, sizeof *s->all, by_time);
}

/* Of all windows and beginnings, the least probable first; its stops are then out of the game, and only the windows that held one
 * of them are looked at again. */
void clusters_find(const joined *j, vec *out)
{
    static const char *const windows[] = { "cluster.window-1", "cluster.window-2", "cluster.window-3", "cluster.window-4" };
    enum { WINDOWS = sizeof windows / sizeof *windows };
    typedef struct { size_t count; double probability; bool stale; } look;
    size_t count = j->stops.count;
    moment spans[WINDOWS];
    search s;
    if (count < 2)
        return;
    lay_out(&s, j);
    look *looks = arena_array(j->mem, count, sizeof *looks * WINDOWS);
    for (size_t i = 0; i < count * WINDOWS; i++)
        looks[i] = (look){ .stale = true };
    for (size_t w = 0; w < WINDOWS; w++)
        spans[w] = weight_span(j, windows[w]);
    for (size_t found = 0; found < CLUSTERS_MOST; found++) {
        size_t best = count * WINDOWS;
        for (size_t at = 0; at < count * WINDOWS; at++) {
            look *l = &looks[at];
            if (l->stale) {
                cluster c = s.gone[at % count] ? (cluster){ 0 } : within(&s, at % count, spans[at / count]);
                *l = (look){ .count = c.count, .probability = c.probability };
            }
            if (l->count >= 2 && (best == count * WINDOWS || l->probability < looks[best].probability
                                  || (l->probability == looks[best].probability && l->count > looks[best].count)))
                best = at;
        }
        if (best == count * WINDOWS)
            return;
        s.most = SIZE_MAX;                                /* what was found is told whole */
        cluster c = within(&s, best % count, spans[best / count]);
        s.most = CLUSTER_LOOKS;
        if (c.count < 2 || (c.judged && c.probability > weight(j, "cluster.told-below")))
            return;
        const stop **stops = arena_array(j->mem, c.count, sizeof *stops);
        memcpy(stops, c.stops, c.count * sizeof *stops);
        c.stops = stops;
        describe(j, &c);
        *(cluster *)vec_push(out) = c;
        moment from = stops[0]->time, to = stops[c.count - 1]->time;
        for (size_t i = 0; i < count; i++) {
            s.gone[i] |= s.all[i]->time >= from && s.all[i]->time <= to;
            for (size_t w = 0; w < WINDOWS; w++)
                looks[w * count + i].stale |= s.all[i]->time <= to && s.all[i]->time >= before(from, spans[w]);
        }
    }
}

/* ---- What the hosts say together ---- */

static void together_by_module(const joined *j, scales *s, const cluster *c)
{
    if (c->module_count < 2)
        return;
    const char *kind = module_kind(j, c->module);
    cause of = !kind ? CAUSE_DRIVER : strcmp(kind, "antivirus") == 0 ? CAUSE_ANTIVIRUS : strcmp(kind, "network") == 0 ? CAUSE_ATTACK : CAUSES;
    if (of != CAUSES)
        term(j, s, of, "cause.cluster-same-module", say(j, "cause.cluster.module", "module", ARG_TEXT, c->module, "count", ARG_NUMBER, write_u64(j, c->module_count), NULL));
}

void together_speaks(const joined *j, scales *s, const cluster *c)
{
    bool codes = false, same = true;
    moment spread = c->stops[c->count - 1]->time - c->stops[0]->time;
    for (size_t i = 0; i < c->count; i++) {
        codes |= c->stops[i]->code != NULL;
        same &= c->stops[i]->code && c->stops[0]->code && strcmp(c->stops[i]->code, c->stops[0]->code) == 0;
    }
    const char *hosts = write_u64(j, c->count);
    sentence together = say(j, "cause.together", "hosts", ARG_NUMBER, hosts, "span", ARG_DURATION, write_u64(j, spread / MOMENT_SECOND), NULL);
    term(j, s, CAUSE_HARDWARE, "cause.cluster-hardware", together);
    term(j, s, CAUSE_DRIVER, "cause.cluster-driver", together);
    if (c->hit == c->count)
        term(j, s, CAUSE_ATTACK, "cause.cluster-all-touched", say(j, "cause.attack.all", "hosts", ARG_NUMBER, hosts, NULL));
    else if (c->hit)
        term(j, s, CAUSE_ATTACK, "cause.cluster-some-touched", say(j, "cause.attack.some", "hosts", ARG_NUMBER, hosts, "hit", ARG_NUMBER, write_u64(j, c->hit), NULL));
    if (same)
        term(j, s, CAUSE_DRIVER, "cause.cluster-same-code", say(j, "cause.driver.same", "code", ARG_TEXT, c->stops[0]->code, NULL));
    else if (codes)
        term(j, s, CAUSE_DRIVER, "cause.cluster-codes-differ", say(j, "cause.driver.differ", NULL));
    if (!codes && spread <= weight_span(j, "cause.at-once")) {
        term(j, s, CAUSE_POWER, "cause.cluster-power", together);
        term(j, s, CAUSE_VIRTUAL, "cause.cluster-virtual", together);
    }
    if (c->changed == c->count)
        term(j, s, CAUSE_UPDATE, "cause.cluster-updated", say(j, "cause.update.all", "hosts", ARG_NUMBER, hosts, NULL));
    together_by_module(j, s, c);
}
