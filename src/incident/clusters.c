/* Which stops of several hosts lie so close together that chance is a poor answer, and how poor (crash.md 5).
 *
 * Each host's own rate is unknown: with x stops in T hours of log that was kept before the cluster, the chance of a stop within a
 * span w is 1 - (T / (T + w))^(x + 1/2), the gamma-Poisson prediction with Jeffreys' prior, which is never nought and grows for
 * short logs. k given hosts within w of the first, in a year of Y hours: Y / w * k * the product of these chances; any k of N hosts:
 * times C(N, k); and times the number of windows that were tried. Restarts in a row on one host are one. */
#include "incident/weigh.h"

#include <math.h>
#include <stdlib.h>

static double kept_hours(const joined *j, uint32_t host, moment until)
{
    const joined_host *h = host_of(j, host);
    double hours = 0;
    for (size_t i = 0; i < h->log_count; i++) {
        const joined_log *log = vec_at(&j->logs, h->logs[i]);
        if (strcmp(log->channel, "System") != 0 || !moment_known(log->from) || log->from >= until)
            continue;
        moment to = log->to < until ? log->to : until;
        hours += (double)(to - log->from) / (double)MOMENT_HOUR;
    }
    return hours;
}

static double choose(double n, double k)
{
    return exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1));
}

/* Stops of the host before the cluster, those of one reboot loop taken as one. Stops lie in order of host and time. */
static double episodes_before(const joined *j, uint32_t host, moment first)
{
    double count = 0;
    moment last = MOMENT_UNKNOWN, loop = weight_span(j, "cluster.loop");
    for (size_t i = 0; i < j->stops.count; i++) {
        const stop *o = vec_at(&j->stops, i);
        if (o->host != host || o->time + loop >= first)
            continue;
        count += !moment_known(last) || o->time - last > loop;
        last = o->time;
    }
    return count;
}

static void judge(const joined *j, cluster *c)
{
    double product = 1, shortest = 0;
    moment first = c->stops[0]->time, error = 0;
    for (size_t i = 0; i < c->count; i++)
        error = c->stops[i]->slack > error ? c->stops[i]->slack : error;
    c->slack = error + weight_span(j, "cluster.clocks");
    double window = (double)(c->window + c->slack) / (double)MOMENT_HOUR, k = (double)c->count;
    c->judged = true;
    for (size_t i = 0; i < c->count; i++) {
        double hours = kept_hours(j, c->stops[i]->host, first), before = episodes_before(j, c->stops[i]->host, first);
        c->judged &= hours >= weight(j, "cluster.least-days") * 24;
        shortest = i == 0 || hours < shortest ? hours : shortest;
        product *= 1 - pow(hours / (hours + window), before + 0.5);
    }
    c->days = shortest / 24;
    c->able = 0;
    for (uint32_t i = 0; i < host_total(j); i++)
        c->able += host_of(j, i)->collected && moment_known(log_begins(j, i, "System"));
    c->judged &= c->able >= c->count;
    double p = c->judged ? 365.25 * 24 / window * k * product * choose((double)c->able, k) * weight(j, "cluster.windows-tried") : 1;
    c->probability = p > 1 ? 1 : p;
}

static int by_time(const void *a, const void *b)
{
    const stop *l = *(const stop *const *)a, *r = *(const stop *const *)b;
    if (l->time != r->time)
        return l->time < r->time ? -1 : 1;
    return (l->host > r->host) - (l->host < r->host);
}

/* The first stop of each host within a window that begins with stop `from`. */
static cluster within(const joined *j, const stop **all, size_t count, size_t from, moment window)
{
    cluster c = { .stops = arena_array(j->mem, count - from, sizeof *c.stops), .window = window };
    for (size_t i = from; i < count && all[i]->time - all[from]->time <= window; i++) {
        bool known = false;
        for (size_t k = 0; k < c.count; k++)
            known |= c.stops[k]->host == all[i]->host;
        if (!known)
            c.stops[c.count++] = all[i];
    }
    return c;
}

