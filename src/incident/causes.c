/* Why did it stop? For each stop, and for stops of several hosts close together, the causes are weighed against each other:
 * prior and evidence as log-odds, each term with its points and its sentence. */
#include "incident/weigh.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const cluster *cluster_of(const vec *clusters, const stop *s)
{
    for (size_t i = 0; i < clusters->count; i++) {
        const cluster *c = vec_at(clusters, i);
        for (size_t k = 0; k < c->count; k++)
            if (c->stops[k] == s)
                return c;
    }
    return NULL;
}

static void weigh(const joined *j, scales *s, const stop *at)
{
    scales_begin(j, s, at->code ? "cause.prior" : "cause.prior-no-code");
    code_speaks(j, s, at);
    dump_speaks(j, s, at);
    drivers_speak(j, s, at);
    history_speaks(j, s, at);
    attack_speaks(j, s, at);
    malware_speaks(j, s, at);
    hardware_speaks(j, s, at);
    changes_speak(j, s, at);
    people_speak(j, s, at);
    surroundings_speak(j, s, at);
}

/* ---- The verdict ---- */

/* The dump itself names the best cause; a name that is a vendor's and an intruder's proves neither. */
static bool dump_proves(const stop *at, const hypothesis *best)
{
    for (size_t i = 0; at->dump && i < best->for_count; i++)
        if (strncmp(best->for_[i].why.id, "cause.dump.", 11) == 0 && strcmp(best->for_[i].why.id, "cause.dump.abused") != 0 && best->for_[i].points >= 2)
            return true;
    return false;
}

static const char *cause_word(const joined *j, const hypothesis *h)
{
    return arena_printf(j->mem, "cause.%s", h->cause);
}

static const char *state_word(verdict_kind v, bool proven)
{
    return v == VERDICT_TWO ? "two" : v == VERDICT_UNDECIDED ? "undecided" : proven ? "proven" : "likely";
}

static void decide(const joined *j, const stop *at, verdict_kind verdict, crash *out)
{
    const hypothesis *h = out->hypotheses;
    bool proven = verdict == VERDICT_ONE && dump_proves(at, &h[0]);
    const char *percent = write_u64(j, (uint64_t)(h[0].score > 95 ? 95 : h[0].score));
    out->state = state_word(verdict, proven);
    const char *id = proven ? "crash.verdict.proven" : verdict == VERDICT_TWO ? "crash.verdict.two" : verdict == VERDICT_UNDECIDED ? "crash.verdict.undecided" : "crash.verdict.likely";
    out->verdict = say(j, id, "cause", ARG_WORD, cause_word(j, &h[0]), "first", ARG_WORD, cause_word(j, &h[0]), "second", ARG_WORD, cause_word(j, &h[1]), "percent",
                       ARG_PERCENT, percent, "module", ARG_TEXT, proven ? out->module : NULL, "read", ARG_TEXT, at->dump ? "yes" : NULL, NULL);
    if (proven || !at->code || at->dump) {
        out->decides = verdict == VERDICT_ONE ? (sentence){ 0 } : say(j, at->dump ? "crash.decides.full" : "crash.decides.logs", "host", ARG_HOST, host_name(j, at->host), NULL);
    } else {
        const char *dump = at->bugcheck ? act_fact(at->bugcheck, "dump") : "";
        bool usual = strcasestr(dump, "\\Windows\\MEMORY.DMP") != NULL;
        out->decides = say(j, "crash.decides.dump", "host", ARG_HOST, host_name(j, at->host), "dump", ARG_TEXT, usual ? NULL : dump, NULL);
    }
}

/* "a,b" or "a b" as a list. */
static const char **listed(const joined *j, const char *text, size_t *count)
{
    size_t most = 1;
    for (const char *p = text; *p; p++)
        most += *p == ',' || *p == ' ';
    const char **out = arena_array(j->mem, most, sizeof *out);
    *count = 0;
    while (*text) {
        size_t n = strcspn(text, ", ");
        if (n)
            out[(*count)++] = arena_text(j->mem, span_of(text, n));
        text += n + (text[n] != 0);
    }
    return out;
}

