/* Why did it stop? For each stop, and for stops of several hosts close together, the causes are weighed against each other:
 * prior and evidence as log-odds, each term with its sentence (crash.md 4.6, 5). Without a dump nothing is proven. */
#include "incident/internal.h"

#include <math.h>
#include <stdlib.h>

typedef enum { CAUSE_ATTACK, CAUSE_DRIVER, CAUSE_HARDWARE, CAUSE_POWER, CAUSE_UPDATE, CAUSE_OPERATOR, CAUSE_RESOURCE, CAUSE_KILLED, CAUSES } cause;
static const char *const cause_words[CAUSES] = { "attack", "driver", "hardware", "power", "update", "operator", "resource", "killed-process" };

typedef struct { double sum[CAUSES]; vec pro[CAUSES], con[CAUSES]; } scales;       /* of sentence */

static void scales_begin(const joined *j, scales *s, const char *prior)
{
    for (int c = 0; c < CAUSES; c++) {
        s->sum[c] = weight(j, arena_printf(j->mem, "%s-%s", prior, cause_words[c]));
        vec_init(&s->pro[c], sizeof(sentence));
        vec_init(&s->con[c], sizeof(sentence));
    }
}

static void term(const joined *j, scales *s, cause c, const char *name, sentence why)
{
    double w = weight(j, name);
    s->sum[c] += w;
    if (w != 0)
        *(sentence *)vec_push(w > 0 ? &s->pro[c] : &s->con[c]) = why;
}

static void *copied(const joined *j, const vec *v)
{
    void *out = arena_array(j->mem, v->count, v->each);
    if (v->count)
        memcpy(out, v->at, v->count * v->each);
    return out;
}

static int by_score(const void *a, const void *b)
{
    const hypothesis *l = a, *r = b;
    if (l->score != r->score)
        return l->score > r->score ? -1 : 1;
    return strcmp(l->cause, r->cause);
}

/* Shares of all causes together, the unknown one among them; those below the least share are left out. */
static size_t scales_end(const joined *j, scales *s, hypothesis **out, double *lead)
{
    double total = exp(weight(j, "cause.unknown")), best = -1e9, second = weight(j, "cause.unknown");
    size_t count = 0;
    *out = arena_array(j->mem, CAUSES, sizeof **out);
    for (int c = 0; c < CAUSES; c++) {
        double cap = weight(j, "votes.cap");
        s->sum[c] = s->sum[c] > cap ? cap : s->sum[c] < -cap ? -cap : s->sum[c];
        total += exp(s->sum[c]);
        if (s->sum[c] > best) {
            second = best > second ? best : second;
            best = s->sum[c];
        } else if (s->sum[c] > second) {
            second = s->sum[c];
        }
    }
    for (int c = 0; c < CAUSES; c++) {
        double share = 100 * exp(s->sum[c]) / total;
        if (share >= weight(j, "cause.least-share"))
            (*out)[count++] = (hypothesis){ cause_words[c], (int)(share + 0.5), copied(j, &s->pro[c]), copied(j, &s->con[c]), s->pro[c].count, s->con[c].count };
        vec_done(&s->pro[c]);
        vec_done(&s->con[c]);
    }
    qsort(*out, count, sizeof **out, by_score);
    *lead = best - second;
    return count;
}

/* ---- What speaks ---- */

static bool hostile(const told *t)
{
    return !t->innocent && t->weight > 0 && t->f.severity >= SEVERITY_HIGH;
}

bool address_hostile(const joined *j, const char *address)
{
    for (size_t i = 0; address[0] && i < j->told.count; i++) {
        const told *t = finding_at(j, i);
        if (hostile(t) && t->source && strcmp(t->source, address) == 0)
            return true;
    }
    return false;
}

/* The last hostile finding of a host in a time, that got at least so far. */
static const told *hostile_between(const joined *j, uint32_t host, moment from, moment to, reach least)
{
    const told *found = NULL;
    size_t count;
    const uint32_t *all = findings_of_host(j, host, &count);
    for (size_t i = 0; i < count; i++) {
        const told *t = finding_at(j, all[i]);
        if (hostile(t) && t->how_far >= least && t->f.time >= from && t->f.time <= to)
            found = t;
    }
    return found;
}