/* Of all windows and beginnings, the least probable first; its stops are then out of the game. */
void clusters_find(const joined *j, vec *out)
{
    static const char *const windows[] = { "cluster.window-1", "cluster.window-2", "cluster.window-3", "cluster.window-4" };
    size_t count = j->stops.count;
    const stop **all = arena_array(j->mem, count, sizeof *all);
    for (size_t i = 0; i < count; i++)
        all[i] = vec_at(&j->stops, i);
    qsort(all, count, sizeof *all, by_time);
    for (;;) {
        cluster best = { 0 };
        for (size_t w = 0; w < 4; w++)
            for (size_t i = 0; i < count; i++) {
                cluster c = within(j, all, count, i, weight_span(j, windows[w]));
                if (c.count < 2)
                    continue;
                judge(j, &c);
                if (best.count == 0 || c.probability < best.probability || (c.probability == best.probability && c.count > best.count))
                    best = c;
            }
        if (best.count == 0 || (best.judged && best.probability > weight(j, "cluster.told-below")))
            return;
        *(cluster *)vec_push(out) = best;
        size_t kept = 0;
        moment from = best.stops[0]->time, to = best.stops[best.count - 1]->time;
        for (size_t i = 0; i < count; i++)
            if (all[i]->time < from || all[i]->time > to)
                all[kept++] = all[i];
        count = kept;
    }
}

/* ---- What the hosts say together ---- */

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
static size_t common_module(const joined *j, const cluster *c, const char **out)
{
    size_t most = 0;
    for (size_t i = 0; i < c->count; i++) {
        size_t n = 0;
        for (size_t k = 0; k < c->count; k++)
            n += stop_module(j, c->stops[i]) && stop_module(j, c->stops[k]) && module_same(stop_module(j, c->stops[i]), stop_module(j, c->stops[k]));
        if (n > most) {
            most = n;
            *out = stop_module(j, c->stops[i]);
        }
    }
    return most;
}

static void together_by_module(const joined *j, scales *s, const cluster *c)
{
    const char *module = NULL;
    size_t n = common_module(j, c, &module);
    if (n < 2)
        return;
    const char *kind = module_kind(j, module);
    cause of = !kind ? CAUSE_DRIVER : strcmp(kind, "antivirus") == 0 ? CAUSE_ANTIVIRUS : strcmp(kind, "network") == 0 ? CAUSE_ATTACK : CAUSES;
    if (of != CAUSES)
        term(j, s, of, "cause.cluster-same-module", say(j, "cause.cluster.module", "module", ARG_TEXT, module, "count", ARG_NUMBER, write_u64(j, n), NULL));
}

void together_speaks(const joined *j, scales *s, const cluster *c)
{
    bool codes = false, same = true;
    uint32_t hit = 0, changed = 0;
    moment spread = c->stops[c->count - 1]->time - c->stops[0]->time;
    for (size_t i = 0; i < c->count; i++) {
        codes |= c->stops[i]->code != NULL;
        same &= c->stops[i]->code && c->stops[0]->code && strcmp(c->stops[i]->code, c->stops[0]->code) == 0;
        hit += touched(j, c->stops[i]);
        changed += updated(j, c->stops[i]);
    }
    const char *hosts = write_u64(j, c->count);
    sentence together = say(j, "cause.together", "hosts", ARG_NUMBER, hosts, "span", ARG_DURATION, write_u64(j, spread / MOMENT_SECOND), NULL);
    term(j, s, CAUSE_HARDWARE, "cause.cluster-hardware", together);
    term(j, s, CAUSE_DRIVER, "cause.cluster-driver", together);
    if (hit == c->count)
        term(j, s, CAUSE_ATTACK, "cause.cluster-all-touched", say(j, "cause.attack.all", "hosts", ARG_NUMBER, hosts, NULL));
    else if (hit)
        term(j, s, CAUSE_ATTACK, "cause.cluster-some-touched", say(j, "cause.attack.some", "hosts", ARG_NUMBER, hosts, "hit", ARG_NUMBER, write_u64(j, hit), NULL));
    if (same)
        term(j, s, CAUSE_DRIVER, "cause.cluster-same-code", say(j, "cause.driver.same", "code", ARG_TEXT, c->stops[0]->code, NULL));
    else if (codes)
        term(j, s, CAUSE_DRIVER, "cause.cluster-codes-differ", say(j, "cause.driver.differ", NULL));
    if (!codes && spread <= weight_span(j, "cause.at-once")) {
        term(j, s, CAUSE_POWER, "cause.cluster-power", together);
        term(j, s, CAUSE_VIRTUAL, "cause.cluster-virtual", together);
    }
    if (changed == c->count)
        term(j, s, CAUSE_UPDATE, "cause.cluster-updated", say(j, "cause.update.all", "hosts", ARG_NUMBER, hosts, NULL));
    together_by_module(j, s, c);
}