static crash_dump *dump_of(const joined *j, const act *a)
{
    crash_dump *d = arena_alloc(j->mem, sizeof *d);
    *d = (crash_dump){ .path = a->log->path, .type = act_fact(a, "type"), .module = act_fact(a, "module"), .module_path = act_fact(a, "module_path"),
                       .address = act_fact(a, "address"), .process = act_fact(a, "process"), .build = act_fact(a, "build"), .uptime = act_fact(a, "uptime"),
                       .evidence = ref_of_act(j, a) };
    d->callers = listed(j, act_fact(a, "callers"), &d->caller_count);
    d->signs = listed(j, act_fact(a, "signs"), &d->sign_count);
    return d;
}

static void tell_crash(const joined *j, const stop *at, scales *s, crash *out)
{
    *out = (crash){ .host = at->host, .time = at->time, .booted = at->boot ? at->booted : MOMENT_UNKNOWN, .code = at->code, .code_name = bugcheck_name(j, at->code), .module = stop_module(j, at) };
    for (size_t p = 0; p < 4; p++)
        out->parameters[p] = at->parameters[p];
    out->means_en = profile_text(bugcheck_node(j, at->code), "en");
    out->means_zh = profile_text(bugcheck_node(j, at->code), "zh");
    verdict_kind verdict = scales_end(j, s, &out->hypotheses, &out->hypothesis_count);
    decide(j, at, verdict, out);
    if (at->dump)
        out->dump = dump_of(j, at->dump);
    out->sign_of_life = stop_is_sign_of_life(at);
    out->time_basis = say(j, "crash.basis", "basis", ARG_WORD, arena_printf(j->mem, "basis.%s", at->basis), "slack", ARG_DURATION,
                          at->slack ? write_u64(j, at->slack / MOMENT_SECOND) : NULL, NULL);
    const act *from[] = { at->unexpected, at->power, at->bugcheck, at->dump, at->boot };
    size_t most = sizeof from / sizeof *from;
    out->evidence = arena_array(j->mem, most, sizeof *out->evidence);
    for (size_t i = 0; i < most; i++)
        if (from[i] && (i == 0 || from[i] != from[i - 1]) && !(i == most - 1 && (from[i] == from[0] || from[i] == from[1] || from[i] == from[2])))
            out->evidence[out->evidence_count++] = ref_of_act(j, from[i]);
}

/* ---- Clusters ---- */

/* One in a thousand, one in a million: a power of ten and no digit more. */
static const char *one_in(const joined *j, double probability)
{
    double power = floor(-log10(probability) + 1e-9);
    uint64_t n = 1;
    for (double i = 0; i < power && i < 15; i++)
        n *= 10;
    return write_u64(j, n);
}

/* What stands on the scales of single hosts counts for all of them by the share of hosts that say it. */
static void put_together(const joined *j, const vec *of_stops, const cluster *c, scales *to)
{
    for (int k = 0; k < CAUSES; k++) {
        vec seen;
        vec_init(&seen, sizeof(scale_term));
        for (size_t i = 0; i < c->count; i++) {
            const stop *first = j->stops.at;
            const scales *s = vec_at(of_stops, (size_t)(c->stops[i] - first));
            for (size_t t = 0; t < s->terms[k].count; t++) {
                const scale_term *x = vec_at(&s->terms[k], t);
                scale_term *known = NULL;
                for (size_t y = 0; y < seen.count && !known; y++)
                    known = strcmp(((scale_term *)vec_at(&seen, y))->name, x->name) == 0 ? vec_at(&seen, y) : NULL;
                if (!known) {
                    known = vec_push(&seen);
                    *known = *x;
                    known->t.points = 0;
                }
                known->t.points += x->t.points;
                known->t.hosts++;
            }
        }
        for (size_t y = 0; y < seen.count; y++) {
            const scale_term *x = vec_at(&seen, y);
            term_points(j, to, (cause)k, x->name, x->t.why, x->t.points / (double)c->count, x->t.hosts);
        }
        vec_done(&seen);
    }
}