static const char *hostile_visitor(const joined *j, uint32_t host, moment from, moment to)
{
    static const char *const kinds[] = { "logon.failure", "logon.success", "connect.in" };
    for (size_t k = 0; k < 3; k++) {
        size_t n;
        joined_tally *const *tallies = tallies_of(j, host, kinds[k], &n);
        for (size_t i = 0; i < n; i++)
            for (size_t b = 0; b < tallies[i]->bucket_count; b++)
                if (tallies[i]->buckets[b].last >= from && tallies[i]->buckets[b].first <= to && address_hostile(j, tally_key(tallies[i], "source")))
                    return tally_key(tallies[i], "source");
    }
    return NULL;
}

static moment minus(moment t, moment span)
{
    return t > span ? t - span : 0;
}

static void traces_of_attack(const joined *j, scales *s, const stop *at)
{
    moment from = minus(at->time, weight_span(j, "cause.before")), until = at->time + at->slack, close = minus(at->time, weight_span(j, "cause.close-before"));
    const told *ran = hostile_between(j, at->host, from, until, REACH_EXECUTION), *in = hostile_between(j, at->host, from, until, REACH_ATTEMPT);
    const told *after = hostile_between(j, at->host, at->booted, at->booted + weight_span(j, "cause.close-before"), REACH_EXECUTION);
    const char *visitor = hostile_visitor(j, at->host, close, until);
    moment first = host_of(j, at->host)->first_hostile;
    if (ran)
        term(j, s, CAUSE_ATTACK, "cause.attack-ran", say(j, "cause.attack.ran", "title", ARG_WORD, arena_printf(j->mem, "kind.%s", ran->f.kind), "time", ARG_TIME,
                                                        write_time(j, ran->f.time), NULL));
    else if (in)
        term(j, s, CAUSE_ATTACK, "cause.attack-tried", say(j, "cause.attack.tried", "title", ARG_WORD, arena_printf(j->mem, "kind.%s", in->f.kind), "time", ARG_TIME,
                                                          write_time(j, in->f.time), NULL));
    for (const told *t = ran ? ran : in; t && strcmp(t->f.kind, "exploit-attempt") == 0; t = NULL)
        term(j, s, CAUSE_ATTACK, "cause.attack-exploit", say(j, "cause.attack.exploit", "time", ARG_TIME, write_time(j, t->f.time), NULL));
    if (visitor)
        term(j, s, CAUSE_ATTACK, "cause.attack-visitor", say(j, "cause.attack.visitor", "source", ARG_TEXT, visitor, NULL));
    if (after)
        term(j, s, CAUSE_ATTACK, "cause.attack-after", say(j, "cause.attack.after", "title", ARG_WORD, arena_printf(j->mem, "kind.%s", after->f.kind), "time", ARG_TIME,
                                                          write_time(j, after->f.time), NULL));
    if (ran || in || visitor)
        return;
    if (moment_known(first) && first > until && first - until > MOMENT_DAY)
        term(j, s, CAUSE_ATTACK, "cause.attack-later", say(j, "cause.attack.later", "time", ARG_TIME, write_time(j, first), NULL));
    else if (!moment_known(first) && log_looks(j, at->host, "Security", from, at->time) != LOOK_BLIND)
        term(j, s, CAUSE_ATTACK, "cause.attack-none", say(j, "cause.attack.none", NULL));
}

static bool class_is(const profile_node *code, const char *word)
{
    const char *class = code ? profile_text(code, "class") : NULL;
    return class && strcmp(class, word) == 0;
}