static void tell_cluster(const joined *j, const vec *of_stops, const cluster *c, crash_cluster *out)
{
    scales s;
    bool codes = false;
    for (size_t i = 0; i < c->count; i++)
        codes |= c->stops[i]->code != NULL;
    scales_begin(j, &s, codes ? "cause.prior-cluster" : "cause.prior-cluster-no-code");
    put_together(j, of_stops, c, &s);
    together_speaks(j, &s, c);
    *out = (crash_cluster){ .hosts = arena_array(j->mem, c->count, sizeof *out->hosts), .from = c->stops[0]->time, .to = c->stops[c->count - 1]->time,
                            .probability = c->judged ? c->probability : -1, .of_hosts = (uint32_t)c->able, .window = c->window + c->slack };
    for (size_t i = 0; i < c->count; i++)
        out->hosts[out->host_count++] = c->stops[i]->host;
    verdict_kind verdict = scales_end(j, &s, &out->hypotheses, &out->hypothesis_count);
    scales_done(&s);
    out->state = state_word(verdict, false);
    const char *id = !c->judged ? "cluster.unjudged" : c->probability < weight(j, "cluster.chance-below") ? "cluster.common" : "cluster.chance";
    out->verdict = say(j, id, "hosts", ARG_NUMBER, write_u64(j, c->count), "of", ARG_NUMBER, c->able > c->count ? write_u64(j, c->able) : NULL, "span", ARG_DURATION,
                       write_u64(j, (out->to - out->from) / MOMENT_SECOND), "from", ARG_TIME, write_time(j, out->from), "days", ARG_NUMBER,
                       c->judged ? write_u64(j, (uint64_t)c->days) : NULL, "chance", ARG_NUMBER, c->judged && c->probability < 1 ? one_in(j, c->probability) : NULL, "cause",
                       ARG_WORD, verdict == VERDICT_ONE ? cause_word(j, &out->hypotheses[0]) : NULL, NULL);
}

static int by_crash_time(const void *a, const void *b)
{
    const crash *l = a, *r = b;
    if (l->time != r->time)
        return l->time < r->time ? -1 : 1;
    return (l->host > r->host) - (l->host < r->host);
}

static int by_cluster_time(const void *a, const void *b)
{
    const crash_cluster *l = a, *r = b;
    return (l->from > r->from) - (l->from < r->from);
}

void crashes_weigh(joined *j)
{
    suyuan_case *c = j->out;
    vec clusters, all;
    vec_init(&clusters, sizeof(cluster));
    vec_init(&all, sizeof(scales));
    clusters_find(j, &clusters);
    for (size_t i = 0; i < j->stops.count; i++)
        weigh(j, vec_push(&all), vec_at(&j->stops, i));
    c->clusters = arena_array(j->mem, clusters.count, sizeof *c->clusters);
    for (size_t i = 0; i < clusters.count; i++)
        tell_cluster(j, &all, vec_at(&clusters, i), &c->clusters[c->cluster_count++]);
    qsort(c->clusters, c->cluster_count, sizeof *c->clusters, by_cluster_time);
    c->crashes = arena_array(j->mem, j->stops.count, sizeof *c->crashes);
    for (size_t i = 0; i < j->stops.count; i++) {
        const stop *at = vec_at(&j->stops, i);
        const cluster *with = cluster_of(&clusters, at);
        scales *s = vec_at(&all, i);
        if (with)
            together_speaks(j, s, with);
        tell_crash(j, at, s, &c->crashes[c->crash_count++]);
        scales_done(s);
    }
    qsort(c->crashes, c->crash_count, sizeof *c->crashes, by_crash_time);
    vec_done(&all);
    vec_done(&clusters);
}