static void code_speaks(const joined *j, scales *s, const stop *at)
{
    static const struct { const char *class; cause c; const char *name; } classes[] = {
        { "hardware", CAUSE_HARDWARE, "cause.class-hardware" }, { "storage", CAUSE_HARDWARE, "cause.class-storage" },
        { "driver", CAUSE_DRIVER, "cause.class-driver" },       { "memory-corruption", CAUSE_ATTACK, "cause.class-corruption" },
        { "memory-corruption", CAUSE_DRIVER, "cause.class-corruption" }, { "boot", CAUSE_UPDATE, "cause.class-boot" },
        { "power", CAUSE_POWER, "cause.class-power" },          { "intentional", CAUSE_OPERATOR, "cause.class-intentional" },
        { "resource", CAUSE_RESOURCE, "cause.class-resource" }, { "system-process", CAUSE_KILLED, "cause.class-process" },
    };
    if (!at->code) {
        term(j, s, CAUSE_POWER, "cause.no-code-power", say(j, "cause.no-code", NULL));
        for (int c = CAUSE_ATTACK; c <= CAUSE_HARDWARE; c++)
            term(j, s, (cause)c, "cause.no-code-other", say(j, "cause.no-code", NULL));
        return;
    }
    /* The code is one cause: of what its class and its page say, the stronger counts. */
    const profile_node *code = bugcheck_node(j, at->code);
    const char *strongest[CAUSES] = { 0 };
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (class_is(code, classes[i].class))
            strongest[classes[i].c] = classes[i].name;
    for (const profile_node *p = profile_list(code, "points_to"); p; p = p->next)
        for (int c = 0; c < CAUSES; c++) {
            const char *name = strcmp(p->text, "strong") == 0 ? "cause.points-strong" : "cause.points-weak";
            if (strcmp(p->key, cause_words[c]) == 0 && (!strongest[c] || weight(j, name) > weight(j, strongest[c])))
                strongest[c] = name;
        }
    for (int c = 0; c < CAUSES; c++)
        if (strongest[c])
            term(j, s, (cause)c, strongest[c], say(j, "cause.code", "code", ARG_TEXT, at->code, "name", ARG_TEXT, bugcheck_name(j, at->code), NULL));
    term(j, s, CAUSE_POWER, "cause.code-power", say(j, "cause.power.code", "code", ARG_TEXT, at->code, NULL));
}

/* The same host's other stops: one code again and again is rather a driver, ever another one rather hardware. */
static void history_speaks(const joined *j, scales *s, const stop *at)
{
    uint64_t same = 0, other = 0;
    for (size_t i = 0; i < j->stops.count; i++) {
        const stop *o = vec_at(&j->stops, i);
        if (o == at || o->host != at->host || !o->code || !at->code)
            continue;
        *(strcmp(o->code, at->code) == 0 ? &same : &other) += 1;
    }
    if (same)
        term(j, s, CAUSE_DRIVER, "cause.same-code-before", say(j, "cause.driver.again", "count", ARG_NUMBER, write_u64(j, same), NULL));
    if (other >= 2)
        term(j, s, CAUSE_HARDWARE, "cause.other-codes", say(j, "cause.hardware.codes", "count", ARG_NUMBER, write_u64(j, other), NULL));
}

static const act *servicing_restart(const joined *j, uint32_t host, moment t)
{
    size_t n;
    const act *const *acts = acts_of(j, host, "boot.planned", &n);
    for (size_t i = n; i > 0; i--)
        if (acts[i - 1]->time <= t && t - acts[i - 1]->time <= MOMENT_DAY) {
            const char *process = act_fact(acts[i - 1], "process");
            for (const profile_node *p = profile_list(profile_root(j->facts, "reasoning"), "servicing_processes"); p; p = p->next)
                if (strcasestr(process, p->text))
                    return acts[i - 1];
        }
    return NULL;
}

static void others_speak(const joined *j, scales *s, const stop *at)
{
    const act *servicing = servicing_restart(j, at->host, at->time);
    if (servicing)
        term(j, s, CAUSE_UPDATE, "cause.after-update", say(j, "cause.update.restart", "time", ARG_TIME, write_time(j, servicing->time), NULL));
    if (at->planned)
        term(j, s, CAUSE_OPERATOR, "cause.planned-hung", say(j, "cause.operator.planned", "time", ARG_TIME, write_time(j, at->planned->time), "account", ARG_TEXT,
                                                            act_fact(at->planned, "account"), NULL));
    size_t count;
    const uint32_t *all = findings_of_host(j, at->host, &count);
    for (size_t i = 0; i < count; i++) {
        const told *t = finding_at(j, all[i]);
        if (strcmp(t->f.kind, "miner") == 0 && t->f.time <= at->time) {
            term(j, s, CAUSE_RESOURCE, "cause.miner-before", say(j, "cause.resource.miner", "time", ARG_TIME, write_time(j, t->f.time), NULL));
            break;
        }
    }
}

/* ---- Clusters ---- */

typedef struct { const stop **stops; size_t count; double probability; bool judged; moment window; } cluster;

static double kept_hours(const joined *j, uint32_t host, moment before)
{
    const joined_host *h = host_of(j, host);
    double hours = 0;
    for (size_t i = 0; i < h->log_count; i++) {
        const joined_log *log = vec_at(&j->logs, h->logs[i]);
        if (strcmp(log->channel, "System") != 0 || !moment_known(log->from) || log->from >= before)
            continue;
        moment to = log->to < before ? log->to : before;
        hours += (double)(to - log->from) / (double)MOMENT_HOUR;
    }
    return hours;
}

static double choose(double n, double k)
{
    return exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1));
}

/* How often in a year would so many of these hosts, failing independently at their own rates, stop so close together? */
static void judge(const joined *j, cluster *c)
{
    double product = 1, window = (double)c->window / (double)MOMENT_HOUR, able = 0;
    moment first = c->stops[0]->time;
    c->judged = true;
    for (size_t i = 0; i < c->count; i++) {
        double hours = kept_hours(j, c->stops[i]->host, first), before = 0;
        for (size_t k = 0; k < j->stops.count; k++) {
            const stop *o = vec_at(&j->stops, k);
            before += o->host == c->stops[i]->host && o->time + MOMENT_HOUR < first;
        }
        c->judged &= hours >= weight(j, "cluster.least-days") * 24;
        product *= hours > 0 ? (before + 0.5) / hours : 1;
    }
    for (uint32_t i = 0; i < host_total(j); i++)
        able += host_of(j, i)->collected && moment_known(log_begins(j, i, "System"));
    double p = 365.25 * 24 * product * pow(window, (double)c->count - 1) * choose(able, (double)c->count) * weight(j, "cluster.windows-tried");
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
static void find_clusters(const joined *j, vec *out)
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

static void cluster_speaks(const joined *j, scales *s, const cluster *c, const stop *at)
{
    bool codes = false, same = true;
    size_t touched = 0;
    moment spread = c->stops[c->count - 1]->time - c->stops[0]->time;
    for (size_t i = 0; i < c->count; i++) {
        codes |= c->stops[i]->code != NULL;
        same &= c->stops[i]->code && c->stops[0]->code && strcmp(c->stops[i]->code, c->stops[0]->code) == 0;
        touched += hostile_between(j, c->stops[i]->host, minus(c->stops[i]->time, weight_span(j, "cause.before")), c->stops[i]->time + c->stops[i]->slack,
                                   REACH_ATTEMPT) != NULL;
    }
    const char *hosts = write_u64(j, c->count), *hit = write_u64(j, touched);
    sentence together = say(j, "cause.together", "hosts", ARG_NUMBER, hosts, "span", ARG_DURATION, write_u64(j, spread / MOMENT_SECOND), NULL);
    term(j, s, CAUSE_HARDWARE, "cause.cluster-hardware", together);
    term(j, s, CAUSE_DRIVER, "cause.cluster-driver", together);
    if (touched == c->count)
        term(j, s, CAUSE_ATTACK, "cause.cluster-all-touched", say(j, "cause.attack.all", "hosts", ARG_NUMBER, hosts, NULL));
    else if (touched)
        term(j, s, CAUSE_ATTACK, "cause.cluster-some-touched", say(j, "cause.attack.some", "hosts", ARG_NUMBER, hosts, "hit", ARG_NUMBER, hit, NULL));
    if (same)
        term(j, s, CAUSE_DRIVER, "cause.cluster-same-code", say(j, "cause.driver.same", "code", ARG_TEXT, c->stops[0]->code, NULL));
    else if (codes)
        term(j, s, CAUSE_DRIVER, "cause.cluster-codes-differ", say(j, "cause.driver.differ", NULL));
    if (!codes && spread <= MOMENT_MINUTE)
        term(j, s, CAUSE_POWER, "cause.cluster-power", together);
    (void)at;
}

/* ---- Into the case ---- */

static sentence verdict_of(const joined *j, const hypothesis *h, size_t count, double lead, const char *prefix)
{
    if (count == 0 || lead < weight(j, "cause.decided-lead"))
        return say(j, arena_printf(j->mem, "%s.undecided", prefix), "first", ARG_WORD, count ? arena_printf(j->mem, "cause.%s", h[0].cause) : NULL, "second",
                   ARG_WORD, count > 1 ? arena_printf(j->mem, "cause.%s", h[1].cause) : NULL, NULL);
    return say(j, arena_printf(j->mem, "%s.likely", prefix), "cause", ARG_WORD, arena_printf(j->mem, "cause.%s", h[0].cause), "percent", ARG_PERCENT,
               write_u64(j, (uint64_t)(h[0].score > 95 ? 95 : h[0].score)), NULL);
}

static void weigh_stop(joined *j, const vec *clusters, const stop *at, crash *out)
{
    scales s;
    double lead;
    scales_begin(j, &s, at->code ? "cause.prior" : "cause.prior-no-code");
    traces_of_attack(j, &s, at);
    code_speaks(j, &s, at);
    history_speaks(j, &s, at);
    others_speak(j, &s, at);
    const cluster *c = cluster_of(clusters, at);
    if (c)
        cluster_speaks(j, &s, c, at);
    *out = (crash){ .host = at->host, .time = at->time, .code = at->code, .code_name = bugcheck_name(j, at->code) };
    for (size_t p = 0; p < 4; p++)
        out->parameters[p] = at->parameters[p];
    out->hypothesis_count = scales_end(j, &s, &out->hypotheses, &lead);
    out->verdict = verdict_of(j, out->hypotheses, out->hypothesis_count, lead, "crash.verdict");
    out->sign_of_life = stop_is_sign_of_life(at);
    out->time_basis = say(j, "crash.basis", "basis", ARG_WORD, arena_printf(j->mem, "basis.%s", at->basis), "slack", ARG_DURATION,
                          write_u64(j, at->slack / MOMENT_SECOND), NULL);
    const act *from[] = { at->unexpected, at->power, at->bugcheck, at->boot };
    out->evidence = arena_array(j->mem, 4, sizeof *out->evidence);
    for (size_t i = 0; i < 4; i++)
        if (from[i] && (i == 0 || from[i] != from[i - 1]))
            out->evidence[out->evidence_count++] = ref_of_act(j, from[i]);
}

/* One in a thousand, one in a million: a power of ten and no digit more. */
static const char *one_in(const joined *j, double probability)
{
    double power = floor(-log10(probability) + 1e-9);
    uint64_t n = 1;
    for (double i = 0; i < power && i < 15; i++)
        n *= 10;
    return write_u64(j, n);
}

static void weigh_cluster(joined *j, const cluster *c, crash_cluster *out)
{
    scales s;
    double lead;
    scales_begin(j, &s, "cause.prior-cluster");
    cluster_speaks(j, &s, c, NULL);
    bool codes = false;
    for (size_t i = 0; i < c->count; i++)
        codes |= c->stops[i]->code != NULL;
    if (codes)
        term(j, &s, CAUSE_POWER, "cause.code-power", say(j, "cause.power.code", "code", ARG_TEXT, "1001", NULL));
    *out = (crash_cluster){ .hosts = arena_array(j->mem, c->count, sizeof *out->hosts), .from = c->stops[0]->time, .to = c->stops[c->count - 1]->time,
                            .probability = c->judged ? c->probability : -1 };
    for (size_t i = 0; i < c->count; i++)
        out->hosts[out->host_count++] = c->stops[i]->host;
    out->hypothesis_count = scales_end(j, &s, &out->hypotheses, &lead);
    const hypothesis *h = out->hypotheses;
    bool decided = out->hypothesis_count && lead >= weight(j, "cause.decided-lead");
    out->verdict = say(j, !c->judged ? "cluster.unjudged" : c->probability < weight(j, "cluster.chance-below") ? "cluster.common" : "cluster.chance", "hosts",
                       ARG_NUMBER, write_u64(j, c->count), "span", ARG_DURATION, write_u64(j, (out->to - out->from) / MOMENT_SECOND), "from", ARG_TIME,
                       write_time(j, out->from), "chance", ARG_NUMBER, c->judged && c->probability < 1 ? one_in(j, c->probability) : NULL, "cause", ARG_WORD,
                       decided ? arena_printf(j->mem, "cause.%s", h[0].cause) : NULL, NULL);
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
    vec clusters;
    vec_init(&clusters, sizeof(cluster));
    find_clusters(j, &clusters);
    c->crashes = arena_array(j->mem, j->stops.count, sizeof *c->crashes);
    for (size_t i = 0; i < j->stops.count; i++)
        weigh_stop(j, &clusters, vec_at(&j->stops, i), &c->crashes[c->crash_count++]);
    qsort(c->crashes, c->crash_count, sizeof *c->crashes, by_crash_time);
    c->clusters = arena_array(j->mem, clusters.count, sizeof *c->clusters);
    for (size_t i = 0; i < clusters.count; i++)
        weigh_cluster(j, vec_at(&clusters, i), &c->clusters[c->cluster_count++]);
    qsort(c->clusters, c->cluster_count, sizeof *c->clusters, by_cluster_time);
    vec_done(&clusters);
}
